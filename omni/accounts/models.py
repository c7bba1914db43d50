from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from omni.accounts.choices import ERASURE_TRANSITIONS, OPEN_ERASURES, ErasureStatus, HoldReason, KeptReason


class User(AbstractUser):
    """Who can sign in: one account per phone; staff also have a user name and a password."""

    phone_sealed = models.CharField(_("phone (encrypted)"), max_length=200, blank=True)
    phone_index = models.CharField(_("phone (blind index)"), max_length=64, unique=True, null=True, blank=True)
    language = models.CharField(_("language"), max_length=10, default="zh-hans")

    class Meta(AbstractUser.Meta):
        verbose_name = _("account")  # type: ignore[assignment]  # django-stubs types the parent's as str
        verbose_name_plural = _("accounts")  # type: ignore[assignment]


class Erasure(models.Model):
    """A person's wish to be forgotten. `due_at` is when something must happen next; null once it is over.

    Every round asks all apps anew, so what was written while another held it is erased too.
    """

    TRANSITIONS = ERASURE_TRANSITIONS

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("account"))
    status = models.CharField(
        _("status"), max_length=10, choices=ErasureStatus.choices, default=ErasureStatus.REQUESTED
    )
    round = models.PositiveIntegerField(_("round"), default=0)
    requested_at = models.DateTimeField(_("requested at"))
    due_at = models.DateTimeField(_("to be looked at"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(status__in=sorted(OPEN_ERASURES)), name="accounts_erasure_one_open"
            )
        ]
        indexes = [models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="accounts_erasure_due")]

    def __str__(self) -> str:
        return f"{self.pk} {self.status}"


class ErasureAnswer(models.Model):
    """What one part of the platform said in a round; `answered_at` is null while it owes the answer."""

    erasure = models.ForeignKey(Erasure, models.PROTECT, related_name="answers", verbose_name=_("erasure"))
    part = models.CharField(_("part"), max_length=100)
    round = models.PositiveIntegerField(_("round"))
    held_for = models.CharField(_("held because"), max_length=20, choices=HoldReason.choices, blank=True)
    kept = models.CharField(_("kept"), max_length=20, choices=KeptReason.choices, blank=True)
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)

    class Meta:
        verbose_name = _("answer to an erasure")
        verbose_name_plural = _("answers to erasures")
        constraints = [models.UniqueConstraint(fields=["erasure", "part"], name="accounts_erasure_answer_unique")]

    def __str__(self) -> str:
        return f"{self.erasure_id} {self.part}"
