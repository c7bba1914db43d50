import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from fulfillment import rules
from fulfillment.choices import FulfillmentOrderStatus, RuleCode, Way
from fulfillment.models import AcceptanceRecord
from fulfillment.queries.candidates import OwnShare, Search, find_candidates, find_parts, find_singles
from fulfillment.rules import Candidate, DemandLine, Terms
from inventory.models import StockLevel, Variant
from omni.kernel.clock import BUSINESS_ZONE
from omni.kernel.geo import great_circle_metres
from stores.models import Brand, HoursException, Store, StoreCapacity
from stores.rules import opening_at
from tests.cast import HOME, NOON, World
from tests.factories.fulfillment import offer_share
from tests.factories.inventory import PriceFactory, VariantFactory
from tests.factories.stores import BrandFactory, StoreCapacityFactory, StoreFactory
from tests.fulfillment.brute_force import best_plan

pytestmark = pytest.mark.django_db

S = FulfillmentOrderStatus
FAR = Terms(courier_reach_metres=20_100_000)


def search(world: World, *wanted: tuple[str, int], terms: Terms = FAR, **more: object) -> Search:
    lines = tuple(DemandLine(world.variants[size].pk, units, 10000 * units) for size, units in wanted)
    asked = Search(world.brand.pk, Way.COURIER, lines, *HOME, terms, NOON)
    return replace(asked, **more)  # type: ignore[arg-type]


def names(world: World, candidates: Sequence[Candidate]) -> list[str]:
    by_id = {store.pk: name for name, store in world.stores.items()}
    return [by_id[candidate.store_id] for candidate in candidates]


def found(world: World, *wanted: tuple[str, int], terms: Terms = FAR, **more: object) -> list[str]:
    return names(world, find_singles(search(world, *wanted, terms=terms, **more)).candidates)


def refusals(asked: Search) -> dict[str, int]:
    (counts,) = find_singles(asked).refusals
    return {reason: count for reason, count in zip(rules.REFUSALS, counts, strict=True) if count}


def test_find_singles_lists_the_stores_that_hold_every_line_nearest_first(world: World) -> None:
    assert found(world, ("S", 1)) == ["A", "B", "C"]
    assert found(world, ("S", 1), ("M", 3)) == ["B", "C"]
    assert found(world, ("S", 5), ("M", 5), ("L", 5)) == ["B"]
    assert found(world, ("S", 6), ("L", 1)) == []


def test_find_singles_gives_metres_stock_and_capacity(world: World) -> None:
    StoreCapacityFactory.create(store=world.stores["B"], on_date=date(2026, 3, 16), limit=9, used=4)
    AcceptanceRecord.objects.create(store=world.stores["B"], offers=7, accepted=5, counted_at=NOON)

    _a, b, _c = find_singles(search(world, ("S", 1), ("M", 2))).candidates

    assert round(b.metres) == round(great_circle_metres(*HOME, world.stores["B"].lat, world.stores["B"].lng))
    assert (b.used, b.room, b.sellable, b.offers, b.accepted) == (4, 9, (5, 5), 7, 5)
    assert (b.opens_in, b.promised_on) == (0, date(2026, 3, 16))


def test_find_singles_with_more_than_three_lines_checks_each(world: World) -> None:
    more = [VariantFactory.create(product=world.product, size=size) for size in ("XL", "XXL")]
    for store in ("B", "C"):
        StockLevel.objects.create(store=world.stores[store], variant=more[0], on_hand=4)
    StockLevel.objects.create(store=world.stores["B"], variant=more[1], on_hand=3)
    asked = search(world, ("S", 1), ("M", 1), ("L", 1))
    lines = (*asked.lines, DemandLine(more[0].pk, 4, 1), DemandLine(more[1].pk, 3, 1))

    candidates = find_singles(replace(asked, lines=lines)).candidates

    assert names(world, candidates) == ["B"]
    assert candidates[0].sellable == (5, 5, 5, 4, 3)
    assert find_singles(replace(asked, lines=(*lines[:4], DemandLine(more[1].pk, 4, 1)))).candidates == []


def test_find_singles_counts_only_what_is_sellable(world: World) -> None:
    levels = StockLevel.objects.filter(variant=world.variants["S"], store=world.stores["A"])
    for column in ("held", "allocated", "unsellable", "safety"):
        levels.update(**{column: 10})
        assert found(world, ("S", 1)) == ["B", "C"]
        levels.update(**{column: 9})
        assert found(world, ("S", 1)) == ["A", "B", "C"]
        levels.update(**{column: 0})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"is_active": False}, "inactive"),
        ({"consents_to_routing": False}, "no_consent"),
        ({"offers_shipping": False}, "no_service"),
        ({"daily_capacity": 0}, "full"),
        ({"opens_minutes": [-1] * 7, "closes_minutes": [-1] * 7}, "closed"),
    ],
)
def test_find_singles_leaves_out_a_store_that_may_not(world: World, change: dict[str, object], reason: str) -> None:
    Store.objects.filter(pk=world.stores["A"].pk).update(**change)

    assert found(world, ("S", 1)) == ["B", "C"]
    assert refusals(search(world, ("S", 1))) == {reason: 1}


def test_find_singles_leaves_out_excluded_stores(world: World) -> None:
    excluded = (world.stores["A"].pk, world.stores["C"].pk)

    assert found(world, ("S", 1), excluded=excluded) == ["B"]
    assert refusals(search(world, ("S", 1), excluded=excluded)) == {"excluded": 2}


def test_find_singles_ends_at_the_couriers_reach(world: World) -> None:
    assert found(world, ("S", 1), terms=Terms()) == ["A", "B"]
    assert refusals(search(world, ("S", 1), terms=Terms())) == {"out_of_reach": 1}
    assert found(world, ("S", 1), terms=Terms(courier_reach_metres=500)) == ["A"]


def test_find_singles_wants_a_recent_count_when_the_brand_does(world: World) -> None:
    terms = FAR._replace(count_max_age_days=30)
    StockLevel.objects.filter(store=world.stores["A"]).update(counted_on=date(2026, 2, 13))
    StockLevel.objects.filter(store=world.stores["B"]).update(counted_on=date(2026, 2, 14))

    assert found(world, ("S", 1), terms=terms) == ["B"]
    assert refusals(search(world, ("S", 1), terms=terms)) == {"count_too_old": 2}


def test_find_singles_takes_a_full_day_for_no_capacity(world: World) -> None:
    StoreCapacityFactory.create(store=world.stores["A"], on_date=date(2026, 3, 16), limit=3, used=3)
    StoreCapacityFactory.create(store=world.stores["B"], on_date=date(2026, 3, 17), limit=3, used=3)

    assert found(world, ("S", 1)) == ["B", "C"]


def test_find_singles_promises_the_day_on_which_the_store_opens(world: World) -> None:
    at_night = datetime(2026, 3, 16, 15, 30, tzinfo=UTC)
    StoreCapacityFactory.create(store=world.stores["B"], on_date=date(2026, 3, 17), limit=3, used=3)

    candidates = find_singles(search(world, ("S", 1), now=at_night)).candidates

    assert names(world, candidates) == ["A", "C"]
    assert [(one.opens_in, one.promised_on) for one in candidates] == [(630, date(2026, 3, 17))] * 2
    assert found(world, ("S", 1), now=at_night, terms=FAR._replace(opening_wait_minutes=629)) == []


def test_find_singles_heeds_exceptions_from_the_hours(world: World) -> None:
    HoursException.objects.create(store=world.stores["A"], on_date=date(2026, 3, 16))
    HoursException.objects.create(
        store=world.stores["B"], on_date=date(2026, 3, 16), opens_minute=780, closes_minute=900
    )

    candidates = find_singles(search(world, ("S", 1), terms=FAR._replace(opening_wait_minutes=600))).candidates

    assert names(world, candidates) == ["B", "C"]
    assert candidates[0].opens_in == 60


def test_find_singles_for_a_collection_looks_at_that_store_alone(world: World) -> None:
    pickup = {"way": Way.PICKUP, "pickup_store_id": world.stores["C"].pk}
    Store.objects.filter(pk=world.stores["C"].pk).update(consents_to_routing=False, offers_shipping=False)

    assert found(world, ("S", 1), terms=Terms(), **pickup) == ["C"]
    assert found(world, ("S", 2), terms=Terms(), **pickup) == []
    Store.objects.filter(pk=world.stores["C"].pk).update(offers_pickup=False)
    assert found(world, ("S", 1), terms=Terms(), **pickup) == []


def test_find_singles_never_sees_another_brand(world: World) -> None:
    assert found(world, ("S", 1), brand_id=world.other_brand.pk) == []


def test_find_singles_counts_what_the_share_holds_already(world: World) -> None:
    share = offer_share(world, units={"S": 10})
    StoreCapacity.objects.filter(store=world.stores["A"]).update(limit=1)
    assert found(world, ("S", 10)) == []

    own = OwnShare(world.stores["A"].pk, (10,), share.capacity_on)

    (candidate,) = find_singles(search(world, ("S", 10), own=own)).candidates
    assert (candidate.store_id, candidate.sellable, candidate.used) == (world.stores["A"].pk, (10,), 0)


def test_find_candidates_reads_costly_figures_when_they_are_asked_for(world: World) -> None:
    PriceFactory._meta.model.objects.filter(variant=world.variants["S"]).update(sale_fen=29900)

    candidates = find_candidates(search(world, ("S", 1)), all_figures=True).candidates

    assert names(world, candidates) == ["A", "B", "C"]
    assert [candidate.broken_sizes for candidate in candidates] == [1, 0, 0]
    assert [candidate.marked_down_days for candidate in candidates] == [74, 74, 74]
    assert [candidate.fee_fen for candidate in candidates][:2] == [600, 600]


def test_find_singles_reads_costly_figures_for_a_rule_in_force(world: World) -> None:
    candidates = find_singles(search(world, ("S", 1), terms=FAR._replace(order=(RuleCode.BROKEN_RUNS,)))).candidates

    assert [candidate.broken_sizes for candidate in candidates] == [1, 0, 0]


def test_find_parts_lists_the_holders_of_each_line(world: World) -> None:
    parts = find_parts(search(world, ("S", 8), ("L", 4)))

    sellable = {names(world, [candidate])[0]: candidate.sellable for candidate in parts.candidates}
    assert sellable == {"A": (10, 0), "B": (5, 5), "C": (1, 1)}
    assert parts.refusals == [[0] * 8]


def test_find_candidates_counts_further_stores_that_have_everything(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fulfillment.rules.SHOWN", 1)
    wanted = (("S", 1), ("M", 1))

    everywhere = find_candidates(search(world, *wanted))
    within_reach = find_candidates(search(world, *wanted, terms=Terms()))

    assert (names(world, everywhere.candidates), everywhere.dropped) == (["A"], 2)
    assert (names(world, within_reach.candidates), within_reach.dropped) == (["A"], 1)

    Store.objects.filter(pk=world.stores["A"].pk).update(daily_capacity=0)
    without_the_nearest = find_candidates(search(world, *wanted))
    assert (names(world, without_the_nearest.candidates), without_the_nearest.dropped) == (["B"], 1)
    assert without_the_nearest.refusals == [[0, 0, 0, 0, 0, 0, 1, 0]]


def test_find_candidates_of_a_split_leaves_out_and_counts_the_farther_of_a_kind(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fulfillment.rules.SHOWN", 1)
    monkeypatch.setattr("fulfillment.queries.candidates.SPARE", -2)
    like_a = StoreFactory.create(brand=world.brand, lat=world.stores["B"].lat, lng=world.stores["B"].lng)
    StockLevel.objects.create(store=like_a, variant=world.variants["S"], on_hand=9)

    parts = find_candidates(search(world, ("S", 8), ("L", 4)))

    assert (names(world, parts.candidates), parts.dropped) == (["A", "B", "C"], 1)


def test_find_candidates_of_one_line_takes_no_capacity_for_stores_left_out(world: World) -> None:
    StoreCapacityFactory.create(store=world.stores["C"], on_date=date(2026, 3, 16), limit=9, used=4)

    assert find_candidates(search(world, ("S", 1))).dropped == 0


# Against brute force, over networks in which every filter bites.


def build_network(source: random.Random, stores: int) -> tuple[Brand, list[Variant]]:
    brand = BrandFactory.create()
    variants = [VariantFactory.create(product__brand=brand) for _number in range(5)]
    shares = (0.9, 0.5, 0.3, 0.1, 0.02)
    places = [(source.uniform(30, 32), source.uniform(120, 122)) for _number in range(max(2, stores // 3))]
    for _number in range(stores):
        lat, lng = source.choice(places)
        hours = source.choice([(600, 1320), (540, 1080), (0, 1440), (1320, 1560), (-1, -1)])
        store = StoreFactory.create(
            brand=brand, lat=lat, lng=lng, is_active=source.random() < 0.95, offers_shipping=source.random() < 0.9,
            consents_to_routing=source.random() < 0.95, daily_capacity=source.choice([0, 1, 2, 50]),
            opens_minutes=[hours[0]] * 6 + [-1], closes_minutes=[hours[1]] * 6 + [-1],
        )  # fmt: skip
        if source.random() < 0.2:
            day = date(2026, 3, source.randint(13, 18))
            given = source.choice([(None, None), (700, 800), (1200, 1500)])
            HoursException.objects.create(store=store, on_date=day, opens_minute=given[0], closes_minute=given[1])
        if source.random() < 0.3:
            StoreCapacityFactory.create(store=store, on_date=date(2026, 3, source.randint(15, 17)), limit=2, used=2)
        StockLevel.objects.bulk_create(
            StockLevel(
                store=store, variant=variant, on_hand=source.randint(0, 3), safety=source.choice([0, 0, 1]),
                counted_on=source.choice([None, date(2026, 3, 1), date(2026, 1, 1)]),
            )
            for variant, share in zip(variants, shares, strict=True)
            if source.random() < share
        )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE stores_store, inventory_stocklevel")
    return brand, variants


def passing(asked: Search) -> list[Candidate]:
    """Return every store of the brand that passes the filters, by the definition, with what it can sell."""
    terms, now = asked.terms, asked.now
    levels = {
        (level.store_id, level.variant_id): level
        for level in StockLevel.objects.filter(variant__in=[line.variant_id for line in asked.lines])
    }
    capacities = {(row.store_id, row.on_date): row for row in StoreCapacity.objects.all()}
    exceptions: dict[int, dict[date, tuple[int, int] | None]] = {}
    for row in HoursException.objects.all():
        given = None if row.opens_minute is None or row.closes_minute is None else (row.opens_minute, row.closes_minute)
        exceptions.setdefault(row.store_id, {})[row.on_date] = given
    candidates = []
    for store in Store.objects.filter(brand=asked.brand_id, is_active=True, consents_to_routing=True):
        if not store.offers_shipping or store.pk in asked.excluded:
            continue
        metres = great_circle_metres(asked.lat, asked.lng, store.lat, store.lng)
        opening = opening_at(store.opens_minutes, store.closes_minutes, exceptions.get(store.pk, {}), now)
        if metres > terms.courier_reach_metres or opening is None:
            continue
        if opening - now > timedelta(minutes=terms.opening_wait_minutes):
            continue
        on_date = opening.astimezone(BUSINESS_ZONE).date()
        capacity = capacities.get((store.pk, on_date))
        used, room = (capacity.used, capacity.limit) if capacity else (0, store.daily_capacity)
        if used >= room:
            continue
        sellable = []
        for line in asked.lines:
            level = levels.get((store.pk, line.variant_id))
            since = terms.count_max_age_days and now.date() - timedelta(days=terms.count_max_age_days)
            is_old = level is not None and since and (level.counted_on is None or level.counted_on < since)
            sellable.append(0 if level is None or is_old else level.sellable)
        chord = rules.chord_from_metres(metres)
        candidates.append(Candidate(store.pk, chord, 0.0, on_date, used, room, tuple(sellable)))
    return candidates


def planned(asked: Search) -> list[tuple[int, tuple[int, ...]]] | None:
    plan = rules.choose(find_candidates(asked).candidates, asked.lines, asked.terms)
    return plan and [(share.store_id, share.units) for share in plan.shares]


# Short walks and low limits, so that each way of searching is taken: walking, from the rows, gathering, and in doubt.
WAYS = (
    {"FIRST_WALK": 5, "LONGEST_WALK": 50, "MOST_LISTED": 10},
    {"FIRST_WALK": 20, "LONGEST_WALK": 100, "GATHERING_WALK": 30},
    {"FIRST_WALK": 60, "LONGEST_WALK": 4000, "MOST_LISTED": 40},
    {"FIRST_WALK": 200, "LONGEST_WALK": 4000},
    {"FIRST_WALK": 200, "SPARE": 0},
    {"FIRST_WALK": 5, "GATHERING_WALK": 200, "SPARE": 0},
    {"FIRST_WALK": 5, "LONGEST_LISTED_WALK": 60},
)


@pytest.mark.parametrize("seed", range(len(WAYS)))
def test_plans_from_the_database_agree_with_brute_force(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    source = random.Random(seed)
    for name, value in WAYS[seed].items():
        monkeypatch.setattr(f"fulfillment.queries.candidates.{name}", value)
    monkeypatch.setattr("fulfillment.rules.SHOWN", 3 if seed in {0, 4, 5} else 20)
    brand, variants = build_network(source, 150)
    outcomes: Counter[int] = Counter()
    for _demand in range(60):
        chosen = source.sample(variants, source.choice([1, 1, 2, 3]))
        lines = tuple(
            DemandLine(variant.pk, source.choice([1, 1, 2, 4]), source.randint(1, 5) * 10000) for variant in chosen
        )
        terms = Terms(
            order=tuple(source.choice([(), (), ("nearest",), ("least_loaded",), ("deepest_stock", "nearest")])),
            courier_reach_metres=source.choice([20_000, 100_000, 20_100_000]),
            opening_wait_minutes=source.choice([0, 300, 1080, 4000]),
            min_split_value_fen=source.choice([0, 0, 10000]),
            count_max_age_days=source.choice([None, None, 30]),
        )
        now = datetime(2026, 3, source.randint(14, 16), source.randint(0, 23), source.choice([0, 0, 17]), tzinfo=UTC)
        excluded = tuple(Store.objects.filter(brand=brand).values_list("pk", flat=True)[: source.choice([0, 0, 15])])
        point = (source.uniform(30, 32), source.uniform(120, 122))
        asked = Search(brand.pk, Way.COURIER, lines, *point, terms, now, excluded=excluded)

        expected = best_plan(passing(asked), lines, terms)

        assert planned(asked) == expected, (seed, asked)
        outcomes[len(expected or ())] += 1
    assert min(outcomes[0], outcomes[1], outcomes[2]) > 0


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_opening_in_the_database_agrees_with_the_stores_rules(data: st.DataObject) -> None:
    hours = st.tuples(st.integers(0, 1439), st.integers(1, 1440)).map(lambda pair: (pair[0], min(2880, sum(pair))))
    week = data.draw(st.lists(st.none() | hours, min_size=7, max_size=7))
    opens = [-1 if day is None else day[0] for day in week]
    closes = [-1 if day is None else day[1] for day in week]
    minutes = data.draw(st.integers(0, 10 * 1440))
    now = datetime(2026, 3, 16, tzinfo=UTC) + timedelta(minutes=minutes)
    local = now.astimezone(BUSINESS_ZONE)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT fulfillment_opening(0, %s::smallint[], %s::smallint[], %s::date, %s)",
            [opens, closes, local.date(), local.hour * 60 + local.minute],
        )
        row = cursor.fetchone()

    expected = opening_at(opens, closes, {}, now)

    midnight = datetime.combine(local.date(), datetime.min.time(), BUSINESS_ZONE)
    assert row == (None if expected is None else (expected - midnight).total_seconds() / 60,)
