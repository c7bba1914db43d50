"""What a person sees when something they asked for is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.defaults import page_not_found

from omni.kernel import touches
from omni.kernel.errors import DomainError

if TYPE_CHECKING:
    from collections.abc import Callable


class DomainErrorMiddleware:
    """Turns a domain error that a view let through into a page with its message and status.

    A row that does not exist, or not for this person, looks like an address that does not exist.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Let the request pass."""
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer a domain error; None leaves any other to Django."""
        if not isinstance(exception, DomainError):
            return None
        if touches.KEPT_HEADER in request.headers:
            told = {"outcome": "refused", "code": exception.code, "words": [exception.message]}
            return JsonResponse(told, status=exception.status)
        if exception.status == 404:
            return page_not_found(request, Http404())
        context = {"message": exception.message}
        return render(request, "pages/refusal_show.html", context, status=exception.status)
