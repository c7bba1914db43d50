"""The checkout page: what the basket costs with what was chosen, who would send it and when, and what has changed."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.utils import formats
from django.utils.translation import gettext as _

from fulfillment import choices as fulfillment_choices
from fulfillment import queries as fulfillment_queries
from omni.kernel import bilingual
from omni.kernel.clock import BUSINESS_ZONE, business_date
from omni.kernel.errors import InvalidInput
from omni.kernel.money import format_fen
from orders import rules
from orders.queries import bill as bills
from orders.queries.basket import find_basket
from stores import choices as stores_choices

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from members import queries as members_queries
    from orders.queries.basket import BasketLineView, BasketView, SeenLine
    from stores import queries as stores_queries

Way = fulfillment_choices.Way
MOST_PICKUP_STORES = 5
_SEEN_TOTALS = re.compile(r"(\d{1,12}) (\d{1,12})", re.ASCII)
_SEEN_PROMISE = re.compile(r"(\S{1,60}) (\d{4}-\d\d-\d\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Choice:
    """What the shopper has chosen on the page so far; what makes no sense is left out."""

    way: str
    place: stores_queries.Place | None = None
    pickup_store_id: int | None = None
    member_id: int | None = None
    coupon_codes: tuple[str, ...] = ()
    points: int = 0

    @property
    def destination(self) -> str:
        """Return a short text of the way and where to, which tells two promises apart."""
        if self.way == Way.PICKUP:
            return f"{self.way}:{self.pickup_store_id or ''}"
        return f"{self.way}:{self.place.text if self.place else ''}"

    def sent_by(self, way: str) -> Choice:
        """Return the same choice brought by another way; what is collected stays so."""
        return self if self.way == Way.PICKUP else dataclasses.replace(self, way=way)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the page that was sent had shown; of what it had not shown, None."""

    lines: tuple[SeenLine, ...] = ()
    courier_fen: int | None = None
    pickup_fen: int | None = None
    destination: str = ""
    promised_on: date | None = None

    def total_fen(self, way: str) -> int | None:
        """Return the total that was shown for a way."""
        return self.pickup_fen if way == Way.PICKUP else self.courier_fen

    def shown(self, choice: Choice) -> Choice:
        """Return a choice with the way that was shown for it: to be brought may have meant by express."""
        farther = choice.sent_by(Way.EXPRESS)
        return farther if self.destination == farther.destination else choice

    def promise_for(self, destination: str) -> date | None:
        """Return the day that was promised for a destination, if it was this one."""
        return self.promised_on if destination == self.destination else None


@dataclass(frozen=True, slots=True)
class Step:
    """What one offer takes off, in the language of the page."""

    name: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class CheckoutLine:
    """A line with its way from everybody's price to what is paid for it."""

    line: BasketLineView
    steps: tuple[Step, ...]
    net_fen: int
    problem: str


@dataclass(frozen=True, slots=True)
class Promise:
    """Which stores would send it, or keep it ready, and about when, in words."""

    stores: tuple[fulfillment_queries.PlannedStore, ...]
    when: str
    promised_on: date


@dataclass(frozen=True, slots=True)
class PickupChoice:
    """A store that can keep the basket ready, and by when, in words."""

    store: fulfillment_queries.PickupStore
    ready: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Checkout:
    """All the checkout page shows but its form. Amounts are fen; totals when it is brought, and collected.

    The way in `choice` is the one by which it would really be brought: by express when no courier can.
    """

    basket: BasketView
    choice: Choice
    lines: tuple[CheckoutLine, ...]
    gross_fen: int
    goods_fen: int
    steps: tuple[Step, ...]
    delivery_fen: int
    offer: members_queries.Offer | None
    coupon_problem: str
    promise: Promise | None
    pickup: tuple[PickupChoice, ...]

    @property
    def courier_fen(self) -> int:
        """Return the total when it is brought."""
        return self.goods_fen + self.delivery_fen

    @property
    def is_express(self) -> bool:
        """Tell whether it would be sent by express."""
        return self.choice.way == Way.EXPRESS

    @property
    def total_fen(self) -> int:
        """Return the total of the way that is chosen."""
        return self.goods_fen if self.choice.way == Way.PICKUP else self.courier_fen

    @property
    def seen_totals(self) -> str:
        """Return the totals as `read_seen_page` reads them."""
        return f"{self.courier_fen} {self.goods_fen}"

    @property
    def seen_promise(self) -> str:
        """Return the promise as `read_seen_page` reads it; empty when none is shown."""
        return f"{self.choice.destination} {self.promise.promised_on.isoformat()}" if self.promise else ""


def read_seen_page(lines: tuple[SeenLine, ...], totals: str, promise: str) -> Seen:
    """Read what a page had shown of a basket, its totals and its promise; what is none of our texts was not seen."""
    both, day = _SEEN_TOTALS.fullmatch(totals), _SEEN_PROMISE.fullmatch(promise)
    seen = Seen(lines)
    if both:
        seen = dataclasses.replace(seen, courier_fen=int(both[1]), pickup_fen=int(both[2]))
    if day:
        try:
            seen = dataclasses.replace(seen, destination=day[1], promised_on=date.fromisoformat(day[2]))
        except ValueError:
            return seen
    return seen


def find_checkout(
    token: str, brand_code: str, choice: Choice, *, seen: tuple[SeenLine, ...] = (), now: datetime
) -> Checkout | None:
    """Return the checkout of a basket with what was chosen, or None when it is empty; nothing is held or used.

    A coupon that cannot be used is left out, and `coupon_problem` says why. As many statements for any number of lines.
    """
    basket = find_basket(token, brand_code, seen=seen, now=now)
    if basket is None:
        return None
    priced = [line for line in basket.lines if line.priced is not None]
    cost, problem = _bill(basket, priced, choice, now)
    preview = _preview(basket, priced, cost, choice, now)
    choice = choice.sent_by(preview.way) if preview and preview.stores else choice
    short = {priced[position].id for position in preview.short} if preview else set()
    parts = {line.id: position for position, line in enumerate(priced)}
    return Checkout(
        basket=basket,
        choice=choice,
        lines=tuple(_line(line, parts.get(line.id), cost, is_short=line.id in short) for line in basket.lines),
        gross_fen=cost.gross_fen,
        goods_fen=cost.goods_fen,
        steps=_sums(cost),
        delivery_fen=_delivery_fen(basket, cost.goods_fen, choice),
        offer=cost.offer,
        coupon_problem=problem,
        promise=_promise(preview, now),
        pickup=_pickup(basket, choice, now),
    )


def differences(page: Checkout, seen: Seen) -> list[str]:
    """Return what differs from what the shopper had seen, in words; prices stand beside their lines."""
    found = []
    was_fen = seen.total_fen(page.choice.way)
    if was_fen is not None and was_fen != page.total_fen:
        found.append(
            _("The total was %(was)s and is now %(now)s.")
            % {"was": format_fen(was_fen), "now": format_fen(page.total_fen)}
        )
    day = seen.promise_for(page.choice.destination)
    if day is not None and page.promise is not None and page.promise.promised_on > day:
        found.append(_("It comes later than you saw: %(when)s.") % {"when": page.promise.when})
    if day is not None and page.promise is None:
        found.append(_("It can no longer be promised as you saw."))
    return found


def about_when(moment: datetime, now: datetime) -> str:
    """Return a moment as a promise says it: rounded up to the next half hour, "today, about 15:30"."""
    local = (moment + timedelta(minutes=29, seconds=59)).astimezone(BUSINESS_ZONE)
    local, today = local.replace(minute=local.minute // 30 * 30), business_date(now)
    values = {"time": f"{local:%H:%M}", "day": formats.date_format(local, "MONTH_DAY_FORMAT")}
    if local.date() == today:
        return _("today, about %(time)s") % values
    if local.date() == today + timedelta(days=1):
        return _("tomorrow, about %(time)s") % values
    return _("%(day)s, about %(time)s") % values


def about_day(moment: datetime, now: datetime) -> str:
    """Return the day of a moment as a promise by express says it: "about March 19"."""
    day, today = business_date(moment), business_date(now)
    if day == today + timedelta(days=1):
        return _("tomorrow")
    return _("about %(day)s") % {"day": formats.date_format(day, "MONTH_DAY_FORMAT")}


def _bill(
    basket: BasketView, priced: Sequence[BasketLineView], choice: Choice, now: datetime
) -> tuple[bills.Bill, str]:
    """Return what the basket costs, and why a coupon that was asked for is not in it."""
    lines = [bills.BilledLine(line.priced, line.quantity) for line in priced if line.priced is not None]
    # Whether a promotion runs is not asked first: the offers are shown in any case.
    terms = bills.Terms.of(basket.brand)
    asked = bills.Asked(
        brand_id=basket.brand.pk,
        member_id=choice.member_id,
        channel=stores_choices.Channel.WEB,
        way=choice.way,
        store_id=choice.pickup_store_id if choice.way == Way.PICKUP else None,
        coupon_codes=choice.coupon_codes,
        points=choice.points,
    )
    try:
        return bills.bill_of(lines, asked, terms, now=now), ""
    except InvalidInput as error:
        plain = dataclasses.replace(asked, coupon_codes=())
        return bills.bill_of(lines, plain, terms, now=now), str(error.message)


def _delivery_fen(basket: BasketView, goods_fen: int, choice: Choice) -> int:
    """Return what bringing it costs, by express when that is how it would come."""
    terms, way = bills.Terms.of(basket.brand), Way.EXPRESS if choice.way == Way.EXPRESS else Way.COURIER
    return rules.delivery_charge_fen(way, goods_fen, fee_fen=terms.fee_of(way), free_from_fen=terms.free_from_fen)


def _preview(
    basket: BasketView, priced: Sequence[BasketLineView], cost: bills.Bill, choice: Choice, now: datetime
) -> fulfillment_queries.PlanPreview | None:
    """Return what the planner would do; None while it is not known where the goods go."""
    is_pickup = choice.way == Way.PICKUP
    if not priced or choice.place is None or (is_pickup and choice.pickup_store_id is None):
        return None
    lines = [
        fulfillment_queries.DemandLine(line.variant.pk, line.quantity, net_fen)
        for line, net_fen in zip(priced, cost.nets_fen, strict=True)
    ]
    lat, lng, brand = choice.place.lat, choice.place.lng, basket.brand
    if is_pickup:
        return fulfillment_queries.preview_plan(
            brand.pk, Way.PICKUP, lines, lat=lat, lng=lng, now=now, pickup_store_id=choice.pickup_store_id
        )
    ways = fulfillment_queries.sending_ways(brand)
    return fulfillment_queries.preview_sending(brand.pk, ways, lines, lat=lat, lng=lng, now=now)


def _promise(preview: fulfillment_queries.PlanPreview | None, now: datetime) -> Promise | None:
    if preview is None or preview.there_at is None or preview.promised_on is None:
        return None
    about = about_day if preview.way == Way.EXPRESS else about_when
    return Promise(preview.stores, about(preview.there_at, now), preview.promised_on)


def _pickup(basket: BasketView, choice: Choice, now: datetime) -> tuple[PickupChoice, ...]:
    """Return the nearest stores that can keep the whole basket ready."""
    if choice.place is None:
        return ()
    stores = fulfillment_queries.pickup_stores(
        basket.brand.pk,
        [(line.variant.pk, line.quantity) for line in basket.lines],
        lat=choice.place.lat,
        lng=choice.place.lng,
        limit=MOST_PICKUP_STORES,
        now=now,
    )
    return tuple(
        PickupChoice(store, about_when(store.ready_at, now), store.store_id == choice.pickup_store_id)
        for store in stores
    )


def _line(line: BasketLineView, position: int | None, cost: bills.Bill, *, is_short: bool) -> CheckoutLine:
    if position is None:
        return CheckoutLine(line, (), 0, _("No longer on sale. Remove it to go on."))
    problem = ""
    if not line.is_in_stock:
        problem = _("Sold out in every store. Remove it to go on.")
    elif is_short:
        problem = _("There is not enough of it for this way now. Take less, or choose another way.")
    steps = tuple(
        Step(bilingual.pick(part.name_zh, part.name_en), part.amount_fen)
        for part in cost.adjustments
        if part.position == position
    )
    return CheckoutLine(line, steps, cost.nets_fen[position], problem)


def _sums(cost: bills.Bill) -> tuple[Step, ...]:
    """Return what each offer takes off in all, in the order of the offers."""
    sums: dict[str, Step] = {}
    for part in cost.adjustments:
        before = sums.get(part.source)
        amount_fen = part.amount_fen + (before.amount_fen if before else 0)
        sums[part.source] = Step(bilingual.pick(part.name_zh, part.name_en), amount_fen)
    return tuple(sums.values())
