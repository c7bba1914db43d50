"""The sandbox process for the tests of orders."""

from tests.sandbox.fixture import sandbox

__all__ = ["sandbox"]
