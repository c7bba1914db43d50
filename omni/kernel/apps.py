"""The Django app of the kernel's own tables."""

from django.apps import AppConfig


class KernelConfig(AppConfig):
    """Events and their deliveries, the transition log, idempotency records."""

    name = "omni.kernel"
    label = "kernel"
    default_auto_field = "django.db.models.BigAutoField"
