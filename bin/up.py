"""The supervisor: starts the platform in order, keeps it running, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib.util import find_spec
from types import FrameType

from bin import report
from bin.backing import embedded_servers, environment
from bin.children import end, kill_session, spawn, tail, trim_log, wait, wait_until
from bin.local import ROOT, AlreadyRunning, Local
from bin.servers import HOST, Server, ServerFailed, bring_up, free_port

GRACE_SECONDS = 6.0
STEADY_SECONDS = 30.0
LONGEST_PAUSE_SECONDS = 30.0


@dataclass
class Service:
    """A process the supervisor keeps running."""

    name: str
    launch: Callable[[], subprocess.Popen[bytes]]
    process: subprocess.Popen[bytes]
    started_at: float = field(default_factory=time.monotonic)
    pause_seconds: float = 0.5
    retry_at: float | None = None


class Stopped(Exception):
    """Somebody asked the supervisor to end."""


class Supervisor:
    """Runs the platform on a data folder until it is told to stop. Single-threaded, for the death signals' sake."""

    def __init__(self, local: Local, port: int) -> None:
        self.local = local
        self.port = port
        self.url = os.environ.get("OMNI_PUBLIC_URL") or f"http://{HOST}:{port}"
        self.services: list[Service] = []
        self.env: dict[str, str] = {}
        self.started_at = time.monotonic()

    def run(self) -> None:
        """Start everything, print where to sign in, and keep it running until a signal comes.

        :raises AlreadyRunning: another process runs on the folder.
        :raises ServerFailed: a part does not start.
        """
        _on_stop_signals(_stop)
        with self.local.owned() as was_killed, ExitStack() as stack:
            try:
                self._claim_port(seconds=5 if was_killed else 0)
                self._start(stack)
                self._print_where()
                self._keep_running()
            except Stopped:
                report.say("stopping")
            finally:
                _on_stop_signals(self._hasten)
                self._end_services()

    def _start(self, stack: ExitStack) -> None:
        servers = embedded_servers(self.local, is_durable=True)
        for server in servers.values():
            with report.step(server.name):
                self._keep_server(server, stack)
        sandbox_port = free_port(self.local.remembered_ports().get("sandbox", 0))
        self.env = environment(self.local, servers, **self._product_environment(sandbox_port))
        self.local.remember_ports(
            {server.name: server.port for server in servers.values()} | {"sandbox": sandbox_port},
        )
        self._write_record(is_ready=False)
        self._start_sandbox()
        with report.step("database and demo data"):
            self._prepare()
        for name, argv in self.product_processes().items():
            self._launch(name, argv)
        with report.step("web, worker and beat"):
            self._await_web()
        self._write_record(is_ready=True)

    def _claim_port(self, *, seconds: float) -> None:
        """Refuse a web port that is taken. The workers of a killed supervisor hold it for a second or two."""
        if not wait_until(lambda: free_port(self.port) == self.port, seconds=seconds, every_seconds=0.25):
            raise ServerFailed(f"port {self.port} is taken by another program: choose one with PORT=8001 ./run")

    def _product_environment(self, sandbox_port: int) -> dict[str, str]:
        state = self.local.folder / "sandbox"
        state.mkdir(mode=0o700, exist_ok=True)
        product = {"OMNI_PUBLIC_URL": self.url, "PORT": str(self.port)}
        if find_spec("omni.sandbox.__main__") is None:
            return product
        providers = os.environ.get("OMNI_PROVIDERS_FILE") or str(state / "credentials.json")
        return product | {
            "OMNI_PROVIDERS_FILE": providers,
            "OMNI_SANDBOX": "allow",
            "OMNI_SANDBOX_PORT": str(sandbox_port),
            "OMNI_SANDBOX_STATE": str(state),
        }

    def product_processes(self) -> dict[str, list[str]]:
        """Return the command of each process of the product."""
        beat_file = self.local.folder / "beat-schedule"
        celery = [sys.executable, "-m", "celery", "-A", "omni"]
        level = ["--loglevel", "WARNING"]
        return {
            "web": [
                *(sys.executable, "-m", "gunicorn", "omni.wsgi", "--bind", f"{HOST}:{self.port}", "--preload"),
                *("--worker-class", "gthread", "--workers", "2", "--threads", "4", "--no-control-socket"),
                *("--graceful-timeout", "5", "--keep-alive", "30", "--error-logfile", "-"),
            ],
            "worker": [*celery, "worker", "--concurrency", "2", "--without-gossip", "--without-mingle", *level],
            "beat": [*celery, "beat", "--schedule", str(beat_file), "--pidfile=", *level],
        }

    def _keep_server(self, server: Server, stack: ExitStack) -> None:
        """Start a server and keep it; when it dies its successor must answer where the product looks for it."""
        trim_log(server.log)
        service = Service(server.name, lambda: bring_up(server, is_port_fixed=True), bring_up(server))
        stack.callback(lambda: end(service.process, server.stop_signal, patience_seconds=20))
        self.services.append(service)

    def _launch(self, name: str, argv: list[str]) -> Service:
        log = self.local.log(name)
        trim_log(log)

        def launch() -> subprocess.Popen[bytes]:
            return spawn(argv, env=self.env, log=log, cwd=ROOT)

        service = Service(name, launch, launch())
        self.services.append(service)
        return service

    def _start_sandbox(self) -> None:
        """Start the sandbox providers and wait: their first act is to write the credentials and where they are."""
        if "OMNI_SANDBOX" not in self.env:
            return
        sandbox = self._launch("sandbox", [sys.executable, "-m", "omni.sandbox"])
        port = int(self.env["OMNI_SANDBOX_PORT"])
        with report.step("sandbox providers"):
            wait_until(lambda: answers(port) or sandbox.process.poll() is not None, seconds=30)
            if not answers(port):
                raise ServerFailed(f"the sandbox did not start:\n{tail(self.local.log('sandbox'))}")

    def _prepare(self) -> None:
        log = self.local.log("prepare")
        process = spawn([sys.executable, "-m", "bin.prepare"], env=self.env, log=log, cwd=ROOT)
        try:
            status = process.wait()
        finally:
            kill_session(process)
        if status:
            raise ServerFailed(f"preparing the database failed:\n{tail(log)}")

    def _await_web(self) -> None:
        web = next(service for service in self.services if service.name == "web")
        if not wait_until(lambda: answers(self.port) or web.process.poll() is not None, seconds=90):
            raise ServerFailed(f"the web server does not answer:\n{tail(self.local.log('web'))}")
        if web.process.poll() is not None:
            raise ServerFailed(f"the web server ended:\n{tail(self.local.log('web'))}")

    def _write_record(self, *, is_ready: bool) -> None:
        given = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "PORT", "DJANGO_SETTINGS_MODULE")
        kept = {name: value for name, value in self.env.items() if name in given or name.startswith("OMNI_")}
        self.local.write_record(
            {
                "pid": os.getpid(),
                "kind": "platform",
                "is_ready": is_ready,
                "url": self.url,
                "processes": {service.name: service.process.pid for service in self.services},
                "environment": kept,
            },
        )

    def _print_where(self) -> None:
        sandbox_url = f"http://{HOST}:{self.env['OMNI_SANDBOX_PORT']}" if "OMNI_SANDBOX" in self.env else None
        report.print_sign_ins(self.url, sandbox_url, self.local.folder, seconds=time.monotonic() - self.started_at)

    def _keep_running(self) -> None:
        while True:
            time.sleep(0.25)
            for service in self.services:
                self._look_after(service)

    def _look_after(self, service: Service) -> None:
        """Start a service again when it has ended, after a pause that grows while it does not hold."""
        now = time.monotonic()
        if service.retry_at is None:
            if service.process.poll() is None:
                return
            kill_session(service.process)
            if now - service.started_at > STEADY_SECONDS:
                service.pause_seconds = 0.5
            report.say(f"{service.name} ended with status {service.process.returncode}; starting it again")
            service.retry_at = now + service.pause_seconds
            service.pause_seconds = min(service.pause_seconds * 2, LONGEST_PAUSE_SECONDS)
        elif now >= service.retry_at:
            service.retry_at, service.started_at = None, now
            try:
                service.process = service.launch()
            except (ServerFailed, OSError) as error:
                report.say(str(error))
            self._write_record(is_ready=True)

    def _end_services(self) -> None:
        """End what the product runs, before the servers beneath it."""
        ours = [service.process for service in self.services if service.name not in {"postgres", "valkey"}]
        for process in ours:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + GRACE_SECONDS
        for process in ours:
            wait(process, deadline - time.monotonic())
            kill_session(process)

    def _hasten(self, number: int, frame: FrameType | None) -> None:
        """Answer a second Ctrl-C: what the product runs loses nothing when it is killed."""
        for service in self.services:
            if service.name not in {"postgres", "valkey"} and service.process.poll() is None:
                service.process.kill()


def _on_stop_signals(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, handler)


def _stop(number: int, frame: FrameType | None) -> None:
    _on_stop_signals(signal.SIG_IGN)  # a second one must not interrupt the way out
    raise Stopped


def answers(port: int) -> bool:
    """Return whether the web server, or the sandbox, answers on the port."""
    try:
        with urllib.request.urlopen(f"http://{HOST}:{port}/healthz", timeout=2) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def main() -> int:
    """Run the platform; the exit status is 1 when it cannot be started."""
    local = Local.of_environment()
    try:
        Supervisor(local, int(os.environ.get("PORT") or 8000)).run()
    except AlreadyRunning as running:
        record = running.record
        what = f"at {record['url']}" if "url" in record else f"for a command (bin/{record.get('kind', 'run')})"
        report.say(f"already running {what}, process {record.get('pid', 'unknown')}, data in {local.folder}")
        return 1
    except ServerFailed as error:
        report.say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
