import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries, Settings

from fulfillment.choices import Way
from fulfillment.models import Fulfillment, FulfillmentOrder, RoutingDecision
from fulfillment.services import CannotReserveStock
from inventory.models import Reservation
from omni.kernel import sealing
from omni.kernel.errors import DomainError
from omni.kernel.models import Event
from omni.kernel.numbers import is_valid_number
from omni.kernel.transactions import StepOutsideTransaction, entry
from orders import services
from orders.choices import OrderStatus
from orders.models import Checkout, Order, OrderCharge, OrderLine
from stores.choices import Channel
from stores.models import Store, StoreCapacity
from tests.cast import HOME, World
from tests.factories.inventory import StockLevelFactory, VariantFactory
from tests.factories.members import MemberFactory
from tests.factories.orders import placed_order, wish


def traces() -> dict[str, Any]:
    """Return everything that placing may leave behind."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, held, allocated FROM inventory_stocklevel ORDER BY id")
        levels = cursor.fetchall()
    counted = (Checkout, Order, OrderLine, OrderCharge, Fulfillment, FulfillmentOrder, RoutingDecision, Event)
    return {
        "levels": levels,
        "reservations": Reservation.objects.count(),
        "capacity": sum(StoreCapacity.objects.values_list("used", flat=True)),
        **{model.__name__: model.objects.count() for model in counted},
    }


def test_place_order_writes_the_order_with_everything_frozen(world: World, now: datetime) -> None:
    with entry():
        placed = services.place_order(wish(world, ("S", 1), ("L", 2), lat=HOME[0], lng=HOME[1]), now=now)

    order = Order.objects.get(pk=placed.order_id)
    assert (placed.number, placed.total_fen) == (order.number, 49900 + 2 * 39900)
    assert placed.expires_at == order.expires_at == order.due_at == now + timedelta(minutes=15)
    assert is_valid_number(order.number)
    assert (order.status, order.channel, order.brand, order.placed_at) == ("placed", "web", world.brand, now)
    assert (order.goods_fen, order.charges_fen, order.total_fen) == (129700, 0, 129700)
    assert (order.contact_name, sealing.unseal(order.contact_phone_sealed)) == ("王小雨", "+8613800138000")
    assert order.contact_phone_index == sealing.blind_index("+8613800138000")
    small, large = order.lines.order_by("pk")
    assert (small.sku, small.quantity, small.unit_price_fen, small.total_fen) == ("SHIRT-S", 1, 49900, 49900)
    assert (large.sku, large.quantity, large.unit_price_fen, large.total_fen) == ("SHIRT-L", 2, 39900, 79800)
    assert (small.name_zh, small.name_en) == ("真丝衬衫 白色 S", "Silk shirt, White, S")
    assert (small.tag_price_fen, small.tax_rate_ppm, small.cancelled_quantity, small.collector) == (
        *(59900, 130_000, 0),
        "brand",
    )
    assert small.fulfillment_line.variant == small.variant == world.variants["S"]
    assert small.fulfillment_line.declared_value_fen == 49900
    assert (order.fulfillment.lat, order.fulfillment.lng) == HOME


def test_place_order_holds_stock_and_capacity_at_the_store(world: World, now: datetime) -> None:
    placed_order(world, ("S", 2))

    assert (world.level("A", "S").held, world.level("B", "S").held, world.level("C", "S").held) == (2, 0, 0)
    (capacity,) = StoreCapacity.objects.all()
    assert (capacity.store, capacity.used) == (world.stores["A"], 1)


def test_place_order_tells_those_above_once(world: World, now: datetime) -> None:
    order = placed_order(world)

    (event,) = Event.objects.filter(name="orders.OrderPlaced")
    assert (event.entity, event.payload["total_fen"]) == (f"order_id:{order.pk}", 49900)


def test_place_order_of_cheap_goods_charges_delivery(world: World, now: datetime) -> None:
    cheap = VariantFactory.create(product=world.product, sku="SOCKS", price__list_fen=2900, price__tag_fen=2900)
    StockLevelFactory.create(store=world.stores["A"], variant=cheap)

    order = placed_order(world, lines=(services.WantedLine("SOCKS", 2),))

    assert (order.goods_fen, order.charges_fen, order.total_fen) == (5800, 1200, 7000)
    assert list(order.charges.values_list("kind", "amount_fen", "is_cancelled")) == [("delivery", 1200, False)]


def test_place_order_to_collect_holds_at_the_chosen_store(world: World, now: datetime) -> None:
    order = placed_order(
        world, ("S", 1), way=Way.PICKUP, pickup_store_id=world.stores["B"].pk, district_code=None, street=""
    )

    assert (order.charges_fen, order.fulfillment.way) == (0, Way.PICKUP)
    assert (order.fulfillment.lat, order.fulfillment.lng) == (world.stores["B"].lat, world.stores["B"].lng)
    assert (world.level("A", "S").held, world.level("B", "S").held) == (0, 1)


def test_place_order_without_a_point_goes_to_the_centre_of_the_district(world: World, now: datetime) -> None:
    order = placed_order(world, ("S", 1), district_code="330102")

    assert order.fulfillment.district_id == "330102"
    assert (world.level("A", "S").held, world.level("C", "S").held) == (0, 1)


def test_place_order_at_the_seen_price_and_of_a_member_keeps_both(world: World, now: datetime) -> None:
    member = MemberFactory.create(brand=world.brand)

    order = placed_order(
        world,
        lines=(services.WantedLine("SHIRT-L", 1, 39900),),
        member_id=member.pk,
        channel=Channel.ERP,
        language="en",
    )

    assert (order.member, order.channel, order.language) == (member, "erp", "en")


def test_place_order_runs_few_statements(
    world: World, now: datetime, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    wanted = wish(world, ("S", 1), ("M", 1))

    # The borders of the transaction and of one try, and the check of deferred constraints, are six of them.
    with django_assert_max_num_queries(16), entry():
        services.place_order(wanted, now=now)


def line(sku: str = "SHIRT-S", quantity: object = 1, price: int | None = None) -> tuple[services.WantedLine, ...]:
    return (services.WantedLine(sku, quantity, price),)  # type: ignore[arg-type]  # what the API lets pass


BAD_INPUT: dict[str, tuple[dict[str, Any], str, str, int]] = {
    "an empty basket": ({"lines": ()}, "empty_basket", "lines", 400),
    "an unknown SKU": ({"lines": line("NO-SUCH")}, "unknown_sku", "lines.0.sku", 400),
    "a SKU that is no text": ({"lines": line("A\x00")}, "unknown_sku", "lines.0.sku", 400),
    "an endless SKU": ({"lines": line("A" * 200_000)}, "unknown_sku", "lines.0.sku", 400),
    "quantity 0": ({"lines": line(quantity=0)}, "invalid_quantity", "lines.0.quantity", 400),
    "quantity -1": ({"lines": line(quantity=-1)}, "invalid_quantity", "lines.0.quantity", 400),
    "a huge quantity": ({"lines": line(quantity=10**12)}, "invalid_quantity", "lines.0.quantity", 400),
    "a quantity in text": ({"lines": line(quantity="2")}, "invalid_quantity", "lines.0.quantity", 400),
    "a changed price": ({"lines": line(price=48000)}, "price_changed", "lines.0.unit_price_fen", 409),
    "a point off the earth": ({"lat": 91.0, "lng": 0.0}, "invalid_point", "lat", 400),
    "a point that is none": ({"lat": float("nan"), "lng": 0.0}, "invalid_point", "lat", 400),
    "half a point": ({"lat": 31.2}, "invalid_point", "lng", 400),
    "a district that does not exist": ({"district_code": "999999"}, "unknown_district", "district_code", 400),
    "a district that is no code": ({"district_code": "静安'; --\x00"}, "unknown_district", "district_code", 400),
    "no district": ({"district_code": None}, "unknown_district", "district_code", 400),
    "an emoji-only name": ({"contact_name": "🌸🌸"}, "invalid_name", "contact_name", 400),
    "an endless name": ({"contact_name": "李" * 200_000}, "invalid_name", "contact_name", 400),
    "no phone": ({"phone": ""}, "invalid_phone", "phone", 400),
    "an impossible phone": ({"phone": "12345"}, "invalid_phone", "phone", 400),
    "no street": ({"street": " "}, "invalid_street", "street", 400),
    "an unknown way": ({"way": "drone"}, "invalid_choice", "way", 400),
    "an unknown channel": ({"channel": "fax"}, "invalid_choice", "channel", 400),
    "an unknown language": ({"language": "tlh"}, "invalid_choice", "language", 400),
    "no store to collect at": ({"way": Way.PICKUP}, "unknown_pickup_store", "pickup_store_id", 400),
    "a store beyond all numbers": (
        {"way": Way.PICKUP, "pickup_store_id": 10**30},
        "unknown_pickup_store",
        "pickup_store_id",
        400,
    ),
    "an unknown brand": ({"brand_id": 0}, "not_found", "brand", 404),
}


@pytest.mark.parametrize("case", BAD_INPUT)
def test_place_order_with_bad_input_names_the_field_and_leaves_nothing(world: World, now: datetime, case: str) -> None:
    changes, code, field, status = BAD_INPUT[case]
    before = traces()

    with pytest.raises(DomainError) as caught, entry():
        services.place_order(wish(world, **changes), now=now)

    assert (caught.value.code, caught.value.field, caught.value.status) == (code, field, status)
    assert re.search(r"\w", caught.value.message)
    assert traces() == before


def test_place_order_at_another_price_tells_the_new_one(world: World, now: datetime) -> None:
    with pytest.raises(services.PriceChanged) as caught, entry():
        services.place_order(wish(world, lines=line(price=1)), now=now)

    assert caught.value.params == {"sku": "SHIRT-S", "unit_price_fen": 49900, "seen_price_fen": 1}


def test_place_order_of_another_brands_sku_is_unknown(world: World, now: datetime) -> None:
    VariantFactory.create(product=world.other_variant.product, sku="THEIRS")

    with pytest.raises(services.UnknownSku), entry():
        services.place_order(wish(world, lines=line("THEIRS")), now=now)


def test_place_order_of_a_withdrawn_sku_is_unknown(world: World, now: datetime) -> None:
    world.variants["S"].is_active = False
    world.variants["S"].save(update_fields=["is_active"])

    with pytest.raises(services.UnknownSku), entry():
        services.place_order(wish(world), now=now)


@pytest.mark.parametrize("change", [{"is_active": False}, {"offers_pickup": False}])
def test_place_order_to_collect_where_nobody_can_is_refused(
    world: World, now: datetime, change: dict[str, bool]
) -> None:
    Store.objects.filter(pk=world.stores["B"].pk).update(**change)

    with pytest.raises(services.UnknownPickupStore), entry():
        services.place_order(wish(world, way=Way.PICKUP, pickup_store_id=world.stores["B"].pk), now=now)


def test_place_order_to_collect_at_another_brands_store_is_refused(world: World, now: datetime) -> None:
    with pytest.raises(services.UnknownPickupStore), entry():
        services.place_order(wish(world, way=Way.PICKUP, pickup_store_id=world.other_store.pk), now=now)


def test_place_order_of_more_than_there_is_leaves_nothing(world: World, now: datetime) -> None:
    before = traces()

    with pytest.raises(CannotReserveStock) as caught, entry():
        services.place_order(wish(world, ("L", 90)), now=now)

    assert (caught.value.code, caught.value.status) == ("cannot_reserve_stock", 409)
    assert traces() == before


def test_place_order_outside_a_transaction_is_refused(world: World, now: datetime) -> None:
    with pytest.raises(StepOutsideTransaction):
        services.place_order(wish(world), now=now)


def test_place_order_expires_when_the_setting_says(world: World, settings: Settings) -> None:
    settings.ORDERS_UNPAID_MINUTES = 3

    order = placed_order(world, now=datetime(2026, 3, 16, 4, 0, tzinfo=UTC))

    assert order.expires_at == datetime(2026, 3, 16, 4, 3, tzinfo=UTC)
    assert order.status == OrderStatus.PLACED
