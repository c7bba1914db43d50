from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class StoresConfig(AppConfig):
    name = "stores"
    label = "stores"
    verbose_name = _("Stores")

    def ready(self) -> None:
        from stores import subscribers  # noqa: F401  # registers the handlers of lower apps' events
