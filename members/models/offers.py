"""What is taken off prices: promotions, coupons, and the record of their uses."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField, DateTimeRangeField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from members.choices import COUPON_TRANSITIONS, Benefit, CouponStatus, RestorePolicy
from members.models.members import Member
from members.rules import offers as rules

WHOLE_PPM = 1_000_000


class OfferTerms(models.Model):
    """What an offer takes off, of which lines, where, and who bears it. An empty list of a scope means all."""

    brand = models.ForeignKey("stores.Brand", models.PROTECT, related_name="+", verbose_name=_("brand"))
    name_zh = models.CharField(_("name in Chinese"), max_length=40)
    name_en = models.CharField(_("name in English"), max_length=60)
    benefit = models.CharField(_("benefit"), max_length=8, choices=Benefit.choices)
    amount_fen = models.PositiveIntegerField(_("amount off (fen)"), null=True, blank=True)
    percent_ppm = models.PositiveIntegerField(_("share off (ppm)"), null=True, blank=True)
    cap_fen = models.PositiveIntegerField(_("at most (fen)"), null=True, blank=True)
    threshold_fen = models.PositiveIntegerField(_("from an amount of (fen)"), default=0)
    threshold_units = models.PositiveSmallIntegerField(_("from so many items"), default=0)
    category_ids = ArrayField(models.BigIntegerField(), default=list, blank=True, verbose_name=_("categories"))
    product_ids = ArrayField(models.BigIntegerField(), default=list, blank=True, verbose_name=_("products"))
    excludes_marked_down = models.BooleanField(_("not for marked-down goods"), default=False)
    channels = ArrayField(models.CharField(max_length=12), default=list, blank=True, verbose_name=_("channels"))
    store_ids = ArrayField(models.BigIntegerField(), default=list, blank=True, verbose_name=_("stores"))
    valid = DateTimeRangeField(_("valid"))
    group = models.CharField(_("stacking group"), max_length=30, blank=True)
    is_exclusive = models.BooleanField(_("not together with others"), default=False)
    priority = models.SmallIntegerField(_("priority"), default=0)
    brand_ppm = models.PositiveIntegerField(_("borne by the brand (ppm)"), default=WHOLE_PPM)
    store_ppm = models.PositiveIntegerField(_("borne by the store (ppm)"), default=0)
    mall_ppm = models.PositiveIntegerField(_("borne by the mall (ppm)"), default=0)
    platform_ppm = models.PositiveIntegerField(_("borne by the platform (ppm)"), default=0)
    total_limit = models.PositiveIntegerField(_("limit in all"), null=True, blank=True)
    per_member_limit = models.PositiveSmallIntegerField(_("limit per member"), null=True, blank=True)
    is_running = models.BooleanField(_("running"), default=True)
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(benefit=Benefit.AMOUNT, amount_fen__gt=0, percent_ppm__isnull=True)
                | Q(benefit=Benefit.PERCENT, percent_ppm__gt=0, percent_ppm__lt=WHOLE_PPM, amount_fen__isnull=True),
                name="%(app_label)s_%(class)s_one_benefit",
            ),
            models.CheckConstraint(
                condition=Q(brand_ppm=WHOLE_PPM - F("store_ppm") - F("mall_ppm") - F("platform_ppm")),
                name="%(app_label)s_%(class)s_funded_whole",
            ),
            models.CheckConstraint(
                condition=Q(cap_fen__isnull=True) | Q(cap_fen__gt=0), name="%(app_label)s_%(class)s_cap_positive"
            ),
        ]

    def __str__(self) -> str:
        return self.name_zh

    @property
    def funders(self) -> tuple[tuple[str, int], ...]:
        """Return who bears it, in parts per million."""
        return rules.funders_of((self.brand_ppm, self.store_ppm, self.mall_ppm, self.platform_ppm))


class Promotion(OfferTerms):
    """Taken off by itself where it fits. `used_count` counts only while there is a total limit."""

    used_count = models.PositiveIntegerField(_("used"), default=0)

    class Meta(OfferTerms.Meta):
        verbose_name = _("promotion")
        verbose_name_plural = _("promotions")
        constraints = [
            *OfferTerms.Meta.constraints,
            models.CheckConstraint(
                condition=Q(total_limit__isnull=True) | Q(used_count__lte=F("total_limit")),
                name="members_promotion_within_limit",
            ),
        ]
        indexes = [models.Index(fields=["brand"], condition=Q(is_running=True), name="members_promotion_running")]


class CouponTemplate(OfferTerms):
    """What a coupon is worth. Within `valid` it is issued; a coupon ends with it, or so many days after its issue."""

    validity_days = models.PositiveSmallIntegerField(_("usable for days"), null=True, blank=True)
    is_claimable = models.BooleanField(_("in the coupon centre"), default=False)
    is_welcome = models.BooleanField(_("issued on joining"), default=False)
    public_code = models.CharField(_("code to type"), max_length=20, blank=True)
    restore_policy = models.CharField(
        _("after a full cancellation"), max_length=8, choices=RestorePolicy.choices, default=RestorePolicy.RESTORE
    )
    extra_days = models.PositiveSmallIntegerField(_("usable for days after it came back"), default=7)
    issued_count = models.PositiveIntegerField(_("issued"), default=0)

    class Meta(OfferTerms.Meta):
        verbose_name = _("coupon template")
        verbose_name_plural = _("coupon templates")
        constraints = [
            *OfferTerms.Meta.constraints,
            models.CheckConstraint(
                condition=Q(total_limit__isnull=True) | Q(issued_count__lte=F("total_limit")),
                name="members_coupontemplate_within_limit",
            ),
            models.UniqueConstraint(
                fields=["brand", "public_code"], condition=~Q(public_code=""), name="members_coupontemplate_code_unique"
            ),
        ]


class CouponTally(models.Model):
    """How many coupons of a template a member was issued; the guard of the limit per member."""

    template = models.ForeignKey(CouponTemplate, models.PROTECT, related_name="+", verbose_name=_("coupon template"))
    member = models.ForeignKey(Member, models.PROTECT, related_name="+", verbose_name=_("member"))
    issued_count = models.PositiveSmallIntegerField(_("issued"), default=0)

    class Meta:
        verbose_name = _("coupons of a member")
        verbose_name_plural = _("coupons of members")
        constraints = [models.UniqueConstraint(fields=["template", "member"], name="members_coupontally_unique")]

    def __str__(self) -> str:
        return f"{self.template_id} {self.member_id} {self.issued_count}"


class Coupon(models.Model):
    """A member's right to take something off once. The code is random and check-digited; it is no secret."""

    TRANSITIONS = COUPON_TRANSITIONS

    template = models.ForeignKey(CouponTemplate, models.PROTECT, related_name="+", verbose_name=_("coupon template"))
    member = models.ForeignKey(Member, models.PROTECT, related_name="coupons", verbose_name=_("member"))
    code = models.CharField(_("code"), max_length=20, unique=True)
    status = models.CharField(_("status"), max_length=8, choices=CouponStatus.choices)
    issued_at = models.DateTimeField(_("issued at"))
    expires_at = models.DateTimeField(_("expires at"))
    used_at = models.DateTimeField(_("used at"), null=True, blank=True)

    class Meta:
        verbose_name = _("coupon")
        verbose_name_plural = _("coupons")
        indexes = [
            models.Index(fields=["member", "-id"], name="members_coupon_of_member"),
            models.Index(
                fields=["expires_at"], condition=Q(status=CouponStatus.ISSUED), name="members_coupon_expiring"
            ),
        ]

    def __str__(self) -> str:
        return self.code


class OfferUse(models.Model):
    """That an owner above ("order:12") uses an offer: a promotion, a coupon, or points; until it is given back."""

    owner = models.CharField(_("owner"), max_length=60)
    member = models.ForeignKey(
        Member, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("member")
    )
    promotion = models.ForeignKey(
        Promotion, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("promotion")
    )
    coupon = models.ForeignKey(
        Coupon, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("coupon")
    )
    points = models.PositiveIntegerField(_("points"), default=0)
    points_back = models.PositiveIntegerField(_("points given back"), default=0)
    amount_fen = models.PositiveIntegerField(_("amount (fen)"))
    back_fen = models.PositiveIntegerField(_("amount given back (fen)"), default=0)
    used_at = models.DateTimeField(_("used at"))
    given_back_at = models.DateTimeField(pgettext_lazy("offer", "given back at"), null=True, blank=True)

    class Meta:
        verbose_name = _("use of an offer")
        verbose_name_plural = _("uses of offers")
        constraints = [
            models.CheckConstraint(
                condition=Q(promotion__isnull=False, coupon__isnull=True, points=0)
                | Q(promotion__isnull=True, coupon__isnull=False, points=0)
                | Q(promotion__isnull=True, coupon__isnull=True, points__gt=0),
                name="members_offeruse_one_kind",
            ),
            models.CheckConstraint(
                condition=Q(points_back__lte=F("points"), back_fen__lte=F("amount_fen")),
                name="members_offeruse_back_within",
            ),
            models.UniqueConstraint(
                fields=["coupon"], condition=Q(given_back_at__isnull=True), name="members_offeruse_coupon_once"
            ),
            models.UniqueConstraint(fields=["owner", "promotion"], name="members_offeruse_promotion_unique"),
            models.UniqueConstraint(fields=["owner"], condition=Q(points__gt=0), name="members_offeruse_points_unique"),
        ]
        indexes = [
            models.Index(fields=["owner"], name="members_offeruse_owner"),
            models.Index(
                fields=["promotion", "member"],
                condition=Q(given_back_at__isnull=True),
                name="members_offeruse_of_member",
            ),
        ]

    def __str__(self) -> str:
        return self.owner
