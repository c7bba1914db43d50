from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.sandbox.fixture import SandboxProcess, wait_for
from tests.sandbox.merchant import Merchant
from tests.sandbox.receiver import Receiver


@pytest.fixture
def merchant(sandbox: SandboxProcess, receiver: Receiver) -> Merchant:
    merchant = Merchant(sandbox, receiver.url)
    merchant.prepay("ORDER-0001")
    sandbox.fault("wechat", drop_notify=1)
    sandbox.pay("ORDER-0001")
    return merchant


def test_refund_is_processing_then_succeeds_and_is_notified(merchant: Merchant, receiver: Receiver) -> None:
    status, accepted = merchant.refund("REFUND-1", 5000, order="ORDER-0001", notify_url=receiver.url)

    assert (status, accepted["status"]) == (200, "PROCESSING")
    assert "success_time" not in accepted
    opened = merchant.open(receiver.wait()[0])
    assert opened is not None
    assert opened["event_type"] == "REFUND.SUCCESS"
    assert opened["resource"]["refund_status"] == "SUCCESS"
    assert opened["resource"]["amount"] == {"total": 19900, "refund": 5000, "payer_total": 19900, "payer_refund": 5000}
    finished = merchant.query_refund("REFUND-1")[1]
    assert (finished["status"], finished["refund_id"]) == ("SUCCESS", accepted["refund_id"])
    assert merchant.query("ORDER-0001")[1]["trade_state"] == "REFUND"


def test_refund_repeated_is_one_refund(sandbox: SandboxProcess, merchant: Merchant) -> None:
    sandbox.clock(scale=1)

    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda _: merchant.refund("REFUND-1", 19900, order="ORDER-0001"), range(5)))

    assert all(answer == answers[0] for answer in answers)
    assert answers[0][0] == 200


def test_refund_with_other_figures_under_the_same_number_is_refused(merchant: Merchant) -> None:
    merchant.refund("REFUND-1", 5000, order="ORDER-0001")

    status, error = merchant.refund("REFUND-1", 5001, order="ORDER-0001")

    assert (status, error["code"]) == (400, "INVALID_REQUEST")
    assert merchant.query_refund("REFUND-1")[1]["amount"]["refund"] == 5000


def test_refunds_never_exceed_what_was_paid(merchant: Merchant) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda index: merchant.refund(f"REFUND-{index}", 9950, order="ORDER-0001"), range(4)))

    assert sorted(status for status, _body in answers) == [200, 200, 400, 400]
    assert {body["code"] for status, body in answers if status == 400} == {"INVALID_REQUEST"}


def test_refund_number_51_is_refused(merchant: Merchant) -> None:
    for index in range(50):
        assert merchant.refund(f"REFUND-{index}", 1, order="ORDER-0001")[0] == 200

    status, error = merchant.refund("REFUND-50", 1, order="ORDER-0001")

    assert (status, error["code"]) == (400, "INVALID_REQUEST")


@pytest.mark.parametrize(
    ("refund", "total", "code"),
    [(0, 19900, "PARAM_ERROR"), (19901, 19900, "INVALID_REQUEST"), (100, 19800, "INVALID_REQUEST")],
)
def test_refund_of_a_wrong_amount_is_refused(merchant: Merchant, refund: int, total: int, code: str) -> None:
    status, error = merchant.refund("REFUND-1", refund, total=total, order="ORDER-0001")

    assert (status, error["code"]) == (400, code)
    assert merchant.query_refund("REFUND-1")[1]["code"] == "RESOURCE_NOT_EXISTS"
    assert merchant.query("ORDER-0001")[1]["trade_state"] == "SUCCESS"


def test_refund_of_an_unpaid_or_unknown_order_is_refused(merchant: Merchant) -> None:
    merchant.prepay("ORDER-0002")

    assert merchant.refund("REFUND-1", 1, order="ORDER-0002")[1]["code"] == "INVALID_REQUEST"
    status, error = merchant.refund("REFUND-1", 1, order="ORDER-0009")
    assert (status, error["code"]) == (404, "RESOURCE_NOT_EXISTS")


@pytest.mark.parametrize(("fault", "outcome"), [("refund_abnormal", "ABNORMAL"), ("refund_closed", "CLOSED")])
def test_refund_that_fails_is_notified_as_such(
    sandbox: SandboxProcess, merchant: Merchant, receiver: Receiver, fault: str, outcome: str
) -> None:
    sandbox.fault("wechat", **{fault: 1})
    merchant.refund("REFUND-1", 5000, order="ORDER-0001", notify_url=receiver.url)

    opened = merchant.open(receiver.wait()[0])

    assert opened is not None
    assert opened["event_type"] == f"REFUND.{outcome}"
    assert merchant.query_refund("REFUND-1")[1]["status"] == outcome


def test_refund_closed_is_tried_again_under_the_same_number(sandbox: SandboxProcess, merchant: Merchant) -> None:
    sandbox.fault("wechat", refund_closed=1)
    first = merchant.refund("REFUND-1", 5000, order="ORDER-0001")[1]
    wait_for(lambda: merchant.query_refund("REFUND-1")[1]["status"] == "CLOSED")

    again = merchant.refund("REFUND-1", 5000, order="ORDER-0001")[1]

    assert (again["status"], again["refund_id"]) == ("PROCESSING", first["refund_id"])
    wait_for(lambda: merchant.query_refund("REFUND-1")[1]["status"] == "SUCCESS")


def test_refund_faults_that_refuse_leave_no_refund(sandbox: SandboxProcess, merchant: Merchant) -> None:
    sandbox.fault("wechat", not_enough=1)

    status, error = merchant.refund("REFUND-1", 5000, order="ORDER-0001")

    assert (status, error["code"]) == (403, "NOT_ENOUGH")
    assert merchant.query_refund("REFUND-1")[0] == 404
    assert merchant.refund("REFUND-1", 5000, order="ORDER-0001")[0] == 200


def test_refund_interval_refuses_the_second_within_a_minute(sandbox: SandboxProcess, merchant: Merchant) -> None:
    sandbox.clock(scale=1)
    sandbox.fault("wechat", refund_interval=True)
    merchant.refund("REFUND-1", 5000, order="ORDER-0001")

    status, error = merchant.refund("REFUND-2", 5000, order="ORDER-0001")

    assert (status, error["code"]) == (429, "FREQUENCY_LIMITED")
    sandbox.clock(advance_s=61)
    assert merchant.refund("REFUND-2", 5000, order="ORDER-0001")[0] == 200
