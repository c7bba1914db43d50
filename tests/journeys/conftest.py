"""Journeys: the running product, a real browser, and the courier company."""

from tests.courier import callbacks, company
from tests.sandbox.fixture import sandbox

__all__ = ["callbacks", "company", "sandbox"]
