import time
from datetime import UTC, datetime, timedelta

import pytest
import requests

from tests.sandbox.fixture import SandboxProcess
from tests.sandbox.merchant import Merchant
from tests.sandbox.receiver import Receiver


@pytest.fixture
def merchant(sandbox: SandboxProcess, receiver: Receiver) -> Merchant:
    return Merchant(sandbox, receiver.url)


def test_prepay_repeated_gives_the_same_code_url(sandbox: SandboxProcess, merchant: Merchant) -> None:
    status, first = merchant.prepay("ORDER-0001")

    assert status == 200
    assert first["code_url"].startswith(f"{sandbox.base_url}/wallet/pay/")
    assert merchant.prepay("ORDER-0001") == (200, first)


@pytest.mark.parametrize("change", [{"total": 19901}, {"description": "另一件"}, {"attach": "x"}])
def test_prepay_with_other_parameters_is_refused(merchant: Merchant, change: dict[str, object]) -> None:
    merchant.prepay("ORDER-0001")

    status, error = merchant.prepay("ORDER-0001", **change)  # type: ignore[arg-type]

    assert (status, error["code"]) == (403, "OUT_TRADE_NO_USED")
    assert merchant.query("ORDER-0001")[1]["amount"] == {"total": 19900, "currency": "CNY"}


@pytest.mark.parametrize(
    ("number", "change"),
    [
        ("SHORT", {}),
        ("ORDER 0001", {}),
        ("X" * 33, {}),
        ("ORDER-0001", {"total": 0}),
        ("ORDER-0001", {"total": -1}),
        ("ORDER-0001", {"total": 1.5}),
        ("ORDER-0001", {"total": True}),
        ("ORDER-0001", {"description": "长" * 128}),
        ("ORDER-0001", {"time_expire": "tomorrow"}),
        ("ORDER-0001", {"time_expire": "2020-01-01T00:00:00+08:00"}),
        ("ORDER-0001", {"time_expire": "2099-01-01T00:00:00"}),
        ("ORDER-0001", {"notify_url": "ftp://example.com"}),
        ("ORDER-0001", {"notify_url": "http://example.com/?a=1"}),
    ],
)
def test_prepay_with_a_bad_parameter_is_refused(merchant: Merchant, number: str, change: dict[str, object]) -> None:
    status, error = merchant.prepay(number, **change)  # type: ignore[arg-type]

    assert (status, error["code"]) == (400, "PARAM_ERROR")
    assert merchant.query("ORDER-0001")[1]["code"] == "ORDER_NOT_EXIST"


def test_prepay_for_another_app_is_refused(merchant: Merchant) -> None:
    status, error = merchant.prepay("ORDER-0001", appid="wxotherotherother")

    assert (status, error["code"]) == (400, "APPID_MCHID_NOT_MATCH")


def test_payment_is_notified_with_an_encrypted_signed_callback(
    sandbox: SandboxProcess, merchant: Merchant, receiver: Receiver
) -> None:
    merchant.prepay("ORDER-0001", attach="旗舰店")
    sandbox.pay("ORDER-0001")

    opened = merchant.open(receiver.wait()[0])

    assert opened is not None
    assert opened["event_type"] == "TRANSACTION.SUCCESS"
    resource = opened["resource"]
    assert resource["out_trade_no"] == "ORDER-0001"
    assert resource["trade_state"] == "SUCCESS"
    assert (resource["mchid"], resource["appid"], resource["attach"]) == (merchant.mchid, merchant.appid, "旗舰店")
    assert resource["amount"] == {
        "total": 19900,
        "payer_total": 19900,
        "currency": "CNY",
        "payer_currency": "CNY",
    }
    assert merchant.query("ORDER-0001") == (200, resource)
    by_id = merchant.client.query(transaction_id=resource["transaction_id"])
    assert by_id[0] == 200


def test_payment_of_another_amount_is_what_query_and_callback_say(
    sandbox: SandboxProcess, merchant: Merchant, receiver: Receiver
) -> None:
    merchant.prepay("ORDER-0001")
    sandbox.pay("ORDER-0001", amount=1)

    opened = merchant.open(receiver.wait()[0])

    assert opened is not None
    assert opened["resource"]["amount"]["total"] == 1
    assert merchant.query("ORDER-0001")[1]["amount"]["total"] == 1


def test_payment_by_code_url_happens_once(sandbox: SandboxProcess, merchant: Merchant, receiver: Receiver) -> None:
    code_url = merchant.prepay("ORDER-0001")[1]["code_url"]

    sandbox.call("POST", "/_sim/wechat/pay", {"code_url": code_url})
    again = sandbox.call("POST", "/_sim/wechat/pay", {"code_url": code_url}, expect=409)

    assert again["code"] == "ORDERPAID"
    receiver.wait()
    assert [entry["status"] for entry in sandbox.log("wechat", "callback")] == [200]


def test_callback_not_taken_is_tried_again_on_the_ladder(
    sandbox: SandboxProcess, merchant: Merchant, receiver: Receiver
) -> None:
    receiver.statuses = [500, 302, 404]
    merchant.prepay("ORDER-0001")
    sandbox.pay("ORDER-0001")

    received = receiver.wait(4)

    assert len({one.body for one in received}) == 1
    assert len({one.headers["Wechatpay-Nonce"] for one in received}) == 4
    assert all(merchant.open(one) is not None for one in received)


def test_paid_order_refuses_payment_close_and_prepay(sandbox: SandboxProcess, merchant: Merchant) -> None:
    merchant.prepay("ORDER-0001")
    sandbox.pay("ORDER-0001")

    assert merchant.close("ORDER-0001")[1]["code"] == "ORDERPAID"
    assert merchant.prepay("ORDER-0001")[1]["code"] == "ORDERPAID"
    assert merchant.query("ORDER-0001")[1]["trade_state"] == "SUCCESS"


def test_closed_order_refuses_everything(sandbox: SandboxProcess, merchant: Merchant) -> None:
    merchant.prepay("ORDER-0001")

    assert merchant.close("ORDER-0001") == (204, None)
    assert merchant.close("ORDER-0001")[1]["code"] == "ORDER_CLOSED"
    assert merchant.prepay("ORDER-0001")[1]["code"] == "ORDER_CLOSED"
    assert sandbox.pay("ORDER-0001", expect=409)["code"] == "ORDER_CLOSED"
    assert merchant.query("ORDER-0001")[1]["trade_state"] == "CLOSED"


def test_order_past_time_expire_is_closed(sandbox: SandboxProcess, merchant: Merchant) -> None:
    moment = datetime.now(UTC) + timedelta(seconds=1.2)
    merchant.prepay("ORDER-0001", time_expire=moment.isoformat())
    assert merchant.query("ORDER-0001")[1]["trade_state"] == "NOTPAY"

    time.sleep(1.3)

    assert merchant.query("ORDER-0001")[1]["trade_state"] == "CLOSED"
    assert sandbox.pay("ORDER-0001", expect=409)["code"] == "ORDER_CLOSED"


def test_unknown_order_is_not_found(merchant: Merchant) -> None:
    for status, error in (merchant.query("ORDER-0009"), merchant.close("ORDER-0009")):
        assert (status, error["code"]) == (404, "ORDER_NOT_EXIST")


def test_query_for_another_merchant_is_refused(merchant: Merchant) -> None:
    status, text = merchant.client.query(out_trade_no="ORDER-0001", mchid="1900000001")

    assert status == 400
    assert "PARAM_ERROR" in text


@pytest.mark.parametrize("part", ["mchid", "nonce_str", "signature", "timestamp", "serial_no"])
def test_call_with_a_changed_authorization_is_refused(sandbox: SandboxProcess, merchant: Merchant, part: str) -> None:
    path = f"/v3/pay/transactions/out-trade-no/ORDER-0001?mchid={merchant.mchid}"
    header = authorization(merchant, path)
    value = header.split(f'{part}="')[1].split('"')[0]
    changed = value[:-4] + ("AAA=" if part == "signature" else "0000")

    answer = requests.get(
        f"{sandbox.base_url}{path}", headers={"Authorization": header.replace(value, changed)}, timeout=10
    )

    assert (answer.status_code, answer.json()["code"]) == (401, "SIGN_ERROR")


def test_call_with_an_old_authorization_or_none_is_refused(sandbox: SandboxProcess, merchant: Merchant) -> None:
    path = f"/v3/pay/transactions/out-trade-no/ORDER-0001?mchid={merchant.mchid}"
    old = authorization(merchant, path, timestamp=int(time.time()) - 301)

    for headers in ({"Authorization": old}, {"Authorization": "Bearer x"}, {}):
        answer = requests.get(f"{sandbox.base_url}{path}", headers=headers, timeout=10)
        assert (answer.status_code, answer.json()["code"]) == (401, "SIGN_ERROR")


def test_body_that_is_not_json_is_refused(sandbox: SandboxProcess, merchant: Merchant) -> None:
    path = "/v3/pay/transactions/native"
    for body in ("{", "[1]", '"x"', '{"out_trade_no": "ORDER\\ud800"}', "[" * 100_000):
        header = authorization(merchant, path, method="POST", body=body)
        answer = requests.post(f"{sandbox.base_url}{path}", data=body, headers={"Authorization": header}, timeout=10)
        assert (answer.status_code, answer.json()["code"]) == (400, "PARAM_ERROR")


def authorization(
    merchant: Merchant, path: str, *, method: str = "GET", body: str = "", timestamp: int | None = None
) -> str:
    """Sign as the merchant, with the oracle's RSA."""
    stamp = str(int(time.time()) if timestamp is None else timestamp)
    signature = merchant.client.sign([method, path, stamp, "NONCE0123456789", body])
    return (
        f'WECHATPAY2-SHA256-RSA2048 mchid="{merchant.mchid}",nonce_str="NONCE0123456789",signature="{signature}",'
        f'timestamp="{stamp}",serial_no="{merchant.client._core._cert_serial_no}"'
    )
