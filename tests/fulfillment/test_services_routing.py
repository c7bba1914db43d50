from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection, transaction

from fulfillment import services
from fulfillment.choices import (
    FINAL_FULFILLMENT_ORDER_STATUSES,
    DecisionKind,
    FulfillmentOrderStatus,
    FulfillmentStatus,
    RejectReason,
    Way,
)
from fulfillment.models import (
    AcceptanceRecord,
    Fulfillment,
    FulfillmentOrder,
    FulfillmentOrderLine,
    RoutingDecision,
    RoutingRule,
)
from fulfillment.queries import searches
from fulfillment.services import routing
from inventory import services as inventory_services
from inventory.models import CountTask, Reservation, StockLevel, StockMovement
from omni.kernel.errors import NotFound
from omni.kernel.models import Event
from omni.kernel.outbox import run_due_deliveries
from omni.kernel.states import StateConflict
from omni.kernel.transactions import entry
from stores.models import Store, StoreCapacity
from tests.cast import NOON, World
from tests.fulfillment.test_services_planning import counters, demand, used

pytestmark = pytest.mark.django_db

S = FulfillmentOrderStatus
MONDAY = date(2026, 3, 16)
LATER = NOON + timedelta(minutes=31)
CLERK = "user:7"


def paid(world: World, *wanted: tuple[str, int], way: Way = Way.COURIER, store: str | None = None) -> list[int]:
    """Place and pay a demand; return the ids of its shares."""
    with entry():
        held = services.plan_and_hold(demand(world, *wanted, way=way, store=store), now=NOON)
    with entry():
        services.release_for_routing(held.fulfillment_id, now=NOON)
    return list(held.fulfillment_order_ids)


def route(share_id: int, now: datetime = NOON) -> FulfillmentOrder:
    with entry():
        services.route(share_id, now=now)
    return fresh(share_id)


def fresh(share_id: int) -> FulfillmentOrder:
    return FulfillmentOrder.objects.get(pk=share_id)


def offered(world: World, *wanted: tuple[str, int]) -> FulfillmentOrder:
    (share_id,) = paid(world, *wanted)
    return route(share_id)


def reject(share: FulfillmentOrder, reason: RejectReason = RejectReason.TOO_BUSY, **more: dict[int, int]) -> int:
    with entry():
        follower = services.reject_offer(share.pk, reason=reason, actor=CLERK, now=NOON, **more)
    assert follower is not None
    return follower


def live(world: World) -> list[tuple[str | None, str, int, list[int]]]:
    """Return (store, status, attempt, quantities) of the shares that are not final."""
    names = {store.pk: name for name, store in world.stores.items()}
    shares = FulfillmentOrder.objects.exclude(status__in=FINAL_FULFILLMENT_ORDER_STATUSES).order_by("pk")
    return [
        (
            None if share.store_id is None else names[share.store_id],
            share.status,
            share.attempt,
            list(share.lines.order_by("pk").values_list("quantity", flat=True)),
        )
        for share in shares
    ]


def events() -> list[str]:
    names = Event.objects.filter(name__startswith="fulfillment.").order_by("pk").values_list("name", flat=True)
    return [name.removeprefix("fulfillment.FulfillmentOrder") for name in names]


def stock_agrees() -> bool:
    """Tell whether the counters of every level are the sums of its reservations."""
    for level in StockLevel.objects.all():
        for status in ("held", "allocated"):
            quantities = Reservation.objects.filter(level=level, status=status).values_list("quantity", flat=True)
            if sum(quantities) != getattr(level, status):
                return False
    return True


def test_route_offers_the_share_where_it_is_held(world: World) -> None:
    share = offered(world, ("S", 2), ("M", 1))

    assert (share.store_id, share.status, share.attempt) == (world.stores["A"].pk, S.OFFERED, 1)
    assert (share.offered_at, share.deadline_at) == (NOON, NOON + timedelta(minutes=30))
    assert (share.route_due_at, share.failures) == (None, 0)
    assert counters(world, "A", "S") == (10, 0, 2)
    assert used() == {(world.stores["A"].pk, MONDAY): 1}
    assert Reservation.objects.count() == 2
    kinds = RoutingDecision.objects.order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == [DecisionKind.PLACE, DecisionKind.ROUTE]


def test_route_again_changes_nothing(world: World) -> None:
    share = offered(world, ("S", 2))

    again = route(share.pk, LATER)

    assert (again.status, again.deadline_at) == (S.OFFERED, share.deadline_at)
    assert RoutingDecision.objects.count() == 2


def test_route_before_opening_gives_the_store_time_from_its_opening(world: World) -> None:
    night = datetime(2026, 3, 16, 15, 0, tzinfo=UTC)
    with entry():
        held = services.plan_and_hold(demand(world, ("S", 1)), now=night)
        services.release_for_routing(held.fulfillment_id, now=night)

    share = route(held.fulfillment_order_ids[0], night)

    assert share.deadline_at == datetime(2026, 3, 17, 2, 30, tzinfo=UTC)
    assert share.capacity_on == date(2026, 3, 17)


def test_route_moves_to_a_store_that_is_better_now(world: World) -> None:
    (share_id,) = paid(world, ("L", 2))
    assert fresh(share_id).store_id == world.stores["B"].pk
    StockLevel.objects.filter(pk=world.level("A", "L").pk).update(on_hand=3)

    share = route(share_id)

    assert share.store_id == world.stores["A"].pk
    assert (counters(world, "A", "L"), counters(world, "B", "L")) == ((3, 0, 2), (5, 0, 0))
    assert used() == {(world.stores["A"].pk, MONDAY): 1}
    assert [line.quantity for line in share.lines.all()] == [2]
    assert stock_agrees()


def test_route_moves_away_from_a_store_that_closed(world: World) -> None:
    (share_id,) = paid(world, ("S", 2), ("M", 2))
    Store.objects.filter(pk=world.stores["A"].pk).update(is_active=False)

    share = route(share_id)

    assert share.store_id == world.stores["B"].pk
    assert (counters(world, "A", "S"), counters(world, "B", "S")) == ((10, 0, 0), (5, 0, 2))
    assert RoutingDecision.objects.latest("pk").record["rest"] == [{"inactive": 1}]


def test_route_keeps_its_place_in_a_full_store(world: World) -> None:
    (share_id,) = paid(world, ("S", 1))
    StoreCapacity.objects.update(limit=1)

    assert route(share_id).store_id == world.stores["A"].pk
    assert used() == {(world.stores["A"].pk, MONDAY): 1}


def test_route_on_another_day_takes_that_days_capacity(world: World) -> None:
    (share_id,) = paid(world, ("S", 1))

    share = route(share_id, NOON + timedelta(days=1))

    assert share.capacity_on == date(2026, 3, 17)
    assert used() == {(world.stores["A"].pk, date(2026, 3, 17)): 1}
    assert Fulfillment.objects.get().promised_on == date(2026, 3, 17)


def test_route_splits_a_share_that_no_store_can_take_any_more(world: World) -> None:
    (share_id,) = paid(world, ("S", 5), ("M", 5))
    store_b = world.stores["B"].pk
    StockLevel.objects.filter(store=store_b).update(safety=2)
    with entry():
        reservations = FulfillmentOrderLine.objects.filter(fulfillment_order=share_id).values_list(
            "reservation_id", flat=True
        )
        inventory_services.release_reservations([number for number in reservations if number])

    share = route(share_id)

    assert live(world) == [("A", S.OFFERED, 1, [5, 2]), ("B", S.OFFERED, 1, [3])]
    assert share.store_id == world.stores["A"].pk
    assert used() == {(world.stores["A"].pk, MONDAY): 1, (store_b, MONDAY): 1}
    assert stock_agrees()
    assert Reservation.objects.filter(status="allocated").count() == 3


def test_route_in_place_allocates_again_what_was_displaced(world: World) -> None:
    (share_id,) = paid(world, ("S", 2), ("M", 1))
    first = FulfillmentOrderLine.objects.filter(fulfillment_order=share_id).order_by("pk")[0]
    with entry():
        inventory_services.release_reservations([first.reservation_id or 0])

    share = route(share_id)

    assert share.store_id == world.stores["A"].pk
    assert sorted(share.lines.values_list("quantity", flat=True)) == [1, 2]
    assert (counters(world, "A", "S"), counters(world, "A", "M")) == ((10, 0, 2), (2, 0, 1))
    assert stock_agrees()


def test_reject_offer_excludes_the_store_and_the_next_is_offered(world: World) -> None:
    share = offered(world, ("S", 2))

    follower_id = reject(share)

    rejected, follower = fresh(share.pk), fresh(follower_id)
    assert (rejected.status, rejected.reject_reason, rejected.finished_at) == (S.REJECTED, "too_busy", NOON)
    assert (rejected.deadline_at, rejected.capacity_on) == (None, None)
    assert (follower.status, follower.store_id, follower.attempt) == (S.PENDING_ROUTING, None, 2)
    assert (follower.route_due_at, follower.number != rejected.number) == (NOON, True)
    assert counters(world, "A", "S") == (10, 0, 0)
    assert used() == {}

    assert route(follower_id).store_id == world.stores["B"].pk
    assert live(world) == [("B", S.OFFERED, 2, [2])]
    decision = RoutingDecision.objects.latest("pk")
    assert (decision.kind, decision.record["rest"]) == (DecisionKind.REROUTE, [{"excluded": 1}])


def test_reject_offer_not_found_takes_units_off_the_books_and_opens_a_count(world: World) -> None:
    share = offered(world, ("S", 2), ("M", 1))
    line = share.lines.get(quantity=2)

    reject(share, RejectReason.NOT_FOUND, affected={line.pk: 1})

    assert (counters(world, "A", "S"), counters(world, "A", "M")) == ((9, 0, 0), (2, 0, 0))
    assert StockMovement.objects.filter(kind="not_found").values_list("quantity", "cause").get() == (
        -1,
        f"rejected:{line.pk}",
    )
    assert CountTask.objects.get().level_id == world.level("A", "S").pk


def test_reject_offer_not_found_without_lines_means_all(world: World) -> None:
    reject(offered(world, ("S", 2), ("M", 1)), RejectReason.NOT_FOUND)

    assert (counters(world, "A", "S"), counters(world, "A", "M")) == ((8, 0, 0), (1, 0, 0))


def test_reject_offer_damaged_sets_the_units_aside(world: World) -> None:
    reject(offered(world, ("S", 2)), RejectReason.DAMAGED)

    level = world.level("A", "S")
    assert (level.on_hand, level.unsellable, level.allocated) == (10, 2, 0)


def test_reject_offer_twice_is_refused(world: World) -> None:
    share = offered(world, ("S", 2))
    reject(share)

    with pytest.raises(StateConflict):
        reject(share)

    assert FulfillmentOrder.objects.count() == 2


def test_time_out_offer_excludes_the_store(world: World) -> None:
    share = offered(world, ("S", 2))

    assert services.drive_due_routing(10, now=share.deadline_at or NOON) == 2

    assert fresh(share.pk).status == S.TIMED_OUT
    assert live(world) == [("B", S.OFFERED, 2, [2])]
    assert (counters(world, "A", "S"), counters(world, "B", "S")) == ((10, 0, 0), (5, 0, 2))


def test_time_out_offer_of_an_accepted_order_does_nothing(world: World) -> None:
    share = offered(world, ("S", 2))
    with entry():
        services.accept_offer(share.pk, actor=CLERK, now=NOON)

    assert services.drive_due_routing(10, now=LATER) == 0
    with entry():
        assert services.time_out_offer(share.pk, now=LATER) is None
    assert fresh(share.pk).status == S.ACCEPTED


def test_route_with_no_store_left_parks_the_share_and_tells(world: World) -> None:
    share = offered(world, ("L", 2))

    follower_id = reject(share)
    route(follower_id)

    parked = fresh(follower_id)
    assert (parked.status, parked.store_id, parked.route_due_at) == (S.UNFILLABLE, None, None)
    assert events() == ["Unfillable"]
    assert RoutingDecision.objects.latest("pk").record["plan"] is None
    assert used() == {}
    assert Fulfillment.objects.get().status == FulfillmentStatus.ACTIVE


def test_route_after_the_last_attempt_parks_the_share(world: World) -> None:
    RoutingRule.objects.create(brand=world.brand, max_attempts=1)

    parked = route(reject(offered(world, ("S", 1))))

    assert parked.status == S.UNFILLABLE
    assert events() == ["Unfillable"]
    assert RoutingDecision.objects.latest("pk").record["offers"] == 1
    assert stock_agrees()


def test_retry_unfillable_starts_afresh_with_every_store(world: World) -> None:
    parked = route(reject(offered(world, ("L", 2))))

    with entry():
        services.retry_unfillable(parked.pk, actor="user:1", now=LATER)

    share = route(parked.pk, LATER)
    assert (share.status, share.store_id, share.attempt) == (S.OFFERED, world.stores["B"].pk, 1)
    with entry():
        follower = services.reject_offer(share.pk, reason=RejectReason.OTHER, actor=CLERK, now=LATER)
    assert follower is not None
    assert route(follower, LATER).status == S.UNFILLABLE


def test_retry_unfillable_of_an_offered_share_is_refused(world: World) -> None:
    share = offered(world, ("S", 1))

    with pytest.raises(StateConflict), entry():
        services.retry_unfillable(share.pk, actor="user:1", now=NOON)

    assert (fresh(share.pk).attempt, fresh(share.pk).round_started_at) == (1, None)


def test_route_for_a_collection_never_leaves_the_chosen_store(world: World) -> None:
    (share_id,) = paid(world, ("S", 1), way=Way.PICKUP, store="B")
    share = route(share_id)
    assert share.store_id == world.stores["B"].pk

    assert route(reject(share)).status == S.UNFILLABLE


def test_route_of_an_unknown_share_is_not_found() -> None:
    with pytest.raises(NotFound), entry():
        services.route(4711, now=NOON)


def test_drive_route_waits_for_the_due_time(world: World) -> None:
    (share_id,) = paid(world, ("S", 1))

    assert services.drive_route(share_id, now=NOON - timedelta(seconds=1)) is False
    assert services.drive_route(share_id, now=NOON) is True
    assert services.drive_route(share_id, now=NOON) is False
    assert fresh(share_id).status == S.OFFERED


def test_drive_due_routing_puts_a_poisoned_share_off_and_goes_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (poisoned,) = paid(world, ("S", 1))
    (healthy,) = paid(world, ("S", 1))
    original = searches.search_of

    def search_of(share: FulfillmentOrder, *args: object, **kwargs: object) -> object:
        if share.pk == poisoned:
            raise RuntimeError("poison")
        return original(share, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(routing, "search_of", search_of)

    assert services.drive_due_routing(10, now=NOON) == 2
    assert fresh(healthy).status == S.OFFERED
    assert (fresh(poisoned).failures, fresh(poisoned).route_due_at) == (1, NOON + timedelta(seconds=5))
    assert services.drive_due_routing(10, now=NOON + timedelta(seconds=5)) == 1
    assert (fresh(poisoned).failures, fresh(poisoned).route_due_at) == (2, NOON + timedelta(seconds=15))

    monkeypatch.setattr(routing, "search_of", original)
    assert services.drive_due_routing(10, now=NOON + timedelta(seconds=15)) == 1
    assert (fresh(poisoned).status, fresh(poisoned).failures) == (S.OFFERED, 0)


def test_claim_takes_one_share_even_by_a_plan_for_an_empty_table(world: World) -> None:
    """A page of rows that are gone, counted: the plan then looks for what is due once for each share."""
    before = transaction.savepoint()
    paid(world, ("S", 1))
    transaction.savepoint_rollback(before)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE fulfillment_fulfillmentorder")
        cursor.execute("SET LOCAL enable_hashjoin = off")
        cursor.execute("SET LOCAL enable_mergejoin = off")
    (first,) = paid(world, ("S", 1))
    (second,) = paid(world, ("S", 1))

    assert services.drive_due_routing(1, now=NOON) == 1
    assert (fresh(first).status, fresh(second).status) == (S.OFFERED, S.PENDING_ROUTING)
    assert (fresh(second).failures, fresh(second).route_due_at) == (0, NOON)


# Goods that turn out not to be there.


def not_found(world: World, store: str, size: str, units: int) -> None:
    place = world.stores[store].pk
    with entry():
        inventory_services.report_not_found(
            place, world.variants[size].pk, units, cause="count:1", actor="user:9", now=NOON
        )
    run_due_deliveries(10, now=NOON)


def test_displaced_goods_of_an_offered_share_are_found_elsewhere(world: World) -> None:
    share = offered(world, ("M", 2))

    not_found(world, "A", "M", 2)

    displaced = fresh(share.pk)
    assert (displaced.status, displaced.reject_reason) == (S.REJECTED, RejectReason.DISPLACED)
    assert services.drive_due_routing(10, now=NOON) == 1
    assert live(world) == [("B", S.OFFERED, 2, [2])]
    assert stock_agrees()


def test_displaced_goods_exclude_no_store(world: World) -> None:
    share = offered(world, ("M", 1))
    not_found(world, "A", "M", 2)
    StockLevel.objects.filter(pk=world.level("A", "M").pk).update(on_hand=1)

    services.drive_due_routing(10, now=NOON)

    assert fresh(share.pk).status == S.REJECTED
    assert live(world) == [("A", S.OFFERED, 2, [1])]


def test_displaced_goods_of_an_unpaid_share_are_found_once_it_is_paid(world: World) -> None:
    with entry():
        held = services.plan_and_hold(demand(world, ("M", 2)), now=NOON)
    not_found(world, "A", "M", 2)
    assert fresh(held.fulfillment_order_ids[0]).status == S.PLANNED

    with entry():
        services.release_for_routing(held.fulfillment_id, now=NOON)
    share = route(held.fulfillment_order_ids[0])

    assert (share.status, share.store_id) == (S.OFFERED, world.stores["B"].pk)
    assert used() == {(world.stores["B"].pk, MONDAY): 1}
    assert stock_agrees()


def test_displaced_goods_of_a_begun_share_are_found_elsewhere(world: World) -> None:
    share = offered(world, ("M", 2))
    with entry():
        services.accept_offer(share.pk, actor=CLERK, now=NOON)

    not_found(world, "A", "M", 2)

    assert fresh(share.pk).status == S.REJECTED
    assert live(world) == [(None, S.PENDING_ROUTING, 2, [2])]
    assert not share.deliveries.exclude(state="cancelled").exists()


def test_count_acceptance_counts_the_answers_of_thirty_days(world: World) -> None:
    first, second, third = (offered(world, ("S", 1)) for _number in range(3))
    with entry():
        services.accept_offer(first.pk, actor=CLERK, now=NOON)
    reject(second)
    assert third.status == S.OFFERED

    with entry():
        services.count_acceptance(now=LATER)
    assert AcceptanceRecord.objects.values_list("store_id", "offers", "accepted").get() == (world.stores["A"].pk, 2, 1)

    with entry():
        services.count_acceptance(now=LATER + timedelta(days=30))
    assert not AcceptanceRecord.objects.exists()
