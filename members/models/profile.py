from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from members.choices import ConsentPurpose, ConsentSource
from omni.messages import choices as messages_choices


class ConsentChange(models.Model):
    """A member agreed to something, or took it back. Append-only: what counts is the newest of its kind.

    `channel` is empty for what needs none. `wording` names the version of the text that was agreed to.
    """

    member = models.ForeignKey("members.Member", models.PROTECT, related_name="+", verbose_name=_("member"))
    purpose = models.CharField(_("purpose"), max_length=12, choices=ConsentPurpose.choices)
    channel = models.CharField(_("channel"), max_length=8, choices=messages_choices.Channel.choices, blank=True)
    is_given = models.BooleanField(_("given"))
    wording = models.CharField(_("version of the wording"), max_length=20)
    source = models.CharField(_("source"), max_length=10, choices=ConsentSource.choices)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("change of a consent")
        verbose_name_plural = _("changes of consents")
        indexes = [models.Index(fields=["member", "purpose", "channel", "-id"], name="members_consent_newest")]

    def __str__(self) -> str:
        return f"{self.member_id} {self.purpose} {self.channel} {self.is_given}"


class SizeProfile(models.Model):
    """A person's measures, as far as they want to tell: the account's, like its addresses, for every brand."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("account"))
    height_cm = models.PositiveSmallIntegerField(
        _("Height (cm)"), null=True, blank=True, validators=[MinValueValidator(80), MaxValueValidator(230)]
    )
    weight_kg = models.PositiveSmallIntegerField(
        _("Weight (kg)"), null=True, blank=True, validators=[MinValueValidator(20), MaxValueValidator(250)]
    )
    chest_cm = models.PositiveSmallIntegerField(
        _("Chest (cm)"), null=True, blank=True, validators=[MinValueValidator(40), MaxValueValidator(200)]
    )
    waist_cm = models.PositiveSmallIntegerField(
        _("Waist (cm)"), null=True, blank=True, validators=[MinValueValidator(30), MaxValueValidator(200)]
    )
    hips_cm = models.PositiveSmallIntegerField(
        _("Hips (cm)"), null=True, blank=True, validators=[MinValueValidator(40), MaxValueValidator(200)]
    )
    usual_top = models.CharField(_("Usual size of tops"), max_length=10, blank=True)
    usual_bottom = models.CharField(_("Usual size of trousers and skirts"), max_length=10, blank=True)
    updated_at = models.DateTimeField(_("updated at"))

    class Meta:
        verbose_name = _("size profile")
        verbose_name_plural = _("size profiles")

    def __str__(self) -> str:
        return str(self.user_id)


class Wish(models.Model):
    """A product that a person wants to remember, perhaps in a certain colour and size: one row a product."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("account"))
    product = models.ForeignKey("inventory.Product", models.PROTECT, related_name="+", verbose_name=_("product"))
    variant = models.ForeignKey(
        "inventory.Variant", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("variant")
    )
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("wish")
        verbose_name_plural = _("wishes")
        constraints = [models.UniqueConstraint(fields=["user", "product"], name="members_wish_unique")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.product_id}"
