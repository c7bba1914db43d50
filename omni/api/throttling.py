"""How often one may call: so many requests in a minute for each key, fewer for an address without one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.cache import cache
from rest_framework.throttling import BaseThrottle

from stores import permissions as stores_permissions

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView

WINDOW_SECONDS = 60


class RateThrottle(BaseThrottle):
    """Counts a caller's requests in the running minute.

    With Redis away every count starts at one, so that reads go on being answered.
    """

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Count the request; False when it is one too many."""
        if isinstance(request.auth, stores_permissions.Actor):
            kind, caller = "key", request.auth.label
        else:
            kind, caller = "address", self.get_ident(request)
        name = f"requests:{kind}:{caller}:{int(time.time() // WINDOW_SECONDS)}"
        cache.add(name, 0, timeout=2 * WINDOW_SECONDS)
        try:
            count = cache.incr(name)
        except ValueError:  # it was lost between the two commands
            return True
        return count <= settings.API_REQUESTS_PER_MINUTE[kind]

    def wait(self) -> float:
        """Return the seconds until the next minute begins."""
        return WINDOW_SECONDS - time.time() % WINDOW_SECONDS
