"""A merchant's server: keeps every callback, and answers as it is told."""

import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from tests.sandbox.fixture import wait_for


@dataclass(frozen=True)
class Received:
    """One callback as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """Listens on a free port; `statuses` are the next answers, after that 200."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.statuses: list[int] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/callback"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def wait(self, count: int = 1) -> list[Received]:
        """Return everything received once there are at least `count`."""
        wait_for(lambda: len(self.received) >= count)
        return list(self.received)

    def take(self, received: Received) -> int:
        """Keep one callback; return the status to answer with."""
        with self._lock:
            self.received.append(received)
            return self.statuses.pop(0) if self.statuses else 200

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = owner.take(Received(self.path, dict(self.headers), body))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                """Keep quiet."""

        return Handler
