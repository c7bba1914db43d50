"""Two clocks: real time for what is reported and signed, scaled time for how long things take."""

import json
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta, timezone

from omni.sandbox.config import DEFAULT_TIME_SCALE
from omni.sandbox.database import Database

SHANGHAI = timezone(timedelta(hours=8))


@dataclass(frozen=True)
class Setting:
    """At the real moment `real` it was `sandbox`; from there on it goes `scale` times as fast."""

    real: float
    sandbox: float
    scale: float
    skew: float

    def elapsed(self, now: float) -> float:
        """Return the sandbox seconds at a real moment."""
        return self.sandbox + (now - self.real) * self.scale


class Clock:
    """Sandbox seconds pass `scale` times as fast as real ones, also while the process is down.

    A setting is replaced whole, so reading needs no lock (one would deadlock with the database's).
    """

    def __init__(self, database: Database, scale: float | None) -> None:
        self._database = database
        self._start_scale = scale or DEFAULT_TIME_SCALE
        self._setting = Setting(time.time(), 0.0, self._start_scale, 0.0)
        row = database.row("SELECT value FROM setting WHERE name = 'clock'")
        if row is not None:
            self._setting = Setting(**json.loads(row["value"]))
        self.change(scale=scale)

    def restart(self) -> None:
        """Set sandbox time to zero, without a shift, at the scale the process was started with."""
        self._keep(Setting(time.time(), 0.0, self._start_scale, 0.0))

    def change(self, *, scale: float | None = None, advance: float = 0.0, skew: float | None = None) -> None:
        """Change the scale, leap `advance` sandbox seconds ahead, or shift reported time by `skew` seconds."""
        with self._database.transaction():
            now, old = time.time(), self._setting
            self._keep(
                Setting(
                    real=now,
                    sandbox=old.elapsed(now) + advance,
                    scale=old.scale if scale is None else scale,
                    skew=old.skew if skew is None else skew,
                )
            )

    def elapsed(self) -> float:
        """Return sandbox seconds since the beginning."""
        return self._setting.elapsed(time.time())

    def wall(self) -> datetime:
        """Return the time of day this provider believes it is (UTC)."""
        return datetime.fromtimestamp(time.time() + self._setting.skew, UTC)

    def stamp(self) -> str:
        """Return `wall` as RFC 3339 in China's time, to the second, as the providers write it."""
        return self.wall().astimezone(SHANGHAI).isoformat(timespec="seconds")

    def stamp_after(self, sandbox_seconds: float) -> str:
        """Return the time of day at which so many sandbox seconds will have passed."""
        moment = self.wall() + timedelta(seconds=sandbox_seconds / self._setting.scale)
        return moment.astimezone(SHANGHAI).isoformat(timespec="seconds")

    def reading(self) -> dict[str, float | str]:
        """Return the state of both clocks."""
        setting = self._setting
        return {"scale": setting.scale, "skew_s": setting.skew, "sandbox_s": self.elapsed(), "now": self.stamp()}

    def _keep(self, setting: Setting) -> None:
        self._database.change(
            "INSERT INTO setting VALUES ('clock', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            json.dumps(asdict(setting)),
        )
        self._setting = setting
