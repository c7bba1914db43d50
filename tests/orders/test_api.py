import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from unittest import mock

import pytest
from django.test import Client

from fulfillment import services as fulfillment_services
from members.models import Member
from omni.kernel import clock
from omni.kernel.errors import DomainError
from omni.kernel.models import IdempotencyRecord
from omni.kernel.transactions import entry
from orders.models import Order, PaymentNotice
from tests.cast import World
from tests.factories.api import bearer, issue_key
from tests.factories.offers import CouponFactory
from tests.factories.orders import paid_order, placed_order, started_payment
from tests.orders.test_services_placing import traces
from tests.orders.wechat import Provider, new_key, payment_resource

ORDERS = "/api/v1/orders/"
NOTICES = "/callbacks/wechat/"


@pytest.fixture(autouse=True)
def _noon(now: datetime) -> Iterator[None]:
    with mock.patch.object(clock, "now", return_value=now):
        yield


@pytest.fixture
def key(world: World) -> dict[str, str]:
    return bearer(issue_key(world.brand))


def body_of(**changes: object) -> dict[str, Any]:
    body: dict[str, Any] = {
        "lines": [{"sku": "SHIRT-S", "quantity": 1, "unit_price_fen": 49900}, {"sku": "SHIRT-L", "quantity": 2}],
        "contact_name": "王小雨",
        "phone": "13800138000",
        "district_code": "310106",
        "street": "南京西路 1 号",
    }
    return body | changes


def place(client: Client, key: dict[str, str], body: object, idempotency: str = "k-1") -> tuple[int, dict[str, Any]]:
    text = body if isinstance(body, str) else json.dumps(body)
    answer = client.post(ORDERS, text, content_type="application/json", headers={**key, "Idempotency-Key": idempotency})
    return answer.status_code, answer.json()


# Placing.


def test_place_answers_with_the_order(client: Client, world: World, key: dict[str, str]) -> None:
    status, content = place(client, key, body_of())

    order = Order.objects.get()
    assert status == 201
    assert (content["number"], content["status"], content["channel"]) == (order.number, "placed", "erp")
    assert (content["charge_status"], content["fulfil_status"], content["paid_fen"]) == ("none", "none", 0)
    assert (content["goods_fen"], content["charges_fen"], content["total_fen"]) == (129700, 0, 129700)
    assert content["placed_at"] == "2026-03-16T12:00:00+08:00"
    assert [(line["sku"], line["quantity"], line["total_fen"]) for line in content["lines"]] == [
        ("SHIRT-S", 1, 49900),
        ("SHIRT-L", 2, 79800),
    ]
    assert {share["status"] for share in content["shares"]} == {"planned"}
    assert order.brand == world.brand


def test_place_repeated_with_its_key_answers_with_the_same_order(client: Client, key: dict[str, str]) -> None:
    first_status, first = place(client, key, body_of())
    again_status, again = place(client, key, body_of())

    assert (first_status, again_status) == (201, 200)
    assert first == again
    assert Order.objects.count() == 1


def test_place_with_a_used_key_and_another_body_is_refused(client: Client, key: dict[str, str]) -> None:
    place(client, key, body_of())

    status, content = place(client, key, body_of(street="南京西路 2 号"))

    assert (status, content["error"]["code"]) == (409, "idempotency_key_reused")
    assert Order.objects.count() == 1


def test_place_with_the_same_key_text_of_two_brands_are_two_orders(
    client: Client, world: World, key: dict[str, str]
) -> None:
    place(client, key, body_of())
    other = bearer(issue_key(world.other_brand))

    status, _content = place(client, other, body_of(lines=[{"sku": "SHIRT-M", "quantity": 1}]))

    assert status == 201
    assert set(Order.objects.values_list("brand", flat=True)) == {world.brand.pk, world.other_brand.pk}


def test_place_to_collect_names_the_store_by_its_code(client: Client, world: World, key: dict[str, str]) -> None:
    status, content = place(
        client,
        key,
        body_of(way="pickup", pickup_store_code="B", lines=[{"sku": "SHIRT-S", "quantity": 1}]),
    )

    assert (status, content["way"]) == (201, "pickup")
    assert [share["store_code"] for share in content["shares"]] == ["B"]


def test_place_with_a_members_coupon_shows_what_it_takes_off(
    client: Client, world: World, member: Member, key: dict[str, str]
) -> None:
    CouponFactory.create(member=member, code="CABCD-EFGHJ-KMNPQ", template__brand=world.brand)
    body = body_of(
        member_number=member.number, coupon_codes=["cabcdefghjkmnpq"], lines=[{"sku": "SHIRT-S", "quantity": 2}]
    )

    status, content = place(client, key, body)

    assert (status, content["goods_fen"], content["total_fen"]) == (201, 94800, 94800)
    (line,) = content["lines"]
    assert (line["unit_price_fen"], line["discount_fen"], line["total_fen"]) == (49900, 5000, 94800)
    assert line["adjustments"] == [
        {"kind": "coupon", "name_zh": "五十元券", "name_en": "Fifty yuan off", "amount_fen": 5000}
    ]
    assert Order.objects.get().member == member


BAD_BODIES: dict[str, tuple[object, int, str, str | None]] = {
    "malformed JSON": ('{"lines": [', 400, "malformed_json", None),
    "JSON that is not a number": ('{"lat": NaN}', 400, "malformed_json", None),
    "no object": ("[]", 400, "invalid", None),
    "nothing": ({}, 400, "required", "lines"),
    "lines that are no list": (body_of(lines={"sku": 1}), 400, "not_a_list", "lines"),
    "an empty basket": (body_of(lines=[]), 400, "empty_basket", "lines"),
    "a line without quantity": (body_of(lines=[{"sku": "SHIRT-S"}]), 400, "required", "lines.0.quantity"),
    "an unknown SKU": (body_of(lines=[{"sku": "NO", "quantity": 1}]), 400, "unknown_sku", "lines.0.sku"),
    "quantity 0": (body_of(lines=[{"sku": "SHIRT-S", "quantity": 0}]), 400, "invalid_quantity", "lines.0.quantity"),
    "quantity -1": (body_of(lines=[{"sku": "SHIRT-S", "quantity": -1}]), 400, "invalid_quantity", "lines.0.quantity"),
    "a huge quantity": (
        body_of(lines=[{"sku": "SHIRT-S", "quantity": 10**40}]),
        *(400, "invalid_quantity", "lines.0.quantity"),
    ),
    "a quantity in words": (
        body_of(lines=[{"sku": "SHIRT-S", "quantity": "two"}]),
        *(400, "invalid", "lines.0.quantity"),
    ),
    "half a unit": (body_of(lines=[{"sku": "SHIRT-S", "quantity": 1.5}]), 400, "invalid", "lines.0.quantity"),
    "a quantity that is true": (
        body_of(lines=[{"sku": "SHIRT-S", "quantity": True}]),
        *(400, "invalid", "lines.0.quantity"),
    ),
    "a changed price": (
        body_of(lines=[{"sku": "SHIRT-S", "quantity": 1, "unit_price_fen": 100}]),
        *(409, "price_changed", "lines.0.unit_price_fen"),
    ),
    "a member of nobody": (body_of(member_number="M-1"), 400, "unknown_member", "member_number"),
    "a coupon of nobody": (body_of(coupon_codes=["C-1"]), 400, "coupon_not_usable", "coupon_codes"),
    "coupons that are no list": (body_of(coupon_codes="C-1"), 400, "not_a_list", "coupon_codes"),
    "a point off the earth": (body_of(lat=123.0, lng=0.0), 400, "invalid_point", "lat"),
    "a point beyond all numbers": (
        json.dumps(body_of(lng=0.0)).replace('"lng": 0.0', '"lng": 1e999, "lat": 1'),
        *(400, "invalid", "lng"),
    ),
    "a district that does not exist": (body_of(district_code="999999"), 400, "unknown_district", "district_code"),
    "an emoji-only name": (body_of(contact_name="🌸"), 400, "invalid_name", "contact_name"),
    "an endless name": (body_of(contact_name="李" * 200_000), 400, "max_length", "contact_name"),
    "an impossible phone": (body_of(phone="007"), 400, "invalid_phone", "phone"),
    "an unknown way": (body_of(way="drone"), 400, "invalid_choice", "way"),
    "another brand's store": (
        body_of(way="pickup", pickup_store_code="ZZ"),
        *(400, "unknown_pickup_store", "pickup_store_code"),
    ),
    "more than there is": (
        body_of(lines=[{"sku": "SHIRT-L", "quantity": 99}]),
        *(409, "cannot_reserve_stock", "lines.0"),
    ),
}


@pytest.mark.parametrize("case", BAD_BODIES)
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_place_with_a_bad_body_names_the_field_and_leaves_nothing(
    client: Client, world: World, key: dict[str, str], case: str, language: str
) -> None:
    body, status, code, field = BAD_BODIES[case]
    before = traces()

    answer = place(client, {**key, "Accept-Language": language}, body)

    error = answer[1]["error"]
    assert (answer[0], error["code"], error["field"]) == (status, code, field)
    assert error["message"]
    assert traces() == before
    assert IdempotencyRecord.objects.count() == 0


def test_place_without_an_idempotency_key_is_refused(client: Client, key: dict[str, str]) -> None:
    status, content = place(client, key, body_of(), idempotency="")

    assert (status, content["error"]["field"]) == (400, "idempotency_key")
    assert Order.objects.count() == 0


def test_place_without_a_key_is_refused(client: Client, world: World) -> None:
    status, content = place(client, {}, body_of())

    assert (status, content["error"]["code"]) == (401, "not_authenticated")


def test_place_without_the_scope_is_refused(client: Client, world: World) -> None:
    status, content = place(client, bearer(issue_key(world.brand, ["orders:read"])), body_of())

    assert (status, content["error"]["code"]) == (403, "permission_denied")
    assert Order.objects.count() == 0


# Reading and cancelling.


def test_read_shows_what_is_derived(client: Client, world: World, key: dict[str, str]) -> None:
    order = paid_order(world, ("S", 1))

    answer = client.get(f"{ORDERS}{order.number}/", headers=key)

    content = answer.json()
    assert answer.status_code == 200
    assert (content["status"], content["charge_status"], content["paid_fen"]) == ("paid", "full", 49900)
    assert content["paid_at"] == "2026-03-16T12:01:00+08:00"
    assert "王小雨" not in answer.content.decode()


@pytest.mark.parametrize("number", ["O2222-22222-22222", "x", "%00", "O" * 500])
def test_read_of_an_unknown_order_is_not_found(client: Client, key: dict[str, str], number: str) -> None:
    answer = client.get(f"{ORDERS}{number}/", headers=key)

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_read_of_another_brands_order_is_not_found(client: Client, world: World) -> None:
    order = placed_order(world)

    answer = client.get(f"{ORDERS}{order.number}/", headers=bearer(issue_key(world.other_brand)))

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    assert order.number not in answer.content.decode()


def test_read_without_the_scope_is_refused(client: Client, world: World) -> None:
    order = placed_order(world)

    answer = client.get(f"{ORDERS}{order.number}/", headers=bearer(issue_key(world.brand, ["orders:write"])))

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "permission_denied")
    assert order.number not in answer.content.decode()


def cancel(client: Client, key: dict[str, str], order: Order, body: str = "{}") -> tuple[int, dict[str, Any]]:
    answer = client.post(f"{ORDERS}{order.number}/cancel/", body, content_type="application/json", headers=key)
    return answer.status_code, answer.json()


def test_cancel_of_an_unpaid_order_ends_it(client: Client, world: World, key: dict[str, str]) -> None:
    order = placed_order(world)

    status, content = cancel(client, key, order, '{"reason": "out of season"}')

    order.refresh_from_db()
    assert (status, content["status"], order.cancel_reason) == (200, "cancelled", "out of season")


def test_cancel_again_changes_nothing(client: Client, world: World, key: dict[str, str]) -> None:
    order = paid_order(world)

    first, second = cancel(client, key, order), cancel(client, key, order)

    assert (first[0], second[0]) == (200, 200)
    assert first[1]["status"] == second[1]["status"] == "cancel_requested"


def test_cancel_of_an_expired_order_is_refused(client: Client, world: World, key: dict[str, str]) -> None:
    order = placed_order(world)
    Order.objects.update(status="expired")

    status, content = cancel(client, key, order)

    assert (status, content["error"]["code"]) == (409, "order_not_cancellable")


def test_cancel_of_what_was_delivered_a_moment_ago_is_refused(
    client: Client, world: World, key: dict[str, str]
) -> None:
    order = paid_order(world)
    with entry():
        fulfillment_services.request_cancel(order.fulfillment_id, actor="x", now=order.placed_at)

    status, content = cancel(client, key, order)

    order.refresh_from_db()
    assert (status, content["error"]["code"], order.status) == (409, "fulfillment_finished", "paid")


@pytest.mark.parametrize("body", ["{", "[]", '{"reason": 7e', '{"reason": "' + "x" * 121 + '"}'])
def test_cancel_with_a_bad_body_is_refused(client: Client, world: World, key: dict[str, str], body: str) -> None:
    order = placed_order(world)

    status, _content = cancel(client, key, order, body)

    order.refresh_from_db()
    assert (status, order.status) == (400, "placed")


def test_cancel_without_the_scope_is_refused(client: Client, world: World) -> None:
    order = placed_order(world)

    status, _content = cancel(client, bearer(issue_key(world.brand, ["orders:read"])), order)

    order.refresh_from_db()
    assert (status, order.status) == (403, "placed")


# The address of notices.


def notify(client: Client, provider: Provider, body: bytes, at: datetime) -> tuple[int, bytes]:
    answer = client.post(NOTICES, body, content_type="application/json", headers=provider.sign(body, at))
    return answer.status_code, answer.content


def test_notice_of_a_payment_is_taken_without_a_body(client: Client, world: World, now: datetime) -> None:
    order = placed_order(world)
    provider = Provider()
    body = provider.notice(payment_resource(started_payment(order, now).out_trade_no, 49900))

    first, second = notify(client, provider, body, now), notify(client, provider, body, now)

    order.refresh_from_db()
    assert (first, second, order.status) == ((204, b""), (204, b""), "paid")


def test_notice_works_with_csrf_checks_on(world: World, now: datetime) -> None:
    provider = Provider()
    body = provider.notice(payment_resource("P-NOBODYS", 1))

    assert notify(Client(enforce_csrf_checks=True), provider, body, now)[0] == 204


def test_forged_notice_is_unauthorised_and_leaves_no_trace(client: Client, world: World, now: datetime) -> None:
    order = placed_order(world)
    forger = Provider(key=new_key("forger"))
    body = forger.notice(payment_resource(started_payment(order, now).out_trade_no, 49900))

    status, content = notify(client, forger, body, now)

    order.refresh_from_db()
    assert (status, json.loads(content)) == (401, {"code": "FAIL", "message": "wrong signature"})
    assert (order.status, PaymentNotice.objects.count()) == ("placed", 0)


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"not json", b"{}", b"[]", b"0" * 100_000])
def test_unsigned_rubbish_is_unauthorised(client: Client, world: World, body: bytes) -> None:
    answer = client.post(NOTICES, body, content_type="application/json")

    assert (answer.status_code, PaymentNotice.objects.count()) == (401, 0)


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"not json", b"{}", b"[]"])
def test_signed_rubbish_is_a_bad_request(client: Client, world: World, now: datetime, body: bytes) -> None:
    assert (notify(client, Provider(), body, now)[0], PaymentNotice.objects.count()) == (400, 0)


def test_notice_that_meets_a_lock_must_come_again(client: Client, world: World, now: datetime) -> None:
    provider = Provider()
    body = provider.notice(payment_resource("P-1", 1))

    with mock.patch("orders.services.drive_notice", side_effect=DomainError("busy")):
        assert notify(client, provider, body, now)[0] == 503

    assert PaymentNotice.objects.count() == 0


def test_notice_by_get_is_not_allowed(client: Client, world: World) -> None:
    answer = client.get(NOTICES)
    assert (answer.status_code, answer["Allow"], PaymentNotice.objects.count()) == (405, "POST", 0)
