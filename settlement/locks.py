"""The row locks of settlement. Ledger rows are never locked: they are only ever inserted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omni.kernel.locking import locked
from settlement.models import RuleVersion

if TYPE_CHECKING:
    from settlement.choices import RuleKind


def lock_rule_versions(brand_id: int | None, kind: RuleKind) -> list[RuleVersion]:
    """Lock all versions, approved or not, of one rule of a brand (None: the default of every brand)."""
    return locked(RuleVersion.objects.filter(brand=brand_id, kind=kind))
