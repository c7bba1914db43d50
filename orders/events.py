"""What orders tells settlement and those above. The first field names the entity."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class OrderPlaced:
    order_id: int
    placed_at: datetime
    total_fen: int


@dataclass(frozen=True)
class OrderPaid:
    """The order is paid in full; its goods are allocated and go to routing.

    The amount is what this last payment brought: nothing, when all of it was told as `OrderPaidInPart`.
    """

    order_id: int
    intent_id: int
    paid_at: datetime
    amount_fen: int


@dataclass(frozen=True)
class OrderPaidInPart:
    """A part of an order is paid: another tender, or goods that come back for an exchange, are to pay for the rest."""

    order_id: int
    intent_id: int
    paid_at: datetime
    amount_fen: int


@dataclass(frozen=True)
class CheckoutSettled:
    """A store's checkout came to nothing: its orders are paid, and what its returns bring beyond that is under way."""

    checkout_id: int
    settled_at: datetime


@dataclass(frozen=True)
class DrawerClosed:
    """A till was counted, and a difference that is large has been confirmed. Over is above zero, short below."""

    drawer_id: int
    brand_id: int
    closed_at: datetime
    difference_fen: int


@dataclass(frozen=True)
class SaleRecognised:
    """A unit or charge of an order became a sale: book its money and its credit. One event a recognition row."""

    order_id: int
    recognition_id: int
    recognised_at: datetime
    amount_fen: int


@dataclass(frozen=True)
class RefundSucceeded:
    """Money of an order went back to the shopper."""

    order_id: int
    refund_id: int
    refunded_at: datetime
    amount_fen: int


@dataclass(frozen=True)
class OrphanPaid:
    """Money came for an intent that was already given up; it is owed back."""

    intent_id: int
    paid_at: datetime
    amount_fen: int


@dataclass(frozen=True)
class OrphanRefunded:
    intent_id: int
    refund_id: int
    refunded_at: datetime
    amount_fen: int


@dataclass(frozen=True)
class OrderExpired:
    order_id: int
    expired_at: datetime


@dataclass(frozen=True)
class OrderCancelled:
    order_id: int
    cancelled_at: datetime


@dataclass(frozen=True)
class TryOnConfirmed:
    """Goods are held for somebody to try on."""

    try_on_id: int
    confirmed_at: datetime


@dataclass(frozen=True)
class TryOnNear:
    """A booking begins soon: the shopper is to be reminded."""

    try_on_id: int
    starts_at: datetime


@dataclass(frozen=True)
class TryOnCancelled:
    """A booking will not be; `is_by_store` when the store does not have the goods after all."""

    try_on_id: int
    cancelled_at: datetime
    is_by_store: bool


@dataclass(frozen=True)
class TryOnEnded:
    """A booking is over, and nothing is held for it any more: kept, declined, or nobody came."""

    try_on_id: int
    ended_at: datetime


@dataclass(frozen=True)
class OrderCompleted:
    order_id: int
    completed_at: datetime


@dataclass(frozen=True)
class InvoiceIssued:
    order_id: int
    document_id: int
    issued_at: datetime
    amount_fen: int


@dataclass(frozen=True)
class InvoiceNotIssued:
    """The provider refused the invoice; the shopper may mend its title and ask again."""

    order_id: int
    invoice_id: int
    refused_at: datetime


@dataclass(frozen=True)
class InvoiceReversed:
    """A red invoice took the issued one back after a return; what is left is invoiced anew."""

    order_id: int
    document_id: int
    reversed_at: datetime
    amount_fen: int


@dataclass(frozen=True)
class SaleReversed:
    """A piece or charge came back: book the mirror of what its sale booked. `amount_fen` is below zero, or nothing."""

    order_id: int
    recognition_id: int
    reversed_at: datetime
    amount_fen: int


@dataclass(frozen=True)
class ReturnAgreed:
    """The shopper may bring the goods, or a courier comes for them."""

    order_id: int
    return_id: int
    agreed_at: datetime


@dataclass(frozen=True)
class ReturnCollected:
    """A courier has the goods, and rides to the store."""

    order_id: int
    return_id: int
    store_id: int
    collected_at: datetime


@dataclass(frozen=True)
class ReturnNotCollected:
    """No courier brings the goods: the shopper may. `reason`: see fulfillment's `CollectionFailure`."""

    order_id: int
    return_id: int
    failed_at: datetime
    reason: str


@dataclass(frozen=True)
class ReturnReceived:
    """The goods are at a store of the brand, still to be looked at."""

    order_id: int
    return_id: int
    store_id: int
    received_at: datetime


@dataclass(frozen=True)
class ReturnTakenBack:
    """The goods were looked at and are taken back: their sale is reversed, and their money is due."""

    order_id: int
    return_id: int
    store_id: int
    taken_back_at: datetime
    refund_fen: int


@dataclass(frozen=True)
class ReturnGivenUp:
    """The goods stay with the shopper. `outcome`: "cancelled", "expired" (never arrived), "rejected"."""

    order_id: int
    return_id: int
    given_up_at: datetime
    outcome: str
