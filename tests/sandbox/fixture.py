"""The real sandbox process for tests: import the fixture `sandbox` in a conftest."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import pytest
import requests

ROOT = Path(__file__).resolve().parents[2]
READY = "sandbox ready on "
TIME_SCALE = 600.0
ANSWER_SECONDS = 10
START_SECONDS = 60
# `python -m omni.sandbox`, killed by the kernel when the tests die, so that none is left behind.
PROGRAM = """
import ctypes, runpy, signal
PR_SET_PDEATHSIG = 1
ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
runpy.run_module("omni.sandbox", run_name="__main__")
"""


Value = TypeVar("Value")


def wait_for(read: Callable[[], Value], *, seconds: float = 15.0) -> Value:
    """Return the first true value of `read`; fail when none comes in time."""
    end = time.monotonic() + seconds
    while True:
        value = read()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"nothing came within {seconds} s")
        time.sleep(0.02)


class SandboxProcess:
    """One running `python -m omni.sandbox`, and what a test does to it; durations pass 600 times as fast."""

    def __init__(self, state: Path, *, time_scale: float = TIME_SCALE) -> None:
        self.state = state
        self.base_url = ""
        self.credentials: dict[str, dict[str, str]] = {}
        self._time_scale = time_scale
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start on a free port and wait until it answers."""
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            cwd=ROOT,
            env=self.environment(),
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        ready, _write, _broken = select.select([self._process.stdout], [], [], START_SECONDS)
        line = self._process.stdout.readline() if ready else ""
        if not line.startswith(READY):
            raise AssertionError(f"the sandbox did not start, status {self.stop(signal.SIGKILL)}: {line!r}")
        self.base_url = line.removeprefix(READY).strip()
        self.credentials = json.loads((self.state / "credentials.json").read_text(encoding="utf-8"))

    def environment(self) -> dict[str, str]:
        """Return the environment of the process."""
        return {
            **os.environ,
            "OMNI_SANDBOX": "allow",
            "OMNI_SANDBOX_PORT": "0",
            "OMNI_SANDBOX_STATE": str(self.state),
            "OMNI_SANDBOX_TIME_SCALE": str(self._time_scale),
        }

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Stop it and return its exit status; SIGKILL to see what it had written down."""
        assert self._process is not None
        assert self._process.stdout is not None
        self._process.send_signal(number)
        status = self._process.wait(timeout=ANSWER_SECONDS)
        self._process.stdout.close()
        return status

    def call(self, method: str, path: str, body: object = None, *, expect: int = 200) -> dict[str, Any]:
        """Call one URL that needs no key, and return its JSON."""
        answer = requests.request(method, f"{self.base_url}{path}", json=body, timeout=ANSWER_SECONDS)
        assert answer.status_code == expect, f"{method} {path}: {answer.status_code} {answer.text}"
        content: dict[str, Any] = answer.json()
        return content

    def pay(self, out_trade_no: str, *, amount: int | None = None, expect: int = 200) -> dict[str, Any]:
        """Pay an order as the shopper; `amount` (fen) when something else than its total is really paid."""
        body = {"out_trade_no": out_trade_no} | ({} if amount is None else {"amount": amount})
        return self.call("POST", "/_sim/wechat/pay", body, expect=expect)

    def fault(self, service: str, **faults: object) -> None:
        """Switch faults of a service ("wechat", "express"); with subject=, operation= or times= to narrow them."""
        self.call("POST", f"/_sim/{service}/faults", faults)

    def clear_faults(self, service: str) -> None:
        """Switch all faults of a service off."""
        self.call("DELETE", f"/_sim/{service}/faults")

    def log(self, service: str = "", kind: str = "", subject: str = "") -> list[dict[str, Any]]:
        """Return calls and callbacks, oldest first."""
        entries: list[dict[str, Any]] = self.call(
            "GET", f"/_sim/log?service={service}&kind={kind}&subject={subject}&limit=5000"
        )["entries"]
        return entries

    def advance(self, delivery_id: str, to: str, *, expect: int = 200, **options: object) -> dict[str, Any]:
        """Walk a delivery on to a state at once; options: reason, by, jump."""
        return self.call(
            "POST", f"/courier/_sim/deliveries/{delivery_id}/advance", {"to": to, **options}, expect=expect
        )

    def advance_parcel(self, order_id: str, to: str, *, expect: int = 200, **options: object) -> dict[str, Any]:
        """Walk an express order on to a state at once; options: reason, jump."""
        return self.call("POST", f"/express/_sim/orders/{order_id}/advance", {"to": to, **options}, expect=expect)

    def clock(self, **changes: float) -> dict[str, Any]:
        """Change the clock (scale, advance_s, skew_s) and return its reading."""
        return self.call("POST", "/_sim/clock", changes)

    def messages(self, to: str = "") -> list[dict[str, Any]]:
        """Return the messages of the inbox, newest first."""
        messages: list[dict[str, Any]] = self.call("GET", f"/messages/_log?to={quote(to)}")["messages"]
        return messages

    def reset(self) -> None:
        """Forget everything but the credentials."""
        self.call("POST", "/_sim/reset")


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """Run one sandbox for all tests of a session; call `reset()` before using it."""
    process = SandboxProcess(tmp_path_factory.mktemp("sandbox"))
    process.start()
    yield process
    process.stop()
