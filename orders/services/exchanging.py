"""Exchanges: what replaces goods that come back is held at once, and paid with what they bring once they are here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from omni.kernel.errors import InvalidInput
from omni.kernel.outbox import publish
from omni.kernel.sealing import unseal
from omni.kernel.transactions import step
from orders import locks, queries
from orders.choices import Ending, OrderStatus, ReturnKind
from orders.events import OrderPaidInPart
from orders.models import Return
from orders.services import crediting, ending, placing, receiving, returning, settling

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from orders.models import Order, PaymentIntent

# How long the replacement outlasts the return's own times, before it is looked at again.
SLACK = timedelta(days=1)


class NothingInstead(InvalidInput):
    """Nobody said what the goods are exchanged for."""

    code = "nothing_instead"


@dataclass(frozen=True, slots=True)
class RequestExchange:
    """What a shopper gives back, and the SKU that they want instead for each line. `seen_total_fen` is its preview."""

    back: returning.RequestReturn
    swaps: Mapping[int, str]
    seen_total_fen: int | None = None


@step
def request_exchange(order_id: int, wanted: RequestExchange, *, actor: str, now: datetime) -> Return:
    """Agree on a return, and place the order of what replaces it in the same checkout; its goods are held now.

    A difference is to be paid within the brand's time, else the exchange becomes a return. Locks Checkout, its
    payments, Order, Member, then StoreCapacity and StockLevel. Emits ReturnAgreed, OrderPlaced.

    :raises NothingInstead: when nothing is wanted instead.
    :raises InvalidInput, NotReturnable, RefundChanged: see `request_return`.
    :raises NotExchangeable, UnknownSwap: see `queries.quote_exchange`.
    :raises TotalChanged: when the replacement costs another amount than was seen.
    :raises CannotReserveStock: when nothing can be held any more; nothing is written in all of these cases.
    """
    if not wanted.swaps:
        raise NothingInstead(_("Choose what you would like instead."), field="kind")
    order = locks.lock_order(order_id).order
    lines = queries.returnable_lines(order, now=now)
    choices = queries.swap_choices(order, lines, now=now)
    asked = wanted.back
    back = queries.quote_return(order, asked.lines, reason=asked.reason, way=asked.way, now=now)
    quote = queries.quote_exchange(order, back, wanted.swaps, choices, now=now)
    case = returning.request_return(order_id, replace(asked, kind=ReturnKind.EXCHANGE), actor=actor, now=now)
    wish = _wish(order, wanted, quote, expires_at=_held_until(case, quote, now))
    case.replacement_id = placing.place_order(wish, now=now).order_id
    case.save(update_fields=["replacement"])
    return case


@step
def settle_exchange(case: Return, order: Order, intents: Sequence[PaymentIntent], *, now: datetime) -> None:
    """Pay the replacement with what came back, or give it back; refund the rest. The return is locked.

    It is given back when not all of the pieces were taken, or when its difference was not paid in time; while that may
    still come, the return waits. Locks the replacement, Fulfillment and below. Emits OrderPaid or OrderCancelled.
    """
    if case.replacement_id is not None:
        lock = locks.lock_order(case.replacement_id)
        if lock.order.status == OrderStatus.PLACED and not lock.order.ending_as:
            _settle_replacement(case, order, intents, lock, now)
        if lock.order.status == OrderStatus.PLACED:
            return  # its payment, or its end, wakes the return
    receiving.pay_back(case, order, intents, actor=returning.ACTOR, now=now)


def _settle_replacement(
    case: Return, order: Order, intents: Sequence[PaymentIntent], lock: locks.OrderLock, now: datetime
) -> None:
    """Pay an unpaid replacement, end it, or have its return wait for the difference."""
    is_whole = not case.lines.filter(is_live=False).exists()
    left_fen = queries.left_to_pay_fen(lock.order)
    if not is_whole:
        ending.begin_ending(lock, ending=Ending.CANCELLED, actor=returning.ACTOR, reason="", now=now)
    elif left_fen == 0:
        _pay_with_credit(case, order, intents, lock, now)
    elif lock.order.expires_at > now:
        Return.objects.filter(pk=case.pk).update(due_at=lock.order.expires_at, attempts=0)
    else:
        ending.begin_ending(lock, ending=Ending.EXPIRED, actor=returning.ACTOR, reason="", now=now)


def _pay_with_credit(
    case: Return, order: Order, intents: Sequence[PaymentIntent], lock: locks.OrderLock, now: datetime
) -> None:
    """Use what came back for what the replacement still costs: one payment's credit is the other's money."""
    replacement = lock.order
    amount_fen = replacement.total_fen - queries.paid_fen(replacement)
    made = crediting.pay_with_credit(case, order, intents, wanted=replacement, amount_fen=amount_fen, now=now)
    for part in made[:-1]:
        publish(OrderPaidInPart(replacement.pk, part.pk, now, part.amount_fen), now=now)
    settling.pay_order(replacement, made[-1].pk, made[-1].amount_fen, paid_at=now, actor=returning.ACTOR, now=now)


def _held_until(case: Return, quote: queries.ExchangeQuote, now: datetime) -> datetime:
    """Return until when the replacement waits: for its difference, else for the goods within times of their own."""
    policy = queries.return_policy(case.brand_id)
    if quote.split.difference_fen:
        return now + timedelta(hours=policy.difference_hours)
    return now + timedelta(days=policy.arrive_days, hours=policy.inspect_hours) + SLACK


def _wish(
    order: Order, wanted: RequestExchange, quote: queries.ExchangeQuote, *, expires_at: datetime
) -> placing.PlaceOrder:
    """Return the order of the replacement: for the same person, by the same way, to the same place."""
    demand = order.fulfillment
    return placing.PlaceOrder(
        brand_id=order.brand_id,
        lines=tuple(placing.WantedLine(sku, units) for sku, units in quote.units),
        contact_name=order.contact_name,
        phone=unseal(order.contact_phone_sealed),
        channel=order.channel,
        way=queries.replacement_way(order),
        district_code=demand.district_id,
        street=demand.street,
        lat=demand.lat,
        lng=demand.lng,
        pickup_store_id=demand.pickup_store_id,
        member_id=order.member_id,
        language=order.language,
        seen_total_fen=wanted.seen_total_fen,
        replacing=placing.Replacing(order.checkout_id, expires_at),
    )
