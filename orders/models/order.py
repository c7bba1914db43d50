from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from orders.choices import (
    INTENT_TRANSITIONS,
    ORDER_TRANSITIONS,
    REFUND_TRANSITIONS,
    ChargeKind,
    Ending,
    IntentStatus,
    NoticeOutcome,
    OrderStatus,
    PaymentMethod,
    RefundReason,
    RefundStatus,
)
from stores import choices as stores_choices


class Basket(models.Model):
    """What a shopper means to buy of one brand; holds nothing.

    `token` is an account's (`orders.rules.account_token`), the same on every device, or what a guest's browser keeps.
    """

    token = models.CharField(_("token"), max_length=40)
    brand = models.ForeignKey("stores.Brand", models.PROTECT, related_name="+", verbose_name=_("brand"))
    updated_at = models.DateTimeField(_("updated at"))

    class Meta:
        verbose_name = _("basket")
        verbose_name_plural = _("baskets")
        constraints = [models.UniqueConstraint(fields=["token", "brand"], name="orders_basket_unique")]
        indexes = [models.Index(fields=["updated_at"], name="orders_basket_age")]

    def __str__(self) -> str:
        return f"{self.brand_id} {self.pk}"


class BasketLine(models.Model):
    """`seen_price_fen` is the unit price the shopper saw; checkout shows a difference before anything is paid."""

    basket = models.ForeignKey(Basket, models.CASCADE, related_name="lines", verbose_name=_("basket"))
    variant = models.ForeignKey("inventory.Variant", models.PROTECT, related_name="+", verbose_name=_("variant"))
    quantity = models.PositiveIntegerField(_("quantity"))
    seen_price_fen = models.PositiveIntegerField(_("price seen (fen)"))

    class Meta:
        verbose_name = _("basket line")
        verbose_name_plural = _("basket lines")
        constraints = [
            models.UniqueConstraint(fields=["basket", "variant"], name="orders_basket_line_unique"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="orders_basket_line_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.variant_id} x {self.quantity}"


class Checkout(models.Model):
    """Groups orders, returns and exchanges that are settled together."""

    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("checkout")
        verbose_name_plural = _("checkouts")

    def __str__(self) -> str:
        return str(self.pk)


class Order(models.Model):
    """An agreement with one brand. Charge and fulfil status are derived (`orders.queries`), never stored.

    `ending_as` is set while an unpaid order waits for its payments to be closed: it can no longer be paid anew.
    `due_at` is when the sweeper expires it (unpaid), or cancels what has been parked because no store can fulfill it.
    """

    TRANSITIONS = ORDER_TRANSITIONS

    checkout = models.ForeignKey(Checkout, models.PROTECT, related_name="orders", verbose_name=_("checkout"))
    number = models.CharField(_("number"), max_length=32, unique=True)
    brand = models.ForeignKey("stores.Brand", models.PROTECT, related_name="+", verbose_name=_("brand"))
    member = models.ForeignKey(
        "members.Member", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("member")
    )
    fulfillment = models.OneToOneField(
        "fulfillment.Fulfillment", models.PROTECT, related_name="+", verbose_name=_("fulfillment")
    )
    channel = models.CharField(_("channel"), max_length=16, choices=stores_choices.Channel.choices)
    status = models.CharField(_("status"), max_length=20, choices=OrderStatus.choices, default=OrderStatus.PLACED)
    held_status = models.CharField(_("status before the cancellation request"), max_length=20, blank=True)
    ending_as = models.CharField(
        _("what it becomes when its payments are closed"), max_length=10, choices=Ending.choices, blank=True
    )
    contact_name = models.CharField(_("contact"), max_length=60)
    contact_phone_sealed = models.CharField(_("phone (encrypted)"), max_length=200)
    contact_phone_index = models.CharField(_("phone (blind index)"), max_length=64)
    language = models.CharField(_("language"), max_length=10, default="zh-hans")
    goods_fen = models.PositiveBigIntegerField(_("goods (fen)"))
    charges_fen = models.PositiveBigIntegerField(_("charges (fen)"))
    total_fen = models.PositiveBigIntegerField(_("total (fen)"))
    placed_at = models.DateTimeField(_("placed at"))
    expires_at = models.DateTimeField(_("expires at"))
    paid_at = models.DateTimeField(_("paid at"), null=True, blank=True)
    due_at = models.DateTimeField(_("to be looked at"), null=True, blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    cancel_reason = models.CharField(_("reason of cancellation"), max_length=120, blank=True)
    has_shared_offers = models.BooleanField(_("priced with others of its checkout"), default=False, db_default=False)

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        constraints = [
            models.CheckConstraint(
                condition=Q(total_fen=F("goods_fen") + F("charges_fen")), name="orders_order_total_adds_up"
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="orders_order_due"),
            models.Index(fields=["brand", "-id"], name="orders_order_brand_newest"),
            models.Index(fields=["contact_phone_index"], name="orders_order_phone"),
        ]

    def __str__(self) -> str:
        return self.number


class OrderLine(models.Model):
    """One SKU of an order, with everything frozen that its money and credit will ever need."""

    order = models.ForeignKey(Order, models.PROTECT, related_name="lines", verbose_name=_("order"))
    fulfillment_line = models.OneToOneField(
        "fulfillment.FulfillmentLine", models.PROTECT, related_name="+", verbose_name=_("fulfillment line")
    )
    variant = models.ForeignKey("inventory.Variant", models.PROTECT, related_name="+", verbose_name=_("variant"))
    sku = models.CharField(_("SKU"), max_length=40)
    name_zh = models.CharField(_("name in Chinese"), max_length=120)
    name_en = models.CharField(_("name in English"), max_length=180)
    quantity = models.PositiveIntegerField(_("quantity"))
    cancelled_quantity = models.PositiveIntegerField(_("cancelled"), default=0)
    returned_quantity = models.PositiveIntegerField(_("returned, or to be"), default=0, db_default=0)
    unit_price_fen = models.PositiveIntegerField(_("unit price (fen)"))
    tag_price_fen = models.PositiveIntegerField(_("tag price (fen)"))
    discount_fen = models.PositiveBigIntegerField(_("adjustments (fen)"), default=0)
    total_fen = models.PositiveBigIntegerField(_("line total (fen)"))
    tax_rate_ppm = models.PositiveIntegerField(_("VAT rate (ppm)"))
    collector = models.CharField(
        _("collector"), max_length=12, choices=stores_choices.Collector.choices, default=stores_choices.Collector.BRAND
    )
    selling_store = models.ForeignKey(
        "stores.Store", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("selling store")
    )
    guide = models.ForeignKey(
        "stores.Staff", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("guide")
    )
    guide_evidence = models.CharField(_("evidence for the guide"), max_length=40, blank=True)

    class Meta:
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="orders_line_positive"),
            models.CheckConstraint(
                condition=Q(cancelled_quantity__lte=F("quantity")), name="orders_line_cancelled_within_quantity"
            ),
            models.CheckConstraint(
                condition=Q(returned_quantity__lte=F("quantity") - F("cancelled_quantity")),
                name="orders_line_returned_within_quantity",
            ),
            models.CheckConstraint(
                condition=Q(total_fen=F("unit_price_fen") * F("quantity") - F("discount_fen")),
                name="orders_line_total_adds_up",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sku} x {self.quantity}"


class LineAdjustment(models.Model):
    """What one offer takes off one line, and who bears it. Append-only; Σ of a line = its `discount_fen`.

    `source` names the offer to members ("coupon:17"), `kind` is one of `members.choices.AdjustmentKind`. `funders` are
    frozen, [party, fen] each, and sum to the amount; the party "brand" is the seller itself. What staff take off at the
    counter has a reason in `note`, and above the brand's limit a manager who approved it.
    """

    order_line = models.ForeignKey(OrderLine, models.PROTECT, related_name="adjustments", verbose_name=_("order line"))
    kind = models.CharField(_("kind"), max_length=16)
    source = models.CharField(_("source"), max_length=60)
    name_zh = models.CharField(_("name in Chinese"), max_length=120)
    name_en = models.CharField(_("name in English"), max_length=180)
    amount_fen = models.PositiveBigIntegerField(_("amount (fen)"))
    funders = models.JSONField(_("borne by"))
    note = models.CharField(_("reason"), max_length=120, blank=True, default="", db_default="")
    approved_by = models.ForeignKey(
        "stores.Staff", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("approved by")
    )

    class Meta:
        verbose_name = _("adjustment")
        verbose_name_plural = _("adjustments")
        constraints = [models.CheckConstraint(condition=Q(amount_fen__gt=0), name="orders_adjustment_positive")]

    def __str__(self) -> str:
        return f"{self.source} {self.amount_fen}"


class OrderCharge(models.Model):
    """An amount that is not goods.

    Delivery is refunded when nothing of the order was ever handed over, or when all of it comes back by our fault. The
    collection of a return is charged when the return is taken back.
    """

    order = models.ForeignKey(Order, models.PROTECT, related_name="charges", verbose_name=_("order"))
    kind = models.CharField(_("kind"), max_length=10, choices=ChargeKind.choices)
    amount_fen = models.PositiveBigIntegerField(_("amount (fen)"))
    is_cancelled = models.BooleanField(_("cancelled"), default=False)

    class Meta:
        verbose_name = _("charge")
        verbose_name_plural = _("charges")
        constraints = [
            models.UniqueConstraint(
                fields=["order", "kind"], condition=Q(kind=ChargeKind.DELIVERY), name="orders_charge_delivery_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount_fen}"


class Recognition(models.Model):
    """A sale at the moment it became one: units of a line, or a charge. Append-only.

    `amount_fen` is what the shopper paid for it, `funding` what others than the brand bear of its price, {party: fen}.
    `cause` is unique (e.g. "fulfillment_order_line:7", "charge:3"): the same hand-over never counts twice. A return
    adds a mirror for each piece (`reversal_of`, quantity -1, amount below zero).
    """

    order = models.ForeignKey(Order, models.PROTECT, related_name="recognitions", verbose_name=_("order"))
    order_line = models.ForeignKey(
        OrderLine, models.PROTECT, null=True, related_name="recognitions", verbose_name=_("order line")
    )
    charge = models.ForeignKey(
        OrderCharge, models.PROTECT, null=True, related_name="recognitions", verbose_name=_("charge")
    )
    fulfilling_store = models.ForeignKey(
        "stores.Store", models.PROTECT, related_name="+", verbose_name=_("fulfilling store")
    )
    quantity = models.IntegerField(_("quantity"))
    amount_fen = models.BigIntegerField(_("amount (fen)"))
    funding = models.JSONField(_("borne by others"), default=dict, db_default={})
    reversal_of = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="reversals", verbose_name=_("takes back")
    )
    cause = models.CharField(_("cause"), max_length=60, unique=True)
    recognised_at = models.DateTimeField(_("recognised at"))
    business_on = models.DateField(_("business date"))

    class Meta:
        verbose_name = _("recognised sale")
        verbose_name_plural = _("recognised sales")
        constraints = [
            models.CheckConstraint(
                condition=Q(order_line__isnull=False, charge__isnull=True)
                | Q(order_line__isnull=True, charge__isnull=False),
                name="orders_recognition_line_or_charge",
            ),
            models.CheckConstraint(
                condition=Q(reversal_of__isnull=True, quantity__gt=0)
                | Q(reversal_of__isnull=False, quantity=-1, amount_fen__lte=0),
                name="orders_recognition_mirror_is_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cause} {self.amount_fen}"


class PaymentIntent(models.Model):
    """One attempt to collect a checkout's money for one legal entity, committed before the provider is called.

    It is for one or several orders of the checkout (`IntentAllocation`). `drawer` is the till at which it was taken.
    `refunded_fen` is the sum of its refunds, whatever their status; it never exceeds the amount. `failures` counts the
    attempts since an answer was last written: each puts the next one off for longer. Credit for returned goods is made
    of a refund that went nowhere else: `credit_of`.
    """

    TRANSITIONS = INTENT_TRANSITIONS

    checkout = models.ForeignKey(Checkout, models.PROTECT, related_name="intents", verbose_name=_("checkout"))
    brand = models.ForeignKey("stores.Brand", models.PROTECT, related_name="+", verbose_name=_("brand"))
    method = models.CharField(_("method"), max_length=16, choices=PaymentMethod.choices)
    merchant_id = models.CharField(_("merchant number"), max_length=32)
    out_trade_no = models.CharField(_("our payment number"), max_length=32, unique=True)
    provider_trade_no = models.CharField(_("provider's payment number"), max_length=40, blank=True)
    amount_fen = models.PositiveBigIntegerField(_("amount (fen)"))
    refunded_fen = models.PositiveBigIntegerField(_("refunds asked for (fen)"), default=0)
    status = models.CharField(_("status"), max_length=16, choices=IntentStatus.choices, default=IntentStatus.CREATED)
    credit_of = models.OneToOneField(
        "orders.Refund", models.PROTECT, null=True, blank=True, related_name="credit", verbose_name=_("credit of")
    )
    code_url = models.CharField(_("payment link"), max_length=300, blank=True)
    drawer = models.ForeignKey(
        "orders.DrawerSession", models.PROTECT, null=True, blank=True, related_name="intents", verbose_name=_("till")
    )
    expires_at = models.DateTimeField(_("expires at"))
    succeeded_at = models.DateTimeField(_("paid at"), null=True, blank=True)
    closing_since = models.DateTimeField(_("being closed since"), null=True, blank=True)
    next_attempt_at = models.DateTimeField(_("next attempt at"), null=True, blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    failures = models.PositiveSmallIntegerField(_("failed attempts"), default=0, db_default=0)
    last_error = models.CharField(_("last error"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        constraints = [
            models.CheckConstraint(condition=Q(amount_fen__gt=0), name="orders_intent_positive"),
            models.CheckConstraint(
                condition=Q(refunded_fen__lte=F("amount_fen")), name="orders_intent_refunds_within_amount"
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"], condition=Q(next_attempt_at__isnull=False), name="orders_intent_due"
            )
        ]

    def __str__(self) -> str:
        return f"{self.out_trade_no} {self.status}"


class IntentAllocation(models.Model):
    """How much of a payment is for which order. A refund of that order takes from it, and never more than there is."""

    intent = models.ForeignKey(PaymentIntent, models.PROTECT, related_name="allocations", verbose_name=_("payment"))
    order = models.ForeignKey(Order, models.PROTECT, related_name="allocations", verbose_name=_("order"))
    amount_fen = models.PositiveBigIntegerField(_("amount (fen)"))
    refunded_fen = models.PositiveBigIntegerField(_("refunds asked for (fen)"), default=0, db_default=0)

    class Meta:
        verbose_name = _("allocation of a payment")
        verbose_name_plural = _("allocations of payments")
        constraints = [
            models.UniqueConstraint(fields=["intent", "order"], name="orders_allocation_unique"),
            models.CheckConstraint(
                condition=Q(refunded_fen__lte=F("amount_fen")), name="orders_allocation_refunds_within_amount"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.intent_id}: {self.order_id} {self.amount_fen}"


class PaymentNotice(models.Model):
    """Every authentic notice of a provider, stored before it is acted on; unique by the provider's event id."""

    provider = models.CharField(_("provider"), max_length=20)
    event_id = models.CharField(_("event id"), max_length=64)
    event_type = models.CharField(_("event type"), max_length=40)
    intent = models.ForeignKey(
        PaymentIntent, models.PROTECT, null=True, related_name="notices", verbose_name=_("payment")
    )
    body = models.JSONField(_("body"))
    outcome = models.CharField(_("outcome"), max_length=12, choices=NoticeOutcome.choices)
    problem = models.CharField(_("problem"), max_length=120, blank=True)
    received_at = models.DateTimeField(_("received at"))

    class Meta:
        verbose_name = _("payment notice")
        verbose_name_plural = _("payment notices")
        constraints = [models.UniqueConstraint(fields=["provider", "event_id"], name="orders_notice_unique")]

    def __str__(self) -> str:
        return f"{self.event_id} {self.outcome}"


class Refund(models.Model):
    """Money on its way back. `cause` is unique: what failed once is refunded once, under the same provider number.

    What was paid with credit for returned goods goes back `through` the payment that had paid for those goods. What was
    taken at a till waits there, in no hurry of its own, until somebody gives it back; `drawer` is where that was.
    """

    TRANSITIONS = REFUND_TRANSITIONS

    intent = models.ForeignKey(PaymentIntent, models.PROTECT, related_name="refunds", verbose_name=_("payment"))
    order = models.ForeignKey(
        Order, models.PROTECT, null=True, blank=True, related_name="refunds", verbose_name=_("order")
    )
    through = models.ForeignKey(
        PaymentIntent,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="refunds_of_credit",
        verbose_name=_("goes back through"),
    )
    drawer = models.ForeignKey(
        "orders.DrawerSession", models.PROTECT, null=True, blank=True, related_name="refunds", verbose_name=_("till")
    )
    out_refund_no = models.CharField(_("our refund number"), max_length=40, unique=True)
    provider_refund_no = models.CharField(_("provider's refund number"), max_length=40, blank=True)
    amount_fen = models.PositiveBigIntegerField(_("amount (fen)"))
    reason = models.CharField(_("reason"), max_length=16, choices=RefundReason.choices)
    cause = models.CharField(_("cause"), max_length=60, unique=True)
    status = models.CharField(_("status"), max_length=12, choices=RefundStatus.choices, default=RefundStatus.REQUESTED)
    next_attempt_at = models.DateTimeField(_("next attempt at"), null=True, blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    last_error = models.CharField(_("last error"), max_length=200, blank=True)
    requested_at = models.DateTimeField(_("requested at"))
    succeeded_at = models.DateTimeField(_("refunded at"), null=True, blank=True)

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        constraints = [models.CheckConstraint(condition=Q(amount_fen__gt=0), name="orders_refund_positive")]
        indexes = [
            models.Index(
                fields=["next_attempt_at"], condition=Q(next_attempt_at__isnull=False), name="orders_refund_due"
            )
        ]

    def __str__(self) -> str:
        return f"{self.out_refund_no} {self.status}"

    @property
    def provider_intent(self) -> PaymentIntent:
        """The payment that the provider knows, from which the money comes back."""
        return self.through or self.intent
