from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField, RangeOperators
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Abs, Coalesce, Cos, Radians, Sin
from django.db.models.lookups import LessThan
from django.utils.translation import gettext_lazy as _

from stores.choices import Channel, Collector, CounterpartyKind, Role, StoreKind

# Stands for no district where stores are ordered by theirs; behind every code.
NO_DISTRICT = "~"


class District(models.Model):
    """A county-level division with its centre (WGS-84); the geocoder that works offline."""

    code = models.CharField(_("code"), max_length=6, primary_key=True)
    province = models.CharField(_("province"), max_length=40)
    city = models.CharField(_("city"), max_length=40)
    name = models.CharField(_("district"), max_length=40)
    province_en = models.CharField(_("province in English"), max_length=80)
    city_en = models.CharField(_("city in English"), max_length=80)
    name_en = models.CharField(_("district in English"), max_length=80)
    lat = models.FloatField(_("latitude"))
    lng = models.FloatField(_("longitude"))

    class Meta:
        verbose_name = _("district")
        verbose_name_plural = _("districts")

    def __str__(self) -> str:
        return f"{self.province} {self.city} {self.name}"


class Brand(models.Model):
    code = models.SlugField(_("code"), max_length=20, unique=True)
    name_zh = models.CharField(_("name in Chinese"), max_length=60)
    name_en = models.CharField(_("name in English"), max_length=60)
    legal_entity = models.CharField(_("legal entity"), max_length=120)
    accent = models.CharField(_("accent colour"), max_length=7, default="#1f1f1f")
    delivery_fee_fen = models.PositiveIntegerField(_("delivery fee (fen)"), default=1200)
    sends_express = models.BooleanField(
        _("sends by express what is beyond the courier's reach"), default=True, db_default=True
    )
    express_fee_fen = models.PositiveIntegerField(_("express fee (fen)"), default=1500, db_default=1500)
    free_delivery_from_fen = models.PositiveIntegerField(_("free delivery from (fen)"), default=29900)
    preparation_minutes = models.PositiveSmallIntegerField(_("minutes a store needs to prepare an order"), default=60)
    promise_reach_metres = models.PositiveIntegerField(
        _("how far delivery by courier is promised (metres)"), default=60_000
    )
    manual_discount_ppm = models.PositiveIntegerField(
        _("discount that sales staff may give alone (ppm)"), default=100_000, db_default=100_000
    )

    class Meta:
        verbose_name = _("brand")
        verbose_name_plural = _("brands")

    def __str__(self) -> str:
        return self.name_zh


class Counterparty(models.Model):
    """Who a contract is made with: a mall, a franchisee, a courier, a platform."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    kind = models.CharField(_("kind"), max_length=12, choices=CounterpartyKind.choices)
    name_zh = models.CharField(_("name in Chinese"), max_length=80)
    name_en = models.CharField(_("name in English"), max_length=80)
    legal_entity = models.CharField(_("legal entity"), max_length=120, blank=True)
    tax_number = models.CharField(_("tax number"), max_length=30, blank=True)
    district = models.ForeignKey(District, models.PROTECT, null=True, blank=True, verbose_name=_("district"))

    class Meta:
        verbose_name = _("counterparty")
        verbose_name_plural = _("counterparties")

    def __str__(self) -> str:
        return self.name_zh


class Store(models.Model):
    """A place that holds stock. The point is WGS-84; `ux, uy, uz` is the same point on the unit sphere.

    `opens_minutes` and `closes_minutes` hold seven values, Monday first, in minutes after midnight (Asia/Shanghai);
    a closing time past midnight is above 1440, and -1 in both means closed that day.
    """

    brand = models.ForeignKey(Brand, models.PROTECT, verbose_name=_("brand"))
    code = models.CharField(_("code"), max_length=32)
    name_zh = models.CharField(_("name in Chinese"), max_length=80)
    name_en = models.CharField(_("name in English"), max_length=120, blank=True)
    kind = models.CharField(_("kind"), max_length=12, choices=StoreKind.choices, default=StoreKind.DIRECT)
    mall = models.ForeignKey(
        Counterparty, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("mall")
    )
    franchisee = models.ForeignKey(
        Counterparty, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("franchisee")
    )
    district = models.ForeignKey(District, models.PROTECT, null=True, blank=True, verbose_name=_("district"))
    address = models.CharField(_("address"), max_length=200, blank=True)
    phone = models.CharField(_("phone"), max_length=30, blank=True)
    lat = models.FloatField(_("latitude"))
    lng = models.FloatField(_("longitude"))
    ux = models.FloatField(editable=False)
    uy = models.FloatField(editable=False)
    uz = models.FloatField(editable=False)
    opens_minutes = ArrayField(models.SmallIntegerField(), size=7, verbose_name=_("opens (minutes)"))
    closes_minutes = ArrayField(models.SmallIntegerField(), size=7, verbose_name=_("closes (minutes)"))
    offers_shipping = models.BooleanField(_("ships orders"), default=True)
    offers_pickup = models.BooleanField(_("shoppers collect here"), default=True)
    offers_try_on = models.BooleanField(_("try-on bookings"), default=True)
    takes_returns = models.BooleanField(_("takes returns"), default=True)
    consents_to_routing = models.BooleanField(_("takes web orders (franchise consent)"), default=True)
    is_active = models.BooleanField(_("active"), default=True)
    daily_capacity = models.PositiveIntegerField(_("web orders a day"), default=60)
    default_safety = models.PositiveSmallIntegerField(_("safety stock of a SKU"), default=0)
    try_ons_per_slot = models.PositiveSmallIntegerField(_("try-on bookings in a half-hour"), default=2, db_default=2)

    class Meta:
        verbose_name = _("store")
        verbose_name_plural = _("stores")
        constraints = [
            models.UniqueConstraint(fields=["brand", "code"], name="stores_store_code_unique"),
            models.CheckConstraint(
                condition=Q(lat__gte=-90, lat__lte=90, lng__gte=-180, lng__lte=180), name="stores_store_on_earth"
            ),
            models.CheckConstraint(
                condition=Q(opens_minutes__len=7, closes_minutes__len=7), name="stores_store_seven_days"
            ),
            # Within a metre: distances come from the vector alone, so a wrong one would route to a wrong store unseen.
            models.CheckConstraint(
                condition=Q(
                    LessThan(Abs(F("ux") - Cos(Radians("lat")) * Cos(Radians("lng"))), 1e-7),
                    LessThan(Abs(F("uy") - Cos(Radians("lat")) * Sin(Radians("lng"))), 1e-7),
                    LessThan(Abs(F("uz") - Sin(Radians("lat"))), 1e-7),
                ),
                name="stores_store_vector_is_point",
            ),
            models.UniqueConstraint(
                fields=["brand"], condition=Q(kind=StoreKind.TRANSIT), name="stores_store_one_transit"
            ),
            models.CheckConstraint(
                condition=~Q(kind=StoreKind.TRANSIT, is_active=True), name="stores_store_transit_not_active"
            ),
        ]
        # The order in which the finder goes from city to city; stores without a district come last.
        indexes = [models.Index(Coalesce("district_id", Value(NO_DISTRICT)), "id", name="stores_store_by_city")]

    def __str__(self) -> str:
        return f"{self.code} {self.name_zh}"


class HoursException(models.Model):
    """Other hours on one day; both times null: closed."""

    store = models.ForeignKey(Store, models.CASCADE, related_name="hours_exceptions", verbose_name=_("store"))
    on_date = models.DateField(_("date"))
    opens_minute = models.SmallIntegerField(_("opens (minutes)"), null=True, blank=True)
    closes_minute = models.SmallIntegerField(_("closes (minutes)"), null=True, blank=True)

    class Meta:
        verbose_name = _("hours exception")
        verbose_name_plural = _("hours exceptions")
        constraints = [
            models.UniqueConstraint(fields=["store", "on_date"], name="stores_hours_exception_unique"),
            models.CheckConstraint(
                condition=Q(opens_minute__isnull=True, closes_minute__isnull=True)
                | Q(opens_minute__isnull=False, closes_minute__isnull=False)
                & Q(opens_minute__gte=0, closes_minute__gt=F("opens_minute")),
                name="stores_hours_exception_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.store_id} {self.on_date}"


class StoreCapacity(models.Model):
    """How many fulfillment orders a store takes on a promised date. No row: `Store.daily_capacity`, none used."""

    store = models.ForeignKey(Store, models.PROTECT, verbose_name=_("store"))
    on_date = models.DateField(_("date"))
    limit = models.PositiveIntegerField(_("limit"))
    used = models.PositiveIntegerField(_("used"), default=0)

    class Meta:
        verbose_name = _("store capacity")
        verbose_name_plural = _("store capacities")
        constraints = [
            models.UniqueConstraint(fields=["store", "on_date"], name="stores_capacity_unique"),
            models.CheckConstraint(condition=Q(used__lte=F("limit")), name="stores_capacity_within_limit"),
        ]

    def __str__(self) -> str:
        return f"{self.store_id} {self.on_date} {self.used}/{self.limit}"


class StoreSlot(models.Model):
    """How many try-on bookings a store has for a half-hour. No row: `Store.try_ons_per_slot`, none used."""

    store = models.ForeignKey(Store, models.PROTECT, verbose_name=_("store"))
    starts_at = models.DateTimeField(_("starts at"))
    limit = models.PositiveSmallIntegerField(_("limit"))
    used = models.PositiveSmallIntegerField(_("used"), default=0)

    class Meta:
        verbose_name = _("try-on slot")
        verbose_name_plural = _("try-on slots")
        constraints = [
            models.UniqueConstraint(fields=["store", "starts_at"], name="stores_slot_unique"),
            models.CheckConstraint(condition=Q(used__lte=F("limit")), name="stores_slot_within_limit"),
        ]

    def __str__(self) -> str:
        return f"{self.store_id} {self.starts_at} {self.used}/{self.limit}"


class Staff(models.Model):
    """What an account may do: a role in one store, for one brand, or for one counterparty."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("account"))
    role = models.CharField(_("role"), max_length=12, choices=Role.choices)
    brand = models.ForeignKey(Brand, models.PROTECT, null=True, blank=True, verbose_name=_("brand"))
    store = models.ForeignKey(Store, models.PROTECT, null=True, blank=True, verbose_name=_("store"))
    counterparty = models.ForeignKey(
        Counterparty, models.PROTECT, null=True, blank=True, verbose_name=_("counterparty")
    )
    display_name = models.CharField(_("display name"), max_length=60, blank=True)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("staff member")
        verbose_name_plural = _("staff")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "role", "brand", "store", "counterparty"],
                name="stores_staff_unique",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(role__in=["clerk", "guide", "manager"], store__isnull=False)
                | Q(role__in=["region", "hq"], brand__isnull=False)
                | Q(role="mall_finance", counterparty__isnull=False),
                name="stores_staff_place_fits_role",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.display_name or self.user_id} ({self.role})"


class ApprovalPin(models.Model):
    """The six digits, hashed, by which a manager approves at the desk of a store; one for each store they manage.

    `renewed_at` is when all tries are back; null while none was wrong.
    """

    staff = models.OneToOneField(Staff, models.CASCADE, primary_key=True, related_name="pin", verbose_name=_("manager"))
    hashed = models.CharField(_("PIN (hashed)"), max_length=128)
    tries_left = models.PositiveSmallIntegerField(_("tries left"))
    renewed_at = models.DateTimeField(_("tries are back at"), null=True, blank=True)
    set_at = models.DateTimeField(_("set at"))

    class Meta:
        verbose_name = _("PIN for approvals")
        verbose_name_plural = _("PINs for approvals")

    def __str__(self) -> str:
        return f"staff {self.staff_id}"


class StoreCollector(models.Model):
    """Who takes the money of a channel in a store, by date: written in the admin until contracts publish it down."""

    store = models.ForeignKey(Store, models.PROTECT, related_name="collectors", verbose_name=_("store"))
    channel = models.CharField(_("channel"), max_length=16, choices=Channel.choices)
    collector = models.CharField(_("collector"), max_length=12, choices=Collector.choices)
    valid = DateRangeField(_("valid"))

    class Meta:
        verbose_name = _("collector")
        verbose_name_plural = _("collectors")
        constraints = [
            ExclusionConstraint(
                name="stores_collector_no_overlap",
                expressions=[
                    ("store", RangeOperators.EQUAL),
                    ("channel", RangeOperators.EQUAL),
                    ("valid", RangeOperators.OVERLAPS),
                ],
            )
        ]

    def __str__(self) -> str:
        return f"{self.store_id} {self.channel} {self.collector}"

    def clean(self) -> None:
        """Refuse a mall or franchisee that the store does not have.

        :raises ValidationError: with field "collector".
        """
        owner = {Collector.MALL: self.store.mall_id, Collector.FRANCHISEE: self.store.franchisee_id}
        if owner.get(Collector(self.collector), self.store_id) is None:
            raise ValidationError({"collector": _("The store has none.")})
