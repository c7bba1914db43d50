from datetime import datetime

import pytest
from pytest_django import DjangoAssertNumQueries

from fulfillment.services import handover
from orders import queries
from orders.models import Order
from orders.queries import shares
from tests.cast import World
from tests.factories.orders import carried_order, move_share, paid_order, placed_order, shares_of


@pytest.mark.parametrize("lines", [[("S", 1)], [("S", 1), ("M", 2), ("L", 1)]])
def test_order_view_takes_as_many_statements_for_one_line_as_for_three(
    world: World, lines: list[tuple[str, int]], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    order = Order.objects.select_related("brand", "fulfillment").get(pk=paid_order(world, *lines).pk)

    with django_assert_num_queries(11):
        view = queries.order_view(order)

    assert [line.quantity for line in view.lines] == [units for _size, units in lines]
    assert (view.status, view.charge_status, view.fulfil_status, view.paid_fen) == (
        *("paid", "full", "none"),
        order.total_fen,
    )


def test_order_view_of_a_delivered_order_counts_what_arrived(world: World, now: datetime) -> None:
    order = carried_order(world, ("S", 2))
    move_share(shares_of(order)[0], handover.mark_delivered, now)
    order.refresh_from_db()

    view = queries.order_view(order)

    assert (view.status, view.fulfil_status, view.lines[0].fulfilled_quantity) == ("completed", "full", 2)
    assert [(share.store_code, share.status) for share in view.shares] == [("A", "delivered")]


def test_lines_of_a_share_are_those_that_it_holds_units_of(world: World) -> None:
    order = placed_order(world, ("S", 1), ("L", 1))
    by_share = {share.store_id: shares.lines_of_share(order, share.pk) for share in shares_of(order)}

    assert {
        store_id: [(part.line.sku, part.units, part.dealt_units) for part in parts]
        for store_id, parts in by_share.items()
    } == {world.stores["B"].pk: [("SHIRT-S", 1, 0), ("SHIRT-L", 1, 0)]}


def test_lines_of_a_share_that_has_a_part_of_a_line(world: World) -> None:
    order = placed_order(world, ("S", 14), ("M", 1))
    parts = [part for share in shares_of(order) for part in shares.lines_of_share(order, share.pk)]

    assert sum(part.units for part in parts if part.line.sku == "SHIRT-S") == 14
    assert sum(part.units for part in parts if part.line.sku == "SHIRT-M") == 1
    assert len(shares_of(order)) == 2


def test_token_of_an_order_opens_that_order_alone() -> None:
    token = queries.sign_order_token("O2222-22222-22222")

    assert queries.read_order_token(token) == "O2222-22222-22222"
    assert queries.read_order_token(token.replace("O2222", "O3333")) is None
    assert queries.read_order_token("") is None
