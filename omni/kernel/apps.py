"""The Django app of the kernel's own tables."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class KernelConfig(AppConfig):
    """Events and their deliveries, the transition log, idempotency records."""

    name = "omni.kernel"
    label = "kernel"
    verbose_name = _("Events and log")
    default_auto_field = "django.db.models.BigAutoField"
