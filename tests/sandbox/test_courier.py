import json
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.sandbox.dispatcher import CODE, FLAT, STORE, Dispatcher
from tests.sandbox.fixture import SandboxProcess, wait_for
from tests.sandbox.receiver import Received, Receiver

WALK = ["CREATED", "DISPATCHING", "ASSIGNED", "AT_STORE", "PICKED_UP", "IN_TRANSIT", "DELIVERED"]


@pytest.fixture
def courier(sandbox: SandboxProcess, receiver: Receiver) -> Dispatcher:
    return Dispatcher(sandbox, receiver.url)


@pytest.fixture
def still(sandbox: SandboxProcess) -> None:
    """Let hardly any time pass, so that a delivery stands where it is put."""
    sandbox.clock(scale=0.001)


def told(sandbox: SandboxProcess, received: list[Received]) -> list[dict[str, Any]]:
    """Verify callbacks with the library, and return what they say."""
    webhook = Webhook(sandbox.credentials["courier"]["webhook_secret"])
    return [webhook.verify(one.body, one.headers)["data"] for one in received]


def state_of(courier: Dispatcher, delivery_id: str) -> str:
    return str(courier.get(delivery_id)["state"])


def test_delivery_walks_to_the_door_by_itself(sandbox: SandboxProcess, courier: Dispatcher, receiver: Receiver) -> None:
    delivery = courier.create()
    wait_for(lambda: state_of(courier, delivery["delivery_id"]) == "AT_STORE")

    status, picked_up = courier.pick_up(delivery["delivery_id"])
    wait_for(lambda: state_of(courier, delivery["delivery_id"]) == "DELIVERED")

    assert (status, picked_up["state"]) == (200, "PICKED_UP")
    done = courier.get(delivery["delivery_id"])
    assert [event["state"] for event in done["history"]] == WALK
    assert [event["seq"] for event in done["history"]] == [1, 2, 3, 4, 5, 6, 7]
    events = told(sandbox, receiver.wait(6))
    assert [event["state"] for event in events] == WALK[1:]
    assert [event["seq"] for event in events] == [2, 3, 4, 5, 6, 7]
    assert {event["external_id"] for event in events} == {"FO-1"}
    assert events[2]["position"] == {"lat": STORE["lat"], "lng": STORE["lng"]}
    assert events[-1]["position"] == {"lat": FLAT["lat"], "lng": FLAT["lng"]}
    assert CODE not in json.dumps(done)


def test_courier_waits_at_the_store_for_the_code(sandbox: SandboxProcess, courier: Dispatcher) -> None:
    delivery = courier.create()
    sandbox.advance(delivery["delivery_id"], "AT_STORE")

    sandbox.clock(advance_s=36_000)

    assert state_of(courier, delivery["delivery_id"]) == "AT_STORE"


@pytest.mark.usefixtures("still")
def test_position_moves_along_the_line(sandbox: SandboxProcess, courier: Dispatcher) -> None:
    delivery_id = courier.create()["delivery_id"]
    assert courier.get(delivery_id)["position"] is None
    sandbox.advance(delivery_id, "IN_TRANSIT")
    start = courier.get(delivery_id)["position"]

    sandbox.clock(advance_s=300)

    middle = courier.get(delivery_id)["position"]
    assert start == pytest.approx({"lat": STORE["lat"], "lng": STORE["lng"]}, abs=1e-5)
    assert FLAT["lng"] < middle["lng"] < STORE["lng"]
    assert FLAT["lat"] < middle["lat"] < STORE["lat"]
    slope = (middle["lat"] - start["lat"]) / (middle["lng"] - start["lng"])
    assert slope == pytest.approx((FLAT["lat"] - STORE["lat"]) / (FLAT["lng"] - STORE["lng"]), rel=1e-3)


def test_quote_tells_fee_and_time_by_distance(courier: Dispatcher) -> None:
    near = courier.call("POST", "/v1/quotes", {"from": STORE, "to": FLAT}).json()["offers"][0]
    far = courier.call("POST", "/v1/quotes", {"from": STORE, "to": {"lat": 31.15, "lng": 121.45}}).json()["offers"][0]

    assert near["distance_metres"] == pytest.approx(2850, abs=10)
    assert (near["fee_fen"], far["fee_fen"]) == (600, 600 + 7 * 200)
    assert 0 < near["eta_minutes"] < far["eta_minutes"]


def test_create_with_an_offer_keeps_its_fee(courier: Dispatcher) -> None:
    offer = courier.call("POST", "/v1/quotes", {"from": STORE, "to": FLAT}).json()["offers"][0]

    assert courier.create(offer_id=offer["id"])["fee_fen"] == offer["fee_fen"]
    answer = courier.call("POST", "/v1/deliveries", courier.order("FO-2", offer_id="Q0"))
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_offer")


def test_create_with_a_known_external_id_is_a_conflict_with_the_existing_body(courier: Dispatcher) -> None:
    delivery = courier.create()

    answer = courier.call("POST", "/v1/deliveries", courier.order(note="another"))

    assert answer.status_code == 409
    assert answer.json()["delivery_id"] == delivery["delivery_id"]


@pytest.mark.usefixtures("still")
def test_create_with_the_same_idempotency_key_is_replayed(courier: Dispatcher) -> None:
    first = courier.call("POST", "/v1/deliveries", courier.order(), key="K1")
    again = courier.call("POST", "/v1/deliveries", courier.order(), key="K1")
    other = courier.call("POST", "/v1/deliveries", courier.order("FO-2"), key="K1")

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    assert courier.create("FO-2")["state"] == "CREATED"


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"external_id": ""}, 400, "external_id"),
        ({"external_id": 7}, 400, "external_id"),
        ({"pickup_code": "12"}, 400, "pickup_code"),
        ({"pickup_code": "١٢٣٤٥٦"}, 400, "pickup_code"),
        ({"callback_url": "file:///etc"}, 400, "callback_url"),
        ({"from": None}, 400, "from"),
        ({"from": {"lat": 91, "lng": 0}}, 400, "from.lat"),
        ({"to": {"lat": 31, "lng": "121"}}, 400, "to.lng"),
        ({"to": {"lat": 39.9, "lng": 116.4}}, 422, "to"),
    ],
)
def test_create_with_a_bad_field_is_refused(
    courier: Dispatcher, change: dict[str, object], status: int, field: str
) -> None:
    answer = courier.call("POST", "/v1/deliveries", courier.order() | change)

    assert (answer.status_code, answer.json()["field"]) == (status, field)


def test_wrong_key_is_refused(sandbox: SandboxProcess, courier: Dispatcher) -> None:
    courier._headers = {"Authorization": "Bearer wrong"}

    answer = courier.call("GET", "/v1/deliveries/D0")

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")


def test_unknown_delivery_is_not_found(courier: Dispatcher) -> None:
    assert courier.act("D0", "cancel") == (404, {"code": "not_found", "message": "There is no such delivery."})


@pytest.mark.usefixtures("still")
def test_pickup_needs_the_courier_and_the_code(sandbox: SandboxProcess, courier: Dispatcher) -> None:
    delivery_id = courier.create()["delivery_id"]
    assert courier.pick_up(delivery_id)[1]["code"] == "state_conflict"
    sandbox.advance(delivery_id, "AT_STORE")

    wrong = [courier.act(delivery_id, "pickup", {"code": f"00000{n}"}, key=f"K{n}") for n in range(5)]
    locked = courier.pick_up(delivery_id)

    assert {(status, body["code"]) for status, body in wrong} == {(422, "wrong_code")}
    assert (locked[0], locked[1]["code"]) == (429, "too_many_tries")
    assert state_of(courier, delivery_id) == "AT_STORE"
    assert courier.act(delivery_id, "pickup-code", {"pickup_code": "271828"})[0] == 200
    assert courier.pick_up(delivery_id)[0] == 422
    assert courier.pick_up(delivery_id, "271828")[1]["state"] == "PICKED_UP"
    again = courier.pick_up(delivery_id, "271828")
    assert (again[0], again[1]["seq"]) == (200, 5)


@pytest.mark.usefixtures("still")
def test_cancel_is_free_then_costs_then_is_free_for_a_no_show(sandbox: SandboxProcess, courier: Dispatcher) -> None:
    delivery_id = courier.create()["delivery_id"]
    quotes = [courier.act(delivery_id, "cancel-quote")[1]]
    sandbox.fault("courier", no_show=True)
    sandbox.advance(delivery_id, "ASSIGNED")
    for seconds in (0, 65, 900):
        sandbox.clock(advance_s=seconds)
        quotes.append(courier.act(delivery_id, "cancel-quote")[1])

    assert [quote["fee_fen"] for quote in quotes] == [0, 0, 200, 0]
    assert [quote["reason"] for quote in quotes] == ["not_assigned", "just_assigned", "courier_on_the_way", "no_show"]
    status, cancelled = courier.act(delivery_id, "cancel", {"reason": "NO_SHOW"})
    assert (status, cancelled["state"], cancelled["cancel_fee_fen"]) == (200, "CANCELLED", 0)
    assert (cancelled["cancelled_by"], cancelled["reason"]) == ("MERCHANT", "NO_SHOW")
    assert courier.act(delivery_id, "cancel")[1]["seq"] == cancelled["seq"]


@pytest.mark.usefixtures("still")
def test_cancel_of_a_waiting_courier_costs(sandbox: SandboxProcess, courier: Dispatcher) -> None:
    delivery_id = courier.create()["delivery_id"]
    sandbox.advance(delivery_id, "AT_STORE")
    sandbox.clock(advance_s=3600)

    assert courier.act(delivery_id, "cancel")[1]["cancel_fee_fen"] == 200


@pytest.mark.usefixtures("still")
def test_cancel_after_pickup_is_refused(sandbox: SandboxProcess, courier: Dispatcher) -> None:
    delivery_id = courier.create()["delivery_id"]
    sandbox.advance(delivery_id, "PICKED_UP")

    assert courier.act(delivery_id, "cancel-quote")[1] == {"allowed": False, "fee_fen": 0, "reason": "picked_up"}
    assert courier.act(delivery_id, "cancel")[1]["code"] == "cannot_cancel"
    assert state_of(courier, delivery_id) == "PICKED_UP"


@pytest.mark.usefixtures("still")
def test_tips_add_up_once_for_each_key(sandbox: SandboxProcess, courier: Dispatcher) -> None:
    delivery_id = courier.create()["delivery_id"]

    for key in ("K1", "K1", "K2"):
        courier.act(delivery_id, "tip", {"tip_fen": 300}, key=key)

    assert courier.get(delivery_id)["tip_fen"] == 600
    assert courier.act(delivery_id, "tip", {"tip_fen": 0})[1]["field"] == "tip_fen"
    sandbox.advance(delivery_id, "PICKED_UP")
    assert courier.act(delivery_id, "tip", {"tip_fen": 1})[1]["code"] == "state_conflict"


@pytest.mark.usefixtures("still")
def test_confirm_return_needs_a_return(sandbox: SandboxProcess, courier: Dispatcher) -> None:
    delivery_id = courier.create()["delivery_id"]
    assert courier.act(delivery_id, "confirm-return")[1]["code"] == "state_conflict"
    sandbox.advance(delivery_id, "RETURNED")

    status, confirmed = courier.act(delivery_id, "confirm-return")

    assert (status, confirmed["state"], confirmed["reason"]) == (200, "RETURN_CONFIRMED", "REFUSED")


@pytest.mark.usefixtures("still")
def test_advance_goes_through_the_states_between_or_jumps(sandbox: SandboxProcess, courier: Dispatcher) -> None:
    walked = sandbox.advance(courier.create("FO-1")["delivery_id"], "DELIVERED")
    jumped = sandbox.advance(courier.create("FO-2")["delivery_id"], "DELIVERED", jump=True)
    dropped = sandbox.advance(courier.create("FO-3")["delivery_id"], "CANCELLED", by="COURIER", reason="RAIN")

    assert [event["state"] for event in walked["history"]] == WALK
    assert [event["state"] for event in jumped["history"]] == ["CREATED", "DELIVERED"]
    assert (dropped["cancelled_by"], dropped["reason"]) == ("COURIER", "RAIN")
    refused = sandbox.advance(walked["delivery_id"], "AT_STORE", expect=409)
    assert refused["code"] == "state_conflict"
    assert sandbox.advance(walked["delivery_id"], "HOME", expect=400)["field"] == "to"
