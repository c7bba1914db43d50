"""Rules of the split: drafted by one person, approved by another, from a day to come on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils.translation import gettext_lazy as _

from omni.kernel.clock import business_date
from omni.kernel.errors import Conflict, InvalidInput, NotFound
from omni.kernel.transactions import step
from settlement import locks, rules
from settlement.choices import RuleKind
from settlement.models import RuleVersion

if TYPE_CHECKING:
    from datetime import date, datetime

    from settlement.rules import SplitTable


class RuleAlreadyApproved(Conflict):
    """An approved version does not change; draft another."""

    code = "rule_already_approved"


class SecondPersonNeeded(Conflict):
    """Whoever drafted a rule does not approve it."""

    code = "second_person_needed"


class RuleStartsTooEarly(Conflict):
    """Sales of that day may have been credited by another rule already."""

    code = "rule_starts_too_early"


class RuleOverlaps(Conflict):
    """A version that is approved already begins within this one's period."""

    code = "rule_overlaps"


@step
def draft_rule_version(
    *, brand_id: int | None, params: SplitTable, valid_from: date, valid_to: date | None, actor: str
) -> RuleVersion:
    """Write down a split of the credit for `[valid_from, valid_to)`; it has no effect until it is approved.

    `brand_id` None drafts the default of every brand.

    :raises InvalidSplit: when a case does not come to exactly 100 %.
    :raises InvalidInput: with field "valid_to", when the period is empty.
    """
    rules.check_split_table(params)
    if valid_to is not None and valid_to <= valid_from:
        raise InvalidInput(_("The period ends after it begins."), field="valid_to")
    return RuleVersion.objects.create(
        brand_id=brand_id,
        kind=RuleKind.CREDIT_SPLIT,
        valid=DateRange(valid_from, valid_to),
        params={case: dict(shares) for case, shares in params.items()},
        drafted_by=actor,
    )


@step
def draft_return_handling(
    *, brand_id: int | None, amount_fen: int, valid_from: date, valid_to: date | None, actor: str
) -> RuleVersion:
    """Write down what a store is credited for each piece that it receives back, as `draft_rule_version` does a split.

    :raises InvalidInput: with field "amount_fen", when it is not above zero, or "valid_to", when the period is empty.
    """
    if type(amount_fen) is not int or amount_fen <= 0:
        raise InvalidInput(_("The amount is above zero."), field="amount_fen")
    if valid_to is not None and valid_to <= valid_from:
        raise InvalidInput(_("The period ends after it begins."), field="valid_to")
    return RuleVersion.objects.create(
        brand_id=brand_id,
        kind=RuleKind.RETURN_HANDLING,
        valid=DateRange(valid_from, valid_to),
        params={"amount_fen": amount_fen},
        drafted_by=actor,
    )


@step
def approve_rule_version(rule_version_id: int, *, actor: str, now: datetime) -> RuleVersion:
    """Put a draft into force; the version before it ends where it begins. Locks the versions of the rule.

    :raises NotFound: when there is no such version.
    :raises RuleAlreadyApproved: when it is in force already.
    :raises SecondPersonNeeded: when the actor drafted it.
    :raises RuleStartsTooEarly: when it does not start on a day after today.
    :raises RuleOverlaps: when an approved version starts within its period.
    """
    versions = _locked_versions(rule_version_id)
    draft = versions.pop(rule_version_id)
    if draft.approved_at is not None:
        raise RuleAlreadyApproved(_("This rule is approved already."))
    if draft.drafted_by == actor:
        raise SecondPersonNeeded(_("A second person approves a rule."))
    if draft.starts_on <= business_date(now):
        raise RuleStartsTooEarly(_("A rule starts on a day to come."), field="valid_from")
    _end_predecessor(draft, [version for version in versions.values() if version.approved_at is not None])
    draft.approved_by, draft.approved_at = actor, now
    draft.save(update_fields=["approved_by", "approved_at"])
    return draft


def _locked_versions(rule_version_id: int) -> dict[int, RuleVersion]:
    known = RuleVersion.objects.filter(pk=rule_version_id).first()
    if known is None:
        raise NotFound
    return {version.pk: version for version in locks.lock_rule_versions(known.brand_id, RuleKind(known.kind))}


def _end_predecessor(draft: RuleVersion, approved: list[RuleVersion]) -> None:
    """Shorten the version in force when the draft begins; refuse a draft that would reach into a later one."""
    for version in approved:
        if draft.starts_on <= version.starts_on < draft.ends_on:
            raise RuleOverlaps(_("Another approved rule begins within this period."), field="valid_to")
        if version.starts_on < draft.starts_on < version.ends_on:
            version.valid = DateRange(version.starts_on, draft.starts_on)
            version.save(update_fields=["valid"])
