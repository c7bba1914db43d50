"""Returns as shoppers and clerks see them. Another shopper's or brand's is not found."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from fulfillment import permissions as fulfillment_permissions
from omni.kernel import bilingual
from omni.kernel.errors import NotFound
from omni.kernel.numbers import is_valid_number
from orders.choices import (
    FINAL_RETURNS,
    GIVEN_UP_RETURNS,
    Condition,
    RefundStatus,
    ReturnKind,
    ReturnReason,
    ReturnStatus,
    ReturnWay,
)
from orders.models import Return
from orders.queries.access import orders_visible_to
from orders.queries.collecting import CollectionView, view_collection
from orders.queries.exchanges import Replacement, replacement_of
from stores import choices as stores_choices
from stores import queries as stores_queries

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from django.db.models import QuerySet

    from orders.models import Order, ReturnLine
    from stores.models import Store
    from stores.permissions import Actor

MOST_NEAR_STORES = 4
MOST_AT_DESK = 60
# How far a courier rides with a return, and how long that may take.
COURIER_REACH_METRES = 60_000
LONGEST_RIDE = timedelta(hours=1)
# Where it stands, for the steps of the page: how many of them are behind it.
STEPS_DONE = {
    ReturnStatus.REQUESTED: 1,
    ReturnStatus.APPROVED: 1,
    ReturnStatus.DROPPED_AT_STORE: 1,
    ReturnStatus.IN_TRANSIT: 2,
    ReturnStatus.RECEIVED: 3,
    ReturnStatus.INSPECTED: 4,
    ReturnStatus.REFUND_DUE: 4,
    ReturnStatus.REFUNDED: 5,
    ReturnStatus.CLOSED: 5,
}


@dataclass(frozen=True, slots=True)
class ReturnPieceView:
    """One piece; the condition is empty until somebody has looked at it."""

    id: int
    name: str
    sku: str
    color: str
    size: str
    shape: str
    color_hex: str
    refund_fen: int
    condition: str
    condition_label: str
    is_live: bool


@dataclass(frozen=True, slots=True)
class ReturnStep:
    label: str
    is_done: bool


@dataclass(frozen=True, slots=True)
class ReturnRow:
    """A return in a list."""

    number: str
    order_number: str
    brand_name: str
    status: str
    status_label: str
    kind_label: str
    way_label: str
    units: int
    refund_fen: int
    requested_at: datetime
    due_at: datetime | None
    replacement_number: str


@dataclass(frozen=True, slots=True)
class ReturnPage:
    """Everything a return's pages show. Amounts are fen; names are in the language of the page."""

    case: Return
    brand_name: str
    status_label: str
    reason_label: str
    note: str
    pieces: tuple[ReturnPieceView, ...]
    steps: tuple[ReturnStep, ...]
    store_name: str
    is_brought: bool
    can_cancel: bool
    can_bring: bool
    is_final: bool
    refunded_at: datetime | None
    replacement: Replacement | None
    collection: CollectionView | None

    @property
    def money_back_fen(self) -> int:
        """Return what goes back to the shopper as money."""
        return self.case.refund_fen - self.case.credit_fen

    @property
    def version(self) -> str:
        """Return a short text that changes with anything the page shows."""
        case, at = self.case, self.refunded_at
        shown = (
            case.status,
            self.note,
            self.pieces,
            case.due_at,
            at,
            case.refund_fen,
            self.replacement,
            self.collection,
        )
        return f"{zlib.crc32(repr(shown).encode()):08x}"


def returns_visible_to(actor: Actor) -> QuerySet[Return]:
    """Return the returns of the orders that an actor may see, and those that such an order replaces."""
    visible = orders_visible_to(actor)
    return Return.objects.filter(Q(order__in=visible) | Q(replacement__in=visible))


def get_return_for(actor: Actor, number: str) -> Return:
    """Return a return of an order that the actor may see.

    :raises NotFound: when there is none of this number, or not for this actor.
    """
    return _get(returns_visible_to(actor), number)


def get_desk_return(actor: Actor, number: str) -> Return:
    """Return a return that somebody may receive or look at: of a brand in one of whose stores they work.

    :raises NotFound: when there is none of this number, or not for this actor.
    """
    return _get(_at_desks_of(actor), number)


def find_return_of_line(actor: Actor, line_id: int) -> str | None:
    """Return the number of the return that a piece belongs to, if somebody's desk may look at it; else None."""
    return _at_desks_of(actor).filter(lines=line_id).values_list("number", flat=True).first()


def return_rows(actor: Actor, *, limit: int) -> list[ReturnRow]:
    """Return the returns an actor may see, the newest first."""
    return _rows(returns_visible_to(actor).order_by("-pk")[:limit])


def desk_returns(actor: Actor, text: str = "") -> list[ReturnRow]:
    """Return the open returns that wait in the stores somebody works in, or that a courier brings there.

    With a return's or an order's number: those of that number.
    """
    cases = _at_desks_of(actor)
    if text:
        number = text.strip().upper()
        if not is_valid_number(number):
            return []
        return _rows(cases.filter(Q(number=number) | Q(order__number=number)).order_by("-pk")[:MOST_AT_DESK])
    mine = fulfillment_permissions.desk_store_ids(actor)
    coming = Q(status=ReturnStatus.IN_TRANSIT, collection__store__in=mine)
    here = cases.filter(Q(receiving_store__in=mine) | coming)
    return _rows(here.exclude(status__in=FINAL_RETURNS).order_by("due_at", "pk")[:MOST_AT_DESK])


def receiving_stores(actor: Actor, brand_id: int) -> list[Store]:
    """Return the stores of a brand at whose desks somebody may receive a return."""
    stores = stores_queries.stores_visible_to(actor).filter(pk__in=fulfillment_permissions.desk_store_ids(actor))
    return list(stores.filter(brand=brand_id, is_active=True).order_by("pk"))


def returns_of_order(order: Order) -> list[ReturnRow]:
    """Return the returns of an order, the newest first."""
    return _rows(Return.objects.filter(order=order).order_by("-pk"))


def return_page(case: Return) -> ReturnPage:
    """Read all that the pages of a return show."""
    status = ReturnStatus(case.status)
    pieces = case.lines.select_related("order_line__variant__product__category").order_by("pk")
    refund = case.refund
    replacement = replacement_of(case)
    return ReturnPage(
        case=case,
        brand_name=bilingual.name_of(case.brand),
        status_label=str(status.label),
        reason_label=str(ReturnReason(case.reason).label),
        note=_exchange_note(case, replacement) or _note(case),
        pieces=tuple(_piece(piece) for piece in pieces),
        steps=_steps(case),
        store_name=bilingual.name_of(case.receiving_store) if case.receiving_store else "",
        is_brought=case.way == ReturnWay.BRING,
        can_cancel=status == ReturnStatus.APPROVED and case.cancel_asked_at is None,
        can_bring=status == ReturnStatus.APPROVED and case.way == ReturnWay.BRING,
        is_final=status in FINAL_RETURNS,
        refunded_at=refund.succeeded_at if refund and refund.status == RefundStatus.SUCCEEDED else None,
        replacement=replacement,
        collection=view_collection(case.collection),
    )


def stores_that_take_returns(
    brand_code: str, lat: float, lng: float, *, now: datetime
) -> list[stores_queries.FoundStore]:
    """Return the stores of a brand nearest to a point that take returns."""
    place = stores_queries.find_place(f"{lat:.4f},{lng:.4f}")
    if place is None:
        return []
    wish = stores_queries.StoreWish(brand=brand_code, services=(stores_choices.Service.RETURNS,))
    return stores_queries.nearest_stores(wish, place, now=now, start=0, limit=MOST_NEAR_STORES)


@dataclass(frozen=True, slots=True)
class CollectingStore:
    """Where a courier brings a return, and when one is asked for: at once, or when the store opens."""

    store_id: int
    ask_at: datetime


def find_collecting_store(brand_code: str, lat: float, lng: float, *, now: datetime) -> CollectingStore | None:
    """Return the nearest store that takes returns: one that stays open long enough, else one that opens."""
    near = stores_that_take_returns(brand_code, lat, lng, now=now)
    found = [one for one in near if one.opens_at is not None and (one.metres or 0) <= COURIER_REACH_METRES]
    arrives_at = now + LONGEST_RIDE
    best = next((one for one in found if one.opens_at and one.opens_at <= now and _closes_after(one, arrives_at)), None)
    best = best or next(iter(found), None)
    if best is None or best.opens_at is None:
        return None
    return CollectingStore(best.store.pk, max(now, best.opens_at))


def _closes_after(store: stores_queries.FoundStore, moment: datetime) -> bool:
    return store.closes_at is None or store.closes_at >= moment


def _at_desks_of(actor: Actor) -> QuerySet[Return]:
    stores = stores_queries.stores_visible_to(actor).filter(pk__in=fulfillment_permissions.desk_store_ids(actor))
    return Return.objects.filter(brand__in=stores.values("brand"))


def _get(cases: QuerySet[Return], number: str) -> Return:
    normalised = number.strip().upper()
    found = cases.select_related(
        "brand", "order__fulfillment", "receiving_store", "refund", "replacement", "collection__store"
    )
    case = found.filter(number=normalised).first() if is_valid_number(normalised) else None
    if case is None:
        raise NotFound
    return case


def _rows(cases: Iterable[Return]) -> list[ReturnRow]:
    found = list(cases)
    counted = dict(
        Return.objects.filter(pk__in=[case.pk for case in found]).values_list("pk").annotate(units=Count("lines"))
    )
    brands = {brand.pk: brand for brand in stores_queries.active_brands()}
    numbered = Return.objects.filter(pk__in=list(counted))
    numbers = {pk: pair for pk, *pair in numbered.values_list("pk", "order__number", "replacement__number")}
    return [
        ReturnRow(
            number=case.number,
            order_number=numbers[case.pk][0],
            brand_name=bilingual.name_of(brands[case.brand_id]),
            status=case.status,
            status_label=str(ReturnStatus(case.status).label),
            kind_label=str(ReturnKind(case.kind).label),
            way_label=str(ReturnWay(case.way).label),
            units=counted[case.pk],
            refund_fen=case.refund_fen,
            requested_at=case.requested_at,
            due_at=case.due_at,
            replacement_number=numbers[case.pk][1] or "",
        )
        for case in found
    ]


def _piece(piece: ReturnLine) -> ReturnPieceView:
    variant = piece.order_line.variant
    return ReturnPieceView(
        id=piece.pk,
        name=bilingual.name_of(variant.product),
        sku=piece.order_line.sku,
        color=bilingual.pick(variant.color_zh, variant.color_en),
        size=variant.size,
        shape=variant.product.category.shape,
        color_hex=variant.color_hex,
        refund_fen=piece.refund_fen,
        condition=piece.condition,
        condition_label=str(Condition(piece.condition).label) if piece.condition else "",
        is_live=piece.is_live,
    )


def _steps(case: Return) -> tuple[ReturnStep, ...]:
    """Return the steps of a return that was not given up."""
    if case.status in GIVEN_UP_RETURNS:
        return ()
    way = _("With the courier") if case.way == ReturnWay.COLLECT else _("Brought")
    end = _("Exchanged") if case.kind == ReturnKind.EXCHANGE else _("Refunded")
    labels = [_("Agreed"), way, _("At the store"), _("Looked at"), end]
    done = STEPS_DONE[ReturnStatus(case.status)]
    return tuple(ReturnStep(label, position < done) for position, label in enumerate(labels))


def _exchange_note(case: Return, replacement: Replacement | None) -> str:
    """Say in a sentence what an exchange does that a return does not; empty when they are alike."""
    if replacement is None or case.status in GIVEN_UP_RETURNS:
        return ""
    if replacement.is_given_up and case.status == ReturnStatus.REFUND_DUE:
        return _("What you wanted instead is not held any more: your money is on its way to where you paid from.")
    if case.status == ReturnStatus.INSPECTED and replacement.left_fen:
        return _("Taken back. Pay the difference, and what you get instead is sent.")
    if case.credit_fen and case.status == ReturnStatus.REFUND_DUE:
        return _("Taken back. What you get instead is sent, and the rest is on its way to where you paid from.")
    if case.credit_fen:
        return _("Exchanged. What you get instead is sent.")
    return ""


def _note(case: Return) -> str:
    """Say in a sentence what happens to a return now."""
    if case.status == ReturnStatus.APPROVED and case.cancel_asked_at is not None:
        return _("You called it off. The courier company has still to confirm; if the courier was faster, it goes on.")
    if case.status == ReturnStatus.IN_TRANSIT and case.collection and case.collection.finished_at:
        return _("The courier has brought it to the store, which looks at it within two days.")
    if case.status == ReturnStatus.APPROVED and case.collection and case.way == ReturnWay.BRING:
        return _(
            "No courier could bring it, so it costs you nothing. Please bring it to a store, and show the code below."
        )
    if case.status == ReturnStatus.APPROVED and case.way == ReturnWay.COLLECT:
        return _("A courier comes to your door. Have it packed, and tell the courier the code below.")
    notes = {
        ReturnStatus.APPROVED: _("Bring it to any of our stores that take returns, and show the code below."),
        ReturnStatus.IN_TRANSIT: _("The courier is on the way to the store with it."),
        ReturnStatus.RECEIVED: _("The store has it and looks at it within two days."),
        ReturnStatus.INSPECTED: _("Looked at and taken back."),
        ReturnStatus.REFUND_DUE: _("Taken back. Your money is on its way to where you paid from."),
        ReturnStatus.REFUNDED: _("Your money is back where you paid from."),
        ReturnStatus.CLOSED: _("Finished. Your money is back where you paid from."),
        ReturnStatus.REJECTED: _("The store could not take it back: %(reason)s") % {"reason": case.refuse_reason},
        ReturnStatus.CANCELLED: _("You called it off. You may ask again while the days to return last."),
        ReturnStatus.EXPIRED: _("It did not reach us in time. You may ask again while the days to return last."),
    }
    return notes.get(ReturnStatus(case.status), "")
