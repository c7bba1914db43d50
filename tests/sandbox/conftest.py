"""The sandbox under test, empty for every test, and a merchant's server for its callbacks."""

from collections.abc import Iterator

import pytest

from tests.sandbox.fixture import SandboxProcess, sandbox
from tests.sandbox.receiver import Receiver

__all__ = ["sandbox"]


@pytest.fixture(autouse=True)
def _empty(request: pytest.FixtureRequest) -> None:
    if "sandbox" in request.fixturenames:
        process: SandboxProcess = request.getfixturevalue("sandbox")
        process.reset()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Run a merchant's server that keeps what it is sent."""
    with Receiver() as server:
        yield server
