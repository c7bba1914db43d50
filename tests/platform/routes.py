"""The base template by itself, with what it links to, and a worker that does nothing."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.generic import TemplateView


def show_worker(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(content_type="text/javascript")


urlpatterns = [
    path("", TemplateView.as_view(template_name="base.html")),
    path("worker.js", show_worker),
    path("i18n/", include("django.conf.urls.i18n")),
]
