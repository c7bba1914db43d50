from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import translation

from fulfillment import services
from fulfillment.choices import FulfillmentOrderStatus, Way
from fulfillment.models import FulfillmentOrder, Parcel
from omni.kernel.numbers import is_valid_number
from omni.kernel.states import StateConflict
from omni.kernel.transactions import entry
from tests.cast import NOON, World
from tests.factories.fulfillment import CLERK, accept, code_of, fresh, offer_share, status_of

S = FulfillmentOrderStatus
LATER = NOON + timedelta(minutes=5)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Read what is said in English."""
    with translation.override("en"):
        yield


def pack(share: FulfillmentOrder, *weights_grams: int | None) -> list[Parcel]:
    with entry():
        services.pack(share.pk, actor=CLERK, now=LATER, weights_grams=weights_grams)
    return list(Parcel.objects.filter(fulfillment_order=share).order_by("position"))


def scan(parcel: Parcel) -> None:
    with entry():
        services.scan_parcel(parcel, actor=CLERK, now=LATER)


def hand_over(share: FulfillmentOrder) -> None:
    services.drive_hand_over(share.pk, code=code_of(share), actor=CLERK, now=LATER)


def test_pack_writes_a_parcel_for_each_weight(world: World) -> None:
    share = accept(offer_share(world, units={"S": 2}))

    parcels = pack(share, 450, None)

    assert [(parcel.position, parcel.weight_grams, parcel.packed_by, parcel.packed_at) for parcel in parcels] == [
        (1, 450, CLERK, LATER),
        (2, None, CLERK, LATER),
    ]
    assert all(is_valid_number(parcel.number) and parcel.number.startswith("K") for parcel in parcels)
    assert status_of(share) == S.AWAITING_COURIER


def test_pack_without_a_word_writes_one_parcel(world: World) -> None:
    share = accept(offer_share(world))

    with entry():
        services.pack(share.pk, actor=CLERK, now=LATER)

    assert Parcel.objects.get().fulfillment_order == share


@pytest.mark.parametrize("weights", [(), (None,) * 21, (0,), (50_001,), (-5, 300)])
def test_pack_into_parcels_that_cannot_be_changes_nothing(world: World, weights: tuple[int | None, ...]) -> None:
    share = accept(offer_share(world))

    with pytest.raises(services.BadParcels):
        pack(share, *weights)

    assert (status_of(share), Parcel.objects.count()) == (S.ACCEPTED, 0)


def test_pack_twice_writes_no_second_parcel(world: World) -> None:
    share = accept(offer_share(world))
    pack(share, None)

    with pytest.raises(StateConflict):
        pack(share, None)

    assert Parcel.objects.count() == 1


def test_pack_of_a_collection_has_parcels_too(world: World) -> None:
    share = accept(offer_share(world, way=Way.PICKUP))

    assert len(pack(share, None)) == 1
    assert status_of(share) == S.READY_FOR_PICKUP


def test_hand_over_of_several_parcels_waits_until_each_was_scanned(world: World) -> None:
    share = accept(offer_share(world, units={"S": 2}))
    first, second = pack(share, None, None)
    scan(first)

    with pytest.raises(services.ParcelsNotScanned, match="1 of 2"):
        hand_over(share)
    assert (status_of(share), world.level("A", "S").on_hand) == (S.AWAITING_COURIER, 10)

    scan(second)
    hand_over(share)
    assert (status_of(share), world.level("A", "S").on_hand) == (S.HANDED_OVER, 8)


def test_scan_parcel_again_keeps_the_first_scan(world: World) -> None:
    share = accept(offer_share(world))
    (parcel,) = pack(share, None)
    scan(parcel)

    with entry():
        services.scan_parcel(parcel, actor="user:9", now=LATER + timedelta(minutes=1))

    parcel.refresh_from_db()
    assert (parcel.loaded_at, parcel.loaded_by) == (LATER, CLERK)


def test_scan_parcel_of_goods_that_are_gone_is_refused(world: World) -> None:
    share = accept(offer_share(world))
    (parcel,) = pack(share, None)
    hand_over(share)

    with pytest.raises(StateConflict):
        scan(parcel)

    parcel.refresh_from_db()
    assert (parcel.loaded_at, fresh(share).status) == (None, S.HANDED_OVER)
