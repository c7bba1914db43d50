"""Money in fen: rounding, splitting, reading and writing."""

from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni.kernel.errors import InvalidInput
from omni.kernel.money import cumulative_part, format_fen, share_of, split, yuan_to_fen

AMOUNTS = st.integers(-(10**13), 10**13)
WEIGHTS = st.lists(st.integers(0, 10**9), min_size=1, max_size=12).filter(any)


@pytest.mark.parametrize(
    ("amount_fen", "ppm", "expected"),
    [
        (100, 5_000, 1),
        (99, 5_000, 0),
        (-100, 5_000, -1),
        (100, -5_000, -1),
        (-100, -5_000, 1),
        (12_345, 1_000_000, 12_345),
        (0, 60_000, 0),
    ],
)
def test_share_of_a_half_rounds_away_from_zero(amount_fen: int, ppm: int, expected: int) -> None:
    assert share_of(amount_fen, ppm) == expected


@given(AMOUNTS, st.integers(-2_000_000, 2_000_000))
def test_share_of_any_amount_equals_decimal_half_up(amount_fen: int, ppm: int) -> None:
    exact = Decimal(amount_fen) * ppm / 1_000_000
    assert share_of(amount_fen, ppm) == int(exact.quantize(Decimal(1), ROUND_HALF_UP))


@pytest.mark.parametrize(
    ("amount_fen", "weights", "expected"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (-100, [1, 1, 1], [-34, -33, -33]),
        (200, [1, 1, 1], [67, 67, 66]),
        (10, [0, 1, 0], [0, 10, 0]),
        (1, [0, 3, 1], [0, 1, 0]),
        (1000, [29_997, 9_999], [750, 250]),
        (5, [1, 9], [1, 4]),
    ],
)
def test_split_leftover_fen_go_to_the_largest_remainders_first(
    amount_fen: int, weights: list[int], expected: list[int]
) -> None:
    assert split(amount_fen, weights) == expected


@given(AMOUNTS, WEIGHTS)
def test_split_parts_sum_to_the_amount_and_stay_within_a_fen_of_exact(amount_fen: int, weights: list[int]) -> None:
    parts = split(amount_fen, weights)
    total = sum(weights)
    assert sum(parts) == amount_fen
    assert all(abs(part * total - amount_fen * weight) < total for part, weight in zip(parts, weights, strict=True))
    assert parts == [-part for part in split(-amount_fen, weights)]


@pytest.mark.parametrize("weights", [[], [0, 0], [2, -1], [-1]])
def test_split_by_unusable_weights_is_refused(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="Weights"):
        split(100, weights)


def test_cumulative_part_of_three_shirts_less_ten_yuan_refunds_unit_by_unit() -> None:
    net_fen = 3 * 9_999 - 1_000
    steps = [cumulative_part(net_fen, unit, 3) for unit in range(4)]
    assert [after - before for before, after in pairwise(steps)] == [9_665, 9_666, 9_666]
    assert steps[3] == net_fen == 28_997


@given(AMOUNTS, st.integers(1, 200), st.data())
def test_cumulative_part_in_any_grouping_sums_to_the_amount(amount_fen: int, whole: int, data: st.DataObject) -> None:
    stops = sorted({0, whole} | set(data.draw(st.lists(st.integers(0, whole), max_size=6))))
    taken = [cumulative_part(amount_fen, b, whole) - cumulative_part(amount_fen, a, whole) for a, b in pairwise(stops)]
    assert sum(taken) == amount_fen
    assert all(part * amount_fen >= 0 for part in taken)


@pytest.mark.parametrize(("part", "whole"), [(-1, 3), (4, 3), (0, 0), (1, -1)])
def test_cumulative_part_outside_the_whole_is_refused(part: int, whole: int) -> None:
    with pytest.raises(ValueError, match="part"):
        cumulative_part(100, part, whole)


@pytest.mark.parametrize(
    ("amount_fen", "text"),
    [(123_450, "¥1,234.50"), (0, "¥0.00"), (-1, "-¥0.01"), (-100_000_000, "-¥1,000,000.00"), (7, "¥0.07")],
)
def test_format_fen_writes_yuan(amount_fen: int, text: str) -> None:
    assert format_fen(amount_fen) == text


@pytest.mark.parametrize(
    ("text", "amount_fen"),
    [
        ("1234.5", 123_450),
        (" 99.99 ", 9_999),
        ("¥1,234.50", 123_450),
        ("￥7", 700),
        ("-0.01", -1),
        ("-¥3", -300),
        ("0", 0),
    ],
)
def test_yuan_to_fen_reads_what_people_write(text: str, amount_fen: int) -> None:
    assert yuan_to_fen(text) == amount_fen


@given(AMOUNTS)
def test_yuan_to_fen_reads_what_format_fen_writes(amount_fen: int) -> None:
    assert yuan_to_fen(format_fen(amount_fen)) == amount_fen


@pytest.mark.parametrize(
    "text", ["", "-", "1.234", "1,23", "12,3456.00", "1e3", "NaN", "١٢", "１２", "1.", ".5", "--1", "1 2", "9" * 14]
)
def test_yuan_to_fen_of_anything_else_is_refused_naming_the_field(text: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        yuan_to_fen(text, field="price")
    assert (refusal.value.code, refusal.value.field) == ("invalid", "price")
