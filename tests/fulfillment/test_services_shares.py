import pytest

from fulfillment import services
from fulfillment.choices import FulfillmentOrderStatus, FulfillmentStatus
from fulfillment.models import Fulfillment, FulfillmentOrder
from omni.kernel.models import Event
from omni.kernel.transactions import entry
from tests.cast import NOON, World
from tests.fulfillment.test_services_planning import counters, used
from tests.fulfillment.test_services_routing import CLERK, events, fresh, offered, paid, reject, route, stock_agrees

pytestmark = pytest.mark.django_db

S = FulfillmentOrderStatus


def cancel(share: FulfillmentOrder) -> None:
    with entry():
        services.request_cancel(share.fulfillment_id, actor="guest", now=NOON)


def test_request_cancel_before_acceptance_cancels_at_once(world: World) -> None:
    share = offered(world, ("S", 2))

    cancel(share)

    assert (fresh(share.pk).status, fresh(share.pk).deadline_at) == (S.CANCELLED, None)
    assert counters(world, "A", "S") == (10, 0, 0)
    assert used() == {}
    assert events() == ["Cancelled"]
    assert Event.objects.get(name="fulfillment.FulfillmentOrderCancelled").payload["reason"] == "requested"
    assert Fulfillment.objects.get().status == FulfillmentStatus.CANCELLED


def test_request_cancel_of_a_split_cancels_every_share(world: World) -> None:
    first, second = paid(world, ("S", 8), ("L", 2))
    route(first)

    cancel(fresh(second))

    assert (fresh(first).status, fresh(second).status) == (S.CANCELLED, S.CANCELLED)
    assert events() == ["Cancelled", "Cancelled"]
    assert used() == {}
    assert stock_agrees()


def test_request_cancel_of_a_parked_share_cancels_it(world: World) -> None:
    parked = route(reject(offered(world, ("L", 2))))

    cancel(parked)

    assert fresh(parked.pk).status == S.CANCELLED
    assert events() == ["Unfillable", "Cancelled"]
    assert Fulfillment.objects.get().status == FulfillmentStatus.CANCELLED


def test_request_cancel_of_an_accepted_share_needs_no_answer(world: World) -> None:
    share = offered(world, ("S", 2))
    with entry():
        services.accept_offer(share.pk, actor=CLERK, now=NOON)

    cancel(share)

    assert fresh(share.pk).status == S.CANCELLED
    assert share.deliveries.get().state == "cancelled"
    assert events() == ["Accepted", "Cancelled"]


def test_request_cancel_of_a_packed_share_waits_for_the_store(world: World) -> None:
    share = offered(world, ("S", 2))
    with entry():
        services.accept_offer(share.pk, actor=CLERK, now=NOON)
        services.pack(share.pk, actor=CLERK, now=NOON)

    cancel(share)
    assert (fresh(share.pk).status, fresh(share.pk).held_status) == (S.CANCEL_REQUESTED, S.AWAITING_COURIER)
    assert counters(world, "A", "S") == (10, 0, 2)

    with entry():
        services.answer_cancel(share.pk, accept=True, actor=CLERK, now=NOON)
    assert fresh(share.pk).status == S.CANCELLED
    assert counters(world, "A", "S") == (10, 0, 0)
    assert events() == ["Accepted", "Cancelled"]


def test_request_cancel_of_goods_on_their_way_is_refused_by_event(world: World) -> None:
    share = offered(world, ("S", 2))
    FulfillmentOrder.objects.filter(pk=share.pk).update(status=S.HANDED_OVER)

    cancel(share)

    assert fresh(share.pk).status == S.HANDED_OVER
    assert Event.objects.filter(name="fulfillment.FulfillmentCancelRefused").count() == 1


def test_request_cancel_of_a_closed_demand_is_refused(world: World) -> None:
    share = offered(world, ("S", 2))
    cancel(share)

    with pytest.raises(services.FulfillmentFinished):
        cancel(share)

    assert events() == ["Cancelled"]
