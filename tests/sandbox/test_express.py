"""The express company's contract, over real HTTP."""

from typing import Any

import pytest
import requests
from standardwebhooks import Webhook

from omni.sandbox.express.orders import city_of
from tests.sandbox.fixture import SandboxProcess, wait_for
from tests.sandbox.receiver import Receiver

STORE: dict[str, Any] = {
    "name": "人民广场店",
    "address": "上海市黄浦区南京东路 1 号",
    "lat": 31.230416,
    "lng": 121.473701,
}
FLAT: dict[str, Any] = {"name": "王女士", "address": "四川省成都市锦江区春熙路 2 号", "lat": 30.6570, "lng": 104.0780}
WAY = ["101", "103", "1002", "1001", "5", "301"]


class Sender:
    """Calls the company with the key."""

    def __init__(self, sandbox: SandboxProcess, callback_url: str) -> None:
        keys = sandbox.credentials["express"]
        self._url, self._headers = keys["base_url"], {"Authorization": f"Bearer {keys['api_key']}"}
        self._callback_url = callback_url

    def call(self, method: str, path: str, body: object = None, *, key: str = "") -> requests.Response:
        headers = self._headers | ({"Idempotency-Key": key} if key else {})
        return requests.request(method, f"{self._url}{path}", json=body, headers=headers, timeout=10)

    def order(self, **changes: object) -> dict[str, object]:
        """Return the body of an order."""
        body = {"external_id": "F-1", "callback_url": self._callback_url, "from": STORE, "to": FLAT, "parcels": [{}]}
        return body | changes

    def create(self, **changes: object) -> dict[str, Any]:
        answer = self.call("POST", "/v1/orders", self.order(**changes))
        assert answer.status_code == 201, answer.text
        created: dict[str, Any] = answer.json()
        return created


@pytest.fixture
def sender(sandbox: SandboxProcess, receiver: Receiver) -> Sender:
    return Sender(sandbox, receiver.url)


def test_parcel_travels_to_the_door_by_itself(sandbox: SandboxProcess, sender: Sender, receiver: Receiver) -> None:
    sandbox.clock(scale=100_000)
    order = sender.create(parcels=[{"weight_grams": 700}, {}])

    told = wait_for(lambda: receiver.wait(5))

    webhook = Webhook(sandbox.credentials["express"]["webhook_secret"])
    news = [webhook.verify(one.body, one.headers)["data"] for one in told]
    assert [one["state"] for one in news] == WAY[1:]
    assert [stage["state"] for stage in news[-1]["stages"]] == WAY
    assert [stage["words"] for stage in news[-1]["stages"]][1:4] == [
        "【上海市】快递员已揽收", "【上海市转运中心】已发出，下一站 成都市", "快件到达【成都市转运中心】",
    ]  # fmt: skip
    assert len(set(order["waybills"])) == 2
    assert news[-1]["waybills"] == order["waybills"]


@pytest.mark.parametrize(
    ("address", "city"),
    [
        ("上海市上海市静安区南京西路 1 号", "上海市"),
        ("四川省成都市锦江区", "成都市"),
        ("西藏自治区那曲市色尼区", "那曲市"),
        ("Main Street 1", ""),
    ],
)
def test_city_is_read_off_an_address(address: str, city: str) -> None:
    assert city_of(address) == city


def test_quote_tells_fee_and_days_by_distance(sender: Sender) -> None:
    near = sender.call("POST", "/v1/quotes", {"from": STORE, "to": {"lat": 31.2, "lng": 121.0}}).json()["offers"]
    far = sender.call("POST", "/v1/quotes", {"from": STORE, "to": FLAT}).json()["offers"]

    assert [(offer["id"], offer["fee_fen"]) for offer in near + far] == [("standard", 800), ("standard", 1400)]
    assert near[0]["eta_minutes"] < 1440 * 2 < far[0]["eta_minutes"] < 1440 * 4


def test_create_again_returns_the_existing_order(sandbox: SandboxProcess, sender: Sender) -> None:
    sandbox.clock(scale=0.001)
    first = sender.create()

    again = sender.call("POST", "/v1/orders", sender.order())

    assert (again.status_code, again.json()["waybills"]) == (409, first["waybills"])


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"to": {"lat": 48.8, "lng": 2.3}}, 422, "out_of_reach"),
        ({"parcels": []}, 400, "invalid"),
        ({"parcels": [{"weight_grams": 0}]}, 400, "invalid"),
        ({"offer_id": "morning"}, 422, "unknown_offer"),
        ({"callback_url": "ftp://x"}, 400, "invalid"),
    ],
)
def test_create_badly_is_refused(sender: Sender, changes: dict[str, object], status: int, code: str) -> None:
    answer = sender.call("POST", "/v1/orders", sender.order(**changes))

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_cancel_is_possible_until_the_van_came(sandbox: SandboxProcess, sender: Sender) -> None:
    sandbox.clock(scale=0.001)
    early, late = sender.create(), sender.create(external_id="F-2")
    sandbox.advance_parcel(late["order_id"], "103")

    answers = [sender.call("POST", f"/v1/orders/{one['order_id']}/cancel", {"reason": "x"}) for one in (early, late)]

    assert [answer.status_code for answer in answers] == [200, 409]
    assert (answers[0].json()["state"], answers[1].json()["code"]) == ("401", "cannot_cancel")


@pytest.mark.parametrize(("fault", "way"), [("refuse", ["14", "6", "4"]), ("unreachable", ["206", "6", "4"])])
def test_fault_at_the_door_brings_it_back(
    sandbox: SandboxProcess, sender: Sender, receiver: Receiver, fault: str, way: list[str]
) -> None:
    sandbox.fault("express", **{fault: True})
    sandbox.clock(scale=100_000)
    order = sender.create()

    wait_for(lambda: receiver.wait(7))

    stages = sender.call("GET", f"/v1/orders/{order['order_id']}").json()["stages"]
    assert [stage["state"] for stage in stages] == [*WAY[:5], *way]


def test_page_lists_parcels_and_walks_them_on(sandbox: SandboxProcess, sender: Sender) -> None:
    sandbox.clock(scale=0.001)
    order = sender.create()

    page = requests.post(f"{sandbox.base_url}/parcels/{order['order_id']}/advance", data={"to": "103"}, timeout=10).text

    assert order["waybills"][0] in page
    assert "已揽收 collected" in page
    assert "上海市 → 成都市" in page
