import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.choices import Way
from omni.kernel import money
from omni.kernel.errors import InvalidInput
from orders import rules
from orders.choices import ChargeStatus, FulfilStatus


@pytest.mark.parametrize(
    ("lines", "code", "field"),
    [
        ([], "empty_basket", "lines"),
        ([("A", 0)], "invalid_quantity", "lines.0.quantity"),
        ([("A", 1), ("B", -1)], "invalid_quantity", "lines.1.quantity"),
        ([("A", 100)], "invalid_quantity", "lines.0.quantity"),
        ([("A", 10**30)], "invalid_quantity", "lines.0.quantity"),
        ([("A", True)], "invalid_quantity", "lines.0.quantity"),
        ([("A", 1), ("A", 2)], "duplicate_sku", "lines.1.sku"),
        ([(f"S{n}", 1) for n in range(51)], "too_many_lines", "lines"),
    ],
)
def test_check_lines_of_bad_lines_names_the_field(lines: list[tuple[str, int]], code: str, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        rules.check_lines(lines)

    assert (caught.value.code, caught.value.field) == (code, field)


@pytest.mark.parametrize("lines", [[("A", 1), ("B", 99)], [(f"S{n}", 1) for n in range(50)]])
def test_check_lines_of_the_most_and_the_least_passes_and_one_more_does_not(lines: list[tuple[str, int]]) -> None:
    rules.check_lines(lines)

    with pytest.raises(InvalidInput):
        rules.check_lines([*lines[:-1], (lines[-1][0], lines[-1][1] + 99)])


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("王小雨", "王小雨"),
        ("  Zoë   O'Brien-李 ", "Zoë O'Brien-李"),
        ("小红🌸", "小红🌸"),
        ("नमस्ते", "नमस्ते"),
        ("محمد", "محمد"),
        ("李" * 60, "李" * 60),
    ],
)
def test_clean_name_of_a_name_keeps_it(raw: str, kept: str) -> None:
    assert rules.clean_name(raw) == kept


@pytest.mark.parametrize(
    "raw",
    [
        *("", "   ", "🌸", "👩\u200d👩\u200d👧", "🇨🇳", "123", "..."),
        *("李\x00", "a\u202eb", "a\ud800", "李" * 61, "李" * 200_000, " " * 200_000),
    ],
)
def test_clean_name_of_no_name_is_refused(raw: str) -> None:
    with pytest.raises(rules.InvalidName) as caught:
        rules.clean_name(raw)

    assert (caught.value.code, caught.value.field) == ("invalid_name", "contact_name")


@pytest.mark.parametrize("raw", ["", " ", "🏠", "—", "路\x00", "长" * 201])
def test_clean_street_of_no_street_is_refused(raw: str) -> None:
    with pytest.raises(rules.InvalidStreet) as caught:
        rules.clean_street(raw)

    assert caught.value.field == "street"


def test_clean_street_of_a_street_keeps_it() -> None:
    assert rules.clean_street(" 南京西路  1 号 ") == "南京西路 1 号"


@pytest.mark.parametrize(
    ("lat", "lng", "field"),
    [
        (90.1, 0.0, "lat"),
        (-91.0, 0.0, "lat"),
        (0.0, 180.5, "lng"),
        (float("nan"), 0.0, "lat"),
        (0.0, float("inf"), "lng"),
        (31.2, None, "lng"),
        (None, 121.4, "lat"),
    ],
)
def test_check_point_off_the_earth_is_refused(lat: float | None, lng: float | None, field: str) -> None:
    with pytest.raises(rules.InvalidPoint) as caught:
        rules.check_point(lat, lng)

    assert (caught.value.code, caught.value.field) == ("invalid_point", field)


def test_check_point_on_the_earth_is_returned() -> None:
    assert rules.check_point(-90.0, 180.0) == (-90.0, 180.0)
    assert rules.check_point(None, None) is None


@pytest.mark.parametrize(
    ("way", "goods_fen", "charge_fen"),
    [(Way.COURIER, 29899, 1200), (Way.COURIER, 29900, 0), (Way.PICKUP, 100, 0)],
)
def test_delivery_charge_depends_on_way_and_goods(way: Way, goods_fen: int, charge_fen: int) -> None:
    assert rules.delivery_charge_fen(way, goods_fen, fee_fen=1200, free_from_fen=29900) == charge_fen


@pytest.mark.parametrize("groups", [(1, 1, 1), (2, 1), (1, 2), (3,)])
def test_parts_of_a_line_in_any_grouping_sum_to_its_total(groups: tuple[int, ...]) -> None:
    parts = [rules.part_fen(10000, 3, before=sum(groups[:n]), units=units) for n, units in enumerate(groups)]

    assert sum(parts) == 10000


def test_part_of_more_units_than_are_left_is_refused() -> None:
    with pytest.raises(ValueError, match="whole"):
        rules.part_fen(10000, 3, before=2, units=2)


def test_retry_seconds_doubles_up_to_the_longest() -> None:
    assert [rules.retry_seconds(n, first=2, longest=30) for n in (0, 1, 2, 3, 4, 5, 60)] == [2, 2, 4, 8, 16, 30, 30]


@pytest.mark.parametrize(
    ("due", "paid", "status"),
    [
        (100, 0, ChargeStatus.NONE),
        (100, 40, ChargeStatus.PART),
        (100, 100, ChargeStatus.FULL),
        (0, 100, ChargeStatus.OVER),
        (0, 0, ChargeStatus.NONE),
    ],
)
def test_charge_status_compares_due_and_paid(due: int, paid: int, status: ChargeStatus) -> None:
    assert rules.charge_status(due_fen=due, paid_fen=paid) == status


@pytest.mark.parametrize(
    ("due", "done", "status"), [(3, 0, FulfilStatus.NONE), (3, 2, FulfilStatus.PART), (3, 3, FulfilStatus.FULL)]
)
def test_fulfil_status_compares_due_and_done(due: int, done: int, status: FulfilStatus) -> None:
    assert rules.fulfil_status(due_units=due, done_units=done) == status


def test_funder_shares_of_two_parties_sum_by_line_and_by_party() -> None:
    halves = (("brand", 500_000), ("platform", 500_000))
    assert rules.funder_shares([1667, 3333], halves) == [
        [("brand", 834), ("platform", 833)],
        [("brand", 1666), ("platform", 1667)],
    ]
    assert rules.funder_shares([300], (("brand", 1_000_000),)) == [[("brand", 300)]]
    assert rules.funder_shares([1], (("brand", 400_000), ("mall", 600_000))) == [[("mall", 1)]]


@given(
    st.lists(st.integers(1, 10_000), min_size=1, max_size=20),
    st.lists(st.integers(1, 1000), min_size=1, max_size=4),
)
def test_funder_shares_of_any_lines_sum_to_each_line(parts: list[int], weights: list[int]) -> None:
    ppms = money.split(money.PPM, weights)
    funders = [(f"party {number}", ppm) for number, ppm in enumerate(ppms)]
    shares = rules.funder_shares(parts, funders)
    assert [sum(fen for _party, fen in line) for line in shares] == parts
    assert all(fen > 0 for line in shares for _party, fen in line)


@given(st.integers(0, 100_000), st.integers(0, 100_000), st.integers(1, 99), st.data())
def test_funding_of_all_parts_of_a_line_sums_to_what_each_party_bears(
    mall: int, platform: int, quantity: int, data: st.DataObject
) -> None:
    shares = [("mall", mall), ("brand", 5), ("platform", platform), ("mall", 1)]
    sums, before = {"mall": 0, "platform": 0}, 0
    while before < quantity:
        units = data.draw(st.integers(1, quantity - before))
        for party, fen in rules.funding_of(shares, quantity, before=before, units=units).items():
            sums[party] += fen
        before += units
    assert sums == {"mall": mall + 1, "platform": platform}


@given(refund_fen=st.integers(0, 10**9), total_fen=st.integers(0, 10**9))
def test_split_exchange_pays_exactly_the_replacement_and_gives_back_exactly_the_rest(
    refund_fen: int, total_fen: int
) -> None:
    split = rules.split_exchange(refund_fen, total_fen)
    assert split.credit_fen + split.rest_fen == refund_fen
    assert split.credit_fen + split.difference_fen == total_fen
    assert min(split) >= 0
    assert min(split.rest_fen, split.difference_fen) == 0
