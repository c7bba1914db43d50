"""Parcels by express: a waybill once packed, the van, the carrier's tracking, and what can go wrong with each."""

import json
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest

from fulfillment import locks, queries, services
from fulfillment.choices import DeliveryState, FulfillmentOrderStatus, Way
from fulfillment.clients import CourierReport
from fulfillment.clients.carrier import Stage
from fulfillment.models import DeliveryCallback, FulfillmentOrder, Parcel, PickupCode, TrailPoint
from fulfillment.queries import Tab
from fulfillment.services import handover, progress
from fulfillment.services.store_work import GoodsStillWithCourier
from omni.kernel import clock
from omni.kernel.errors import NotFound
from omni.kernel.states import StateConflict
from omni.kernel.transactions import entry
from stores.models import Staff
from tests.cast import NOON, World, actor_of
from tests.courier import Callbacks, drive
from tests.factories.fulfillment import CLERK, accept, accept_and_pack, delivery_of, fresh, offer_share, status_of
from tests.fulfillment.test_courier import events, outcomes, stock, wish_and_agree_to_cancel
from tests.sandbox.fixture import SandboxProcess

S = FulfillmentOrderStatus
D = DeliveryState


class Settle(Protocol):
    """What a person writes of a parcel."""

    def __call__(self, fulfillment_order_id: int, *, actor: str, now: datetime) -> None: ...


@pytest.fixture
def share(world: World) -> FulfillmentOrder:
    """A packed order whose waybill is still to be asked for."""
    return accept_and_pack(offer_share(world, way=Way.EXPRESS))


def label(share: FulfillmentOrder) -> list[Parcel]:
    """Let the company give the waybills; return the parcels."""
    drive(share)
    assert status_of(share) == S.LABELLED
    return parcels_of(share)


def parcels_of(share: FulfillmentOrder) -> list[Parcel]:
    return list(Parcel.objects.filter(fulfillment_order=share).order_by("position"))


def give_to_van(parcel: Parcel) -> bool:
    with entry():
        return services.hand_over_parcel(parcel, actor=CLERK, now=clock.now())


def broken_steps(now: datetime) -> list[str]:
    """Return what the audit has to say of next steps, stock set aside and holds."""
    audits = (
        queries.audit_due_rows(overdue=now - timedelta(minutes=5)), queries.audit_promises(), queries.audit_holds(),
    )  # fmt: skip
    return [problem for _checked, _wrong, named in audits for problem in named or ()]


def test_accept_offer_by_express_asks_nobody_before_it_is_packed(world: World) -> None:
    share = accept(offer_share(world, way=Way.EXPRESS))

    assert (status_of(share), share.deliveries.count(), PickupCode.objects.count()) == (S.ACCEPTED, 0, 0)


def test_pack_by_express_asks_for_a_waybill(share: FulfillmentOrder, world: World) -> None:
    delivery = delivery_of(share)

    assert (status_of(share), delivery.provider, delivery.state) == (S.PACKED, "express", D.REQUESTED)
    assert (delivery.pickup_code, delivery.next_attempt_at, stock(world)) == (None, NOON, (10, 1))


def test_drive_delivery_labels_each_parcel(world: World, express: SandboxProcess) -> None:
    share = accept(offer_share(world, way=Way.EXPRESS))
    with entry():
        services.pack(share.pk, actor=CLERK, now=NOON, weights_grams=[800, None])

    delivery = drive(share, now=NOON)

    first, second = parcels_of(share)
    assert (status_of(share), delivery.state, delivery.fee_fen) == (S.LABELLED, D.CREATED, 800)
    assert (delivery.waybill, delivery.carrier) == (first.waybill, "沙盒速运")
    assert len(delivery.sort_code) == 11
    assert first.waybill.startswith("SX")
    assert first.waybill != second.waybill
    assert fresh(share).deadline_at == NOON + timedelta(days=1)
    sent = json.loads(express.log("express", "call")[-1]["detail"]["request"])
    assert sent["parcels"] == [{"weight_grams": 800}, {}]
    assert sent["to"]["phone"] == "+8613800138000"
    assert broken_steps(NOON) == []


def test_hand_over_parcel_hands_over_with_the_last_one(world: World, express: SandboxProcess) -> None:
    share = accept(offer_share(world, way=Way.EXPRESS))
    with entry():
        services.pack(share.pk, actor=CLERK, now=NOON, weights_grams=[None, None])
    first, second = label(share)

    assert give_to_van(first) is False
    assert (status_of(share), stock(world)) == (S.LABELLED, (10, 1))
    assert [give_to_van(second), give_to_van(second)] == [True, True]

    assert (status_of(share), stock(world)) == (S.HANDED_OVER, (9, 0))
    assert events() == ["Accepted", "HandedOver"]
    assert [parcel.loaded_by for parcel in parcels_of(share)] == [CLERK, CLERK]
    assert fresh(share).overdue_at is None


def test_hand_over_parcel_without_a_waybill_is_refused(share: FulfillmentOrder, world: World) -> None:
    with pytest.raises(services.ParcelStopped):
        give_to_van(parcels_of(share)[0])

    assert (status_of(share), stock(world), parcels_of(share)[0].loaded_at) == (S.PACKED, (10, 1), None)


def test_hand_over_parcel_of_an_order_to_be_cancelled_is_refused(
    share: FulfillmentOrder, world: World, express: SandboxProcess
) -> None:
    (parcel,) = label(share)
    with entry():
        services.request_cancel(share.fulfillment_id, actor="guest", now=clock.now())

    with pytest.raises(services.ParcelStopped):
        give_to_van(parcel)

    assert (status_of(share), stock(world), parcels_of(share)[0].loaded_at) == (S.CANCEL_REQUESTED, (10, 1), None)


def test_drive_hand_over_with_a_code_is_refused_for_what_goes_by_express(
    share: FulfillmentOrder, express: SandboxProcess
) -> None:
    label(share)

    with pytest.raises(StateConflict):
        services.drive_hand_over(share.pk, code="123456", actor=CLERK, now=clock.now())

    assert status_of(share) == S.LABELLED


def test_callbacks_bring_the_parcel_to_the_door(
    share: FulfillmentOrder, world: World, express: SandboxProcess, parcel_callbacks: Callbacks
) -> None:
    (parcel,) = label(share)
    give_to_van(parcel)
    express.advance_parcel(delivery_of(share).provider_id, "301")

    assert parcel_callbacks.deliver(5) == [200] * 5

    assert (status_of(share), stock(world)) == (S.DELIVERED, (9, 0))
    assert events() == ["Accepted", "HandedOver", "Delivered"]
    trail = list(TrailPoint.objects.order_by("pk").values_list("state", "words"))
    assert [state for state, _words in trail] == [
        *(D.CREATED, D.PICKED_UP, D.IN_TRANSIT, D.IN_TRANSIT, D.OUT_FOR_DELIVERY, D.DELIVERED)
    ]
    assert trail[3][1] == "快件到达【上海市转运中心】"
    assert (delivery_of(share).next_attempt_at, outcomes()[-1]) == (None, "applied")
    assert broken_steps(clock.now()) == []


def test_callback_of_the_last_stage_alone_makes_good_what_was_lost(
    share: FulfillmentOrder, world: World, express: SandboxProcess, parcel_callbacks: Callbacks
) -> None:
    drive(share)
    express.advance_parcel(delivery_of(share).provider_id, "301")
    received = parcel_callbacks.take(5)

    assert [parcel_callbacks.post(one) for one in (received[4], received[4], received[1])] == [200] * 3

    assert (status_of(share), stock(world)) == (S.DELIVERED, (9, 0))
    assert events() == ["Accepted", "HandedOver", "Delivered"]
    assert TrailPoint.objects.count() == 6
    assert outcomes() == ["applied", "late"]


def test_callback_of_an_unknown_order_is_kept(
    express: SandboxProcess, parcel_callbacks: Callbacks, world: World
) -> None:
    share = accept_and_pack(offer_share(world, way=Way.EXPRESS))
    drive(share)
    express.advance_parcel(delivery_of(share).provider_id, "103")
    FulfillmentOrder.objects.get(pk=share.pk).deliveries.update(external_id="F-OTHER")

    assert parcel_callbacks.deliver(1) == [404]

    assert DeliveryCallback.objects.get().delivery is None
    assert status_of(share) == S.LABELLED


def test_van_that_took_it_unscanned_hands_it_over(
    share: FulfillmentOrder, world: World, express: SandboxProcess, parcel_callbacks: Callbacks
) -> None:
    label(share)
    express.advance_parcel(delivery_of(share).provider_id, "103")

    parcel_callbacks.deliver(1)

    assert (status_of(share), stock(world), events()[-1]) == (S.HANDED_OVER, (9, 0), "HandedOver")


def test_cancellation_calls_the_waybill_off(share: FulfillmentOrder, world: World, express: SandboxProcess) -> None:
    label(share)
    wish_and_agree_to_cancel(share)
    assert status_of(share) == S.CANCEL_REQUESTED

    delivery = drive(share)

    assert (delivery.state, delivery.next_attempt_at, parcels_of(share)[0].waybill) == (D.CANCELLED, None, "")
    assert (status_of(share), stock(world)) == (S.CANCELLED, (10, 0))
    assert [call["operation"] for call in express.log("express", "call")] == ["quote", "create", "cancel"]


def test_cancellation_after_the_van_goes_on_to_the_shopper(
    share: FulfillmentOrder, world: World, express: SandboxProcess
) -> None:
    label(share)
    wish_and_agree_to_cancel(share)
    express.advance_parcel(delivery_of(share).provider_id, "103")

    delivery = drive(share)

    assert (delivery.state, delivery.wants_cancel) == (D.PICKED_UP, False)
    assert (status_of(share), stock(world)) == (S.HANDED_OVER, (9, 0))
    assert events() == ["Accepted", "HandedOver", "CancelRefused"]


def test_waybill_that_comes_during_a_refused_cancellation_is_kept(
    share: FulfillmentOrder, express: SandboxProcess
) -> None:
    with entry():
        services.request_cancel(share.fulfillment_id, actor="guest", now=clock.now())
    drive(share)
    assert (status_of(share), fresh(share).held_status) == (S.CANCEL_REQUESTED, S.LABELLED)

    with entry():
        services.answer_cancel(share.pk, accept=False, actor=CLERK, now=clock.now())

    assert (status_of(share), bool(parcels_of(share)[0].waybill)) == (S.LABELLED, True)
    assert fresh(share).deadline_at is not None


def test_waybill_that_the_company_calls_off_is_asked_for_anew(
    share: FulfillmentOrder, express: SandboxProcess, parcel_callbacks: Callbacks
) -> None:
    (before,) = label(share)
    express.advance_parcel(delivery_of(share).provider_id, "401")

    parcel_callbacks.deliver(1)

    assert (status_of(share), parcels_of(share)[0].waybill, delivery_of(share).attempt) == (S.PACKED, "", 2)
    drive(share, now=clock.now() + timedelta(minutes=1))
    assert status_of(share) == S.LABELLED
    assert parcels_of(share)[0].waybill not in {"", before.waybill}


def test_parcel_that_comes_back_is_sold_again(
    share: FulfillmentOrder, world: World, express: SandboxProcess, parcel_callbacks: Callbacks
) -> None:
    (parcel,) = label(share)
    give_to_van(parcel)
    express.advance_parcel(delivery_of(share).provider_id, "4", reason="REFUSED")
    parcel_callbacks.deliver(7)
    assert (status_of(share), delivery_of(share).state) == (S.RETURNING, D.RETURNED)

    with entry():
        services.confirm_return(share.pk, actor=CLERK, now=clock.now())
    drive(share)

    assert (status_of(share), delivery_of(share).state, stock(world)) == (
        *(S.RETURNED_TO_STORE, D.RETURN_CONFIRMED, (10, 0)),
    )
    assert events()[-1] == "Cancelled"
    assert broken_steps(clock.now()) == []


def test_parcel_that_is_lost_ends_the_order(
    share: FulfillmentOrder, world: World, express: SandboxProcess, parcel_callbacks: Callbacks
) -> None:
    label(share)
    express.advance_parcel(delivery_of(share).provider_id, "lost")

    parcel_callbacks.deliver(3)

    assert (status_of(share), stock(world), events()) == (S.LOST, (9, 0), ["Accepted", "HandedOver", "Cancelled"])


def test_company_that_does_not_carry_there_gives_the_order_back_to_routing(
    share: FulfillmentOrder, world: World, express: SandboxProcess
) -> None:
    share.fulfillment.lat, share.fulfillment.lng = 48.85, 2.35
    share.fulfillment.save()

    delivery = drive(share)

    assert (delivery.state, status_of(share), fresh(share).reject_reason) == (D.CREATE_FAILED, S.REJECTED, "no_courier")
    assert stock(world) == (10, 0)


def test_end_silence_of_a_parcel_no_van_took_tells_somebody(share: FulfillmentOrder, express: SandboxProcess) -> None:
    label(share)
    later = clock.now() + timedelta(days=1, minutes=1)

    services.drive_due_routing(10, now=later)

    assert (fresh(share).overdue_at, status_of(share)) == (later, S.LABELLED)
    assert events()[-1] == "Overdue"
    give_to_van(parcels_of(share)[0])
    assert fresh(share).overdue_at is None


def test_get_parcel_for_reads_the_waybill_of_the_own_store_only(
    share: FulfillmentOrder, express: SandboxProcess, clerk_a: Staff, clerk_b: Staff
) -> None:
    (parcel,) = label(share)

    assert queries.get_parcel_for(actor_of(clerk_a), f" {parcel.waybill.lower()} ") == parcel
    with pytest.raises(NotFound):
        queries.get_parcel_for(actor_of(clerk_b), parcel.waybill)


def test_waiting_parcels_lists_what_is_labelled(share: FulfillmentOrder, world: World, express: SandboxProcess) -> None:
    accept_and_pack(offer_share(world, way=Way.EXPRESS))
    (parcel,) = label(share)

    (row,) = queries.waiting_parcels(world.stores["A"].pk)

    assert (row.task_number, row.waybill, row.city, row.position) == (share.number, parcel.waybill, "上海市", 1)
    assert queries.waiting_parcels(world.stores["B"].pk) == []


@pytest.mark.parametrize(("metres", "days"), [(20_000, 1), (300_001, 2), (1_500_000, 3), (4_000_000, 4)])
def test_preview_sending_beyond_the_courier_promises_whole_days(world: World, metres: int, days: int) -> None:
    store = world.stores["A"]
    # So far to the west of store A, where nobody else is nearer but C, which has one S only.
    degrees = metres / 95_000
    line = [queries.DemandLine(world.variants["S"].pk, 3, 0)]
    ways = (Way.COURIER, Way.EXPRESS)

    preview = queries.preview_sending(
        world.brand.pk, ways, line, lat=store.lat, lng=store.lng - degrees, now=NOON.replace(tzinfo=UTC)
    )

    is_near = metres <= 60_000
    assert preview.way == (Way.COURIER if is_near else Way.EXPRESS)
    assert preview.there_at is not None
    assert preview.stores[0].name_en == "Store A"
    if not is_near:
        assert preview.there_at == NOON + timedelta(days=days, minutes=60)
    assert datetime.fromisoformat("2026-03-16").date() == preview.promised_on


SILENT = timedelta(hours=48)


@pytest.fixture
def sent(share: FulfillmentOrder) -> FulfillmentOrder:
    """A parcel that was given to the van at noon, and of which the company has told nothing since."""
    with entry():
        handover.give_to_courier(locks.lock_share(share.pk), actor=CLERK, now=NOON)
    delivery = delivery_of(share)
    delivery.state, delivery.provider_id, delivery.next_attempt_at = D.CREATED, "E1", NOON + 30 * SILENT
    delivery.save()
    return share


def hear(share: FulfillmentOrder, state: DeliveryState, *, stages: int, now: datetime) -> None:
    """Let the company tell so many stages of a parcel."""
    delivery = delivery_of(share)
    news = CourierReport(
        delivery_id="E1", external_id=delivery.external_id, state=state, seq=stages, assignment=1, fee_fen=0,
        cancel_fee_fen=0, eta_at=None, courier_name="", courier_phone_masked="", courier_lat=None, courier_lng=None,
        reason="", stages=tuple(Stage(1 + number, state, "…", NOON) for number in range(stages)),
    )  # fmt: skip
    with entry():
        progress.apply_report(locks.lock_share(share.pk), delivery, news, now=now)


def sweep(now: datetime) -> int:
    return services.drive_due_routing(10, now=now)


def test_parcel_of_which_nothing_is_heard_becomes_a_task_of_its_store(sent: FulfillmentOrder, world: World) -> None:
    store_id, due = world.stores["A"].pk, NOON + SILENT
    assert (fresh(sent).deadline_at, sweep(due - timedelta(seconds=1))) == (due, 0)
    assert [len(queries.load_queue(store_id, tab, now=NOON).cards) for tab in (Tab.WAITING, Tab.DONE)] == [0, 1]

    assert sweep(due) == 1

    assert (status_of(sent), fresh(sent).overdue_at) == (S.HANDED_OVER, due)
    assert fresh(sent).deadline_at == due + timedelta(days=1)
    waiting, done = (queries.load_queue(store_id, tab, now=due) for tab in (Tab.WAITING, Tab.DONE))
    assert ([card.is_overdue for card in waiting.cards], waiting.overdue, done.cards) == ([True], 1, ())
    (told,) = queries.load_escalations(store_id, now=due + timedelta(minutes=1))
    assert (told.status, told.is_open, told.is_movable) == (S.HANDED_OVER, True, False)
    assert queries.overdue_tasks([world.brand.pk]) == 1
    assert sweep(due + timedelta(days=1)) == 1
    assert events() == ["Accepted", "HandedOver", "Overdue"]
    assert broken_steps(due + timedelta(days=1)) == []


def test_new_stage_ends_the_search_and_an_old_one_does_not(sent: FulfillmentOrder) -> None:
    hear(sent, D.PICKED_UP, stages=1, now=NOON + SILENT / 2)
    hear(sent, D.PICKED_UP, stages=1, now=NOON + SILENT)
    due = NOON + SILENT / 2 + SILENT
    assert (fresh(sent).deadline_at, sweep(due)) == (due, 1)
    hear(sent, D.PICKED_UP, stages=1, now=due)
    assert fresh(sent).overdue_at == due

    hear(sent, D.PICKED_UP, stages=2, now=due)

    assert (fresh(sent).overdue_at, fresh(sent).deadline_at) == (None, due + SILENT)
    hear(sent, D.DELIVERED, stages=3, now=due)
    assert (status_of(sent), fresh(sent).deadline_at) == (S.DELIVERED, None)


def test_parcel_on_its_way_back_of_which_nothing_is_heard_is_reported_and_may_be_given_up(
    sent: FulfillmentOrder, world: World
) -> None:
    hear(sent, D.RETURNING, stages=1, now=NOON)
    due = NOON + SILENT
    assert (status_of(sent), fresh(sent).deadline_at) == (S.RETURNING, due)

    assert sweep(due) == 1

    assert (fresh(sent).overdue_at, events()[-1]) == (due, "Overdue")
    with entry():
        services.report_lost(sent.pk, actor=CLERK, now=due)
    assert (status_of(sent), delivery_of(sent).state, stock(world)) == (S.LOST, D.LOST, (9, 0))


@pytest.mark.parametrize(
    ("settle", "status", "state", "event"),
    [
        (services.confirm_arrival, S.DELIVERED, D.DELIVERED, "Delivered"),
        (services.report_lost, S.LOST, D.LOST, "Cancelled"),
    ],
)
def test_person_settles_a_parcel_once_it_is_overdue(
    sent: FulfillmentOrder, settle: Settle, status: S, state: D, event: str
) -> None:
    with pytest.raises(GoodsStillWithCourier), entry():
        settle(sent.pk, actor=CLERK, now=NOON)
    assert (status_of(sent), delivery_of(sent).state) == (S.HANDED_OVER, D.CREATED)
    due = NOON + SILENT
    sweep(due)

    with entry():
        settle(sent.pk, actor=CLERK, now=due)

    assert (status_of(sent), fresh(sent).overdue_at, fresh(sent).deadline_at) == (status, None, None)
    assert (delivery_of(sent).state, delivery_of(sent).next_attempt_at, events()[-1]) == (state, None, event)
    assert broken_steps(due) == []
