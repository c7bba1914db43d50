"""The composition of the apps: settings, URLs, Celery, the API, the pages and the sandbox."""

from omni.celery import app as celery_app  # so that a task sent from any process goes to our broker

__all__ = ["celery_app"]
