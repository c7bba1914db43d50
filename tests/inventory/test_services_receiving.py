"""Receiving: what is there is on the books, and what differs stays to be seen until it is closed."""

from datetime import datetime
from typing import Any

import pytest

from inventory import services
from inventory.choices import DifferenceReason
from inventory.models import CountTask, Receipt, Shipment, ShipmentLine, StockLevel, StockMovement
from inventory.permissions import ManagerNeeded
from inventory.services import NothingReceived
from omni.kernel.errors import InvalidInput, NotFound
from omni.kernel.states import StateConflict
from omni.kernel.transactions import entry
from stores.models import Store
from tests.audit_fixture import Audited
from tests.cast import World
from tests.factories.stock import announced, clerk, manager, receive, sent_transfer

pytestmark = pytest.mark.django_db


def line_of(shipment: Shipment, world: World, size: str) -> ShipmentLine:
    return shipment.lines.get(variant=world.variants[size])


def close(world: World, shipment: Shipment, now: datetime, *, store: str = "A") -> int:
    with entry():
        return services.close_differences(
            shipment.pk,
            store_id=world.stores[store].pk,
            reason=DifferenceReason.LOST,
            note="司机说没有",
            actor=manager(world, store),
            now=now,
        )


def in_transit(world: World) -> dict[str, int]:
    place = Store.objects.get(brand=world.brand, kind="transit")
    levels = StockLevel.objects.filter(store=place).select_related("variant")
    return {level.variant.size: level.on_hand for level in levels}


def test_receive_all_that_was_announced_ends_it(world: World, now: datetime, audited: Audited) -> None:
    audited.now = now
    shipment = receive(world, announced(world, {"S": 3, "L": 1}), {"S": 3, "L": 1})

    assert shipment.status == "received"
    assert [world.level("A", size).on_hand for size in "SML"] == [13, 2, 1]
    moved = StockMovement.objects.filter(kind="receipt").order_by("pk").values_list("quantity", "actor", "moved_at")
    assert list(moved) == [(3, "user:7", now), (1, "user:7", now)]


def test_receive_too_little_too_much_wrong_and_damaged_stays_to_be_seen(
    world: World, now: datetime, audited: Audited
) -> None:
    audited.now = now
    shipment = announced(world, {"S": 3, "M": 2})

    receive(world, shipment, {"S": 2, "M": 3, "L": 1}, damaged={"M": 1})

    assert Shipment.objects.get().status == "receiving"
    facts = [
        (line.missing, line.extra, line.damaged)
        for line in (line_of(shipment, world, size) for size in ("S", "M", "L"))
    ]
    assert facts == [(1, 0, 0), (0, 1, 1), (0, 1, 0)]
    level = world.level("A", "M")
    assert (level.on_hand, level.unsellable, world.level("A", "L").on_hand) == (5, 1, 1)
    with entry():
        services.finish_receiving(shipment.pk, store_id=world.stores["A"].pk, actor="user:7", now=now)
    assert Shipment.objects.get().status == "different"

    assert close(world, shipment, now) == 1
    closed = Shipment.objects.get()
    assert (closed.status, closed.close_reason, closed.close_note) == ("closed", "lost", "司机说没有")


def test_receive_the_rest_later_takes_the_difference_away(world: World, now: datetime) -> None:
    shipment = announced(world, {"S": 3})
    receive(world, shipment, {"S": 1})
    with entry():
        services.finish_receiving(shipment.pk, store_id=world.stores["A"].pk, actor="user:7", now=now)

    receive(world, shipment, {"S": 2})

    assert (Shipment.objects.get().status, world.level("A", "S").on_hand, Receipt.objects.count()) == (
        "received",
        13,
        2,
    )


def test_receive_a_transfer_takes_it_off_the_way(world: World, now: datetime, audited: Audited) -> None:
    audited.now = now
    shipment = sent_transfer(world, {"S": 3, "M": 2})
    assert in_transit(world) == {"S": 3, "M": 2}

    receive(world, shipment, {"S": 2, "M": 2})

    assert in_transit(world) == {"S": 1, "M": 0}
    assert (world.level("A", "S").on_hand, world.level("B", "S").on_hand) == (12, 2)
    assert Shipment.objects.get().status == "receiving"


def test_receive_more_of_a_transfer_than_was_sent_asks_the_sender_to_count(
    world: World, now: datetime, audited: Audited
) -> None:
    audited.now = now
    shipment = sent_transfer(world, {"S": 1})

    receive(world, shipment, {"S": 2, "L": 1})

    assert Shipment.objects.get().status == "different"
    assert in_transit(world) == {"S": 0}
    assert (world.level("A", "S").on_hand, world.level("A", "L").on_hand) == (12, 1)
    tasks = {(task.level.store_id, task.level.variant.size, task.reason) for task in CountTask.objects.all()}
    assert tasks == {(world.stores["B"].pk, size, "sent_too_much") for size in ("S", "L")}


def test_close_a_transfer_writes_off_what_never_came(world: World, now: datetime, audited: Audited) -> None:
    audited.now = now
    shipment = sent_transfer(world, {"S": 3})
    receive(world, shipment, {"S": 1})
    with pytest.raises(StateConflict):
        close(world, shipment, now)
    with entry():
        services.finish_receiving(shipment.pk, store_id=world.stores["A"].pk, actor="user:7", now=now)

    assert close(world, shipment, now, store="B") == 2

    assert (in_transit(world), Shipment.objects.get().status) == ({"S": 0}, "closed")
    written_off = StockMovement.objects.get(kind="write_off")
    assert (written_off.quantity, written_off.actor, line_of(shipment, world, "S").written_off) == (-2, "user:9", 2)
    with pytest.raises(StateConflict):
        receive(world, shipment, {"S": 1})


def test_close_differences_takes_a_manager_of_one_of_the_two_stores(world: World, now: datetime) -> None:
    shipment = receive(world, announced(world, {"S": 1}), {"S": 2})
    act: dict[str, Any] = {"reason": DifferenceReason.OVER_SHIPPED, "note": "", "now": now}

    with pytest.raises(ManagerNeeded), entry():
        services.close_differences(shipment.pk, store_id=world.stores["A"].pk, actor=clerk(world), **act)
    with pytest.raises(NotFound), entry():
        services.close_differences(shipment.pk, store_id=world.stores["B"].pk, actor=manager(world, "B"), **act)

    assert Shipment.objects.get().status == "different"


def test_count_in_adds_pieces_up_and_the_others_stay_with_what_was_announced(world: World, now: datetime) -> None:
    shipment = announced(world, {"S": 3, "M": 2})
    here: dict[str, Any] = {"store_id": world.stores["A"].pk, "actor": "user:7", "now": now}
    with entry():
        services.count_in(shipment.pk, world.variants["S"].pk, 1, **here)
        services.count_in(shipment.pk, world.variants["S"].pk, 4, **here)
        services.count_in(shipment.pk, world.variants["S"].pk, -1, **here)
        services.count_in_all(shipment.pk, **here)

    receipt = Receipt.objects.get()
    assert list(receipt.lines.order_by("pk").values_list("variant__size", "quantity")) == [("S", 4), ("M", 2)]
    assert world.level("A", "S").on_hand == 10


def test_receipt_without_the_list_cannot_be_filled_from_it(world: World, now: datetime) -> None:
    shipment = announced(world, {"S": 3})
    here: dict[str, Any] = {"store_id": world.stores["A"].pk, "actor": "user:7", "now": now}
    with entry():
        services.open_receipt(shipment.pk, is_blind=True, **here)

    with pytest.raises(StateConflict), entry():
        services.count_in_all(shipment.pk, **here)

    assert Receipt.objects.get().lines.count() == 0


@pytest.mark.parametrize(
    ("quantity", "damaged", "field"), [(-1, 0, "quantity"), (10_000, 0, "quantity"), (1, 2, "damaged")]
)
def test_change_receipt_to_what_cannot_be_is_refused(
    world: World, now: datetime, quantity: int, damaged: int, field: str
) -> None:
    shipment = announced(world, {"S": 3})

    with pytest.raises(InvalidInput) as refused, entry():
        services.change_receipt(
            shipment.pk,
            world.variants["S"].pk,
            quantity=quantity,
            damaged=damaged,
            store_id=world.stores["A"].pk,
            actor="user:7",
            now=now,
        )

    assert (refused.value.field, Receipt.objects.count()) == (field, 0)


def test_book_receipt_of_nothing_or_twice_or_elsewhere_is_refused(world: World, now: datetime) -> None:
    shipment = announced(world, {"S": 3})
    here: dict[str, Any] = {"store_id": world.stores["A"].pk, "actor": "user:7", "now": now}
    with entry():
        services.open_receipt(shipment.pk, is_blind=False, **here)
    with pytest.raises(NothingReceived), entry():
        services.book_receipt(shipment.pk, **here)
    with pytest.raises(NotFound), entry():
        services.count_in(shipment.pk, world.variants["S"].pk, 1, **{**here, "store_id": world.stores["B"].pk})
    receive(world, shipment, {"S": 2})
    with pytest.raises(StateConflict), entry():
        services.book_receipt(shipment.pk, **here)

    assert world.level("A", "S").on_hand == 12


def test_dropped_receipt_books_nothing(world: World, now: datetime) -> None:
    shipment = announced(world, {"S": 3})
    here: dict[str, Any] = {"store_id": world.stores["A"].pk, "actor": "user:7", "now": now}
    with entry():
        services.count_in(shipment.pk, world.variants["S"].pk, 3, **here)
        services.drop_receipt(shipment.pk, **here)

    assert (Receipt.objects.get().status, Shipment.objects.get().status) == ("dropped", "expected")
    assert world.level("A", "S").on_hand == 10


def test_finish_receiving_with_pieces_counted_in_and_not_booked_is_refused(world: World, now: datetime) -> None:
    shipment = announced(world, {"S": 3})
    here: dict[str, Any] = {"store_id": world.stores["A"].pk, "actor": "user:7", "now": now}
    with entry():
        services.count_in(shipment.pk, world.variants["S"].pk, 1, **here)

    with pytest.raises(StateConflict), entry():
        services.finish_receiving(shipment.pk, **here)

    assert Shipment.objects.get().status == "expected"
