"""Stores that accept and then say nothing, shoppers' wishes to cancel that nobody answers, couriers who never come."""

from datetime import datetime, timedelta

import pytest
from django.db import connection

from fulfillment import locks, queries, services, sql
from fulfillment.choices import DeliveryState, FulfillmentOrderStatus, PickupCodePurpose, RejectReason, Way
from fulfillment.clients import CourierRefused, CourierReport, CourierUnreachable
from fulfillment.models import Delivery, FulfillmentOrder, RoutingDecision, RoutingRule
from fulfillment.services import courier, handover, progress
from inventory.models import StockLevel
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
    wrong_code,
)

pytestmark = pytest.mark.django_db

S = FulfillmentOrderStatus
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def sweep(now: datetime) -> int:
    return services.drive_due_routing(10, now=now)


def start_picking(share: FulfillmentOrder, now: datetime) -> None:
    with entry():
        services.start_picking(share.pk, actor=CLERK, now=now)


def pack(share: FulfillmentOrder, now: datetime) -> None:
    with entry():
        services.pack(share.pk, actor=CLERK, now=now)


def wish_to_cancel(share: FulfillmentOrder, now: datetime = NOON) -> None:
    with entry():
        services.request_cancel(share.fulfillment_id, actor="guest", now=now)


def events() -> list[str]:
    names = Event.objects.order_by("pk").values_list("name", flat=True)
    return [name.removeprefix("fulfillment.Fulfillment").removeprefix("Order") for name in names]


def stock(world: World, store: str = "A") -> tuple[int, int]:
    level: StockLevel = world.level(store, "S")
    return level.on_hand, level.allocated


def wrong_rows(now: datetime) -> list[str]:
    return queries.audit_due_rows(overdue=now - 10 * MINUTE)[2] or []


def followers(share: FulfillmentOrder) -> list[FulfillmentOrder]:
    return list(FulfillmentOrder.objects.exclude(pk=share.pk))


def known_to_the_company(share: FulfillmentOrder, state: DeliveryState = DeliveryState.ASSIGNED) -> None:
    """Let the company have a courier on the way, of whom it will tell by itself."""
    Delivery.objects.filter(fulfillment_order=share).update(
        state=state, provider_id="D1", offer_id="Q1", attempts=1, next_attempt_at=NOON + 10 * HOUR
    )


# The store accepts, and then nothing


def test_accepting_sets_a_deadline_of_an_hour_and_picking_renews_it(world: World) -> None:
    share = accept(offer_share(world))
    assert share.deadline_at == NOON + HOUR

    start_picking(share, NOON + 30 * MINUTE)

    assert fresh(share).deadline_at == NOON + 90 * MINUTE


def test_the_deadline_counts_opening_minutes_by_the_brands_rule(world: World) -> None:
    RoutingRule.objects.create(brand=world.brand, preparation_minutes=90)
    share = offer_share(world)
    half_past_nine = NOON + timedelta(hours=9, minutes=30)  # the store closes at ten in the evening

    with entry():
        services.accept_offer(share.pk, actor=CLERK, now=half_past_nine)

    assert fresh(share).deadline_at == NOON + timedelta(hours=22) + HOUR  # eleven in the morning


def test_a_silent_store_is_first_reported_and_given_a_last_time(world: World) -> None:
    share = accept(offer_share(world))

    assert sweep(NOON + HOUR - MINUTE) == 0
    assert sweep(NOON + HOUR) == 1

    share = fresh(share)
    assert (share.status, share.overdue_at, share.deadline_at) == (S.ACCEPTED, NOON + HOUR, NOON + 2 * HOUR)
    assert share.failures == 0
    assert events() == ["Accepted", "Overdue"]
    assert stock(world) == (10, 1)
    assert sweep(NOON + HOUR) == 0
    assert queries.overdue_tasks([world.brand.pk]) == 1


def test_a_store_that_stays_silent_loses_the_order_to_another(world: World) -> None:
    share = accept(offer_share(world))
    sweep(NOON + HOUR)

    assert sweep(NOON + 2 * HOUR) == 2

    share = fresh(share)
    assert (share.status, share.deadline_at, share.finished_at) == (S.TIMED_OUT, None, NOON + 2 * HOUR)
    (follower,) = followers(share)
    assert (follower.status, follower.attempt, follower.store) == (S.OFFERED, 2, world.stores["B"])
    assert (stock(world), stock(world, "B")) == ((10, 0), (5, 1))
    assert delivery_of(share).state == DeliveryState.CANCELLED
    assert RoutingDecision.objects.get(kind="reroute").record["rest"][0]["excluded"] == 1
    log = Transition.objects.get(entity_id=share.pk, to_status=S.TIMED_OUT)
    assert (log.actor, log.reason) == ("system:silence", "not prepared")
    assert queries.overdue_tasks([world.brand.pk]) == 0


def test_a_collection_that_is_not_prepared_is_parked_for_a_decision(world: World) -> None:
    share = accept(offer_share(world, way=Way.PICKUP))
    share.fulfillment.pickup_store = world.stores["A"]
    share.fulfillment.save()
    sweep(NOON + HOUR)

    sweep(NOON + 2 * HOUR)

    (follower,) = followers(share)
    assert (status_of(share), follower.status, follower.parked_at) == (S.TIMED_OUT, S.UNFILLABLE, NOON + 2 * HOUR)
    assert events() == ["Accepted", "Overdue", "Unfillable"]
    assert stock(world) == (10, 0)


def test_a_store_that_packs_after_the_report_keeps_the_order(world: World) -> None:
    share = accept(offer_share(world))
    sweep(NOON + HOUR)

    pack(share, NOON + 119 * MINUTE)

    assert sweep(NOON + 2 * HOUR) == 0
    share = fresh(share)
    assert (share.status, share.overdue_at, share.deadline_at) == (S.AWAITING_COURIER, None, None)


def test_a_courier_under_way_is_called_off_before_the_order_is_taken_away(world: World) -> None:
    share = accept(offer_share(world))
    known_to_the_company(share)
    sweep(NOON + HOUR)

    assert sweep(NOON + 2 * HOUR) == 1

    assert (status_of(share), stock(world)) == (S.ACCEPTED, (10, 1))
    delivery = delivery_of(share)
    assert (delivery.wants_cancel, delivery.next_attempt_at) == (True, NOON + 2 * HOUR)
    assert fresh(share).deadline_at == NOON + 2 * HOUR + 10 * MINUTE

    report(share, DeliveryState.CANCELLED)

    assert (status_of(share), stock(world)) == (S.TIMED_OUT, (10, 0))
    assert [follower.status for follower in followers(share)] == [S.PENDING_ROUTING]


def test_a_pick_up_while_the_courier_is_called_off_wins(world: World) -> None:
    share = accept(offer_share(world))
    known_to_the_company(share)
    sweep(NOON + HOUR)
    sweep(NOON + 2 * HOUR)

    report(share, DeliveryState.PICKED_UP)

    assert (status_of(share), stock(world)) == (S.HANDED_OVER, (9, 0))
    assert (delivery_of(share).wants_cancel, fresh(share).overdue_at, fresh(share).deadline_at) == (False, None, None)
    assert followers(share) == []
    assert sweep(NOON + 3 * HOUR) == 0


def test_a_store_that_packs_while_the_courier_is_called_off_gets_another_one(world: World) -> None:
    share = accept(offer_share(world))
    known_to_the_company(share)
    sweep(NOON + HOUR)
    sweep(NOON + 2 * HOUR)
    pack(share, NOON + 2 * HOUR + MINUTE)

    report(share, DeliveryState.CANCELLED)

    assert (status_of(share), stock(world)) == (S.AWAITING_COURIER, (10, 1))
    assert (Delivery.objects.count(), delivery_of(share).state) == (2, DeliveryState.REQUESTED)
    assert followers(share) == []


def report(share: FulfillmentOrder, state: DeliveryState) -> None:
    """Let the company report a state of the share's newest delivery."""
    delivery = delivery_of(share)
    news = CourierReport(
        delivery_id=delivery.provider_id or "D1", external_id=delivery.external_id, state=state,
        assignment=delivery.assignment, seq=delivery.last_seq + 1, fee_fen=0, cancel_fee_fen=0, eta_at=None,
        courier_name="", courier_phone_masked="", courier_lat=None, courier_lng=None, reason="",
    )  # fmt: skip
    with entry():
        progress.apply_report(locks.lock_share(share.pk), delivery_of(share), news, now=NOON + 2 * HOUR + 2 * MINUTE)


def test_the_sweepers_lease_ends_when_the_store_is_faster(world: World) -> None:
    share = accept(offer_share(world))
    with entry(), connection.cursor() as cursor:
        cursor.execute(sql.CLAIM_SILENT, {"now": NOON + HOUR, "delays": [5], "share_id": share.pk})
        _share_id, leased_until, *_rest = cursor.fetchone()
    start_picking(share, NOON + HOUR)

    with entry():
        services.end_silence(share.pk, leased_until=leased_until, now=NOON + HOUR)

    share = fresh(share)
    assert (share.status, share.overdue_at, share.deadline_at) == (S.PICKING, None, NOON + 2 * HOUR)


# Wishes to cancel that nobody answers


@pytest.mark.parametrize("way", [Way.COURIER, Way.PICKUP])
def test_silence_to_a_wish_to_cancel_agrees_after_half_an_hour(world: World, way: Way) -> None:
    share = accept_and_pack(offer_share(world, way=way))
    kept_until = share.deadline_at
    wish_to_cancel(share)
    assert (fresh(share).deadline_at, fresh(share).held_deadline_at) == (NOON + 30 * MINUTE, kept_until)

    assert sweep(NOON + 29 * MINUTE) == 0
    assert sweep(NOON + 30 * MINUTE) == 1

    share = fresh(share)
    assert (share.status, share.deadline_at, share.held_deadline_at) == (S.CANCELLED, None, None)
    assert events()[-1] == "Cancelled"
    assert stock(world) == (10, 0)


def test_silence_with_a_courier_under_way_waits_for_the_company(world: World) -> None:
    share = accept_and_pack(offer_share(world))
    known_to_the_company(share)
    wish_to_cancel(share)

    sweep(NOON + 30 * MINUTE)

    assert (status_of(share), delivery_of(share).wants_cancel) == (S.CANCEL_REQUESTED, True)
    assert fresh(share).deadline_at == NOON + 40 * MINUTE
    sweep(NOON + 40 * MINUTE)
    assert status_of(share) == S.CANCEL_REQUESTED
    report(share, DeliveryState.CANCELLED)
    assert (status_of(share), stock(world)) == (S.CANCELLED, (10, 0))


def test_silence_after_the_courier_gave_up_cancels(world: World) -> None:
    share = accept_and_pack(offer_share(world))
    known_to_the_company(share)
    wish_to_cancel(share)
    Delivery.objects.update(state=DeliveryState.CANCELLED, next_attempt_at=None)

    sweep(NOON + 30 * MINUTE)

    assert status_of(share) == S.CANCELLED


def test_a_refused_wish_to_cancel_brings_the_former_deadline_back(world: World) -> None:
    share = accept_and_pack(offer_share(world, way=Way.PICKUP))
    wish_to_cancel(share)

    with entry():
        services.answer_cancel(share.pk, accept=False, actor=CLERK, now=NOON + MINUTE)

    share = fresh(share)
    assert (share.status, share.deadline_at) == (S.READY_FOR_PICKUP, NOON + 72 * HOUR)
    assert share.held_deadline_at is None


def test_a_shopper_who_collects_wins_over_the_wish_to_cancel(world: World) -> None:
    share = accept_and_pack(offer_share(world, way=Way.PICKUP))
    wish_to_cancel(share)
    code = code_of(share, PickupCodePurpose.SHOPPER)
    with pytest.raises(services.WrongPickupCode):
        services.drive_collect(
            share.pk, code=wrong_code(share, PickupCodePurpose.SHOPPER), actor=CLERK, now=NOON + MINUTE
        )

    services.drive_collect(share.pk, code=code, actor=CLERK, now=NOON + MINUTE)

    share = fresh(share)
    assert (share.status, share.held_status, share.deadline_at) == (S.COLLECTED, "", None)
    assert stock(world) == (9, 0)
    assert sweep(NOON + HOUR) == 0
    assert events() == ["Accepted", "Ready", "Delivered"]


def test_a_shopper_cannot_collect_what_is_not_packed(world: World) -> None:
    share = accept(offer_share(world, way=Way.PICKUP))
    FulfillmentOrder.objects.filter(pk=share.pk).update(status=S.CANCEL_REQUESTED, held_status=S.PICKING)

    with pytest.raises(StateConflict):
        services.drive_collect(share.pk, code="123456", actor=CLERK, now=NOON)

    assert (status_of(share), stock(world)) == (S.CANCEL_REQUESTED, (10, 1))


# Couriers who never come


def refuse(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Let the company answer every call with an error."""

    def answer(*_args: object) -> None:
        raise error

    monkeypatch.setattr(courier, "_run", answer)


def drive_until_hopeless(share: FulfillmentOrder) -> list[int]:
    """Do what is due about the delivery, six times; return the minutes between."""
    waits = []
    now = NOON
    for _attempt in range(6):
        assert services.drive_delivery(delivery_of(share).pk, now=now) == 1
        due_at = delivery_of(share).next_attempt_at
        assert due_at is not None
        waits.append(int((due_at - now).total_seconds()))
        now = due_at
    return waits


def test_a_company_that_refuses_again_and_again_is_reported_and_asked_once_an_hour(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    share = accept_and_pack(offer_share(world))
    refuse(monkeypatch, CourierRefused("address_unknown", status=422))
    assert wrong_rows(NOON) == []

    waits = drive_until_hopeless(share)

    assert waits == [30, 60, 120, 300, 600, 3600]
    assert (status_of(share), fresh(share).overdue_at is not None) == (S.AWAITING_COURIER, True)
    assert events() == ["Accepted", "Overdue"]
    (named,) = wrong_rows(NOON)
    assert named.startswith(f"delivery {share.number}-1: no courier comes, request 1, 6 attempts: refused")
    services.drive_delivery(delivery_of(share).pk, now=NOON + 10 * HOUR)
    assert events() == ["Accepted", "Overdue"]
    report(share, DeliveryState.ASSIGNED)
    assert (fresh(share).overdue_at, wrong_rows(NOON)) == (None, [])


def test_a_company_that_is_silent_for_long_is_named_by_the_audit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    share = accept_and_pack(offer_share(world))
    refuse(monkeypatch, CourierUnreachable("ConnectTimeout"))

    assert drive_until_hopeless(share) == [30, 60, 120, 300, 600, 600]

    assert (fresh(share).overdue_at, len(wrong_rows(NOON))) == (None, 1)


def test_couriers_who_give_up_again_and_again_are_asked_for_once_an_hour_in_the_end(world: World) -> None:
    share = accept_and_pack(offer_share(world))
    for _request in range(6):
        report(share, DeliveryState.CREATE_FAILED)

    delivery = delivery_of(share)
    assert (delivery.attempt, delivery.next_attempt_at) == (7, NOON + 2 * HOUR + 2 * MINUTE + HOUR)
    assert fresh(share).overdue_at == NOON + 2 * HOUR + 2 * MINUTE
    assert events() == ["Accepted", "Overdue"]
    assert "request 7" in wrong_rows(NOON)[0]


def test_an_overdue_order_can_still_be_given_back(world: World) -> None:
    share = accept(offer_share(world))
    sweep(NOON + HOUR)

    with entry():
        services.reject_task(share.pk, reason=RejectReason.TOO_BUSY, actor=CLERK, now=NOON + HOUR)

    assert (status_of(share), fresh(share).deadline_at) == (S.REJECTED, None)
    assert sweep(NOON + 2 * HOUR) == 1


def test_goods_handed_over_late_are_overdue_no_more(world: World) -> None:
    share = accept(offer_share(world))
    sweep(NOON + HOUR)
    with entry():
        handover.give_to_courier(locks.lock_share(share.pk), actor="courier:1", now=NOON + HOUR)

    assert (fresh(share).overdue_at, queries.overdue_tasks([world.brand.pk])) == (None, 0)


# Goods that nobody sees back


def coming_back(world: World, state: DeliveryState) -> FulfillmentOrder:
    """Return a share that could not be delivered, whose courier's run is in a state."""
    share = accept_and_pack(offer_share(world))
    services.drive_hand_over(share.pk, code=code_of(share), actor=CLERK, now=NOON)
    with entry():
        handover.send_back(locks.lock_share(share.pk), reason="nobody home", actor=CLERK, now=NOON)
    Delivery.objects.filter(fulfillment_order=share).update(state=state, next_attempt_at=NOON + 10 * HOUR)
    return fresh(share)


def test_goods_without_a_courier_that_nobody_sees_back_are_reported_until_somebody_does(world: World) -> None:
    share = coming_back(world, DeliveryState.CANCELLED)
    due = NOON + 4 * HOUR
    assert (share.status, share.deadline_at, share.overdue_at) == (S.RETURNING, due, None)
    assert sweep(due - MINUTE) == 0
    assert len(wrong_rows(due + 11 * MINUTE)) == 1
    assert sweep(due) == 1
    assert (fresh(share).overdue_at, fresh(share).deadline_at) == (due, due + 24 * HOUR)
    assert (events()[-1], wrong_rows(due + 11 * MINUTE)) == ("Overdue", [])
    with entry():
        services.confirm_return(share.pk, actor=CLERK, now=due + HOUR)
    done = fresh(share)
    assert (done.status, done.deadline_at, done.overdue_at) == (S.RETURNED_TO_STORE, None, None)


def test_goods_that_a_courier_still_brings_back_are_not_reported(world: World) -> None:
    share = coming_back(world, DeliveryState.RETURNING)
    due = NOON + 4 * HOUR
    assert sweep(due) == 1
    assert (fresh(share).overdue_at, fresh(share).deadline_at) == (None, due + 10 * MINUTE)
    assert "Overdue" not in events()


def test_goods_that_the_company_says_it_brought_back_and_nobody_saw_are_reported_and_may_be_given_up(
    world: World,
) -> None:
    share = coming_back(world, DeliveryState.RETURNING)
    report(share, DeliveryState.RETURNED)
    due = NOON + 6 * HOUR + 2 * MINUTE
    assert fresh(share).deadline_at == due

    assert sweep(due) == 1

    assert (fresh(share).overdue_at, events()[-1]) == (due, "Overdue")
    with entry():
        services.report_lost(share.pk, actor=CLERK, now=due + HOUR)
    delivery = delivery_of(share)
    assert (status_of(share), delivery.state, delivery.next_attempt_at) == (S.LOST, DeliveryState.LOST, None)


def test_goods_that_nobody_collected_and_nobody_puts_back_are_reported(world: World) -> None:
    share = accept_and_pack(offer_share(world, way=Way.PICKUP))
    late = NOON + 72 * HOUR
    services.drive_due_pickups(10, now=late)
    due = late + 4 * HOUR
    assert fresh(share).deadline_at == due
    assert sweep(due) == 1
    assert (fresh(share).overdue_at, events()[-1]) == (due, "Overdue")
    with entry():
        services.restock(share.pk, actor=CLERK, now=due)
    assert (fresh(share).status, fresh(share).overdue_at) == (S.RESTOCKED, None)
