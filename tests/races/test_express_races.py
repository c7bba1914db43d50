"""Parcels, their waybills and wishes to cancel at once, on real connections; with a control that shows the race."""

from threading import Barrier

import pytest

from fulfillment import services
from fulfillment.choices import FulfillmentOrderStatus, Way
from fulfillment.models import FulfillmentOrder, Parcel
from inventory.models import StockMovement
from omni.kernel import clock
from omni.kernel.transactions import entry
from tests.cast import NOON, World
from tests.courier import drive, express, parcel_callbacks
from tests.factories.fulfillment import CLERK, accept, fresh, offer_share, status_of
from tests.races.test_pickup_races import at_once, events, small_world, stock, wish_to_cancel
from tests.sandbox.fixture import SandboxProcess, sandbox

__all__ = ["express", "parcel_callbacks", "sandbox", "small_world"]

pytestmark = pytest.mark.django_db(transaction=True)

S = FulfillmentOrderStatus


def packed(world: World, parcels: int = 1) -> FulfillmentOrder:
    share = accept(offer_share(world, way=Way.EXPRESS))
    with entry():
        services.pack(share.pk, actor=CLERK, now=NOON, weights_grams=[None] * parcels)
    return share


def labelled(world: World, parcels: int = 1) -> tuple[FulfillmentOrder, list[Parcel]]:
    share = packed(world, parcels)
    drive(share)
    return share, list(Parcel.objects.order_by("position"))


def scan(parcel: Parcel) -> None:
    with entry():
        services.hand_over_parcel(parcel, actor=CLERK, now=clock.now())


@pytest.mark.parametrize("turn", range(3))
def test_two_parcels_scanned_at_once_hand_the_order_over_once(
    small_world: World, express: SandboxProcess, turn: int
) -> None:
    share, (first, second) = labelled(small_world, 2)

    assert at_once(lambda: scan(first), lambda: scan(second)) == ["done", "done"]

    assert (status_of(share), stock(small_world)) == (S.HANDED_OVER, (9, 0))
    assert events() == ["Accepted", "HandedOver"]
    assert StockMovement.objects.filter(kind="sale").count() == 1


def test_two_parcels_scanned_without_the_lock_are_never_handed_over(
    small_world: World, express: SandboxProcess
) -> None:
    """Control: each scan sees the other parcel still here, so neither gives the order to the van."""
    share, parcels = labelled(small_world, 2)
    both_are_there, complete = Barrier(2, timeout=30), []

    def scan_unguarded(parcel: Parcel) -> None:
        with entry():
            Parcel.objects.filter(pk=parcel.pk).update(loaded_at=NOON)
            both_are_there.wait()
            complete.append(not Parcel.objects.filter(fulfillment_order=share, loaded_at__isnull=True).exists())
            both_are_there.wait()

    at_once(*[lambda parcel=parcel: scan_unguarded(parcel) for parcel in parcels])

    assert complete == [False, False]


@pytest.mark.parametrize("turn", range(3))
def test_wish_to_cancel_while_the_van_takes_it_ends_in_one_of_both(
    small_world: World, express: SandboxProcess, turn: int
) -> None:
    share, (parcel,) = labelled(small_world)

    outcomes = at_once(lambda: wish_to_cancel(share), lambda: scan(parcel))

    if outcomes[1] == "done":
        assert (status_of(share), stock(small_world)) == (S.HANDED_OVER, (9, 0))
        assert events() == ["Accepted", "HandedOver", "CancelRefused"]
    else:
        assert outcomes == ["done", "ParcelStopped"]
        assert (status_of(share), stock(small_world)) == (S.CANCEL_REQUESTED, (10, 1))


@pytest.mark.parametrize("turn", range(3))
def test_wish_to_cancel_while_the_waybill_comes_keeps_both(
    small_world: World, express: SandboxProcess, turn: int
) -> None:
    share = packed(small_world)

    assert at_once(lambda: wish_to_cancel(share), lambda: drive(share)) == ["done", "done"]

    assert (status_of(share), fresh(share).held_status) == (S.CANCEL_REQUESTED, S.LABELLED)
    assert Parcel.objects.get().waybill != ""
