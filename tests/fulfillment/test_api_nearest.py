"""GET /api/v1/stores/nearest: who has the basket, nearest first; and every way to ask it wrongly."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from inventory.models import StockLevel
from stores.models import Store
from tests.cast import HOME, NOON, World
from tests.factories.fulfillment import offer_share
from tests.factories.stores import StoreCapacityFactory

pytestmark = pytest.mark.django_db
NEAREST = "/api/v1/stores/nearest"


def ask(client: Client, **parameters: object) -> tuple[int, dict[str, object]]:
    """Ask at noon for one S near home, unless told otherwise; a parameter that is None is left out."""
    asked = {"brand": "one", "lat": HOME[0], "lng": HOME[1], "lines": "SHIRT-S:1", **parameters}
    with time_machine.travel(NOON, tick=False):
        response = client.get(
            NEAREST,
            {name: str(value) for name, value in asked.items() if value is not None},
            headers={"accept-language": "en"},
        )
    return response.status_code, response.json()


def codes(client: Client, **parameters: object) -> list[object]:
    status, answer = ask(client, **parameters)
    assert status == 200, answer
    return [store["code"] for store in answer["stores"]]  # type: ignore[attr-defined]


def test_nearest_stores_come_with_their_points_and_distances(client: Client, world: World) -> None:
    status, answer = ask(client)
    assert (status, answer) == (
        200,
        {
            "stores": [
                {"code": "A", "name_zh": "A店", "name_en": "Store A", "lat": 31.229, "lng": 121.448, "metres": 110},
                {"code": "B", "name_zh": "B店", "name_en": "Store B", "lat": 31.218, "lng": 121.475, "metres": 2953},
            ]
        },
    )


def test_nearest_stores_hold_the_whole_basket(client: Client, world: World) -> None:
    assert codes(client, lines="SHIRT-S:3,SHIRT-M:3") == ["B"]
    assert codes(client, lines="SHIRT-S:6") == ["A"]
    assert codes(client, lines="SHIRT-S:11") == []
    assert codes(client, limit=1) == ["A"]
    assert codes(client, lat=30.26, lng=120.16, lines="SHIRT-M:50") == ["C"]


def test_nearest_stores_leave_out_what_is_promised_full_or_shut(client: Client, world: World) -> None:
    offer_share(world, store="A", units={"S": 10})
    assert codes(client) == ["B"]
    StoreCapacityFactory.create(store=world.stores["B"], on_date=(NOON + timedelta(hours=8)).date(), limit=0)
    assert codes(client) == []
    assert codes(client, lines="SHIRT-M:1") == ["A"]
    Store.objects.filter(code="A").update(is_active=False)
    assert codes(client, lines="SHIRT-M:1") == []


def test_nearest_stores_of_another_brand_are_not_named(client: Client, world: World) -> None:
    assert codes(client, brand="two", lines="SHIRT-M:1") == ["A"]
    StockLevel.objects.filter(store=world.other_store).update(on_hand=0)
    assert codes(client, brand="two", lines="SHIRT-M:1") == []


@pytest.mark.parametrize(
    ("parameters", "refusal"),
    [
        ({"brand": None}, (400, "required", "brand")),
        ({"brand": ""}, (400, "blank", "brand")),
        ({"brand": "nobody"}, (404, "not_found", "brand")),
        ({"brand": "x" * 21}, (400, "max_length", "brand")),
        ({"brand": "on\x00e"}, (400, "null_characters_not_allowed", "brand")),
        ({"lat": None}, (400, "required", "lat")),
        ({"lat": "north"}, (400, "invalid", "lat")),
        ({"lat": "nan"}, (400, "invalid", "lat")),
        ({"lat": "inf"}, (400, "invalid", "lat")),
        ({"lat": "90.1"}, (400, "invalid_point", "lat")),
        ({"lng": None}, (400, "required", "lng")),
        ({"lng": "-180.5"}, (400, "invalid_point", "lng")),
        ({"lng": "1e400"}, (400, "invalid", "lng")),
        ({"lines": None}, (400, "required", "lines")),
        ({"lines": ""}, (400, "blank", "lines")),
        ({"lines": ","}, (400, "empty_basket", "lines")),
        ({"lines": "SHIRT-S"}, (400, "invalid_line", "lines")),
        ({"lines": ":1"}, (400, "invalid_line", "lines")),
        ({"lines": "SHIRT-S:"}, (400, "invalid_quantity", "lines")),
        ({"lines": "SHIRT-S:0"}, (400, "invalid_quantity", "lines")),
        ({"lines": "SHIRT-S:-1"}, (400, "invalid_quantity", "lines")),
        ({"lines": "SHIRT-S:1.5"}, (400, "invalid_quantity", "lines")),
        ({"lines": "SHIRT-S:100"}, (400, "invalid_quantity", "lines")),
        ({"lines": "SHIRT-S:99999999999999999999"}, (400, "invalid_quantity", "lines")),
        ({"lines": "SHIRT-S:²"}, (400, "invalid_quantity", "lines")),
        ({"lines": "SHIRT-S:1,SHIRT-S:2"}, (400, "duplicate_sku", "lines")),
        ({"lines": ",".join(f"S{n}:1" for n in range(51))}, (400, "too_many_lines", "lines")),
        ({"lines": "S" * 41 + ":1"}, (400, "invalid_line", "lines")),
        ({"lines": "SHIRT-S:1," * 500}, (400, "too_many_lines", "lines")),
        ({"lines": "SHIRT-S:1,🧥:1"}, (400, "unknown_sku", "lines.1.sku")),
        ({"limit": "0"}, (400, "min_value", "limit")),
        ({"limit": "21"}, (400, "max_value", "limit")),
        ({"limit": "many"}, (400, "invalid", "limit")),
    ],
)
def test_nearest_stores_asked_wrongly_name_the_field(
    client: Client, world: World, parameters: dict[str, object], refusal: tuple[int, str, str]
) -> None:
    status, answer = ask(client, **parameters)
    error = answer["error"]
    assert isinstance(error, dict)
    assert (status, error["code"], error["field"]) == refusal
    assert error["message"]


def test_nearest_stores_take_no_other_method(client: Client) -> None:
    assert client.post(NEAREST).status_code == 405
