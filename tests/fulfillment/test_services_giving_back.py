from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import translation

from fulfillment import services
from fulfillment.choices import FulfillmentOrderStatus, RejectReason, Way
from fulfillment.models import FulfillmentOrder, FulfillmentOrderLine, RoutingRule
from fulfillment.services import GivenLine
from fulfillment.services.giving_back import why_not_split
from inventory import queries as inventory_queries
from inventory.models import CountTask, Reservation, StockMovement
from omni.kernel.errors import DomainError
from omni.kernel.outbox import run_due_deliveries
from omni.kernel.states import StateConflict
from omni.kernel.transactions import entry
from stores.models import StoreCapacity
from tests.audit_fixture import Audited
from tests.cast import NOON, World
from tests.factories.fulfillment import CLERK, accept, accept_and_pack, fresh, make_demand, offer_share, status_of

S = FulfillmentOrderStatus
R = RejectReason
LATER = NOON + timedelta(minutes=5)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Read what is said in English."""
    with translation.override("en"):
        yield


@pytest.fixture
def audited(audited: Audited) -> Audited:
    audited.now = LATER
    return audited


def lines_of(share: FulfillmentOrder) -> dict[str, FulfillmentOrderLine]:
    lines = FulfillmentOrderLine.objects.filter(fulfillment_order=share)
    return {line.fulfillment_line.variant.size: line for line in lines.select_related("fulfillment_line__variant")}


def units_of(share: FulfillmentOrder) -> dict[str, int]:
    return {size: line.quantity for size, line in lines_of(share).items()}


def stock(world: World, size: str) -> tuple[int, int, int]:
    level = world.level("A", size)
    return level.on_hand, level.allocated, level.unsellable


def used(world: World) -> int:
    return StoreCapacity.objects.get(store=world.stores["A"]).used


def give(share: FulfillmentOrder, **reasons: tuple[int, R]) -> int | None:
    lines = lines_of(share)
    given = [GivenLine(lines[size].pk, units, reason) for size, (units, reason) in reasons.items()]
    with entry():
        return services.give_back_lines(share.pk, given, actor=CLERK, now=LATER)


def part_of(share: FulfillmentOrder) -> FulfillmentOrder:
    return FulfillmentOrder.objects.get(fulfillment=share.fulfillment, status=S.REJECTED)


@pytest.mark.usefixtures("audited")
def test_give_back_lines_keeps_the_rest_and_finds_a_store_for_the_part(world: World) -> None:
    share = accept(offer_share(world, units={"S": 2, "M": 1}))

    follower_id = give(share, M=(1, R.NOT_FOUND))

    assert (status_of(share), units_of(share)) == (S.ACCEPTED, {"S": 2})
    part = part_of(share)
    assert (part.store, part.reject_reason, part.finished_at, part.capacity_on) == (
        world.stores["A"], R.NOT_FOUND, LATER, None,
    )  # fmt: skip
    assert units_of(part) == {"M": 1}
    assert follower_id is not None
    follower = FulfillmentOrder.objects.get(pk=follower_id)
    assert (follower.status, follower.attempt, follower.store, units_of(follower)) == (
        S.PENDING_ROUTING, 2, None, {"M": 1},
    )  # fmt: skip
    assert (stock(world, "S"), stock(world, "M"), used(world)) == ((10, 2, 0), (1, 0, 0), 1)
    assert CountTask.objects.get().level == world.level("A", "M")

    with entry():
        services.route(follower.pk, now=LATER)
    follower = fresh(follower)
    assert (follower.status, follower.store) == (S.OFFERED, world.stores["B"])


@pytest.mark.usefixtures("audited")
def test_give_back_lines_splits_the_units_of_a_line_with_their_reservation(world: World) -> None:
    share = offer_share(world, units={"S": 3})

    give(share, S=(1, R.DAMAGED))

    assert (status_of(share), units_of(share), units_of(part_of(share))) == (S.OFFERED, {"S": 2}, {"S": 1})
    assert lines_of(share)["S"].reservation is not None
    assert sorted(Reservation.objects.values_list("status", "quantity")) == [("allocated", 2), ("released", 1)]
    assert stock(world, "S") == (10, 2, 1)
    assert StockMovement.objects.filter(kind="not_found").count() == 0


@pytest.mark.usefixtures("audited")
def test_give_back_lines_with_a_reason_each_has_the_effect_of_each(world: World) -> None:
    share = accept(offer_share(world, units={"S": 3, "M": 2}))

    give(share, S=(1, R.TOO_BUSY), M=(2, R.DAMAGED))

    assert (units_of(share), part_of(share).reject_reason) == ({"S": 2}, R.DAMAGED)
    assert (stock(world, "S"), stock(world, "M")) == ((10, 2, 0), (2, 0, 2))


@pytest.mark.usefixtures("audited")
def test_give_back_lines_of_everything_is_the_rejection_of_the_order(world: World) -> None:
    share = accept(offer_share(world, units={"S": 1, "M": 1}))

    give(share, S=(1, R.CLOSING), M=(1, R.NOT_FOUND))

    share = fresh(share)
    assert (share.status, share.reject_reason, share.capacity_on, used(world)) == (S.REJECTED, R.NOT_FOUND, None, 0)
    assert (stock(world, "S"), stock(world, "M")) == ((10, 0, 0), (1, 0, 0))
    assert FulfillmentOrder.objects.exclude(pk=share.pk).get().status == S.PENDING_ROUTING


@pytest.mark.usefixtures("audited")
def test_give_back_lines_not_found_makes_others_look_at_the_shelf(world: World) -> None:
    first = accept(offer_share(world, units={"S": 1, "M": 1}))
    second = accept(offer_share(world, units={"M": 1}))

    give(first, M=(1, R.NOT_FOUND))
    run_due_deliveries(10, now=LATER)

    assert (status_of(second), stock(world, "M")) == (S.ACCEPTED, (1, 1, 0))
    doubts = inventory_queries.doubts_of(world.stores["A"].pk, [world.variants["S"].pk, world.variants["M"].pk])
    assert doubts == {world.variants["M"].pk: inventory_queries.Doubt("not_found", LATER)}


@pytest.mark.usefixtures("audited")
def test_give_back_lines_with_none_left_routes_others_again_but_not_what_is_in_hand(world: World) -> None:
    first = accept(offer_share(world, units={"S": 1, "M": 1}))
    in_hand = accept_and_pack(offer_share(world, units={"S": 4}))
    scanned = accept(offer_share(world, units={"S": 1}))
    with entry():
        services.start_picking(scanned.pk, actor=CLERK, now=NOON)
    FulfillmentOrderLine.objects.filter(fulfillment_order=scanned).update(picked=1)
    others = [offer_share(world, units={"S": 1}), accept(offer_share(world, units={"S": 2}))]
    line = lines_of(first)["S"]

    with entry():
        given = [GivenLine(line.pk, 1, R.NOT_FOUND, is_none_left=True)]
        services.give_back_lines(first.pk, given, actor=CLERK, now=LATER)
    run_due_deliveries(10, now=LATER)

    assert [status_of(share) for share in others] == [S.REJECTED, S.REJECTED]
    assert [fresh(share).reject_reason for share in others] == [R.DISPLACED, R.DISPLACED]
    assert (status_of(in_hand), status_of(scanned), stock(world, "S")) == (S.AWAITING_COURIER, S.PICKING, (5, 5, 0))


def test_give_back_lines_below_the_least_value_of_a_part_changes_nothing(world: World) -> None:
    RoutingRule.objects.create(brand=world.brand, min_split_value_fen=50000)
    share = accept(offer_share(world, units={"S": 1, "M": 1}))

    with pytest.raises(services.CannotSplit, match="parts worth so little"):
        give(share, M=(1, R.NOT_FOUND))

    assert (status_of(share), units_of(share), stock(world, "M")) == (S.ACCEPTED, {"S": 1, "M": 1}, (2, 1, 0))
    assert (FulfillmentOrder.objects.count(), CountTask.objects.count()) == (1, 0)


def test_give_back_lines_beyond_the_most_stores_changes_nothing(world: World) -> None:
    RoutingRule.objects.create(brand=world.brand, max_stores=2)
    demand = make_demand(world)
    share = accept(offer_share(world, units={"S": 1, "M": 1}, demand=demand))
    offer_share(world, store="B", units={"L": 1}, demand=demand)

    with pytest.raises(services.CannotSplit, match="at most 2 stores"):
        give(share, M=(1, R.NOT_FOUND))

    assert (status_of(share), units_of(share), stock(world, "M")) == (S.ACCEPTED, {"S": 1, "M": 1}, (2, 1, 0))


@pytest.mark.usefixtures("audited")
def test_give_back_whole_corrects_only_what_was_found_out(world: World) -> None:
    share = accept(offer_share(world, units={"S": 2, "M": 1}))
    line = lines_of(share)["M"]

    with entry():
        services.give_back_whole(share.pk, [GivenLine(line.pk, 1, R.NOT_FOUND)], actor=CLERK, now=LATER)

    assert (status_of(share), stock(world, "S"), stock(world, "M")) == (S.REJECTED, (10, 0, 0), (1, 0, 0))
    assert units_of(FulfillmentOrder.objects.exclude(pk=share.pk).get()) == {"S": 2, "M": 1}


@pytest.mark.usefixtures("audited")
def test_give_back_lines_of_a_collection_keeps_what_is_there(world: World) -> None:
    RoutingRule.objects.create(brand=world.brand, max_stores=1, min_split_value_fen=10_000_000)
    share = accept(offer_share(world, units={"S": 1, "M": 1}, way=Way.PICKUP))

    give(share, M=(1, R.NOT_FOUND))

    assert (status_of(share), units_of(share)) == (S.ACCEPTED, {"S": 1})


def test_goods_to_try_on_are_given_back_together(world: World) -> None:
    share = offer_share(world, units={"S": 1, "M": 1}, way=Way.PICKUP)
    share.fulfillment.way = Way.TRY_ON

    assert "the whole booking" in str(why_not_split(share, {lines_of(share)["M"].pk: 1}))


@pytest.mark.usefixtures("audited")
def test_accept_rest_takes_what_is_there(world: World) -> None:
    share = offer_share(world, units={"S": 1, "M": 1})

    with entry():
        given = [GivenLine(lines_of(share)["M"].pk, 1, R.NOT_FOUND)]
        services.accept_rest(share.pk, given, actor=CLERK, now=LATER)

    assert (status_of(share), fresh(share).accepted_by, units_of(share)) == (S.ACCEPTED, CLERK, {"S": 1})


@pytest.mark.parametrize("units", [0, -1, 3])
def test_give_back_lines_of_units_that_are_not_there_changes_nothing(world: World, units: int) -> None:
    share = accept(offer_share(world, units={"S": 2, "M": 1}))

    with pytest.raises(services.NotThatMany):
        give(share, S=(units, R.NOT_FOUND))

    assert (status_of(share), units_of(share), stock(world, "S")) == (S.ACCEPTED, {"S": 2, "M": 1}, (10, 2, 0))


def test_give_back_lines_of_nothing_or_of_a_line_twice_is_refused(world: World) -> None:
    share = accept(offer_share(world, units={"S": 2, "M": 1}))
    line = lines_of(share)["S"]
    twice = [GivenLine(line.pk, 1, R.NOT_FOUND), GivenLine(line.pk, 1, R.DAMAGED)]

    for given in ([], twice):
        with pytest.raises(services.NotThatMany), entry():
            services.give_back_lines(share.pk, given, actor=CLERK, now=LATER)

    assert (units_of(share), stock(world, "S")) == ({"S": 2, "M": 1}, (10, 2, 0))


def test_give_back_lines_of_what_is_packed_is_refused(world: World) -> None:
    share = accept_and_pack(offer_share(world, units={"S": 2}))

    with pytest.raises(StateConflict):
        give(share, S=(1, R.NOT_FOUND))

    assert (status_of(share), units_of(share)) == (S.AWAITING_COURIER, {"S": 2})


def test_give_back_lines_keeps_the_units_that_are_in_hand(world: World) -> None:
    share = accept(offer_share(world, units={"S": 3}))
    FulfillmentOrderLine.objects.filter(fulfillment_order=share).update(picked=2)

    give(share, S=(1, R.NOT_FOUND))

    assert [(line.quantity, line.picked) for line in lines_of(share).values()] == [(2, 2)]
    assert [line.picked for line in lines_of(part_of(share)).values()] == [0]


def test_two_parts_of_one_order_are_two_rejections(world: World) -> None:
    share = accept(offer_share(world, units={"S": 2, "M": 2}))
    give(share, S=(1, R.NOT_FOUND))
    RoutingRule.objects.create(brand=world.brand, max_stores=4)

    give(share, M=(2, R.DAMAGED))

    assert (units_of(share), stock(world, "S"), stock(world, "M")) == ({"S": 1}, (9, 1, 0), (2, 0, 2))
    assert FulfillmentOrder.objects.filter(status=S.REJECTED).count() == 2


def test_errors_name_their_field(world: World) -> None:
    share = accept(offer_share(world, units={"S": 2}))
    line = lines_of(share)["S"]

    with pytest.raises(DomainError) as refusal, entry():
        services.give_back_lines(share.pk, [GivenLine(line.pk, 9, R.OTHER)], actor=CLERK, now=LATER)

    assert (refusal.value.code, refusal.value.field) == ("not_that_many", f"units_{line.pk}")
