"""The description of the API, as a page; and the answer to paths that do not exist."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from django.views.generic import TemplateView
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.views import APIView

if TYPE_CHECKING:
    from rest_framework.request import Request


class DocsView(TemplateView):
    """Swagger UI over the OpenAPI description."""

    template_name = "api/docs_show.html"


class UnknownPathView(APIView):
    """Answers every method in the API's own shape."""

    permission_classes = [AllowAny]
    schema = None

    def initial(self, request: Request, *args: object, **kwargs: object) -> NoReturn:
        """Refuse before anything else is looked at."""
        raise NotFound
