"""What a basket gets off: sums, limits, and independence of the basket's order."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from members.choices import AdjustmentKind, Benefit
from members.rules import coupons, offers
from members.rules.offers import OfferLine, PointsTerms, Shortfall, Terms
from orders.rules import part_fen


def line(variant: int = 1, unit: int = 10000, quantity: int = 1, **values: int | bool | None) -> OfferLine:
    return OfferLine(variant, variant, variant % 3, quantity, unit, **values)  # type: ignore[arg-type]


def amount(fen: int, key: int = 1, **values: object) -> Terms:
    kind = AdjustmentKind.PROMOTION.value
    return Terms(f"promotion:{key}", kind, "减", "Off", Benefit.AMOUNT.value, fen, **values)  # type: ignore[arg-type]


def percent(ppm: int, key: int = 2, **values: object) -> Terms:
    return replace(amount(0, key, **values), benefit=Benefit.PERCENT.value, percent_ppm=ppm)


lines_of_baskets = st.lists(
    st.builds(
        lambda unit, quantity, cheaper: (unit, quantity, max(1, unit - cheaper)),
        st.integers(1, 500_000),
        st.integers(1, 99),
        st.integers(0, 50_000),
    ),
    min_size=1,
    max_size=6,
).map(
    lambda rows: [
        line(position + 1, unit, quantity, member_fen=member) for position, (unit, quantity, member) in enumerate(rows)
    ]
)
terms_of_offers = st.builds(
    lambda key, is_amount, fen, ppm, cap, threshold, group, exclusive, priority: replace(
        amount(fen, key) if is_amount else percent(ppm, key),
        cap_fen=cap,
        threshold_fen=threshold,
        group=group,
        is_exclusive=exclusive,
        priority=priority,
    ),
    st.integers(1, 9),
    st.booleans(),
    st.integers(1, 300_000),
    st.integers(1, 999_999),
    st.none() | st.integers(1, 100_000),
    st.integers(0, 400_000),
    st.sampled_from(["", "a", "b"]),
    st.booleans(),
    st.integers(-2, 2),
)
promotions_of_brands = st.lists(terms_of_offers, max_size=5, unique_by=lambda terms: terms.source)
coupons_of_members = st.lists(terms_of_offers, max_size=2, unique_by=lambda terms: terms.source).map(
    lambda chosen: [
        replace(terms, source=f"coupon:{terms.source}", kind="coupon", is_exclusive=False, group=str(position))
        for position, terms in enumerate(chosen)
    ]
)
points_of_members = st.none() | st.builds(
    PointsTerms, st.integers(1, 100), st.integers(0, 1_000_000), st.integers(0, 10**7), st.integers(0, 10**7)
)


@given(lines_of_baskets, promotions_of_brands, coupons_of_members, points_of_members, st.booleans())
def test_build_of_any_basket_takes_no_line_below_zero_and_leaves_something_to_pay(
    lines: list[OfferLine], promotions: list[Terms], chosen: list[Terms], points: PointsTerms | None, is_member: bool
) -> None:
    found, used = offers.build(lines, is_member=is_member, promotions=promotions, coupons=chosen, points=points)

    rest = list(offers.gross_of(lines))
    for adjustment in found:
        assert adjustment.amount_fen > 0
        assert sum(ppm for _party, ppm in adjustment.funders) == 1_000_000
        rest[adjustment.position] -= adjustment.amount_fen
    assert min(rest) >= 0
    assert sum(rest) >= 1
    if points is not None:
        paid = sum(adjustment.amount_fen for adjustment in found if adjustment.kind == "points")
        assert paid == used * points.value_fen
        assert used <= min(points.available, points.wanted)


@given(lines_of_baskets, promotions_of_brands, coupons_of_members, points_of_members, st.randoms())
def test_build_of_a_basket_sorted_otherwise_is_the_same_per_variant(
    lines: list[OfferLine],
    promotions: list[Terms],
    chosen: list[Terms],
    points: PointsTerms | None,
    random: "object",
) -> None:
    def parts(basket: list[OfferLine], running: list[Terms]) -> list[tuple[int, str, int]]:
        found, _used = offers.build(basket, is_member=True, promotions=running, coupons=chosen, points=points)
        return sorted((basket[item.position].variant_id, item.source, item.amount_fen) for item in found)

    shuffled, running = list(lines), list(promotions)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    random.shuffle(running)  # type: ignore[attr-defined]
    assert parts(shuffled, running) == parts(lines, promotions)


@given(lines_of_baskets, promotions_of_brands)
def test_best_promotions_are_as_good_as_any_combination_tried_by_hand(
    lines: list[OfferLine], promotions: list[Terms]
) -> None:
    def worth(chosen: tuple[Terms, ...]) -> int:
        rest, total = offers.gross_of(lines), 0
        for terms in sorted(chosen, key=lambda item: item.rank):
            if offers.shortfall(terms, lines, rest) is not None:
                return 0
            parts = offers.take(terms, lines, rest)
            rest, total = tuple(a - b for a, b in zip(rest, parts, strict=True)), total + sum(parts)
        return total

    allowed = [
        chosen
        for size in range(len(promotions) + 1)
        for chosen in itertools.combinations(promotions, size)
        if len({terms.stack for terms in chosen}) == len(chosen)
        and (len(chosen) == 1 or not any(terms.is_exclusive for terms in chosen))
    ]
    best = offers.best_promotions(promotions, lines, offers.gross_of(lines))
    assert sum(taken.total_fen for taken in best) == max(map(worth, allowed))


@given(lines_of_baskets, promotions_of_brands)
def test_units_cancelled_one_by_one_sum_to_the_line(lines: list[OfferLine], promotions: list[Terms]) -> None:
    found, _used = offers.build(lines, is_member=True, promotions=promotions, coupons=(), points=None)
    for position, item in enumerate(lines):
        steps = offers.explain(lines, found, position)
        total = steps[-1].rest_fen if steps else offers.gross_of(lines)[position]
        parts = [part_fen(total, item.quantity, before=unit, units=1) for unit in range(item.quantity)]
        assert sum(parts) == total
        assert min(parts) >= 0


def test_amount_off_is_split_by_largest_remainder() -> None:
    # Example 3 of the settlement reference: 100.00 off a coat of 899.00 and a scarf of 199.00.
    found, _used = offers.build(
        [line(1, 89900), line(2, 19900)], is_member=False, promotions=[amount(10000)], coupons=(), points=None
    )
    assert [item.amount_fen for item in found] == [8188, 1812]


def test_percent_off_is_capped() -> None:
    assert offers.take(percent(200_000, cap_fen=1500), [line(unit=10000)], [10000]) == (1500,)
    assert offers.take(percent(200_000), [line(unit=10000)], [10000]) == (2000,)


@pytest.mark.parametrize(
    ("terms", "missing"),
    [
        (amount(100, threshold_fen=30000), None),
        (amount(100, threshold_fen=30001), Shortfall(missing_fen=1)),
        (amount(100, threshold_units=3), None),
        (amount(100, threshold_units=4), Shortfall(missing_units=1)),
        (amount(100, threshold_fen=10001, category_ids=frozenset({1})), Shortfall(missing_fen=1)),
        (amount(100, threshold_fen=20000, product_ids=frozenset({2})), None),
        (amount(100, category_ids=frozenset({7})), Shortfall(is_out_of_scope=True)),
        (amount(100, threshold_fen=10001, excludes_marked_down=True), Shortfall(missing_fen=1)),
    ],
)
def test_threshold_counts_the_lines_in_scope(terms: Terms, missing: Shortfall | None) -> None:
    lines = [line(1, 10000), line(2, 10000, 2, is_marked_down=True)]
    assert offers.shortfall(terms, lines, offers.gross_of(lines)) == missing


def test_promotions_of_one_group_give_the_better_one() -> None:
    best = offers.best_promotions(
        [amount(1000, 1, group="autumn", priority=9), amount(2000, 2, group="autumn")], [line()], [10000]
    )
    assert [taken.terms.source for taken in best] == ["promotion:2"]


def test_exclusive_promotion_stands_alone_where_it_is_worth_more() -> None:
    exclusive = amount(2500, 1, is_exclusive=True)
    one, two = amount(1000, 2), amount(1200, 3)
    assert [taken.terms for taken in offers.best_promotions([one, two, exclusive], [line()], [10000])] == [exclusive]
    two = amount(1600, 3)
    assert [taken.terms for taken in offers.best_promotions([one, two, exclusive], [line()], [10000])] == [one, two]


def test_many_promotions_are_taken_group_by_group() -> None:
    running = [amount(10, key, priority=key) for key in range(1, 20)]
    assert sum(taken.total_fen for taken in offers.best_promotions(running, [line()], [10000])) == 190


def test_points_pay_no_more_than_their_share_of_each_line() -> None:
    points = PointsTerms(value_fen=10, most_share_ppm=300_000, available=10_000, wanted=10_000)
    assert offers.spend_points(points, [line(1), line(2, 5005)], [10000, 5005]) == (450, (2999, 1501))


def test_member_price_is_for_members() -> None:
    lines = [line(1, 10000, 2, member_fen=9000)]
    assert offers.build(lines, is_member=False, promotions=(), coupons=(), points=None) == ((), 0)
    found, _used = offers.build(lines, is_member=True, promotions=(), coupons=(), points=None)
    assert [(item.kind, item.amount_fen) for item in found] == [("member_price", 2000)]


def test_coupons_of_one_group_clash_and_an_exclusive_one_with_every_other() -> None:
    assert coupons.clash([amount(1), amount(2)])
    assert not coupons.clash([amount(1), amount(2, group="gift")])
    assert coupons.clash([amount(1, is_exclusive=True), amount(2, group="gift")])
    assert not coupons.clash([amount(1, is_exclusive=True)])


def test_explain_tells_every_step_of_a_line() -> None:
    lines = [line(1, 10000, member_fen=9000)]
    found, _used = offers.build(lines, is_member=True, promotions=[percent(100_000)], coupons=(), points=None)
    assert [(step.name_en, step.amount_fen, step.rest_fen) for step in offers.explain(lines, found, 0)] == [
        ("Member price", 1000, 9000),
        ("Off", 900, 8100),
    ]
