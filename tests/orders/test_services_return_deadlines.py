"""Returns that nobody brings, or nobody looks at, end by themselves."""

from datetime import timedelta

import pytest

from omni.kernel.transactions import entry
from orders import services
from orders.choices import ReturnStatus
from orders.models import Refund
from tests.audit_fixture import Audited
from tests.cast import World
from tests.factories.orders import run_deliveries
from tests.factories.returns import NEXT_DAY, agreed_return, delivered_order, received_return
from tests.orders.provider import ScriptedProvider

pytestmark = pytest.mark.django_db
SOON = timedelta(seconds=1)


def test_sweep_gives_up_a_return_that_never_arrived(world: World, audited: Audited) -> None:
    order = delivered_order(world)
    case = agreed_return(order)
    assert case.due_at is not None
    services.drive_due_rows(now=case.due_at - SOON)
    case.refresh_from_db()
    assert case.status == ReturnStatus.APPROVED
    audited.now = case.due_at + SOON
    services.drive_due_rows(now=audited.now)
    run_deliveries(audited.now)
    case.refresh_from_db()
    assert case.status == ReturnStatus.EXPIRED
    assert [case.due_at, case.finished_at] == [None, audited.now]
    assert order.lines.get().returned_quantity == 0


def test_sweep_takes_back_unseen_what_nobody_looked_at(
    world: World, audited: Audited, provider: ScriptedProvider
) -> None:
    case = received_return(world, delivered_order(world), store="B")
    assert case.due_at == NEXT_DAY + timedelta(hours=48)
    audited.now = case.due_at
    services.drive_due_rows(now=case.due_at)
    run_deliveries(case.due_at)
    case.refresh_from_db()
    assert (case.status, case.lines.get().condition) == (ReturnStatus.REFUND_DUE, "refurbish")
    assert (world.level("B", "S").unsellable, Refund.objects.get().amount_fen) == (1, 49900)


def test_sweep_of_a_return_that_was_inspected_meanwhile_does_nothing(world: World) -> None:
    case = received_return(world, delivered_order(world))
    late = NEXT_DAY + timedelta(days=3)
    with entry():
        services.inspect_return(case.pk, {case.lines.get().pk: "resell"}, actor="user:1", now=late)
    assert case.order.returns.filter(due_at__isnull=False).count() == 0
    assert Refund.objects.count() == 1
