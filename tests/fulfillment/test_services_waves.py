from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import translation

from fulfillment import services
from fulfillment.choices import FulfillmentOrderStatus, RejectReason, Way
from fulfillment.models import FulfillmentOrder, FulfillmentOrderLine, Parcel, PickWave
from fulfillment.services.waves import read_goods_code
from inventory.models import Variant
from omni.kernel.transactions import entry
from tests.audit_fixture import Audited
from tests.cast import NOON, World
from tests.factories.fulfillment import CLERK, accept, fresh, offer_share, status_of

S = FulfillmentOrderStatus
LATER = NOON + timedelta(minutes=5)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Read what is said in English."""
    with translation.override("en"):
        yield


@pytest.fixture
def audited(audited: Audited) -> Audited:
    audited.now = LATER
    return audited


def start(world: World, *shares: FulfillmentOrder) -> PickWave:
    with entry():
        return services.start_wave(world.stores["A"].pk, [share.pk for share in shares], actor=CLERK, now=LATER)


def scan(wave: PickWave, text: str) -> services.Picked:
    with entry():
        return services.pick_unit(wave, text)


def picked(share: FulfillmentOrder) -> dict[str, int]:
    lines = FulfillmentOrderLine.objects.filter(fulfillment_order=share)
    return dict(lines.values_list("fulfillment_line__variant__size", "picked"))


def test_start_wave_begins_to_pick_every_order_and_its_time_anew(world: World) -> None:
    shares = [accept(offer_share(world)), accept(offer_share(world, units={"M": 1}))]

    wave = start(world, *shares)

    assert [(fresh(share).status, fresh(share).wave, fresh(share).deadline_at) for share in shares] == [
        (S.PICKING, wave, LATER + timedelta(hours=1))
    ] * 2
    assert (wave.store, wave.started_by, wave.started_at) == (world.stores["A"], CLERK, LATER)


def test_start_wave_with_an_order_that_is_gone_begins_nothing(world: World) -> None:
    shares = [accept(offer_share(world)), accept(offer_share(world, units={"M": 1}))]
    with entry():
        services.reject_task(shares[1].pk, reason=RejectReason.TOO_BUSY, actor=CLERK, now=NOON)

    with pytest.raises(services.TasksTaken, match=shares[1].number):
        start(world, *shares)

    assert (status_of(shares[0]), PickWave.objects.count()) == (S.ACCEPTED, 0)


def test_start_wave_with_an_order_of_another_wave_or_store_is_refused(world: World) -> None:
    taken, elsewhere = accept(offer_share(world)), accept(offer_share(world, store="B"))
    start(world, taken)

    for share in (taken, elsewhere):
        with pytest.raises(services.TasksTaken):
            start(world, share)

    assert (PickWave.objects.count(), status_of(elsewhere)) == (1, S.ACCEPTED)


def test_start_wave_takes_in_an_order_that_is_being_picked_alone(world: World) -> None:
    share = accept(offer_share(world))
    with entry():
        services.start_picking(share.pk, actor=CLERK, now=NOON)

    wave = start(world, share)

    assert (fresh(share).wave, fresh(share).deadline_at) == (wave, NOON + timedelta(hours=1))


def test_start_wave_of_nothing_is_refused(world: World) -> None:
    with pytest.raises(services.NothingToPick):
        start(world)
    assert PickWave.objects.count() == 0


def test_pick_unit_fills_the_oldest_order_first(world: World) -> None:
    first, second = accept(offer_share(world, units={"S": 2})), accept(offer_share(world, units={"S": 1}))
    wave = start(world, first, second)

    answers = [scan(wave, "SHIRT-S") for _unit in range(3)]

    assert [(answer.number, answer.left) for answer in answers] == [
        (first.number, 2), (first.number, 1), (second.number, 0),
    ]  # fmt: skip
    with pytest.raises(services.AllPicked):
        scan(wave, "SHIRT-S")
    assert (picked(first), picked(second)) == ({"S": 2}, {"S": 1})


@pytest.mark.parametrize(
    "text", ["SHIRT-S", " SHIRT-S\r\n", "6901234567892", "https://shop.example/scan/one/SHIRT-S/", "ＳＨＩＲＴ-Ｓ"]
)
def test_pick_unit_reads_sku_barcode_and_shelf_label(world: World, text: str) -> None:
    Variant.objects.filter(pk=world.variants["S"].pk).update(barcode="6901234567892")
    share = accept(offer_share(world))
    wave = start(world, share)

    assert scan(wave, text).sku == "SHIRT-S"
    assert picked(share) == {"S": 1}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SHIRT-M", "SHIRT-M is not on this list."),
        ("4006381333931", "No goods have the code “4006381333931”."),
        ("100%ff", "No goods have the code “100%ff”."),
        ("", "Scan a label"),
        ("x" * 90, "Scan a label"),
        ("\0", "Scan a label"),
    ],
)
def test_pick_unit_of_something_else_says_what_it_is(world: World, text: str, said: str) -> None:
    share = accept(offer_share(world))
    wave = start(world, share)

    with pytest.raises(services.WrongScan, match=said):
        scan(wave, text)

    assert picked(share) == {"S": 0}


def test_pick_by_hand_and_put_back_count_one_unit_each(world: World) -> None:
    share = accept(offer_share(world, units={"S": 1}))
    wave = start(world, share)
    line = share.lines.get()

    with entry():
        services.pick_by_hand(wave, line.pk)
    assert picked(share) == {"S": 1}
    with pytest.raises(services.AllPicked), entry():
        services.pick_by_hand(wave, line.pk)
    with entry():
        services.put_back_unit(wave, line.pk)
    assert picked(share) == {"S": 0}
    with pytest.raises(services.AllPicked), entry():
        services.put_back_unit(wave, line.pk)
    assert picked(share) == {"S": 0}


def test_pick_by_hand_of_another_waves_line_is_refused(world: World) -> None:
    mine, other = accept(offer_share(world)), accept(offer_share(world))
    wave = start(world, mine)
    start(world, other)

    with pytest.raises(services.AllPicked), entry():
        services.pick_by_hand(wave, other.lines.get().pk)

    assert picked(other) == {"S": 0}


@pytest.mark.usefixtures("audited")
def test_finish_wave_packs_what_is_complete_and_lets_the_others_go_on_alone(world: World) -> None:
    ready, lacking = (
        accept(offer_share(world, way=Way.PICKUP)),
        accept(offer_share(world, units={"M": 2}, way=Way.PICKUP)),
    )
    wave = start(world, ready, lacking)
    scan(wave, "SHIRT-S")
    scan(wave, "SHIRT-M")

    with entry():
        outcome = services.finish_wave(wave, actor=CLERK, now=LATER)

    assert (outcome, status_of(ready), status_of(lacking)) == ((1, 1), S.READY_FOR_PICKUP, S.PICKING)
    assert (fresh(lacking).wave, picked(lacking)) == (None, {"M": 1})
    assert Parcel.objects.get().fulfillment_order == ready


@pytest.mark.usefixtures("audited")
def test_a_missing_unit_leaves_the_wave_and_the_rest_is_packed(world: World) -> None:
    share = accept(offer_share(world, units={"S": 1, "M": 1}, way=Way.PICKUP))
    wave = start(world, share)
    scan(wave, "SHIRT-S")
    missing = share.lines.get(fulfillment_line__variant=world.variants["M"])

    with entry():
        given = [services.GivenLine(missing.pk, 1, RejectReason.NOT_FOUND)]
        services.give_back_lines(share.pk, given, actor=CLERK, now=LATER)
    with entry():
        outcome = services.finish_wave(wave, actor=CLERK, now=LATER)

    assert (outcome, status_of(share), picked(share)) == ((1, 0), S.READY_FOR_PICKUP, {"S": 1})


def test_read_goods_code_keeps_slashes_of_a_sku() -> None:
    assert read_goods_code("http://x/scan/one/A/B-1/") == "A/B-1"
