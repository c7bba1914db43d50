"""Which version of a rule applies on a date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from omni.kernel.errors import Conflict
from settlement.models import RuleVersion

if TYPE_CHECKING:
    from datetime import date

    from settlement.choices import RuleKind


class NoRuleInForce(Conflict):
    """No approved version covers the date; it is never guessed."""

    code = "no_rule_in_force"


def rule_in_force(brand_id: int, kind: RuleKind, on_date: date) -> RuleVersion:
    """Return the approved version that covers a business date: the brand's own, else the default of every brand.

    :raises NoRuleInForce: when there is neither.
    """
    version = find_rule_in_force(brand_id, kind, on_date)
    if version is None:
        raise NoRuleInForce(
            _("No approved rule %(kind)s covers %(on_date)s."), kind=str(kind), on_date=on_date.isoformat()
        )
    return version


def find_rule_in_force(brand_id: int, kind: RuleKind, on_date: date) -> RuleVersion | None:
    """Return the approved version that covers a business date, as `rule_in_force` does; None when there is none."""
    versions = RuleVersion.objects.filter(
        Q(brand=brand_id) | Q(brand=None), kind=kind, approved_at__isnull=False, valid__contains=on_date
    )
    return versions.order_by(F("brand").asc(nulls_last=True)).first()
