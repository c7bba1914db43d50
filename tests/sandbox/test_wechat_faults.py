import time

import pytest
import requests

from tests.sandbox.fixture import SandboxProcess, wait_for
from tests.sandbox.merchant import Merchant
from tests.sandbox.receiver import Receiver


@pytest.fixture
def merchant(sandbox: SandboxProcess, receiver: Receiver) -> Merchant:
    return Merchant(sandbox, receiver.url)


def test_drop_notify_sends_nothing_and_query_still_tells(
    sandbox: SandboxProcess, merchant: Merchant, receiver: Receiver
) -> None:
    sandbox.fault("wechat", drop_notify=1)
    for number in ("ORDER-0001", "ORDER-0002"):
        merchant.prepay(number)
        sandbox.pay(number)

    received = receiver.wait()

    opened = merchant.open(received[0])
    assert opened is not None
    assert opened["resource"]["out_trade_no"] == "ORDER-0002"
    assert [entry["operation"] for entry in sandbox.log("wechat", "callback")] == ["drop", "send"]
    assert merchant.query("ORDER-0001")[1]["trade_state"] == "SUCCESS"


def test_duplicate_notify_sends_the_same_event_n_times(
    sandbox: SandboxProcess, merchant: Merchant, receiver: Receiver
) -> None:
    sandbox.fault("wechat", duplicate_notify=5)
    merchant.prepay("ORDER-0001")
    sandbox.pay("ORDER-0001")

    received = receiver.wait(5)

    assert len(received) == 5
    assert len({one.body for one in received}) == 1
    assert all(merchant.open(one) is not None for one in received)


def test_delay_notify_sends_later(sandbox: SandboxProcess, merchant: Merchant, receiver: Receiver) -> None:
    sandbox.fault("wechat", delay_notify=600)
    merchant.prepay("ORDER-0001")
    start = time.monotonic()
    sandbox.pay("ORDER-0001")

    receiver.wait()

    assert time.monotonic() - start >= 1.0


def test_forge_signature_is_told_by_the_oracle_on_every_attempt(
    sandbox: SandboxProcess, merchant: Merchant, receiver: Receiver
) -> None:
    receiver.statuses = [401]
    sandbox.fault("wechat", forge_signature=1)
    merchant.prepay("ORDER-0001")
    sandbox.pay("ORDER-0001")

    received = receiver.wait(2)

    assert [merchant.open(one) for one in received] == [None, None]
    assert received[0].headers["Wechatpay-Serial"] == sandbox.credentials["wechat"]["platform_public_key_id"]


def test_unknown_serial_is_not_the_platforms(sandbox: SandboxProcess, merchant: Merchant, receiver: Receiver) -> None:
    sandbox.fault("wechat", unknown_serial=1)
    merchant.prepay("ORDER-0001")
    sandbox.pay("ORDER-0001")

    assert receiver.wait()[0].headers["Wechatpay-Serial"] == "PUB_KEY_ID_0"


def test_stale_timestamp_is_properly_signed_31_minutes_ago(
    sandbox: SandboxProcess, merchant: Merchant, receiver: Receiver
) -> None:
    sandbox.fault("wechat", stale_timestamp=1)
    merchant.prepay("ORDER-0001")
    sandbox.pay("ORDER-0001")

    received = receiver.wait()[0]

    assert merchant.open(received) is not None
    assert time.time() - int(received.headers["Wechatpay-Timestamp"]) == pytest.approx(1860, abs=10)


@pytest.mark.parametrize(
    ("fault", "claim"),
    [
        ("wrong_amount", (19901, "CNY", "mchid", "appid", "ORDER-0001")),
        ("wrong_currency", (19900, "USD", "mchid", "appid", "ORDER-0001")),
        ("wrong_mchid", (19900, "CNY", "1900000001", "appid", "ORDER-0001")),
        ("wrong_appid", (19900, "CNY", "mchid", "wx0000000000000000", "ORDER-0001")),
        ("other_order", (19900, "CNY", "mchid", "appid", "ORDER-0002")),
    ],
)
def test_false_content_is_properly_signed(
    sandbox: SandboxProcess, merchant: Merchant, receiver: Receiver, fault: str, claim: tuple[object, ...]
) -> None:
    merchant.prepay("ORDER-0001")
    merchant.prepay("ORDER-0002")
    sandbox.fault("wechat", **{fault: 1})
    sandbox.pay("ORDER-0001")

    opened = merchant.open(receiver.wait()[0])

    assert opened is not None
    resource = opened["resource"]
    true = {merchant.mchid: "mchid", merchant.appid: "appid"}
    assert claim == (
        resource["amount"]["total"],
        resource["amount"]["currency"],
        true.get(resource["mchid"], resource["mchid"]),
        true.get(resource["appid"], resource["appid"]),
        resource["out_trade_no"],
    )
    assert merchant.query("ORDER-0001")[1]["amount"]["total"] == 19900
    assert merchant.query("ORDER-0002")[1]["trade_state"] == "NOTPAY"


def test_probe_comes_with_a_wrong_signature_and_is_not_repeated(
    sandbox: SandboxProcess, merchant: Merchant, receiver: Receiver
) -> None:
    receiver.statuses = [401]
    merchant.prepay("ORDER-0001")
    sandbox.fault("wechat", probe=True)

    received = receiver.wait()

    assert received[0].headers["Wechatpay-Signature"].startswith("WECHATPAY/SIGNTEST/")
    assert merchant.query("ORDER-0001")[1]["trade_state"] == "NOTPAY"
    time.sleep(0.2)
    assert len(receiver.received) == 1


def test_http_500_has_no_effect(sandbox: SandboxProcess, merchant: Merchant) -> None:
    sandbox.fault("wechat", http_500=1, operation="prepay")

    assert merchant.query("ORDER-0001")[0] == 404
    assert merchant.prepay("ORDER-0001") == (500, {"code": "SYSTEM_ERROR", "message": "系统异常，请稍后重试"})
    assert merchant.query("ORDER-0001")[0] == 404
    assert merchant.prepay("ORDER-0001")[0] == 200


def test_timeout_takes_effect_but_never_answers(sandbox: SandboxProcess, merchant: Merchant) -> None:
    sandbox.fault("wechat", timeout=1, operation="prepay")
    merchant.client._core._timeout = 0.5

    with pytest.raises(requests.Timeout):
        merchant.prepay("ORDER-0001")

    assert merchant.query("ORDER-0001")[1]["trade_state"] == "NOTPAY"
    assert merchant.prepay("ORDER-0001")[0] == 200


def test_forge_answer_fails_the_oracles_check(sandbox: SandboxProcess, merchant: Merchant) -> None:
    sandbox.fault("wechat", forge_answer=1)

    with pytest.raises(Exception, match="failed to verify the signature"):
        merchant.prepay("ORDER-0001")


def test_close_says_paid_means_paid(sandbox: SandboxProcess, merchant: Merchant, receiver: Receiver) -> None:
    merchant.prepay("ORDER-0001")
    sandbox.fault("wechat", close_says_paid=True, subject="ORDER-0001")

    status, error = merchant.close("ORDER-0001")

    assert (status, error["code"]) == (400, "ORDERPAID")
    assert merchant.query("ORDER-0001")[1]["trade_state"] == "SUCCESS"
    assert merchant.open(receiver.wait()[0]) is not None


def test_fault_for_one_subject_spares_the_others(
    sandbox: SandboxProcess, merchant: Merchant, receiver: Receiver
) -> None:
    sandbox.fault("wechat", drop_notify=True, subject="ORDER-0001")
    for number in ("ORDER-0001", "ORDER-0002"):
        merchant.prepay(number)
        sandbox.pay(number)

    opened = merchant.open(receiver.wait()[0])

    assert opened is not None
    assert opened["resource"]["out_trade_no"] == "ORDER-0002"


def test_faults_are_listed_counted_and_cleared(sandbox: SandboxProcess, merchant: Merchant) -> None:
    sandbox.fault("wechat", http_500=2, drop_notify=True)
    merchant.query("ORDER-0001")

    listed = sandbox.call("GET", "/_sim/wechat/faults")["faults"]

    assert {(fault["fault"], fault["remaining"]) for fault in listed} == {("http_500", 1), ("drop_notify", None)}
    sandbox.fault("wechat", drop_notify=False)
    assert [fault["fault"] for fault in sandbox.call("GET", "/_sim/wechat/faults")["faults"]] == ["http_500"]
    sandbox.clear_faults("wechat")
    assert sandbox.call("GET", "/_sim/wechat/faults")["faults"] == []


@pytest.mark.parametrize(
    "body",
    [
        {"no_such": True},
        {"drop_notify": "yes"},
        {"duplicate_notify": True},
        {"drop_notify": -1},
        {"http_500": 1, "x": 1},
    ],
)
def test_unknown_fault_is_refused_and_nothing_is_switched(sandbox: SandboxProcess, body: dict[str, object]) -> None:
    error = sandbox.call("POST", "/_sim/wechat/faults", body, expect=400)

    assert error["code"] == "unknown_fault"
    assert sandbox.call("GET", "/_sim/wechat/faults")["faults"] == []


def test_receiver_that_hangs_up_is_tried_again(sandbox: SandboxProcess, receiver: Receiver) -> None:
    gone = Merchant(sandbox, "http://127.0.0.1:9/nobody")
    gone.prepay("ORDER-0001")
    sandbox.pay("ORDER-0001")

    attempts = wait_for(
        lambda: [entry for entry in sandbox.log("wechat", "callback") if entry["detail"]["attempt"] == 2]
    )

    assert attempts[0]["status"] is None
