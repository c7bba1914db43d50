from datetime import timedelta

import pytest

from omni.kernel.transactions import entry
from stores import queries, services
from stores.models import Store, StoreSlot
from tests.cast import NOON, World

pytestmark = pytest.mark.django_db

SLOT = NOON + timedelta(hours=2)


def take(world: World) -> None:
    with entry():
        services.take_slot(world.stores["A"].pk, SLOT)


def free(world: World) -> list[bool]:
    """Return which half-hours from two to half past three are free."""
    slots = queries.try_on_slots(world.stores["A"].pk, start=SLOT, end=SLOT + timedelta(minutes=90))
    return [slot.is_free for slot in slots]


def test_take_slot_until_it_is_full_then_give_one_back(world: World) -> None:
    take(world)
    take(world)
    with pytest.raises(services.SlotFull) as caught:
        take(world)
    assert (caught.value.field, free(world)) == ("slot", [False, True, True])

    with entry():
        services.give_back_slot(world.stores["A"].pk, SLOT)

    assert (free(world), StoreSlot.objects.get().used) == ([True, True, True], 1)


def test_take_slot_of_a_store_that_lets_nobody_try_on_is_refused(world: World) -> None:
    Store.objects.update(try_ons_per_slot=0)

    with pytest.raises(services.SlotFull):
        take(world)

    assert (free(world), StoreSlot.objects.count()) == ([False, False, False], 0)


def test_give_back_slot_that_was_not_taken_is_refused(world: World) -> None:
    with pytest.raises(services.SlotNotTaken), entry():
        services.give_back_slot(world.stores["A"].pk, SLOT)
