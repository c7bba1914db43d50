"""`python -m omni.sandbox`: start, say where, serve until told to stop."""

import fcntl
import os
import signal
import sys
import threading
from typing import TextIO

from omni.sandbox.assembly import Sandbox
from omni.sandbox.config import Config, Refused, load_config
from omni.sandbox.server import Server, make_server


def main() -> int:
    """Run the process; return its exit status (2: refused to start)."""
    try:
        config = load_config(os.environ)
        lock = lock_state(config)
        server = bind(config)
    except Refused as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 2
    with lock, server:
        serve(config, server)
    return 0


def lock_state(config: Config) -> TextIO:
    """Take the state folder for this process alone; the file returned holds it.

    :raises Refused: when another process has it.
    """
    config.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = (config.state / "lock").open("w", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise Refused(f"Another sandbox uses {config.state}.") from error
    return lock


def bind(config: Config) -> Server:
    """:raises Refused: when the port is taken."""
    try:
        return make_server(config.host, config.port)
    except OSError as error:
        raise Refused(f"Cannot listen on {config.host}:{config.port}: {error}") from error


def serve(config: Config, server: Server) -> None:
    """Serve until SIGTERM or SIGINT."""
    base_url = f"http://{config.host}:{server.server_port}"
    sandbox = Sandbox(config, base_url)
    server.set_app(sandbox.application)
    # Only now: whoever can connect finds the credentials written.
    server.server_activate()

    def stop(_number: int, _frame: object) -> None:
        # shutdown() waits for the serving thread, which this handler interrupts: so from another one.
        threading.Thread(target=server.shutdown).start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    sandbox.start()
    sys.stdout.write(f"sandbox ready on {base_url}\n")
    sys.stdout.flush()
    try:
        server.serve_forever(poll_interval=0.1)
    finally:
        sandbox.stop()


if __name__ == "__main__":
    sys.exit(main())
