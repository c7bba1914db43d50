"""The supervisor with real processes: one platform on a folder of its own, through its life in this order."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import pytest

from bin.children import wait_until
from bin.local import ROOT, Local
from bin.servers import HOST, free_port
from bin.up import answers

pytestmark = pytest.mark.xdist_group("supervisor")
PRODUCT = ("web", "worker", "beat")


class Platform:
    """A supervisor that tests start and end; without the demo's data, unless `environment` says otherwise."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.environment = environment
        self.port = free_port()
        self.process: subprocess.Popen[str] | None = None

    def command(self, *argv: str, port: int = 0) -> subprocess.Popen[str]:
        env = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
        env |= {
            "OMNI_LOCAL": str(self.folder),
            "OMNI_DEMO": "0",
            "PORT": str(port or self.port),
            "DJANGO_SETTINGS_MODULE": "omni.settings",
            **self.environment,
        }
        return subprocess.Popen(
            [sys.executable, "-m", *argv],
            cwd=ROOT,
            env=env,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def start(self) -> None:
        self.process = self.command("bin.up")
        assert wait_until(self.is_ready, seconds=120)

    def is_ready(self) -> bool:
        record = self.record()
        assert self.process is not None
        return record.get("is_ready") is True and record["pid"] == self.process.pid

    def end(self, number: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        self.process.communicate(timeout=60)
        return self.process.returncode

    def record(self) -> dict[str, object]:
        """Return what the supervisor says about itself; fail with what it printed when it has ended."""
        if self.process is not None and self.process.poll() is not None:
            pytest.fail(f"the supervisor ended: {self.process.communicate()[0]}")
        return Local(self.folder).record()

    def pid(self, name: str) -> int:
        processes = self.record()["processes"]
        assert isinstance(processes, dict)
        return int(processes[name])

    def processes(self) -> list[str]:
        """Return the command lines of all processes that were started for the folder."""
        mark, found = str(self.folder).encode(), []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                command = (entry / "cmdline").read_bytes()
                if command and mark in command + (entry / "environ").read_bytes():
                    found.append(command.replace(b"\0", b" ").decode())
            except OSError:
                continue
        return found

    def query(self, sql: str) -> list[tuple[object, ...]]:
        environment = self.record()["environment"]
        assert isinstance(environment, dict)
        connection = psycopg2.connect(environment["DATABASE_URL"])
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    """Start a platform for this module; it must be gone in the end, whatever the tests did to it."""
    with tempfile.TemporaryDirectory(prefix="omni-platform-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)  # pytest closes its folders; PostgreSQL's user passes through this one
        platform = Platform(folder)
        platform.start()
        yield platform
        if platform.process is not None and platform.process.poll() is None:
            platform.end(signal.SIGTERM)


def changes(read: Callable[[], object]) -> Callable[[], bool]:
    """Return a condition that is true once what is read differs from what it is now."""
    before = read()
    return lambda: read() != before


def test_ready_platform_runs_every_process_and_answers(platform: Platform) -> None:
    assert answers(platform.port)
    assert {"postgres", "valkey", *PRODUCT} <= set(platform.record()["processes"])  # type: ignore[call-overload]
    assert (platform.folder / "run.json").stat().st_mode & 0o077 == 0


def test_second_run_on_the_folder_is_refused(platform: Platform) -> None:
    second = platform.command("bin.up", port=free_port())
    said = second.communicate(timeout=60)[0]
    assert second.returncode == 1
    assert f"already running at http://{HOST}:{platform.port}" in said
    assert answers(platform.port)


def test_taken_web_port_is_refused_and_nothing_is_started(platform: Platform, tmp_path: Path) -> None:
    other = Platform(tmp_path)
    refused = other.command("bin.up", port=platform.port)
    said = refused.communicate(timeout=60)[0]
    assert refused.returncode == 1
    assert f"port {platform.port} is taken" in said
    assert other.processes() == []


def test_command_reaches_the_running_database(platform: Platform) -> None:
    code = "from django.db import connection; print('port', connection.settings_dict['PORT'])"
    command = platform.command("bin.commands", "manage", "shell", "--no-imports", "--command", code)
    said = command.communicate(timeout=60)[0]
    assert command.returncode == 0
    assert f"port {Local(platform.folder).remembered_ports()['postgres']}" in said


@pytest.mark.parametrize("name", ["worker", "postgres"])
def test_killed_child_is_started_again(platform: Platform, name: str) -> None:
    has_successor = changes(lambda: platform.pid(name))
    os.kill(platform.pid(name), signal.SIGKILL)
    assert wait_until(has_successor, seconds=60)  # recovery writes the whole cluster out first
    assert platform.query("SELECT 1") == [(1,)]


def test_killed_supervisor_leaves_no_process_and_no_lost_data(platform: Platform) -> None:
    platform.query("CREATE TABLE kept AS SELECT 7 AS number")
    platform.end(signal.SIGKILL)
    assert wait_until(lambda: platform.processes() == [], seconds=30), platform.processes()
    platform.start()
    assert platform.query("SELECT number FROM kept") == [(7,)]


def test_interrupted_supervisor_ends_everything_in_seconds(platform: Platform) -> None:
    started_at = time.monotonic()
    assert platform.end(signal.SIGINT) == 0
    assert time.monotonic() - started_at < 30
    assert platform.processes() == []
    assert not (platform.folder / "run.json").exists()
    assert json.loads((platform.folder / "ports.json").read_text(encoding="utf-8"))["postgres"] > 0
