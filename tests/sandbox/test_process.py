import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.sandbox.dispatcher import Dispatcher
from tests.sandbox.fixture import ROOT, SandboxProcess, wait_for
from tests.sandbox.merchant import Merchant
from tests.sandbox.receiver import Receiver


@pytest.fixture
def own(tmp_path: Path) -> Iterator[SandboxProcess]:
    """Run a sandbox that the test may stop."""
    process = SandboxProcess(tmp_path / "state")
    process.start()
    yield process
    process.stop()


def start_with(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "omni.sandbox"],
        cwd=ROOT,
        env={"PATH": "/usr/bin"} | environment,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


@pytest.mark.parametrize("environment", [{}, {"OMNI_DEBUG": "0"}, {"DEBUG": "false"}, {"OMNI_SANDBOX": "no"}])
def test_process_without_debug_refuses_to_start(tmp_path: Path, environment: dict[str, str]) -> None:
    run = start_with(environment | {"OMNI_SANDBOX_STATE": str(tmp_path / "state")})

    assert run.returncode == 2
    assert "OMNI_SANDBOX=allow" in run.stderr
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(
    "environment",
    [{"OMNI_SANDBOX_PORT": "x"}, {"OMNI_SANDBOX_PORT": "70000"}, {"OMNI_SANDBOX_TIME_SCALE": "0"}],
)
def test_process_with_a_senseless_setting_refuses_to_start(tmp_path: Path, environment: dict[str, str]) -> None:
    run = start_with({"OMNI_DEBUG": "1", "OMNI_SANDBOX_STATE": str(tmp_path / "state")} | environment)

    assert run.returncode == 2
    assert next(iter(environment)).removeprefix("OMNI_SANDBOX") in run.stderr


def test_second_process_on_the_same_state_or_port_refuses_to_start(own: SandboxProcess, tmp_path: Path) -> None:
    port = own.base_url.rpartition(":")[2]

    same_state = start_with(own.environment())
    same_port = start_with(
        own.environment() | {"OMNI_SANDBOX_PORT": port, "OMNI_SANDBOX_STATE": str(tmp_path / "other")}
    )

    assert (same_state.returncode, same_port.returncode) == (2, 2)
    assert "Another sandbox" in same_state.stderr
    assert "Cannot listen" in same_port.stderr
    assert own.call("GET", "/healthz") == {"status": "ok"}


def without_addresses(keys: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in keys.items() if not name.endswith("_url")}


def test_credentials_are_private_and_kept(own: SandboxProcess) -> None:
    first = own.credentials
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in own.state.glob("*.[jp]*[nm]")} == {
        "credentials.json": "0o600",
        "platform_key.pem": "0o600",
    }

    assert own.stop() == 0
    own.start()

    for service, keys in own.credentials.items():
        assert keys["base_url"].startswith(own.base_url)
        assert without_addresses(keys) == without_addresses(first[service])


def test_state_survives_kill_9(own: SandboxProcess, receiver: Receiver) -> None:
    merchant, courier = Merchant(own, receiver.url), Dispatcher(own, receiver.url)
    merchant.prepay("ORDER-0001")
    merchant.prepay("ORDER-0002")
    own.fault("wechat", delay_notify=3000)
    own.pay("ORDER-0001")
    own.fault("courier", no_show=True)
    delivery = courier.create()

    assert own.stop(signal.SIGKILL) == -signal.SIGKILL
    own.start()

    merchant, courier = Merchant(own, receiver.url), Dispatcher(own, receiver.url)
    assert merchant.query("ORDER-0001")[1]["trade_state"] == "SUCCESS"
    assert merchant.query("ORDER-0002")[1]["trade_state"] == "NOTPAY"
    assert merchant.prepay("ORDER-0002")[1]["code_url"].startswith(own.base_url)
    assert own.call("GET", "/_sim/courier/faults")["faults"][0]["fault"] == "no_show"
    own.clear_faults("courier")
    wait_for(lambda: courier.get(delivery["delivery_id"])["state"] == "AT_STORE")
    wait_for(lambda: any(b"TRANSACTION.SUCCESS" in one.body for one in receiver.received))


def test_reset_forgets_everything_but_the_credentials(sandbox: SandboxProcess, receiver: Receiver) -> None:
    merchant, courier = Merchant(sandbox, receiver.url), Dispatcher(sandbox, receiver.url)
    merchant.prepay("ORDER-0001")
    delivery_id = courier.create()["delivery_id"]
    sandbox.fault("wechat", drop_notify=True)

    sandbox.reset()

    assert sandbox.log() == []
    assert sandbox.call("GET", "/_sim/wechat/faults")["faults"] == []
    assert merchant.query("ORDER-0001")[0] == 404
    assert courier.call("GET", f"/v1/deliveries/{delivery_id}").status_code == 404


def test_log_tells_calls_in_order_and_pages(sandbox: SandboxProcess, receiver: Receiver) -> None:
    merchant = Merchant(sandbox, receiver.url)
    merchant.prepay("ORDER-0001")
    merchant.query("ORDER-0001")
    merchant.query("ORDER-0009")

    entries = sandbox.log("wechat", "call")

    assert [(entry["operation"], entry["subject"], entry["status"]) for entry in entries] == [
        ("prepay", "ORDER-0001", 200),
        ("query", "ORDER-0001", 200),
        ("query", "ORDER-0009", 404),
    ]
    assert json.loads(entries[0]["detail"]["request"])["out_trade_no"] == "ORDER-0001"
    rest = sandbox.call("GET", f"/_sim/log?after={entries[1]['id']}")["entries"]
    assert [entry["subject"] for entry in rest] == ["ORDER-0009"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"scale": 0}, "scale"),
        ({"scale": "x"}, "scale"),
        ({"advance_s": -1}, "advance_s"),
        ({"advance_s": 1e300}, "advance_s"),
    ],
)
def test_clock_refuses_nonsense(sandbox: SandboxProcess, body: dict[str, object], field: str) -> None:
    before = sandbox.call("GET", "/_sim/clock")["scale"]

    assert sandbox.call("POST", "/_sim/clock", body, expect=400)["field"] == field
    assert sandbox.call("GET", "/_sim/clock")["scale"] == before


def test_unknown_path_and_method_are_told_apart(sandbox: SandboxProcess) -> None:
    assert sandbox.call("GET", "/nowhere", expect=404)["code"] == "not_found"
    assert sandbox.call("GET", "/_sim/reset", expect=405)["code"] == "method_not_allowed"


def test_whoever_can_connect_finds_the_credentials(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "omni.sandbox"],
        cwd=ROOT,
        env=SandboxProcess(tmp_path / "state").environment() | {"OMNI_SANDBOX_PORT": str(port)},
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: can_connect(port))
        credentials = json.loads((tmp_path / "state" / "credentials.json").read_text(encoding="utf-8"))
    finally:
        process.terminate()
        process.wait(timeout=10)

    assert credentials["wechat"]["base_url"] == f"http://127.0.0.1:{port}"


def can_connect(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0
