"""Points and tiers of a brand's members."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from members.choices import PointsKind
from members.models.members import Member


class PointsProgram(models.Model):
    """How a brand's members earn and spend points."""

    brand = models.OneToOneField("stores.Brand", models.PROTECT, related_name="+", verbose_name=_("brand"))
    fen_per_point = models.PositiveIntegerField(_("spend for a point (fen)"), default=100)
    point_value_fen = models.PositiveIntegerField(_("value of a point (fen)"), default=1)
    most_share_ppm = models.PositiveIntegerField(_("most of a line that points pay (ppm)"), default=300_000)

    class Meta:
        verbose_name = _("points program")
        verbose_name_plural = _("points programs")
        constraints = [
            models.CheckConstraint(
                condition=Q(fen_per_point__gt=0, point_value_fen__gt=0, most_share_ppm__lte=1_000_000),
                name="members_pointsprogram_sensible",
            )
        ]

    def __str__(self) -> str:
        return f"{self.brand_id}"


class Tier(models.Model):
    """A level of membership, reached by what was spent in the last twelve months."""

    brand = models.ForeignKey("stores.Brand", models.PROTECT, related_name="+", verbose_name=_("brand"))
    code = models.SlugField(_("code"), max_length=20)
    name_zh = models.CharField(_("name in Chinese"), max_length=20)
    name_en = models.CharField(_("name in English"), max_length=30)
    threshold_fen = models.PositiveBigIntegerField(_("from a spend of (fen)"), default=0)
    earn_ppm = models.PositiveIntegerField(_("points earned (ppm of the normal rate)"), default=1_000_000)
    benefits_zh = models.CharField(_("benefits in Chinese"), max_length=200, blank=True)
    benefits_en = models.CharField(_("benefits in English"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("tier")
        verbose_name_plural = _("tiers")
        ordering = ["brand", "threshold_fen"]
        constraints = [
            models.UniqueConstraint(fields=["brand", "code"], name="members_tier_code_unique"),
            models.UniqueConstraint(fields=["brand", "threshold_fen"], name="members_tier_threshold_unique"),
        ]

    def __str__(self) -> str:
        return self.name_zh


class PointsAccount(models.Model):
    """A member's points. Every counter is what its entries sum to; `owed` were taken back after they were spent."""

    member = models.OneToOneField(Member, models.PROTECT, related_name="points", verbose_name=_("member"))
    pending = models.IntegerField(_("pending"), default=0)
    available = models.IntegerField(_("available"), default=0)
    spent = models.IntegerField(_("spent"), default=0)
    owed = models.IntegerField(_("owed"), default=0)

    class Meta:
        verbose_name = _("points account")
        verbose_name_plural = _("points accounts")
        constraints = [
            models.CheckConstraint(
                condition=Q(pending__gte=0, available__gte=0, spent__gte=0, owed__gte=0),
                name="members_pointsaccount_not_negative",
            )
        ]

    def __str__(self) -> str:
        return f"{self.member_id}: {self.available}"


class PointsGrant(models.Model):
    """Points of one sale (`cause`), pending until `available_at`; a return takes its part back."""

    account = models.ForeignKey(PointsAccount, models.PROTECT, related_name="grants", verbose_name=_("points account"))
    cause = models.CharField(_("cause"), max_length=80, unique=True)
    amount_fen = models.PositiveBigIntegerField(_("spend (fen)"))
    points = models.PositiveIntegerField(_("points"))
    reversed_fen = models.PositiveBigIntegerField(_("spend taken back (fen)"), default=0)
    reversed_points = models.PositiveIntegerField(_("points taken back"), default=0)
    available_at = models.DateTimeField(_("available at"))
    matured_at = models.DateTimeField(_("matured at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("points of a sale")
        verbose_name_plural = _("points of sales")
        constraints = [
            models.CheckConstraint(
                condition=Q(reversed_fen__lte=F("amount_fen"), reversed_points__lte=F("points")),
                name="members_pointsgrant_reversed_within",
            )
        ]
        indexes = [
            models.Index(fields=["available_at"], condition=Q(matured_at__isnull=True), name="members_grant_due")
        ]

    def __str__(self) -> str:
        return self.cause


class PointsEntry(models.Model):
    """Every change of a points account, append-only. `spend_fen` counts towards the tier. `cause` is unique."""

    account = models.ForeignKey(PointsAccount, models.PROTECT, related_name="entries", verbose_name=_("points account"))
    kind = models.CharField(_("kind"), max_length=12, choices=PointsKind.choices)
    cause = models.CharField(_("cause"), max_length=120, unique=True)
    pending = models.IntegerField(_("pending"), default=0)
    available = models.IntegerField(_("available"), default=0)
    spent = models.IntegerField(_("spent"), default=0)
    owed = models.IntegerField(_("owed"), default=0)
    spend_fen = models.BigIntegerField(_("spend (fen)"), default=0)
    booked_at = models.DateTimeField(_("booked at"))

    class Meta:
        verbose_name = _("points entry")
        verbose_name_plural = _("points entries")
        indexes = [models.Index(fields=["account", "-id"], name="members_entry_of_account")]

    def __str__(self) -> str:
        return f"{self.kind} {self.cause}"
