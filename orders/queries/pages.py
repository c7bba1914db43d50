"""An order as its shopper and headquarters see it: shares of stores, steps, lines, money."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from fulfillment import choices as fulfillment_choices
from omni.kernel import bilingual, sealing
from orders.choices import LIVE_INTENTS, Ending, IntentStatus, OrderStatus, RefundStatus
from orders.models import PaymentIntent

if TYPE_CHECKING:
    from datetime import datetime

    from fulfillment.models import Delivery, FulfillmentOrder, FulfillmentOrderLine
    from orders.models import Order, OrderLine

S = fulfillment_choices.FulfillmentOrderStatus
FINAL_STATUSES = frozenset({OrderStatus.COMPLETED, OrderStatus.CANCELLED, OrderStatus.EXPIRED})
# Shares that another one took over: the shopper need not see them.
TAKEN_OVER = frozenset({S.REJECTED, S.TIMED_OUT})
# Shares that left the way that the steps show.
ASTRAY = frozenset(
    {
        S.UNFILLABLE,
        S.CANCELLED,
        S.RETURNING,
        S.RETURNED_TO_STORE,
        S.LOST,
        S.PICKUP_EXPIRED,
        S.RESTOCKED,
    }
)
# How many steps a share has behind it; the first is the payment.
COURIER_STEPS = {
    S.PLANNED: 0,
    S.ACCEPTED: 2,
    S.PICKING: 2,
    S.PACKED: 3,
    S.AWAITING_COURIER: 3,
    S.HANDED_OVER: 4,
    S.DELIVERED: 5,
}
PICKUP_STEPS = {S.PLANNED: 0, S.ACCEPTED: 2, S.PICKING: 2, S.PACKED: 2, S.READY_FOR_PICKUP: 3, S.COLLECTED: 4}


@dataclass(frozen=True, slots=True)
class StepView:
    label: str
    is_done: bool


@dataclass(frozen=True, slots=True)
class LineView:
    name: str
    sku: str
    color: str
    size: str
    quantity: int
    shape: str = ""
    color_hex: str = ""
    cancelled_quantity: int = 0
    total_fen: int = 0


@dataclass(frozen=True, slots=True)
class ParcelView:
    """One store's share of an order."""

    number: str
    store_name: str
    store_code: str
    store_address: str
    status_label: str
    reject_label: str
    note: str
    courier_note: str
    pickup_code: str
    steps: tuple[StepView, ...]
    lines: tuple[LineView, ...]
    is_unfillable: bool
    is_taken_over: bool
    is_astray: bool


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
    is_final: bool

    @property
    def version(self) -> str:
        """Return a short text that changes with anything the page shows."""
        shown = (self.order.status, self.lines, self.parcels, self.money, self.can_pay, self.can_cancel)
        return f"{zlib.crc32(repr(shown).encode()):08x}"

    @property
    def shown_parcels(self) -> tuple[ParcelView, ...]:
        """Return the shares a shopper cares about."""
        return tuple(parcel for parcel in self.parcels if not parcel.is_taken_over)


def order_page(order: Order) -> OrderPage:
    """Read all that the pages of an order show; a fixed number of queries however many lines and shares."""
    status = OrderStatus(order.status)
    fulfillment = order.fulfillment
    can_pay = is_payable(order)
    way = fulfillment_choices.Way(fulfillment.way)
    lines = list(order.lines.select_related("variant").order_by("pk"))
    shares = fulfillment.orders.select_related("store").prefetch_related(
        "lines__fulfillment_line__variant__product__category", "deliveries", "pickup_codes"
    )
    money = _money(order)
    recipient = f"{fulfillment.recipient_name}, {fulfillment.street}"
    if way == fulfillment_choices.Way.PICKUP:
        recipient = _("Collected in the store")
    return OrderPage(
        order=order,
        brand_name=bilingual.name_of(order.brand),
        status_label=_status_label(order),
        recipient=recipient,
        lines=tuple(_line(line) for line in lines),
        parcels=tuple(_parcel(share, way, status) for share in shares.order_by("pk")),
        money=money,
        refunded_fen=sum(
            refund.amount_fen for refund in order.refunds.all() if refund.status == RefundStatus.SUCCEEDED
        ),
        is_pickup=way == fulfillment_choices.Way.PICKUP,
        can_pay=can_pay,
        can_cancel=can_pay or status in {OrderStatus.PAID, OrderStatus.PROCESSING},
        is_final=status in FINAL_STATUSES,
    )


def is_payable(order: Order) -> bool:
    """Tell whether an order waits for a payment, and is not about to end without one."""
    return order.status == OrderStatus.PLACED and not order.ending_as


def find_payment(order: Order) -> PaymentIntent | None:
    """Return the payment of an order that may still be paid, or None; its link comes when the provider has given it."""
    live = [status for status in LIVE_INTENTS if status != IntentStatus.CLOSING]
    return PaymentIntent.objects.filter(allocations__order=order, status__in=live).order_by("-pk").first()


def _status_label(order: Order) -> str:
    """Return where an order stands, in the language of the page."""
    if order.status == OrderStatus.PLACED and order.ending_as:
        return _("Time to pay has passed") if order.ending_as == Ending.EXPIRED else _("Being cancelled")
    return str(OrderStatus(order.status).label)


def _line(line: OrderLine) -> LineView:
    return LineView(
        name=bilingual.name_of(line),
        sku=line.sku,
        color=bilingual.pick(line.variant.color_zh, line.variant.color_en),
        size=line.variant.size,
        quantity=line.quantity,
        cancelled_quantity=line.cancelled_quantity,
        total_fen=line.total_fen,
    )


def _parcel(share: FulfillmentOrder, way: fulfillment_choices.Way, order_status: OrderStatus) -> ParcelView:
    status = S(share.status)
    delivery = max(share.deliveries.all(), key=lambda row: row.pk, default=None)
    is_chosen = share.store is not None and order_status != OrderStatus.PLACED and status != S.PENDING_ROUTING
    return ParcelView(
        number=share.number,
        store_name=bilingual.name_of(share.store) if share.store and is_chosen else "",
        store_code=share.store.code if share.store else "",
        store_address=share.store.address if share.store else "",
        status_label=str(status.label),
        reject_label=share.get_reject_reason_display() if share.reject_reason else "",
        note=_note(status, way),
        courier_note=_courier_note(delivery),
        pickup_code=_shopper_code(share),
        steps=_steps(S(share.held_status or status), way),
        lines=tuple(_parcel_line(line) for line in share.lines.all()),
        is_unfillable=status == S.UNFILLABLE,
        is_taken_over=status in TAKEN_OVER,
        is_astray=status in ASTRAY,
    )


def _parcel_line(line: FulfillmentOrderLine) -> LineView:
    variant = line.fulfillment_line.variant
    return LineView(
        name=bilingual.name_of(variant.product),
        sku=variant.sku,
        color=bilingual.pick(variant.color_zh, variant.color_en),
        size=variant.size,
        quantity=line.quantity,
        shape=variant.product.category.shape,
        color_hex=variant.color_hex,
    )


def _steps(status: fulfillment_choices.FulfillmentOrderStatus, way: fulfillment_choices.Way) -> tuple[StepView, ...]:
    """Return the steps of a share that is on its way; none of one that went astray."""
    if status in ASTRAY:
        return ()
    labels = [_("Paid"), _("Accepted"), _("Packed"), _("On the way"), _("Delivered")]
    done = COURIER_STEPS
    if way == fulfillment_choices.Way.PICKUP:
        labels = [_("Paid"), _("Accepted"), _("Ready to collect"), _("Collected")]
        done = PICKUP_STEPS
    return tuple(StepView(label, position < done.get(status, 1)) for position, label in enumerate(labels))


def _note(status: fulfillment_choices.FulfillmentOrderStatus, way: fulfillment_choices.Way) -> str:
    """Say in a sentence what happens to a share now."""
    notes = {
        S.PLANNED: _("Held for you while you pay."),
        S.PENDING_ROUTING: _("We are asking the best store."),
        S.OFFERED: _("The store has been asked and will answer soon."),
        S.ACCEPTED: _("The store is getting it ready."),
        S.PICKING: _("The store is getting it ready."),
        S.PACKED: _("Packed."),
        S.AWAITING_COURIER: _("Packed, waiting for the courier."),
        S.READY_FOR_PICKUP: _("Ready. Bring the code below."),
        S.UNFILLABLE: _("No store can send it right now. We will refund it if none is found."),
        S.CANCEL_REQUESTED: _("The store has been asked to stop."),
        S.RETURNING: _("It could not be delivered and is coming back to the store."),
        S.RETURNED_TO_STORE: _("It could not be delivered and is back in the store. Your money goes back to you."),
        S.LOST: _("It was lost on the way. Your money goes back to you."),
        S.PICKUP_EXPIRED: _("It was not collected in time. Your money goes back to you."),
        S.RESTOCKED: _("It was not collected in time. Your money goes back to you."),
    }
    if status == S.PENDING_ROUTING and way == fulfillment_choices.Way.PICKUP:
        return _("The store is being told.")
    return notes.get(status, "")


def _courier_note(delivery: Delivery | None) -> str:
    if delivery is None or delivery.state == fulfillment_choices.DeliveryState.REQUESTED:
        return ""
    label = str(fulfillment_choices.DeliveryState(delivery.state).label)
    who = " ".join(filter(None, [delivery.courier_name, delivery.courier_phone_masked]))
    return f"{label} · {who}" if who else label


def _shopper_code(share: FulfillmentOrder) -> str:
    for code in share.pickup_codes.all():
        if (
            code.purpose == fulfillment_choices.PickupCodePurpose.SHOPPER
            and code.status == fulfillment_choices.PickupCodeStatus.ISSUED
        ):
            return sealing.unseal(code.code_sealed)
    return ""


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
