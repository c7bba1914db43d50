import json
import re
import socket
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django import Settings
from wechatpayv3.utils import aes_decrypt, load_public_key, rsa_verify

from omni.kernel import clock
from omni.kernel.numbers import public_number
from orders.clients import (
    NoticeRejected,
    ProviderRefused,
    ProviderUnreachable,
    WeChatPayClient,
    wechat_pay,
)
from tests.orders.wechat import Provider, new_key, payment_resource, public_pem, refund_resource
from tests.sandbox.fixture import SandboxProcess, wait_for
from tests.sandbox.merchant import Merchant
from tests.sandbox.receiver import Receiver

NOW = datetime(2026, 3, 16, 4, 1, 5, tzinfo=UTC)


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
def client(provider: Provider) -> WeChatPayClient:
    return WeChatPayClient(provider.settings)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        yield server


@pytest.fixture
def live(sandbox: SandboxProcess, receiver: Receiver) -> WeChatPayClient:
    """Return a client of the sandbox that has notices sent to the receiver."""
    sandbox.reset()
    return WeChatPayClient(sandbox.credentials["wechat"] | {"notify_url": receiver.url})


def in_an_hour() -> datetime:
    return clock.now() + timedelta(hours=1)


def open_payment(client: WeChatPayClient, amount_fen: int = 19900) -> str:
    number = public_number("P")
    client.create_native(number, amount_fen=amount_fen, description="O-1", expires_at=in_an_hour())
    return number


# Requests and answers, against the sandbox.


def test_a_payment_is_opened_paid_and_queried(sandbox: SandboxProcess, live: WeChatPayClient) -> None:
    number = public_number("P")
    expires_at = in_an_hour()
    code_url = live.create_native(number, amount_fen=19900, description="订单", expires_at=expires_at)
    again = live.create_native(number, amount_fen=19900, description="订单", expires_at=expires_at)
    before = live.query(number)
    sandbox.pay(number)
    after = live.query(number)

    assert code_url == again
    assert code_url.startswith(sandbox.base_url)
    assert (before.state, before.paid_at, before.transaction_id) == ("NOTPAY", None, "")
    assert (after.state, after.out_trade_no, after.mchid, after.appid) == ("SUCCESS", number, live.mchid, live.appid)
    assert (after.amount_fen, after.currency) == (19900, "CNY")
    assert after.paid_at is not None
    assert abs(after.paid_at - clock.now()) < timedelta(minutes=1)
    assert after.transaction_id


def test_a_closed_payment_stays_closed(live: WeChatPayClient) -> None:
    number = open_payment(live)

    live.close(number)

    assert live.query(number).state == "CLOSED"
    with pytest.raises(ProviderRefused) as caught:
        live.close(number)
    assert caught.value.code == "ORDER_CLOSED"


def test_close_of_a_paid_payment_is_refused(sandbox: SandboxProcess, live: WeChatPayClient) -> None:
    number = open_payment(live)
    sandbox.pay(number)

    with pytest.raises(ProviderRefused) as caught:
        live.close(number)

    assert caught.value.code == "ORDERPAID"


def test_query_of_an_unknown_payment_is_refused(live: WeChatPayClient) -> None:
    with pytest.raises(ProviderRefused) as caught:
        live.query(public_number("P"))

    assert caught.value.code == "ORDER_NOT_EXIST"


def test_a_refund_is_one_however_often_it_is_asked_for(sandbox: SandboxProcess, live: WeChatPayClient) -> None:
    number, refund_no = open_payment(live), public_number("R")
    sandbox.pay(number)
    order: dict[str, Any] = {"out_trade_no": number, "amount_fen": 900, "paid_fen": 19900, "reason": "O-1"}
    first = live.refund(refund_no, **order)
    second = live.refund(refund_no, **order)
    sandbox.clock(advance_s=60)
    wait_for(lambda: live.query_refund(refund_no).status == "SUCCESS")
    third = live.query_refund(refund_no)

    assert (first.status, first.amount_fen, first.out_trade_no) == ("PROCESSING", 900, number)
    assert second.refund_id == first.refund_id == third.refund_id
    assert third.refunded_at is not None
    with pytest.raises(ProviderRefused) as caught:
        live.refund(public_number("R"), **(order | {"amount_fen": 19900}))
    assert caught.value.code == "INVALID_REQUEST"


@pytest.mark.parametrize("fault", ["http_500", "forge_answer"])
def test_an_answer_that_cannot_be_believed_leaves_the_outcome_unknown(
    sandbox: SandboxProcess, live: WeChatPayClient, fault: str
) -> None:
    number = open_payment(live)
    sandbox.fault("wechat", **{fault: 1 if fault == "http_500" else True})
    try:
        with pytest.raises(ProviderUnreachable):
            live.query(number)
    finally:
        sandbox.clear_faults("wechat")


def test_no_answer_at_all_leaves_the_outcome_unknown(provider: Provider) -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        client = WeChatPayClient(provider.settings | {"base_url": address})

        with pytest.raises(ProviderUnreachable):
            client.query(public_number("P"))


def test_a_slow_answer_leaves_the_outcome_unknown(
    sandbox: SandboxProcess, live: WeChatPayClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orders.clients.wechat.TIMEOUT", (1.0, 0.2))
    number = open_payment(live)
    sandbox.fault("wechat", timeout=1)

    with pytest.raises(ProviderUnreachable):
        live.query(number)


def test_a_request_is_signed_as_another_implementation_expects(client: WeChatPayClient) -> None:
    path, body = "/v3/pay/transactions/native?x=1", '{"mchid":"1900000001"}'

    headers = client._headers("POST", path, body.encode())

    scheme, _space, rest = headers["Authorization"].partition(" ")
    parts = dict(re.findall(r'(\w+)="([^"]*)"', rest))
    assert scheme == "WECHATPAY2-SHA256-RSA2048"
    assert (parts["mchid"], parts["serial_no"]) == ("1900000001", "MERCHANT1")
    # That implementation joins its three texts by line feeds: method, then address with time and nonce, then body.
    middle = "\n".join([path, parts["timestamp"], parts["nonce_str"]])
    assert rsa_verify("POST", middle, body, parts["signature"], load_public_key(public_pem(new_key("merchant"))))


# Notices.


def test_a_notice_of_the_sandbox_reads_as_another_implementation_reads_it(
    sandbox: SandboxProcess, live: WeChatPayClient, receiver: Receiver
) -> None:
    number = open_payment(live, 700)
    sandbox.pay(number)
    received = receiver.wait()[0]

    ours = live.read_notice(received.headers, received.body, now=clock.now())
    theirs = Merchant(sandbox, receiver.url).open(received)

    assert ours.payment is not None
    assert theirs is not None
    assert (ours.event_id, ours.event_type) == (theirs["id"], theirs["event_type"])
    assert ours.payment.out_trade_no == theirs["resource"]["out_trade_no"] == number
    assert ours.payment.transaction_id == theirs["resource"]["transaction_id"]
    assert ours.payment.amount_fen == theirs["resource"]["amount"]["total"] == 700


def test_a_notice_made_here_reads_as_another_implementation_reads_it(provider: Provider) -> None:
    body = json.loads(provider.notice({"out_trade_no": "支付"}))["resource"]

    plain = aes_decrypt(body["nonce"], body["ciphertext"], body["associated_data"], provider.apiv3_key)

    assert json.loads(plain) == {"out_trade_no": "支付"}


@pytest.mark.parametrize(("serial", "key"), [("PUB_KEY_ID_1", "platform"), ("PUB_KEY_ID_2", "next platform")])
def test_a_notice_under_either_of_two_keys_is_read(client: WeChatPayClient, serial: str, key: str) -> None:
    provider = Provider(serial=serial, key=new_key(key))
    body = provider.notice(payment_resource("P-1", 100))

    notice = client.read_notice(provider.sign(body, NOW), body, now=NOW)

    assert notice.payment is not None
    assert notice.payment.paid_at == datetime(2026, 3, 16, 4, 1, tzinfo=UTC)
    assert (notice.payment.amount_fen, notice.refund) == (100, None)


def test_a_notice_of_a_refund_is_read(client: WeChatPayClient, provider: Provider) -> None:
    body = provider.notice(refund_resource("R-1", "P-1", 100), event_type="REFUND.SUCCESS")

    notice = client.read_notice(provider.sign(body, NOW), body, now=NOW)

    assert notice.payment is None
    assert notice.refund is not None
    assert (notice.refund.out_refund_no, notice.refund.status, notice.refund.mchid) == ("R-1", "SUCCESS", "1900000001")


def test_a_notice_of_another_kind_is_read_without_content(client: WeChatPayClient, provider: Provider) -> None:
    body = provider.notice({"any": "thing"}, event_type="COUPON.USE")

    notice = client.read_notice(provider.sign(body, NOW), body, now=NOW)

    assert (notice.event_type, notice.payment, notice.refund) == ("COUPON.USE", None, None)


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_a_notice_within_five_minutes_is_read(client: WeChatPayClient, provider: Provider, seconds: int) -> None:
    body = provider.notice(payment_resource("P-1", 100))

    assert client.read_notice(provider.sign(body, NOW + timedelta(seconds=seconds)), body, now=NOW).payment


def test_header_names_are_read_in_any_case(client: WeChatPayClient, provider: Provider) -> None:
    body = provider.notice(payment_resource("P-1", 100))
    headers = {name.upper(): text for name, text in provider.sign(body, NOW).items()}

    assert client.read_notice(headers, body, now=NOW).event_id == "EV-1"


def rejected(client: WeChatPayClient, headers: dict[str, str], body: bytes) -> tuple[int, str]:
    with pytest.raises(NoticeRejected) as caught:
        client.read_notice(headers, body, now=NOW)
    return caught.value.status, str(caught.value)


@pytest.mark.parametrize("seconds", [-301, 301, -30 * 24 * 3600])
def test_a_stale_notice_is_rejected(client: WeChatPayClient, provider: Provider, seconds: int) -> None:
    body = provider.notice(payment_resource("P-1", 100))
    headers = provider.sign(body, NOW + timedelta(seconds=seconds))

    assert rejected(client, headers, body) == (401, "stale timestamp")


def test_a_forged_notice_is_rejected(client: WeChatPayClient) -> None:
    forger = Provider(key=new_key("forger"))
    body = forger.notice(payment_resource("P-1", 100))

    assert rejected(client, forger.sign(body, NOW), body) == (401, "wrong signature")


def test_a_tampered_notice_is_rejected(client: WeChatPayClient, provider: Provider) -> None:
    body = provider.notice(payment_resource("P-1", 100))
    headers = provider.sign(body, NOW)

    assert rejected(client, headers, body.replace(b"EV-1", b"EV-2")) == (401, "wrong signature")
    assert rejected(client, headers | {"Wechatpay-Nonce": "other"}, body) == (401, "wrong signature")
    later = {"Wechatpay-Timestamp": str(int(NOW.timestamp()) + 1)}
    assert rejected(client, headers | later, body) == (401, "wrong signature")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"Wechatpay-Serial": "PUB_KEY_ID_9"}, "unknown serial"),
        ({"Wechatpay-Serial": ""}, "unknown serial"),
        ({"Wechatpay-Timestamp": ""}, "stale timestamp"),
        ({"Wechatpay-Timestamp": "soon"}, "stale timestamp"),
        ({"Wechatpay-Timestamp": "²"}, "stale timestamp"),
        ({"Wechatpay-Signature": "WECHATPAY/SIGNTEST/abc"}, "wrong signature"),
        ({"Wechatpay-Signature": "%%%"}, "wrong signature"),
        ({"Wechatpay-Signature": ""}, "wrong signature"),
        ({"Wechatpay-Signature-Type": "SM2"}, "unknown kind of signature"),
    ],
)
def test_a_notice_with_a_bad_header_is_rejected(
    client: WeChatPayClient, provider: Provider, change: dict[str, str], problem: str
) -> None:
    body = provider.notice(payment_resource("P-1", 100))

    assert rejected(client, provider.sign(body, NOW) | change, body) == (401, problem)


def test_a_notice_without_headers_is_rejected(client: WeChatPayClient) -> None:
    assert rejected(client, {}, b"{}") == (401, "unknown serial")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b"{}",
        b'{"id": 1}',
        b'{"id": "E", "event_type": "TRANSACTION.SUCCESS", "resource": []}',
        b"\xff",
    ],
)
def test_a_signed_body_that_is_no_notice_is_rejected(client: WeChatPayClient, provider: Provider, body: bytes) -> None:
    status, problem = rejected(client, provider.sign(body, NOW), body)

    assert status == 400
    assert problem.startswith("unreadable")


def test_a_notice_encrypted_under_another_key_is_rejected(client: WeChatPayClient) -> None:
    stranger = Provider(apiv3_key="x" * 32)
    body = stranger.notice(payment_resource("P-1", 100))

    assert rejected(client, stranger.sign(body, NOW), body) == (400, "unreadable: InvalidTag")


@pytest.mark.parametrize(
    "change",
    [
        {"out_trade_no": None},
        {"out_trade_no": "P\x00"},
        {"trade_state": 7},
        {"success_time": "yesterday"},
        {"success_time": "2026-03-16T12:00:00"},
        {"amount": [1]},
    ],
)
def test_a_notice_with_an_impossible_field_is_rejected(
    client: WeChatPayClient, provider: Provider, change: dict[str, Any]
) -> None:
    body = provider.notice(payment_resource("P-1", 100) | change)

    assert rejected(client, provider.sign(body, NOW), body)[0] == 400


@pytest.mark.parametrize("amount", [{}, {"total": "100"}, {"total": 1.5}, {"total": True}, None])
def test_an_amount_that_is_no_whole_number_is_none(client: WeChatPayClient, provider: Provider, amount: object) -> None:
    body = provider.notice(payment_resource("P-1", 100) | {"amount": amount})

    notice = client.read_notice(provider.sign(body, NOW), body, now=NOW)

    assert notice.payment is not None
    assert notice.payment.amount_fen is None


def test_wechat_pay_reads_its_keys_once(provider: Provider, settings: Settings) -> None:
    settings.WECHAT_PAY = provider.settings

    assert wechat_pay() is wechat_pay()
    settings.WECHAT_PAY = provider.settings | {"mchid": "1900000002"}
    assert wechat_pay().mchid == "1900000002"
