"""What every part of the sandbox works with."""

from dataclasses import dataclass

from omni.sandbox.callbacks import Callbacks
from omni.sandbox.clock import Clock
from omni.sandbox.config import Config
from omni.sandbox.credentials import Credentials
from omni.sandbox.database import Database
from omni.sandbox.faults import Faults
from omni.sandbox.journal import Journal


@dataclass(frozen=True)
class World:
    """The state, the clocks, the faults, the keys and the way out."""

    config: Config
    credentials: Credentials
    database: Database
    clock: Clock
    faults: Faults
    journal: Journal
    callbacks: Callbacks
