"""Two clocks: real time for what is reported and signed, scaled time for how long things take."""

import json
import threading
import time
from datetime import UTC, datetime, timedelta, timezone

from omni.sandbox.config import DEFAULT_TIME_SCALE
from omni.sandbox.database import Database

SHANGHAI = timezone(timedelta(hours=8))


class Clock:
    """Sandbox seconds pass `scale` times as fast as real ones, also while the process is down."""

    def __init__(self, database: Database, scale: float | None) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._start_scale = scale or DEFAULT_TIME_SCALE
        row = database.row("SELECT value FROM setting WHERE name = 'clock'")
        if row is None:
            self.restart()
            return
        kept = json.loads(row["value"])
        self._real, self._sandbox = kept["real"], kept["sandbox"]
        self._scale, self._skew = kept["scale"], kept["skew"]
        if scale is not None:
            self.change(scale=scale)

    def restart(self) -> None:
        """Set sandbox time to zero, without a shift, at the scale the process was started with."""
        with self._lock:
            self._real, self._sandbox, self._scale, self._skew = time.time(), 0.0, self._start_scale, 0.0
            self._keep()

    def change(self, *, scale: float | None = None, advance: float = 0.0, skew: float | None = None) -> None:
        """Change the scale, leap `advance` sandbox seconds ahead, or shift reported time by `skew` seconds."""
        with self._lock:
            now = time.time()
            self._sandbox += (now - self._real) * self._scale + advance
            self._real = now
            self._scale = self._scale if scale is None else scale
            self._skew = self._skew if skew is None else skew
            self._keep()

    def elapsed(self) -> float:
        """Return sandbox seconds since the beginning."""
        with self._lock:
            return float(self._sandbox + (time.time() - self._real) * self._scale)

    def wall(self) -> datetime:
        """Return the time of day this provider believes it is (UTC)."""
        return datetime.fromtimestamp(time.time() + self._skew, UTC)

    def stamp(self) -> str:
        """Return `wall` as RFC 3339 in China's time, to the second, as the providers write it."""
        return self.wall().astimezone(SHANGHAI).isoformat(timespec="seconds")

    def stamp_after(self, sandbox_seconds: float) -> str:
        """Return the time of day at which so many sandbox seconds will have passed."""
        moment = self.wall() + timedelta(seconds=sandbox_seconds / self._scale)
        return moment.astimezone(SHANGHAI).isoformat(timespec="seconds")

    def reading(self) -> dict[str, float | str]:
        """Return the state of both clocks."""
        return {"scale": self._scale, "skew_s": self._skew, "sandbox_s": self.elapsed(), "now": self.stamp()}

    def _keep(self) -> None:
        kept = {"real": self._real, "sandbox": self._sandbox, "scale": self._scale, "skew": self._skew}
        self._database.change(
            "INSERT INTO setting VALUES ('clock', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            json.dumps(kept),
        )
