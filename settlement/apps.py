from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SettlementConfig(AppConfig):
    name = "settlement"
    label = "settlement"
    verbose_name = _("Settlement")

    def ready(self) -> None:
        from settlement import subscribers  # noqa: F401  # registers the handlers of lower apps' events
