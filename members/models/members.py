from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Member(models.Model):
    """A shopper as one brand knows them: one per phone and brand. The phone is encrypted and blind-indexed."""

    brand = models.ForeignKey("stores.Brand", models.PROTECT, related_name="+", verbose_name=_("brand"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("account")
    )
    number = models.CharField(_("member number"), max_length=32, unique=True)
    name = models.CharField(_("name"), max_length=60, blank=True)
    phone_sealed = models.CharField(_("phone (encrypted)"), max_length=200)
    phone_index = models.CharField(_("phone (blind index)"), max_length=64)
    home_store = models.ForeignKey(
        "stores.Store", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("home store")
    )
    guide = models.ForeignKey(
        "stores.Staff", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("guide")
    )
    language = models.CharField(_("language"), max_length=10, default="zh-hans")
    joined_at = models.DateTimeField(_("joined at"))

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        constraints = [models.UniqueConstraint(fields=["brand", "phone_index"], name="members_member_phone_unique")]

    def __str__(self) -> str:
        return self.number


class AccountAddress(models.Model):
    """Where a person has things brought, whichever brand they are from: the account's, and seen by no brand.

    The one preferred last is the default.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("account"))
    recipient = models.CharField(_("recipient"), max_length=60)
    phone_sealed = models.CharField(_("phone (encrypted)"), max_length=200)
    district = models.ForeignKey("stores.District", models.PROTECT, related_name="+", verbose_name=_("district"))
    street = models.CharField(_("street and number"), max_length=200)
    preferred_at = models.DateTimeField(_("preferred at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("address of an account")
        verbose_name_plural = _("addresses of accounts")

    def __str__(self) -> str:
        return f"{self.user_id} {self.pk}"
