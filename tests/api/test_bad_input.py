"""Hostile and mistaken requests to the API: refused with a code and a field, in the reader's language, without a trace.

What `tests/orders/test_api.py` asks already is not asked again.
"""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from unittest import mock
from urllib.parse import quote, urlencode

import pytest
from django.conf import LazySettings
from django.test import Client

from omni.kernel import clock
from omni.kernel.models import IdempotencyRecord
from tests.architecture.visitors import written_rows
from tests.cast import World
from tests.factories.api import bearer, issue_key
from tests.factories.orders import placed_order
from tests.orders.test_api import BAD_BODIES, body_of
from tests.orders.test_services_placing import traces

pytestmark = pytest.mark.django_db
ORDERS = "/api/v1/orders/"
NEAREST = {"brand": "one", "lat": "31.2295", "lng": "121.4470", "lines": "SHIRT-S:1", "limit": "5"}
HOSTILE_TEXTS = {
    "NUL": "a\0b",
    "control character": "李\x07雷",
    "right to left": "李\u202e雷",
    "lone surrogate": "李\ud800",
    "private use": "李\ue000",
    "emoji": "🌸",
    "spaces": " \u3000 ",
    "200,000 characters": "李" * 200_000,
    "markup": "<script>'\"; DROP TABLE orders_order; --",
    "format string": "%s%n{0.__class__}",
}
NO_TEXTS: list[object] = [None, True, [], ["x"], {}, {"x": 1}]
NO_NUMBERS: list[object] = [None, True, "1", "one", 1.0, 1.5, [], [1], {}, "NaN", 10**40, -(10**40), 0, -1]
NO_POINTS: list[object] = [True, "north", "NaN", "31.2", [], [31.2], {}, 10**400, 181, -181.5]
TEXT_FIELDS = ("contact_name", "phone", "district_code", "way", "channel", "language")
NO_CODES = {"NUL", "spaces", "200,000 characters", "markup"}
Answer = tuple[int, dict[str, Any]]


@pytest.fixture(autouse=True)
def _noon(now: datetime, settings: LazySettings) -> Iterator[None]:
    settings.OUTBOX_HINTS = False
    settings.API_REQUESTS_PER_MINUTE = {"key": 100_000, "address": 100_000}
    with mock.patch.object(clock, "now", return_value=now):
        yield


@pytest.fixture
def place(client: Client, world: World) -> Callable[..., Answer]:
    """Return a way to send an order, that sees to it that a refusal leaves nothing."""
    key = bearer(issue_key(world.brand))

    def send(body: object, *, language: str = "en", idempotency: str = "k-1") -> Answer:
        before = traces()
        answer = client.post(
            ORDERS,
            body if isinstance(body, str | bytes) else json.dumps(body),
            content_type="application/json",
            headers={**key, "idempotency-key": idempotency, "accept-language": language},
        )
        if answer.status_code >= 400:
            assert traces() == before
            assert IdempotencyRecord.objects.count() == 0
        return answer.status_code, answer.json().get("error", {})

    return send


def refusal(answer: Answer) -> tuple[int, str | None]:
    """Return the status and the field of a refusal, which has a code and a message."""
    status, error = answer
    assert status >= 400, "it was accepted"
    assert error["code"]
    assert error["message"]
    return status, error["field"]


def line_of(**changes: object) -> dict[str, Any]:
    return body_of(lines=[{"sku": "SHIRT-S", "quantity": 1} | changes])


@pytest.mark.parametrize("name", HOSTILE_TEXTS)
def test_place_with_a_hostile_text_names_its_field(place: Callable[..., Answer], name: str) -> None:
    text = HOSTILE_TEXTS[name]
    fields = [
        field
        for field in TEXT_FIELDS
        if (name, field) not in {("markup", "contact_name"), ("format string", "contact_name")}
    ]

    assert {field: refusal(place(body_of(**{field: text}))) for field in fields} == {
        field: (400, field) for field in fields
    }
    assert refusal(place(line_of(sku=text))) == (400, "lines.0.sku")
    assert refusal(place(body_of(way="pickup", pickup_store_code=text))) == (400, "pickup_store_code")


@pytest.mark.parametrize(
    "name",
    [
        "NUL",
        "control character",
        "right to left",
        "lone surrogate",
        "private use",
        "emoji",
        "spaces",
        "200,000 characters",
    ],
)
def test_place_to_a_hostile_street_is_refused(place: Callable[..., Answer], name: str) -> None:
    assert refusal(place(body_of(street=HOSTILE_TEXTS[name]))) == (400, "street")


@pytest.mark.parametrize("value", NO_TEXTS, ids=repr)
def test_place_with_no_text_where_one_belongs_names_its_field(place: Callable[..., Answer], value: object) -> None:
    fields = (*TEXT_FIELDS, "street", "pickup_store_code")

    assert {field: refusal(place(body_of(**{field: value}))) for field in fields} == {
        field: (400, field) for field in fields
    }
    assert refusal(place(line_of(sku=value))) == (400, "lines.0.sku")


@pytest.mark.parametrize("value", NO_NUMBERS, ids=lambda value: repr(value)[:12])
def test_place_with_no_quantity_names_the_line(place: Callable[..., Answer], value: object) -> None:
    assert refusal(place(line_of(quantity=value))) == (400, "lines.0.quantity")


@pytest.mark.parametrize(
    "value", [value for value in NO_NUMBERS if value is not None], ids=lambda value: repr(value)[:12]
)
def test_place_at_no_price_names_the_line(place: Callable[..., Answer], value: object) -> None:
    status, field = refusal(place(line_of(unit_price_fen=value)))

    assert (status, field) == (409 if type(value) is int else 400, "lines.0.unit_price_fen")


@pytest.mark.parametrize("value", NO_POINTS, ids=lambda value: repr(value)[:12])
def test_place_at_no_point_names_the_coordinate(place: Callable[..., Answer], value: object) -> None:
    assert refusal(place(body_of(lat=value, lng=121.4))) == (400, "lat")
    assert refusal(place(body_of(lat=31.2, lng=value))) == (400, "lng")


def test_place_at_half_a_point_names_the_missing_half(place: Callable[..., Answer]) -> None:
    assert refusal(place(body_of(lat=31.2))) == (400, "lng")
    assert refusal(place(body_of(lng=121.4, lat=None))) == (400, "lat")


@pytest.mark.parametrize(
    ("lines", "field"),
    [
        ("SHIRT-S", "lines"),
        ([None], "lines.0"),
        ([[]], "lines.0"),
        (["SHIRT-S"], "lines.0"),
        ([{"sku": "SHIRT-S", "quantity": 1}] * 2, "lines.1.sku"),
        ([{"sku": f"S{number}", "quantity": 1} for number in range(51)], "lines"),
        ([{}] * 500_000, "lines"),
        ([{"sku": "SHIRT-S", "quantity": 1}, {"sku": "SHIRT-M", "quantity": 0}], "lines.1.quantity"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_place_with_lines_that_are_none_names_them(place: Callable[..., Answer], lines: object, field: str) -> None:
    assert refusal(place(body_of(lines=lines))) == (400, field)


@pytest.mark.parametrize("depth", [100, 900, 100_000])
def test_place_with_deeply_nested_values_is_refused(place: Callable[..., Answer], depth: int) -> None:
    nested = "[" * depth + "]" * depth

    for field in ("lines", "contact_name", "lat"):
        status, _field = refusal(
            place(json.dumps(body_of(**{field: 0})).replace(f'"{field}": 0', f'"{field}": {nested}'))
        )
        assert status == 400


def test_place_with_a_huge_body_is_refused(place: Callable[..., Answer]) -> None:
    status, error = place(body_of(street="路" * 3_000_000))

    assert (status, error["code"], error["field"]) == (413, "request_too_large", None)


@pytest.mark.parametrize("key", ["", "k" * 256, "k\x07", "k\u202e", "k\0"], ids=ascii)
def test_place_with_a_bad_idempotency_key_names_it(place: Callable[..., Answer], key: str) -> None:
    assert refusal(place(body_of(), idempotency=key)) == (400, "idempotency_key")


@pytest.mark.parametrize("case", BAD_BODIES)
def test_refusal_is_told_in_the_readers_language(place: Callable[..., Answer], case: str) -> None:
    body = BAD_BODIES[case][0]
    english, chinese = (place(body, language=language)[1] for language in ("en", "zh-hans"))

    assert english.pop("message") != chinese.pop("message")
    assert english == chinese


@pytest.mark.parametrize(
    "language", ["", "x" * 5000, "\x07", "zh-hans;q=NaN", "../../etc", "🌸", "*"], ids=lambda text: ascii(text)[:12]
)
def test_reader_of_no_language_is_told_in_some_language(place: Callable[..., Answer], language: str) -> None:
    assert refusal(place({}, language=language)) == (400, "lines")


@pytest.mark.parametrize("name", [name for name in HOSTILE_TEXTS if name != "200,000 characters"])
@pytest.mark.parametrize("action", ["", "cancel/"])
def test_order_number_that_is_hostile_is_not_found(client: Client, world: World, name: str, action: str) -> None:
    key = bearer(issue_key(world.brand))
    placed_order(world)
    before = written_rows()
    address = f"{ORDERS}{quote(HOSTILE_TEXTS[name], safe='', errors='surrogatepass')}/{action}"

    answer = (
        client.post(address, "{}", content_type="application/json", headers=key)
        if action
        else client.get(address, headers=key)
    )

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    assert {table for table, _counts in written_rows() - before} <= {"api_apikey"}


@pytest.mark.parametrize("name", HOSTILE_TEXTS)
@pytest.mark.parametrize("field", NEAREST)
def test_nearest_stores_with_a_hostile_parameter_name_it(client: Client, world: World, field: str, name: str) -> None:
    text = HOSTILE_TEXTS[name][:20_000]

    answer = client.get(f"/api/v1/stores/nearest?{urlencode(NEAREST | {field: text}, errors='surrogatepass')}")

    error = answer.json()["error"]
    assert (answer.status_code, error["field"].partition(".")[0]) == (
        404 if error["code"] == "not_found" else 400,
        field,
    )
    assert (answer.status_code == 404) is (field == "brand" and name not in NO_CODES)


@pytest.mark.parametrize("name", HOSTILE_TEXTS)
def test_key_that_is_hostile_is_refused(client: Client, world: World, name: str) -> None:
    answer = client.get(f"{ORDERS}x/", headers={"authorization": f"Bearer {HOSTILE_TEXTS[name]}"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "authentication_failed")
