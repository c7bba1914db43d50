"""The companies that carry goods as tests see them: the sandbox process, and its callbacks caught on the way."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from django.conf import LazySettings
from django.test import Client

from fulfillment import services
from fulfillment.models import Delivery, FulfillmentOrder
from omni.kernel import clock
from tests.factories.fulfillment import delivery_of
from tests.sandbox.fixture import SandboxProcess
from tests.sandbox.receiver import Received, Receiver

CALLBACK_PATH = "/callbacks/courier/"
EXPRESS_PATH = "/callbacks/express/"


class Callbacks:
    """Holds the company's callbacks until the test lets them through, in whatever order and number it likes."""

    def __init__(self, receiver: Receiver, path: str = CALLBACK_PATH) -> None:
        self._receiver = receiver
        self._path = path
        self._taken = 0

    @property
    def url(self) -> str:
        """Return where the company sends them."""
        return self._receiver.url

    def take(self, count: int) -> list[Received]:
        """Return the next so many callbacks, waiting for them."""
        end = self._taken + count
        received = self._receiver.wait(end)[self._taken : end]
        self._taken = end
        return received

    def deliver(self, count: int) -> list[int]:
        """Let the next so many callbacks through; return the answers."""
        return [self.post(callback) for callback in self.take(count)]

    def post(self, callback: Received) -> int:
        """Post a callback to the product as it came; return the answer's status."""
        headers = {name: text for name, text in callback.headers.items() if name.lower().startswith("webhook-")}
        answer = Client().post(self._path, callback.body, content_type="application/json", headers=headers)
        return answer.status_code


def drive(share: FulfillmentOrder, *, now: datetime | None = None) -> Delivery:
    """Do what is due about a share's newest delivery, as a worker would, and return it."""
    services.drive_delivery(delivery_of(share).pk, now=now or clock.now())
    return delivery_of(share)


@pytest.fixture
def callbacks() -> Iterator[Callbacks]:
    """Catch the company's callbacks."""
    with Receiver() as receiver:
        yield Callbacks(receiver)


@pytest.fixture
def company(sandbox: SandboxProcess, callbacks: Callbacks, settings: LazySettings) -> SandboxProcess:
    """Be a customer of an empty courier company whose time hardly passes: deliveries stand where tests put them."""
    sandbox.reset()
    sandbox.clear_faults("courier")
    sandbox.clock(scale=0.001)
    settings.COURIER = {**sandbox.credentials["courier"], "callback_url": callbacks.url}
    return sandbox


@pytest.fixture
def parcel_callbacks() -> Iterator[Callbacks]:
    """Catch the express company's callbacks."""
    with Receiver() as receiver:
        yield Callbacks(receiver, EXPRESS_PATH)


@pytest.fixture
def express(sandbox: SandboxProcess, parcel_callbacks: Callbacks, settings: LazySettings) -> SandboxProcess:
    """Be a customer of an empty express company whose time hardly passes: parcels stand where tests put them."""
    sandbox.reset()
    sandbox.clear_faults("express")
    sandbox.clock(scale=0.001)
    settings.EXPRESS = {**sandbox.credentials["express"], "callback_url": parcel_callbacks.url}
    return sandbox
