"""What a share is planned for, and which other stores could do it now."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.db.models import Q

from fulfillment.choices import SENT, RejectReason
from fulfillment.choices import FulfillmentOrderStatus as Status
from fulfillment.models import FulfillmentOrder, FulfillmentOrderLine
from fulfillment.queries.candidates import OwnShare, Search, find_singles, get_terms
from fulfillment.rules import DemandLine, ranked
from inventory import choices as inventory_choices
from omni.kernel.money import cumulative_part
from stores import queries as stores_queries

if TYPE_CHECKING:
    from datetime import datetime

MOST_OTHERS = 8


class OtherStore(NamedTuple):
    """A store that could do an order instead; `opens_in` minutes from now (0: open)."""

    store_id: int
    name: str
    metres: float
    opens_in: int
    used: int
    room: int


def search_of(share: FulfillmentOrder, excluded: tuple[int, ...], *, now: datetime) -> Search:
    """Return what a share is planned for, with what it holds already.

    The other shares of its demand count toward the most stores of an order.
    """
    fulfillment = share.fulfillment
    terms = get_terms(fulfillment.brand_id)
    others = FulfillmentOrder.objects.filter(fulfillment=fulfillment).exclude(pk=share.pk)
    others = others.exclude(status__in=[Status.REJECTED, Status.TIMED_OUT, Status.CANCELLED])
    lines = lines_of(share)
    own = None
    if share.store_id is not None:
        held = tuple(line.quantity if is_live(line) else 0 for line in lines)
        own = OwnShare(share.store_id, held, share.capacity_on)
    return Search(
        brand_id=fulfillment.brand_id,
        way=fulfillment.way,
        lines=tuple(wanted(line) for line in lines),
        lat=fulfillment.lat,
        lng=fulfillment.lng,
        terms=terms._replace(max_stores=max(1, terms.max_stores - others.count())),
        now=now,
        pickup_store_id=fulfillment.pickup_store_id,
        excluded=excluded,
        own=own,
    )


def lines_of(share: FulfillmentOrder) -> list[FulfillmentOrderLine]:
    """Return the lines of a share with their demand lines and reservations."""
    lines = FulfillmentOrderLine.objects.filter(fulfillment_order=share)
    return list(lines.select_related("fulfillment_line", "reservation").order_by("pk"))


def is_live(line: FulfillmentOrderLine) -> bool:
    """Tell whether the units of a line are still set aside for it."""
    return line.reservation is not None and line.reservation.status == inventory_choices.ReservationStatus.ALLOCATED


def wanted(line: FulfillmentOrderLine) -> DemandLine:
    """Return what the planner is told of a line: its units and their part of the declared value."""
    whole = line.fulfillment_line
    value = cumulative_part(whole.declared_value_fen, line.quantity, whole.quantity)
    return DemandLine(whole.variant_id, line.quantity, value)


def excluded_stores(share: FulfillmentOrder) -> tuple[int, ...]:
    """Return the stores that gave an offer of this demand back, or let it pass, in this round."""
    refused = FulfillmentOrder.objects.filter(
        Q(status=Status.TIMED_OUT) | Q(status=Status.REJECTED) & ~Q(reject_reason=RejectReason.DISPLACED),
        fulfillment=share.fulfillment_id,
    )
    if share.round_started_at is not None:
        refused = refused.filter(finished_at__gte=share.round_started_at)
    return tuple(refused.order_by("store_id").values_list("store_id", flat=True).distinct())


def reassignable(fulfillment_id: int, *, now: datetime) -> dict[str, list[OtherStore]]:
    """Return, by number, the shares of a demand that are parked or overdue, with the stores that could do them."""
    is_late = Q(status__in=(Status.OFFERED, Status.ACCEPTED, Status.PICKING), overdue_at__isnull=False)
    shares = FulfillmentOrder.objects.filter(is_late | Q(status=Status.UNFILLABLE), fulfillment=fulfillment_id)
    return {share.number: other_stores(share, now=now) for share in shares.select_related("fulfillment")}


def other_stores(share: FulfillmentOrder, *, now: datetime) -> list[OtherStore]:
    """Return the best stores that pass the filters and have everything, but for those that gave it back; at most 8.

    What is collected or tried on has its store: there is no other.
    """
    if share.fulfillment.way not in SENT:
        return []
    excluded = {*excluded_stores(share), *({share.store_id} if share.store_id is not None else ())}
    search = search_of(share, tuple(sorted(excluded)), now=now)
    best = ranked(find_singles(search).candidates, search.terms.order)[:MOST_OTHERS]
    names = stores_queries.store_names([one.store_id for one in best])
    return [
        OtherStore(one.store_id, names[one.store_id], one.metres, max(0, round(one.opens_in)), one.used, one.room)
        for one in best
    ]
