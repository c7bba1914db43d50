"""An order as its shopper and headquarters see it: shares of stores, steps, lines, money."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.db.models import Prefetch, Q
from django.utils.translation import gettext as _

from fulfillment import choices as fulfillment_choices
from members import choices as members_choices
from omni.kernel import bilingual
from omni.kernel.models import Transition
from orders.choices import LIVE_INTENTS, Ending, IntentStatus, OrderStatus, RefundStatus
from orders.models import LineAdjustment, PaymentIntent
from orders.queries import parcels, shares
from orders.queries.cancelling import Cancelling, cancelling_of
from orders.queries.contact import recipient_of
from orders.queries.exchanges import Replaces, replaces_of
from orders.queries.parcels import ParcelView
from orders.queries.return_quotes import returnable_lines
from orders.queries.returns import ReturnRow, returns_of_order
from orders.queries.tenders import left_to_pay_fen

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from orders.models import Order, OrderLine

FINAL_STATUSES = frozenset({OrderStatus.COMPLETED, OrderStatus.CANCELLED, OrderStatus.EXPIRED})


@dataclass(frozen=True, slots=True)
class TakenOff:
    """What one offer takes off a line, and who bears it, in words of the page."""

    name: str
    amount_fen: int
    borne_by: str


@dataclass(frozen=True, slots=True)
class LineView:
    """One SKU of an order: `total_fen` is what is left of `gross_fen` when everything is taken off."""

    name: str
    sku: str
    color: str
    size: str
    quantity: int
    shape: str = ""
    color_hex: str = ""
    cancelled_quantity: int = 0
    gross_fen: int = 0
    total_fen: int = 0
    taken_off: tuple[TakenOff, ...] = ()


@dataclass(frozen=True, slots=True)
class MoneyRow:
    label: str
    reference: str
    status_label: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class OrderPage:
    """Everything the order's pages show. Amounts are fen; names are in the language of the page."""

    order: Order
    brand_name: str
    status_label: str
    recipient: str
    lines: tuple[LineView, ...]
    parcels: tuple[ParcelView, ...]
    money: tuple[MoneyRow, ...]
    refunded_fen: int
    is_pickup: bool
    can_pay: bool
    can_cancel: bool
    cancelling: Cancelling
    arrived_at: datetime | None
    is_final: bool
    can_return: bool
    returns: tuple[ReturnRow, ...]
    replaces: Replaces | None

    @property
    def version(self) -> str:
        """Return a short text that changes with anything the page shows."""
        shown: tuple[object, ...] = (
            self.order.status,
            self.lines,
            self.parcels,
            self.money,
            self.can_pay,
            self.can_cancel,
        )
        shown += (self.cancelling, self.recipient, self.can_return, self.returns, self.replaces)
        return f"{zlib.crc32(repr(shown).encode()):08x}"

    @property
    def shown_parcels(self) -> tuple[ParcelView, ...]:
        """Return the shares a shopper cares about."""
        return tuple(parcel for parcel in self.parcels if not parcel.is_taken_over)


def order_page(order: Order, *, now: datetime) -> OrderPage:
    """Read all that the pages of an order show; a fixed number of queries however many lines and shares."""
    status = OrderStatus(order.status)
    way = fulfillment_choices.Way(order.fulfillment.way)
    replaces = replaces_of(order)
    is_waiting = _is_open(order) and replaces is not None and replaces.left_fen == 0
    can_pay = _is_open(order) and not is_waiting
    share_changes, order_changes = _changes_of(order)
    shown_parcels = parcels.parcels_of(order, share_changes, now=now)
    if is_waiting:  # nobody is to pay
        shown_parcels = tuple(replace(parcel, note="") for parcel in shown_parcels)
    cancelling = cancelling_of(order, {parcel.status for parcel in shown_parcels}, order_changes)
    return OrderPage(
        order=order,
        brand_name=bilingual.name_of(order.brand),
        status_label=_("Waiting for your return") if is_waiting else _status_label(order, shown_parcels),
        recipient=recipient_of(order),
        lines=lines_of(order),
        parcels=shown_parcels,
        money=_money(order),
        refunded_fen=sum(
            refund.amount_fen for refund in order.refunds.all() if refund.status == RefundStatus.SUCCEEDED
        ),
        is_pickup=way == fulfillment_choices.Way.PICKUP,
        can_pay=can_pay,
        can_cancel=_is_open(order) or (status in {OrderStatus.PAID, OrderStatus.PROCESSING} and cancelling.is_possible),
        cancelling=cancelling,
        arrived_at=_arrived_at(share_changes),
        is_final=status in FINAL_STATUSES,
        can_return=bool(returnable_lines(order, now=now)),
        returns=tuple(returns_of_order(order)),
        replaces=replaces,
    )


def is_payable(order: Order) -> bool:
    """Tell whether an order waits for a payment, and is not about to end without one."""
    return _is_open(order) and left_to_pay_fen(order) > 0


def _is_open(order: Order) -> bool:
    """Tell whether an order is not paid in full, and not about to end."""
    return order.status == OrderStatus.PLACED and not order.ending_as


def find_payment(order: Order) -> PaymentIntent | None:
    """Return the payment of an order that may still be paid, or None; its link comes when the provider has given it."""
    live = [status for status in LIVE_INTENTS if status != IntentStatus.CLOSING]
    return PaymentIntent.objects.filter(allocations__order=order, status__in=live).order_by("-pk").first()


def _changes_of(order: Order) -> tuple[dict[int, list[Transition]], list[Transition]]:
    """Return the changes of status of an order's shares by share, and those of the order, the oldest first."""
    by_share: dict[int, list[Transition]] = {}
    own: list[Transition] = []
    share_ids = order.fulfillment.orders.values("pk")
    of_shares = Q(entity="fulfillment.fulfillmentorder", entity_id__in=share_ids)
    for change in Transition.objects.filter(of_shares | Q(entity="orders.order", entity_id=order.pk)).order_by("pk"):
        if change.entity == "orders.order":
            own.append(change)
        else:
            by_share.setdefault(change.entity_id, []).append(change)
    return by_share, own


def _arrived_at(changes: dict[int, list[Transition]]) -> datetime | None:
    """Return when the first goods of an order reached the shopper."""
    arrived = {parcels.S.DELIVERED.value, parcels.S.COLLECTED.value}
    return min((change.at for rows in changes.values() for change in rows if change.to_status in arrived), default=None)


def _status_label(order: Order, shown: Sequence[ParcelView]) -> str:
    """Return where an order stands, in the language of the page."""
    if order.status == OrderStatus.PLACED and order.ending_as:
        return _("Time to pay has passed") if order.ending_as == Ending.EXPIRED else _("Being cancelled")
    return shares.standing(order.status, [parcel.status for parcel in shown])


def lines_of(order: Order) -> tuple[LineView, ...]:
    """Return the lines of an order with what was taken off them; as many queries for any number of them."""
    by_age = Prefetch("adjustments", LineAdjustment.objects.order_by("pk"))
    lines = order.lines.select_related("variant__product__category").prefetch_related(by_age)
    return tuple(_line(line) for line in lines.order_by("pk"))


def _taken_off(part: LineAdjustment) -> TakenOff:
    parties = [str(members_choices.Funder(party).label) for party, _fen in part.funders]
    return TakenOff(bilingual.name_of(part), part.amount_fen, ", ".join(parties))


def _line(line: OrderLine) -> LineView:
    return LineView(
        name=bilingual.name_of(line),
        sku=line.sku,
        color=bilingual.pick(line.variant.color_zh, line.variant.color_en),
        size=line.variant.size,
        quantity=line.quantity,
        cancelled_quantity=line.cancelled_quantity,
        gross_fen=line.unit_price_fen * line.quantity,
        total_fen=line.total_fen,
        taken_off=tuple(_taken_off(part) for part in line.adjustments.all()),
        shape=line.variant.product.shape,
        color_hex=line.variant.color_hex,
    )


def _money(order: Order) -> tuple[MoneyRow, ...]:
    rows: list[tuple[datetime, MoneyRow]] = []
    for allocation in order.allocations.select_related("intent"):
        intent = allocation.intent
        label = str(intent.get_method_display())
        rows.append(
            (
                intent.created_at,
                MoneyRow(label, intent.out_trade_no, intent.get_status_display(), allocation.amount_fen),
            )
        )
    for refund in order.refunds.all():
        row = MoneyRow(_("Refund"), refund.out_refund_no, refund.get_status_display(), -refund.amount_fen)
        rows.append((refund.requested_at, row))
    return tuple(row for _at, row in sorted(rows, key=lambda pair: pair[0]))
