"""The folder that keeps a checkout's data (``.local``, or what ``OMNI_LOCAL`` names), and who is using it."""

import fcntl
import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[1]


class AlreadyRunning(Exception):
    """Another process runs on this folder; ``record`` is what it wrote about itself, {} before it has."""

    def __init__(self, record: dict[str, Any]) -> None:
        super().__init__("this folder is in use")
        self.record = record


@dataclass(frozen=True)
class Local:
    """The data folder: ``secrets.json``, ``ports.json``, ``run.json`` while somebody runs on it, and ``logs/``."""

    folder: Path

    @classmethod
    def of_environment(cls) -> "Local":
        """Return the folder that ``OMNI_LOCAL`` names, or ``.local`` of the checkout."""
        folder = Path(os.environ.get("OMNI_LOCAL") or ROOT / ".local").resolve()
        folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        (folder / "logs").mkdir(mode=0o700, exist_ok=True)
        return cls(folder)

    def log(self, name: str) -> Path:
        """Return the path of a process's log."""
        return self.folder / "logs" / f"{name}.log"

    def secret(self, name: str) -> str:
        """Return a secret of this folder, made at random the first time, in a file of its own with mode 0600."""
        path = self.folder / name
        if not path.exists():
            write_private(path, secrets.token_urlsafe(48))
        return path.read_text(encoding="ascii").strip()

    def remembered_ports(self) -> dict[str, int]:
        """Return the ports that were used last time."""
        ports: dict[str, int] = read_json(self.folder / "ports.json")
        return ports

    def remember_ports(self, ports: dict[str, int]) -> None:
        """Keep the ports for the next time."""
        write_private(self.folder / "ports.json", json.dumps(ports))

    def record(self) -> dict[str, Any]:
        """Return what the process that runs on this folder wrote about itself ({} before it has)."""
        return read_json(self.folder / "run.json")

    def write_record(self, record: dict[str, Any]) -> None:
        """Say what runs here; it holds passwords, so the file is private."""
        write_private(self.folder / "run.json", json.dumps(record, indent=1))

    @contextmanager
    def owned(self) -> Iterator[bool]:
        """Own the folder: at most one process runs servers on it. The kernel gives it back however that one ends.

        The block gets whether the owner before was killed, so that its processes may still be about to end.

        :raises AlreadyRunning: another process owns it.
        """
        with (self.folder / "run.lock").open("a", encoding="ascii") as lock:
            self._lock(lock)
            was_killed = (self.folder / "run.json").exists()
            (self.folder / "run.json").unlink(missing_ok=True)
            try:
                yield was_killed
            finally:
                (self.folder / "run.json").unlink(missing_ok=True)

    def _lock(self, lock: IO[str]) -> None:
        for attempt in range(4):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if attempt == 3:  # not just somebody asking whether it is owned
                    raise AlreadyRunning(self.record()) from error
                time.sleep(0.1)
            else:
                return

    def is_owned(self) -> bool:
        """Return whether some process owns the folder."""
        try:
            with (self.folder / "run.lock").open(encoding="ascii") as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def await_record(self, *, seconds: float) -> dict[str, Any]:
        """Return the record of the process that owns the folder once it is ready, {} when it ends or takes longer."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.is_owned():
            record = self.record()
            if record.get("is_ready"):
                return record
            time.sleep(0.1)
        return {}

    @contextmanager
    def used(self, *, is_last: bool = False) -> Iterator[None]:
        """Keep the servers of a command alive while another command uses them; the owner waits with ``is_last``."""
        with (self.folder / "users.lock").open("a", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX if is_last else fcntl.LOCK_SH)
            yield


def read_json(path: Path) -> dict[str, Any]:
    """Return a JSON object from the file, {} when there is none."""
    try:
        loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return loaded


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)
