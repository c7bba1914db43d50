"""A counter's basket on the shopper's own phone, known by the secret in the QR code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import F

from omni.kernel.errors import NotFound
from orders.choices import CounterBasketStatus, CounterLineKind, PhoneWay
from orders.models import CounterBasket
from orders.queries import counter

if TYPE_CHECKING:
    from datetime import datetime

    from orders.models import CounterLine

TOKEN = re.compile(r"[\w-]{1,43}", re.ASCII)
COUNTED = frozenset({CounterLineKind.SALE, CounterLineKind.SEND_HOME})
KIND_OF_WAY = {PhoneWay.TAKE: CounterLineKind.SALE, PhoneWay.HOME: CounterLineKind.SEND_HOME}


@dataclass(frozen=True, slots=True)
class ScannedPage:
    """A basket as the shopper sees it before paying: what it comes to by the way chosen, and the ways there are."""

    page: counter.CounterPage
    way: PhoneWay
    ways: tuple[PhoneWay, ...]
    is_sent: bool

    @property
    def can_pay(self) -> bool:
        """Tell whether a phone can pay it: there is something to pay, and nothing in the way."""
        return self.page.can_pay and self.page.quote.net_fen > 0


def get_scanned_basket(token: str) -> CounterBasket:
    """Return the basket whose code was scanned.

    :raises NotFound: when there is none.
    """
    found = CounterBasket.objects.filter(token=token) if TOKEN.fullmatch(token) else CounterBasket.objects.none()
    basket = found.select_related("brand", "store", "staff", "member").first()
    if basket is None:
        raise NotFound
    return basket


def load_scanned(
    basket: CounterBasket, way: str, *, member_id: int | None, now: datetime, district_code: str | None = None
) -> ScannedPage:
    """Return an open basket as it would be paid on the phone; nothing is written.

    `way` is one of PhoneWay, else the guide's choice stands. A member whom the guide knows comes before `member_id`.
    With a district it would be sent there, whoever the guide has named.
    """
    lines = counter.counter_lines(basket)
    given = {line.kind for line in lines} & COUNTED
    is_mixed = len(given) > 1
    ways = (PhoneWay.AS_IS, PhoneWay.TAKE, PhoneWay.HOME) if is_mixed else (PhoneWay.TAKE, PhoneWay.HOME)
    usual = PhoneWay.AS_IS if is_mixed else PhoneWay.HOME if CounterLineKind.SEND_HOME in given else PhoneWay.TAKE
    chosen = PhoneWay(way) if way in ways else usual
    for line in lines:
        line.kind = kind_on_phone(line, chosen)
    basket.is_scanned = basket.status == CounterBasketStatus.OPEN
    if basket.member_id is None and member_id is not None:
        basket.member_id = member_id
    if district_code is not None:
        basket.district_id = district_code
    return ScannedPage(
        counter.load_counter(basket, now=now, lines=lines),
        chosen,
        ways if given else (),
        is_sent=any(line.kind == CounterLineKind.SEND_HOME for line in lines),
    )


def kind_on_phone(line: CounterLine, way: str) -> str:
    """Return how a line leaves by the way that the shopper chose; pieces tried on or returned stay as they are."""
    return KIND_OF_WAY[PhoneWay(way)] if line.kind in COUNTED and way != PhoneWay.AS_IS else line.kind


def orders_of_basket(basket: CounterBasket) -> list[str]:
    """Return the numbers of a settled basket's orders."""
    if basket.checkout is None:
        return []
    paid = basket.checkout.orders.filter(paid_at__isnull=False, total_fen__gte=F("charges_fen"))
    return list(paid.order_by("pk").values_list("number", flat=True))
