"""Callbacks to the merchant: kept as rows until they are taken or their ladder ends."""

import json
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import requests

from omni.sandbox.clock import Clock
from omni.sandbox.database import Database
from omni.sandbox.journal import Journal

ANSWER_SECONDS = 5
SENDERS = 16
MAX_COPIES = 100
# A callback held back by `reorder` goes out on its own after this long, if no other follows.
HELD_BACK_SECONDS = 3600.0


@dataclass(frozen=True)
class Callback:
    """One message on its way; `faults` are what this one suffers, on every attempt."""

    id: int
    service: str
    subject: str
    event_id: str
    url: str
    body: str
    faults: dict[str, Any]
    attempt: int


@dataclass(frozen=True)
class Channel:
    """How one service signs, and after how many sandbox seconds it tries again."""

    sign: Callable[[Callback], dict[str, str]]
    ladder: Sequence[float]
    gone_stops: bool = False


class Callbacks:
    """Sends what is due, one at a time for each subject and in order, many subjects side by side."""

    def __init__(self, database: Database, clock: Clock, journal: Journal) -> None:
        self._database = database
        self._clock = clock
        self._journal = journal
        self._channels: dict[str, Channel] = {}
        self._lock = threading.Lock()
        self._busy: set[tuple[str, str]] = set()
        self._pool = ThreadPoolExecutor(SENDERS, thread_name_prefix="callback")

    def open_channel(self, service: str, channel: Channel) -> None:
        """Let a service send."""
        self._channels[service] = channel

    def enqueue(
        self, *, service: str, subject: str, event_id: str, url: str, body: str, faults: dict[str, Any]
    ) -> None:
        """Keep one callback to be sent; the faults drop, delay and reorder act here."""
        if faults.get("drop"):
            self._journal.write(
                service=service, kind="callback", operation="drop", subject=subject, url=url, status=None,
                event_id=event_id, body=body,
            )  # fmt: skip
            return
        held_back = bool(faults.get("reorder"))
        wait = float(faults.get("delay", 0)) + (HELD_BACK_SECONDS if held_back else 0)
        self._database.change(
            "INSERT INTO callback (service, subject, event_id, url, body, faults, due, held_back) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            service, subject, event_id, url, body, json.dumps(faults), self._clock.elapsed() + wait, held_back,
        )  # fmt: skip

    def dispatch(self) -> None:
        """Hand everything due to the senders."""
        due = self._database.rows(
            "SELECT id, service, subject FROM callback WHERE state = 'pending' AND due <= ? ORDER BY due, id LIMIT 500",
            self._clock.elapsed(),
        )
        for row in due:
            line = (row["service"], row["subject"])
            with self._lock:
                if line in self._busy:
                    continue
                self._busy.add(line)
            self._pool.submit(self._run, row["id"], line)

    def send_once(self, callback: Callback) -> None:
        """Send something that is not kept and never repeated (a probe), in the background."""
        self._pool.submit(self._attempt, callback)

    def states(self, service: str) -> dict[str, str]:
        """Return how the newest callback of each subject stands."""
        rows = self._database.rows("SELECT subject, state FROM callback WHERE service = ? ORDER BY id", service)
        return {row["subject"]: row["state"] for row in rows}

    def await_rest(self) -> None:
        """Wait until nothing is being sent: what is on its way would be news of what a reset has forgotten."""
        end = time.monotonic() + ANSWER_SECONDS
        while self._busy and time.monotonic() < end:
            time.sleep(0.01)

    def stop(self) -> None:
        """Take no more work; what is under way is sent again after the next start."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self, callback_id: int, line: tuple[str, str]) -> None:
        try:
            # Read again: a reset may have forgotten it, another sender may have finished it.
            row = self._database.row("SELECT * FROM callback WHERE id = ? AND state = 'pending'", callback_id)
            if row is not None:
                self._deliver(
                    Callback(
                        id=row["id"],
                        service=row["service"],
                        subject=row["subject"],
                        event_id=row["event_id"],
                        url=row["url"],
                        body=row["body"],
                        faults=json.loads(row["faults"]),
                        attempt=row["attempt"] + 1,
                    )
                )
        finally:
            with self._lock:
                self._busy.discard(line)

    def _deliver(self, callback: Callback) -> None:
        """Send one callback (copies at the same time), and write down how it went."""
        copies = min(MAX_COPIES, max(1, int(callback.faults.get("duplicate", 1))))
        others = [threading.Thread(target=self._attempt, args=(callback,), daemon=True) for _ in range(copies - 1)]
        for other in others:
            other.start()
        status = self._attempt(callback)
        for other in others:
            other.join()
        channel = self._channels[callback.service]
        state, due = "pending", self._clock.elapsed()
        if status is not None and 200 <= status < 300:
            state = "done"
        elif (channel.gone_stops and status == 410) or callback.attempt > len(channel.ladder):
            state = "given_up"
        else:
            due += channel.ladder[callback.attempt - 1]
        with self._database.transaction():
            self._database.change(
                "UPDATE callback SET attempt = ?, state = ?, due = ?, held_back = 0 WHERE id = ?",
                callback.attempt, state, due, callback.id,
            )  # fmt: skip
            self._database.change(
                "UPDATE callback SET due = ?, held_back = 0 "
                "WHERE service = ? AND subject = ? AND held_back = 1 AND id < ?",
                self._clock.elapsed(), callback.service, callback.subject, callback.id,
            )  # fmt: skip

    def _attempt(self, callback: Callback) -> int | None:
        """Post it once; return the status, or None when nobody answered."""
        body = callback.body.encode("utf-8")
        headers = {"Content-Type": "application/json", **self._channels[callback.service].sign(callback)}
        status, error = None, ""
        try:
            with requests.Session() as session:
                session.trust_env = False
                answer = session.post(
                    callback.url, data=body, headers=headers, timeout=ANSWER_SECONDS, allow_redirects=False
                )
            status = answer.status_code
        except requests.RequestException as failure:
            error = str(failure)
        self._journal.write(
            service=callback.service, kind="callback", operation="send", subject=callback.subject, url=callback.url,
            status=status, event_id=callback.event_id, attempt=callback.attempt, headers=headers, body=callback.body,
            faults=callback.faults, error=error,
        )  # fmt: skip
        return status
