from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _


class User(AbstractUser):
    """Who can sign in: one account per phone; staff also have a user name and a password."""

    phone_sealed = models.CharField(_("phone (encrypted)"), max_length=200, blank=True)
    phone_index = models.CharField(_("phone (blind index)"), max_length=64, unique=True, null=True, blank=True)
    language = models.CharField(_("language"), max_length=10, default="zh-hans")

    class Meta(AbstractUser.Meta):
        verbose_name = _("account")  # type: ignore[assignment]  # django-stubs types the parent's as str
        verbose_name_plural = _("accounts")  # type: ignore[assignment]
