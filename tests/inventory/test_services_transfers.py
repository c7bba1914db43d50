"""Transfers: put together, asked for, sent out of sellable stock, called off, late."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from inventory import services
from inventory.models import Shipment, StockLevel, StockMovement
from inventory.services import CannotHold, NothingToSend, Shortage, StockWant
from omni.kernel.errors import InvalidInput, NotFound
from omni.kernel.models import Event
from omni.kernel.states import StateConflict
from omni.kernel.transactions import entry
from stores.models import Store
from tests.audit_fixture import Audited
from tests.cast import World
from tests.factories.stock import LATE, drafted, receive, send, sent_transfer

pytestmark = pytest.mark.django_db


def test_send_transfer_takes_the_pieces_out_and_puts_them_on_their_way(
    world: World, now: datetime, audited: Audited
) -> None:
    audited.now = now

    shipment = sent_transfer(world, {"S": 2, "M": 5})

    assert (shipment.status, shipment.sent_at, shipment.due_at) == ("expected", now, now + timedelta(days=7))
    assert (world.level("B", "S").on_hand, world.level("B", "M").on_hand) == (3, 0)
    moved = StockMovement.objects.filter(cause__startswith="transfer:").order_by("pk")
    assert list(moved.values_list("level__store__kind", "kind", "quantity")) == [
        ("direct", "transfer_out", -2),
        ("transit", "transfer_in", 2),
        ("direct", "transfer_out", -5),
        ("transit", "transfer_in", 5),
    ]
    assert Store.objects.filter(kind="transit", brand=world.brand, is_active=False).count() == 1


def test_send_transfer_of_what_is_promised_set_aside_or_kept_back_is_refused_whole(world: World, now: datetime) -> None:
    want = StockWant(world.stores["B"].pk, world.variants["S"].pk, 1)
    with entry():
        services.hold_stock([want], owner="fulfillment_order:1", now=now)
    StockLevel.objects.filter(pk=world.level("B", "S").pk).update(unsellable=1, safety=1)
    shipment = drafted(world, {"M": 1, "S": 3})

    with pytest.raises(CannotHold) as refused:
        send(shipment)

    assert refused.value.shortages == (Shortage(world.stores["B"].pk, world.variants["S"].pk, 3, 2),)
    assert (world.level("B", "S").on_hand, world.level("B", "M").on_hand) == (5, 5)
    assert (Shipment.objects.get().status, Store.objects.filter(kind="transit").count()) == ("draft", 0)


def test_request_transfer_waits_for_the_other_store_which_sends_what_it_can(
    world: World, now: datetime, audited: Audited
) -> None:
    audited.now = now
    shipment = drafted(world, {"S": 4}, by="A")
    asking, asked = world.stores["A"].pk, world.stores["B"].pk
    with pytest.raises(StateConflict):
        send(shipment)
    with entry():
        services.request_transfer(shipment.pk, store_id=asking, actor="user:7", now=now)
    with pytest.raises(StateConflict), entry():
        services.add_to_transfer(shipment.pk, world.variants["S"].pk, 1, store_id=asking)
    with entry():
        services.add_to_transfer(shipment.pk, world.variants["S"].pk, -3, store_id=asked)

    send(shipment)

    assert (world.level("B", "S").on_hand, Shipment.objects.get().status) == (4, "expected")


def test_declined_and_cancelled_transfers_move_nothing(world: World, now: datetime) -> None:
    asking, asked = world.stores["A"].pk, world.stores["B"].pk
    first, second = drafted(world, {"S": 4}, by="A"), drafted(world, {"S": 1}, by="A")
    with entry():
        for shipment in (first, second):
            services.request_transfer(shipment.pk, store_id=asking, actor="user:7", now=now)
        services.decline_transfer(first.pk, store_id=asked, reason="要卖", actor="user:8", now=now)
        services.cancel_transfer(second.pk, store_id=asking, actor="user:7", now=now)

    assert list(Shipment.objects.order_by("pk").values_list("status", flat=True)) == ["declined", "cancelled"]
    assert world.level("B", "S").on_hand == 5
    for shipment in (first, second):
        with pytest.raises(StateConflict):
            send(shipment)


def test_transfer_is_changed_sent_and_called_off_by_its_stores_only(world: World, now: datetime) -> None:
    shipment = drafted(world, {"S": 1})
    act: dict[str, Any] = {"actor": "user:1", "now": now}
    elsewhere = world.stores["C"].pk
    acts: tuple[Callable[[], object], ...] = (
        lambda: services.add_to_transfer(shipment.pk, world.variants["S"].pk, 1, store_id=elsewhere),
        lambda: services.send_transfer(shipment.pk, store_id=world.stores["A"].pk, **act),
        lambda: services.request_transfer(shipment.pk, store_id=world.stores["B"].pk, **act),
        lambda: services.decline_transfer(shipment.pk, store_id=world.stores["A"].pk, reason="", **act),
        lambda: services.cancel_transfer(shipment.pk, store_id=world.stores["A"].pk, **act),
    )
    for do in acts:
        with pytest.raises(NotFound), entry():
            do()

    assert (Shipment.objects.get().status, shipment.lines.get().quantity) == ("draft", 1)


def test_transfer_of_nothing_to_itself_or_to_another_brand_is_refused(world: World, now: datetime) -> None:
    with pytest.raises(NothingToSend):
        send(drafted(world, {}))
    a, other = world.stores["A"], world.other_store
    for target in (a, other):
        with pytest.raises(InvalidInput) as refused, entry():
            services.draft_transfer(source=a, target=target, made_in_id=a.pk, actor="user:1", now=now)
        assert refused.value.field == "store"

    assert Shipment.objects.count() == 1


def test_late_transfer_is_noticed_once_and_one_that_came_never(world: World, now: datetime) -> None:
    late, _received = sent_transfer(world, {"S": 1}), receive(world, sent_transfer(world, {"M": 1}), {"M": 1})
    with entry():
        assert services.note_late_transfers(now=now + timedelta(days=6)) == 0
    for expected in (1, 0):
        with entry():
            assert services.note_late_transfers(now=LATE) == expected

    late.refresh_from_db()
    assert late.overdue_at == LATE
    told = Event.objects.filter(name__endswith="TransferOverdue").values_list("payload", flat=True)
    stores = {"from_store_id": world.stores["B"].pk, "to_store_id": world.stores["A"].pk}
    assert list(told) == [{"shipment_id": late.pk, **stores}]
