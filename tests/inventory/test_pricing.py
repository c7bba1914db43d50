"""Prices: what everybody pays, and what a member pays."""

import pytest
from django.db import IntegrityError, transaction

from inventory import queries
from inventory.models import Price
from tests.cast import NOON, World

pytestmark = pytest.mark.django_db


def test_price_lines_tell_the_member_price_beside_the_price_of_everybody(world: World) -> None:
    Price.objects.filter(variant=world.variants["M"]).update(member_fen=45900)
    skus = [world.variants[size].sku for size in ("S", "M")]
    priced = {line.sku: line for line in queries.price_lines(world.brand.pk, skus, NOON)}
    assert [(priced[sku].unit_price_fen, priced[sku].member_fen) for sku in skus] == [(49900, None), (49900, 45900)]


@pytest.mark.parametrize(("sale_fen", "member_fen"), [(None, 0), (None, 49901), (39900, 39901)])
def test_member_price_of_nothing_or_above_the_price_of_everybody_is_refused(
    world: World, sale_fen: int | None, member_fen: int
) -> None:
    prices = Price.objects.filter(variant=world.variants["M"])
    with pytest.raises(IntegrityError, match="inventory_price_member"), transaction.atomic():
        prices.update(sale_fen=sale_fen, member_fen=member_fen)
    assert list(prices.values_list("sale_fen", "member_fen")) == [(None, None)]
    assert prices.update(sale_fen=sale_fen, member_fen=sale_fen or 49900) == 1
