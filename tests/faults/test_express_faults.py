"""What the way to the express company can do wrong: answers that are lost, callbacks twice, late or forged."""

from datetime import timedelta

import pytest

from fulfillment import services
from fulfillment.choices import DeliveryState, FulfillmentOrderStatus, Way
from fulfillment.models import Delivery, DeliveryCallback, FulfillmentOrder, Parcel, TrailPoint
from omni.kernel import clock
from omni.kernel.transactions import entry
from tests.cast import World
from tests.courier import Callbacks, drive
from tests.factories.fulfillment import CLERK, accept_and_pack, delivery_of, offer_share, status_of
from tests.sandbox.fixture import SandboxProcess

S = FulfillmentOrderStatus
D = DeliveryState


@pytest.fixture
def share(world: World) -> FulfillmentOrder:
    """A packed order whose waybill is still to be asked for."""
    return accept_and_pack(offer_share(world, way=Way.EXPRESS))


def stock(world: World) -> tuple[int, int]:
    """Return on hand and allocated of S in store A."""
    level = world.level("A", "S")
    return level.on_hand, level.allocated


@pytest.mark.parametrize("fault", ["timeout", "http_500"])
def test_waybill_whose_answer_is_lost_is_asked_for_once(
    share: FulfillmentOrder, express: SandboxProcess, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr("fulfillment.clients.carrier.ANSWER_SECONDS", 0.3)
    express.fault("express", **{fault: 1}, operation="create")

    failed = drive(share)
    assert (failed.state, failed.last_error.startswith("unreachable: "), status_of(share)) == (
        *(D.REQUESTED, True, S.PACKED),
    )
    assert failed.next_attempt_at is not None
    created = drive(share, now=failed.next_attempt_at)

    kept = express.log("express", "call")[-1]["subject"]
    assert (created.state, status_of(share), Delivery.objects.count()) == (D.CREATED, S.LABELLED, 1)
    assert kept == f"{share.number}-1"
    assert Parcel.objects.get().waybill == created.waybill


def test_cancellation_with_an_unknown_waybill_ends_it_at_the_company(
    share: FulfillmentOrder, world: World, express: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fulfillment.clients.carrier.ANSWER_SECONDS", 0.3)
    express.fault("express", timeout=1, operation="create")
    drive(share)
    with entry():
        services.request_cancel(share.fulfillment_id, actor="guest", now=clock.now())
    with entry():
        services.answer_cancel(share.pk, accept=True, actor=CLERK, now=clock.now())
    assert status_of(share) == S.CANCEL_REQUESTED

    delivery = drive(share)

    operations = [call["operation"] for call in express.log("express", "call")]
    assert operations == ["quote", "create", "create", "cancel"]
    assert (delivery.state, status_of(share), stock(world)) == (D.CANCELLED, S.CANCELLED, (10, 0))


def test_tracking_that_never_comes_is_asked_for(share: FulfillmentOrder, world: World, express: SandboxProcess) -> None:
    express.fault("express", drop=True)
    drive(share)
    express.advance_parcel(delivery_of(share).provider_id, "301")

    delivery = drive(share, now=clock.now() + timedelta(minutes=11))

    assert (delivery.state, status_of(share), stock(world)) == (D.DELIVERED, S.DELIVERED, (9, 0))
    assert TrailPoint.objects.count() == 6
    assert DeliveryCallback.objects.count() == 0


def test_tracking_that_is_forged_or_told_twice_moves_it_once(
    share: FulfillmentOrder, world: World, express: SandboxProcess, parcel_callbacks: Callbacks
) -> None:
    drive(share)
    order_id = delivery_of(share).provider_id
    express.fault("express", bad_signature=1)
    express.advance_parcel(order_id, "103")
    assert parcel_callbacks.deliver(1) == [401]
    assert (status_of(share), stock(world)) == (S.LABELLED, (10, 1))
    express.fault("express", duplicate=2, times=1)
    express.advance_parcel(order_id, "1002")

    assert parcel_callbacks.deliver(2) == [200, 200]

    assert (status_of(share), stock(world), TrailPoint.objects.count()) == (S.HANDED_OVER, (9, 0), 3)
    assert list(DeliveryCallback.objects.values_list("outcome", flat=True)) == ["applied"]
