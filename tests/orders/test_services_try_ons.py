"""Bookings to try on: held, prepared, tried on, kept or put back; nothing is sold and nothing stays held."""

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection

from fulfillment import services as fulfillment_services
from fulfillment.choices import FulfillmentOrderStatus, FulfillmentStatus, PickupCodePurpose, RejectReason
from fulfillment.models import Fulfillment, FulfillmentOrder
from inventory.models import Reservation, StockMovement
from omni.kernel.errors import InvalidInput
from omni.kernel.models import Event, Transition
from omni.kernel.states import StateConflict
from omni.kernel.transactions import entry
from orders import services
from orders.models import Recognition, TryOn, TryOnLine
from stores import services as stores_services
from stores.models import HoursException, Store, StoreSlot
from tests.audit_fixture import Audited, broken_claims
from tests.cast import NOON, World
from tests.factories.fulfillment import CLERK, code_of, wrong_code
from tests.factories.orders import run_deliveries
from tests.factories.try_ons import (
    KEPT_UNTIL,
    SLOT,
    arrived,
    booked,
    check_in,
    decide,
    fresh,
    prepared,
    share_of,
    wish,
)

pytestmark = pytest.mark.django_db

S = FulfillmentOrderStatus
MINUTE = timedelta(minutes=1)


def held(world: World, store: str = "A") -> tuple[int, ...]:
    """Return what is held of S, M and L in a store; nothing may ever be allocated."""
    levels = [world.level(store, size) for size in ("S", "M", "L")]
    assert [level.allocated for level in levels] == [0, 0, 0]
    return tuple(level.held for level in levels)


def slots() -> list[tuple[datetime, int]]:
    return list(StoreSlot.objects.order_by("starts_at").values_list("starts_at", "used"))


def told() -> list[str]:
    """Return the events of bookings, in their order."""
    names = Event.objects.filter(name__startswith="orders.TryOn").order_by("pk").values_list("name", flat=True)
    return [name.removeprefix("orders.TryOn") for name in names]


def sweep(now: datetime) -> int:
    tried = services.drive_due_rows(now=now)
    run_deliveries(now)
    return tried


def cancel(try_on: TryOn, now: datetime = NOON) -> None:
    with entry():
        services.cancel_try_on(try_on.pk, actor="guest", now=now)
    run_deliveries(now)


# Booking


def test_booking_holds_the_pieces_and_a_place_and_gives_the_desk_a_task(world: World) -> None:
    try_on = booked(world)

    assert (try_on.status, try_on.starts_at, try_on.ends_at) == ("confirmed", SLOT, SLOT + 30 * MINUTE)
    assert try_on.due_at == NOON
    assert list(try_on.lines.order_by("pk").values_list("sku", "is_kept")) == [("SHIRT-S", None), ("SHIRT-M", None)]
    assert (held(world), slots()) == ((1, 1, 0), [(SLOT, 1)])
    share = share_of(try_on)
    assert (share.status, share.deadline_at, share.store) == (S.ACCEPTED, SLOT, world.stores["A"])
    demand = Fulfillment.objects.get()
    assert (demand.way, demand.owner, demand.status) == ("try_on", "orders.try_on", FulfillmentStatus.ACTIVE)
    assert (demand.kept_until, demand.recipient_name) == (KEPT_UNTIL, "王小雨")
    assert len(code_of(share, PickupCodePurpose.SHOPPER)) == 6
    assert told() == ["Confirmed"]
    assert Transition.objects.filter(entity="orders.tryon", to_status="confirmed").count() == 1


@pytest.mark.parametrize(
    ("changes", "error", "field"),
    [
        ({"contact_name": "  "}, "InvalidName", "contact_name"),
        ({"phone": "12"}, "InvalidPhone", "phone"),
        ({"language": "xx"}, "InvalidChoice", "language"),
        ({"skus": ()}, "InvalidChoice", "sku"),
        ({"skus": tuple(f"SHIRT-{number}" for number in range(6))}, "InvalidChoice", "sku"),
        ({"skus": ("SHIRT-S", "NOTHING")}, "UnknownSku", "sku"),
        ({"store_id": 0}, "NoTryOnThere", "store"),
        ({"starts_at": SLOT + MINUTE}, "NoSuchSlot", "slot"),
        ({"starts_at": NOON + 30 * MINUTE}, "NoSuchSlot", "slot"),
        ({"starts_at": NOON + timedelta(hours=10)}, "NoSuchSlot", "slot"),
        ({"starts_at": NOON + timedelta(hours=47, minutes=30)}, "NoSuchSlot", "slot"),
    ],
)
def test_booking_of_what_cannot_be_is_refused_with_the_field(
    world: World, changes: dict[str, object], error: str, field: str
) -> None:
    with pytest.raises(InvalidInput) as caught, entry():
        services.book_try_on(wish(world, **changes), now=NOON)

    assert (type(caught.value).__name__, caught.value.field) == (error, field)
    assert (TryOn.objects.count(), held(world), slots()) == (0, (0, 0, 0), [])


def test_booking_in_a_store_that_does_not_offer_it_is_refused(world: World) -> None:
    Store.objects.filter(pk=world.stores["A"].pk).update(offers_try_on=False)

    with pytest.raises(services.NoTryOnThere), entry():
        services.book_try_on(wish(world), now=NOON)


def test_booking_on_a_day_with_other_hours_follows_them(world: World) -> None:
    HoursException.objects.create(store=world.stores["A"], on_date=NOON.date(), opens_minute=600, closes_minute=840)

    with pytest.raises(services.NoSuchSlot), entry():
        services.book_try_on(wish(world), now=NOON)  # closes at two
    booked(world, starts_at=SLOT - 30 * MINUTE)


def test_booking_of_what_the_store_lacks_holds_nothing(world: World) -> None:
    with pytest.raises(services.PieceGone) as caught, entry():
        services.book_try_on(wish(world, "S", "L"), now=NOON)

    assert (caught.value.field, caught.value.params) == ("store", {"skus": "SHIRT-L"})
    assert (TryOn.objects.count(), held(world), slots()) == (0, (0, 0, 0), [])


def test_a_third_booking_of_a_half_hour_finds_it_full(world: World) -> None:
    booked(world, "S")
    booked(world, "S", phone="13900139000")

    with pytest.raises(stores_services.SlotFull), entry():
        services.book_try_on(wish(world, "S", phone="13700137000"), now=NOON)

    assert (held(world), slots()) == ((2, 0, 0), [(SLOT, 2)])


def test_a_phone_has_three_bookings_at_a_time(world: World) -> None:
    first, *_others = [booked(world, "S", starts_at=SLOT + number * 30 * MINUTE) for number in range(3)]
    fourth = wish(world, "S", starts_at=SLOT + 90 * MINUTE)

    with pytest.raises(services.TooManyTryOns), entry():
        services.book_try_on(fourth, now=NOON)
    cancel(first)
    with entry():
        services.book_try_on(fourth, now=NOON)


def test_goods_are_held_for_48_hours_at_most_by_the_database_itself(world: World) -> None:
    booked(world)

    with pytest.raises(IntegrityError), connection.cursor() as cursor:
        cursor.execute("UPDATE fulfillment_fulfillment SET kept_until = created_at + interval '49 hours'")


# The way of a booking


def test_pieces_that_hang_ready_are_prepared(world: World) -> None:
    try_on = prepared(world)

    assert (try_on.status, share_of(try_on).status) == ("prepared", S.READY_FOR_PICKUP)
    assert share_of(try_on).deadline_at == KEPT_UNTIL
    assert held(world) == (1, 1, 0)


def test_picking_leaves_the_deadline_at_the_slot(world: World) -> None:
    try_on = booked(world)
    with entry():
        fulfillment_services.start_picking(share_of(try_on).pk, actor=CLERK, now=NOON + MINUTE)

    assert share_of(try_on).deadline_at == SLOT


def test_shopper_arrives_goes_into_the_room_and_keeps_one(world: World) -> None:
    try_on = arrived(world)
    assert (try_on.status, try_on.due_at) == ("checked_in", KEPT_UNTIL)
    with entry():
        fulfillment_services.enter_room(share_of(try_on).pk, actor=CLERK, now=SLOT)
    run_deliveries(SLOT)
    assert fresh(try_on).status == "in_room"

    try_on = decide(try_on, "SHIRT-M")

    assert (try_on.status, try_on.finished_at, share_of(try_on).status) == ("part", None, S.SET_ASIDE)
    assert dict(TryOnLine.objects.values_list("sku", "is_kept")) == {"SHIRT-S": False, "SHIRT-M": True}
    assert held(world) == (0, 1, 0)
    assert (StockMovement.objects.filter(kind="sale").count(), Recognition.objects.count()) == (0, 0)


def test_all_kept_and_never_bought_goes_back_on_sale_when_the_time_is_over(world: World, audited: Audited) -> None:
    try_on = decide(arrived(world), "SHIRT-S", "SHIRT-M")
    assert (try_on.status, held(world)) == ("bought", (1, 1, 0))
    assert sweep(KEPT_UNTIL - MINUTE) == 0

    assert sweep(KEPT_UNTIL) == 1

    try_on = fresh(try_on)
    assert (try_on.status, try_on.finished_at, try_on.due_at) == ("bought", KEPT_UNTIL, None)
    assert (share_of(try_on).status, held(world)) == (S.RESTOCKED, (0, 0, 0))
    assert told()[-1] == "Ended"
    audited.now = KEPT_UNTIL + MINUTE


def test_nothing_kept_ends_it_at_once(world: World, audited: Audited) -> None:
    try_on = decide(arrived(world))

    assert (try_on.status, try_on.finished_at, try_on.due_at) == ("declined", SLOT, None)
    assert (share_of(try_on).status, held(world)) == (S.RESTOCKED, (0, 0, 0))
    audited.now = SLOT + MINUTE


def test_what_is_kept_and_put_back_at_the_desk_is_on_sale_at_once(world: World) -> None:
    try_on = decide(arrived(world), "SHIRT-S")
    with entry():
        fulfillment_services.restock(share_of(try_on).pk, actor=CLERK, now=SLOT)

    assert held(world) == (0, 0, 0)
    sweep(KEPT_UNTIL)
    assert fresh(try_on).finished_at == KEPT_UNTIL


def test_a_wrong_code_lets_nobody_in_and_costs_a_try(world: World) -> None:
    try_on = prepared(world)
    share = share_of(try_on)

    with pytest.raises(fulfillment_services.WrongPickupCode):
        fulfillment_services.drive_check_in(
            share.pk, code=wrong_code(share, PickupCodePurpose.SHOPPER), actor=CLERK, now=SLOT
        )

    assert (share_of(try_on).status, share.pickup_codes.get().tries_left) == (S.READY_FOR_PICKUP, 4)


def test_goods_to_try_on_cannot_be_collected_as_if_they_were_paid(world: World) -> None:
    try_on = prepared(world)
    share = share_of(try_on)
    code = code_of(share, PickupCodePurpose.SHOPPER)

    with pytest.raises(StateConflict):
        fulfillment_services.drive_collect(share.pk, code=code, actor=CLERK, now=SLOT)

    assert (share_of(try_on).status, held(world)) == (S.READY_FOR_PICKUP, (1, 1, 0))


def test_who_comes_late_has_an_hour_to_try_on(world: World) -> None:
    try_on = prepared(world)
    share = share_of(try_on)
    late = KEPT_UNTIL - 5 * MINUTE

    fulfillment_services.drive_check_in(share.pk, code=code_of(share, PickupCodePurpose.SHOPPER), actor=CLERK, now=late)
    run_deliveries(late)

    assert (fresh(try_on).due_at, share_of(try_on).deadline_at) == (late + timedelta(hours=1),) * 2


def test_who_comes_before_it_is_prepared_is_let_in(world: World) -> None:
    try_on = booked(world)

    check_in(try_on)

    assert (fresh(try_on).status, share_of(try_on).status) == ("checked_in", S.CHECKED_IN)


# Its ends


def test_cancelling_frees_pieces_and_place_at_once(world: World, audited: Audited) -> None:
    try_on = booked(world)

    cancel(try_on)
    cancel(try_on)

    try_on = fresh(try_on)
    assert (try_on.status, try_on.due_at, try_on.finished_at) == ("cancelled", None, NOON)
    assert (share_of(try_on).status, held(world), slots()) == (S.CANCELLED, (0, 0, 0), [(SLOT, 0)])
    assert share_of(try_on).pickup_codes.get().status == "revoked"
    assert told() == ["Confirmed", "Cancelled"]
    audited.now = NOON + MINUTE


def test_cancelling_what_is_being_tried_on_is_refused(world: World) -> None:
    try_on = arrived(world)

    with pytest.raises(services.TryOnNotCancellable):
        cancel(try_on)

    assert (fresh(try_on).status, held(world)) == ("checked_in", (1, 1, 0))


def test_cancelling_while_the_arrival_is_still_to_be_told_is_refused(world: World) -> None:
    try_on = prepared(world)
    share = share_of(try_on)
    code = code_of(share, PickupCodePurpose.SHOPPER)
    fulfillment_services.drive_check_in(share.pk, code=code, actor=CLERK, now=SLOT)

    with pytest.raises(StateConflict):
        cancel(try_on, SLOT)

    assert (fresh(try_on).status, share_of(try_on).status) == ("prepared", S.CHECKED_IN)


@pytest.mark.parametrize("reason", [RejectReason.NOT_FOUND, RejectReason.TOO_BUSY])
def test_a_store_that_gives_it_back_cancels_it_and_nothing_follows(world: World, reason: RejectReason) -> None:
    try_on = booked(world)
    with entry():
        fulfillment_services.reject_task(share_of(try_on).pk, reason=reason, actor=CLERK, now=NOON)
    run_deliveries()

    assert (fresh(try_on).status, share_of(try_on).status) == ("cancelled", S.REJECTED)
    assert (FulfillmentOrder.objects.count(), held(world), slots()) == (1, (0, 0, 0), [(SLOT, 0)])
    assert Event.objects.get(name="orders.TryOnCancelled").payload["is_by_store"] is True
    assert Fulfillment.objects.get().status == FulfillmentStatus.CANCELLED


@pytest.mark.parametrize("make", [booked, prepared])
def test_nobody_came_so_the_pieces_are_on_sale_again(world: World, make: object, audited: Audited) -> None:
    try_on = make(world)  # type: ignore[operator]
    services.drive_due_rows(now=NOON)
    fulfillment_services.drive_due_routing(10, now=SLOT)
    assert sweep(KEPT_UNTIL - MINUTE) == 0

    assert sweep(KEPT_UNTIL) == 1

    try_on = fresh(try_on)
    assert (try_on.status, try_on.finished_at) == ("no_show", KEPT_UNTIL)
    assert (share_of(try_on).status, held(world)) == (S.CANCELLED, (0, 0, 0))
    assert Reservation.objects.exclude(status="released").count() == 0
    audited.now = KEPT_UNTIL + MINUTE


def test_an_outcome_that_nobody_wrote_counts_as_nothing_kept(world: World) -> None:
    try_on = arrived(world)

    sweep(KEPT_UNTIL)

    assert (fresh(try_on).status, share_of(try_on).status, held(world)) == ("declined", S.RESTOCKED, (0, 0, 0))


def test_a_store_that_has_not_prepared_by_the_slot_is_reported_and_keeps_the_booking(world: World) -> None:
    try_on = booked(world)

    fulfillment_services.drive_due_routing(10, now=SLOT)

    share = share_of(try_on)
    assert (share.status, share.overdue_at, share.deadline_at) == (S.ACCEPTED, SLOT, KEPT_UNTIL)
    fulfillment_services.drive_due_routing(10, now=KEPT_UNTIL)
    assert (share_of(try_on).status, FulfillmentOrder.objects.count()) == (S.ACCEPTED, 1)


def test_shopper_is_reminded_two_hours_before_once(world: World) -> None:
    try_on = booked(world, starts_at=SLOT + timedelta(hours=4))
    assert try_on.due_at == NOON + timedelta(hours=4)
    assert sweep(NOON + timedelta(hours=3, minutes=59)) == 0

    sweep(NOON + timedelta(hours=4))
    sweep(NOON + timedelta(hours=4))

    assert told() == ["Confirmed", "Near"]
    assert fresh(try_on).due_at == KEPT_UNTIL + timedelta(hours=4)


def test_who_books_for_soon_is_not_reminded(world: World) -> None:
    booked(world)

    sweep(NOON)

    assert told() == ["Confirmed"]


def test_an_ending_that_fails_is_put_off_and_named_by_the_audit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    try_on = booked(world)
    services.drive_due_rows(now=NOON)

    def fail(*_args: object, **_rest: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(fulfillment_services, "end_try_on", fail)
    now = KEPT_UNTIL
    for _attempt in range(6):
        with pytest.raises(ZeroDivisionError):
            services.drive_try_on(try_on.pk, now=now)
        due_at = fresh(try_on).due_at
        assert due_at is not None
        now = due_at

    assert (fresh(try_on).attempts, held(world)) == (6, (1, 1, 0))
    assert "No step of orders is overdue" in broken_claims(now)


# Nobody comes; something is bought


def test_end_no_show_frees_the_goods_and_the_place_once(world: World, audited: Audited) -> None:
    audited.now = SLOT + 15 * MINUTE
    try_on = prepared(world)
    with pytest.raises(services.TryOnNotOver), entry():
        services.end_no_show(try_on.pk, actor=CLERK, now=SLOT + 14 * MINUTE)
    assert (fresh(try_on).status, held(world)) == ("prepared", (1, 1, 0))
    for _ in range(2):
        with entry():
            services.end_no_show(try_on.pk, actor=CLERK, now=SLOT + 15 * MINUTE)
    run_deliveries(SLOT + 15 * MINUTE)
    assert (fresh(try_on).status, held(world), slots()) == ("no_show", (0, 0, 0), [(SLOT, 0)])
    assert told() == ["Confirmed", "Ended"]
    log = Transition.objects.filter(entity="orders.tryon", entity_id=try_on.pk, to_status="no_show")
    assert log.get().actor == CLERK


def test_end_no_show_of_who_is_here_is_refused(world: World) -> None:
    try_on = arrived(world)
    with pytest.raises(services.TryOnNotOver), entry():
        services.end_no_show(try_on.pk, actor=CLERK, now=KEPT_UNTIL)
    assert (fresh(try_on).status, held(world)) == ("checked_in", (1, 1, 0))


def test_release_kept_frees_what_is_to_be_sold_and_ends_the_booking(world: World, audited: Audited) -> None:
    audited.now = SLOT
    try_on = decide(arrived(world), "SHIRT-M")
    assert held(world) == (0, 1, 0)
    with entry():
        services.release_kept(try_on.pk, actor=CLERK, now=SLOT)
    assert (held(world), fresh(try_on).finished_at) == ((0, 0, 0), SLOT)
    with pytest.raises(services.TryOnNotOver), entry():
        services.release_kept(try_on.pk, actor=CLERK, now=SLOT)


def test_outcome_keeps_why_a_piece_is_declined(world: World) -> None:
    share = share_of(arrived(world))
    small, large = share.lines.order_by("pk")
    with entry():
        fulfillment_services.record_outcome(
            share.pk,
            kept_line_ids=[large.pk],
            reasons={small.pk: "too_small", large.pk: "price"},
            actor=CLERK,
            now=SLOT,
        )
    rows = share.lines.order_by("pk").values_list("is_kept", "decline_reason")
    assert list(rows) == [(False, "too_small"), (True, "")]
