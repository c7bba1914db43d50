"""An order as its shopper and headquarters see it: shares of stores, steps, lines, money."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from fulfillment import choices as fulfillment_choices
from omni.kernel import bilingual, sealing
from orders.choices import IntentStatus, OrderStatus, RefundStatus
from orders.models import PaymentIntent

if TYPE_CHECKING:
    from datetime import datetime

    from fulfillment.models import Delivery, FulfillmentOrder
    from orders.models import Order, OrderLine

S = fulfillment_choices.FulfillmentOrderStatus
FINAL_STATUSES = frozenset({OrderStatus.COMPLETED, OrderStatus.CANCELLED, OrderStatus.EXPIRED})
# Shares that another one took over: the shopper need not see them.
TAKEN_OVER = frozenset({S.REJECTED, S.TIMED_OUT})
COURIER_STEPS = (
    frozenset({S.ACCEPTED, S.PICKING, S.PACKED, S.AWAITING_COURIER, S.HANDED_OVER, S.DELIVERED}),
    frozenset({S.PACKED, S.AWAITING_COURIER, S.HANDED_OVER, S.DELIVERED}),
    frozenset({S.HANDED_OVER, S.DELIVERED}),
    frozenset({S.DELIVERED}),
)
PICKUP_STEPS = (
    frozenset({S.ACCEPTED, S.PICKING, S.PACKED, S.READY_FOR_PICKUP, S.COLLECTED}),
    frozenset({S.READY_FOR_PICKUP, S.COLLECTED}),
    frozenset({S.COLLECTED}),
)


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
    cancelled_quantity: int = 0
    total_fen: int = 0


@dataclass(frozen=True, slots=True)
class ParcelView:
    """One store's share of an order."""

    number: str
    store_name: str
    store_code: str
    status_label: str
    reject_label: str
    note: str
    courier_note: str
    pickup_code: str
    steps: tuple[StepView, ...]
    lines: tuple[LineView, ...]
    is_unfillable: bool
    is_taken_over: bool


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
    can_pay: bool
    can_cancel: bool
    is_final: bool

    @property
    def shown_parcels(self) -> tuple[ParcelView, ...]:
        """Return the shares a shopper cares about."""
        return tuple(parcel for parcel in self.parcels if not parcel.is_taken_over)


def order_page(order: Order) -> OrderPage:
    """Read all that the pages of an order show; a fixed number of queries however many lines and shares."""
    status = OrderStatus(order.status)
    fulfillment = order.fulfillment
    way = fulfillment_choices.Way(fulfillment.way)
    lines = list(order.lines.select_related("variant").order_by("pk"))
    shares = fulfillment.orders.select_related("store").prefetch_related(
        "lines__fulfillment_line__variant__product", "deliveries", "pickup_codes"
    )
    money = _money(order)
    recipient = f"{fulfillment.recipient_name}, {fulfillment.street}"
    if way == fulfillment_choices.Way.PICKUP:
        recipient = _("Collected in the store")
    return OrderPage(
        order=order,
        brand_name=bilingual.name_of(order.brand),
        status_label=str(status.label),
        recipient=recipient,
        lines=tuple(_line(line) for line in lines),
        parcels=tuple(_parcel(share, way, status) for share in shares.order_by("pk")),
        money=money,
        refunded_fen=sum(
            refund.amount_fen for refund in order.refunds.all() if refund.status == RefundStatus.SUCCEEDED
        ),
        can_pay=status == OrderStatus.PLACED,
        can_cancel=status in {OrderStatus.PLACED, OrderStatus.PAID, OrderStatus.PROCESSING},
        is_final=status in FINAL_STATUSES,
    )


def payment_link(order_id: int) -> str:
    """Return the link of the payment that waits to be paid; empty while there is none."""
    waiting = PaymentIntent.objects.filter(allocations__order_id=order_id, status=IntentStatus.PENDING)
    return waiting.order_by("-pk").values_list("code_url", flat=True).first() or ""


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
    status = fulfillment_choices.FulfillmentOrderStatus(share.status)
    delivery = max(share.deliveries.all(), key=lambda row: row.pk, default=None)
    is_chosen = share.store is not None and order_status != OrderStatus.PLACED and status != S.PENDING_ROUTING
    return ParcelView(
        number=share.number,
        store_name=bilingual.name_of(share.store) if share.store and is_chosen else "",
        store_code=share.store.code if share.store else "",
        status_label=str(status.label),
        reject_label=share.get_reject_reason_display() if share.reject_reason else "",
        note=_note(status, way),
        courier_note=_courier_note(delivery),
        pickup_code=_shopper_code(share),
        steps=_steps(status, way),
        lines=tuple(
            LineView(
                name=bilingual.name_of(line.fulfillment_line.variant.product),
                sku=line.fulfillment_line.variant.sku,
                color=bilingual.pick(line.fulfillment_line.variant.color_zh, line.fulfillment_line.variant.color_en),
                size=line.fulfillment_line.variant.size,
                quantity=line.quantity,
            )
            for line in share.lines.all()
        ),
        is_unfillable=status == S.UNFILLABLE,
        is_taken_over=status in TAKEN_OVER,
    )


def _steps(status: fulfillment_choices.FulfillmentOrderStatus, way: fulfillment_choices.Way) -> tuple[StepView, ...]:
    if way == fulfillment_choices.Way.PICKUP:
        labels = (_("Accepted"), _("Ready to collect"), _("Collected"))
        return tuple(StepView(label, status in reached) for label, reached in zip(labels, PICKUP_STEPS, strict=True))
    labels_courier = (_("Accepted"), _("Packed"), _("On the way"), _("Delivered"))
    return tuple(
        StepView(label, status in reached) for label, reached in zip(labels_courier, COURIER_STEPS, strict=True)
    )


def _note(status: fulfillment_choices.FulfillmentOrderStatus, way: fulfillment_choices.Way) -> str:
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
        S.LOST: _("It was lost on the way. Your money goes back to you."),
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
