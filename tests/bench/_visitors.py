"""Visitors of a web server: connections that stay open, each asking anew as soon as it has its answer.

They run in a process of their own on bare sockets, so that they cost the machine they share with the server little.
"""

from __future__ import annotations

import itertools
import multiprocessing
import selectors
import socket
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HOST = "127.0.0.1"
CONNECTIONS = 8
CHUNK_BYTES = 1 << 18
PATIENCE_SECONDS = 30


@dataclass
class Visits:
    """What came of a time of visiting; seconds."""

    seconds: float = 0.0
    client_seconds: float = 0.0
    failures: int = 0
    latencies: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Return the answers a second."""
        return len(self.latencies) / self.seconds


@dataclass
class Caller:
    """One connection, and how much of the answer it waits for has come."""

    connection: socket.socket
    asked_at: float = 0.0
    head: bytes = b""
    missing: int | None = None

    def ask(self, request: bytes) -> None:
        """Send a request."""
        self.head, self.missing, self.asked_at = b"", None, time.perf_counter()
        self.connection.sendall(request)

    def is_answered(self) -> bool:
        """Take what has come; tell whether the answer is complete.

        :raises ConnectionError: when the server hung up.
        """
        chunk = self.connection.recv(CHUNK_BYTES)
        if not chunk:
            raise ConnectionError("the server closed the connection")
        if self.missing is None:
            self.head += chunk
            end = self.head.find(b"\r\n\r\n")
            if end < 0:
                return False
            self.missing = content_length(self.head[:end]) - (len(self.head) - end - 4)
        else:
            self.missing -= len(chunk)
        return self.missing <= 0

    @property
    def is_fine(self) -> bool:
        """Tell whether the answer is a page."""
        return self.head.startswith(b"HTTP/1.1 200 ")


def content_length(head: bytes) -> int:
    """Return the length that the head of an answer names."""
    for line in head.split(b"\r\n"):
        name, _colon, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise ValueError("an answer without a length")


def request(address: str, **cookies: str) -> bytes:
    """Return the request of somebody who reads Chinese and has seen a page before: the forms' cookie is theirs."""
    jar = "; ".join(f"{name}={value}" for name, value in {"csrftoken": "v" * 32, **cookies}.items())
    return f"GET {address} HTTP/1.1\r\nHost: {HOST}\r\nAccept-Language: zh-CN\r\nCookie: {jar}\r\n\r\n".encode()


def fetch(port: int, wanted: bytes) -> str:
    """Return one page, over a connection of its own: any of the server's processes may answer.

    :raises AssertionError: when it is no page.
    """
    with socket.create_connection((HOST, port), timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(wanted.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        answer = b"".join(iter(lambda: connection.recv(CHUNK_BYTES), b""))
    head, _blank, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), head
    return body.decode()


def visit(port: int, requests: Sequence[bytes], *, seconds: float | None) -> Visits:
    """Let eight visitors ask for these pages in turn for a time, or each once (None), in a process of their own."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=lambda: sender.send(_visit(port, requests, seconds)), daemon=True)
    child.start()
    if not receiver.poll((seconds or 120) + PATIENCE_SECONDS):
        raise TimeoutError("the visitors have not come back")
    visits: Visits = receiver.recv()
    child.join()
    return visits


def _visit(port: int, requests: Sequence[bytes], seconds: float | None) -> Visits:
    visits = Visits()
    wanted: Iterator[bytes] = itertools.cycle(requests) if seconds else iter(requests)
    cpu, start = time.process_time(), time.perf_counter()
    end = start + seconds if seconds else float("inf")
    with selectors.DefaultSelector() as selector:
        for wish in itertools.islice(wanted, CONNECTIONS):
            caller = Caller(socket.create_connection((HOST, port), timeout=PATIENCE_SECONDS))
            caller.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            caller.ask(wish)
            selector.register(caller.connection, selectors.EVENT_READ, caller)
        while selector.get_map() and time.perf_counter() < end:
            for key, _events in selector.select(timeout=1):
                if key.data.is_answered():
                    _note(visits, key.data)
                    wish = next(wanted, b"")
                    key.data.ask(wish) if wish else selector.unregister(key.data.connection)
    visits.seconds = time.perf_counter() - start
    visits.client_seconds = time.process_time() - cpu
    return visits


def _note(visits: Visits, caller: Caller) -> None:
    visits.latencies.append(time.perf_counter() - caller.asked_at)
    visits.failures += not caller.is_fine
