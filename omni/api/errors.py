"""Errors of the API: one shape for all, with a stable code, and the field that was wrong."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions, views
from rest_framework.response import Response

from omni.kernel.errors import DomainError

# The framework's codes that are unclear outside it.
CODES = {"parse_error": "malformed_json", "error": "server_error"}


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer ``{"error": {"code", "message", "field", "params"}}`` for every refusal; None for a mistake of ours."""
    if isinstance(error, DomainError):
        return _answer(error.status, error.code, error.message, field=error.field, params=error.params)
    if isinstance(error, RequestDataTooBig):
        return _answer(413, "request_too_large", _("The request is too large."))
    response = views.exception_handler(error, context)
    if response is None:
        return None
    if isinstance(error, exceptions.ValidationError):
        field, detail = _first_error(error.detail)
        return _answer(400, detail.code or "invalid", str(detail), field=field, headers=response.headers)
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    code = getattr(error.detail, "code", "error") if isinstance(error, exceptions.APIException) else "error"
    message = str(getattr(error, "detail", error))
    return _answer(response.status_code, CODES.get(code, code), message, headers=response.headers)


def _answer(
    status: int,
    code: str,
    message: str,
    *,
    field: str | None = None,
    params: dict[str, object] | None = None,
    headers: Any = None,  # noqa: ANN401  whatever mapping the framework has
) -> Response:
    """Build the one shape; the framework's headers (how to sign in, when to come again) are kept."""
    kept = {name: text for name, text in (headers or {}).items() if name in {"WWW-Authenticate", "Retry-After"}}
    content = {"error": {"code": code, "message": message, "field": field, "params": params or {}}}
    return Response(content, status=status, headers=kept)


def _first_error(detail: Any, path: str = "") -> tuple[str | None, exceptions.ErrorDetail]:  # noqa: ANN401  nested JSON
    """Return the path of the first wrong field ("lines.0.quantity") and what is wrong with it."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            if inner:
                part = "" if name == "non_field_errors" else str(name)
                return _first_error(inner, ".".join(filter(None, [path, part])))
    if isinstance(detail, list):
        for position, inner in enumerate(detail):
            if isinstance(inner, dict | list) and inner:
                return _first_error(inner, f"{path}.{position}" if path else str(position))
            if isinstance(inner, exceptions.ErrorDetail):
                return path or None, inner
    return path or None, detail if isinstance(detail, exceptions.ErrorDetail) else exceptions.ErrorDetail("", "invalid")
