"""The shopper pays a counter's basket on their own phone: taken away, or sent home; the sale stays the guide's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from omni.kernel.errors import Conflict
from omni.kernel.transactions import step
from orders import locks, queries
from orders.choices import CounterBasketStatus
from orders.services import counter, counter_paying, tenders

if TYPE_CHECKING:
    from datetime import datetime

    from orders.models import CounterBasket, PaymentIntent


class NotForPhones(Conflict):
    """Nothing is to be paid: the counter settles such a basket."""

    code = "nothing_to_pay_by_phone"


@dataclass(frozen=True, slots=True)
class PhonePayment:
    """What the shopper chose: one of PhoneWay, and where to when something is sent home.

    `member_id` is the membership of whoever is signed in; `seen_net_fen` is what they were shown.
    """

    way: str
    member_id: int | None
    seen_net_fen: int
    contact_name: str = ""
    phone: str = ""
    district_code: str = ""
    street: str = ""


@step
def begin_on_phone(basket_id: int, wanted: PhonePayment, *, actor: str, now: datetime) -> PaymentIntent:
    """Place the orders of a basket as the shopper wants them, and open the WeChat payment of its net amount.

    `payment.drive_intent` gets its link. Locks as `begin_payment`.

    :raises BasketNotOpen: when it was parked, dropped, or is being paid already.
    :raises NotForPhones: when nothing is to be paid.
    :raises NetChanged, BasketHasProblems, InvalidInput, CannotReserveStock, MallCollects: nothing was changed then.
    """
    basket = counter.lock_open(basket_id, now=now)
    for line in list(basket.lines.order_by("pk")):
        kind = queries.kind_on_phone(line, wanted.way)
        if kind != line.kind:
            counter.send_counter_line(basket_id, line.pk, kind, now=now)
    if wanted.contact_name:
        counter.name_recipient(
            basket_id,
            name=wanted.contact_name,
            phone=wanted.phone,
            district_code=wanted.district_code,
            street=wanted.street,
            now=now,
        )
    if basket.member_id is None and wanted.member_id is not None:
        counter.know_member(basket_id, wanted.member_id, now=now)
    basket = locks.lock_counter_basket(basket_id)
    basket.is_scanned = True
    basket.save(update_fields=["is_scanned"])
    counter_paying.begin_payment(basket_id, seen_net_fen=wanted.seen_net_fen, actor=actor, now=now)
    return open_on_phone(basket_id, actor=actor, now=now)


@step
def open_on_phone(basket_id: int, *, actor: str, now: datetime) -> PaymentIntent:
    """Open the WeChat payment of what is still to be paid for a basket, or find the one that is open.

    Locks CounterBasket, Checkout, its payments, Orders.

    :raises NotForPhones: when nothing is to be paid.
    :raises BasketNotPaying: when it is not being paid.
    """
    basket = locks.lock_counter_basket(basket_id)
    due_fen = _due(basket)
    if due_fen <= 0:
        raise NotForPhones(_("Nothing is to be paid. The counter settles this."))
    checkout_id = counter_paying.lock_paying(basket_id, amount_fen=due_fen).checkout_id or 0
    return tenders.start_wechat(checkout_id, amount_fen=due_fen, actor=actor, now=now)


def _due(basket: CounterBasket) -> int:
    return queries.counter_due(basket) if basket.status == CounterBasketStatus.PAYING else 0
