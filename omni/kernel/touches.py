"""What the pages of the desk have in common: who may see them, and that a touch which is sent twice counts once.

A form of the desk carries a key in its field `once` (the template tag of that name). On a weak network a touch may
arrive twice, or late from the browser that kept it; `once` answers a repeated key as the first one was answered.
"""

from __future__ import annotations

import functools
import hashlib
import json
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.crypto import salted_hmac
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from omni.kernel.errors import DomainError, InvalidInput, NotFound
from omni.kernel.transactions import (
    Idempotency,
    KeyTaken,
    claim_first,
    entry,
    find_response,
    remember_response,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Concatenate, ParamSpec

    from django.contrib.messages.storage.base import Message

    P = ParamSpec("P")
    View = Callable[Concatenate[HttpRequest, P], HttpResponse]

FIELD = "once"
# What a form carries beside what it asks for: its key, its token, and the words under which a browser keeps it.
NOT_ASKED = {FIELD, "csrfmiddlewaretoken", "touch"}
# The service worker says with it that it sends what it kept: it is told the outcome, not led to a page.
KEPT_HEADER = "X-Desk-Kept"
# Whose page this is: the service worker keeps nobody's pages for somebody else.
PERSON_HEADER = "X-Desk-Person"
# The camera's decoder is WebAssembly, which the policy forbids elsewhere.
POLICY = {"script-src": ["'self'", "'wasm-unsafe-eval'"]}


class TouchKeyLost(InvalidInput):
    """A form of the desk came with a key that is none; its page says what to do, as for any other bad field."""

    code = "touch_key_lost"
    status = 422


def at_desk(view: View[P]) -> View[P]:
    """Let only people who are signed in see a page, and let no browser keep it.

    A page that refreshes itself is told to reload when the sign-in has ended, so that it shows the sign-in page.
    """
    guarded = never_cache(login_required(view))

    @functools.wraps(view)
    def checked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.is_authenticated and {"HX-Request", KEPT_HEADER} & request.headers.keys():
            return HttpResponse(status=401, headers={"HX-Refresh": "true"})
        response = guarded(request, *args, **kwargs)
        if request.user.is_authenticated:
            response[PERSON_HEADER] = person_of(request)
            response._csp_update = POLICY  # type: ignore[attr-defined]  # noqa: SLF001  what csp_update does
        return response

    return checked


def person_of(request: HttpRequest) -> str:
    """Return what tells one signed-in person from another, and says nothing else about them."""
    return hashlib.sha256(f"desk:{request.user.pk}".encode()).hexdigest()[:16]


def once(view: View[P]) -> View[P]:
    """Do what a form asks for once a key: a repeated one is answered as the first (its redirect and its messages).

    The first entry that the view opens claims the key in its own transaction, so that a refusal which changed nothing
    claims nothing and may be repeated; drives are counted by their first entry too. The key belongs to the person, the
    address and what was sent. Goes below `at_desk`; a form without the field is not counted.

    :raises TouchKeyLost: when the field holds no key.
    :raises IdempotencyKeyReused: when the key came with another address or other fields before.
    """

    @functools.wraps(view)
    def counted(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if FIELD not in request.POST:
            return _outcome(request, view(request, *args, **kwargs))
        touch = _touch(request)
        known = find_response(touch)
        if known is not None:
            return _answer_again(request, known)
        try:
            with claim_first(touch) as claim:
                response = view(request, *args, **kwargs)
        except KeyTaken:
            return _answer_again(request, find_response(touch) or {})
        except DomainError as error:
            if claim.is_held:
                _remember(touch, {"refused": error.message})
            raise
        if claim.is_held:
            _remember(touch, {"location": response.get("Location", ""), "messages": _queued(request)})
        return _outcome(request, response)

    return counted


@contextmanager
def told(request: HttpRequest, done: str) -> Iterator[None]:
    """Say on the next page what was done, or why it was not."""
    try:
        yield
    except NotFound:
        raise
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, done)


def _touch(request: HttpRequest) -> Idempotency:
    """Read whose touch it is, its key, and what it asks for."""
    try:
        key = uuid.UUID(request.POST[FIELD])
    except ValueError as error:
        raise TouchKeyLost(_("This form has lost its key. Load the page again."), field=FIELD) from error
    asked = sorted((name, values) for name, values in request.POST.lists() if name not in NOT_ASKED)
    # Keyed: what was sent may hold a password or a PIN, of which the plain hash would be guessed.
    fingerprint = salted_hmac("desk.touch", json.dumps([request.path, asked]), algorithm="sha256").hexdigest()
    return Idempotency(client=f"desk:{request.user.pk}", key=str(key), fingerprint=fingerprint)


def _remember(touch: Idempotency, response: dict[str, Any]) -> None:
    """Keep the answer, for whoever sends the same again."""
    with entry():
        remember_response(touch, response)


def _answer_again(request: HttpRequest, known: dict[str, Any]) -> HttpResponse:
    """Answer as the first time; where that answer is not known (it broke off), lead back to where the form was."""
    if "refused" in known:
        messages.error(request, known["refused"])
    for level, text in known.get("messages", [[messages.INFO, _("This had arrived already.")]]):
        messages.add_message(request, level, text)
    return _outcome(request, redirect(known.get("location") or _where_from(request)))


def _where_from(request: HttpRequest) -> str:
    """Return the page of this site that the form stood on."""
    came_from = request.headers.get("Referer", "")
    is_ours = url_has_allowed_host_and_scheme(came_from, {request.get_host()}, require_https=request.is_secure())
    return came_from if came_from and is_ours else "/desk/"


def _outcome(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Tell a service worker what became of what it kept; a refusal of the page keeps its status and its words."""
    if KEPT_HEADER not in request.headers or response.status_code >= 400:
        return response
    said = _queued(request)
    _queue(request).clear()
    is_refused = any(level >= messages.ERROR for level, _text in said)
    words = [text for _level, text in said]
    return JsonResponse({"outcome": "refused" if is_refused else "done", "words": words})


def _queued(request: HttpRequest) -> list[tuple[int, str]]:
    """Return the messages that this request has added so far."""
    return [(message.level, str(message.message)) for message in _queue(request)]


def _queue(request: HttpRequest) -> list[Message]:
    """Return the list itself, which the messages framework keeps to itself."""
    storage: Any = messages.get_messages(request)
    queue: list[Message] = storage._queued_messages  # noqa: SLF001
    return queue
