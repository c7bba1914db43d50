"""What couriers, their company and the way to it can do wrong: every order ends once, with stock and money agreeing."""

import json
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import LazySettings
from pytest_django.live_server_helper import LiveServer

from fulfillment import services
from fulfillment.choices import DeliveryState, FulfillmentOrderStatus, PickupCodeStatus
from fulfillment.models import Delivery, DeliveryCallback, FulfillmentOrder, PickupCode
from omni.kernel import clock
from omni.kernel.models import Event
from omni.kernel.transactions import entry
from tests.cast import World, build_world
from tests.courier import CALLBACK_PATH, Callbacks, drive
from tests.factories.fulfillment import CLERK, accept_and_pack, code_of, delivery_of, offer_share, status_of
from tests.sandbox.fixture import SandboxProcess, wait_for

S = FulfillmentOrderStatus
D = DeliveryState
QUIET = timedelta(minutes=11)


@pytest.fixture
def share(world: World) -> FulfillmentOrder:
    """A packed order whose courier is still to be asked for."""
    return accept_and_pack(offer_share(world))


def stock(world: World) -> tuple[int, int]:
    """Return on hand and allocated of S in store A."""
    level = world.level("A", "S")
    return level.on_hand, level.allocated


def events() -> list[str]:
    names = Event.objects.order_by("pk").values_list("name", flat=True)
    return [name.removeprefix("fulfillment.Fulfillment").removeprefix("Order") for name in names]


def operations(company: SandboxProcess) -> list[str]:
    return [call["operation"] for call in company.log("courier", "call")]


def hand_over(share: FulfillmentOrder) -> None:
    services.drive_hand_over(share.pk, code=code_of(share), actor=CLERK, now=clock.now())


# The whole way over HTTP: the company's own callbacks reach the product, damaged


@pytest.fixture
def riding(transactional_db: None, company: SandboxProcess, live_server: LiveServer, settings: LazySettings) -> World:
    """Let couriers ride by themselves, 600 times as fast, and their company report to the running product."""
    settings.COURIER = {**settings.COURIER, "callback_url": f"{live_server.url}{CALLBACK_PATH}"}
    company.clock(scale=600)
    return build_world()


def work(share: FulfillmentOrder) -> None:
    """Do what a worker's sweeper does, as often as it is due."""
    services.drive_due_deliveries(10, now=clock.now())


def work_after_silence(share: FulfillmentOrder) -> None:
    """Let the time pass after which a courier is asked about, then do what a worker's sweeper does."""
    time.sleep(0.2)
    services.drive_due_deliveries(10, now=delivery_of(share).next_attempt_at or clock.now())


def work_until(status: str, share: FulfillmentOrder, sweep: Callable[[FulfillmentOrder], None] = work) -> None:
    """Sweep until the share has the status."""

    def has_it() -> bool:
        sweep(share)
        return status_of(share) == status

    wait_for(has_it)


def ride(share: FulfillmentOrder, sweep: Callable[[FulfillmentOrder], None] = work) -> None:
    """Let a courier come, give the goods out, and wait until they are delivered."""

    def is_here() -> bool:
        sweep(share)
        return delivery_of(share).state == D.AT_STORE

    wait_for(is_here)
    hand_over(share)
    work_until(S.DELIVERED, share, sweep)


FINE = ["Accepted", "HandedOver", "Delivered"]


def test_ride_without_faults_is_delivered(riding: World) -> None:
    share = accept_and_pack(offer_share(riding))

    ride(share)

    assert (events(), stock(riding)) == (FINE, (9, 0))


@pytest.mark.parametrize("fault", ["drop", "bad_signature", "old_timestamp"])
def test_ride_whose_callbacks_never_count_is_delivered_by_queries(
    riding: World, company: SandboxProcess, fault: str
) -> None:
    company.fault("courier", **{fault: True})
    share = accept_and_pack(offer_share(riding))

    ride(share, work_after_silence)

    assert (events(), stock(riding)) == (FINE, (9, 0))
    assert DeliveryCallback.objects.count() == 0
    assert "get" in operations(company)


def test_ride_whose_callbacks_come_three_times_counts_once(riding: World, company: SandboxProcess) -> None:
    company.fault("courier", duplicate=3)
    share = accept_and_pack(offer_share(riding))

    ride(share)

    assert (events(), stock(riding)) == (FINE, (9, 0))
    sent = [call for call in company.log("courier", "callback") if call["operation"] == "send"]
    assert len(sent) > DeliveryCallback.objects.count()
    assert DeliveryCallback.objects.values("message_id").distinct().count() == DeliveryCallback.objects.count()


def test_ride_whose_callbacks_overtake_each_other_ends_right(riding: World, company: SandboxProcess) -> None:
    company.fault("courier", reorder=True, times=3)
    share = accept_and_pack(offer_share(riding))

    ride(share, work_after_silence)

    assert (events(), stock(riding)) == (FINE, (9, 0))


# Out of order, late and twice, in every combination that matters


@pytest.mark.parametrize(
    "order",
    [(5, 4, 3, 2, 1, 0), (5, 0, 1, 2, 3, 4), (3, 5, 4, 0), (0, 0, 3, 3, 5, 5, 1)],
    ids=["reversed", "the end first", "some missing", "doubled"],
)
def test_callbacks_in_any_order_deliver_once(
    share: FulfillmentOrder, world: World, company: SandboxProcess, callbacks: Callbacks, order: tuple[int, ...]
) -> None:
    company.advance(drive(share).provider_id, "DELIVERED")
    received = callbacks.take(6)

    answers = [callbacks.post(received[position]) for position in order]

    assert set(answers) == {200}
    assert (delivery_of(share).state, delivery_of(share).last_seq) == (D.DELIVERED, 7)
    assert (status_of(share), stock(world), events()) == (S.DELIVERED, (9, 0), FINE)


def test_callbacks_of_a_return_in_reverse_leave_it_with_the_store(
    share: FulfillmentOrder, world: World, company: SandboxProcess, callbacks: Callbacks
) -> None:
    company.advance(drive(share).provider_id, "RETURNED")

    for callback in reversed(callbacks.take(8)):
        callbacks.post(callback)

    assert (status_of(share), stock(world), events()) == (S.RETURNING, (9, 0), ["Accepted", "HandedOver"])


# Couriers


def test_no_show_is_cancelled_free_after_a_quarter_of_an_hour_and_another_comes(
    share: FulfillmentOrder, world: World, company: SandboxProcess, callbacks: Callbacks
) -> None:
    company.fault("courier", no_show=True, subject=f"{share.number}-1")
    company.advance(drive(share).provider_id, "ASSIGNED")
    callbacks.deliver(2)
    eta_at = delivery_of(share).eta_at
    assert eta_at is not None
    drive(share, now=eta_at + timedelta(minutes=14))
    assert Delivery.objects.count() == 1
    company.clock(advance_s=3600)

    drive(share, now=eta_at + QUIET + timedelta(minutes=15))

    old, new = Delivery.objects.order_by("pk")
    assert (old.state, old.cancel_fee_fen, old.reason) == (D.CANCELLED, 0, "no show")
    assert (new.state, new.attempt) == (D.REQUESTED, 2)
    assert status_of(share) == S.AWAITING_COURIER
    company.advance(drive(share, now=new.next_attempt_at).provider_id, "AT_STORE")
    hand_over(share)
    assert drive(share).state == D.PICKED_UP
    assert stock(world) == (9, 0)


def test_no_show_is_kept_while_cancelling_costs_a_fee(
    share: FulfillmentOrder, company: SandboxProcess, callbacks: Callbacks
) -> None:
    company.advance(drive(share).provider_id, "ASSIGNED")
    callbacks.deliver(2)
    company.clock(advance_s=300)
    eta_at = delivery_of(share).eta_at
    assert eta_at is not None

    kept = drive(share, now=eta_at + timedelta(minutes=20))
    assert (kept.state, operations(company)[-1]) == (D.ASSIGNED, "cancel_quote")

    paid = Delivery.objects.get(pk=kept.pk)
    services.drive_delivery(paid.pk, now=eta_at + timedelta(minutes=75))
    assert Delivery.objects.get(pk=paid.pk).cancel_fee_fen == 200
    assert Delivery.objects.count() == 2


def test_courier_who_drops_out_leaves_a_dead_code_behind(
    share: FulfillmentOrder, company: SandboxProcess, callbacks: Callbacks
) -> None:
    company.advance(drive(share).provider_id, "ASSIGNED")
    first = code_of(share)
    callbacks.deliver(2)
    company.advance(delivery_of(share).provider_id, "DISPATCHING")

    callbacks.deliver(1)

    delivery = delivery_of(share)
    assert (delivery.state, delivery.assignment, Delivery.objects.count()) == (D.DISPATCHING, 2, 1)
    assert PickupCode.objects.order_by("pk").values_list("status", flat=True)[0] == PickupCodeStatus.REVOKED
    drive(share)
    sent = [call for call in company.log("courier", "call") if call["operation"] == "pickup_code"]
    assert [json.loads(call["detail"]["request"]) for call in sent] == [{"pickup_code": code_of(share)}]
    if first != code_of(share):
        with pytest.raises(services.WrongPickupCode):
            services.drive_hand_over(share.pk, code=first, actor=CLERK, now=clock.now())
    company.advance(delivery.provider_id, "AT_STORE")
    hand_over(share)
    assert drive(share).state == D.PICKED_UP


def test_courier_who_drops_out_unheard_is_noticed_with_the_next_one(
    share: FulfillmentOrder, company: SandboxProcess, callbacks: Callbacks
) -> None:
    delivery_id = drive(share).provider_id
    company.advance(delivery_id, "ASSIGNED")
    company.advance(delivery_id, "DISPATCHING")
    company.advance(delivery_id, "AT_STORE")

    for callback in reversed(callbacks.take(5)):
        callbacks.post(callback)

    delivery = delivery_of(share)
    assert (delivery.state, delivery.assignment) == (D.AT_STORE, 2)
    assert PickupCode.objects.count() == 2


def test_code_wrong_five_times_at_the_desk_reaches_the_courier_anew(
    share: FulfillmentOrder, company: SandboxProcess
) -> None:
    company.advance(drive(share).provider_id, "AT_STORE")
    wrong = "000000" if code_of(share) != "000000" else "000001"
    for _ in range(5):
        with pytest.raises((services.WrongPickupCode, services.PickupCodeReplaced)):
            services.drive_hand_over(share.pk, code=wrong, actor=CLERK, now=clock.now())

    drive(share)
    hand_over(share)

    assert drive(share).state == D.PICKED_UP


def test_courier_who_takes_the_goods_without_the_code_has_them(riding: World, company: SandboxProcess) -> None:
    company.fault("courier", self_pickup=True)
    share = accept_and_pack(offer_share(riding))

    work_until(S.DELIVERED, share)

    assert (events(), stock(riding)) == (FINE, (9, 0))


def test_goods_that_the_courier_loses_end_the_order(riding: World, company: SandboxProcess) -> None:
    company.fault("courier", lost=True, self_pickup=True)
    share = accept_and_pack(offer_share(riding))

    work_until(S.LOST, share)

    assert (events(), stock(riding)) == (["Accepted", "HandedOver", "Cancelled"], (9, 0))


@pytest.mark.parametrize("fault", ["refuse", "unreachable"])
def test_goods_that_nobody_takes_come_back_into_stock(riding: World, company: SandboxProcess, fault: str) -> None:
    company.fault("courier", **{fault: True}, self_pickup=True)
    share = accept_and_pack(offer_share(riding))
    work_until(S.RETURNING, share)
    wait_for(lambda: delivery_of(share).state == D.RETURNED)

    with entry():
        services.confirm_return(share.pk, actor=CLERK, now=clock.now())
    services.drive_due_deliveries(10, now=clock.now())

    assert delivery_of(share).state == D.RETURN_CONFIRMED
    assert (events(), stock(riding)) == (["Accepted", "HandedOver", "Cancelled"], (10, 0))


def test_company_that_cannot_create_is_asked_again(
    share: FulfillmentOrder, company: SandboxProcess, callbacks: Callbacks
) -> None:
    company.advance(drive(share).provider_id, "CREATE_FAILED")

    callbacks.deliver(1)

    assert list(Delivery.objects.order_by("pk").values_list("state", flat=True)) == [D.CREATE_FAILED, D.REQUESTED]
    assert drive(share).state == D.CREATED


# The company's answers


@pytest.mark.parametrize("fault", ["timeout", "http_500"])
@pytest.mark.parametrize("operation", ["quote", "create"])
def test_request_without_an_answer_creates_one_delivery(
    share: FulfillmentOrder, company: SandboxProcess, monkeypatch: pytest.MonkeyPatch, fault: str, operation: str
) -> None:
    monkeypatch.setattr("fulfillment.clients.carrier.ANSWER_SECONDS", 0.3)
    company.fault("courier", **{fault: 2}, operation=operation)

    failed = drive(share)
    assert (failed.state, failed.last_error.startswith("unreachable: ")) == (D.REQUESTED, True)
    assert failed.next_attempt_at is not None
    second = drive(share, now=failed.next_attempt_at)
    assert second.next_attempt_at is not None
    assert second.next_attempt_at - failed.next_attempt_at > timedelta(seconds=30)

    created = drive(share, now=second.next_attempt_at)

    assert (created.state, created.last_error) == (D.CREATED, "")
    assert created.provider_id == json.loads(company.log("courier", "call")[-1]["detail"]["response"])["delivery_id"]
    assert Delivery.objects.count() == 1


def test_request_with_an_unknown_outcome_can_still_be_cancelled(
    share: FulfillmentOrder, company: SandboxProcess, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fulfillment.clients.carrier.ANSWER_SECONDS", 0.3)
    company.fault("courier", timeout=1, operation="create")
    drive(share)
    with entry():
        services.request_cancel(share.fulfillment_id, actor="guest", now=clock.now())
    with entry():
        services.answer_cancel(share.pk, accept=True, actor=CLERK, now=clock.now())
    assert status_of(share) == S.CANCEL_REQUESTED

    delivery = drive(share)

    assert operations(company) == ["quote", "create", "create", "cancel_quote", "cancel"]
    assert (delivery.state, status_of(share), stock(world)) == (D.CANCELLED, S.CANCELLED, (10, 0))


@pytest.mark.parametrize("fault", ["timeout", "http_500"])
def test_cancellation_without_an_answer_is_repeated(
    share: FulfillmentOrder, company: SandboxProcess, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr("fulfillment.clients.carrier.ANSWER_SECONDS", 0.3)
    drive(share)
    with entry():
        services.request_cancel(share.fulfillment_id, actor="guest", now=clock.now())
    with entry():
        services.answer_cancel(share.pk, accept=True, actor=CLERK, now=clock.now())
    company.fault("courier", **{fault: 1}, operation="cancel")

    failed = drive(share)
    assert (status_of(share), failed.next_attempt_at is not None) == (S.CANCEL_REQUESTED, True)
    drive(share, now=failed.next_attempt_at)

    assert (status_of(share), events()) == (S.CANCELLED, ["Accepted", "Cancelled"])


@pytest.mark.parametrize("fault", ["timeout", "http_500"])
def test_pickup_without_an_answer_is_confirmed_again(
    share: FulfillmentOrder, company: SandboxProcess, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr("fulfillment.clients.carrier.ANSWER_SECONDS", 0.3)
    company.advance(drive(share).provider_id, "AT_STORE")
    hand_over(share)
    company.fault("courier", **{fault: 1}, operation="pickup")

    failed = drive(share)
    confirmed = drive(share, now=failed.next_attempt_at)

    assert (confirmed.state, events()) == (D.PICKED_UP, ["Accepted", "HandedOver"])


def test_offer_that_expired_is_asked_for_again(share: FulfillmentOrder, company: SandboxProcess) -> None:
    Delivery.objects.update(offer_id="Q-long-gone")

    delivery = drive(share)

    assert operations(company) == ["create", "quote", "create"]
    assert delivery.state == D.CREATED


# Workers


class Killed(BaseException):
    """What a worker's death looks like from inside: nothing after it runs."""


@pytest.mark.parametrize("step", ["_prepare", "_run", "_write_answer"])
@pytest.mark.parametrize("errand", [1, 2])
def test_worker_that_dies_anywhere_leaves_one_delivery(
    share: FulfillmentOrder, company: SandboxProcess, monkeypatch: pytest.MonkeyPatch, step: str, errand: int
) -> None:
    whole, calls = getattr(services.courier, step), []

    def dying(*args: object, **kwargs: object) -> object:
        calls.append(step)
        if len(calls) == errand:
            raise Killed
        return whole(*args, **kwargs)

    monkeypatch.setattr(f"fulfillment.services.courier.{step}", dying)
    with pytest.raises(Killed):
        drive(share)
    stranded = delivery_of(share)
    assert (stranded.state, stranded.next_attempt_at is not None) == (D.REQUESTED, True)

    delivery = drive(share, now=stranded.next_attempt_at)

    assert delivery.state == D.CREATED
    created = {json.loads(call["detail"]["response"])["delivery_id"]
               for call in company.log("courier", "call") if call["operation"] == "create"}  # fmt: skip
    assert created == {delivery.provider_id}
