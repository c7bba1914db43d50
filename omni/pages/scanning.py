"""What a scanned text means at the desk of a store, and where one goes with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from django.urls import NoReverseMatch, Resolver404, resolve, reverse
from django.utils.translation import gettext as _

from fulfillment import queries as fulfillment_queries
from inventory import queries as inventory_queries
from members import queries as members_queries
from omni.kernel import bilingual
from omni.kernel.errors import InvalidInput, NotFound
from omni.kernel.numbers import is_valid_number
from orders import queries as orders_queries

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from inventory.models import Variant
    from stores.models import Store
    from stores.permissions import Actor

MOST_CHARACTERS = 200
# Addresses of ours that stand in QR codes, and the part of each that says which one.
ADDRESSES = {
    "inventory:scan": "sku",
    "orders:track": "number",
    "orders:return": "number",
    "orders:try-on": "number",
    "orders:scan-to-pay": "token",
}


@dataclass(frozen=True, slots=True)
class Way:
    """Where one may go."""

    label: str
    href: str


@dataclass(frozen=True, slots=True)
class Found:
    """What was scanned. With `goes_at_once` the first way is taken without asking."""

    title: str
    ways: tuple[Way, ...]
    goes_at_once: bool = True
    variant: Variant | None = None
    units: int = 0


@dataclass(frozen=True, slots=True)
class Scan:
    """Whose scan it is, where and when."""

    actor: Actor
    store: Store
    now: datetime


def understand(scan: Scan, text: str) -> Found | None:
    """Say what a text is to this person in this store; None when it is nothing of theirs.

    Pickup codes, numbers (tasks, returns, try-ons, orders, members, baskets), members' codes, our own addresses, SKUs
    and barcodes: of the store, and of its brand where any of its stores may serve.
    """
    text = text.strip()
    if not text or len(text) > MOST_CHARACTERS or not text.isprintable():
        return None
    pickup = fulfillment_queries.read_pickup_text(text)
    if pickup is not None:
        return _task(scan, pickup.number, fragment=f"#code={pickup.digits}")
    text = _from_address(scan, text)
    number = text.upper()
    if is_valid_number(number):
        return _numbered(scan, number)
    return _basket(scan, text) or _member_by_code(scan, text) or _goods(scan, text)


def _from_address(scan: Scan, text: str) -> str:
    """Return what an address of ours names; any other text as it is."""
    if "://" not in text:
        return text
    try:
        found = resolve(urlsplit(text).path)
    except (Resolver404, ValueError):
        return text
    if found.kwargs.get("brand_code", scan.store.brand.code) != scan.store.brand.code:
        return text
    return str(found.kwargs.get(ADDRESSES.get(found.view_name, ""), text))


def _numbered(scan: Scan, number: str) -> Found | None:
    """Find what carries a public number."""
    finders = (_task, _return, _try_on, _basket, _order, _member, _count, _shipment)
    return next((found for finder in finders if (found := finder(scan, number)) is not None), None)


def _task(scan: Scan, number: str, fragment: str = "") -> Found | None:
    try:
        task = fulfillment_queries.get_task_for(scan.actor, number)
    except NotFound:
        return None
    booked = orders_queries.find_appointment_number(task.number)
    if booked is not None:
        return Found(booked, _ways(scan, (_("The booking"), "orders:desk-try-on", [booked], fragment)))
    return Found(task.number, _ways(scan, (_("The task"), "fulfillment:desk-task", [task.number], fragment)))


def _return(scan: Scan, number: str) -> Found | None:
    try:
        case = orders_queries.get_desk_return(scan.actor, number)
    except NotFound:
        return None
    return Found(case.number, _ways(scan, (_("The return"), "orders:desk-return", [case.number], "")))


def _try_on(scan: Scan, number: str) -> Found | None:
    if not orders_queries.is_try_on_of(scan.store.pk, number):
        return None
    return Found(number, _ways(scan, (_("The booking"), "orders:desk-try-on", [number], "")))


def _basket(scan: Scan, number: str) -> Found | None:
    basket = orders_queries.find_counter_basket(scan.store.pk, number)
    if basket is None:
        return None
    return Found(basket, _ways(scan, (_("The basket"), "orders:counter-basket", [scan.store.pk, basket], "")))


def _order(scan: Scan, number: str) -> Found | None:
    order = orders_queries.find_order_at_desk(scan.store.brand_id, number)
    if order is None:
        return None
    tasks = fulfillment_queries.tasks_visible_to(scan.actor).filter(fulfillment=order.fulfillment_id)
    ways = [
        (_("Task %(number)s") % {"number": task}, "fulfillment:desk-task", [task], "")
        for task in tasks.order_by("pk").values_list("number", flat=True)
    ]
    ways.append((_("Take something back"), "orders:desk-returns", [], f"?{urlencode({'q': order.number})}"))
    ways.append((_("The receipt"), "orders:receipt", [order.number], ""))
    return Found(_("Order %(number)s") % {"number": order.number}, _ways(scan, *ways), goes_at_once=False)


def _count(scan: Scan, number: str) -> Found | None:
    try:
        count = inventory_queries.get_count(scan.store, number)
    except NotFound:
        return None
    return Found(number, _ways(scan, (_("The count"), "inventory:desk-count", [scan.store.pk, count.number], "")))


def _shipment(scan: Scan, number: str) -> Found | None:
    try:
        found = inventory_queries.get_shipment(scan.store, number)
    except NotFound:
        return None
    page = (_("The goods"), "inventory:desk-shipment", [scan.store.pk, found.number], "")
    return Found(number, _ways(scan, page))


def _member(scan: Scan, number: str) -> Found | None:
    try:
        members_queries.get_member_id(scan.store.brand_id, number)
    except InvalidInput:
        return None
    return _of_member(scan, number)


def _member_by_code(scan: Scan, text: str) -> Found | None:
    try:
        member = members_queries.get_member_by_code(scan.store.brand_id, text, now=scan.now)
    except NotFound:
        return None
    return _of_member(scan, member.number)


def _of_member(scan: Scan, number: str) -> Found:
    page = (_("The member"), "pages:desk-member", [scan.store.pk, number], "")
    return Found(_("Member %(number)s") % {"number": number}, _ways(scan, page))


def _goods(scan: Scan, text: str) -> Found | None:
    variant = inventory_queries.find_labelled(scan.store.brand_id, text)
    if variant is None:
        return None
    asked = f"?{urlencode({'q': variant.sku})}"
    ways = _ways(
        scan,
        (_("Sell it"), "orders:counter", [], asked),
        (_("Stock and movements"), "inventory:desk-stock", [], asked),
        (_("From another store"), "orders:desk-aisle", [], asked),
    )
    units = inventory_queries.sellable_at(scan.store.pk, variant.pk)
    name = bilingual.name_of(variant.product)
    return Found(name, ways, goes_at_once=False, variant=variant, units=units)


def _ways(scan: Scan, *pages: tuple[str, str, Sequence[object], str]) -> tuple[Way, ...]:
    """Return those of some pages that there are; one named without arguments is the store's."""
    found = []
    for label, name, arguments, rest in pages:
        href = _address(name, arguments or [scan.store.pk]) or _address(name, arguments)
        if href:
            found.append(Way(label, href + rest))
    return tuple(found)


def _address(name: str, arguments: Sequence[object]) -> str:
    try:
        return reverse(name, args=arguments)
    except NoReverseMatch:
        return ""
