from datetime import date

import pytest
from django.utils import translation

from fulfillment.choices import DecisionKind
from fulfillment.models import RoutingDecision
from fulfillment.queries import explain_decisions
from tests.cast import NOON, World
from tests.factories.fulfillment import make_demand

pytestmark = pytest.mark.django_db


def decision(world: World, **changes: object) -> RoutingDecision:
    """Write a decision between stores A (chosen) and B by hand, so that every word can be foretold."""
    a, b = world.stores["A"].pk, world.stores["B"].pk
    record = {
        "v": 1,
        "rules": ["least_loaded", "nearest"],
        "lines": [[1, 1]],
        "best": [
            [a, 850, 0, 3, 60, [4], 10, 9, 0, None, 900],
            [b, 2900, 90, 30, 60, [1], 0, 0, 2, 14, 1500],
        ],
        "plan": [[a, date(2026, 3, 16).isoformat(), [1]]],
        "rest": [{"closed": 2, "out_of_reach": 5}],
        "more": 3,
        **changes,
    }
    demand = make_demand(world)
    return RoutingDecision.objects.create(fulfillment=demand, kind=DecisionKind.PLACE, decided_at=NOON, record=record)


def test_explain_names_the_rule_that_decided(world: World) -> None:
    written = decision(world)

    with translation.override("en"):
        (view,) = [view for view in explain_decisions(written.fulfillment_id) if view.notes]

    chosen, loser = view.lines
    assert chosen.is_chosen
    assert chosen.text == f"{world.stores['A'].name_en} · 850 m · open · 3 of 60 orders of the day · stock 4"
    assert loser.text.endswith(
        "opens in 2 h · 30 of 60 orders of the day · stock 1 · lost by “Least loaded”: 30/60 against 3/60"
    )
    assert view.notes == (
        "3 more stores rank behind.",
        "Left out: closed too long 2, out of the courier's reach 5.",
    )


def test_explain_without_a_plan_says_so(world: World) -> None:
    written = decision(world, plan=None, refused=[[world.stores["B"].pk, "full"]], bounded=True)

    with translation.override("en"):
        (view,) = [view for view in explain_decisions(written.fulfillment_id) if view.notes]

    assert view.outcome == "No store could fulfill it."
    assert f"{world.stores['B'].name_en} is full now" in view.notes
    assert "The search for a split was cut short." in view.notes


def test_explain_in_chinese_has_no_english(world: World) -> None:
    written = decision(world)

    with translation.override("zh-hans"):
        (view,) = [view for view in explain_decisions(written.fulfillment_id) if view.notes]

    assert view.title == "下单时"
    assert "orders of the day" not in view.lines[0].text
