import time

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.sandbox.dispatcher import Dispatcher
from tests.sandbox.fixture import SandboxProcess
from tests.sandbox.merchant import Merchant
from tests.sandbox.receiver import Receiver


@pytest.fixture
def merchant(sandbox: SandboxProcess, receiver: Receiver) -> Merchant:
    return Merchant(sandbox, receiver.url)


def read(sandbox: SandboxProcess, path: str, *, expect: int = 200) -> str:
    answer = requests.get(f"{sandbox.base_url}{path}", timeout=10)
    assert answer.status_code == expect
    return answer.text


def submit(sandbox: SandboxProcess, path: str, **fields: str) -> requests.Response:
    return requests.post(f"{sandbox.base_url}{path}", data=fields, timeout=10)


@pytest.mark.parametrize("path", ["/", "/payments", "/deliveries", "/inbox", "/inbox/", "/wallet/"])
def test_page_when_nothing_has_happened_is_whole(sandbox: SandboxProcess, path: str) -> None:
    answer = requests.get(f"{sandbox.base_url}{path}", timeout=10)

    assert answer.text.endswith("</html>\n")
    assert "style-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "<script" not in answer.text
    assert "style=" not in answer.text


def test_texts_from_outside_are_escaped(sandbox: SandboxProcess, merchant: Merchant) -> None:
    code_url = merchant.prepay("ORDER-0001", description="<b>衬衫</b>")[1]["code_url"]

    for path in ("/payments", code_url.removeprefix(sandbox.base_url)):
        assert "&lt;b&gt;衬衫&lt;/b&gt;" in read(sandbox, path)


def test_wallet_pays_once_by_a_click(sandbox: SandboxProcess, merchant: Merchant, receiver: Receiver) -> None:
    code_url = merchant.prepay("ORDER-0001")[1]["code_url"]
    path = code_url.removeprefix(sandbox.base_url)
    assert "确认支付 Pay ¥199.00" in read(sandbox, path)

    paid = [submit(sandbox, path) for _ in range(2)]

    assert all("支付成功 Paid" in answer.text for answer in paid)
    assert merchant.query("ORDER-0001")[1]["trade_state"] == "SUCCESS"
    receiver.wait()
    assert len(sandbox.log("wechat", "callback")) == 1


def test_wallet_of_a_closed_or_unknown_code_has_no_button(sandbox: SandboxProcess, merchant: Merchant) -> None:
    code_url = merchant.prepay("ORDER-0001")[1]["code_url"]
    merchant.close("ORDER-0001")

    closed = submit(sandbox, code_url.removeprefix(sandbox.base_url)).text

    assert "订单已关闭" in closed
    assert "<button" not in closed
    assert "<button" not in read(sandbox, "/wallet/pay/unknown", expect=404)
    assert merchant.query("ORDER-0001")[1]["trade_state"] == "CLOSED"


def test_payments_page_pays_and_shows_refunds(sandbox: SandboxProcess, merchant: Merchant, receiver: Receiver) -> None:
    merchant.prepay("ORDER|0001*")
    assert "待支付 unpaid" in read(sandbox, "/payments")

    page = submit(sandbox, "/payments/ORDER%7C0001%2A/pay").text

    assert "已支付 paid" in page
    merchant.refund("REFUND-1", 5000, order="ORDER|0001*")
    assert "¥50.00 退款" in read(sandbox, "/payments")


def test_deliveries_page_walks_a_delivery_on(sandbox: SandboxProcess, receiver: Receiver) -> None:
    sandbox.clock(scale=0.001)
    delivery_id = Dispatcher(sandbox, receiver.url).create()["delivery_id"]
    assert 'value="DISPATCHING"' in read(sandbox, "/deliveries")

    page = submit(sandbox, f"/deliveries/{delivery_id}/advance", to="ASSIGNED").text

    assert "骑手赶来 assigned" in page
    assert "已送达 delivered" not in page
    again = submit(sandbox, f"/deliveries/{delivery_id}/advance", to="DISPATCHING").text
    assert "派单中 dispatching" in again


def test_fault_switches_go_on_and_off(sandbox: SandboxProcess) -> None:
    on = submit(sandbox, "/faults/wechat", name="drop_notify", value="on").text
    number = submit(sandbox, "/faults/courier", name="duplicate", value="3")
    assert 'aria-pressed="true"' in on
    assert number.url.endswith("/deliveries")
    assert [fault["value"] for fault in sandbox.call("GET", "/_sim/courier/faults")["faults"]] == [3]

    off = submit(sandbox, "/faults/wechat", name="drop_notify", value="off").text

    assert 'aria-pressed="true"' not in off
    assert submit(sandbox, "/faults/wechat", name="none", value="on").status_code == 400
    assert submit(sandbox, "/faults/nobody", name="none", value="on").status_code == 404


def test_person_pays_in_a_browser(page: Page, sandbox: SandboxProcess, merchant: Merchant) -> None:
    page.goto(merchant.prepay("ORDER-0001")[1]["code_url"])
    expect(page.get_by_text("¥199.00", exact=True)).to_be_visible()

    page.get_by_role("button", name="确认支付").click()

    expect(page.get_by_text("支付成功")).to_be_visible()
    deadline = time.monotonic() + 5
    while merchant.query("ORDER-0001")[1]["trade_state"] != "SUCCESS":
        assert time.monotonic() < deadline
    page.goto(f"{sandbox.base_url}/payments")
    expect(page.get_by_text("已支付 paid")).to_be_visible()
