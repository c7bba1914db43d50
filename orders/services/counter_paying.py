"""Paying a counter's basket: its orders are placed and held, tenders come in, and all of it is settled at once."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from fulfillment import choices as fulfillment_choices
from fulfillment import services as fulfillment_services
from members import services as members_services
from omni.kernel import clock
from omni.kernel.errors import Conflict, DomainError, InvalidInput
from omni.kernel.sealing import unseal
from omni.kernel.states import transition
from omni.kernel.transactions import drive, entry, step
from orders import locks, queries, sql
from orders.choices import (
    LIVE_INTENTS,
    CounterBasketStatus,
    CounterLineKind,
    Ending,
    OrderStatus,
)
from orders.models import Checkout, CounterBasket, CounterLine, Order
from orders.queries.counter_quote import channel_of
from orders.services import (
    counter,
    counter_collecting,
    counter_returns,
    ending,
    placing,
    settling,
    tenders,
    try_ons,
)
from stores import choices as stores_choices
from stores import queries as stores_queries

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

logger = logging.getLogger(__name__)

ACTOR = "system:counter"
# A basket whose orders still wait for something is looked at again this often.
LOOK_AGAIN = timedelta(minutes=1)


class NothingInBasket(InvalidInput):
    """There is nothing to settle."""

    code = "nothing_in_basket"


class BasketHasProblems(Conflict):
    """A line cannot be settled as it is; `params` hold what is wrong with it."""

    code = "counter_basket_has_problems"


class NetChanged(Conflict):
    """The net amount is no longer the one that was shown; params hold both."""

    code = "net_changed"


class BasketNotPaying(Conflict):
    """The basket is not being paid: it was given up or settled meanwhile."""

    code = "counter_basket_not_paying"


class PaidInPart(Conflict):
    """One of the orders is paid and on its way: the rest is to be paid too, or comes back as a return."""

    code = "counter_basket_paid_in_part"


@step
def begin_payment(basket_id: int, *, seen_net_fen: int | None, actor: str, now: datetime) -> CounterBasket:
    """Lock a basket and place its orders in one checkout, unpaid and holding their goods; nothing is taken back yet.

    What is kept of a try-on is held by its order from now on. Locks CounterBasket, Checkout, Member, TryOn, Fulfillment
    and below. Emits OrderPlaced for each.

    :raises BasketNotOpen: when it is not open.
    :raises NothingInBasket: with field "lines".
    :raises BasketHasProblems: with field "lines", when a line or coupon cannot be used.
    :raises NetChanged: when the net is not the one that was shown.
    :raises InvalidInput: naming "contact_name", when something is sent home and nobody said to whom; or "coupon", when
        somebody used it meanwhile.
    :raises CannotReserveStock: when what is sent home can no longer be promised; nothing was changed in all of these.
    """
    basket = counter.lock_open(basket_id, now=now)
    lines = queries.counter_lines(basket)
    quote = _checked_quote(basket, lines, seen_net_fen, now)
    _release_kept(basket, lines, actor=actor, now=now)
    transition(basket, to=CounterBasketStatus.PAYING, actor=actor, now=now)
    if quote.orders:
        basket.checkout = Checkout.objects.create(created_at=now)
        if quote.is_together:
            placing.take_together(quote.offer, quote.request, basket.checkout.pk, now=now)
        for order in quote.orders:
            placing.place_order(_wish(basket, order, quote), now=now)
    basket.returns_fen, basket.due_at = quote.returns_fen, now + LOOK_AGAIN
    basket.save(update_fields=["checkout", "returns_fen", "due_at"])
    return basket


@step
def lock_paying(basket_id: int, *, amount_fen: int, field: str = "amount") -> CounterBasket:
    """Lock a basket that takes a tender now, of at most what is still to be paid net of what comes back.

    With it what it may settle: the orders it buys, collects and gives back of, and their members.

    :raises BasketNotPaying: when it is not being paid, or is being given up.
    :raises TenderTooHigh: when the amount is above the net.
    """
    basket = locks.lock_counter_basket(basket_id)
    if basket.status != CounterBasketStatus.PAYING or basket.is_giving_up or basket.checkout_id is None:
        raise BasketNotPaying(_("This basket is not being paid any more. Reload the page."))
    _lock_settling(basket, queries.counter_lines(basket))
    due_fen = queries.counter_due(basket)
    if not 0 < amount_fen <= due_fen:
        raise tenders.TenderTooHigh(_("At most what is left to be paid."), field=field, due_fen=due_fen)
    return basket


@step
def hold_basket(basket_id: int) -> None:
    """Lock a basket and what is settled with it, for an act that locks its payments and till before it settles."""
    basket = locks.lock_counter_basket(basket_id)
    _lock_settling(basket, queries.counter_lines(basket))


@step
def settle_basket(basket_id: int, *, actor: str, now: datetime) -> bool:
    """Settle a basket once what came in covers its net: goods are taken back, orders paid, collections handed over.

    Tells whether it is settled, now or before; asking again changes nothing. What comes back beyond what is bought is
    owed back at once, the way it came. Locks CounterBasket, Checkouts, Orders, Members, Fulfillment and below.

    :raises NotReturnable: when a piece came back elsewhere meanwhile; nothing was changed.
    :raises CollectionGone: when what was paid before was handed over elsewhere, or cancelled; nothing was changed.
    """
    basket = locks.lock_counter_basket(basket_id)
    if basket.status == CounterBasketStatus.SETTLED:
        return True
    if basket.status != CounterBasketStatus.PAYING or basket.is_giving_up or queries.counter_due(basket) > 0:
        return False
    lines = queries.counter_lines(basket)
    _lock_settling(basket, lines)
    _lock_goods(basket, lines)
    counter_collecting.hand_over_collections(lines, actor=actor, now=now)
    returned = [line for line in lines if line.kind == CounterLineKind.RETURN]
    if returned:
        counter_returns.take_back_here(_return_of(basket, returned), actor=actor, now=now)
    if basket.checkout_id is not None:
        if not settling.settle_checkout(basket.checkout_id, actor=actor, now=now):
            raise BasketHasProblems(_("What comes back brings less than was shown. Look at the basket again."))
        _close_open_payments(basket.checkout_id, actor=actor, now=now)
    _finish(basket, actor=actor, now=now)
    return True


@step
def give_up_payment(basket_id: int, *, actor: str, now: datetime) -> bool:
    """Give the payment of a basket up: its orders end, their goods, coupons and tenders go back; then it is open again.

    Tells whether it is open already: while a payment is being closed at the provider, the end of its orders opens it.
    Locks CounterBasket, Checkout, Orders, Member, Fulfillment and below. Emits OrderCancelled for each.

    :raises BasketNotPaying: when it is not being paid.
    :raises PaidInPart: when one of its orders is paid.
    """
    basket = locks.lock_counter_basket(basket_id)
    if basket.status != CounterBasketStatus.PAYING:
        raise BasketNotPaying(_("This basket is not being paid any more. Reload the page."))
    sales = _sales(basket)
    if any(sale.order.status not in {OrderStatus.PLACED, OrderStatus.CANCELLED, OrderStatus.EXPIRED} for sale in sales):
        raise PaidInPart(_("A part of it is paid already. Take the rest, or let it come back as a return."))
    basket.is_giving_up = True
    basket.save(update_fields=["is_giving_up"])
    for sale in sales:
        if sale.order.status == OrderStatus.PLACED and sale.order.ending_as != Ending.CANCELLED:
            ending.begin_ending(sale, ending=Ending.CANCELLED, actor=actor, reason="", now=now)
    return _open_again(basket, actor=actor, now=now)


@step
def leave_line_out(basket_id: int, line_id: int, *, now: datetime) -> None:
    """Leave a piece that cannot be taken back, or a collection that is gone, out of a basket that is being paid.

    More is to be paid then. What was declined of a collection goes with it.

    Locks CounterBasket.

    :raises BasketNotPaying: when it is not being paid.
    """
    basket = locks.lock_counter_basket(basket_id)
    if basket.status != CounterBasketStatus.PAYING or basket.is_giving_up:
        raise BasketNotPaying(_("This basket is not being paid any more. Reload the page."))
    basket.lines.filter(pk=line_id, kind__in=[CounterLineKind.RETURN, CounterLineKind.COLLECTION]).delete()
    basket.returns_fen = queries.worth_of_returns(basket, queries.counter_lines(basket), now=now)
    basket.save(update_fields=["returns_fen"])


@step
def follow_checkout(checkout_id: int, *, now: datetime) -> None:
    """Settle the basket of a checkout if what came in covers it, or open it again if its orders have ended.

    Nothing when it is no basket's. Locks as `settle_basket`.
    """
    basket_id = CounterBasket.objects.filter(checkout=checkout_id).values_list("pk", flat=True).first()
    if basket_id is not None:
        _follow(basket_id, now=now)


@step
def follow_order(order_id: int, *, now: datetime) -> None:
    """Do as `follow_checkout` for the checkout of an order."""
    follow_checkout(Order.objects.values_list("checkout_id", flat=True).get(pk=order_id), now=now)


@drive
def drive_counter_basket(basket_id: int, *, now: datetime) -> None:
    """Do what a due basket waits for: drop one that nobody touched, follow the orders of one that is being paid.

    The attempt is committed before, so that one which fails is not due again at once.
    """
    with entry(), connection.cursor() as cursor:
        cursor.execute(sql.CLAIM_COUNTER_BASKET, {"id": basket_id, "now": now})
        if cursor.rowcount == 0:
            return
    with entry():
        basket = locks.lock_counter_basket(basket_id)
        if basket.status in {CounterBasketStatus.OPEN, CounterBasketStatus.PARKED}:
            counter.drop_basket(basket_id, actor=ACTOR, now=now)
        elif basket.status == CounterBasketStatus.PAYING:
            _follow(basket_id, now=now)


def _follow(basket_id: int, *, now: datetime) -> None:
    """Take a basket that is being paid on, as far as its orders and their payments allow."""
    basket = locks.lock_counter_basket(basket_id)
    if basket.status != CounterBasketStatus.PAYING or _open_again(basket, actor=ACTOR, now=now):
        return
    try:
        with transaction.atomic():
            if settle_basket(basket_id, actor=ACTOR, now=now):
                return
    except DomainError:
        # The clerk sees what is wrong; the orders end by themselves if nobody does anything about it.
        logger.warning("Counter basket %s is covered and cannot be settled", basket_id, exc_info=True)
    basket.due_at, basket.attempts = now + LOOK_AGAIN, 0
    basket.save(update_fields=["due_at", "attempts"])


def _checked_quote(
    basket: CounterBasket, lines: Sequence[CounterLine], seen_net_fen: int | None, now: datetime
) -> queries.CounterQuote:
    """Return what a basket comes to, if it can be settled so."""
    if not lines:
        raise NothingInBasket(_("Put something into the basket first."), field="lines")
    quote = queries.quote_counter(basket, lines, now=now)
    if quote.problems or quote.coupon_problem:
        problem = next(iter(quote.problems.values()), quote.coupon_problem)
        raise BasketHasProblems(problem, field="lines" if quote.problems else "coupon")
    _check_collectors(basket, quote, now)
    if seen_net_fen not in {None, quote.net_fen}:
        raise NetChanged(
            _("The amount has changed since you saw it. Look at it again."),
            field="net_fen",
            net_fen=quote.net_fen,
            seen_net_fen=seen_net_fen,
        )
    return quote


def _check_collectors(basket: CounterBasket, quote: queries.CounterQuote, now: datetime) -> None:
    """Refuse orders of which the mall's till takes the money of one and the brand that of another: no tender fits both.

    :raises BasketHasProblems: with field "lines".
    """
    today = clock.business_date(now)
    channels = {channel_of(basket, order.way) for order in quote.orders}
    collectors = {stores_queries.collector_of(basket.store_id, channel, today) for channel in channels}
    if len(collectors) > 1 and stores_choices.Collector.MALL in collectors:
        raise BasketHasProblems(
            _("The mall's till takes the money of one part, the brand of what is sent home. Make two baskets of it."),
            field="lines",
        )


def _release_kept(basket: CounterBasket, lines: Sequence[CounterLine], *, actor: str, now: datetime) -> None:
    """Free what is kept of try-ons for the order that sells it; in the order in which everybody locks."""
    try_on_ids = sorted({line.try_on_line.try_on_id for line in lines if line.try_on_line is not None})
    for try_on_id in try_on_ids:
        locks.lock_try_on(try_on_id)
    if try_on_ids and basket.member_id is not None:
        members_services.lock_member(basket.member_id)
    for try_on_id in try_on_ids:
        try_ons.release_kept(try_on_id, actor=actor, now=now)


def _wish(basket: CounterBasket, order: queries.CounterOrder, quote: queries.CounterQuote) -> placing.PlaceOrder:
    """Return an order of a basket as it is placed; of several the offers were used up for all of them."""
    is_sent = order.way != fulfillment_choices.Way.TAKE_AWAY
    return placing.PlaceOrder(
        brand_id=basket.brand_id,
        lines=tuple(placing.WantedLine(part.item.sku, part.quantity, part.item.unit_price_fen) for part in order.sold),
        contact_name=basket.recipient_name if is_sent else "",
        phone=unseal(basket.recipient_phone_sealed) if is_sent and basket.recipient_phone_sealed else "",
        channel=channel_of(basket, order.way),
        way=order.way,
        district_code=basket.district_id if is_sent else None,
        street=basket.street if is_sent else "",
        pickup_store_id=None if is_sent else basket.store_id,
        member_id=basket.member_id,
        coupon_codes=order.asked.coupon_codes,
        points=order.asked.points,
        manual=order.asked.manual,
        seen_total_fen=order.bill.total_fen,
        checkout_id=basket.checkout_id,
        frozen=order.frozen if quote.is_together else None,
        selling=placing.Selling(basket.store_id, basket.staff_id, f"counter:{basket.number}"),
    )


def _return_of(basket: CounterBasket, lines: Sequence[CounterLine]) -> counter_returns.CounterReturn:
    """Return the pieces of a basket as they are taken back."""
    return counter_returns.CounterReturn(
        store_id=basket.store_id,
        pieces=tuple(
            counter_returns.CounterPiece(line.sale_id or 0, line.unit or 0, line.condition, line.reason)
            for line in lines
        ),
        checkout_id=basket.checkout_id,
        allowed_by=next((line.allowed_by_id for line in lines if line.allowed_by_id is not None), None),
    )


def _lock_settling(basket: CounterBasket, lines: Sequence[CounterLine]) -> None:
    """Lock the orders that a basket buys, collects and gives back of, then their members, in everybody's order."""
    order_ids = {order.pk for order in queries.collected_orders(lines).values()}
    order_ids |= {line.sale.order_id for line in lines if line.sale is not None}
    sales = locks.lock_orders(order_ids, checkout_id=basket.checkout_id)
    for member_id in sorted({sale.order.member_id for sale in sales if sale.order.member_id is not None}):
        members_services.lock_member(member_id)


def _lock_goods(basket: CounterBasket, lines: Sequence[CounterLine]) -> None:
    """Lock what is handed over, comes back and is bought together: S for M here and M for S there would cross."""
    handed_over = [line.share.fulfillment_id for line in lines if line.share is not None]
    sold = [line.sale.order_line for line in lines if line.sale is not None]
    returned = [(basket.store_id, row.variant_id) for row in sold if row is not None]
    if handed_over or returned:
        orders = Order.objects.filter(checkout=basket.checkout_id or 0, status=OrderStatus.PLACED)
        bought = orders.values_list("fulfillment_id", flat=True)
        fulfillment_services.lock_goods([*handed_over, *bought], returned)


def _sales(basket: CounterBasket) -> list[locks.OrderLock]:
    """Lock the checkout of a basket and return its orders with their payments."""
    return locks.lock_orders((), checkout_id=basket.checkout_id) if basket.checkout_id is not None else []


def _close_open_payments(checkout_id: int, *, actor: str, now: datetime) -> None:
    """Have what nobody needs to pay any more closed at the provider."""
    rows = {row.pk: row for sale in locks.lock_orders((), checkout_id=checkout_id) for row in sale.intents}
    for intent in rows.values():
        if intent.status in LIVE_INTENTS:
            ending.begin_closing(intent, actor=actor, now=now)


def _finish(basket: CounterBasket, *, actor: str, now: datetime) -> None:
    """Write that a basket is settled."""
    transition(basket, to=CounterBasketStatus.SETTLED, actor=actor, now=now)
    basket.finished_at, basket.due_at, basket.attempts, basket.updated_at = now, None, 0, now
    basket.save(update_fields=["finished_at", "due_at", "attempts", "updated_at"])


def _open_again(basket: CounterBasket, *, actor: str, now: datetime) -> bool:
    """Open a basket again whose orders have all ended unpaid; what was kept of a try-on is on the shelf by now."""
    orders = (
        Order.objects.filter(checkout=basket.checkout_id) if basket.checkout_id is not None else Order.objects.none()
    )
    ended = {OrderStatus.CANCELLED, OrderStatus.EXPIRED}
    statuses = set(orders.filter(paid_at=None).values_list("status", flat=True))
    is_over = basket.is_giving_up or bool(statuses)
    if not is_over or not statuses <= ended or orders.exclude(paid_at=None).exists():
        return False
    for line in basket.lines.filter(kind=CounterLineKind.KEPT):
        _sell_plainly(basket, line)
    basket.checkout, basket.is_giving_up, basket.is_scanned, basket.returns_fen = None, False, False, 0
    basket.due_at, basket.attempts, basket.updated_at = now + counter.KEPT_OPEN, 0, now
    basket.save(
        update_fields=["checkout", "is_giving_up", "is_scanned", "returns_fen", "due_at", "attempts", "updated_at"]
    )
    transition(basket, to=CounterBasketStatus.OPEN, actor=actor, now=now)
    return True


def _sell_plainly(basket: CounterBasket, line: CounterLine) -> None:
    """Make a piece that was kept of a try-on one that lies in the store."""
    twin = basket.lines.filter(kind=CounterLineKind.SALE, variant=line.variant_id).first()
    if twin is None:
        line.kind, line.try_on_line = CounterLineKind.SALE, None
        line.save(update_fields=["kind", "try_on_line"])
    else:
        twin.quantity += 1
        twin.save(update_fields=["quantity"])
        line.delete()
