"""Names of drawings, size tables, and what is worn with what."""

import pytest

from inventory import rules
from inventory.rules import Drawing, Piece


def test_read_drawing_sorts_the_parts() -> None:
    assert rules.read_drawing("tee.v.long.stripe.linen.back") == Drawing(
        "tee", "back", "stripe", "linen", frozenset({"v", "long"})
    )
    assert rules.read_drawing("coat") == Drawing("coat", "front", "plain", "smooth", frozenset())


@pytest.mark.parametrize("name", ["", ".tee", "tee.", "Tee", "tee..v", "tee/v", "tee.é", "a.b.c.d.e.f.g.h.i"])
def test_read_drawing_of_what_is_no_name_is_none(name: str) -> None:
    assert rules.read_drawing(name) is None


@pytest.mark.parametrize(
    ("table", "is_one"),
    [
        ({}, True),
        ({"measures": ["bust", "length"], "sizes": [["M", 98, "66–68"], ["L", 102.5, 70]]}, True),
        ({"measures": ["bust"], "sizes": [["M", 98, 66]]}, False),
        ({"measures": ["bust"], "sizes": [["M", ""]]}, False),
        ({"measures": ["bust"], "sizes": [["M", True]]}, False),
        ({"measures": ["beauty"], "sizes": []}, False),
        ({"measures": ["bust"], "sizes": {"M": [98]}}, False),
        ({"measures": ["bust"]}, False),
        (["bust"], False),
    ],
)
def test_size_table_names_known_measures_and_a_value_for_each(table: object, is_one: bool) -> None:
    assert rules.is_size_table(table) is is_one


def pieces(*rows: tuple[int, str]) -> list[Piece]:
    return [Piece(product_id, f"{branch}-{product_id}", branch, True) for product_id, branch in rows]


def test_companions_are_one_a_branch_in_the_order_of_the_rule() -> None:
    own = Piece(1, "shirt", "tops", True)
    others = pieces((2, "accessories"), (3, "outerwear"), (4, "bottoms"), (5, "dresses"), (6, "tops"))
    assert rules.companions(own, others) == [4, 3, 2]


def test_companions_leave_out_what_is_sold_out_or_of_the_same_category() -> None:
    own = Piece(1, "coat", "outerwear", True)
    others = [Piece(2, "shirt", "tops", False), Piece(3, "coat", "tops", True), Piece(4, "jeans", "bottoms", True)]
    assert rules.companions(own, others) == [4]


def test_companions_are_the_same_each_time_and_differ_between_pieces() -> None:
    others = pieces(*((number, "bottoms") for number in range(10, 40)))
    chosen = [rules.companions(Piece(number, "shirt", "tops", True), others) for number in range(1, 10)]
    assert chosen == [rules.companions(Piece(number, "shirt", "tops", True), others[::-1]) for number in range(1, 10)]
    assert len({first for (first,) in chosen}) > 3


def test_companions_of_an_unknown_branch_are_of_the_others() -> None:
    own = Piece(1, "boot", "shoes", True)
    assert rules.companions(own, pieces((2, "tops"), (3, "bottoms"), (4, "shoes"))) == [3, 2]
    assert rules.companions(own, []) == []
