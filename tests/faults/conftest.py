"""The courier company of the tests, with its faults."""

from tests.courier import callbacks, company
from tests.sandbox.fixture import sandbox

__all__ = ["callbacks", "company", "sandbox"]
