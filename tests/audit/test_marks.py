"""An audit goes on where the last one that found nothing wrong has ended."""

from datetime import datetime, timedelta

import pytest

from omni.pages import audit
from omni.pages.models import AuditMark
from tests.audit.history import LATER
from tests.audit.planting import spoil
from tests.audit.plants import CREDIT, JOURNALS, MOVEMENTS, PAID, SALES
from tests.cast import World
from tests.factories.returns import delivered_order

pytestmark = pytest.mark.django_db
EVENING = LATER + timedelta(hours=2)
SPOIL_CREDIT = "UPDATE settlement_creditentry SET amount_fen = amount_fen + 1 WHERE role = 'channel'"


def audited(now: datetime, *, is_full: bool = False) -> tuple[dict[str, int], set[str]]:
    """Return how many rows were checked for each claim, and which claims do not hold."""
    findings = list(audit.drive_audit(now=now, is_full=is_full))
    return {finding.claim: finding.checked for finding in findings}, {f.claim for f in findings if f.wrong}


def test_audit_soon_after_checks_young_rows_again(world: World) -> None:
    delivered_order(world)
    for _round in range(2):
        checked, broken = audited(LATER)
        assert (checked[JOURNALS], checked[SALES], checked[PAID], broken) == (2, 1, 1, set())


def test_audit_after_a_sound_one_skips_what_is_old_and_checks_what_is_new(world: World) -> None:
    delivered_order(world)
    audited(EVENING)
    checked, broken = audited(EVENING)
    assert (checked[JOURNALS], checked[SALES], checked[PAID], broken) == (0, 0, 0, set())
    assert checked[MOVEMENTS] == 10
    delivered_order(world, now=EVENING)
    checked, broken = audited(EVENING + timedelta(minutes=5))
    assert (checked[JOURNALS], checked[SALES], checked[PAID], broken) == (2, 1, 1, set())


def test_audit_in_full_trusts_no_mark(world: World) -> None:
    delivered_order(world)
    audited(EVENING)
    spoil(SPOIL_CREDIT)
    assert audited(EVENING)[1] == set()
    assert audited(EVENING, is_full=True)[1] == {CREDIT}


def test_audit_that_finds_something_moves_no_mark(world: World) -> None:
    delivered_order(world)
    spoil(SPOIL_CREDIT)
    for _round in range(2):
        assert audited(EVENING)[1] == {CREDIT}
    assert AuditMark.objects.count() == 0
