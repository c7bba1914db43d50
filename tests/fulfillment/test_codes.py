from datetime import datetime, timedelta

import pytest

from fulfillment import queries, services
from fulfillment.choices import (
    DeliveryState,
    FulfillmentOrderStatus,
    FulfillmentStatus,
    PickupCodePurpose,
    PickupCodeStatus,
    Way,
)
from fulfillment.models import CodeTries, Delivery, Fulfillment, PickupCode
from inventory.models import StockMovement
from omni.kernel import sealing
from omni.kernel.states import StateConflict
from tests.cast import World
from tests.factories.fulfillment import (
    CLERK,
    accept,
    accept_and_pack,
    code_of,
    delivery_of,
    fresh,
    make_demand,
    offer_share,
    status_of,
    wrong_code,
)
from tests.fulfillment.test_store_work import LATER, collect, events, hand_over, stock

S = FulfillmentOrderStatus


def test_code_is_stored_sealed_and_bound_to_its_share(world: World) -> None:
    demand = make_demand(world)
    shares = [accept(offer_share(world, store=store, demand=demand)) for store in ("A", "B")]

    first, second = PickupCode.objects.order_by("pk")

    assert sealing.unseal(first.code_sealed) == code_of(shares[0])
    assert code_of(shares[0]) not in first.code_sealed + first.code_index
    assert first.code_index != second.code_index


def test_hand_over_with_the_code_consumes_stock_and_tells_the_courier(world: World) -> None:
    share = accept_and_pack(offer_share(world, units={"S": 2, "M": 1}))
    Delivery.objects.update(state=DeliveryState.AT_STORE, next_attempt_at=None)

    hand_over(share, code_of(share))

    assert status_of(share) == S.HANDED_OVER
    assert (stock(world, "S"), stock(world, "M")) == ((8, 0, 0), (1, 0, 0))
    assert list(StockMovement.objects.filter(kind="sale").values_list("quantity", flat=True).order_by("pk")) == [-2, -1]
    assert events() == ["Accepted", "HandedOver"]
    code = PickupCode.objects.get()
    assert (code.status, code.redeemed_at, code.redeemed_by) == (PickupCodeStatus.REDEEMED, LATER, CLERK)
    assert delivery_of(share).next_attempt_at == LATER
    assert Fulfillment.objects.get().status == FulfillmentStatus.ACTIVE


def test_hand_over_with_a_wrong_code_counts_the_try_and_changes_nothing_else(world: World) -> None:
    share = accept_and_pack(offer_share(world))

    with pytest.raises(services.WrongPickupCode) as refusal:
        hand_over(share, wrong_code(share))

    assert (refusal.value.code, refusal.value.field, refusal.value.params) == (
        "wrong_pickup_code",
        "code",
        {"tries": 4},
    )
    assert PickupCode.objects.get().tries_left == 4
    assert status_of(share) == S.AWAITING_COURIER
    assert (stock(world), events()) == ((10, 1, 0), ["Accepted"])


def test_hand_over_after_five_wrong_tries_needs_the_new_code(world: World) -> None:
    share = accept_and_pack(offer_share(world))
    Delivery.objects.update(state=DeliveryState.AT_STORE, next_attempt_at=None)
    old = code_of(share)
    for _ in range(4):
        with pytest.raises(services.WrongPickupCode):
            hand_over(share, wrong_code(share))

    with pytest.raises(services.PickupCodeReplaced):
        hand_over(share, wrong_code(share))

    dead, live = PickupCode.objects.order_by("pk")
    assert (dead.status, dead.tries_left, live.status, live.tries_left) == ("revoked", 0, "issued", 5)
    assert delivery_of(share).next_attempt_at == LATER
    assert delivery_of(share).pickup_code_id == dead.pk
    if old != code_of(share):
        with pytest.raises(services.WrongPickupCode):
            hand_over(share, old)
    hand_over(share, code_of(share))
    assert status_of(share) == S.HANDED_OVER


def test_hand_over_twice_says_when_and_by_whom_it_was_done(world: World) -> None:
    share = accept_and_pack(offer_share(world))
    code = code_of(share)
    hand_over(share, code)

    with pytest.raises(services.PickupCodeUsed) as refusal:
        hand_over(share, code)

    assert refusal.value.params == {"at": "12:05", "by": CLERK}
    assert stock(world) == (9, 0, 0)


def test_hand_over_of_another_shares_code_is_refused(world: World) -> None:
    share, other = accept_and_pack(offer_share(world)), accept_and_pack(offer_share(world, store="B"))
    if code_of(share) == code_of(other):
        pytest.skip("one in a million")

    with pytest.raises(services.WrongPickupCode):
        hand_over(share, code_of(other))

    assert PickupCode.objects.get(fulfillment_order=other).tries_left == 5


def test_hand_over_before_packing_is_refused(world: World) -> None:
    share = accept(offer_share(world))

    with pytest.raises(StateConflict):
        hand_over(share, code_of(share))

    assert PickupCode.objects.get().tries_left == 5
    assert stock(world) == (10, 1, 0)


def test_collect_with_the_code_delivers_and_completes_the_demand(world: World) -> None:
    share = accept_and_pack(offer_share(world, way=Way.PICKUP))

    collect(share, code_of(share, PickupCodePurpose.SHOPPER))

    share = fresh(share)
    assert (share.status, share.finished_at, share.deadline_at) == (S.COLLECTED, LATER, None)
    assert stock(world) == (9, 0, 0)
    assert events() == ["Accepted", "Ready", "Delivered"]
    assert Fulfillment.objects.get().status == FulfillmentStatus.COMPLETED


def test_collect_with_a_wrong_code_counts_the_try(world: World) -> None:
    share = accept_and_pack(offer_share(world, way=Way.PICKUP))

    with pytest.raises(services.WrongPickupCode):
        collect(share, wrong_code(share, PickupCodePurpose.SHOPPER))

    assert PickupCode.objects.get().tries_left == 4
    assert (status_of(share), stock(world)) == (S.READY_FOR_PICKUP, (10, 1, 0))


def test_collect_of_what_a_courier_takes_is_refused(world: World) -> None:
    share = accept_and_pack(offer_share(world))

    with pytest.raises(StateConflict):
        collect(share, code_of(share))

    assert stock(world) == (10, 1, 0)


# A code that is looked for without an order


def find(world: World, text: str, *, store: str = "A", now: datetime = LATER) -> list[str]:
    return [row.number for row in services.drive_find_by_code(world.stores[store].pk, text, actor=CLERK, now=now)]


def test_find_by_code_knows_the_order_and_uses_nothing_up(world: World) -> None:
    share = accept_and_pack(offer_share(world, way=Way.PICKUP))
    code = code_of(share, PickupCodePurpose.SHOPPER)
    full_width = code.translate({48 + digit: 0xFF10 + digit for digit in range(10)})
    for text in (code, f"{code[:3]} {code[3:]}", full_width, queries.pickup_text(share.number, code)):
        assert find(world, text) == [share.number]
    assert PickupCode.objects.get().status == PickupCodeStatus.ISSUED


def test_find_by_code_in_another_store_finds_nothing(world: World) -> None:
    share = accept_and_pack(offer_share(world, way=Way.PICKUP))
    code = code_of(share, PickupCodePurpose.SHOPPER)
    for text in (code, queries.pickup_text(share.number, code)):
        with pytest.raises(services.UnknownPickupCode):
            find(world, text, store="B")


def test_find_by_code_of_goods_that_are_gone_says_when(world: World) -> None:
    share = accept_and_pack(offer_share(world, way=Way.PICKUP))
    code = code_of(share, PickupCodePurpose.SHOPPER)
    collect(share, code)
    with pytest.raises(services.PickupCodeUsed):
        find(world, code)


def test_find_by_code_is_locked_after_five_that_are_none(world: World) -> None:
    share = accept_and_pack(offer_share(world, way=Way.PICKUP))
    code, left = code_of(share, PickupCodePurpose.SHOPPER), []
    for _ in range(5):
        with pytest.raises(services.UnknownPickupCode) as refused:
            find(world, wrong_code(share, PickupCodePurpose.SHOPPER))
        left.append(refused.value.params["tries"])
    assert left == [4, 3, 2, 1, 0]
    with pytest.raises(services.CodesLocked):
        find(world, code)
    assert find(world, code, now=LATER + timedelta(minutes=15)) == [share.number]
    assert CodeTries.objects.get().tries_left == 5
