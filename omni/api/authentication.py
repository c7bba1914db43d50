"""Who calls: an API key in the header `Authorization: Bearer prefix.secret`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed

from omni.api import queries, services
from omni.kernel import clock
from omni.kernel.transactions import entry
from stores import permissions as stores_permissions

if TYPE_CHECKING:
    from rest_framework.request import Request

KEYWORD = "Bearer"


class ApiKeyAuthentication(BaseAuthentication):
    """Makes `request.auth` the actor of a live key; without the header the request goes on as nobody's."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, stores_permissions.Actor] | None:
        """Return the actor of the key.

        :raises AuthenticationFailed: when the key is unknown, expired or revoked; they are never told apart.
        """
        keyword, _space, text = request.headers.get("Authorization", "").partition(" ")
        if keyword.lower() != KEYWORD.lower():
            return None
        now = clock.now()
        key = queries.find_live_key(text.strip(), now)
        if key is None:
            raise AuthenticationFailed(_("This API key is not valid."))
        if key.last_used_at is None or key.last_used_at < now - services.USE_INTERVAL:
            with entry():
                services.note_use(key.pk, now=now)
        actor = stores_permissions.Actor(label=f"key:{key.pk}", api_brand_id=key.brand_id, scopes=frozenset(key.scopes))
        return AnonymousUser(), actor

    def authenticate_header(self, request: Request) -> str:
        """Name the way to sign in, which makes the refusal a 401."""
        return KEYWORD
