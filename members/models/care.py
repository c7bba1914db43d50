from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from members.choices import RevealReason


class GuideChange(models.Model):
    """A member was put into a guide's care, or taken out of it. Append-only; `Member.guide` is the present one."""

    member = models.ForeignKey("members.Member", models.PROTECT, related_name="+", verbose_name=_("member"))
    guide = models.ForeignKey(
        "stores.Staff", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("guide")
    )
    actor = models.CharField(_("actor"), max_length=60)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("change of guide")
        verbose_name_plural = _("changes of guides")

    def __str__(self) -> str:
        return f"{self.member_id} {self.guide_id}"


class MemberNote(models.Model):
    """What a store's staff want to remember of a member; forgotten with the person."""

    member = models.ForeignKey("members.Member", models.PROTECT, related_name="notes", verbose_name=_("member"))
    staff = models.ForeignKey("stores.Staff", models.PROTECT, related_name="+", verbose_name=_("written by"))
    text = models.CharField(_("note"), max_length=300)
    written_at = models.DateTimeField(_("written at"))

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")

    def __str__(self) -> str:
        return f"{self.member_id} {self.pk}"


class FollowUp(models.Model):
    """Something one of a store's staff means to do for a member on a day."""

    member = models.ForeignKey("members.Member", models.PROTECT, related_name="follow_ups", verbose_name=_("member"))
    staff = models.ForeignKey("stores.Staff", models.PROTECT, related_name="+", verbose_name=_("by"))
    text = models.CharField(_("what"), max_length=200)
    due_on = models.DateField(_("on"))
    created_at = models.DateTimeField(_("created at"))
    done_at = models.DateTimeField(_("done at"), null=True, blank=True)

    class Meta:
        verbose_name = _("follow-up")
        verbose_name_plural = _("follow-ups")
        indexes = [
            models.Index(fields=["staff", "due_on"], condition=Q(done_at__isnull=True), name="members_follow_up_open")
        ]

    def __str__(self) -> str:
        return f"{self.member_id} {self.due_on}"


class PhoneReveal(models.Model):
    """Somebody at a desk looked at a member's whole phone number, and why. Append-only."""

    member = models.ForeignKey("members.Member", models.PROTECT, related_name="+", verbose_name=_("member"))
    staff = models.ForeignKey("stores.Staff", models.PROTECT, related_name="+", verbose_name=_("by"))
    reason = models.CharField(_("reason"), max_length=12, choices=RevealReason.choices)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("look at a phone number")
        verbose_name_plural = _("looks at phone numbers")

    def __str__(self) -> str:
        return f"{self.member_id} {self.staff_id} {self.reason}"
