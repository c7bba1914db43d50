"""What a counter's basket comes to: its sales with every offer, less what comes back, in one net amount."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from fulfillment import choices as fulfillment_choices
from fulfillment import queries as fulfillment_queries
from inventory import queries as inventory_queries
from members import choices as members_choices
from omni.kernel import money
from omni.kernel.errors import DomainError, InvalidInput, NotFound
from orders.choices import CounterLineKind, ManualMode
from orders.models import CounterLine, Order
from orders.queries import bill as bills
from orders.queries.counter_collections import collection_problem, worth_of_declined
from orders.queries.counter_returns import UnitKey, late_pieces, orders_of_sales, quote_pieces
from orders.queries.return_quotes import unit_fen
from stores import choices as stores_choices
from stores import queries as stores_queries

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from members import queries as members_queries
    from orders.models import CounterBasket

Way = fulfillment_choices.Way
# By which way the units of a line leave; the lines of one way are one order.
WAY_OF_KIND = {
    CounterLineKind.SALE: Way.TAKE_AWAY,
    CounterLineKind.KEPT: Way.TAKE_AWAY,
    CounterLineKind.SEND_HOME: Way.COURIER,
}
CHANNEL_OF_WAY = {
    Way.TAKE_AWAY: stores_choices.Channel.COUNTER,
    Way.COURIER: stores_choices.Channel.ENDLESS_AISLE,
    Way.EXPRESS: stores_choices.Channel.ENDLESS_AISLE,
}


def channel_of(basket: CounterBasket, way: Way) -> str:
    """Return the channel of what leaves a basket by a way: a phone, the counter, or another store's stock."""
    return stores_choices.Channel.SCAN_TO_PAY if basket.is_scanned else CHANNEL_OF_WAY[way]


@dataclass(frozen=True, slots=True)
class ManualCut:
    """What staff take off a line: `value` is fen (a price of one, or an amount) or ppm."""

    mode: str
    value: int
    reason: str


@dataclass(frozen=True, slots=True)
class SoldLine:
    """Units of one SKU, from one or several lines of a basket; `manual_fen` by line id is what staff take off."""

    item: inventory_queries.PricedVariant
    lines: tuple[CounterLine, ...]
    steps: tuple[tuple[str, str, int], ...] = ()
    manual_fen: tuple[tuple[int, int], ...] = ()
    net_fen: int = 0

    @property
    def quantity(self) -> int:
        """Return how many units they are."""
        return sum(line.quantity for line in self.lines)


@dataclass(frozen=True, slots=True)
class CounterOrder:
    """What leaves by one way, as it would be placed. `frozen`: what the offers of the whole basket take off it."""

    way: Way
    sold: tuple[SoldLine, ...]
    asked: bills.Asked
    bill: bills.Bill
    frozen: bills.FrozenOffers


@dataclass(frozen=True, slots=True)
class CounterQuote:
    """What a basket comes to now. `problems` are by line id: while there is one, it cannot be paid.

    Offers are those of the basket as a whole, whatever leaves by which way. A negative net is to be given back.
    """

    orders: tuple[CounterOrder, ...]
    returns_fen: int
    worth_fen: dict[int, int]
    problems: dict[int, str]
    coupon_problem: str
    offer: members_queries.Offer | None
    request: members_queries.OfferRequest | None = None

    @property
    def is_together(self) -> bool:
        """Tell whether several orders are priced together."""
        return len(self.orders) > 1

    @property
    def is_by_express(self) -> bool:
        """Tell whether a parcel brings what is sent home, since no courier can."""
        return any(order.way == Way.EXPRESS for order in self.orders)

    @property
    def sales_fen(self) -> int:
        """Return what the sales come to, delivery included."""
        return sum(order.bill.total_fen for order in self.orders)

    @property
    def net_fen(self) -> int:
        """Return what is to be paid; below zero: to be given back."""
        return self.sales_fen - self.returns_fen


def is_above_limit(amount_fen: int, gross_fen: int, limit_ppm: int) -> bool:
    """Tell whether so much off needs a manager."""
    return amount_fen > money.share_of(gross_fen, limit_ppm)


def manual_amount(line: CounterLine, *, now: datetime) -> tuple[int, int]:
    """Return what staff take off a line at most, and the line at everybody's price.

    :raises NotFound: when it is not on sale.
    """
    if line.variant is None:
        raise NotFound
    found = inventory_queries.price_lines(line.basket.brand_id, [line.variant.sku], now)
    if not found:
        raise NotFound
    gross_fen = found[0].unit_price_fen * line.quantity
    return _cut_fen(line, gross_fen), gross_fen


def quote_counter(basket: CounterBasket, lines: Sequence[CounterLine], *, now: datetime) -> CounterQuote:
    """Return what a basket comes to now; nothing is held or used. `lines` come with variant, sale and its order."""
    problems: dict[int, str] = {}
    groups = _groups(basket, lines, problems, now)
    whole, coupon_codes, problem = _whole(basket, groups, now)
    alone = replace(_asked(basket, groups), coupon_codes=coupon_codes) if len(groups) == 1 else None
    parts = bills.split_offer(whole.offer if whole else None, [len(sold) for sold in groups.values()])
    orders = []
    for (way, sold), frozen in zip(groups.items(), parts, strict=True):
        order = _order(alone or _asked_for(basket, way), sold, frozen, bills.Terms.of(basket.brand))
        orders.append(order)
        _check_limits(basket, order, problems)
    worth = _worth_of_returns(basket, lines, problems, now)
    problems.update({line.pk: why for line in lines if (why := collection_problem(line))})
    return CounterQuote(
        tuple(orders),
        sum(worth.values()),
        worth,
        problems,
        problem,
        offer=whole.offer if whole else None,
        request=whole.request if whole else None,
    )


def quote_counter_returns(brand_id: int, pieces: Iterable[tuple[UnitKey, str]]) -> int:
    """Return what pieces bring that come back, each a unit and the reason, to the fen.

    :raises NotReturnable: naming the piece, when it came back already.
    :raises NotFound: when it is another brand's.
    """
    total_fen = 0
    for order, reason, keys in _by_order(brand_id, pieces):
        total_fen += quote_pieces(order, keys, reason=reason).refund_fen
    return total_fen


def check_counter_offers(basket: CounterBasket, *, now: datetime) -> None:
    """Check that the coupons and points that a basket names can be used for it.

    :raises InvalidInput: with field "coupon" or "points".
    """
    groups = _groups(basket, list(basket.lines.select_related("variant")), {}, now)
    if not groups:
        raise InvalidInput(_("Put something into the basket first."), field="coupon")
    bills.bill_of(_billed(groups), _asked(basket, groups), bills.Terms.of(basket.brand), now=now)


def worth_of_returns(basket: CounterBasket, lines: Sequence[CounterLine], *, now: datetime) -> int:
    """Return what the returned pieces of a basket bring now, those left out that cannot be taken back."""
    return sum(_worth_of_returns(basket, lines, {}, now).values())


def settled_worth(lines: Sequence[CounterLine]) -> dict[int, int]:
    """Return what returned pieces were paid with, by line id, whether they are taken back already or not."""
    sold = {
        line.pk: unit_fen(line.sale, line.unit) for line in lines if line.sale is not None and line.unit is not None
    }
    return {**worth_of_declined(lines), **sold}


def _groups(
    basket: CounterBasket, lines: Sequence[CounterLine], problems: dict[int, str], now: datetime
) -> dict[Way, list[SoldLine]]:
    """Return the units that are sold, by way and SKU, in the order of the lines."""
    wanted = [line for line in lines if line.kind in WAY_OF_KIND and line.variant is not None]
    skus = [line.variant.sku for line in wanted if line.variant]
    priced = {item.variant_id: item for item in inventory_queries.price_lines(basket.brand_id, skus, now)}
    found: dict[Way, dict[int, SoldLine]] = {}
    for line in wanted:
        item = priced.get(line.variant_id or 0)
        if item is None:
            problems[line.pk] = _("No longer on sale. Remove it to go on.")
            continue
        group = found.setdefault(WAY_OF_KIND[CounterLineKind(line.kind)], {})
        before = group.get(item.variant_id)
        group[item.variant_id] = SoldLine(item, (*before.lines, line) if before else (line,))
    carried_by = _carried_by(basket, list(found.get(Way.COURIER, {}).values()), now)
    return {carried_by if way == Way.COURIER else way: list(group.values()) for way, group in found.items()}


def _carried_by(basket: CounterBasket, sent: Sequence[SoldLine], now: datetime) -> Way:
    """Return by which way goods are sent home: by express when no courier can bring them to whom they are for.

    Of orders that are placed it stands.
    """
    if basket.checkout_id is not None:
        orders = Order.objects.filter(checkout=basket.checkout_id, fulfillment__way=Way.EXPRESS)
        return Way.EXPRESS if sent and orders.exists() else Way.COURIER
    place = stores_queries.find_place(basket.district_id or "") if sent else None
    if place is None or not basket.brand.sends_express:
        return Way.COURIER
    lines = [fulfillment_queries.DemandLine(part.item.variant_id, part.quantity, _gross(part)) for part in sent]
    ways = fulfillment_queries.sending_ways(basket.brand)
    plan = fulfillment_queries.preview_sending(basket.brand_id, ways, lines, lat=place.lat, lng=place.lng, now=now)
    return plan.way if plan.stores else Way.COURIER


def _whole(
    basket: CounterBasket, groups: Mapping[Way, Sequence[SoldLine]], now: datetime
) -> tuple[bills.Bill | None, tuple[str, ...], str]:
    """Return what all that is sold costs with every offer, which coupons it uses, and why others are left out."""
    if not groups:
        return None, (), ""
    asked = _asked(basket, groups)
    try:
        return bills.bill_of(_billed(groups), asked, bills.Terms.of(basket.brand), now=now), asked.coupon_codes, ""
    except InvalidInput as error:
        asked = replace(asked, coupon_codes=())
        return bills.bill_of(_billed(groups), asked, bills.Terms.of(basket.brand), now=now), (), str(error.message)


def _billed(groups: Mapping[Way, Sequence[SoldLine]]) -> list[bills.BilledLine]:
    """Return the lines of all ways, one way after the other."""
    return [bills.BilledLine(part.item, part.quantity) for sold in groups.values() for part in sold]


def _order(
    asked: bills.Asked, sold: Sequence[SoldLine], frozen: bills.FrozenOffers, terms: bills.Terms
) -> CounterOrder:
    """Return the order of one way with what offers and staff take off it."""
    billed = [bills.BilledLine(part.item, part.quantity) for part in sold]
    cost = bills.bill_with(billed, asked, terms, frozen.offer)
    parts = tuple(_with_offers(part, position, cost) for position, part in enumerate(sold))
    manual = tuple(cut for position, part in enumerate(parts) for cut in _cuts(position, part))
    if manual:
        asked = replace(asked, manual=manual)
        cost = bills.bill_with(billed, asked, terms, frozen.offer)
        parts = tuple(replace(part, net_fen=net_fen) for part, net_fen in zip(parts, cost.nets_fen, strict=True))
    return CounterOrder(Way(asked.way), parts, asked, cost, frozen)


def _with_offers(part: SoldLine, position: int, cost: bills.Bill) -> SoldLine:
    """Note what offers take off some units, and what staff take off the rest, at most what is left of it."""
    taken = [row for row in cost.adjustments if row.position == position]
    # Points pay; what staff take off is a part of the price.
    offers_fen = sum(row.amount_fen for row in taken if row.kind != members_choices.AdjustmentKind.POINTS)
    rests = money.split(_gross(part) - offers_fen, [line.quantity for line in part.lines])
    left_fen, manual = cost.nets_fen[position], []
    for line, rest_fen in zip(part.lines, rests, strict=True):
        cut_fen = max(0, min(_cut_fen(line, rest_fen), left_fen))
        left_fen -= cut_fen
        if cut_fen:
            manual.append((line.pk, cut_fen))
    return replace(
        part,
        steps=tuple((row.name_zh, row.name_en, row.amount_fen) for row in taken),
        manual_fen=tuple(manual),
        net_fen=cost.nets_fen[position],
    )


def _cuts(position: int, part: SoldLine) -> Iterable[bills.Manual]:
    """Return what staff take off some units, as it is placed."""
    by_line = dict(part.manual_fen)
    for line in part.lines:
        if line.pk in by_line:
            yield bills.Manual(position, by_line[line.pk], line.manual_reason, line.approved_by_id)


def _cut_fen(line: CounterLine, rest_fen: int) -> int:
    """Return what staff take off a line of which so much is left, more than that or less than nothing included."""
    if line.manual_mode == ManualMode.PRICE:
        return rest_fen - line.manual_value * line.quantity
    if line.manual_mode == ManualMode.PERCENT:
        return money.share_of(rest_fen, line.manual_value)
    return line.manual_value if line.manual_mode == ManualMode.AMOUNT else 0


def _check_limits(basket: CounterBasket, order: CounterOrder, problems: dict[int, str]) -> None:
    """Note where more is taken off by staff than they may alone."""
    for part in order.sold:
        cuts = dict(part.manual_fen)
        for line in part.lines:
            gross_fen = part.item.unit_price_fen * line.quantity
            amount_fen = cuts.get(line.pk, 0)
            is_above = is_above_limit(amount_fen, gross_fen, basket.brand.manual_discount_ppm)
            if is_above and line.approved_by_id is None:
                problems[line.pk] = _("So much a manager of the store has to approve.")


def _worth_of_returns(
    basket: CounterBasket, lines: Sequence[CounterLine], problems: dict[int, str], now: datetime
) -> dict[int, int]:
    """Return what each returned piece brings, by line id; delivery that comes back too is with the first of them."""
    by_key = {
        UnitKey(line.sale_id, line.unit): line
        for line in lines
        if line.kind == CounterLineKind.RETURN and line.sale_id is not None and line.unit is not None
    }
    worth = worth_of_declined(lines)
    pieces = [(key, line.reason) for key, line in by_key.items()]
    for order, reason, keys in _by_order(basket.brand_id, pieces):
        try:
            quote = quote_pieces(order, keys, reason=reason)
        except DomainError as error:
            problems.update({by_key[key].pk: str(error.message) for key in keys})
            continue
        for piece in quote.pieces:
            worth[by_key[UnitKey(piece.sale_id, piece.unit)].pk] = piece.refund_fen
        worth[by_key[keys[0]].pk] += quote.delivery_fen
        for key in late_pieces(order, keys, reason=reason, now=now):
            if by_key[key].allowed_by_id is None:
                problems[by_key[key].pk] = _("Its time to be returned has passed: a manager has to allow it.")
    return worth


def _by_order(brand_id: int, pieces: Iterable[tuple[UnitKey, str]]) -> list[tuple[Order, str, list[UnitKey]]]:
    """Return pieces by the order they come from and the reason, as they are taken back.

    :raises NotFound: when one is another brand's.
    """
    wanted = list(pieces)
    order_ids = orders_of_sales(key.sale_id for key, _reason in wanted)
    orders = {row.pk: row for row in Order.objects.filter(pk__in=order_ids.values(), brand=brand_id)}
    groups: dict[tuple[int, str], list[UnitKey]] = defaultdict(list)
    for key, reason in wanted:
        order_id = order_ids.get(key.sale_id, 0)
        if order_id not in orders:
            raise NotFound
        groups[order_id, reason].append(key)
    return [(orders[order_id], reason, keys) for (order_id, reason), keys in sorted(groups.items())]


def _gross(part: SoldLine) -> int:
    return part.item.unit_price_fen * part.quantity


def _asked(basket: CounterBasket, ways: Iterable[Way]) -> bills.Asked:
    """Return who buys how; what leaves by several ways is the counter's sale, as far as offers go."""
    found = list(ways)
    way = found[0] if len(found) == 1 else Way.TAKE_AWAY
    return replace(_asked_for(basket, way), coupon_codes=tuple(basket.coupon_codes), points=basket.points)


def _asked_for(basket: CounterBasket, way: Way) -> bills.Asked:
    """Return who buys what leaves by a way, without what the whole basket uses."""
    return bills.Asked(
        brand_id=basket.brand_id,
        member_id=basket.member_id,
        channel=channel_of(basket, way),
        way=way,
        store_id=basket.store_id,
    )
