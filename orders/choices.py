from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from stores import choices as stores_choices

# Somebody of a store sells, with the shopper there.
STORE_CHANNELS = frozenset(
    {stores_choices.Channel.COUNTER, stores_choices.Channel.SCAN_TO_PAY, stores_choices.Channel.ENDLESS_AISLE}
)


class OrderStatus(models.TextChoices):
    PLACED = "placed", _("Waiting for payment")
    PAID = "paid", _("Paid")
    PROCESSING = "processing", _("Being prepared")
    COMPLETED = "completed", _("Completed")
    CANCEL_REQUESTED = "cancel_requested", _("Cancellation requested")
    CANCELLED = "cancelled", _("Cancelled")
    EXPIRED = "expired", _("Expired")


ORDER_TRANSITIONS: dict[OrderStatus, frozenset[OrderStatus]] = {
    OrderStatus.PLACED: frozenset({OrderStatus.PAID, OrderStatus.EXPIRED, OrderStatus.CANCELLED}),
    OrderStatus.PAID: frozenset(
        {OrderStatus.PROCESSING, OrderStatus.COMPLETED, OrderStatus.CANCEL_REQUESTED, OrderStatus.CANCELLED}
    ),
    OrderStatus.PROCESSING: frozenset({OrderStatus.COMPLETED, OrderStatus.CANCEL_REQUESTED, OrderStatus.CANCELLED}),
    OrderStatus.CANCEL_REQUESTED: frozenset(
        {OrderStatus.CANCELLED, OrderStatus.PAID, OrderStatus.PROCESSING, OrderStatus.COMPLETED}
    ),
    OrderStatus.COMPLETED: frozenset(),
    OrderStatus.CANCELLED: frozenset(),
    OrderStatus.EXPIRED: frozenset(),
}


class Ending(models.TextChoices):
    """What an unpaid order becomes once all its payments are closed."""

    EXPIRED = OrderStatus.EXPIRED.value, _("Expired")
    CANCELLED = OrderStatus.CANCELLED.value, _("Cancelled")


class CancelReason(models.TextChoices):
    """Why a shopper cancels, if they like to say."""

    CHANGED_MIND = "changed_mind", _("I changed my mind")
    WRONG_CHOICE = "wrong_choice", _("Wrong size, colour or address")
    TOO_SLOW = "too_slow", _("It takes too long")
    CHEAPER = "cheaper", _("I found it cheaper")
    OTHER = "other", pgettext_lazy("reason", "Something else")


class ChargeStatus(models.TextChoices):
    """Derived from payments and refunds, never written."""

    NONE = "none", _("Not paid")
    PART = "part", _("Partly paid")
    FULL = "full", _("Paid")
    OVER = "over", _("Paid too much")


class FulfilStatus(models.TextChoices):
    """Derived from the units that reached the shopper, never written."""

    NONE = "none", _("Not fulfilled")
    PART = "part", _("Partly fulfilled")
    FULL = "full", _("Fulfilled")


class ReturnedStatus(models.TextChoices):
    """Derived from the pieces that came back, never written."""

    NONE = "none", _("Nothing returned")
    PART = "part", _("Partly returned")
    FULL = "full", _("Returned")


class ChargeKind(models.TextChoices):
    """COLLECTION: what a shopper pays for having a return collected; taken from the refund."""

    DELIVERY = "delivery", _("Delivery")
    COLLECTION = "collection", _("Collection of a return")


class PaymentMethod(models.TextChoices):
    """How money comes in.

    RETURN_CREDIT is what came back of an order, used for another one; nobody can choose it. Alipay and the codes that
    a shopper shows on the phone have their place beside WECHAT_NATIVE: here, in PROVIDER_METHODS, and in
    `orders.clients.provider_of`.
    """

    WECHAT_NATIVE = "wechat_native", _("WeChat Pay")
    CARD = "card", _("Card")
    MALL_TILL = "mall_till", _("The mall's till")
    CASH = "cash", _("Cash")
    RETURN_CREDIT = "return_credit", _("Returned goods")


SHOPPER_METHODS = (PaymentMethod.WECHAT_NATIVE,)
# A provider is asked about these; of the next ones only the people at the till know, so nothing drives them.
PROVIDER_METHODS = (PaymentMethod.WECHAT_NATIVE,)
TILL_METHODS = (PaymentMethod.CARD, PaymentMethod.MALL_TILL, PaymentMethod.CASH)
# In this order the tenders of an order are given back.
REFUND_ORDER = (*PROVIDER_METHODS, *TILL_METHODS, PaymentMethod.RETURN_CREDIT)


class DrawerStatus(models.TextChoices):
    """COUNTED: closed for cash, and the difference is large enough to wait for the manager."""

    OPEN = "open", pgettext_lazy("till", "Open")
    COUNTED = "counted", pgettext_lazy("till", "Counted, to be confirmed")
    CLOSED = "closed", pgettext_lazy("till", "Closed")


DRAWER_TRANSITIONS: dict[DrawerStatus, frozenset[DrawerStatus]] = {
    DrawerStatus.OPEN: frozenset({DrawerStatus.COUNTED, DrawerStatus.CLOSED}),
    DrawerStatus.COUNTED: frozenset({DrawerStatus.CLOSED}),
    DrawerStatus.CLOSED: frozenset(),
}


class MovementKind(models.TextChoices):
    """Why the cash in a drawer becomes more or less."""

    TENDER = "tender", pgettext_lazy("till", "Payment")
    REFUND = "refund", pgettext_lazy("till", "Refund")
    PAID_IN = "paid_in", pgettext_lazy("till", "Paid in")
    PAID_OUT = "paid_out", pgettext_lazy("till", "Paid out")


class IntentStatus(models.TextChoices):
    CREATED = "created", _("Created")
    PENDING = "pending", _("Waiting for payment")
    UNKNOWN = "unknown", _("Unknown, being queried")
    SUCCEEDED = "succeeded", _("Paid")
    CLOSING = "closing", _("Being closed")
    CLOSED = "closed", pgettext_lazy("payment", "Closed")
    FAILED = "failed", _("Failed")
    ORPHAN_PAID = "orphan_paid", _("Paid after closing")
    ORPHAN_REFUNDED = "orphan_refunded", _("Paid after closing, refunded")


_I = IntentStatus

# What the provider may still let somebody pay.
LIVE_INTENTS = (_I.CREATED, _I.PENDING, _I.UNKNOWN, _I.CLOSING)

INTENT_TRANSITIONS: dict[IntentStatus, frozenset[IntentStatus]] = {
    _I.CREATED: frozenset({_I.PENDING, _I.UNKNOWN, _I.SUCCEEDED, _I.CLOSING, _I.CLOSED, _I.FAILED, _I.ORPHAN_PAID}),
    _I.PENDING: frozenset({_I.SUCCEEDED, _I.CLOSING, _I.UNKNOWN, _I.CLOSED, _I.ORPHAN_PAID}),
    _I.UNKNOWN: frozenset({_I.PENDING, _I.SUCCEEDED, _I.CLOSING, _I.CLOSED, _I.FAILED, _I.ORPHAN_PAID}),
    _I.CLOSING: frozenset({_I.CLOSED, _I.SUCCEEDED, _I.ORPHAN_PAID}),
    _I.SUCCEEDED: frozenset(),
    _I.CLOSED: frozenset({_I.ORPHAN_PAID}),
    _I.FAILED: frozenset({_I.ORPHAN_PAID}),
    _I.ORPHAN_PAID: frozenset({_I.ORPHAN_REFUNDED}),
    _I.ORPHAN_REFUNDED: frozenset(),
}


class RefundStatus(models.TextChoices):
    REQUESTED = "requested", _("Requested")
    PROCESSING = "processing", _("Being refunded")
    SUCCEEDED = "succeeded", _("Refunded")
    ABNORMAL = "abnormal", _("Needs attention")


REFUND_TRANSITIONS: dict[RefundStatus, frozenset[RefundStatus]] = {
    RefundStatus.REQUESTED: frozenset({RefundStatus.PROCESSING, RefundStatus.SUCCEEDED, RefundStatus.ABNORMAL}),
    RefundStatus.PROCESSING: frozenset({RefundStatus.SUCCEEDED, RefundStatus.ABNORMAL, RefundStatus.REQUESTED}),
    RefundStatus.ABNORMAL: frozenset({RefundStatus.SUCCEEDED, RefundStatus.PROCESSING, RefundStatus.REQUESTED}),
    RefundStatus.SUCCEEDED: frozenset(),
}


class RefundReason(models.TextChoices):
    CANCELLED = "cancelled", _("Cancelled")
    UNFILLABLE = "unfillable", _("Could not be fulfilled")
    LOST = "lost", _("Lost on the way")
    RETURNED = "returned", _("Came back undelivered")
    NOT_COLLECTED = "not_collected", _("Not collected in time")
    ORPHAN = "orphan", _("Paid after closing")
    GOODS_RETURNED = "goods_returned", _("Returned")
    EXCHANGED = "exchanged", _("Used for an exchange")


# Money that goes back for what had been sold; everything else goes back before it was.
AFTER_SALE = (RefundReason.GOODS_RETURNED, RefundReason.EXCHANGED)


class TryOnStatus(models.TextChoices):
    """BOUGHT and PART say what the shopper keeps, to be bought at the counter: nothing is paid by a booking."""

    REQUESTED = "requested", pgettext_lazy("try-on", "Requested")
    CONFIRMED = "confirmed", _("Booked")
    PREPARED = "prepared", _("Ready to try on")
    CHECKED_IN = "checked_in", _("Arrived")
    IN_ROOM = "in_room", _("In the fitting room")
    BOUGHT = "bought", _("All kept")
    PART = "part", _("Some kept")
    DECLINED = "declined", _("Nothing kept")
    NO_SHOW = "no_show", _("Did not come")
    CANCELLED = "cancelled", _("Cancelled")


_T = TryOnStatus
_OUTCOMES = frozenset({_T.BOUGHT, _T.PART, _T.DECLINED})

TRY_ON_TRANSITIONS: dict[TryOnStatus, frozenset[TryOnStatus]] = {
    _T.REQUESTED: frozenset({_T.CONFIRMED, _T.CANCELLED}),
    _T.CONFIRMED: frozenset({_T.PREPARED, _T.CHECKED_IN, _T.NO_SHOW, _T.CANCELLED}),
    _T.PREPARED: frozenset({_T.CHECKED_IN, _T.NO_SHOW, _T.CANCELLED}),
    _T.CHECKED_IN: _OUTCOMES | {_T.IN_ROOM},
    _T.IN_ROOM: _OUTCOMES,
    _T.BOUGHT: frozenset(),
    _T.PART: frozenset(),
    _T.DECLINED: frozenset(),
    _T.NO_SHOW: frozenset(),
    _T.CANCELLED: frozenset(),
}
# The shopper may still call it off, or stay away.
OPEN_TRY_ONS = (_T.REQUESTED, _T.CONFIRMED, _T.PREPARED)
# Something is set aside to be bought.
KEPT_TRY_ONS = (_T.BOUGHT, _T.PART)


class NoticeOutcome(models.TextChoices):
    """What became of a payment notice."""

    APPLIED = "applied", _("Applied")
    REPEATED = "repeated", _("Already known")
    QUARANTINED = "quarantined", _("Does not match")


class TitleKind(models.TextChoices):
    PERSON = "person", _("A person")
    COMPANY = "company", _("A company")


class InvoiceKind(models.TextChoices):
    BLUE = "blue", _("Invoice")
    RED = "red", _("Red invoice")


class InvoiceStatus(models.TextChoices):
    REQUESTED = "requested", pgettext_lazy("invoice", "Asked for")
    ISSUING = "issuing", pgettext_lazy("invoice", "Being issued")
    ISSUED = "issued", pgettext_lazy("invoice", "Issued")
    REFUSED = "refused", pgettext_lazy("invoice", "Refused")
    REVERSING = "reversing", pgettext_lazy("invoice", "Being taken back")
    REVERSED = "reversed", pgettext_lazy("invoice", "Taken back")


INVOICE_TRANSITIONS: dict[InvoiceStatus, frozenset[InvoiceStatus]] = {
    InvoiceStatus.REQUESTED: frozenset({InvoiceStatus.ISSUING, InvoiceStatus.ISSUED, InvoiceStatus.REFUSED}),
    InvoiceStatus.ISSUING: frozenset({InvoiceStatus.ISSUED, InvoiceStatus.REFUSED}),
    InvoiceStatus.REFUSED: frozenset({InvoiceStatus.REQUESTED}),
    InvoiceStatus.ISSUED: frozenset({InvoiceStatus.REVERSING}),
    InvoiceStatus.REVERSING: frozenset({InvoiceStatus.REVERSED}),
    InvoiceStatus.REVERSED: frozenset({InvoiceStatus.REQUESTED}),
}
# What the provider is still to be asked about.
OPEN_INVOICES = (InvoiceStatus.REQUESTED, InvoiceStatus.ISSUING, InvoiceStatus.REVERSING)


class ReturnKind(models.TextChoices):
    RETURN = "return", _("Return")
    EXCHANGE = "exchange", _("Exchange")


class ReturnWay(models.TextChoices):
    """How goods come back."""

    BRING = "bring", _("Bring it to a store")
    COLLECT = "collect", _("Have it collected")


class ReturnReason(models.TextChoices):
    TOO_SMALL = "too_small", _("Too small")
    TOO_LARGE = "too_large", _("Too large")
    NOT_WANTED = "not_wanted", _("I changed my mind")
    UNLIKE_PICTURE = "unlike_picture", _("Not as shown")
    FAULTY = "faulty", _("Faulty or damaged")
    WRONG_ITEM = "wrong_item", _("Not what I ordered")


# For these the brand pays: collection, and the delivery when everything comes back.
OUR_FAULTS = frozenset({ReturnReason.UNLIKE_PICTURE, ReturnReason.FAULTY, ReturnReason.WRONG_ITEM})


class ReturnStatus(models.TextChoices):
    REQUESTED = "requested", pgettext_lazy("return", "Requested")
    APPROVED = "approved", pgettext_lazy("return", "Agreed")
    DROPPED_AT_STORE = "dropped_at_store", pgettext_lazy("return", "Left at the store")
    IN_TRANSIT = "in_transit", pgettext_lazy("return", "With the courier")
    RECEIVED = "received", pgettext_lazy("return", "Received")
    INSPECTED = "inspected", pgettext_lazy("return", "Looked at")
    REFUND_DUE = "refund_due", pgettext_lazy("return", "Refund on its way")
    REFUNDED = "refunded", pgettext_lazy("return", "Refunded")
    CLOSED = "closed", pgettext_lazy("return", "Finished")
    REJECTED = "rejected", pgettext_lazy("return", "Refused")
    CANCELLED = "cancelled", pgettext_lazy("return", "Called off")
    EXPIRED = "expired", pgettext_lazy("return", "Never arrived")


_R = ReturnStatus

RETURN_TRANSITIONS: dict[ReturnStatus, frozenset[ReturnStatus]] = {
    _R.REQUESTED: frozenset({_R.APPROVED, _R.REJECTED}),
    _R.APPROVED: frozenset({_R.DROPPED_AT_STORE, _R.IN_TRANSIT, _R.CANCELLED, _R.EXPIRED}),
    _R.DROPPED_AT_STORE: frozenset({_R.RECEIVED}),
    # A courier who could not deliver brings it back to the shopper; one who lost it has had it on our account.
    _R.IN_TRANSIT: frozenset({_R.RECEIVED, _R.APPROVED, _R.CANCELLED, _R.INSPECTED}),
    _R.RECEIVED: frozenset({_R.INSPECTED, _R.REJECTED}),
    _R.INSPECTED: frozenset({_R.REFUND_DUE, _R.CLOSED}),
    _R.REFUND_DUE: frozenset({_R.REFUNDED}),
    _R.REFUNDED: frozenset({_R.CLOSED}),
    _R.CLOSED: frozenset(),
    _R.REJECTED: frozenset(),
    _R.CANCELLED: frozenset(),
    _R.EXPIRED: frozenset(),
}

# The pieces of these stay with the shopper, or went back to them.
GIVEN_UP_RETURNS = (_R.REJECTED, _R.CANCELLED, _R.EXPIRED)
# The goods are taken back: their sale is reversed.
TAKEN_BACK_RETURNS = (_R.INSPECTED, _R.REFUND_DUE, _R.REFUNDED, _R.CLOSED)
FINAL_RETURNS = (_R.CLOSED, *GIVEN_UP_RETURNS)


class Condition(models.TextChoices):
    """What a clerk finds of one piece. Of the last three nothing enters the stock; a lost one is paid all the same."""

    RESELL = "resell", _("As new: back on sale")
    REFURBISH = "refurbish", _("To be cleaned or repaired")
    SCRAP = "scrap", _("Cannot be sold again")
    REFUSED = "refused", _("Worn or altered: not taken back")
    MISSING = "missing", _("Not in the parcel")
    LOST = "lost", _("Lost by the courier")


DESK_CONDITIONS = (
    Condition.RESELL,
    Condition.REFURBISH,
    Condition.SCRAP,
    Condition.REFUSED,
    Condition.MISSING,
)
NOT_TAKEN = frozenset({Condition.REFUSED, Condition.MISSING})
# What is taken back over a counter; the shopper keeps anything else.
TAKEN_CONDITIONS = (Condition.RESELL, Condition.REFURBISH, Condition.SCRAP)


class CounterBasketStatus(models.TextChoices):
    OPEN = "open", pgettext_lazy("counter basket", "Open")
    PARKED = "parked", pgettext_lazy("counter basket", "Parked")
    PAYING = "paying", pgettext_lazy("counter basket", "Being paid")
    SETTLED = "settled", pgettext_lazy("counter basket", "Settled")
    DROPPED = "dropped", pgettext_lazy("counter basket", "Dropped")


_B = CounterBasketStatus

COUNTER_BASKET_TRANSITIONS: dict[CounterBasketStatus, frozenset[CounterBasketStatus]] = {
    _B.OPEN: frozenset({_B.PARKED, _B.PAYING, _B.DROPPED}),
    _B.PARKED: frozenset({_B.OPEN, _B.DROPPED}),
    # Given up, it may be changed and paid again.
    _B.PAYING: frozenset({_B.SETTLED, _B.OPEN}),
    _B.SETTLED: frozenset(),
    _B.DROPPED: frozenset(),
}


class CounterLineKind(models.TextChoices):
    SALE = "sale", pgettext_lazy("counter line", "Taken away")
    SEND_HOME = "send_home", pgettext_lazy("counter line", "Sent home")
    KEPT = "kept", pgettext_lazy("counter line", "Tried on and kept")
    COLLECTION = "collection", pgettext_lazy("counter line", "Paid, to be handed over")
    RETURN = "return", pgettext_lazy("counter line", "Returned")


class PhoneWay(models.TextChoices):
    """How a shopper who pays on their phone gets the goods; AS_IS: as the guide has put it, line by line."""

    AS_IS = "as-is", pgettext_lazy("phone", "As we have agreed")
    TAKE = "take", pgettext_lazy("phone", "I take it with me")
    HOME = "home", pgettext_lazy("phone", "Send it home")


class ManualMode(models.TextChoices):
    """What staff take off a line: a price for one, an amount, or a part of the price."""

    PRICE = "price", pgettext_lazy("discount", "Price of one")
    AMOUNT = "amount", pgettext_lazy("discount", "Amount off")
    PERCENT = "percent", pgettext_lazy("discount", "Percent off")
