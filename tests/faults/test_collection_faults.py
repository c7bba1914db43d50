"""What couriers who fetch a return, and their company, can do wrong: the shopper always knows how it comes back."""

import socket
import time
from datetime import timedelta

import pytest
from django.conf import LazySettings
from pytest_django.live_server_helper import LiveServer

from fulfillment import services as fulfillment_services
from fulfillment.choices import CollectionFailure, CollectionStatus, DeliveryState
from fulfillment.models import Collection, Delivery, DeliveryCallback
from omni.kernel import clock
from omni.kernel.transactions import entry
from orders import services
from orders.choices import ReturnStatus, ReturnWay
from orders.models import Return
from tests.cast import World, build_world
from tests.courier import CALLBACK_PATH
from tests.factories.orders import run_deliveries
from tests.factories.returns import agreed_return, delivered_order
from tests.orders.wechat import Provider
from tests.sandbox.fixture import SandboxProcess, wait_for

C = CollectionStatus
D = DeliveryState


@pytest.fixture
def riding(transactional_db: None, company: SandboxProcess, live_server: LiveServer, settings: LazySettings) -> World:
    """Let couriers ride by themselves, 600 times as fast, and their company report to the running product."""
    settings.COURIER = {**settings.COURIER, "callback_url": f"{live_server.url}{CALLBACK_PATH}"}
    settings.WECHAT_PAY = Provider().settings
    company.clock(scale=600)
    return build_world()


@pytest.fixture
def case(riding: World) -> Return:
    """A return of what came just now, in the opening hours of a real day, whose courier is still to be asked."""
    now = clock.now()
    case = agreed_return(delivered_order(riding, now=now), now=now, way=ReturnWay.COLLECT)
    Delivery.objects.filter(collection=case.collection_id).update(next_attempt_at=now)
    return case


def work(case: Return) -> None:
    """Do what the workers do, at once: the silence after which a courier is asked about is over."""
    time.sleep(0.1)
    due = Delivery.objects.filter(collection=case.collection_id, next_attempt_at__isnull=False)
    latest = due.order_by("-next_attempt_at").values_list("next_attempt_at", flat=True).first()
    now = max(latest or clock.now(), clock.now())
    fulfillment_services.drive_due_deliveries(10, now=now)
    run_deliveries(now)


def work_until(case: Return, status: str) -> Collection:
    """Work until the collection has the status; return it."""

    def has_it() -> bool:
        work(case)
        return Collection.objects.get().status == status

    wait_for(has_it)
    run_deliveries(clock.now() + timedelta(hours=2))
    case.refresh_from_db()
    return Collection.objects.get()


def test_collection_without_faults_is_delivered_and_waits_for_the_scan(case: Return) -> None:
    work_until(case, C.DELIVERED)

    assert (case.status, case.way, case.collection_fen) == (ReturnStatus.IN_TRANSIT, ReturnWay.COLLECT, 1200)
    assert case.due_at is not None


@pytest.mark.parametrize("fault", ["drop", "bad_signature"])
def test_collection_whose_callbacks_never_count_is_delivered_by_queries(
    case: Return, company: SandboxProcess, fault: str
) -> None:
    company.fault("courier", **{fault: True})

    work_until(case, C.DELIVERED)

    assert (case.status, DeliveryCallback.objects.count()) == (ReturnStatus.IN_TRANSIT, 0)


def test_collection_at_a_door_where_nobody_opens_is_left_to_the_shopper(case: Return, company: SandboxProcess) -> None:
    company.fault("courier", nobody_home=True)
    due_at = case.due_at

    assert work_until(case, C.FAILED).failure == CollectionFailure.NOBODY_THERE
    assert (case.status, case.way, case.collection_fen) == (ReturnStatus.APPROVED, ReturnWay.BRING, 0)
    assert (case.due_at, Delivery.objects.filter(collection=case.collection_id).count()) == (due_at, 1)


def test_collection_that_no_courier_takes_is_asked_for_three_times_then_left(
    case: Return, company: SandboxProcess
) -> None:
    company.fault("courier", create_failed=True)

    assert work_until(case, C.FAILED).failure == CollectionFailure.NO_COURIER
    assert (case.status, case.way) == (ReturnStatus.APPROVED, ReturnWay.BRING)
    assert Delivery.objects.filter(collection=case.collection_id).count() == 3


def test_collection_whose_first_courier_drops_out_is_fetched_by_another(case: Return, company: SandboxProcess) -> None:
    company.fault("courier", create_failed=1)

    work_until(case, C.DELIVERED)

    assert Delivery.objects.filter(collection=case.collection_id).count() == 2


def test_collection_of_a_company_that_never_answers_is_left_to_the_shopper(
    case: Return, settings: LazySettings
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        settings.COURIER = {**settings.COURIER, "base_url": f"http://127.0.0.1:{nobody.getsockname()[1]}"}
        assert work_until(case, C.FAILED).failure == CollectionFailure.NO_COURIER
    assert (case.status, case.way, case.collection_fen) == (ReturnStatus.APPROVED, ReturnWay.BRING, 0)


def test_collection_that_the_store_refuses_comes_back_to_the_door(case: Return, company: SandboxProcess) -> None:
    company.fault("courier", refuse=True)

    assert work_until(case, C.BROUGHT_BACK).failure == CollectionFailure.BROUGHT_BACK
    assert (case.status, case.way) == (ReturnStatus.APPROVED, ReturnWay.BRING)


def test_collection_that_is_lost_is_refunded(case: Return, company: SandboxProcess) -> None:
    company.fault("courier", lost=True)

    work_until(case, C.LOST)

    assert (case.status, case.refund_fen) == (ReturnStatus.REFUND_DUE, 49900)


def test_return_called_off_while_the_courier_rides_ends_when_the_company_confirms(
    case: Return, company: SandboxProcess
) -> None:
    company.clock(scale=0.001)
    work(case)
    assert Delivery.objects.get(collection=case.collection_id).state == D.CREATED
    with entry():
        services.cancel_return(case.pk, actor="guest", now=clock.now())
    case.refresh_from_db()
    assert (case.status, case.cancel_asked_at is None) == (ReturnStatus.APPROVED, False)

    work_until(case, C.CALLED_OFF)

    assert (case.status, case.cancel_asked_at) == (ReturnStatus.CANCELLED, None)
