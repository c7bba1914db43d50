from dataclasses import replace
from datetime import UTC, date, datetime
from unittest.mock import patch

import pytest

from fulfillment import services
from fulfillment.choices import FulfillmentOrderStatus, FulfillmentStatus, Way
from fulfillment.models import Fulfillment, FulfillmentOrder, FulfillmentOrderLine, RoutingDecision, RoutingRule
from fulfillment.services import CannotReserveStock, Demand, DemandLine, HeldDemand, Recipient
from inventory.models import Reservation, StockLevel
from inventory.services import CannotHold, Shortage
from omni.kernel.models import Event, Transition
from omni.kernel.numbers import is_valid_number
from omni.kernel.states import StateConflict
from omni.kernel.transactions import entry
from stores.models import StoreCapacity
from tests.cast import HOME, NOON, World

pytestmark = pytest.mark.django_db

S = FulfillmentOrderStatus
MONDAY = date(2026, 3, 16)


def demand(world: World, *wanted: tuple[str, int], way: Way = Way.COURIER, store: str | None = None) -> Demand:
    return Demand(
        brand_id=world.brand.pk,
        owner="orders.order",
        way=way,
        lines=tuple(DemandLine(world.variants[size].pk, units, 49900 * units) for size, units in wanted),
        recipient=Recipient("王小雨", "sealed", "310106", "南京西路 1 号"),
        lat=HOME[0],
        lng=HOME[1],
        pickup_store_id=world.stores[store].pk if store else None,
    )


def hold(asked: Demand, now: datetime = NOON) -> HeldDemand:
    with entry():
        return services.plan_and_hold(asked, now=now)


def shares(world: World, held: HeldDemand) -> list[tuple[str, str, list[tuple[str, int]]]]:
    """Return (store, status, [(size, units)]) of each share."""
    stores = {store.pk: name for name, store in world.stores.items()}
    sizes = {variant.pk: size for size, variant in world.variants.items()}
    return [
        (
            stores[share.store_id or 0],
            share.status,
            [
                (sizes[line.fulfillment_line.variant_id], line.quantity)
                for line in share.lines.select_related("fulfillment_line").order_by("pk")
            ],
        )
        for share in FulfillmentOrder.objects.filter(fulfillment=held.fulfillment_id).order_by("pk")
    ]


def counters(world: World, store: str, size: str) -> tuple[int, int, int]:
    level = world.level(store, size)
    return level.on_hand, level.held, level.allocated


def used() -> dict[tuple[int, date], int]:
    return {(row.store_id, row.on_date): row.used for row in StoreCapacity.objects.filter(used__gt=0)}


def nothing_is_held() -> bool:
    counts = (Reservation.objects.count(), Fulfillment.objects.count(), RoutingDecision.objects.count())
    return counts == (0, 0, 0) and used() == {} and not StockLevel.objects.filter(held__gt=0).exists()


def test_plan_and_hold_writes_the_demand_with_what_it_holds(world: World) -> None:
    held = hold(demand(world, ("M", 1), ("S", 2)))

    fulfillment = Fulfillment.objects.get(pk=held.fulfillment_id)
    assert (fulfillment.status, fulfillment.owner, fulfillment.way) == (
        FulfillmentStatus.PLANNED,
        "orders.order",
        "courier",
    )
    assert (fulfillment.recipient_name, fulfillment.district_id, fulfillment.promised_on) == (
        "王小雨",
        "310106",
        MONDAY,
    )
    lines = fulfillment.lines.order_by("pk")
    assert [(line.pk, line.variant_id, line.quantity, line.declared_value_fen) for line in lines] == [
        (held.line_ids[0], world.variants["M"].pk, 1, 49900),
        (held.line_ids[1], world.variants["S"].pk, 2, 99800),
    ]
    assert shares(world, held) == [("A", S.PLANNED, [("M", 1), ("S", 2)])]
    share = FulfillmentOrder.objects.get(pk=held.fulfillment_order_ids[0])
    assert is_valid_number(share.number)
    assert (share.attempt, share.capacity_on, share.route_due_at) == (1, MONDAY, None)
    assert counters(world, "A", "M") == (2, 1, 0)
    assert counters(world, "A", "S") == (10, 2, 0)
    assert used() == {(world.stores["A"].pk, MONDAY): 1}
    owners = Reservation.objects.values_list("owner", "status", "quantity").order_by("pk")
    assert list(owners) == [(f"fulfillment_order:{share.pk}", "held", 1), (f"fulfillment_order:{share.pk}", "held", 2)]


def test_plan_and_hold_records_why(world: World) -> None:
    held = hold(demand(world, ("S", 1)))

    decision = RoutingDecision.objects.get()
    assert (decision.fulfillment_id, decision.kind, decision.decided_at) == (held.fulfillment_id, "place", NOON)
    assert decision.record["rules"] == ["nearest"]
    assert [row[0] for row in decision.record["best"]] == [world.stores["A"].pk, world.stores["B"].pk]
    assert decision.record["plan"] == [[world.stores["A"].pk, "2026-03-16", [1]]]
    assert decision.record["rest"] == [{"out_of_reach": 1}]


def test_plan_and_hold_without_a_single_store_splits(world: World) -> None:
    held = hold(demand(world, ("S", 8), ("L", 2)))

    assert shares(world, held) == [("A", S.PLANNED, [("S", 8)]), ("B", S.PLANNED, [("L", 2)])]
    assert used() == {(world.stores["A"].pk, MONDAY): 1, (world.stores["B"].pk, MONDAY): 1}
    assert counters(world, "A", "S") == (10, 8, 0)
    assert counters(world, "B", "L") == (5, 2, 0)


def test_plan_and_hold_spreads_one_line_over_stores(world: World) -> None:
    held = hold(demand(world, ("S", 13)))

    assert shares(world, held) == [("A", S.PLANNED, [("S", 10)]), ("B", S.PLANNED, [("S", 3)])]


def test_plan_and_hold_never_splits_below_the_brands_minimum(world: World) -> None:
    RoutingRule.objects.create(brand=world.brand, min_split_value_fen=99801)

    with pytest.raises(CannotReserveStock) as refusal:
        hold(demand(world, ("S", 8), ("L", 2)))

    assert refusal.value.code == "cannot_reserve_stock"
    assert nothing_is_held()


def test_plan_and_hold_with_too_little_names_the_skus(world: World) -> None:
    with pytest.raises(CannotReserveStock) as refusal:
        hold(demand(world, ("S", 1), ("M", 8), ("L", 6)))

    assert refusal.value.params == {"skus": "SHIRT-M, SHIRT-L"}
    assert refusal.value.field == "lines.1"
    assert nothing_is_held()


def test_plan_and_hold_for_a_collection_uses_that_store_alone(world: World) -> None:
    held = hold(demand(world, ("S", 1), way=Way.PICKUP, store="C"))

    assert shares(world, held) == [("C", S.PLANNED, [("S", 1)])]
    with pytest.raises(CannotReserveStock):
        hold(demand(world, ("S", 1), way=Way.PICKUP, store="C"))


def test_plan_and_hold_at_night_promises_and_counts_the_next_day(world: World) -> None:
    held = hold(demand(world, ("S", 1)), datetime(2026, 3, 16, 15, 0, tzinfo=UTC))

    assert held.promised_on == date(2026, 3, 17)
    assert used() == {(world.stores["A"].pk, date(2026, 3, 17)): 1}


def test_plan_and_hold_when_another_took_the_last_unit_takes_the_next_store(world: World) -> None:
    level = world.level("A", "M")

    def overtaken(*args: object, **kwargs: object) -> list[int]:
        """Refuse once, as when another buyer was faster than the guard."""
        StockLevel.objects.filter(pk=level.pk).update(held=2)
        patched.stop()
        raise CannotHold([Shortage(level.store_id, level.variant_id, 1, 0)])

    patched = patch("inventory.services.hold_stock", overtaken)
    patched.start()

    held = hold(demand(world, ("M", 1)))

    assert shares(world, held) == [("B", S.PLANNED, [("M", 1)])]
    assert RoutingDecision.objects.get().record["refused"] == [[world.stores["A"].pk, "sold out"]]
    assert used() == {(world.stores["B"].pk, MONDAY): 1}


def test_plan_and_hold_when_another_took_the_last_place_takes_the_next_store(world: World) -> None:
    capacity = StoreCapacity.objects.create(store=world.stores["A"], on_date=MONDAY, limit=1, used=0)
    with patch("fulfillment.queries.candidates.find_candidates", _stale(capacity)):
        held = hold(demand(world, ("S", 1)))

    assert shares(world, held) == [("B", S.PLANNED, [("S", 1)])]
    assert RoutingDecision.objects.get().record["refused"] == [[world.stores["A"].pk, "full"]]
    assert counters(world, "A", "S") == (10, 0, 0)


def _stale(capacity: StoreCapacity) -> object:
    """Return the candidates as they were before another order took the last place."""
    from fulfillment.queries.candidates import find_candidates

    def overtaken(*args: object, **kwargs: object) -> object:
        found = find_candidates(*args, **kwargs)  # type: ignore[arg-type]
        StoreCapacity.objects.filter(pk=capacity.pk).update(used=1)
        return found

    return overtaken


def test_plan_and_hold_refused_by_all_stores_reads_them_anew_and_gives_up(world: World) -> None:
    StockLevel.objects.filter(variant=world.variants["M"]).exclude(store=world.stores["A"]).update(safety=99)
    level = world.level("A", "M")
    rounds: list[int] = []

    def always_overtaken(*args: object, **kwargs: object) -> list[int]:
        rounds.append(1)
        raise CannotHold([Shortage(level.store_id, level.variant_id, 1, 0)])

    with patch("inventory.services.hold_stock", always_overtaken), pytest.raises(CannotReserveStock):
        hold(demand(world, ("M", 1)))

    assert len(rounds) == 10
    assert nothing_is_held()


def test_release_for_routing_allocates_and_makes_the_shares_due(world: World) -> None:
    held = hold(demand(world, ("S", 8), ("L", 2)))

    with entry():
        services.release_for_routing(held.fulfillment_id, now=NOON)

    assert Fulfillment.objects.get().status == FulfillmentStatus.ACTIVE
    due = FulfillmentOrder.objects.values_list("status", "route_due_at").order_by("pk")
    assert list(due) == [(S.PENDING_ROUTING, NOON)] * 2
    assert counters(world, "A", "S") == (10, 0, 8)
    assert counters(world, "B", "L") == (5, 0, 2)
    assert Transition.objects.filter(entity="fulfillment.fulfillmentorder", to_status=S.PENDING_ROUTING).count() == 2


def test_release_for_routing_twice_is_refused(world: World) -> None:
    held = hold(demand(world, ("S", 1)))
    with entry():
        services.release_for_routing(held.fulfillment_id, now=NOON)

    with pytest.raises(StateConflict), entry():
        services.release_for_routing(held.fulfillment_id, now=NOON)

    assert counters(world, "A", "S") == (10, 0, 1)


def test_give_back_frees_stock_and_capacity(world: World) -> None:
    held = hold(demand(world, ("S", 8), ("L", 2)))

    with entry():
        services.give_back(held.fulfillment_id, actor="system:expiry", now=NOON)

    assert Fulfillment.objects.get().status == FulfillmentStatus.CANCELLED
    assert [share[1] for share in shares(world, held)] == [S.CANCELLED, S.CANCELLED]
    assert counters(world, "A", "S") == (10, 0, 0)
    assert counters(world, "B", "L") == (5, 0, 0)
    assert used() == {}
    assert set(Reservation.objects.values_list("status", flat=True)) == {"released"}
    assert not Event.objects.filter(name__startswith="fulfillment.").exists()


def test_give_back_of_a_paid_demand_is_refused(world: World) -> None:
    held = hold(demand(world, ("S", 1)))
    with entry():
        services.release_for_routing(held.fulfillment_id, now=NOON)

    with pytest.raises(StateConflict), entry():
        services.give_back(held.fulfillment_id, actor="system:expiry", now=NOON)

    assert counters(world, "A", "S") == (10, 0, 1)


def test_plan_and_hold_in_another_brand_finds_nothing(world: World) -> None:
    with pytest.raises(CannotReserveStock):
        hold(replace(demand(world, ("S", 1)), brand_id=world.other_brand.pk))

    assert nothing_is_held()
    assert FulfillmentOrderLine.objects.count() == 0


def test_plan_and_hold_runs_few_statements(world: World, django_assert_num_queries: object) -> None:
    """Terms, candidates, savepoint, capacity, stock, release, plan: seven."""
    hold(demand(world, ("S", 1), ("M", 1)))
    with entry(), django_assert_num_queries(7):  # type: ignore[operator]
        services.plan_and_hold(demand(world, ("S", 1), ("M", 1)), now=NOON)
