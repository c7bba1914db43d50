"""Baskets: what goes in, at which price it is shown, and that what is ordered is what was seen."""

from datetime import datetime, timedelta

import pytest
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from pytest_django import DjangoAssertNumQueries, Settings

from fulfillment.services import CannotReserveStock
from inventory.models import Price, StockLevel, Variant
from omni.kernel.transactions import StepOutsideTransaction, entry
from orders import queries, rules, services
from orders.models import Basket, BasketLine, Order, PaymentIntent
from orders.queries import SeenLine
from tests.cast import World
from tests.factories.inventory import LAUNCHED, VariantFactory
from tests.factories.orders import wish

pytestmark = pytest.mark.django_db

TOKEN = "a-token"


def add(world: World, now: datetime, sku: str, quantity: int = 1, token: str = TOKEN) -> None:
    with entry():
        services.add_to_basket(token, world.brand.pk, sku, quantity=quantity, now=now)


def contents(token: str = TOKEN) -> list[tuple[str, int, int]]:
    lines = BasketLine.objects.filter(basket__token=token).order_by("pk")
    return list(lines.values_list("variant__sku", "quantity", "seen_price_fen"))


def seen(now: datetime) -> tuple[SeenLine, ...]:
    """Return what a checkout page would carry."""
    basket = queries.find_basket(TOKEN, "one", now=now)
    assert basket is not None
    return queries.read_seen(basket.seen)


def test_add_to_basket_keeps_the_price_seen_and_adds_up(world: World, now: datetime) -> None:
    add(world, now, "SHIRT-L")
    add(world, now, "SHIRT-S", 2)
    Price.objects.filter(variant=world.variants["L"]).update(sale_fen=29900)
    add(world, now, "SHIRT-L", 3)
    assert contents() == [("SHIRT-L", 4, 29900), ("SHIRT-S", 2, 49900)]
    assert Basket.objects.get().updated_at == now
    assert queries.count_units(TOKEN) == 6


def test_add_to_basket_holds_at_most_99_of_one(world: World, now: datetime) -> None:
    for _time in range(3):
        add(world, now, "SHIRT-S", 50)
    assert contents() == [("SHIRT-S", 99, 49900)]


def test_add_to_basket_of_what_is_not_on_sale_is_refused(world: World, now: datetime) -> None:
    VariantFactory.create(product=world.product, sku="NO-PRICE", price=None)
    Variant.objects.filter(sku="SHIRT-M", brand=world.brand).update(is_active=False)
    for sku in ("HAT", "NO-PRICE", "SHIRT-M"):
        with pytest.raises(services.UnknownSku) as refusal:
            add(world, now, sku)
        assert (refusal.value.code, refusal.value.field) == ("unknown_sku", "sku")
    assert Basket.objects.count() == 0


def test_add_to_basket_beyond_what_one_order_takes_is_refused(
    world: World, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "MAX_LINES", 2)
    add(world, now, "SHIRT-S")
    add(world, now, "SHIRT-M")
    with pytest.raises(rules.TooManyLines):
        add(world, now, "SHIRT-L")
    add(world, now, "SHIRT-M")
    assert contents() == [("SHIRT-S", 1, 49900), ("SHIRT-M", 2, 49900)]


def test_change_basket_line_sets_caps_and_removes_only_ones_own(world: World, now: datetime) -> None:
    add(world, now, "SHIRT-S")
    line = BasketLine.objects.get()
    with entry():
        services.change_basket_line("a-stranger", line.pk, 5, now=now)
        services.change_basket_line("a-stranger", line.pk, 0, now=now)
    assert contents() == [("SHIRT-S", 1, 49900)]
    with entry():
        services.change_basket_line(TOKEN, line.pk, 1000, now=now)
    assert contents() == [("SHIRT-S", 99, 49900)]
    with entry():
        services.change_basket_line(TOKEN, line.pk, 0, now=now)
    assert contents() == []


def test_basket_services_outside_a_transaction_are_refused(world: World, now: datetime) -> None:
    with pytest.raises(StepOutsideTransaction):
        services.add_to_basket(TOKEN, world.brand.pk, "SHIRT-S", now=now)
    with pytest.raises(StepOutsideTransaction):
        services.change_basket_line(TOKEN, 1, 1, now=now)
    with pytest.raises(StepOutsideTransaction):
        services.order_basket(TOKEN, wish(world), seen=(), now=now)


# Reading


def test_baskets_are_shown_at_todays_prices_one_a_brand(world: World, now: datetime) -> None:
    add(world, now, "SHIRT-S", 2)
    with entry():
        services.add_to_basket(TOKEN, world.other_brand.pk, "SHIRT-M", now=now)
    Price.objects.filter(variant=world.variants["S"]).update(list_fen=20000)
    one, two = queries.baskets_of(TOKEN, now=now)
    assert (one.brand, two.brand) == (world.brand, world.other_brand)
    (line,) = one.lines
    assert (line.unit_price_fen, line.seen_price_fen, line.total_fen) == (20000, 49900, 40000)
    assert line.is_price_changed
    assert one.is_orderable
    assert (one.goods_fen, one.delivery_fen, one.total_fen) == (40000, 0, 40000)
    assert queries.baskets_of("", now=now) == []
    assert queries.find_basket("", "one", now=now) is None
    assert queries.find_basket(TOKEN, "three", now=now) is None


def test_small_basket_pays_delivery_and_tells_what_would_make_it_free(world: World, now: datetime) -> None:
    Price.objects.filter(variant=world.variants["S"]).update(list_fen=20000)
    add(world, now, "SHIRT-S")
    basket = queries.find_basket(TOKEN, "one", now=now)
    assert basket is not None
    assert (basket.delivery_fen, basket.total_fen, basket.free_delivery_gap_fen) == (1200, 21200, 9900)


def test_basket_with_something_withdrawn_or_sold_out_cannot_be_ordered(world: World, now: datetime) -> None:
    add(world, now, "SHIRT-S")
    add(world, now, "SHIRT-M")
    StockLevel.objects.filter(variant=world.variants["S"]).update(safety=99)
    Variant.objects.filter(pk=world.variants["M"].pk).update(is_active=False)
    basket = queries.find_basket(TOKEN, "one", now=now)
    assert basket is not None
    assert [(line.is_in_stock, line.unit_price_fen) for line in basket.lines] == [(False, 49900), (True, None)]
    assert not basket.is_orderable
    assert basket.goods_fen == 49900


@pytest.mark.parametrize("lines", [1, 3])
def test_baskets_take_the_same_statements_however_many_lines(
    world: World, now: datetime, django_assert_num_queries: DjangoAssertNumQueries, lines: int
) -> None:
    for size in "SML"[:lines]:
        add(world, now, f"SHIRT-{size}")
    with django_assert_num_queries(7):
        queries.baskets_of(TOKEN, now=now)


@pytest.mark.parametrize("text", ["", "x", "1x", "1x1", "1x1@", "axb@c", "1x1@1;", "-1x1@1", "1x1@99999999999"])
def test_read_seen_of_a_text_that_is_none_of_ours_is_nothing(text: str) -> None:
    assert queries.read_seen(text) == ()


# Ordering


def test_order_basket_orders_what_was_seen_and_begins_its_payment(world: World, now: datetime) -> None:
    add(world, now, "SHIRT-S", 2)
    add(world, now, "SHIRT-L")
    with entry():
        placed = services.order_basket(TOKEN, wish(world), seen=seen(now), now=now)
    order = Order.objects.get(pk=placed.order_id)
    assert list(order.lines.order_by("pk").values_list("sku", "quantity", "unit_price_fen")) == [
        ("SHIRT-S", 2, 49900),
        ("SHIRT-L", 1, 39900),
    ]
    intent = PaymentIntent.objects.get(allocations__order=order)
    assert (intent.status, intent.amount_fen) == ("created", 139700)
    assert contents() == []


def test_order_basket_leaves_other_brands_in_the_basket(world: World, now: datetime) -> None:
    add(world, now, "SHIRT-S")
    with entry():
        services.add_to_basket(TOKEN, world.other_brand.pk, "SHIRT-M", now=now)
        services.order_basket(TOKEN, wish(world), seen=seen(now), now=now)
    assert contents() == [("SHIRT-M", 1, 49900)]


def test_order_basket_that_changed_since_is_refused_and_changes_nothing(world: World, now: datetime) -> None:
    add(world, now, "SHIRT-S")
    was = seen(now)
    for sku in ("SHIRT-S", "SHIRT-M"):
        add(world, now, sku)
        with pytest.raises(services.BasketChanged) as refusal, entry():
            services.order_basket(TOKEN, wish(world), seen=was, now=now)
        assert (refusal.value.code, refusal.value.status) == ("basket_changed", 409)
    assert Order.objects.count() == 0
    assert contents() == [("SHIRT-S", 2, 49900), ("SHIRT-M", 1, 49900)]


def test_order_basket_at_a_price_not_seen_is_refused_and_keeps_the_basket(world: World, now: datetime) -> None:
    add(world, now, "SHIRT-M")
    add(world, now, "SHIRT-S")
    was = seen(now)
    Price.objects.filter(variant=world.variants["S"]).update(valid=DateTimeTZRange(LAUNCHED, now))
    Price.objects.create(variant=world.variants["S"], tag_fen=59900, list_fen=45000, valid=DateTimeTZRange(now, None))
    with pytest.raises(services.PriceChanged) as refusal, entry():
        services.order_basket(TOKEN, wish(world), seen=was, now=now)
    assert refusal.value.field == "lines.1.unit_price_fen"
    assert refusal.value.params == {"sku": "SHIRT-S", "unit_price_fen": 45000, "seen_price_fen": 49900}
    assert Order.objects.count() == 0
    assert contents() == [("SHIRT-M", 1, 49900), ("SHIRT-S", 1, 49900)]


def test_order_basket_sold_meanwhile_is_refused_and_keeps_the_basket(world: World, now: datetime) -> None:
    add(world, now, "SHIRT-S")
    was = seen(now)
    StockLevel.objects.filter(variant=world.variants["S"]).update(safety=99)
    with pytest.raises(CannotReserveStock), entry():
        services.order_basket(TOKEN, wish(world), seen=was, now=now)
    assert (Order.objects.count(), contents()) == (0, [("SHIRT-S", 1, 49900)])


def test_order_basket_that_is_empty_is_refused(world: World, now: datetime) -> None:
    with pytest.raises(rules.EmptyBasket) as refusal, entry():
        services.order_basket(TOKEN, wish(world), seen=(), now=now)
    assert (refusal.value.code, refusal.value.field) == ("empty_basket", "lines")


# Accounts


def joined(now: datetime, user_id: int = 7) -> list[tuple[str, int, int]]:
    with entry():
        services.join_baskets(TOKEN, user_id, now=now)
    return contents(queries.token_of_account(user_id))


def test_join_baskets_adds_up_to_99_and_keeps_the_price_seen_last(world: World, now: datetime) -> None:
    account = queries.token_of_account(7)
    add(world, now, "SHIRT-S", 60, token=account)
    Price.objects.filter(variant=world.variants["S"]).update(list_fen=20000)
    add(world, now, "SHIRT-S", 60)
    add(world, now, "SHIRT-L", 2)
    assert joined(now + timedelta(hours=1)) == [("SHIRT-S", 99, 20000), ("SHIRT-L", 2, 39900)]
    (basket,) = Basket.objects.all()
    assert (basket.token, basket.brand, basket.updated_at) == (account, world.brand, now + timedelta(hours=1))


def test_join_baskets_again_or_of_nobody_changes_nothing(world: World, now: datetime) -> None:
    add(world, now, "SHIRT-S")
    assert joined(now) == joined(now) == [("SHIRT-S", 1, 49900)]
    with entry():
        services.join_baskets("", 8, now=now)
        services.join_baskets(queries.token_of_account(7), 8, now=now)
    assert contents(queries.token_of_account(7)) == [("SHIRT-S", 1, 49900)]
    assert contents(queries.token_of_account(8)) == []


def test_joined_basket_with_too_many_things_is_not_orderable(
    world: World, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orders.queries.basket.MAX_LINES", 1)
    add(world, now, "SHIRT-S", token=queries.token_of_account(7))
    add(world, now, "SHIRT-M")
    joined(now)
    (basket,) = queries.baskets_of(queries.token_of_account(7), now=now)
    assert (basket.is_too_long, basket.is_orderable) == (True, False)


def test_sweep_baskets_deletes_old_ones_of_guests_alone(world: World, now: datetime, settings: Settings) -> None:
    settings.ORDERS_BASKET_DAYS = 30
    old, account = now - timedelta(days=30, seconds=1), queries.token_of_account(7)
    add(world, old, "SHIRT-S")
    add(world, old, "SHIRT-S", token=account)
    add(world, now - timedelta(days=30), "SHIRT-S", token="young")
    with entry():
        assert services.sweep_baskets(now=now) == 1
        assert services.sweep_baskets(now=now) == 0
    assert set(Basket.objects.values_list("token", flat=True)) == {account, "young"}
    assert BasketLine.objects.count() == 2


def test_sweep_baskets_spares_one_that_is_used_again(world: World, now: datetime) -> None:
    add(world, now - timedelta(days=60), "SHIRT-S")
    with entry():
        services.change_basket_line(TOKEN, BasketLine.objects.get().pk, 2, now=now)
        assert services.sweep_baskets(now=now) == 0
