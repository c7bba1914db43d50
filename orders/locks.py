"""The locks of orders: Checkout with its payments, then Order; fulfillment's come after. Lock, then read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.db.models import Q

from omni.kernel.locking import locked
from orders.models import (
    Checkout,
    CounterBasket,
    DrawerSession,
    IntentAllocation,
    Order,
    PaymentIntent,
    Refund,
    Return,
    TryOn,
)

if TYPE_CHECKING:
    from collections.abc import Iterable


class OrderLock(NamedTuple):
    """An order and its payments, as they are now, locked until the transaction ends."""

    order: Order
    intents: list[PaymentIntent]


class IntentLock(NamedTuple):
    """A payment and the orders it is for, each with all of its payments; a payment of several is one object in all."""

    intent: PaymentIntent
    sales: list[OrderLock]


class ReturnLock(NamedTuple):
    """A return, the order it comes from, and that order's payments."""

    case: Return
    order: Order
    intents: list[PaymentIntent]


def lock_order(order_id: int) -> OrderLock:
    """Lock the checkout of an order, the order's payments, and the order.

    :raises Order.DoesNotExist: when there is no such order.
    """
    # The checkout of an order never changes, so it may be read before the lock.
    checkout_id = Order.objects.values_list("checkout_id", flat=True).get(pk=order_id)
    intents = lock_intents(checkout_id, order_id)
    return OrderLock(_only(locked(Order.objects.filter(pk=order_id))), intents)


def lock_intent(intent_id: int) -> IntentLock:
    """Lock the checkout of a payment, the orders this one pays for, and all payments of those orders.

    :raises PaymentIntent.DoesNotExist: when there is no such payment.
    """
    # What a payment is for never changes, so it may be read before the lock.
    order_ids = IntentAllocation.objects.filter(intent=intent_id).values_list("order_id", flat=True)
    sales = lock_orders(order_ids)
    found = [row for sale in sales for row in sale.intents if row.pk == intent_id]
    if not found:
        raise PaymentIntent.DoesNotExist
    return IntentLock(found[0], sales)


def lock_intents(checkout_id: int, order_id: int) -> list[PaymentIntent]:
    """Lock a checkout and the payments of one of its orders; the others' change under the checkout's lock alone."""
    locked(Checkout.objects.filter(pk=checkout_id))
    return locked(PaymentIntent.objects.filter(checkout_id=checkout_id, allocations__order_id=order_id))


def lock_orders(order_ids: Iterable[int], *, checkout_id: int | None = None) -> list[OrderLock]:
    """Lock orders of several checkouts, and with a checkout all of its own too: checkouts, payments, then orders.

    The orders are in the order of their ids, each with its payments.
    """
    named = Q(pk__in=list(order_ids))
    checkouts = Order.objects.filter(named).values("checkout_id")
    locked(Checkout.objects.filter(Q(pk__in=checkouts) | Q(pk=checkout_id)))
    wanted = Order.objects.filter(named | Q(checkout_id=checkout_id) if checkout_id else named)
    of_order: dict[int, set[int]] = {}
    for order_id, intent_id in IntentAllocation.objects.filter(order__in=wanted).values_list("order_id", "intent_id"):
        of_order.setdefault(order_id, set()).add(intent_id)
    intents = locked(PaymentIntent.objects.filter(pk__in={pk for found in of_order.values() for pk in found}))
    return [
        OrderLock(order, [intent for intent in intents if intent.pk in of_order.get(order.pk, ())])
        for order in locked(wanted)
    ]


def lock_drawer(drawer_id: int) -> DrawerSession:
    """Lock a till's session, after orders and before fulfillment.

    :raises DrawerSession.DoesNotExist: when there is no such session.
    """
    rows = locked(DrawerSession.objects.filter(pk=drawer_id))
    if not rows:
        raise DrawerSession.DoesNotExist
    return rows[0]


def lock_return(return_id: int) -> ReturnLock:
    """Lock the checkout of a return, the order it comes from and that order's payments; returns change under these.

    :raises Return.DoesNotExist: when there is no such return.
    """
    order_id = Return.objects.values_list("order_id", flat=True).get(pk=return_id)
    order, intents = lock_order(order_id)
    case = Return.objects.get(pk=return_id)
    case.order = order
    return ReturnLock(case, order, intents)


def lock_refund(refund_id: int) -> Refund:
    """Lock a refund; what it belongs to must be locked before.

    :raises Refund.DoesNotExist: when there is no such refund.
    """
    rows = locked(Refund.objects.filter(pk=refund_id))
    if not rows:
        raise Refund.DoesNotExist
    return rows[0]


def _only(rows: list[Order]) -> Order:
    if len(rows) != 1:
        raise Order.DoesNotExist
    return rows[0]


def lock_counter_basket(basket_id: int) -> CounterBasket:
    """Lock a counter's basket, before everything else that is settled with it.

    :raises CounterBasket.DoesNotExist: when there is no such basket.
    """
    rows = locked(CounterBasket.objects.select_related("brand").filter(pk=basket_id))
    if not rows:
        raise CounterBasket.DoesNotExist
    return rows[0]


def lock_try_on(try_on_id: int) -> TryOn:
    """Lock a booking and return it as it is now; its fulfillment comes after.

    :raises TryOn.DoesNotExist: when there is no such booking.
    """
    rows = locked(TryOn.objects.filter(pk=try_on_id))
    if not rows:
        raise TryOn.DoesNotExist
    return rows[0]
