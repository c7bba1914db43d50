import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import LazySettings
from standardwebhooks import Webhook

from fulfillment.choices import DeliveryState
from fulfillment.clients import (
    CallbackNotAuthentic,
    CancelQuote,
    Carriage,
    CourierClient,
    CourierRefused,
    CourierReport,
    CourierUnreachable,
    Place,
    courier,
)
from fulfillment.clients.carrier import read_answer
from omni.kernel.errors import InvalidInput
from tests.courier import Callbacks
from tests.sandbox.fixture import SandboxProcess
from tests.sandbox.receiver import Receiver

STORE = Place("壹号静安店", "021-12345678", "南京西路 1 号", 31.2290, 121.4480)
FLAT = Place("王小雨", "+8613800138000", "愚园路 2 号", 31.2180, 121.4400)
FAR = Place("", "", "", 39.9, 116.4)
SECRET = "whsec_" + "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"
FACTS = {"delivery_id": "D1", "external_id": "F-1", "seq": 3, "state": "ASSIGNED"}


@pytest.fixture
def client(company: SandboxProcess) -> CourierClient:
    return CourierClient.from_settings()


@pytest.fixture
def stub() -> Iterator[tuple[CourierClient, Receiver]]:
    """A company that answers whatever status is asked for, with an empty body."""
    with Receiver() as receiver:
        yield CourierClient(
            base_url=receiver.url, api_key="k", webhook_secret=SECRET, callback_url="http://x/"
        ), receiver  # fmt: skip


def create(client: CourierClient, external_id: str = "F-1", *, offer_id: str = "") -> CourierReport:
    offer_id = offer_id or client.quote(STORE, FLAT)[0].offer_id
    return client.create(Carriage(external_id, STORE, FLAT, offer_id=offer_id, pickup_code="123456"))


def test_quote_in_reach_gives_offers(client: CourierClient) -> None:
    offers = client.quote(STORE, FLAT)

    assert [(offer.fee_fen, offer.eta_minutes > 10, bool(offer.offer_id)) for offer in offers] == [(600, True, True)]


def test_quote_out_of_reach_is_refused_with_the_courier_s_code(client: CourierClient) -> None:
    with pytest.raises(CourierRefused) as refusal:
        client.quote(STORE, FAR)

    assert (refusal.value.code, refusal.value.status) == ("out_of_reach", 422)


def test_quote_tells_nobody_s_name_or_phone(client: CourierClient, company: SandboxProcess) -> None:
    client.quote(STORE, FLAT)

    asked = json.loads(company.log("courier", "call")[-1]["detail"]["request"])
    assert asked == {"from": {"lat": 31.229, "lng": 121.448}, "to": {"lat": 31.218, "lng": 121.44}}


def test_create_sends_code_places_and_callback(
    client: CourierClient, callbacks: Callbacks, company: SandboxProcess
) -> None:
    report = create(client)

    assert (report.state, report.external_id, report.assignment, report.fee_fen) == (
        DeliveryState.CREATED,
        "F-1",
        1,
        600,
    )
    sent = json.loads(company.log("courier", "call", "F-1")[-1]["detail"]["request"])
    assert (sent["pickup_code"], sent["callback_url"]) == ("123456", callbacks.url)
    assert sent["to"] == {
        "name": "王小雨", "phone": "+8613800138000", "address": "愚园路 2 号", "lat": 31.218, "lng": 121.44,
    }  # fmt: skip


def test_create_twice_returns_the_same_delivery(client: CourierClient) -> None:
    offer_id = client.quote(STORE, FLAT)[0].offer_id

    first, second = create(client, offer_id=offer_id), create(client, offer_id=offer_id)

    assert first.delivery_id == second.delivery_id


def test_create_of_a_known_delivery_under_another_key_takes_the_existing_body(
    client: CourierClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = create(client)
    call = CourierClient._call

    def without_key(
        self: CourierClient,
        method: str,
        path: str,
        body: dict[str, object] | None = None,
        *,
        idempotency_key: str = "",
        existing_is_fine: bool = False,
    ) -> object:
        return call(self, method, path, body, existing_is_fine=existing_is_fine)

    monkeypatch.setattr(CourierClient, "_call", without_key)

    assert create(client).delivery_id == first.delivery_id


def test_delivery_goes_from_code_to_door(client: CourierClient, company: SandboxProcess) -> None:
    delivery_id = create(client).delivery_id
    company.advance(delivery_id, "AT_STORE")
    with pytest.raises(CourierRefused) as refusal:
        client.pickup(delivery_id, code="000000")
    assert refusal.value.code == "wrong_code"

    client.send_code(delivery_id, code="654321")
    assert client.pickup(delivery_id, code="654321").state == DeliveryState.PICKED_UP
    company.advance(delivery_id, "DELIVERED")

    report = client.get(delivery_id)
    assert (report.state, report.courier_lat, report.courier_lng) == (DeliveryState.DELIVERED, 31.218, 121.44)
    assert (bool(report.courier_name), "****" in report.courier_phone_masked) == (True, True)


def test_cancel_before_and_after_the_pickup(client: CourierClient, company: SandboxProcess) -> None:
    first, second = create(client, "F-1").delivery_id, create(client, "F-2").delivery_id
    company.advance(second, "IN_TRANSIT")

    assert client.cancel_quote(first) == CancelQuote(is_allowed=True, fee_fen=0)
    assert client.cancel(first, reason="order cancelled").state == DeliveryState.CANCELLED
    assert client.cancel(first, reason="order cancelled").state == DeliveryState.CANCELLED
    assert client.cancel_quote(second).is_allowed is False
    with pytest.raises(CourierRefused) as refusal:
        client.cancel(second, reason="order cancelled")
    assert refusal.value.code == "cannot_cancel"


def test_confirm_return_of_goods_that_came_back(client: CourierClient, company: SandboxProcess) -> None:
    delivery_id = create(client).delivery_id
    company.advance(delivery_id, "RETURNED")

    report = client.confirm_return(delivery_id)

    assert (report.state, report.reason) == (DeliveryState.RETURN_CONFIRMED, "REFUSED")


def test_get_of_an_unknown_delivery_is_refused(client: CourierClient) -> None:
    with pytest.raises(CourierRefused) as refusal:
        client.get("../../etc/passwd")

    assert refusal.value.code == "not_found"


@pytest.mark.parametrize("status", [302, 408, 500, 503])
def test_answer_that_is_no_answer_leaves_the_outcome_open(stub: tuple[CourierClient, Receiver], status: int) -> None:
    client, company = stub
    company.statuses.append(status)

    with pytest.raises(CourierUnreachable):
        client.confirm_return("D1")


def test_good_answer_without_json_leaves_the_outcome_open(stub: tuple[CourierClient, Receiver]) -> None:
    with pytest.raises(CourierUnreachable):
        stub[0].cancel_quote("D1")


def test_nobody_listening_leaves_the_outcome_open() -> None:
    client = CourierClient(base_url="http://127.0.0.1:9", api_key="k", webhook_secret=SECRET, callback_url="http://x/")

    with pytest.raises(CourierUnreachable):
        client.get("D1")


def test_timeout_leaves_the_outcome_open(
    client: CourierClient, company: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fulfillment.clients.carrier.ANSWER_SECONDS", 0.3)
    company.fault("courier", timeout=1, operation="create")

    with pytest.raises(CourierUnreachable):
        create(client)


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {},
        FACTS | {"state": "FLYING"},
        FACTS | {"state": "requested"},
        FACTS | {"state": "REQUESTED"},
        FACTS | {"seq": -1},
        FACTS | {"seq": True},
        FACTS | {"fee_fen": "6"},
        FACTS | {"fee_fen": 10**12},
        FACTS | {"eta_at": "tomorrow"},
        FACTS | {"eta_at": "2026-03-16T12:00:00"},
        FACTS | {"eta_at": 7},
        FACTS | {"delivery_id": ""},
        FACTS | {"external_id": "x" * 41},
    ],
)
def test_answer_that_is_not_understood_leaves_the_outcome_open(answer: object) -> None:
    with pytest.raises(CourierUnreachable):
        read_answer(courier._report, answer)


def test_report_takes_impossible_positions_as_unknown() -> None:
    report = courier._report(FACTS | {"position": {"lat": math.inf, "lng": "east"}, "courier": "Wang"})

    assert (report.courier_lat, report.courier_lng, report.courier_name) == (None, None, "")


# Callbacks


@pytest.fixture
def receiving() -> CourierClient:
    return CourierClient(base_url="http://x", api_key="k", webhook_secret=SECRET, callback_url="http://x/")


def signed(
    body: object, *, message_id: str = "msg_1", secret: str = SECRET, age: timedelta = timedelta()
) -> tuple[dict[str, str], bytes]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    at = datetime.now(UTC) - age
    signature = Webhook(secret).sign(message_id, at, raw.decode(errors="replace"))
    headers = {
        "Webhook-Id": message_id, "Webhook-Timestamp": str(int(at.timestamp())), "Webhook-Signature": signature,
    }  # fmt: skip
    return headers, raw


def event(**data: object) -> dict[str, object]:
    return {"type": "delivery.updated", "data": FACTS | data}


def test_callback_properly_signed_is_read(receiving: CourierClient) -> None:
    parsed = receiving.parse_callback(*signed(event(attempt=2, reason="COURIER_DROPPED_OUT")))

    assert (parsed.message_id, parsed.body["data"]["seq"]) == ("msg_1", 3)
    report = parsed.report
    assert (report.state, report.assignment, report.reason) == (DeliveryState.ASSIGNED, 2, "COURIER_DROPPED_OUT")


def test_callback_without_a_courier_company_is_refused(settings: LazySettings) -> None:
    settings.COURIER = {"base_url": "", "api_key": "", "webhook_secret": "", "callback_url": ""}

    with pytest.raises(CallbackNotAuthentic):
        CourierClient.from_settings().parse_callback(*signed(event()))


@pytest.mark.parametrize("minutes", [-6, 6, 60 * 24 * 30])
def test_callback_older_or_newer_than_five_minutes_is_refused(receiving: CourierClient, minutes: int) -> None:
    with pytest.raises(CallbackNotAuthentic):
        receiving.parse_callback(*signed(event(), age=timedelta(minutes=minutes)))


@pytest.mark.parametrize(
    "change",
    [
        {"Webhook-Signature": "v1,AAAA"},
        {"Webhook-Signature": "nonsense"},
        {"Webhook-Signature": "v1,é"},
        {"Webhook-Signature": "v1,not base64 at all!"},
        {"Webhook-Signature": ""},
        {"Webhook-Id": "msg_2"},
        {"Webhook-Id": ""},
        {"Webhook-Timestamp": "nan"},
        {"Webhook-Timestamp": "later"},
        {"Webhook-Timestamp": "9" * 400},
    ],
)
def test_callback_with_a_changed_header_is_refused(receiving: CourierClient, change: dict[str, str]) -> None:
    headers, raw = signed(event())

    with pytest.raises(CallbackNotAuthentic):
        receiving.parse_callback(headers | change, raw)


def test_callback_with_a_changed_body_or_secret_is_refused(receiving: CourierClient) -> None:
    headers, raw = signed(event())
    with pytest.raises(CallbackNotAuthentic):
        receiving.parse_callback(headers, raw.replace(b"ASSIGNED", b"PICKED_UP"))
    with pytest.raises(CallbackNotAuthentic):
        receiving.parse_callback({}, raw)
    with pytest.raises(CallbackNotAuthentic):
        receiving.parse_callback(headers, b"\xff\xfe")

    with pytest.raises(CallbackNotAuthentic):
        receiving.parse_callback(*signed(event(), secret="whsec_" + "b3RoZXItb3RoZXItb3RoZXItb3RoZXI="))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{", "body"),
        (b"", "body"),
        (b"[" * 100_000, "body"),
        (b"[]", "body"),
        (b'{"type": "delivery.updated", "data": {"a": NaN}}', "body"),
        (b'{"type": "delivery.updated", "data": {"a": 1e999}}', "body"),
        (b'{"type": "delivery.updated", "data": {"a": "\\u0000"}}', "body"),
        (b'{"type": "delivery.updated", "data": {"a": "\\ud800"}}', "body"),
        ({"type": "delivery.deleted"}, "type"),
        ({"type": "delivery.updated"}, "data.body"),
        ({"type": "delivery.updated", "data": []}, "data.body"),
        (event(state="FLYING"), "data.state"),
        (event(seq="3"), "data.seq"),
        (event(external_id=None), "data.external_id"),
    ],
)
def test_callback_authentic_but_malformed_names_the_field(receiving: CourierClient, body: object, field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        receiving.parse_callback(*signed(body))

    assert refusal.value.field == field


def test_callback_with_an_endless_id_is_refused(receiving: CourierClient) -> None:
    with pytest.raises(InvalidInput) as refusal:
        receiving.parse_callback(*signed(event(), message_id="m" * 81))

    assert refusal.value.field == "webhook-id"
