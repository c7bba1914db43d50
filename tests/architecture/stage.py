"""The scene, set once for all tests of a module: each test begins from it, since what one does is rolled back."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from django.db import transaction
from django.test import override_settings
from pytest_django.plugin import DjangoDbBlocker

from omni.kernel import clock
from tests.architecture.scene import Scene, set_scene
from tests.cast import NOON, build_world
from tests.orders.wechat import Provider


@contextmanager
def quiet() -> Iterator[None]:
    """Stop the clock at noon, send no hints, and let one caller ask as often as it takes."""
    settings: dict[str, Any] = {
        "WECHAT_PAY": Provider().settings,
        "OUTBOX_HINTS": False,
        "API_REQUESTS_PER_MINUTE": {"key": 100_000, "address": 100_000},
    }
    with override_settings(**settings), mock.patch.object(clock, "now", return_value=NOON):
        yield


@contextmanager
def staged(blocker: DjangoDbBlocker) -> Iterator[Scene]:
    """Set the scene in a transaction around the tests that use it: their own ones are savepoints in it."""
    with blocker.unblock(), quiet():
        around: Any = transaction.atomic()
        around._from_testcase = True
        with around:
            yield set_scene(build_world())
            transaction.set_rollback(True)
