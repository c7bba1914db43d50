import time

import pytest
import requests
from standardwebhooks import Webhook, WebhookVerificationError

from tests.sandbox.dispatcher import Dispatcher
from tests.sandbox.fixture import SandboxProcess, wait_for
from tests.sandbox.receiver import Receiver
from tests.sandbox.test_courier import state_of, told


@pytest.fixture
def courier(sandbox: SandboxProcess, receiver: Receiver) -> Dispatcher:
    return Dispatcher(sandbox, receiver.url)


@pytest.fixture
def still(sandbox: SandboxProcess) -> None:
    """Let hardly any time pass, so that a delivery stands where it is put."""
    sandbox.clock(scale=0.001)


@pytest.mark.usefixtures("still")
def test_drop_sends_nothing(sandbox: SandboxProcess, courier: Dispatcher, receiver: Receiver) -> None:
    sandbox.fault("courier", drop=1)
    sandbox.advance(courier.create()["delivery_id"], "ASSIGNED")

    assert [event["state"] for event in told(sandbox, receiver.wait())] == ["ASSIGNED"]


@pytest.mark.usefixtures("still")
def test_duplicate_sends_the_same_message_n_times(
    sandbox: SandboxProcess, courier: Dispatcher, receiver: Receiver
) -> None:
    sandbox.fault("courier", duplicate=4)
    sandbox.advance(courier.create()["delivery_id"], "DISPATCHING")

    received = receiver.wait(4)

    assert len({one.headers["webhook-id"] for one in received}) == 1
    assert [event["seq"] for event in told(sandbox, received)] == [2, 2, 2, 2]


@pytest.mark.usefixtures("still")
def test_delay_sends_later(sandbox: SandboxProcess, courier: Dispatcher, receiver: Receiver) -> None:
    sandbox.fault("courier", delay=1000)
    sandbox.advance(courier.create()["delivery_id"], "DISPATCHING")
    time.sleep(0.3)
    assert receiver.received == []

    sandbox.clock(advance_s=1001)

    assert len(receiver.wait()) == 1


@pytest.mark.usefixtures("still")
def test_reorder_sends_the_later_state_first(sandbox: SandboxProcess, courier: Dispatcher, receiver: Receiver) -> None:
    sandbox.fault("courier", reorder=1)
    sandbox.advance(courier.create()["delivery_id"], "ASSIGNED")

    assert [event["seq"] for event in told(sandbox, receiver.wait(2))] == [3, 2]


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize(("fault", "complaint"), [("bad_signature", "signature"), ("old_timestamp", "too old")])
def test_signature_faults_are_told_by_the_library(
    sandbox: SandboxProcess, courier: Dispatcher, receiver: Receiver, fault: str, complaint: str
) -> None:
    sandbox.fault("courier", **{fault: 1})
    sandbox.advance(courier.create()["delivery_id"], "DISPATCHING")

    received = receiver.wait()[0]

    with pytest.raises(WebhookVerificationError, match=complaint):
        Webhook(sandbox.credentials["courier"]["webhook_secret"]).verify(received.body, received.headers)


def test_callback_is_tried_again_until_taken_with_the_same_id(
    sandbox: SandboxProcess, courier: Dispatcher, receiver: Receiver
) -> None:
    receiver.statuses = [500, 503]
    delivery_id = courier.create()["delivery_id"]
    wait_for(lambda: len([entry for entry in sandbox.log("courier", "callback") if entry["detail"]["attempt"] == 2]))

    first = next(entry for entry in sandbox.log("courier", "callback", delivery_id) if entry["status"] != 200)
    same = [
        entry
        for entry in sandbox.log("courier", "callback", delivery_id)
        if entry["detail"]["event_id"] == first["detail"]["event_id"]
    ]

    assert len({entry["detail"]["body"] for entry in same}) == 1


@pytest.mark.usefixtures("still")
def test_receiver_that_is_gone_is_left_alone(sandbox: SandboxProcess, courier: Dispatcher, receiver: Receiver) -> None:
    receiver.statuses = [410]
    sandbox.advance(courier.create()["delivery_id"], "DISPATCHING")
    receiver.wait()

    sandbox.clock(advance_s=86_400)
    time.sleep(0.3)

    attempts = [entry for entry in sandbox.log("courier", "callback") if entry["detail"]["body"].count('"DISPATCHING"')]
    assert [entry["status"] for entry in attempts] == [410]


def test_no_show_never_reaches_the_store_until_switched_off(sandbox: SandboxProcess, courier: Dispatcher) -> None:
    delivery_id = courier.create()["delivery_id"]
    sandbox.fault("courier", no_show=True, subject="FO-1")
    other_id = courier.create("FO-2")["delivery_id"]

    wait_for(lambda: state_of(courier, other_id) == "AT_STORE")
    sandbox.clock(advance_s=3600)
    time.sleep(0.2)
    assert state_of(courier, delivery_id) == "ASSIGNED"

    sandbox.fault("courier", no_show=False, subject="FO-1")
    wait_for(lambda: state_of(courier, delivery_id) == "AT_STORE")


def test_reassign_brings_another_courier(sandbox: SandboxProcess, courier: Dispatcher) -> None:
    sandbox.fault("courier", reassign=1)
    delivery_id = courier.create()["delivery_id"]

    wait_for(lambda: state_of(courier, delivery_id) == "AT_STORE")

    delivery = courier.get(delivery_id)
    assert delivery["attempt"] == 2
    assert [event["state"] for event in delivery["history"]] == [
        "CREATED",
        "DISPATCHING",
        "ASSIGNED",
        "DISPATCHING",
        "ASSIGNED",
        "AT_STORE",
    ]
    assert delivery["history"][3]["reason"] == "COURIER_DROPPED_OUT"
    assert delivery["reason"] == ""


def test_self_pickup_takes_the_goods_without_the_code(sandbox: SandboxProcess, courier: Dispatcher) -> None:
    delivery_id = courier.create()["delivery_id"]
    wait_for(lambda: state_of(courier, delivery_id) == "AT_STORE")

    sandbox.fault("courier", self_pickup=1)

    wait_for(lambda: state_of(courier, delivery_id) == "DELIVERED")
    states = [step["state"] for step in courier.get(delivery_id)["history"]]
    assert states[-3:] == ["PICKED_UP", "IN_TRANSIT", "DELIVERED"]


def test_create_failed_means_no_courier(sandbox: SandboxProcess, courier: Dispatcher) -> None:
    sandbox.fault("courier", create_failed=1)
    delivery_id = courier.create()["delivery_id"]

    wait_for(lambda: state_of(courier, delivery_id) == "CREATE_FAILED")

    assert courier.get(delivery_id)["reason"] == "NO_CAPACITY"
    assert courier.act(delivery_id, "cancel")[1]["code"] == "cannot_cancel"


@pytest.mark.parametrize(
    ("fault", "reason", "end"),
    [("refuse", "REFUSED", "RETURNED"), ("unreachable", "UNREACHABLE", "RETURNED"), ("lost", "LOST", "LOST")],
)
def test_failed_handover_ends_as_it_must(
    sandbox: SandboxProcess, courier: Dispatcher, fault: str, reason: str, end: str
) -> None:
    sandbox.fault("courier", **{fault: 1})
    delivery_id = courier.create()["delivery_id"]
    sandbox.advance(delivery_id, "IN_TRANSIT")

    wait_for(lambda: state_of(courier, delivery_id) == end)

    states = [event["state"] for event in courier.get(delivery_id)["history"]]
    assert states[6:] == (["EXCEPTION", "LOST"] if end == "LOST" else ["EXCEPTION", "RETURNING", "RETURNED"])
    assert courier.get(delivery_id)["reason"] == reason


@pytest.mark.usefixtures("still")
def test_http_500_and_timeout_hit_the_operation(sandbox: SandboxProcess, courier: Dispatcher) -> None:
    sandbox.fault("courier", http_500=1, operation="create")
    assert courier.call("POST", "/v1/quotes", {"from": {}, "to": {}}).status_code == 400
    assert courier.call("POST", "/v1/deliveries", courier.order()).status_code == 500

    sandbox.fault("courier", timeout=1, operation="create")
    with pytest.raises(requests.Timeout):
        courier.call("POST", "/v1/deliveries", courier.order(), key="K1", timeout=0.5)

    answer = courier.call("POST", "/v1/deliveries", courier.order(), key="K1")
    assert (answer.status_code, answer.headers["Idempotent-Replayed"]) == (201, "true")


@pytest.mark.usefixtures("still")
def test_skew_shifts_what_is_reported_and_signed(
    sandbox: SandboxProcess, courier: Dispatcher, receiver: Receiver
) -> None:
    sandbox.clock(skew_s=-600)
    sandbox.advance(courier.create()["delivery_id"], "DISPATCHING")

    received = receiver.wait()[0]

    assert time.time() - int(received.headers["webhook-timestamp"]) == pytest.approx(600, abs=10)


def test_contract_has_the_controls_under_its_own_prefix(sandbox: SandboxProcess, courier: Dispatcher) -> None:
    sandbox.call("POST", "/courier/_sim/faults", {"drop": True})
    sandbox.call("POST", "/courier/_sim/clock", {"scale": 10})
    courier.create()

    assert sandbox.call("GET", "/courier/_sim/faults")["faults"][0]["fault"] == "drop"
    assert sandbox.call("GET", "/_sim/clock")["scale"] == 10
    assert [entry["operation"] for entry in sandbox.call("GET", "/courier/_sim/log")["entries"]] == ["create"]


def test_courier_at_a_door_takes_the_goods_from_whoever_tells_the_code(
    sandbox: SandboxProcess, courier: Dispatcher
) -> None:
    delivery_id = courier.create(code_from="sender")["delivery_id"]
    sandbox.advance(delivery_id, "AT_STORE")
    sandbox.clock(advance_s=61)
    wait_for(lambda: state_of(courier, delivery_id) in {"PICKED_UP", "IN_TRANSIT"})
    assert [step["state"] for step in courier.get(delivery_id)["history"]].count("PICKED_UP") == 1


def test_nobody_home_sends_the_courier_away_without_the_goods(sandbox: SandboxProcess, courier: Dispatcher) -> None:
    sandbox.fault("courier", nobody_home=1)
    delivery_id = courier.create(code_from="sender")["delivery_id"]
    sandbox.advance(delivery_id, "AT_STORE")
    sandbox.clock(advance_s=61)
    wait_for(lambda: state_of(courier, delivery_id) == "CANCELLED")
    assert courier.get(delivery_id)["reason"] == "SENDER_ABSENT"
