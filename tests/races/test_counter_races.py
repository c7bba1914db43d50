"""Two clerks at once with one basket of the counter, on real connections; each guard has a control."""

from collections.abc import Callable
from threading import Barrier, Event
from typing import Any

import pytest
from django.conf import LazySettings

from fulfillment import services as fulfillment_services
from fulfillment.models import FulfillmentOrder, PickupCode
from fulfillment.services import store_work
from members.models import OfferUse
from omni.kernel.transactions import entry
from orders import locks, services
from orders.models import CounterBasket, DrawerMovement, Order, Return
from orders.services import counter, counter_paying, counter_returns, receiving
from tests.audit_fixture import broken_claims
from tests.cast import NOON, World, build_world
from tests.factories.counter import (
    CLERK,
    begun,
    opened_basket,
    paying_basket,
    piece_of,
    put_collection,
    tendered,
    waiting_order,
)
from tests.factories.offers import CouponFactory
from tests.factories.returns import delivered_order
from tests.factories.till import opened_drawer
from tests.orders.wechat import Provider
from tests.races.meeting import LONG, SHORT, meeting
from tests.races.test_return_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def small_world(settings: LazySettings) -> World:
    """Return the small world, committed."""
    settings.WECHAT_PAY = Provider().settings
    settings.OUTBOX_HINTS = False
    return build_world()


def unguard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let baskets be read without being locked, and change their status whatever it was."""

    def move(row: CounterBasket, *, to: str, actor: str, now: object) -> None:
        CounterBasket.objects.filter(pk=row.pk).update(status=to)
        row.status = to

    monkeypatch.setattr(locks, "lock_counter_basket", lambda basket_id: CounterBasket.objects.get(pk=basket_id))
    monkeypatch.setattr(counter, "_touch", lambda basket, now: None)
    monkeypatch.setattr(counter_paying, "_lock_goods", lambda basket, lines: None)
    monkeypatch.setattr(counter_paying, "transition", move)
    monkeypatch.setattr(counter_paying, "_lock_settling", lambda basket, lines: None)


def begin(basket: CounterBasket) -> Callable[[], None]:
    def press_pay() -> None:
        with entry():
            services.begin_payment(basket.pk, seen_net_fen=None, actor=CLERK, now=NOON)

    return press_pay


def even_exchange(world: World) -> CounterBasket:
    """Return a basket being paid, whose one piece is paid by another that comes back."""
    sold, basket = delivered_order(world, ("S", 1)), opened_basket(world, "M")
    with entry():
        services.return_at_counter(basket.pk, [piece_of(sold)], now=NOON)
    return begun(basket)


def settle(basket: CounterBasket) -> None:
    with entry():
        services.settle_basket(basket.pk, actor=CLERK, now=NOON)


def give_up(basket: CounterBasket) -> None:
    with entry():
        services.give_up_payment(basket.pk, actor=CLERK, now=NOON)


def test_two_clerks_who_begin_to_pay_one_basket_place_one_order(small_world: World) -> None:
    basket = opened_basket(small_world, "S")

    outcomes = at_once(*[begin(basket)] * 3)

    assert outcomes == ["BasketNotOpen", "BasketNotOpen", "done"]
    assert (Order.objects.count(), small_world.level("A", "S").held) == (1, 1)


def test_control_without_lock_and_status_two_orders_hold_one_garment_twice(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    basket = opened_basket(small_world, "S")
    first_has_read = Event()
    place, begun_by = counter_paying._release_kept, list[int]()

    def wait_for_the_other(*args: object, **named: object) -> None:
        begun_by.append(1)
        if len(begun_by) == 2:
            first_has_read.set()
        first_has_read.wait(5)
        place(*args, **named)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(counter_paying, "_release_kept", wait_for_the_other)
    unguard(monkeypatch)

    assert at_once(begin(basket), begin(basket)) == ["done", "done"]
    assert (Order.objects.count(), small_world.level("A", "S").held) == (2, 2)


def test_one_coupon_at_two_tills_is_used_at_one(small_world: World) -> None:
    coupon = CouponFactory.create(template__brand=small_world.brand, member__brand=small_world.brand)
    baskets = [opened_basket(small_world, size, member=coupon.member, coupon_codes=[coupon.code]) for size in "SM"]

    outcomes = at_once(*map(begin, baskets))

    # Who looks after the other has used it is told so by the basket or by its price, who looks at the same time by it.
    assert outcomes[1:] == ["done"]
    assert outcomes[0] in {"BasketHasProblems", "CouponNotUsable", "CouponUsed"}
    assert OfferUse.objects.filter(coupon=coupon, given_back_at=None).count() == 1
    assert sorted(CounterBasket.objects.values_list("status", flat=True)) == ["open", "paying"]


def test_two_clerks_who_take_the_money_of_one_basket_take_it_once(small_world: World) -> None:
    basket, drawer = paying_basket(small_world, "S"), opened_drawer(small_world)
    takes = [lambda once=once: tendered(basket, drawer, 49900, once=once) for once in ("a", "b")]

    outcomes = at_once(*takes)

    assert outcomes == ["BasketNotPaying", "done"]
    assert (CounterBasket.objects.get().status, DrawerMovement.objects.count()) == ("settled", 1)


def test_settling_and_giving_up_at_once_do_one_of_them(small_world: World) -> None:
    basket = even_exchange(small_world)

    at_once(lambda: settle(basket), lambda: give_up(basket))

    basket.refresh_from_db()
    order, returns = Order.objects.get(channel="counter"), Return.objects.count()
    assert (basket.status, order.status, returns) in {("settled", "paid", 1), ("open", "cancelled", 0)}


def test_control_without_lock_and_status_a_piece_comes_back_for_an_order_that_was_given_up(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    basket = even_exchange(small_world)
    has_looked, is_given_up = Event(), Event()
    take = counter_returns.take_back_here

    def take_late(*args: Any, **named: Any) -> object:  # noqa: ANN401  passed on as they came
        has_looked.set()
        is_given_up.wait(5)
        return take(*args, **named)

    def give_up_meanwhile() -> None:
        has_looked.wait(5)
        give_up(basket)
        is_given_up.set()

    monkeypatch.setattr(counter_returns, "take_back_here", take_late)
    unguard(monkeypatch)

    assert at_once(lambda: settle(basket), give_up_meanwhile) == ["done", "done"]
    basket.refresh_from_db()
    order = Order.objects.get(channel="counter")
    assert (basket.status, order.status, Return.objects.count()) == ("settled", "cancelled", 1)


def two_with_one_collection(world: World) -> list[CounterBasket]:
    """Return two baskets being paid, both with the same paid order of one piece."""
    order, baskets = waiting_order(world, ("S", 1)), []
    for _clerk in range(2):
        basket = opened_basket(world)
        put_collection(basket, order)
        baskets.append(begun(basket))
    return baskets


def test_two_clerks_who_settle_one_collection_hand_it_over_once(small_world: World) -> None:
    baskets = two_with_one_collection(small_world)

    outcomes = at_once(*[lambda basket=basket: settle(basket) for basket in baskets])

    assert outcomes == ["CollectionGone", "done"]
    assert sorted(CounterBasket.objects.values_list("status", flat=True)) == ["paying", "settled"]
    assert (small_world.level("A", "S").on_hand, PickupCode.objects.get().status) == (9, "redeemed")


def test_control_without_lock_and_guarded_code_both_clerks_take_the_collection_as_theirs(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    baskets = two_with_one_collection(small_world)
    both_have_looked = Barrier(2, timeout=30)

    def read_unlocked(ids: Any) -> list[FulfillmentOrder]:  # noqa: ANN401  passed on as they came
        shares = list(FulfillmentOrder.objects.filter(pk__in=list(ids)).select_related("fulfillment"))
        both_have_looked.wait(5)
        return shares

    def redeem(share: FulfillmentOrder, code_id: int, **who: object) -> None:
        PickupCode.objects.filter(pk=code_id).update(status="redeemed", redeemed_at=NOON)

    monkeypatch.setattr(counter_paying, "_lock_settling", lambda basket, lines: None)
    monkeypatch.setattr(counter_paying, "_lock_goods", lambda basket, lines: None)
    monkeypatch.setattr("fulfillment.locks.lock_shares", read_unlocked)
    monkeypatch.setattr(store_work, "redeem_shown", redeem)
    monkeypatch.setattr(store_work, "_give_to_shopper", lambda share, **who: None)
    monkeypatch.setattr("orders.services.recognition.recognise_delivered", lambda *args, **named: None)

    assert at_once(*[lambda basket=basket: settle(basket) for basket in baskets]) == ["done", "done"]
    assert list(CounterBasket.objects.values_list("status", flat=True)) == ["settled", "settled"]


# S for M here, M for S there.


def swaps_that_cross(world: World, monkeypatch: pytest.MonkeyPatch, *, patience: float) -> list[str]:
    """Settle two exchanges that cross, each in the middle of it when the other begins, and waits for it so long."""
    sold = {size: delivered_order(world, (size, 1)) for size in "SM"}
    baskets = [opened_basket(world, size) for size in "SM"]
    with entry():
        services.return_at_counter(baskets[0].pk, [piece_of(sold["M"])], now=NOON)
        services.return_at_counter(baskets[1].pk, [piece_of(sold["S"])], now=NOON)
    placed = [begun(basket) for basket in baskets]
    put, meet = receiving.put_into_stock, meeting(patience)

    def put_and_meet(*args: Any, **named: Any) -> None:  # noqa: ANN401  passed on as they came
        put(*args, **named)
        meet()

    monkeypatch.setattr(receiving, "put_into_stock", put_and_meet)
    return at_once(*[lambda basket=basket: settle(basket) for basket in placed])


def test_exchanges_that_cross_never_deadlock(small_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert swaps_that_cross(small_world, monkeypatch, patience=SHORT) == ["done", "done"]

    assert set(CounterBasket.objects.values_list("status", flat=True)) == {"settled"}
    assert broken_claims(NOON) == {}


def test_control_exchanges_that_lock_piece_by_piece_deadlock(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fulfillment_services, "lock_goods", lambda *_goods: None)

    assert swaps_that_cross(small_world, monkeypatch, patience=LONG) == ["Busy", "done"]
