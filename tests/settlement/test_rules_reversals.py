"""The arithmetic of what comes back: unit by unit it takes back exactly what was given, in every grouping."""

import itertools
import random

import pytest

from omni.kernel import money
from settlement import rules
from settlement.rules import ReversalFacts


@pytest.mark.parametrize("seed", range(50))
def test_reverse_credit_of_all_units_takes_back_what_each_role_was_given(seed: int) -> None:
    dice = random.Random(seed)
    quantity, paid = dice.randint(1, 9), dice.randint(0, 100_000)
    back = ReversalFacts(1, quantity, paid, {"mall": dice.randint(0, 999), "platform": dice.randint(0, 99)}, 0, None)
    gross = back.amount_until_fen(quantity)
    given = money.split(gross, [dice.randint(1, 99) for _role in range(dice.randint(1, 4))])
    figures = [back.amount_until_fen(units) for units in range(quantity + 1)]
    steps = [
        rules.reverse_credit(given, before_fen=before, until_fen=until) for before, until in itertools.pairwise(figures)
    ]
    assert [sum(parts) for parts in zip(*steps, strict=True)] == [-part for part in given]
    assert [sum(step) for step in steps] == [before - until for before, until in itertools.pairwise(figures)]


def test_reverse_credit_of_a_gift_takes_nothing_back() -> None:
    assert rules.reverse_credit([0, 0], before_fen=0, until_fen=0) == [0, 0]
