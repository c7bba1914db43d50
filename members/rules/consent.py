"""What a member may be asked to agree to."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext_lazy as _

from members.choices import ConsentPurpose
from omni.messages import choices as messages_choices

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# Another version for every change of the texts below: a record says what was agreed to.
WORDING = "2026-11"


class Topic(NamedTuple):
    """What is agreed to, or not, by itself; `name` is what a form calls it."""

    purpose: ConsentPurpose
    channel: str
    words: StrOrPromise

    @property
    def name(self) -> str:
        """Return the name of the topic: "marketing-sms", "profiling"."""
        return f"{self.purpose}-{self.channel}".rstrip("-")


TOPICS = (
    Topic(ConsentPurpose.MARKETING, messages_choices.Channel.SMS, _("You may send me news and offers by SMS.")),
    Topic(ConsentPurpose.MARKETING, messages_choices.Channel.WECHAT, _("You may send me news and offers on WeChat.")),
    Topic(ConsentPurpose.MARKETING, messages_choices.Channel.EMAIL, _("You may send me news and offers by e-mail.")),
    Topic(
        ConsentPurpose.PROFILING,
        "",
        _("You may use my orders, wishes and sizes to recommend what suits me. Prices stay the same for everybody."),
    ),
)
