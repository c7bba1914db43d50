from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fulfillment import rules
from fulfillment.choices import RuleCode
from fulfillment.rules import Candidate, DemandLine, Plan, Terms
from omni.kernel.geo import great_circle_metres, unit_vector
from tests.fulfillment.brute_force import best_plan

TODAY = date(2026, 3, 16)


def store(store_id: int, *sellable: int, chord: float = 0.0, used: int = 0, room: int = 60) -> Candidate:
    return Candidate(store_id, chord or store_id / 1000, 0.0, TODAY, used, room, sellable)


def line(quantity: int = 1, value_fen: int = 10000) -> DemandLine:
    return DemandLine(7, quantity, value_fen)


def shown(plan: Plan | None) -> list[tuple[int, tuple[int, ...]]] | None:
    return plan and [(share.store_id, share.units) for share in plan.shares]


def test_choose_with_one_store_that_holds_all_prefers_it_to_nearer_parts() -> None:
    candidates = [store(1, 1, 0), store(2, 0, 1), store(3, 1, 1)]

    assert shown(rules.choose(candidates, [line(), line()], Terms())) == [(3, (1, 1))]


def test_choose_with_equal_distance_takes_the_lower_store_id() -> None:
    candidates = [store(9, 1, chord=0.5), store(4, 1, chord=0.5), store(6, 1, chord=0.5)]

    assert shown(rules.choose(candidates, [line()], Terms())) == [(4, (1,))]


def test_choose_without_a_single_store_splits_over_the_best_ranked_pair() -> None:
    candidates = [store(1, 1, 0, 0), store(2, 0, 1, 0), store(3, 0, 0, 1), store(4, 0, 1, 1)]

    assert shown(rules.choose(candidates, [line()] * 3, Terms())) == [(1, (1, 0, 0)), (4, (0, 1, 1))]


def test_choose_spreads_a_quantity_over_stores() -> None:
    candidates = [store(1, 2), store(2, 2), store(3, 3)]

    assert shown(rules.choose(candidates, [line(5)], Terms())) == [(1, (2,)), (3, (3,))]


def test_choose_keeps_shares_above_the_minimum_value() -> None:
    candidates = [store(1, 2), store(2, 1), store(3, 3)]

    plan = rules.choose(candidates, [line(4, 40000)], Terms(min_split_value_fen=20000))

    assert shown(plan) == [(1, (2,)), (3, (2,))]


def test_choose_with_every_split_below_the_minimum_finds_none() -> None:
    candidates = [store(1, 3), store(2, 1)]

    assert rules.choose(candidates, [line(4, 40000)], Terms(min_split_value_fen=20000)) is None


def test_choose_never_uses_more_stores_than_allowed() -> None:
    candidates = [store(1, 1), store(2, 1), store(3, 1)]

    assert rules.choose(candidates, [line(3)], Terms(max_stores=2)) is None
    assert shown(rules.choose(candidates, [line(3)], Terms(max_stores=3))) == [(1, (1,)), (2, (1,)), (3, (1,))]


def test_choose_with_one_store_allowed_does_not_split() -> None:
    assert rules.choose([store(1, 1, 0), store(2, 0, 1)], [line(), line()], Terms(max_stores=1)) is None


@pytest.mark.parametrize(
    ("rule", "better"),
    [
        (RuleCode.NEAREST, {}),
        (RuleCode.LEAST_LOADED, {"used": 29}),
        (RuleCode.DEEPEST_STOCK, {"sellable": (6,)}),
        (RuleCode.BROKEN_RUNS, {"broken_sizes": 3}),
        (RuleCode.OLDEST_MARKDOWN, {"marked_down_days": 41}),
        (RuleCode.CHEAPEST, {"chord": rules.chord_from_metres(2900)}),
        (RuleCode.ACCEPTANCE, {"accepted": 10}),
    ],
)
def test_choose_with_a_rule_prefers_the_store_it_names(rule: RuleCode, better: dict[str, object]) -> None:
    usual = Candidate(1, rules.chord_from_metres(3500), 0.0, TODAY, 30, 60, (5,), 10, 9, 2, 40)
    other = usual._replace(store_id=2, chord=rules.chord_from_metres(3600))._replace(**better)  # type: ignore[arg-type]

    expected = 1 if rule == RuleCode.NEAREST else 2
    assert shown(rules.choose([usual, other], [line()], Terms((rule,)))) == [(expected, (1,))]


def test_choose_with_two_rules_lets_the_first_that_differs_decide() -> None:
    candidates = [store(1, 5, used=30), store(2, 5, used=20), store(3, 9, used=30)]

    order = (RuleCode.DEEPEST_STOCK, RuleCode.LEAST_LOADED)

    assert shown(rules.choose(candidates, [line()], Terms(order))) == [(3, (1,))]
    assert shown(rules.choose(candidates[:2], [line()], Terms(order))) == [(2, (1,))]


def test_short_lines_names_the_lines_that_lack() -> None:
    candidates = [store(1, 1, 0), store(2, 1, 3)]

    assert rules.short_lines(candidates, [line(), line(4)], 3) == [1]
    assert rules.short_lines(candidates, [line(), line(3)], 3) == [0, 1]
    assert rules.short_lines([], [line()], 3) == [0]


@pytest.mark.parametrize("metres", [0, 1, 950.5, 60_000, 20_000_000])
def test_chord_and_metres_are_inverse(metres: float) -> None:
    assert rules.metres_from_chord(rules.chord_from_metres(metres)) == pytest.approx(metres, abs=1e-3)


def test_metres_from_chord_agrees_with_the_great_circle() -> None:
    here, there = (31.2295, 121.4470), (39.9, 116.4)
    a, b = unit_vector(*here), unit_vector(*there)
    chord = sum((x - y) ** 2 for x, y in zip(a, b, strict=True)) ** 0.5

    assert rules.metres_from_chord(chord) == pytest.approx(great_circle_metres(*here, *there), rel=1e-9)


@pytest.mark.parametrize(
    ("metres", "fee"), [(0, 600), (3000, 600), (3001, 800), (10_000, 2000), (10_001, 2300), (12_500, 2900)]
)
def test_courier_fee_grows_with_started_kilometres(metres: float, fee: int) -> None:
    assert rules.courier_fee_fen(metres) == fee


def test_record_of_is_compact_and_complete() -> None:
    candidates = [store(number, 3, 1, chord=number / 6000) for number in range(1, 26)]
    lines = [DemandLine(7, 2, 10000), DemandLine(8, 1, 10000)]
    plan = rules.choose(candidates, lines, Terms())

    record = rules.record_of(
        terms=Terms(), lines=lines, candidates=candidates, plan=plan, refusals=[[0, 0, 0, 1, 0, 2, 0, 0]], refused=[]
    )

    assert record["v"] == 1
    assert record["rules"] == ["nearest"]
    assert record["lines"] == [[7, 2], [8, 1]]
    assert len(record["best"]) == 20
    assert record["best"][0] == [1, 1062, 0, 0, 60, (3, 1), 0, 0, None, None, 600]
    assert record["plan"] == [[1, "2026-03-16", (2, 1)]]
    assert record["rest"] == [{"excluded": 1, "closed": 2}]
    assert record["more"] == 5


@st.composite
def networks(draw: st.DrawFn) -> tuple[list[Candidate], list[DemandLine], Terms]:
    """Draw a few stores with uneven stock, a demand, and a brand's rules."""
    lines = [
        DemandLine(number, draw(st.integers(1, 3)), draw(st.integers(1, 9)) * 1000)
        for number in range(draw(st.integers(1, 4)))
    ]
    candidates = [
        Candidate(
            store_id=number,
            chord=draw(st.integers(1, 6)) / 1000,
            opens_in=0.0,
            promised_on=TODAY,
            used=draw(st.integers(0, 3)),
            room=4,
            sellable=tuple(draw(st.integers(-1, 3)) for _line in lines),
            offers=4,
            accepted=draw(st.integers(0, 4)),
            broken_sizes=draw(st.integers(0, 2)),
            marked_down_days=draw(st.none() | st.integers(1, 3)),
        )
        for number in range(draw(st.integers(0, 9)))
    ]
    terms = Terms(
        order=tuple(draw(st.lists(st.sampled_from(sorted(RuleCode.values)), unique=True, max_size=3))),
        max_stores=draw(st.integers(1, 4)),
        min_split_value_fen=draw(st.sampled_from([0, 0, 1000, 3000])),
    )
    return candidates, lines, terms


@settings(max_examples=600, deadline=None)
@given(networks())
def test_choose_agrees_with_brute_force(network: tuple[list[Candidate], list[DemandLine], Terms]) -> None:
    candidates, lines, terms = network

    assert shown(rules.choose(candidates, lines, terms)) == best_plan(candidates, lines, terms)


def test_choose_over_many_stores_ends_in_time() -> None:
    """Six lines of which no store has two: up to five stores, the search is in vain."""
    candidates = [
        store(number, *(3 if number % 6 == position else 0 for position in range(6))) for number in range(1, 769)
    ]
    lines = [line(3) for _line in range(6)]

    plan = rules.choose(candidates, lines, Terms(max_stores=6))

    assert plan is not None
    assert not plan.is_bounded
    assert [share.store_id for share in plan.shares] == [1, 2, 3, 4, 5, 6]
