from unittest.mock import patch

import pytest

from fulfillment import locks, services
from fulfillment.choices import DeliveryState, FulfillmentOrderStatus, PickupCodeStatus, RejectReason, Way
from fulfillment.models import Delivery, FulfillmentOrder, PickupCode
from inventory import services as inventory_services
from inventory.models import Reservation
from omni.kernel.models import EventDelivery
from omni.kernel.transactions import entry
from tests.cast import NOON, World
from tests.factories.fulfillment import accept_and_pack, delivery_of, fresh, offer_share, status_of
from tests.fulfillment.test_services_routing import live, not_found, paid, stock_agrees

pytestmark = pytest.mark.django_db

S = FulfillmentOrderStatus


def unfinished() -> list[tuple[str, str]]:
    return list(EventDelivery.objects.exclude(state="done").values_list("subscriber", "error"))


def asked(share: FulfillmentOrder) -> Delivery:
    """Let the courier company have the delivery of a share, and return it."""
    Delivery.objects.filter(fulfillment_order=share).update(
        state=DeliveryState.ASSIGNED, provider_id="c-1", offer_id="o-1", attempts=1
    )
    return delivery_of(share)


@pytest.mark.parametrize("way", [Way.PICKUP, Way.COURIER])
def test_displaced_goods_that_are_packed_are_booked_in_as_found(world: World, way: Way) -> None:
    share = accept_and_pack(offer_share(world, units={"M": 2}, way=way))

    not_found(world, "A", "M", 2)

    assert unfinished() == []
    assert status_of(share) == (S.READY_FOR_PICKUP if way == Way.PICKUP else S.AWAITING_COURIER)
    assert PickupCode.objects.get().status == PickupCodeStatus.ISSUED
    level = world.level("A", "M")
    assert (level.on_hand, level.allocated) == (2, 2)
    assert list(level.movements.order_by("pk").values_list("kind", "quantity"))[-2:] == [
        ("not_found", -2),
        ("found", 2),
    ]
    assert stock_agrees()


def test_displaced_goods_that_are_offered_are_looked_for_anew(world: World) -> None:
    share = offer_share(world, units={"M": 2})

    not_found(world, "A", "M", 2)

    assert unfinished() == []
    given_up = fresh(share)
    assert (given_up.status, given_up.reject_reason, given_up.deadline_at) == (S.REJECTED, RejectReason.DISPLACED, None)
    assert live(world) == [(None, S.PENDING_ROUTING, 2, [2])]


def test_displaced_goods_that_are_to_be_cancelled_are_although_a_courier_is_under_way(world: World) -> None:
    share = accept_and_pack(offer_share(world, units={"M": 2}))
    asked(share)
    with entry():
        services.request_cancel(share.fulfillment_id, actor="guest", now=NOON)

    not_found(world, "A", "M", 2)

    assert status_of(share) == S.CANCELLED
    assert delivery_of(share).wants_cancel is True
    assert stock_agrees()


def test_displaced_goods_that_routing_has_replaced_meanwhile_change_nothing(world: World) -> None:
    paid(world, ("M", 2))
    lost = Reservation.objects.get()
    lock_share = locks.lock_share

    def route_first(fulfillment_order_id: int) -> FulfillmentOrder:
        with patch("fulfillment.locks.lock_share", lock_share):
            services.route(fulfillment_order_id, now=NOON)
        return lock_share(fulfillment_order_id)

    with entry():
        level = world.level("A", "M")
        inventory_services.report_not_found(
            level.store_id, level.variant_id, 2, cause="count:1", actor="user:9", now=NOON
        )
    with entry(), patch("fulfillment.locks.lock_share", route_first):
        services.reroute_displaced(lost.pk, now=NOON)

    assert live(world) == [("B", S.OFFERED, 1, [2])]
    assert stock_agrees()
