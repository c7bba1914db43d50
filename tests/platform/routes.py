"""The base template by itself, with what it links to."""

from django.urls import include, path
from django.views.generic import TemplateView

urlpatterns = [
    path("", TemplateView.as_view(template_name="base.html")),
    path("i18n/", include("django.conf.urls.i18n")),
]
