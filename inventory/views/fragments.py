"""Pages, and pieces of pages, kept in the process, each with the version of what it was made from."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils.translation import get_language

from stores import queries as stores_queries

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from django.http import HttpRequest

    from stores.queries import Place

# A price may begin or end, and a brand be renamed, without a pulse: a piece is made again after this long in any case.
KEEP_SECONDS = 30.0
# Stands in a kept page for the token of its forms, which differs from visitor to visitor.
TOKEN_MARK = "kept-page-token"  # noqa: S105  a placeholder, not a secret


@dataclass(frozen=True, slots=True)
class _Kept:
    version: Hashable
    made_at: float
    text: str


class FragmentStore:
    """The newest pieces by key; one is given out only for the version it was made from, and for half a minute."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()

    def find(self, key: Hashable, version: Hashable) -> str | None:
        """Return the piece, or None when there is none of this version."""
        kept = self._kept.get(key)
        if kept is None or kept.version != version or time.monotonic() - kept.made_at > KEEP_SECONDS:
            return None
        return kept.text

    def keep(self, key: Hashable, version: Hashable, text: str) -> None:
        """Keep a piece; the oldest go when there are too many."""
        self._kept[key] = _Kept(version, time.monotonic(), text)
        self._kept.move_to_end(key)
        # Threads share the store: another may have made room already.
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()


pages = FragmentStore(most=1_000)


def serve_page(
    request: HttpRequest, template: str, *, version: Hashable, content: Callable[[Place | None], dict[str, Any]]
) -> HttpResponse:
    """Answer with the page of this address, place and language; it is made from `content` unless it is kept.

    It is shown to everybody: its template must show nothing of the visitor but their place.

    `version` must have been read before `content` reads what it tells of: what changes in between is then newer on the
    page than its version says, and the page is made once more.
    """
    place = place_of(request)
    key = (request.get_full_path(), get_language(), place.text if place else "")
    # A message is for one visitor, once.
    is_keepable = not messages.get_messages(request)
    page = pages.find(key, version) if is_keepable else None
    if page is None:
        page = render_to_string(template, {**content(place), "place": place, "csrf_token": TOKEN_MARK}, request)
        if is_keepable:
            pages.keep(key, version, page)
    return HttpResponse(page.replace(TOKEN_MARK, get_token(request)), headers={"Cache-Control": "private, no-cache"})


def place_of(request: HttpRequest) -> Place | None:
    """Return the place that the shopper chose, if any."""
    return stores_queries.find_place(str(request.get_signed_cookie("place", default="")))
