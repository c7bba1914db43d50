"""The receipt of an order, or of all orders of a store's checkout: what was bought, how it was paid, the VAT inside."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils import translation

from omni.kernel import bilingual, sealing
from omni.kernel.errors import NotFound
from omni.kernel.numbers import is_valid_number
from orders.choices import STORE_CHANNELS, TAKEN_BACK_RETURNS, IntentStatus, OrderStatus, PaymentMethod
from orders.models import Order, PaymentIntent, Refund, Return
from orders.queries.pages import lines_of
from orders.rules import tax_in

if TYPE_CHECKING:
    from datetime import datetime

    from orders.models import ReturnLine, TillSlip
    from orders.queries.pages import LineView
    from stores.models import Store
    from stores.permissions import Actor

GIVEN_UP = (OrderStatus.CANCELLED, OrderStatus.EXPIRED)


@dataclass(frozen=True, slots=True)
class ReceiptOrder:
    """One order with what it cost."""

    number: str
    way_label: str
    lines: tuple[LineView, ...]
    charges_fen: int
    total_fen: int


@dataclass(frozen=True, slots=True)
class ReceiptTender:
    """How an amount was paid; of cash what was given and what came back, of others what their slip says."""

    label: str
    amount_fen: int
    given_fen: int | None = None
    slip: str = ""

    @property
    def change_fen(self) -> int:
        """Return what the shopper got back of the cash."""
        return (self.given_fen or self.amount_fen) - self.amount_fen


@dataclass(frozen=True, slots=True)
class ReceiptPiece:
    """A piece that was brought back with this purchase."""

    name: str
    number: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Tax:
    """The VAT inside what was bought at one rate."""

    rate_percent: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is printed. `store` is where it was sold, None for the web; `phone_masked` whom it may be sent to."""

    order: Order
    store: Store | None
    printed_number: str
    sold_at: datetime
    orders: tuple[ReceiptOrder, ...]
    pieces: tuple[ReceiptPiece, ...]
    tenders: tuple[ReceiptTender, ...]
    refunds: tuple[ReceiptTender, ...]
    taxes: tuple[Tax, ...]
    phone_masked: str

    @property
    def total_fen(self) -> int:
        """Return what was bought in all."""
        return sum(order.total_fen for order in self.orders)

    @property
    def back_fen(self) -> int:
        """Return what was brought back in all."""
        return sum(piece.amount_fen for piece in self.pieces)

    @property
    def left_fen(self) -> int:
        """Return what is still to be paid."""
        return self.total_fen - sum(tender.amount_fen for tender in self.tenders)


def get_receipt_order(actor: Actor, number: str) -> Order:
    """Return an order that a store of the actor's sold, took money for, or hands out.

    :raises NotFound: when there is none of this number, or not for this actor.
    """
    stores, normalised = actor.store_ids(), number.strip().upper()
    here = (
        Q(lines__selling_store__in=stores)
        | Q(allocations__intent__drawer__store__in=stores)
        | Q(fulfillment__pickup_store__in=stores)
    )
    found = Order.objects.filter(here, number=normalised).select_related("brand", "fulfillment")
    order = found.first() if is_valid_number(normalised) else None
    if order is None:
        raise NotFound
    return order


def receipt_of(order: Order) -> Receipt:
    """Read the receipt of an order, with the others of its checkout when a store sold them together."""
    orders = _orders(order)
    cases = _cases(order)
    intents = PaymentIntent.objects.filter(allocations__order__in=orders, status=IntentStatus.SUCCEEDED).distinct()
    line = order.lines.select_related("selling_store__brand").first()
    return Receipt(
        order=order,
        store=line.selling_store if line else None,
        printed_number=order.number,
        sold_at=order.paid_at or order.placed_at,
        orders=tuple(_order(row) for row in orders),
        pieces=tuple(_piece(piece) for case in cases for piece in _live(case)),
        tenders=tuple(_tender(intent) for intent in intents.select_related("slip").order_by("pk")),
        refunds=tuple(_refund(refund) for refund in _refunds(cases)),
        taxes=_taxes(orders),
        phone_masked=_masked(order),
    )


def _orders(order: Order) -> list[Order]:
    """Return the orders that stand on one receipt, the oldest first."""
    if order.channel not in STORE_CHANNELS:
        return [order]
    together = Order.objects.filter(checkout=order.checkout_id, channel__in=STORE_CHANNELS)
    rows = together.exclude(~Q(pk=order.pk), status__in=GIVEN_UP)
    return list(rows.select_related("fulfillment").order_by("pk"))


def _cases(order: Order) -> list[Return]:
    """Return what was brought back in the same checkout of a store, and is no exchange of one of its orders."""
    if order.channel not in STORE_CHANNELS:
        return []
    rows = Return.objects.filter(checkout=order.checkout_id, status__in=TAKEN_BACK_RETURNS)
    return list(rows.exclude(order__checkout=order.checkout_id).order_by("pk"))


def _live(case: Return) -> list[ReturnLine]:
    return list(case.lines.filter(is_live=True).select_related("order_line", "case__order").order_by("pk"))


def _refunds(cases: list[Return]) -> list[Refund]:
    """Return what went back in money for what was brought back, part by part."""
    causes = Q(pk__in=[])
    for case in cases:
        causes |= Q(cause=f"return:{case.pk}") | Q(cause__startswith=f"return:{case.pk}:rest")
    return list(Refund.objects.filter(causes).select_related("intent", "through").order_by("pk"))


def _order(order: Order) -> ReceiptOrder:
    charges_fen = sum(charge.amount_fen for charge in order.charges.filter(is_cancelled=False, kind="delivery"))
    way_label = str(order.fulfillment.get_way_display())
    return ReceiptOrder(order.number, way_label, lines_of(order), charges_fen, order.total_fen)


def _piece(piece: ReturnLine) -> ReceiptPiece:
    return ReceiptPiece(bilingual.name_of(piece.order_line), piece.case.order.number, piece.refund_fen)


def _tender(intent: PaymentIntent) -> ReceiptTender:
    slip: TillSlip | None = getattr(intent, "slip", None)
    text = "" if slip is None else slip.receipt_number or (f"{slip.terminal} {slip.trace}" if slip.trace else "")
    label = str(PaymentMethod(intent.method).label)
    return ReceiptTender(label, intent.amount_fen, slip.given_fen if slip else None, text)


def _refund(refund: Refund) -> ReceiptTender:
    return ReceiptTender(str(PaymentMethod(refund.provider_intent.method).label), refund.amount_fen)


def _taxes(orders: list[Order]) -> tuple[Tax, ...]:
    """Return the VAT inside, rate by rate; delivery is taxed as the goods that it comes with."""
    amounts: dict[int, int] = defaultdict(int)
    for order in orders:
        lines = list(order.lines.order_by("pk"))
        for line in lines:
            amounts[line.tax_rate_ppm] += line.total_fen
        if lines:
            amounts[lines[0].tax_rate_ppm] += order.charges_fen
    return tuple(Tax(f"{rate / 10_000:g}", tax_in(fen, rate)) for rate, fen in sorted(amounts.items()) if fen)


def _masked(order: Order) -> str:
    if not order.contact_phone_sealed:
        return ""
    return sealing.mask_phone(sealing.unseal(order.contact_phone_sealed))


def receipt_words(order: Order, language: str) -> dict[str, str]:
    """Return what a message about a receipt says, in a language."""
    with translation.override(language):
        return {"brand": bilingual.name_of(order.brand), "number": order.number}
