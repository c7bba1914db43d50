"""The servers that a command needs, and the environment in which Django finds them."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bin.children import end, trim_log
from bin.local import AlreadyRunning, Local
from bin.servers import Postgres, Server, Valkey, bring_up

OLD_SECONDS = 60.0


def embedded_servers(local: Local, *, is_durable: bool) -> dict[str, Server]:
    """Return the servers this machine runs itself, by the variable that would name one elsewhere."""
    ports = local.remembered_ports()
    servers: dict[str, Server] = {}
    if not os.environ.get("DATABASE_URL"):
        servers["DATABASE_URL"] = Postgres(
            folder=local.folder / "postgres",
            log=local.log("postgres"),
            password=local.secret("database_password"),
            port=ports.get("postgres", 0),
            is_durable=is_durable,
        )
    if not os.environ.get("REDIS_URL"):
        servers["REDIS_URL"] = Valkey(
            folder=local.folder / "valkey",
            log=local.log("valkey"),
            password=local.secret("redis_password"),
            port=ports.get("valkey", 0),
            is_durable=is_durable,
        )
    return servers


def environment(local: Local, servers: dict[str, Server], **more: str) -> dict[str, str]:
    """Return our environment with the servers' addresses and the folder's secret key."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE") or "omni.settings",
        "OMNI_LOCAL": str(local.folder),
        "PYTHONUNBUFFERED": "1",
        "SECRET_KEY": os.environ.get("SECRET_KEY") or local.secret("secret_key"),
        **{variable: server.url for variable, server in servers.items()},
        **more,
    }


@contextmanager
def serving(local: Local, *, is_durable: bool) -> Iterator[dict[str, str]]:
    """Run the embedded servers for the length of the block, which gets the environment that reaches them.

    :raises ServerFailed: one does not start.
    """
    servers = embedded_servers(local, is_durable=is_durable)
    with ExitStack() as stack:
        for server in servers.values():
            start(server, stack)
        yield environment(local, servers)


def start(server: Server, stack: ExitStack) -> subprocess.Popen[bytes]:
    """Start the server; the stack ends it."""
    trim_log(server.log)
    process = bring_up(server)
    stack.callback(end, process, server.stop_signal, patience_seconds=20)
    return process


@contextmanager
def reached(local: Local) -> Iterator[dict[str, str]]:
    """Yield the environment of what runs on the folder; when nothing does, run the servers for the block.

    :raises ServerFailed: one does not start.
    """
    while True:
        try:
            with local.owned():
                with serving(local, is_durable=True) as env:
                    local.write_record({"pid": os.getpid(), "kind": "command", "is_ready": True, "environment": env})
                    yield env
                    with local.used(is_last=True):
                        (local.folder / "run.json").unlink()
                return
        except AlreadyRunning:
            with local.used():
                record = local.await_record(seconds=120)
                if record:
                    yield {**os.environ, **record["environment"]}
                    return


@contextmanager
def thrown_away(*, is_durable: bool) -> Iterator[dict[str, str]]:
    """Run fresh servers in a temporary folder that is removed afterwards.

    :raises ServerFailed: one does not start.
    """
    remove_leftovers()
    folder = Path(tempfile.mkdtemp(prefix="omni-test-"))
    folder.chmod(0o711)  # PostgreSQL's user passes through
    (folder / "logs").mkdir()
    local = Local(folder)
    with local.owned():
        try:
            with serving(local, is_durable=is_durable) as env:
                yield env
        finally:
            remove(folder)


def remove(folder: Path) -> None:
    """Remove a temporary folder, and the cluster where its user could not reach it there."""
    if (folder / "postgres").is_symlink():
        shutil.rmtree((folder / "postgres").resolve().parent, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


def remove_leftovers() -> None:
    """Remove the temporary folders of commands that were killed: nobody holds their lock any more."""
    for folder in Path(tempfile.gettempdir()).glob("omni-test-*"):
        lock = folder / "run.lock"
        try:
            is_old = time.time() - lock.stat().st_mtime > OLD_SECONDS and lock.stat().st_uid == os.geteuid()
        except OSError:  # somebody removes it, or has not got that far
            continue
        if is_old and not Local(folder).is_owned():
            remove(folder)
