"""Returns that a courier fetches: agreed, on their way, at the store, and what goes wrong between."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fulfillment import services as fulfillment_services
from fulfillment.choices import CollectionStatus, DeliveryState
from fulfillment.models import Collection, Delivery
from inventory.models import StockMovement
from omni.kernel import sealing
from omni.kernel.errors import DomainError
from omni.kernel.models import Event
from omni.kernel.transactions import entry
from omni.messages.models import Message
from orders import queries, services
from orders.choices import ReturnStatus, ReturnWay
from orders.models import Refund, Return
from stores import queries as stores_queries
from stores.permissions import Actor
from tests.audit_fixture import Audited
from tests.cast import NOON, World
from tests.factories.orders import run_deliveries
from tests.factories.returns import (
    DOOR,
    NEXT_DAY,
    agreed_return,
    collected_return,
    confirm_refunds,
    delivered_order,
    inspect,
    report_ride,
    wish_to_return,
)
from tests.factories.stores import ClerkFactory

pytestmark = pytest.mark.django_db
D = DeliveryState


@pytest.fixture(autouse=True)
def yesterday(audited: Audited) -> None:
    """Audit at the moment of these tests."""
    audited.now = NEXT_DAY


def told() -> list[str]:
    sent = Message.objects.filter(template__startswith="return_").order_by("pk")
    return list(sent.values_list("template", flat=True))


def cancel(case: Return) -> Return:
    with entry():
        services.cancel_return(case.pk, actor="guest", now=NEXT_DAY)
    run_deliveries(NEXT_DAY)
    return Return.objects.get(pk=case.pk)


def receive(case: Return, world: World, store: str = "A") -> Return:
    with entry():
        services.receive_return(case.pk, world.stores[store].pk, actor="user:1", now=NEXT_DAY)
    run_deliveries(NEXT_DAY)
    return Return.objects.get(pk=case.pk)


def ride_of(case: Return) -> Delivery:
    return Delivery.objects.filter(collection=case.collection_id).order_by("-pk")[0]


def test_request_return_to_be_collected_asks_for_a_courier_to_the_nearest_store(world: World) -> None:
    case = agreed_return(delivered_order(world), way=ReturnWay.COLLECT)
    collection = Collection.objects.get()
    assert (case.status, case.collection_id, case.collection_fen) == (ReturnStatus.APPROVED, collection.pk, 1200)
    assert (collection.owner, collection.store_id) == (f"orders.return:{case.pk}", world.stores["A"].pk)
    assert (collection.sender_name, sealing.unseal(collection.sender_phone_sealed)) == ("王芳", "+8613800138000")
    assert len(sealing.unseal(collection.code_sealed)) == 6
    ride = ride_of(case)
    assert (ride.state, ride.next_attempt_at, ride.external_id) == (D.REQUESTED, NEXT_DAY, f"{collection.number}-1")


def test_request_return_at_night_asks_for_a_courier_when_the_store_opens(world: World) -> None:
    night = NEXT_DAY + timedelta(hours=12)
    case = agreed_return(delivered_order(world), now=night, way=ReturnWay.COLLECT)
    assert ride_of(case).next_attempt_at == NOON.replace(day=18, hour=2)


@pytest.mark.parametrize(
    ("door", "code", "field"),
    [
        (None, "invalid", "street"),
        (replace(DOOR, phone="12"), "invalid", "phone"),
        (replace(DOOR, street="—"), "invalid_street", "street"),
        (replace(DOOR, contact_name=""), "invalid_name", "contact_name"),
        (replace(DOOR, district_code="1"), "invalid", "place"),
        (replace(DOOR, lat=18.25, lng=109.5), "no_store_near", "way"),
    ],
    ids=["no door", "phone", "street", "name", "district", "too far"],
)
def test_request_return_from_an_impossible_door_writes_nothing(
    world: World, door: queries.Door | None, code: str, field: str
) -> None:
    order = delivered_order(world)
    with pytest.raises(DomainError) as refused, entry():
        services.request_return(
            order.pk, wish_to_return(order, way=ReturnWay.COLLECT, door=door), actor="g", now=NEXT_DAY
        )
    assert (refused.value.code, refused.value.field) == (code, field)
    assert (Return.objects.count(), Collection.objects.count()) == (0, 0)


def test_collected_return_is_received_and_refunded_less_the_fee(world: World) -> None:
    order = delivered_order(world)
    case = agreed_return(order, way=ReturnWay.COLLECT)
    case = report_ride(case, D.ASSIGNED, D.AT_STORE, D.PICKED_UP)
    assert (case.status, case.due_at) == (ReturnStatus.IN_TRANSIT, None)
    case = report_ride(case, D.IN_TRANSIT, D.DELIVERED)
    assert (case.status, case.due_at) == (ReturnStatus.IN_TRANSIT, NEXT_DAY + timedelta(hours=48))
    case = inspect(receive(case, world))
    confirm_refunds(order)
    assert (Refund.objects.get().amount_fen, world.level("A", "S").on_hand) == (48700, 10)
    assert told() == ["return_agreed", "return_collected", "return_received", "return_taken_back"]


def test_report_of_the_end_alone_picks_up_and_delivers_once(world: World) -> None:
    case = agreed_return(delivered_order(world), way=ReturnWay.COLLECT)
    case = report_ride(case, D.DELIVERED)
    again = report_ride(case, D.DELIVERED, D.PICKED_UP)
    assert (case.status, again.status) == (ReturnStatus.IN_TRANSIT, ReturnStatus.IN_TRANSIT)
    names = [name for name in Event.objects.order_by("pk").values_list("name", flat=True) if ".Collection" in name]
    assert names == ["fulfillment.CollectionPickedUp", "fulfillment.CollectionDelivered"]


def test_return_that_nobody_handed_over_may_be_brought_without_the_fee(world: World) -> None:
    case = agreed_return(delivered_order(world), way=ReturnWay.COLLECT)
    due_at = case.due_at
    case = report_ride(case, D.AT_STORE, D.CANCELLED, reason="SENDER_ABSENT")
    assert (case.status, case.way, case.due_at) == (ReturnStatus.APPROVED, ReturnWay.BRING, due_at)
    assert (case.collection_fen, case.refund_fen) == (0, 49900)
    assert told() == ["return_agreed", "return_not_collected"]
    assert queries.return_page(case).can_bring
    assert receive(case, world, "B").status == ReturnStatus.RECEIVED


def test_return_brought_back_to_the_door_has_the_whole_time_again(world: World) -> None:
    case = agreed_return(delivered_order(world), way=ReturnWay.COLLECT)
    case = report_ride(case, D.PICKED_UP, D.EXCEPTION, D.RETURNING, D.RETURNED, D.RETURN_CONFIRMED)
    assert (case.status, case.way, case.collection_fen) == (ReturnStatus.APPROVED, ReturnWay.BRING, 0)
    assert case.due_at == NEXT_DAY + timedelta(days=10)
    assert Collection.objects.get().status == CollectionStatus.BROUGHT_BACK


def test_return_that_the_courier_lost_is_paid_in_full_and_enters_no_stock(world: World) -> None:
    order = delivered_order(world)
    moved = StockMovement.objects.count()
    case = report_ride(agreed_return(order, way=ReturnWay.COLLECT), D.PICKED_UP, D.EXCEPTION, D.LOST)
    assert (case.status, case.lines.get().condition) == (ReturnStatus.REFUND_DUE, "lost")
    assert (Refund.objects.get().amount_fen, StockMovement.objects.count()) == (49900, moved)


def test_cancel_return_before_a_courier_is_asked_ends_both_at_once(world: World) -> None:
    case = cancel(agreed_return(delivered_order(world), way=ReturnWay.COLLECT))
    assert (case.status, case.finished_at) == (ReturnStatus.CANCELLED, NEXT_DAY)
    assert (Collection.objects.get().status, ride_of(case).state) == (CollectionStatus.CALLED_OFF, D.CANCELLED)
    assert told() == ["return_agreed"]


def test_cancel_return_with_a_courier_on_the_way_waits_for_the_company(world: World) -> None:
    case = report_ride(agreed_return(delivered_order(world), way=ReturnWay.COLLECT), D.ASSIGNED)
    case = cancel(cancel(case))
    assert (case.status, case.cancel_asked_at, ride_of(case).wants_cancel) == (ReturnStatus.APPROVED, NEXT_DAY, True)
    assert not queries.return_page(case).can_cancel
    case = report_ride(case, D.CANCELLED)
    assert (case.status, case.cancel_asked_at, told()) == (ReturnStatus.CANCELLED, None, ["return_agreed"])
    assert case.order.lines.get().returned_quantity == 0


def test_cancel_return_after_which_the_courier_was_faster_goes_on(world: World) -> None:
    case = cancel(report_ride(agreed_return(delivered_order(world), way=ReturnWay.COLLECT), D.ASSIGNED))
    case = report_ride(case, D.PICKED_UP)
    assert (case.status, case.cancel_asked_at, ride_of(case).wants_cancel) == (ReturnStatus.IN_TRANSIT, None, False)
    with pytest.raises(services.ReturnNotOpen), entry():
        services.cancel_return(case.pk, actor="guest", now=NEXT_DAY)
    assert told() == ["return_agreed", "return_collected"]


def test_receive_return_that_the_shopper_brings_after_all_needs_no_courier_and_no_fee(world: World) -> None:
    case = report_ride(agreed_return(delivered_order(world), way=ReturnWay.COLLECT), D.ASSIGNED)
    case = receive(case, world, "B")
    assert (case.status, case.collection_fen, ride_of(case).wants_cancel) == (ReturnStatus.RECEIVED, 0, True)
    assert report_ride(case, D.CANCELLED).status == ReturnStatus.RECEIVED
    assert Collection.objects.get().status == CollectionStatus.CALLED_OFF


def test_sweep_receives_what_a_courier_brought_and_nobody_scanned(world: World, audited: Audited) -> None:
    case = collected_return(delivered_order(world))
    audited.now = case.due_at or NEXT_DAY
    services.drive_due_rows(now=audited.now)
    case.refresh_from_db()
    assert (case.status, case.receiving_store_id) == (ReturnStatus.RECEIVED, world.stores["A"].pk)
    assert case.due_at == audited.now + timedelta(hours=48)
    run_deliveries(audited.now)


def test_sweep_gives_up_a_return_whose_courier_was_never_asked(world: World, audited: Audited) -> None:
    case = agreed_return(delivered_order(world), way=ReturnWay.COLLECT)
    audited.now = case.due_at or NEXT_DAY
    services.drive_due_rows(now=audited.now)
    run_deliveries(audited.now)
    case.refresh_from_db()
    assert (case.status, Collection.objects.get().status) == (ReturnStatus.EXPIRED, CollectionStatus.CALLED_OFF)


def test_door_of_a_return_is_in_the_copy_of_ones_data_and_forgotten_with_it(world: World) -> None:
    order = delivered_order(world)
    case = cancel(report_ride(agreed_return(order, way=ReturnWay.COLLECT), D.ASSIGNED))
    case = report_ride(case, D.CANCELLED)
    actor = Actor("guest", order_numbers=frozenset({order.number}))
    door = {"contact": "王芳", "phone": "+8613800138000", "district": "310106", "street": "南京西路 1 号"}
    assert queries.export_orders(actor)["returns"][0]["fetched_from"] == door
    with entry():
        fulfillment_services.forget_senders([case.collection_id or 0])
    collection = Collection.objects.select_related("district").get()
    assert (collection.sender_name, collection.sender_phone_sealed, collection.street) == ("", "", "")
    assert (collection.lat, collection.lng) == (collection.district.lat, collection.district.lng)
    assert list(ride_of(case).trail.values_list("lat", flat=True)) == [None, None]


def test_desk_returns_show_what_a_courier_brings_there(world: World) -> None:
    clerks = {name: ClerkFactory.create(store=world.stores[name]).user for name in ("A", "B")}
    case = report_ride(agreed_return(delivered_order(world), way=ReturnWay.COLLECT), D.PICKED_UP)
    seen = {
        name: [row.number for row in queries.desk_returns(stores_queries.actor_for_user(user))]
        for name, user in clerks.items()
    }
    assert seen == {"A": [case.number], "B": []}
