from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ApiConfig(AppConfig):
    name = "omni.api"
    label = "api"
    verbose_name = _("API")

    def ready(self) -> None:
        from omni.api import schema  # noqa: F401  # registers how the description names the key
