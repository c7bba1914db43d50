from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orders.choices import (
    COUNTER_BASKET_TRANSITIONS,
    Condition,
    CounterBasketStatus,
    CounterLineKind,
    ManualMode,
    ReturnReason,
)
from orders.models.order import Checkout, Recognition
from orders.models.try_on import TryOnLine

# One line a variant: more of it raises the quantity.
COUNTED_KINDS = (CounterLineKind.SALE, CounterLineKind.SEND_HOME)


class CounterBasket(models.Model):
    """What a store sells, takes back and hands over to one shopper, with one net amount, settled once.

    `staff` is who sells. `token` is the secret in the QR code that the shopper may scan. While it is PAYING its orders
    stand, unpaid and holding their goods, in `checkout`; `is_giving_up` until their payments are closed. `returns_fen`
    is what its returned pieces are worth, as it was shown. `due_at` is when the sweeper looks at it; null once it is
    over. The recipient is for what is sent home.
    """

    TRANSITIONS = COUNTER_BASKET_TRANSITIONS

    number = models.CharField(_("number"), max_length=32, unique=True)
    token = models.CharField(_("token"), max_length=43, unique=True)
    brand = models.ForeignKey("stores.Brand", models.PROTECT, related_name="+", verbose_name=_("brand"))
    store = models.ForeignKey("stores.Store", models.PROTECT, related_name="+", verbose_name=_("store"))
    staff = models.ForeignKey("stores.Staff", models.PROTECT, related_name="+", verbose_name=_("sold by"))
    member = models.ForeignKey(
        "members.Member", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("member")
    )
    status = models.CharField(
        _("status"), max_length=10, choices=CounterBasketStatus.choices, default=CounterBasketStatus.OPEN
    )
    is_scanned = models.BooleanField(_("paid on the shopper's phone"), default=False, db_default=False)
    is_giving_up = models.BooleanField(_("payment is being given up"), default=False)
    checkout = models.OneToOneField(
        Checkout, models.PROTECT, null=True, blank=True, related_name="counter_basket", verbose_name=_("checkout")
    )
    returns_fen = models.PositiveBigIntegerField(_("returned pieces (fen)"), default=0)
    coupon_codes = ArrayField(models.CharField(max_length=40), default=list, blank=True, verbose_name=_("coupons"))
    points = models.PositiveIntegerField(_("points to spend"), default=0)
    note = models.CharField(_("note"), max_length=60, blank=True)
    recipient_name = models.CharField(_("recipient"), max_length=60, blank=True)
    recipient_phone_sealed = models.CharField(_("phone (encrypted)"), max_length=200, blank=True)
    district = models.ForeignKey(
        "stores.District", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("district")
    )
    street = models.CharField(_("street and number"), max_length=200, blank=True)
    opened_at = models.DateTimeField(_("opened at"))
    updated_at = models.DateTimeField(_("updated at"))
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    due_at = models.DateTimeField(_("to be looked at"), null=True, blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)

    class Meta:
        verbose_name = _("counter basket")
        verbose_name_plural = _("counter baskets")
        constraints = [
            models.CheckConstraint(
                condition=Q(finished_at__isnull=False) | Q(due_at__isnull=False), name="orders_counter_basket_is_due"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=[CounterBasketStatus.OPEN, CounterBasketStatus.PARKED])
                | Q(checkout__isnull=True, is_giving_up=False),
                name="orders_counter_basket_no_orders_before_paying",
            ),
        ]
        indexes = [
            models.Index(fields=["store", "status", "-updated_at"], name="orders_counter_basket_desk"),
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="orders_counter_basket_due"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.status}"


class CounterLine(models.Model):
    """One thing in a counter basket.

    SALE and SEND_HOME: units of a variant, at today's price less what staff take off (`manual_*`; above the brand's
    limit `approved_by` is a manager). KEPT: a piece of a try-on that is bought. COLLECTION: a paid order's share that
    is handed over for the `pickup_code` that was shown. RETURN: one unit of one sale, looked at already; `allowed_by`
    is a manager who takes it out of time. Of a `collection` it is a unit of a `share_line`, declined before it was
    sold: settling hands the collection over and fills in the sale.
    """

    basket = models.ForeignKey(CounterBasket, models.CASCADE, related_name="lines", verbose_name=_("counter basket"))
    kind = models.CharField(_("kind"), max_length=10, choices=CounterLineKind.choices)
    variant = models.ForeignKey(
        "inventory.Variant", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("variant")
    )
    quantity = models.PositiveIntegerField(_("quantity"), default=1)
    manual_mode = models.CharField(_("discount by staff"), max_length=8, choices=ManualMode.choices, blank=True)
    manual_value = models.PositiveBigIntegerField(_("fen, or ppm"), default=0)
    manual_reason = models.CharField(_("reason of the discount"), max_length=120, blank=True)
    approved_by = models.ForeignKey(
        "stores.Staff", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("approved by")
    )
    try_on_line = models.ForeignKey(
        TryOnLine, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("piece tried on")
    )
    share = models.ForeignKey(
        "fulfillment.FulfillmentOrder",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("paid order to hand over"),
    )
    pickup_code = models.ForeignKey(
        "fulfillment.PickupCode",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("pickup code that was shown"),
    )
    collection = models.ForeignKey(
        "self",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="declined",
        verbose_name=_("collection that it is given back of"),
    )
    share_line = models.ForeignKey(
        "fulfillment.FulfillmentOrderLine",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("line of the paid order"),
    )
    sale = models.ForeignKey(
        Recognition, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("recognised sale")
    )
    unit = models.PositiveIntegerField(_("unit of the sale"), null=True, blank=True)
    condition = models.CharField(_("condition"), max_length=12, choices=Condition.choices, blank=True)
    reason = models.CharField(_("reason"), max_length=20, choices=ReturnReason.choices, blank=True)
    allowed_by = models.ForeignKey(
        "stores.Staff", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("allowed by")
    )

    class Meta:
        verbose_name = _("line of a counter basket")
        verbose_name_plural = _("lines of counter baskets")
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="orders_counter_line_positive"),
            models.CheckConstraint(
                condition=Q(kind__in=COUNTED_KINDS, variant__isnull=False)
                | Q(kind=CounterLineKind.KEPT, variant__isnull=False, try_on_line__isnull=False, quantity=1)
                | Q(kind=CounterLineKind.COLLECTION, share__isnull=False, pickup_code__isnull=False)
                | Q(kind=CounterLineKind.RETURN, unit__isnull=False, quantity=1)
                & (Q(sale__isnull=False) | Q(collection__isnull=False, share_line__isnull=False)),
                name="orders_counter_line_fits_kind",
            ),
            models.UniqueConstraint(
                fields=["basket", "variant", "kind"],
                condition=Q(kind__in=COUNTED_KINDS),
                name="orders_counter_line_variant_once",
            ),
            models.UniqueConstraint(fields=["basket", "sale", "unit"], name="orders_counter_line_piece_once"),
            models.UniqueConstraint(fields=["basket", "try_on_line"], name="orders_counter_line_kept_once"),
            models.UniqueConstraint(fields=["basket", "share"], name="orders_counter_line_share_once"),
            models.UniqueConstraint(
                fields=["collection", "share_line", "unit"], name="orders_counter_line_declined_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.variant_id or self.sale_id or self.share_id} x {self.quantity}"
