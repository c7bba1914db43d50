"""The Celery application and what beat sends."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "omni.settings")

app = Celery("omni")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# Seconds between two rounds. An entry here is a sweeper: it finds the rows that are due and does what the hints missed.
app.conf.beat_schedule = {
    "kernel.sweep": {"task": "kernel.sweep", "schedule": 5.0},
    "accounts.sweep": {"task": "accounts.sweep", "schedule": 30.0},
    "messages.sweep": {"task": "messages.sweep", "schedule": 5.0, "options": {"expires": 5}},
    "orders.sweep": {"task": "orders.sweep", "schedule": 3.0, "options": {"expires": 3}},
    "orders.sweep_baskets": {"task": "orders.sweep_baskets", "schedule": 3600.0},
    "fulfillment.sweep": {"task": "fulfillment.sweep", "schedule": 3.0, "options": {"expires": 3}},
    "fulfillment.count_acceptance": {"task": "fulfillment.count_acceptance", "schedule": 3600.0},
    "members.sweep_arrivals": {"task": "members.sweep_arrivals", "schedule": 15.0, "options": {"expires": 15}},
    "pages.sweep": {"task": "pages.sweep", "schedule": 10.0, "options": {"expires": 10}},
    "members.sweep": {"task": "members.sweep", "schedule": 30.0, "options": {"expires": 30}},
    "inventory.sweep": {"task": "inventory.sweep", "schedule": 5.0, "options": {"expires": 5}},
}
