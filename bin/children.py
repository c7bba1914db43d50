"""Starting processes that cannot outlive this one, and ending them."""

import contextlib
import ctypes
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PR_SET_PDEATHSIG = 1
LOG_LIMIT_BYTES = 20_000_000


@dataclass(frozen=True)
class Identity:
    """A user a child runs as."""

    uid: int
    gid: int


def unprivileged() -> Identity | None:
    """Return who runs what refuses to run as root, or None when this process is not root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):  # initdb looks its uid up, so it must be a name of this machine
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Identity(entry.pw_uid, entry.pw_gid)
    raise SystemExit("PostgreSQL refuses to run as root, and this machine has neither the user postgres nor nobody.")


def spawn(
    argv: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    log: Path | None = None,
    death_signal: signal.Signals = signal.SIGKILL,
    identity: Identity | None = None,
    cwd: Path | None = None,
    is_session_leader: bool = True,
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, so that Ctrl-C reaches only us and we end the children in order.

    The kernel sends it ``death_signal`` when this process dies, however it dies. That is tied to the thread that
    started it: call this from the main thread. Output goes to the end of ``log``, or to the terminal without one.
    """
    output = None if log is None else os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
    try:
        return subprocess.Popen(
            [str(part) for part in argv],
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL if is_session_leader else None,
            stdout=output,
            stderr=output,
            start_new_session=is_session_leader,
            user=identity.uid if identity else None,
            group=identity.gid if identity else None,
            extra_groups=[] if identity else None,
            preexec_fn=_bound_to_parent(death_signal),  # noqa: PLW1509  # we have a single thread
        )
    finally:
        if output is not None:
            os.close(output)


def _bound_to_parent(death_signal: signal.Signals) -> Callable[[], None] | None:
    """Return what a child runs before its program. It comes after the change of user, which clears the death signal."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def bind() -> None:
        libc.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:  # the parent died before the line above
            os._exit(1)

    return bind


def end(child: subprocess.Popen[bytes], request: signal.Signals, *, patience_seconds: float) -> None:
    """Ask the child to end, and after the patience kill its whole session."""
    if child.poll() is None:
        child.send_signal(request)
        wait(child, patience_seconds)
    kill_session(child)


def wait(child: subprocess.Popen[bytes], seconds: float) -> bool:
    """Return whether the child has ended within the time."""
    try:
        child.wait(max(seconds, 0.01))
    except subprocess.TimeoutExpired:
        return False
    return True


def kill_session(child: subprocess.Popen[bytes]) -> None:
    """Kill whatever is left of the child's process group, and reap the child."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def wait_until(condition: Callable[[], bool], *, seconds: float, every_seconds: float = 0.05) -> bool:
    """Return whether the condition has come true within the time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every_seconds)
    return True


def trim_log(log: Path) -> None:
    """Move a log that has grown large aside; the one before it is dropped."""
    if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
        log.replace(log.with_suffix(".old.log"))


def tail(log: Path, lines: int = 25) -> str:
    """Return the end of a log, indented, for an error message."""
    if not log.exists():
        return ""
    text = log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]
    return "\n".join(f"    {line}" for line in text)
