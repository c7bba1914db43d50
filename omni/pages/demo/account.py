"""What the demo's own shopper finds in their account, played by the use cases: an order is more than its rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from fulfillment import choices as fulfillment_choices
from inventory import queries as inventory_queries
from inventory import services as inventory_services
from members import queries as members_queries
from members import services as members_services
from omni.accounts import queries as accounts_queries
from omni.kernel.errors import DomainError
from omni.kernel.outbox import run_due_deliveries
from omni.kernel.transactions import drive, entry
from omni.pages.demo.counter import ACTOR, close, owner, sell
from orders import choices as orders_choices
from orders import queries as orders_queries
from orders import services as orders_services
from stores import choices as stores_choices
from stores import queries as stores_queries

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

FLOAT_FEN = 100_000
TOPICS = ("marketing-sms", "profiling")
MEASURES = {"height_cm": 168, "weight_kg": 55, "chest_cm": 86, "waist_cm": 68, "hips_cm": 92}
WISHES = 6
# What was looked for lately, most often first.
SEARCHES = {
    "zh-hans": ("连衣裙", "羊毛大衣", "衬衫", "真丝", "牛仔裤", "针织", "西装", "外套"),
    "en": ("dress", "wool coat", "shirt", "silk", "knit", "trousers"),
}
MOST_DELIVERIES = 500
MOST_PRODUCTS = 200


@dataclass(frozen=True, slots=True)
class DemoShopper:
    """Whose account it is, the store they go to, and products of its brand."""

    user_id: int
    member_id: int
    brand_id: int
    store_id: int
    name: str
    phone: str
    product_ids: tuple[int, ...]


def find_shopper(phone: str, brand_code: str, store_code: str) -> DemoShopper | None:
    """Return the member with a phone as somebody who goes to a store of the brand; None when one is missing."""
    user = accounts_queries.find_by_phone(phone)
    brand = stores_queries.active_brands().filter(code=brand_code).first()
    if user is None or brand is None:
        return None
    member_id = members_queries.find_membership(user.pk, brand_code)
    store_id = stores_queries.store_ids_by_code(brand.pk).get(store_code)
    if member_id is None or store_id is None:
        return None
    codes = [code for own, code, _on in inventory_queries.product_addresses(limit=MOST_PRODUCTS) if own == brand_code]
    product_ids = sorted(inventory_queries.product_ids_by_code(brand.pk, codes).values())
    return DemoShopper(user.pk, member_id, brand.pk, store_id, user.first_name, phone, tuple(product_ids))


@drive
def fill_account(shopper: DemoShopper, *, now: datetime) -> None:
    """Give a shopper wishes, sizes, consents, a booking, and orders of which a piece came back or was exchanged.

    Deterministic but for public numbers. What happened some days ago is told to those above now.
    """
    with entry():
        _wish(shopper, now)
        members_services.change_sizes(shopper.user_id, now=now, usual_top="M", usual_bottom="M", **MEASURES)
        members_services.record_consent(shopper.member_id, TOPICS, now=now)
        _look_for(now)
    pieces = _pieces_here(shopper)
    with entry():
        _book(shopper, pieces[:2], now)
    with entry():
        drawer_id = orders_services.open_drawer(
            shopper.store_id, till="1", float_fen=FLOAT_FEN, actor=ACTOR, now=now - timedelta(days=6)
        ).pk
    returned = _buy(shopper, drawer_id, pieces[2:4], now=now - timedelta(days=5), told_at=now)
    exchanged = _buy(shopper, drawer_id, pieces[4:5], now=now - timedelta(days=3), told_at=now)
    _give_back(shopper, drawer_id, returned, now=now)
    with entry():
        close(shopper.store_id, drawer_id, now=now - timedelta(days=2))
    _exchange(exchanged, now=now)


def _wish(shopper: DemoShopper, now: datetime) -> None:
    """Wish for some of the newest products, of any brand."""
    for brand_code, code, _launched_on in inventory_queries.product_addresses(limit=5 * WISHES)[::5]:
        members_services.add_wish(shopper.user_id, brand_code, code, now=now)


def _look_for(now: datetime) -> None:
    """Count searches of the last days, the first of a language most often."""
    for language, texts in SEARCHES.items():
        for place, text in enumerate(texts):
            for number in range(3 + 2 * (len(texts) - place)):
                inventory_services.count_search(text, language=language, now=now - timedelta(days=number % 5))


def _pieces_here(shopper: DemoShopper) -> list[str]:
    """Return SKUs that the store has, one a product."""
    variants = inventory_queries.variants_of(shopper.product_ids)
    here = inventory_queries.variants_at(shopper.store_id, [variant.pk for variant in variants])
    shelves: dict[int, list[str]] = {}
    for variant in variants:
        if variant.pk in here:
            shelves.setdefault(variant.product_id, []).append(variant.sku)
    # Of what is there in several sizes, something can be exchanged.
    return [skus[0] for skus in shelves.values() if len(skus) > 1]


def _book(shopper: DemoShopper, skus: Sequence[str], now: datetime) -> None:
    """Book pieces to try on tomorrow."""
    soon, late = now + timedelta(hours=2), now + timedelta(hours=40)
    slots = [slot for slot in stores_queries.try_on_slots(shopper.store_id, start=soon, end=late) if slot.is_free]
    if not slots or not skus:
        return
    wanted = orders_services.BookTryOn(
        brand_id=shopper.brand_id,
        store_id=shopper.store_id,
        skus=tuple(skus),
        starts_at=slots[len(slots) // 2].starts_at,
        contact_name=shopper.name,
        phone=shopper.phone,
        member_id=shopper.member_id,
    )
    orders_services.book_try_on(wanted, now=now)


def _buy(shopper: DemoShopper, drawer_id: int, skus: Sequence[str], *, now: datetime, told_at: datetime) -> str:
    """Buy pieces at the counter and take them away; return the order's number."""
    wanted = orders_services.PlaceOrder(
        brand_id=shopper.brand_id,
        lines=tuple(orders_services.WantedLine(sku, 1) for sku in skus),
        contact_name=shopper.name,
        phone=shopper.phone,
        channel=stores_choices.Channel.COUNTER,
        way=fulfillment_choices.Way.TAKE_AWAY,
        pickup_store_id=shopper.store_id,
        member_id=shopper.member_id,
        selling=orders_services.Selling(shopper.store_id, None, "demo"),
    )
    with entry():
        placed = sell(wanted, drawer_id, now=now)
    run_due_deliveries(MOST_DELIVERIES, now=told_at)
    return placed.number


def _give_back(shopper: DemoShopper, drawer_id: int, number: str, *, now: datetime) -> None:
    """Bring a piece back to the counter, and have its money paid out."""
    at = now - timedelta(days=2)
    order = orders_queries.get_order_for(owner(number), number)
    held = orders_queries.held_pieces([order], now=at)
    if not held:
        return
    piece = orders_services.CounterPiece(
        held[0].key.sale_id, held[0].key.unit, orders_choices.Condition.RESELL, orders_choices.ReturnReason.TOO_SMALL
    )
    with entry():
        (case,) = orders_services.take_back_here(
            orders_services.CounterReturn(shopper.store_id, (piece,)), actor=ACTOR, now=at
        )
    with entry():
        orders_services.pay_out_refund(case.refund_id or 0, drawer_id, actor=ACTOR, now=at)
    run_due_deliveries(MOST_DELIVERIES, now=now)


def _exchange(number: str, *, now: datetime) -> None:
    """Exchange the piece of an order for another size or colour that can be had for no more."""
    order = orders_queries.get_order_for(owner(number), number)
    lines = orders_queries.returnable_lines(order, now=now)
    choices = orders_queries.swap_choices(order, lines, now=now)
    wanted = {
        row.line.pk: next(
            (one.sku for one in choices.get(row.line.pk, ()) if one.unit_price_fen <= row.line.unit_price_fen), ""
        )
        for row in lines
    }
    back = orders_services.RequestReturn(
        dict.fromkeys(wanted, 1), orders_choices.ReturnReason.TOO_LARGE, orders_choices.ReturnWay.BRING
    )
    try:
        with entry():
            orders_services.request_exchange(
                order.pk, orders_services.RequestExchange(back, wanted), actor=ACTOR, now=now
            )
    except DomainError:
        return  # nothing else of it can be had near: the account has a return without
    run_due_deliveries(MOST_DELIVERIES, now=now)
