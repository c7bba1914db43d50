"""With orders in every state everything holds; with any one of them spoilt, the audit names it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import call_command
from django.db import transaction

from omni.kernel.outbox import publish
from omni.kernel.transactions import entry
from omni.pages import audit
from orders.events import OrderPaid, SaleRecognised
from tests.audit.after_plants import AFTER_PLANTS
from tests.audit.counter_plants import COUNTER_PLANTS
from tests.audit.exchange_plants import EXCHANGE_PLANTS
from tests.audit.express_plants import EXPRESS_PLANTS
from tests.audit.history import LATER, History
from tests.audit.listing_plants import LISTING_PLANTS
from tests.audit.offer_plants import OFFER_PLANTS
from tests.audit.person_plants import PERSON_PLANTS
from tests.audit.plants import EVENTS, MONEY, SALES
from tests.audit.plants import PLANTS as ORDER_PLANTS
from tests.audit.return_plants import RETURN_PLANTS
from tests.audit.shelf_plants import SHELF_PLANTS
from tests.audit.till_plants import TILL_PLANTS
from tests.audit_fixture import Audited, broken_claims
from tests.factories.settlement import RecognitionFactory

pytestmark = pytest.mark.django_db

PLANTS = (
    *ORDER_PLANTS,
    *LISTING_PLANTS,
    *PERSON_PLANTS,
    *OFFER_PLANTS,
    *AFTER_PLANTS,
    *RETURN_PLANTS,
    *EXCHANGE_PLANTS,
    *SHELF_PLANTS,
    *EXPRESS_PLANTS,
    *TILL_PLANTS,
    *COUNTER_PLANTS,
)


def run_command(*arguments: str) -> tuple[int, str]:
    """Run `manage audit` five minutes after noon; return its exit status and what it printed."""
    printed, status = StringIO(), 0
    with time_machine.travel(LATER, tick=False):
        try:
            call_command("audit", *arguments, stdout=printed, no_color=True)
        except SystemExit as leaving:
            status = int(str(leaving.code))
    return status, printed.getvalue()


def test_audit_of_orders_in_every_state_holds_and_looks_at_something_for_every_claim(history: History) -> None:
    with entry():
        publish(OrderPaid(history.delivered.pk, history.orphan.pk, LATER, 0), now=LATER)
    findings = list(audit.drive_audit(now=LATER, is_full=True))
    assert [finding for finding in findings if finding.wrong] == []
    assert [finding.claim for finding in findings if not finding.checked] == []
    status, printed = run_command()
    assert status == 0
    assert printed.splitlines()[-1].startswith("Every invariant holds")
    assert len(printed.splitlines()) == len(findings) + 1


@contextmanager
def undone() -> Iterator[None]:
    """Roll back what happens inside. A bare savepoint, since the audit refuses to run in somebody's transaction."""
    savepoint = transaction.savepoint()
    yield
    transaction.savepoint_rollback(savepoint)


def broken_in(printed: str) -> set[str]:
    return {line[8:70].strip() for line in printed.splitlines() if line.startswith("BROKEN")}


def test_audit_with_a_planted_violation_names_it(history: History, subtests: pytest.Subtests) -> None:
    for plant in PLANTS:
        with subtests.test(plant.what), undone():
            plant.put(history)
            status, printed = run_command("--full")
            assert (status, broken_in(printed)) == (1, plant.claims), printed
            assert plant.name(history) in printed
    assert run_command("--full")[0] == 0


def test_every_claim_has_a_planted_violation(history: History) -> None:
    planted = set().union(*(plant.claims for plant in PLANTS))
    assert {finding.claim for finding in audit.drive_audit(now=LATER)} == planted


def test_sale_whose_event_waits_is_owed_until_it_is_overdue(history: History) -> None:
    line = history.accepted.lines.get()
    sale = RecognitionFactory.create(order_line=line, amount_fen=100)
    assert {SALES, MONEY} <= set(broken_claims(LATER))
    with entry():
        publish(SaleRecognised(history.accepted.pk, sale.pk, LATER, 100), now=LATER)
    assert not {SALES, EVENTS} & set(broken_claims(LATER))
    assert EVENTS in broken_claims(LATER + timedelta(minutes=11))


def test_audited_fixture_is_content_with_a_sound_history(history: History, audited: Audited) -> None:
    audited.now = LATER
    assert broken_claims(LATER) == {}
