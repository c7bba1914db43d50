"""What stands around every page of the desk: the store, the person, and where one may go from here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import NoReverseMatch, reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from omni.kernel import touches
from stores import choices as stores_choices
from stores import queries as stores_queries

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django_stubs_ext import StrOrPromise

    from stores.models import Store
    from stores.permissions import Actor

ROLES = (stores_choices.Role.MANAGER, stores_choices.Role.CLERK, stores_choices.Role.GUIDE)


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the desk: its first page, and the beginnings of the names of all its pages."""

    key: str
    label: StrOrPromise
    first: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """A section that can be gone to."""

    key: str
    label: StrOrPromise
    href: str
    is_current: bool


SECTIONS = (
    Section("tasks", _("Tasks"), "fulfillment:desk-queue", ("fulfillment:desk",)),
    Section("counter", _("Counter"), "orders:counter", ("orders:counter", "orders:desk-aisle")),
    Section("try-ons", _("Try-ons"), "orders:desk-try-ons", ("orders:desk-try-on", "orders:desk-collect")),
    Section("returns", _("Returns"), "orders:desk-returns", ("orders:desk-return",)),
    Section("stock", _("Stock"), "inventory:desk-stock", ("inventory:desk",)),
    Section("members", _("Members"), "pages:desk-members", ("pages:desk-member",)),
    Section("numbers", _("My numbers"), "pages:desk-numbers", ("pages:desk-numbers",)),
    Section("till", _("Till"), "orders:till", ("orders:till", "orders:receipt")),
)


class Shell:
    """The desk as one person sees it in one store; read when a page asks for it."""

    def __init__(self, request: HttpRequest, store: Store | None) -> None:
        self._request = request
        self._given = store

    @cached_property
    def _actor(self) -> Actor:
        return stores_queries.actor_for_user(self._request.user)

    @cached_property
    def stores(self) -> list[Store]:
        """The stores at whose desk the person works."""
        return list(stores_queries.desk_stores(self._actor))

    @cached_property
    def store(self) -> Store | None:
        """The store of the page; on a page of none, the first that the person works in."""
        if self._given is not None:
            return next((each for each in self.stores if each.pk == self._given.pk), None)
        return self.stores[0] if self.stores else None

    @property
    def person(self) -> str:
        """What the person is called."""
        user = self._request.user
        return user.get_full_name() or user.get_username() if user.is_authenticated else ""

    @property
    def person_key(self) -> str:
        """What tells this person from another, for what the browser keeps."""
        return touches.person_of(self._request)

    @property
    def role(self) -> str:
        """What the person is in this store."""
        if self.store is None:
            return ""
        held = {grant.role for grant in self._actor.grants if grant.store_id == self.store.pk}
        return next((str(role.label) for role in ROLES if role in held), "")

    @property
    def scan_href(self) -> str:
        """Where one scans anything."""
        return _reverse("pages:desk-scan", self.store)

    @property
    def links(self) -> list[Link]:
        """The sections there are, the one of this page marked."""
        current = self._current()
        found = [(section, _reverse(section.first, self.store)) for section in SECTIONS]
        return [Link(each.key, each.label, href, each.key == current) for each, href in found if href]

    def _current(self) -> str:
        """Return the key of the section that the page belongs to: whose beginning of its name is the longest."""
        match = self._request.resolver_match
        view = match.view_name if match else ""
        fits = [(len(name), each.key) for each in SECTIONS for name in each.names if view.startswith(name)]
        return max(fits, default=(0, ""))[1]


def _reverse(name: str, store: Store | None) -> str:
    """Return the address of a page, of the store's where it has one of its own; "" when there is no such page."""
    for arguments in ([store.pk] if store else None, []):
        if arguments is not None:
            try:
                return reverse(name, args=arguments)
            except NoReverseMatch:
                continue
    return ""
