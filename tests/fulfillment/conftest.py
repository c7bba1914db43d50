"""The courier company of the tests: the real sandbox process, and the callbacks it sends."""

from tests.courier import callbacks, company, express, parcel_callbacks
from tests.sandbox.fixture import sandbox

__all__ = ["callbacks", "company", "express", "parcel_callbacks", "sandbox"]
