"""What the commands leave behind, and who may use a data folder."""

import os
import socket
import tempfile
import time
from pathlib import Path

import pytest

from bin.backing import OLD_SECONDS, remove_leftovers
from bin.local import AlreadyRunning, Local
from bin.servers import HOST, free_port


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that stands for the machine's temporary one."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def made_by_a_command(parent: Path, name: str, *, age_seconds: float) -> Local:
    folder = parent / f"omni-test-{name}"
    (folder / "logs").mkdir(parents=True)
    lock = folder / "run.lock"
    lock.touch()
    os.utime(lock, (time.time() - age_seconds,) * 2)
    return Local(folder)


def test_leftovers_of_a_killed_command_are_removed(temporary: Path) -> None:
    killed = made_by_a_command(temporary, "killed", age_seconds=OLD_SECONDS + 10)
    fresh = made_by_a_command(temporary, "fresh", age_seconds=0)
    remove_leftovers()
    assert not killed.folder.exists()
    assert fresh.folder.exists()


def test_folder_of_a_running_command_is_kept(temporary: Path) -> None:
    running = made_by_a_command(temporary, "running", age_seconds=OLD_SECONDS + 10)
    with running.owned():
        remove_leftovers()
        assert running.folder.exists()


def test_owned_folder_is_refused_to_another_and_tells_who_has_it(tmp_path: Path) -> None:
    local = Local(tmp_path)
    with local.owned() as was_killed:
        local.write_record({"pid": 7})
        assert was_killed is False
        with pytest.raises(AlreadyRunning) as refusal, local.owned():
            pass
        assert refusal.value.record == {"pid": 7}
    assert local.is_owned() is False
    assert local.record() == {}


def test_owned_folder_after_a_killed_owner_says_so(tmp_path: Path) -> None:
    local = Local(tmp_path)
    local.write_record({"pid": 7})
    with local.owned() as was_killed:
        assert was_killed is True
        assert local.record() == {}


def test_secret_of_a_folder_stays_and_is_private(tmp_path: Path) -> None:
    local = Local(tmp_path)
    secret = local.secret("database_password")
    assert local.secret("database_password") == secret
    assert (tmp_path / "database_password").stat().st_mode & 0o777 == 0o600


def test_free_port_gives_another_when_the_preferred_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port(port) != port
    preferred = free_port()
    assert free_port(preferred) == preferred
