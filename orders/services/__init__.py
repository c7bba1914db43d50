"""The use cases of orders."""

from orders.clients import NoticeRejected
from orders.services.basket import (
    BasketChanged,
    add_to_basket,
    change_basket_line,
    join_baskets,
    order_basket,
    sweep_baskets,
)
from orders.services.cancelling import (
    NothingParked,
    OrderNotCancellable,
    cancel_order,
    cancel_unfillable,
    retry_parked,
)
from orders.services.ending import expire_order
from orders.services.erasure import erase_person
from orders.services.invoices import (
    InvalidTitle,
    InvoiceExists,
    OrderNotInvoiceable,
    drive_invoice,
    request_invoice,
    review_invoice,
)
from orders.services.notices import drive_notice
from orders.services.payment import (
    OrderNotPayable,
    PaymentTooLate,
    UnknownPaymentMethod,
    drive_intent,
    start_payment,
)
from orders.services.placing import (
    InvalidChoice,
    InvalidPhone,
    PlacedOrder,
    PlaceOrder,
    PriceChanged,
    PromiseChanged,
    TotalChanged,
    UnknownDistrict,
    UnknownPickupStore,
    UnknownSku,
    WantedLine,
    place_order,
)
from orders.services.recognition import (
    park,
    recognise_delivered,
    refund_cancelled,
    resume_after_refusal,
    start_processing,
)
from orders.services.refunds import RefundExceedsPayment, RefundNotAbnormal, drive_refund, retry_refund
from orders.services.sweeping import drive_due_rows, drive_rows

__all__ = [
    "BasketChanged",
    "InvalidChoice",
    "InvalidPhone",
    "InvalidTitle",
    "InvoiceExists",
    "NothingParked",
    "NoticeRejected",
    "OrderNotCancellable",
    "OrderNotInvoiceable",
    "OrderNotPayable",
    "PaymentTooLate",
    "PlaceOrder",
    "PlacedOrder",
    "PriceChanged",
    "PromiseChanged",
    "RefundExceedsPayment",
    "RefundNotAbnormal",
    "TotalChanged",
    "UnknownDistrict",
    "UnknownPaymentMethod",
    "UnknownPickupStore",
    "UnknownSku",
    "WantedLine",
    "add_to_basket",
    "cancel_order",
    "cancel_unfillable",
    "change_basket_line",
    "drive_due_rows",
    "drive_intent",
    "drive_invoice",
    "drive_notice",
    "drive_refund",
    "drive_rows",
    "erase_person",
    "expire_order",
    "join_baskets",
    "order_basket",
    "park",
    "place_order",
    "recognise_delivered",
    "refund_cancelled",
    "request_invoice",
    "resume_after_refusal",
    "retry_parked",
    "retry_refund",
    "review_invoice",
    "start_payment",
    "start_processing",
    "sweep_baskets",
]
