from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PagesConfig(AppConfig):
    name = "omni.pages"
    label = "pages"
    verbose_name = _("Pages")

    def ready(self) -> None:
        from omni.pages import subscribers  # noqa: F401  # registers the handlers of lower apps' events
