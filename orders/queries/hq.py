"""Lists of orders for headquarters, with the statuses that are derived."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import Q, Sum
from django.utils.translation import gettext as _

from fulfillment import choices as fulfillment_choices
from omni.kernel import bilingual
from orders import rules
from orders.choices import (
    ChargeKind,
    ChargeStatus,
    FulfilStatus,
    IntentStatus,
    OrderStatus,
    RefundStatus,
    ReturnedStatus,
)
from orders.models import IntentAllocation, Order, OrderCharge, OrderLine, Recognition, Refund
from orders.queries import shares
from orders.queries.access import orders_visible_to
from orders.queries.exchanges import waiting_for_return

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from stores.permissions import Actor

OVERDUE = "overdue"
ENDED_SHARES = frozenset({"rejected", "timed_out", "cancelled"})
OPEN_STATUSES = (OrderStatus.PAID, OrderStatus.PROCESSING, OrderStatus.CANCEL_REQUESTED)


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order in a list; labels are in the language of the page, `standing` is the shopper's word for the status."""

    id: int
    number: str
    placed_at: datetime
    brand_name: str
    status_label: str
    standing: str
    charge_label: str
    fulfil_label: str
    return_label: str
    store_names: tuple[str, ...]
    total_fen: int


class _Shares(NamedTuple):
    """The statuses of an order's live shares, and the names of their stores, each once."""

    statuses: list[str]
    store_names: dict[str, None]


@dataclass(frozen=True, slots=True)
class Derived:
    """What is derived of an order, never stored."""

    charge_status: ChargeStatus
    fulfil_status: FulfilStatus
    return_status: ReturnedStatus


def order_rows(
    actor: Actor, *, status: str = "", number: str = "", before_id: int | None = None, limit: int = 30
) -> list[OrderRow]:
    """Return the orders an actor may see, the newest first; a fixed number of queries however many there are.

    `status` is one of OrderStatus, or `OVERDUE`: those that a store has let lie, or no courier fetches.
    """
    found = orders_visible_to(actor).select_related("brand")
    if status == OVERDUE:
        found = found.filter(fulfillment__in=_overdue())
    elif status:
        found = found.filter(status=status)
    if number:
        found = found.filter(number__startswith=number) if number.isprintable() else found.none()
    if before_id is not None:
        found = found.filter(pk__lt=before_id)
    orders = list(found.order_by("-pk")[:limit])
    derived = derive(orders)
    live = _shares_of(orders)
    waiting, awaited = waiting_for_return(orders), _("Waiting for your return")
    return [
        OrderRow(
            id=order.pk,
            number=order.number,
            placed_at=order.placed_at,
            brand_name=bilingual.name_of(order.brand),
            status_label=awaited if order.pk in waiting else str(OrderStatus(order.status).label),
            standing=awaited if order.pk in waiting else shares.standing(order.status, live[order.pk].statuses),
            charge_label=str(derived[order.pk].charge_status.label),
            fulfil_label=str(derived[order.pk].fulfil_status.label),
            return_label=_return_label(derived[order.pk].return_status),
            store_names=tuple(live[order.pk].store_names),
            total_fen=order.total_fen,
        )
        for order in orders
    ]


def _return_label(status: ReturnedStatus) -> str:
    """Return what a list says of what came back; nothing while nothing has."""
    return "" if status == ReturnedStatus.NONE else str(status.label)


def derive(orders: Sequence[Order]) -> dict[int, Derived]:
    """Return the derived statuses of orders by id, in five queries."""
    ids = [order.pk for order in orders]
    paid = _sums(IntentAllocation.objects.filter(intent__status=IntentStatus.SUCCEEDED), ids, "amount_fen")
    refunded = _sums(Refund.objects.filter(status=RefundStatus.SUCCEEDED), ids, "amount_fen")
    known = _recognised(ids)
    void_charges = _sums(OrderCharge.objects.filter(is_cancelled=True), ids, "amount_fen")
    units: dict[int, int] = defaultdict(int)
    void: dict[int, int] = defaultdict(int, void_charges)
    for line in OrderLine.objects.filter(order__in=ids):
        units[line.order_id] += line.quantity - line.cancelled_quantity
        void[line.order_id] += rules.part_fen(line.total_fen, line.quantity, before=0, units=line.cancelled_quantity)
    return {
        order.pk: Derived(
            rules.charge_status(
                due_fen=order.total_fen - void[order.pk] + known[order.pk].after_sale_fen,
                paid_fen=paid.get(order.pk, 0) - refunded.get(order.pk, 0),
            ),
            rules.fulfil_status(due_units=units[order.pk], done_units=known[order.pk].sold),
            rules.returned_status(sold_units=known[order.pk].sold, returned_units=known[order.pk].returned),
        )
        for order in orders
    }


class _Recognised(NamedTuple):
    """Units that were sold, and came back; what returns added to the sales in fen, which is below zero."""

    sold: int = 0
    returned: int = 0
    after_sale_fen: int = 0


def _recognised(ids: list[int]) -> dict[int, _Recognised]:
    is_goods, is_mirror = Q(order_line__isnull=False), Q(reversal_of__isnull=False)
    after_sale = is_mirror | Q(charge__kind=ChargeKind.COLLECTION)
    rows = (
        Recognition.objects.filter(order__in=ids)
        .values_list("order_id")
        .annotate(
            sold=Sum("quantity", filter=is_goods & ~is_mirror, default=0),
            returned=-Sum("quantity", filter=is_goods & is_mirror, default=0),
            after_sale=Sum("amount_fen", filter=after_sale, default=0),
        )
    )
    return defaultdict(_Recognised, {order_id: _Recognised(*sums) for order_id, *sums in rows})


def order_counts(actor: Actor, *, now: datetime) -> list[tuple[str, int]]:
    """Return how many orders are under way, and how many were placed in the last 24 hours, with their labels."""
    visible = orders_visible_to(actor)
    return [
        (_("Orders under way"), visible.filter(status__in=OPEN_STATUSES).count()),
        (_("Orders of the last 24 hours"), visible.filter(placed_at__gt=now - timedelta(hours=24)).count()),
    ]


def _overdue() -> QuerySet[Any]:
    """Return the demands of which a store's share is overdue."""
    late = Order.objects.filter(
        fulfillment__orders__overdue_at__isnull=False,
        fulfillment__orders__status__in=fulfillment_choices.MAY_BE_OVERDUE,
    )
    return late.values("fulfillment")


def _sums(rows: QuerySet[Any], ids: list[int], column: str) -> dict[int, int]:
    sums = rows.filter(order__in=ids).values("order_id").annotate(total=Sum(column))
    return {row["order_id"]: row["total"] for row in sums}


def _shares_of(orders: Sequence[Order]) -> dict[int, _Shares]:
    """Return the statuses of each order's live shares, and the names of the stores that have one."""
    found: dict[int, _Shares] = defaultdict(lambda: _Shares([], {}))
    rows = (
        Order.objects.filter(pk__in=[order.pk for order in orders], fulfillment__orders__isnull=False)
        .values_list(
            "pk",
            "fulfillment__orders__status",
            "fulfillment__orders__store__name_zh",
            "fulfillment__orders__store__name_en",
        )
        .order_by("pk", "fulfillment__orders__pk")
    )
    for order_id, status, name_zh, name_en in rows:
        if status in ENDED_SHARES:
            continue
        found[order_id].statuses.append(status)
        if name_zh is not None:
            found[order_id].store_names[bilingual.pick(name_zh, name_en)] = None
    return found
