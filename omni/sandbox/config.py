"""What the environment says about this process."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8010
DEFAULT_TIME_SCALE = 60.0
TRUE_WORDS = frozenset({"1", "true", "yes", "on"})


class Refused(Exception):
    """The process must not start; the message says why."""


@dataclass(frozen=True)
class Config:
    """Where to listen, where to keep state, and how fast time passes (None: as it was left)."""

    host: str
    port: int
    state: Path
    time_scale: float | None
    seed: int


def load_config(environ: Mapping[str, str]) -> Config:
    """Read the settings of this process.

    :raises Refused: outside a debugging platform, unless OMNI_SANDBOX=allow, or when a value makes no sense.
    """
    debug = environ.get("OMNI_DEBUG", environ.get("DEBUG", ""))
    if debug.strip().lower() not in TRUE_WORDS and environ.get("OMNI_SANDBOX") != "allow":
        raise Refused("The sandbox moves pretended money; it starts only with OMNI_DEBUG on or OMNI_SANDBOX=allow.")
    scale = environ.get("OMNI_SANDBOX_TIME_SCALE", "")
    try:
        config = Config(
            host=environ.get("OMNI_SANDBOX_HOST") or DEFAULT_HOST,
            port=int(environ.get("OMNI_SANDBOX_PORT") or DEFAULT_PORT),
            state=Path(environ.get("OMNI_SANDBOX_STATE") or ".local/sandbox"),
            time_scale=float(scale) if scale else None,
            seed=int(environ.get("OMNI_SANDBOX_SEED") or 1),
        )
    except ValueError as error:
        raise Refused(f"OMNI_SANDBOX_PORT, _TIME_SCALE and _SEED must be numbers: {error}") from error
    if config.time_scale is not None and not 0 < config.time_scale <= 100_000:
        raise Refused("OMNI_SANDBOX_TIME_SCALE must be above 0 and at most 100000.")
    if not 0 <= config.port <= 65535:
        raise Refused("OMNI_SANDBOX_PORT must be a port number.")
    return config
