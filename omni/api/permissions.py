"""The API is closed: a view that everybody may use says so with `permission_classes = [AllowAny]`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission

from stores import permissions as stores_permissions

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView


class HasApiKey(BasePermission):
    """Lets in whoever has a live key; which scope it needs is the resource's own question."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Tell whether a key came with the request."""
        return isinstance(request.auth, stores_permissions.Actor)
