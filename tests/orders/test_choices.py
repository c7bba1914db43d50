"""The tables of changes: every status has its row, and every order, payment and refund can come to an end."""

from collections.abc import Mapping

import pytest
from django.db.models import TextChoices

from orders.choices import (
    INTENT_TRANSITIONS,
    LIVE_INTENTS,
    ORDER_TRANSITIONS,
    REFUND_TRANSITIONS,
    Ending,
    IntentStatus,
    OrderStatus,
    RefundStatus,
)

TABLES: list[tuple[type[TextChoices], Mapping[TextChoices, frozenset[TextChoices]], str, set[str]]] = [
    (OrderStatus, ORDER_TRANSITIONS, "placed", {"completed", "cancelled", "expired"}),  # type: ignore[list-item]
    (IntentStatus, INTENT_TRANSITIONS, "created", {"succeeded", "orphan_refunded"}),  # type: ignore[list-item]
    (RefundStatus, REFUND_TRANSITIONS, "requested", {"succeeded"}),  # type: ignore[list-item]
]


def reached_from(start: str, table: Mapping[TextChoices, frozenset[TextChoices]]) -> set[str]:
    """Return every status that can follow, however many changes later."""
    reached: set[str] = set()
    open_ends = {start}
    while open_ends:
        status = open_ends.pop()
        reached.add(status)
        open_ends |= {str(to.value) for to in table[status]} - reached  # type: ignore[index]
    return reached


@pytest.mark.parametrize(("statuses", "table", "first", "last"), TABLES)
def test_every_status_is_in_the_table_and_can_be_reached(
    statuses: type[TextChoices], table: Mapping[TextChoices, frozenset[TextChoices]], first: str, last: set[str]
) -> None:
    assert set(table) == set(statuses)
    assert reached_from(first, table) == set(statuses.values)
    assert {str(status.value) for status, following in table.items() if not following} == last


@pytest.mark.parametrize(("statuses", "table", "first", "last"), TABLES)
def test_every_status_can_come_to_an_end(
    statuses: type[TextChoices], table: Mapping[TextChoices, frozenset[TextChoices]], first: str, last: set[str]
) -> None:
    assert all(reached_from(str(status.value), table) & last for status in statuses)


def test_money_that_comes_for_a_payment_that_is_over_has_a_way_back() -> None:
    over = set(IntentStatus) - {IntentStatus.SUCCEEDED, IntentStatus.ORPHAN_PAID, IntentStatus.ORPHAN_REFUNDED}

    assert all(IntentStatus.ORPHAN_PAID in INTENT_TRANSITIONS[status] for status in over)
    assert all(IntentStatus.SUCCEEDED in INTENT_TRANSITIONS[status] for status in LIVE_INTENTS)


def test_what_an_unpaid_order_ends_as_is_a_status_it_may_take() -> None:
    assert {OrderStatus(ending.value) for ending in Ending} < ORDER_TRANSITIONS[OrderStatus.PLACED]
