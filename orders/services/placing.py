"""Placing an order: everything is checked, then priced, then its goods are held and it is written; all or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext_lazy as _

from fulfillment import choices as fulfillment_choices
from fulfillment import queries as fulfillment_queries
from fulfillment import services as fulfillment_services
from inventory import queries as inventory_queries
from members import services as members_services
from omni.kernel import clock
from omni.kernel.errors import Conflict, InvalidInput, NotFound
from omni.kernel.numbers import public_number
from omni.kernel.outbox import publish
from omni.kernel.sealing import blind_index, normalise_phone, seal
from omni.kernel.statements import execute_prepared
from omni.kernel.transactions import step
from orders import rules, sql
from orders.events import OrderPlaced
from orders.models import Order
from orders.queries import bill, offers
from orders.services import adjusting
from stores import choices as stores_choices
from stores import queries as stores_queries

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from members import queries as members_queries

LANGUAGES = frozenset(code for code, _name in settings.LANGUAGES)
MAX_SKU_LENGTH = 40
MAX_ID = 2**63 - 1


class UnknownSku(InvalidInput):
    """The brand does not sell such a SKU now."""

    code = "unknown_sku"


class PriceChanged(Conflict):
    """The price is no longer the one the shopper saw; params hold both."""

    code = "price_changed"


class TotalChanged(Conflict):
    """The order costs another amount than the shopper saw; params hold both."""

    code = "total_changed"


class PromiseChanged(Conflict):
    """The stores can begin only later than the shopper saw; params hold both dates."""

    code = "promise_changed"


class OnlyByExpress(Conflict):
    """No store within a courier's ride has the goods, but one farther away does; params name the way."""

    code = "only_by_express"


class UnknownDistrict(InvalidInput):
    """There is no such district."""

    code = "unknown_district"


class UnknownPickupStore(InvalidInput):
    """There is no such store of the brand, or nobody can collect there."""

    code = "unknown_pickup_store"


class InvalidPhone(InvalidInput):
    """A number that no phone has."""

    code = "invalid_phone"


class InvalidChoice(InvalidInput):
    """A value outside its list."""

    code = "invalid_choice"


@dataclass(frozen=True, slots=True)
class WantedLine:
    """Units of a SKU. `unit_price_fen` is the price the shopper saw; None: whatever it is."""

    sku: str
    quantity: int
    unit_price_fen: int | None = None


@dataclass(frozen=True, slots=True)
class Replacing:
    """An order in exchange for goods that come back: in the checkout of their order, held until it is given up.

    Its delivery is free.
    """

    checkout_id: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Selling:
    """Whose sale it is: a store's, and its guide's, with what proves that ("counter:<number>")."""

    store_id: int
    staff_id: int | None
    evidence: str


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """What a shopper wants of one brand. The point (WGS-84), when given, is better than the district's centre.

    `coupon_codes` and `points` are the member's to use. `seen_total_fen` and `seen_promised_on` are what the shopper
    was shown: an order that would cost another amount, or begin later, is refused; None: whatever it is.
    What a store sells has `selling`; `manual` is what its staff take off beside all offers. Only what is taken away at
    once needs no name and no phone. `checkout_id` joins the order to others that are settled with it; with `frozen`
    they were priced together, and `take_together` has used up their offers.
    """

    brand_id: int
    lines: tuple[WantedLine, ...]
    contact_name: str
    phone: str
    channel: str = stores_choices.Channel.WEB
    way: str = fulfillment_choices.Way.COURIER
    district_code: str | None = None
    street: str = ""
    lat: float | None = None
    lng: float | None = None
    pickup_store_id: int | None = None
    member_id: int | None = None
    language: str = "zh-hans"
    coupon_codes: tuple[str, ...] = ()
    points: int = 0
    seen_total_fen: int | None = None
    seen_promised_on: date | None = None
    replacing: Replacing | None = None
    checkout_id: int | None = None
    selling: Selling | None = None
    manual: tuple[bill.Manual, ...] = ()
    frozen: bill.FrozenOffers | None = None

    @property
    def is_taken_away(self) -> bool:
        """Tell whether a store sells the goods that the shopper has in their hands."""
        return self.way == fulfillment_choices.Way.TAKE_AWAY and self.selling is not None

    @property
    def place_id(self) -> int | None:
        """Return the store to which the goods are bound."""
        is_bound = self.is_taken_away or self.way == fulfillment_choices.Way.PICKUP
        return self.pickup_store_id if is_bound else None


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """The order as it was written; it waits for payment until `expires_at`."""

    order_id: int
    number: str
    total_fen: int
    expires_at: datetime


class _Contact(NamedTuple):
    """Who gets the goods, checked; the phone as it is stored."""

    name: str
    phone_sealed: str
    phone_index: str
    street: str


class _Terms(NamedTuple):
    """The id that the order will have, what the brand asks for delivery, by which ways it sends, where the goods go."""

    order_id: int
    bill: bill.Terms
    sends_express: bool
    lat: float
    lng: float


@step
def place_order(wanted: PlaceOrder, *, now: datetime) -> PlacedOrder:
    """Price the basket, take its offers, hold its goods, and write the order, unpaid until it expires.

    Locks Member by `take_offer`, then StoreCapacity and StockLevel by guarded updates. Emits OrderPlaced.

    :raises InvalidInput: naming the field, with the codes of `orders.rules`, of members' offers and of this module.
    :raises PriceChanged: naming the line's price; nothing is held.
    :raises TotalChanged, PromiseChanged: when it is not what the shopper saw; nothing is held.
    :raises Conflict: when a coupon, a promotion or points were used up meanwhile; nothing is held.
    :raises CannotReserveStock: when no plan can promise the goods; nothing is held.
    :raises OnlyByExpress: when none by courier can, and one by express could; nothing is held.
    """
    contact = _checked_contact(wanted)
    terms = _terms(wanted, now)
    priced = _priced_lines(wanted, now)
    cost = _bill(wanted, terms, priced, now)
    _take_offer(cost, terms.order_id, now)
    held = _hold(wanted, _demand(wanted, contact, terms, priced, cost), terms, now)
    _check_promise(wanted, held.promised_on)
    number, replacing = public_number("O"), wanted.replacing
    expires_at = replacing.expires_at if replacing else now + timedelta(minutes=settings.ORDERS_UNPAID_MINUTES)
    values: dict[str, Any] = {
        "order_id": terms.order_id,
        "checkout_id": replacing.checkout_id if replacing else wanted.checkout_id,
        "number": number,
        "brand_id": wanted.brand_id,
        "member_id": wanted.member_id,
        "fulfillment_id": held.fulfillment_id,
        "channel": str(wanted.channel),
        "contact_name": contact.name,
        "phone_sealed": contact.phone_sealed,
        "phone_index": contact.phone_index,
        "language": wanted.language,
        "goods_fen": cost.goods_fen,
        "charge_fen": cost.charge_fen,
        "now": now,
        "expires_at": expires_at,
        "discounts": list(cost.discounts_fen),
        **_selling_columns(wanted, now),
        **_line_columns(wanted.lines, priced, held.line_ids),
        **adjusting.adjustment_columns(cost.adjustments, held.line_ids, wanted.frozen),
    }
    with connection.cursor() as cursor:
        execute_prepared(cursor, sql.PLACE, values)
    if wanted.manual:
        adjusting.write_manual(terms.order_id, wanted)
    if wanted.frozen is not None:
        Order.objects.filter(pk=terms.order_id).update(has_shared_offers=True)
    publish(OrderPlaced(terms.order_id, now, cost.total_fen), now=now)
    return PlacedOrder(terms.order_id, number, cost.total_fen, expires_at)


def _hold(
    wanted: PlaceOrder, demand: fulfillment_services.Demand, terms: _Terms, now: datetime
) -> fulfillment_services.HeldDemand:
    """Hold the goods; when no courier can bring them, see whether they could be sent by express."""
    if wanted.is_taken_away:
        return fulfillment_services.hold_take_away(demand, now=now)
    try:
        return fulfillment_services.plan_and_hold(demand, now=now)
    except fulfillment_services.CannotReserveStock as refusal:
        express = fulfillment_choices.Way.EXPRESS
        # What replaces goods, or is settled at a counter, has its way already.
        is_free = wanted.replacing is None and wanted.checkout_id is None
        if wanted.way != fulfillment_choices.Way.COURIER or not (terms.sends_express and is_free):
            raise
        farther = fulfillment_queries.preview_plan(
            demand.brand_id, express, demand.lines, lat=demand.lat, lng=demand.lng, now=now
        )
        if not farther.stores:
            raise
        raise OnlyByExpress(
            _("No courier can bring this, but it can be sent by express. Look at the fee and the day, then order."),
            field="way",
            way=express.value,
        ) from refusal


def _selling_columns(wanted: PlaceOrder, now: datetime) -> dict[str, object]:
    """Return whose sale it is, with what proves that, and who takes the money."""
    selling = wanted.selling
    return {
        "selling_store_id": selling and selling.store_id,
        "guide_id": selling and selling.staff_id,
        "guide_evidence": selling.evidence if selling else "",
        "collector": _collector(wanted, now),
    }


def _collector(wanted: PlaceOrder, now: datetime) -> str:
    """Return who takes the money: of what a store sells, as that store's dated agreement says."""
    if wanted.selling is None:
        return stores_choices.Collector.BRAND.value
    return stores_queries.collector_of(wanted.selling.store_id, wanted.channel, clock.business_date(now))


def _bill(
    wanted: PlaceOrder, terms: _Terms, priced: Sequence[inventory_queries.PricedVariant], now: datetime
) -> bill.Bill:
    """Return what the order costs, if that is what the shopper saw."""
    asked = bill.Asked(
        brand_id=wanted.brand_id,
        member_id=wanted.member_id,
        channel=wanted.channel,
        way=wanted.way,
        store_id=wanted.selling.store_id if wanted.selling else wanted.place_id,
        coupon_codes=wanted.coupon_codes,
        points=wanted.points,
        manual=wanted.manual,
    )
    lines = [bill.BilledLine(item, line.quantity) for line, item in zip(wanted.lines, priced, strict=True)]
    if wanted.frozen is None:
        cost = bill.bill_of(lines, asked, terms.bill, now=now)
    else:
        cost = bill.bill_with(lines, asked, terms.bill, wanted.frozen.offer)
    if wanted.seen_total_fen not in {None, cost.total_fen}:
        raise TotalChanged(
            _("The total has changed since you saw it. Look at it again, then order."),
            field="total_fen",
            total_fen=cost.total_fen,
            seen_total_fen=wanted.seen_total_fen,
        )
    return cost


def _take_offer(cost: bill.Bill, order_id: int, now: datetime) -> None:
    """Use up what the offer uses, under the id that the order will have."""
    if cost.offer is not None and cost.request is not None and cost.adjustments:
        members_services.take_offer(cost.offer, cost.request, owner=offers.owner_of_order(order_id), now=now)


@step
def take_together(
    offer: members_queries.Offer | None,
    request: members_queries.OfferRequest | None,
    checkout_id: int,
    *,
    now: datetime,
) -> None:
    """Use up, once, what orders use that were priced together; to be called before they are placed with `frozen`.

    Locks Member.

    :raises Conflict: when a coupon, a promotion or points were used up meanwhile.
    """
    if offer is not None and request is not None and offer.adjustments:
        members_services.take_offer(offer, request, owner=offers.owner_of_checkout(checkout_id), now=now)


def _check_promise(wanted: PlaceOrder, promised_on: date) -> None:
    """Refuse a promise that is later than the one the shopper saw."""
    if wanted.seen_promised_on is not None and promised_on > wanted.seen_promised_on:
        raise PromiseChanged(
            _("The stores can begin only later than you saw. Look at it again, then order."),
            field="promised_on",
            promised_on=promised_on.isoformat(),
            seen_promised_on=wanted.seen_promised_on.isoformat(),
        )


def _checked_contact(wanted: PlaceOrder) -> _Contact:
    """Check everything that needs no database, in the order of the form; return what is kept of the contact."""
    rules.check_lines([(line.sku, line.quantity) for line in wanted.lines])
    if wanted.way not in fulfillment_choices.ORDER_WAYS and not wanted.is_taken_away:
        raise InvalidChoice(_("Choose courier or collection."), field="way")
    if wanted.channel not in stores_choices.Channel.values:
        raise InvalidChoice(_("There is no such channel."), field="channel")
    if wanted.language not in LANGUAGES:
        raise InvalidChoice(_("There is no such language."), field="language")
    if wanted.is_taken_away and not wanted.contact_name and not wanted.phone:
        return _Contact("", "", "", "")
    name = rules.clean_name(wanted.contact_name)
    try:
        phone = normalise_phone(wanted.phone)
    except InvalidInput as error:
        raise InvalidPhone(_("Enter a valid phone number."), field="phone") from error
    is_sent = wanted.way in fulfillment_choices.SENT
    street = rules.clean_street(wanted.street) if is_sent or wanted.street.strip() else ""
    rules.check_point(wanted.lat, wanted.lng)
    return _Contact(name, seal(phone), blind_index(phone), street)


def _terms(wanted: PlaceOrder, now: datetime) -> _Terms:
    """Read the brand's delivery terms and find the point: the one given, the district's centre, the pickup store."""
    is_bound = wanted.is_taken_away or wanted.way == fulfillment_choices.Way.PICKUP
    code = wanted.district_code or ""
    store_id = wanted.place_id or 0
    values = {
        "brand_id": wanted.brand_id,
        "district_code": code if code.isascii() and code.isdigit() else None,
        "pickup_store_id": store_id if 0 < store_id <= MAX_ID else None,
        "is_taken_away": wanted.is_taken_away,
        "now": now,
    }
    with connection.cursor() as cursor:
        execute_prepared(cursor, sql.TERMS, values)
        row = cursor.fetchone()
    if row is None:
        raise NotFound(_("There is no such brand."), field="brand")
    order_id, fee_fen, free_from_fen, express_fee_fen, sends_express, *points, has_promotions = row
    district_lat, district_lng, store_lat, store_lng = points
    if wanted.way == fulfillment_choices.Way.EXPRESS and not sends_express:
        raise InvalidChoice(_("This brand sends nothing by express."), field="way")
    if district_lat is None and (code or not is_bound):
        raise UnknownDistrict(_("Choose a district from the list."), field="district_code")
    if store_lat is None and is_bound:
        raise UnknownPickupStore(_("Choose a store where orders can be collected."), field="pickup_store_id")
    point = rules.check_point(wanted.lat, wanted.lng)
    lat, lng = point or ((store_lat, store_lng) if district_lat is None else (district_lat, district_lng))
    if wanted.replacing:
        fee_fen = express_fee_fen = 0
    delivery = bill.Terms(fee_fen, free_from_fen, express_fee_fen, has_promotions)
    return _Terms(order_id, delivery, sends_express, lat, lng)


def _priced_lines(wanted: PlaceOrder, now: datetime) -> list[inventory_queries.PricedVariant]:
    """Return the priced variants in the order of the lines."""
    skus = [line.sku for line in wanted.lines]
    for position, sku in enumerate(skus):
        if not sku or len(sku) > MAX_SKU_LENGTH or not sku.isprintable():
            raise _unknown_sku(position, sku[:MAX_SKU_LENGTH])
    by_sku = {item.sku: item for item in inventory_queries.price_lines(wanted.brand_id, skus, now)}
    priced = []
    for position, line in enumerate(wanted.lines):
        item = by_sku.get(line.sku)
        if item is None:
            raise _unknown_sku(position, line.sku)
        if line.unit_price_fen is not None and line.unit_price_fen != item.unit_price_fen:
            raise PriceChanged(
                _("The price has changed since you put this into the basket. Look at it again, then order."),
                field=f"lines.{position}.unit_price_fen",
                sku=line.sku,
                unit_price_fen=item.unit_price_fen,
                seen_price_fen=line.unit_price_fen,
            )
        priced.append(item)
    return priced


def _unknown_sku(position: int, sku: str) -> UnknownSku:
    return UnknownSku(_("%(sku)s is not on sale."), field=f"lines.{position}.sku", sku=sku)


def _demand(
    wanted: PlaceOrder,
    contact: _Contact,
    terms: _Terms,
    priced: Sequence[inventory_queries.PricedVariant],
    cost: bill.Bill,
) -> fulfillment_services.Demand:
    """Return what fulfillment is asked for; what a line is worth is what the shopper pays for it."""
    return fulfillment_services.Demand(
        brand_id=wanted.brand_id,
        owner="orders.order",
        way=fulfillment_choices.Way(wanted.way),
        lines=tuple(
            fulfillment_services.DemandLine(item.variant_id, line.quantity, net_fen)
            for line, item, net_fen in zip(wanted.lines, priced, cost.nets_fen, strict=True)
        ),
        recipient=fulfillment_services.Recipient(
            name=contact.name,
            phone_sealed=contact.phone_sealed,
            district_code=wanted.district_code or None,
            street=contact.street,
        ),
        lat=terms.lat,
        lng=terms.lng,
        pickup_store_id=wanted.place_id,
    )


def _line_columns(
    lines: Sequence[WantedLine], priced: Sequence[inventory_queries.PricedVariant], line_ids: Sequence[int]
) -> dict[str, list[object]]:
    """Return the columns of the lines, as the statement unnests them."""
    return {
        "fulfillment_line_ids": list(line_ids),
        "variant_ids": [item.variant_id for item in priced],
        "skus": [item.sku for item in priced],
        "names_zh": [f"{item.product_name_zh} {item.color_zh} {item.size}" for item in priced],
        "names_en": [f"{item.product_name_en}, {item.color_en}, {item.size}" for item in priced],
        "quantities": [line.quantity for line in lines],
        "unit_prices": [item.unit_price_fen for item in priced],
        "tag_prices": [item.tag_fen for item in priced],
        "tax_rates": [item.tax_rate_ppm for item in priced],
    }
