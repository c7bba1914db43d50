from datetime import datetime, timedelta
from typing import Protocol

import pytest

from fulfillment import services
from fulfillment.choices import (
    DeliveryState,
    FulfillmentOrderStatus,
    FulfillmentStatus,
    PickupCodePurpose,
    PickupCodeStatus,
    RejectReason,
    Way,
)
from fulfillment.models import Delivery, Fulfillment, FulfillmentOrder, PickupCode, RoutingRule
from inventory.models import CountTask
from omni.kernel.errors import Conflict, DomainError
from omni.kernel.models import Event, Transition
from omni.kernel.states import StateConflict
from omni.kernel.transactions import entry
from tests.cast import NOON, World
from tests.factories.fulfillment import (
    CLERK,
    accept,
    accept_and_pack,
    code_of,
    delivery_of,
    fresh,
    offer_share,
    status_of,
)

S = FulfillmentOrderStatus
LATER = NOON + timedelta(minutes=5)


class Step(Protocol):
    def __call__(self, share_id: int, /, *, actor: str, now: datetime) -> None: ...


STEP_FROM: dict[Step, set[S]] = {
    services.accept_offer: {S.OFFERED},
    services.start_picking: {S.ACCEPTED},
    services.confirm_return: {S.RETURNING},
    services.report_lost: {S.RETURNING},
    services.restock: {S.PICKUP_EXPIRED, S.SET_ASIDE},
}


def stock(world: World, size: str = "S", store: str = "A") -> tuple[int, int, int]:
    """Return on hand, allocated, unsellable."""
    level = world.level(store, size)
    return level.on_hand, level.allocated, level.unsellable


def events() -> list[str]:
    return [name.removeprefix("fulfillment.FulfillmentOrder") for name in
            Event.objects.order_by("pk").values_list("name", flat=True)]  # fmt: skip


def set_status(share: FulfillmentOrder, status: S, held: str = "") -> None:
    FulfillmentOrder.objects.filter(pk=share.pk).update(status=status, held_status=held, route_due_at=NOON)


def hand_over(share: FulfillmentOrder, code: str) -> None:
    services.drive_hand_over(share.pk, code=code, actor=CLERK, now=LATER)


def collect(share: FulfillmentOrder, code: str) -> None:
    services.drive_collect(share.pk, code=code, actor=CLERK, now=LATER)


# Accepting, picking, packing


def test_accept_offer_asks_for_a_courier_and_tells_those_above(world: World) -> None:
    share = offer_share(world)

    with entry():
        services.accept_offer(share.pk, actor=CLERK, now=LATER)

    share = fresh(share)
    assert (share.status, share.accepted_by, share.deadline_at) == (S.ACCEPTED, CLERK, LATER + timedelta(hours=1))
    delivery = Delivery.objects.get(fulfillment_order=share)
    assert (delivery.state, delivery.external_id) == (DeliveryState.REQUESTED, f"{share.number}-1")
    assert delivery.next_attempt_at == LATER
    assert delivery.pickup_code == PickupCode.objects.get(fulfillment_order=share)
    assert events() == ["Accepted"]
    assert Event.objects.get().payload == {
        "fulfillment_id": share.fulfillment_id,
        "fulfillment_order_id": share.pk,
        "store_id": world.stores["A"].pk,
        "accepted_at": LATER.isoformat(),
    }
    assert stock(world) == (10, 1, 0)


def test_accept_offer_for_collection_asks_for_no_courier(world: World) -> None:
    share = accept(offer_share(world, way=Way.PICKUP))

    assert share.status == S.ACCEPTED
    assert Delivery.objects.count() == 0
    assert PickupCode.objects.count() == 0


def test_accept_offer_after_the_deadline_counts_while_it_is_still_offered(world: World) -> None:
    share = offer_share(world)

    with entry():
        services.accept_offer(share.pk, actor=CLERK, now=NOON + timedelta(hours=2))

    assert status_of(share) == S.ACCEPTED


@pytest.mark.parametrize(
    ("step", "status"),
    [(step, status) for step, right in STEP_FROM.items() for status in S if status not in right | {S.PLANNED}],
)
def test_step_from_any_other_status_changes_nothing(world: World, step: Step, status: S) -> None:
    share = offer_share(world)
    set_status(share, status)

    with pytest.raises(DomainError), entry():
        step(share.pk, actor=CLERK, now=LATER)

    assert status_of(share) == status
    assert (events(), Transition.objects.count(), Delivery.objects.count()) == ([], 0, 0)
    assert stock(world) == (10, 1, 0)


def test_start_picking_then_pack_waits_for_the_courier(world: World) -> None:
    share = accept(offer_share(world))

    with entry():
        services.start_picking(share.pk, actor=CLERK, now=LATER)
    assert status_of(share) == S.PICKING
    with entry():
        services.pack(share.pk, actor=CLERK, now=LATER)

    assert status_of(share) == S.AWAITING_COURIER
    log = Transition.objects.filter(entity_id=share.pk).order_by("pk").values_list("to_status", "actor")
    assert list(log) == [(S.ACCEPTED, CLERK), (S.PICKING, CLERK), (S.PACKED, CLERK), (S.AWAITING_COURIER, CLERK)]


def test_pack_for_collection_issues_a_code_and_keeps_the_goods_for_three_days(world: World) -> None:
    share = accept_and_pack(offer_share(world, way=Way.PICKUP))

    assert (share.status, share.deadline_at) == (S.READY_FOR_PICKUP, NOON + timedelta(hours=72))
    code = code_of(share, PickupCodePurpose.SHOPPER)
    assert (len(code), code.isdigit()) == (6, True)


def test_pack_for_collection_keeps_the_goods_as_long_as_the_brand_says(world: World) -> None:
    RoutingRule.objects.create(brand=world.brand, pickup_keep_hours=5)

    share = accept_and_pack(offer_share(world, way=Way.PICKUP))

    assert share.deadline_at == NOON + timedelta(hours=5)


# Giving back


def test_reject_task_not_found_corrects_stock_and_routes_again(world: World) -> None:
    share = offer_share(world, units={"S": 2})

    with entry():
        services.reject_task(share.pk, reason=RejectReason.NOT_FOUND, actor=CLERK, now=LATER)

    share = fresh(share)
    assert (share.status, share.reject_reason) == (S.REJECTED, RejectReason.NOT_FOUND)
    assert stock(world) == (8, 0, 0)
    assert CountTask.objects.filter(closed_at=None).count() == 1
    following = FulfillmentOrder.objects.exclude(pk=share.pk).get()
    assert (following.status, following.attempt, following.store_id) == (S.PENDING_ROUTING, 2, None)


def test_reject_task_damaged_sets_only_the_named_units_aside(world: World) -> None:
    share = offer_share(world, units={"S": 3})
    line = share.lines.get()

    with entry():
        services.reject_task(
            share.pk, reason=RejectReason.DAMAGED, actor=CLERK, now=LATER, affected={line.pk: 1}
        )  # fmt: skip

    assert stock(world) == (10, 0, 1)


def test_reject_task_too_busy_leaves_the_goods_on_sale(world: World) -> None:
    share = offer_share(world)

    with entry():
        services.reject_task(share.pk, reason=RejectReason.TOO_BUSY, actor=CLERK, now=LATER)

    assert stock(world) == (10, 0, 0)
    assert CountTask.objects.count() == 0


def test_reject_task_after_accepting_calls_the_courier_off(world: World) -> None:
    share = accept(offer_share(world))

    with entry():
        services.reject_task(share.pk, reason=RejectReason.TOO_BUSY, actor=CLERK, now=LATER)

    assert status_of(share) == S.REJECTED
    assert delivery_of(share).state == DeliveryState.CANCELLED
    assert PickupCode.objects.get().status == PickupCodeStatus.REVOKED


def test_reject_task_once_packed_is_refused(world: World) -> None:
    share = accept_and_pack(offer_share(world))

    with pytest.raises(StateConflict), entry():
        services.reject_task(share.pk, reason=RejectReason.TOO_BUSY, actor=CLERK, now=LATER)

    assert (status_of(share), stock(world)) == (S.AWAITING_COURIER, (10, 1, 0))


# Cancellations


def wish_to_cancel(share: FulfillmentOrder) -> None:
    with entry():
        services.request_cancel(share.fulfillment_id, actor="guest", now=NOON)


def answer(share: FulfillmentOrder, *, accept: bool) -> None:
    with entry():
        services.answer_cancel(share.pk, accept=accept, actor=CLERK, now=LATER)


def test_answer_cancel_accepted_before_any_courier_is_asked_ends_it_at_once(world: World) -> None:
    share = accept_and_pack(offer_share(world))
    wish_to_cancel(share)
    assert status_of(share) == S.CANCEL_REQUESTED

    answer(share, accept=True)

    assert status_of(share) == S.CANCELLED
    assert delivery_of(share).state == DeliveryState.CANCELLED
    assert stock(world) == (10, 0, 0)
    assert events() == ["Accepted", "Cancelled"]
    assert PickupCode.objects.get().status == PickupCodeStatus.REVOKED
    assert Fulfillment.objects.get().status == FulfillmentStatus.CANCELLED


def test_answer_cancel_accepted_with_a_courier_under_way_waits_for_the_company(world: World) -> None:
    share = accept_and_pack(offer_share(world))
    Delivery.objects.update(state=DeliveryState.ASSIGNED, provider_id="D1", next_attempt_at=None)
    wish_to_cancel(share)

    answer(share, accept=True)

    assert status_of(share) == S.CANCEL_REQUESTED
    delivery = delivery_of(share)
    assert (delivery.wants_cancel, delivery.next_attempt_at) == (True, LATER)
    assert stock(world) == (10, 1, 0)
    with pytest.raises(services.CancellationUnderWay):
        answer(share, accept=False)


def test_answer_cancel_refused_goes_on_where_it_was(world: World) -> None:
    share = accept_and_pack(offer_share(world))
    wish_to_cancel(share)

    answer(share, accept=False)

    share = fresh(share)
    assert (share.status, share.held_status) == (S.AWAITING_COURIER, "")
    assert Event.objects.order_by("pk").last().name == "fulfillment.FulfillmentCancelRefused"  # type: ignore[union-attr]
    hand_over(share, code_of(share))
    assert stock(world) == (9, 0, 0)


def test_answer_cancel_refused_after_the_courier_gave_up_asks_for_another(world: World) -> None:
    share = accept_and_pack(offer_share(world))
    wish_to_cancel(share)
    Delivery.objects.update(state=DeliveryState.CANCELLED, next_attempt_at=None)

    answer(share, accept=False)

    assert Delivery.objects.count() == 2
    assert delivery_of(share).external_id == f"{share.number}-2"


@pytest.mark.parametrize("accept_it", [True, False])
def test_answer_cancel_when_nobody_wishes_it_changes_nothing(world: World, accept_it: bool) -> None:
    share = accept_and_pack(offer_share(world))

    with pytest.raises(StateConflict):
        answer(share, accept=accept_it)

    assert (status_of(share), stock(world)) == (S.AWAITING_COURIER, (10, 1, 0))


# Goods that come back, or do not


def test_confirm_return_puts_the_goods_on_sale_again(world: World) -> None:
    share = accept_and_pack(offer_share(world))
    hand_over(share, code_of(share))
    set_status(share, S.RETURNING)
    Delivery.objects.update(state=DeliveryState.RETURNED, next_attempt_at=None)

    with entry():
        services.confirm_return(share.pk, actor=CLERK, now=LATER)

    assert (status_of(share), stock(world)) == (S.RETURNED_TO_STORE, (10, 0, 0))
    assert events() == ["Accepted", "HandedOver", "Cancelled"]
    assert Event.objects.order_by("pk").last().payload["reason"] == "returned"  # type: ignore[union-attr]
    assert delivery_of(share).next_attempt_at == LATER
    assert Fulfillment.objects.get().status == FulfillmentStatus.CANCELLED


def test_report_lost_while_the_courier_is_on_the_way_back_is_refused(world: World) -> None:
    share = accept_and_pack(offer_share(world))
    hand_over(share, code_of(share))
    set_status(share, S.RETURNING)

    with pytest.raises(services.GoodsStillWithCourier), entry():
        services.report_lost(share.pk, actor=CLERK, now=LATER)

    assert status_of(share) == S.RETURNING


def test_report_lost_after_the_company_closed_the_delivery_ends_it(world: World) -> None:
    share = accept_and_pack(offer_share(world))
    hand_over(share, code_of(share))
    set_status(share, S.RETURNING)
    Delivery.objects.update(state=DeliveryState.CANCELLED)

    with entry():
        services.report_lost(share.pk, actor=CLERK, now=LATER)

    assert (status_of(share), stock(world)) == (S.LOST, (9, 0, 0))
    assert Event.objects.order_by("pk").last().payload["reason"] == "lost"  # type: ignore[union-attr]


def test_drive_due_pickups_ends_the_waiting_and_leaves_the_goods_to_be_restocked(world: World) -> None:
    share = accept_and_pack(offer_share(world, way=Way.PICKUP))
    early, late = NOON + timedelta(hours=71), NOON + timedelta(hours=72)
    assert services.drive_due_pickups(10, now=early) == 0
    assert status_of(share) == S.READY_FOR_PICKUP

    assert services.drive_due_pickups(10, now=late) == 1

    assert (status_of(share), stock(world)) == (S.PICKUP_EXPIRED, (10, 1, 0))
    assert PickupCode.objects.get().status == PickupCodeStatus.REVOKED
    assert Event.objects.order_by("pk").last().payload["reason"] == "not_collected"  # type: ignore[union-attr]
    with pytest.raises(Conflict):
        collect(share, "123456")
    with entry():
        services.restock(share.pk, actor=CLERK, now=late)
    assert (status_of(share), stock(world)) == (S.RESTOCKED, (10, 0, 0))
    assert Fulfillment.objects.get().status == FulfillmentStatus.CANCELLED


def test_drive_due_pickups_with_one_that_fails_ends_the_others(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    shares = [accept_and_pack(offer_share(world, way=Way.PICKUP)) for _ in range(3)]
    late = NOON + timedelta(hours=72)

    def expire_all_but_the_first(share_id: int, *, now: datetime) -> bool:
        if share_id == shares[0].pk:
            raise RuntimeError("poison")
        return services.expire_pickup(share_id, now=now)

    monkeypatch.setattr("fulfillment.services.store_work.expire_pickup", expire_all_but_the_first)

    assert services.drive_due_pickups(10, now=late) == 3

    assert [status_of(share) for share in shares] == [S.READY_FOR_PICKUP, S.PICKUP_EXPIRED, S.PICKUP_EXPIRED]
    assert (fresh(shares[0]).deadline_at, fresh(shares[0]).failures) == (late + timedelta(minutes=10), 1)


def test_pack_while_a_cancellation_is_to_be_answered_is_refused(world: World) -> None:
    share = accept_and_pack(offer_share(world))
    wish_to_cancel(share)

    with pytest.raises(StateConflict), entry():
        services.pack(share.pk, actor=CLERK, now=LATER)
    with pytest.raises(StateConflict):
        hand_over(share, code_of(share))

    assert (status_of(share), stock(world)) == (S.CANCEL_REQUESTED, (10, 1, 0))
