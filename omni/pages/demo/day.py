"""What goes on today in the first store of the demo, made by the use cases: its desk shows something of everything."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model

from fulfillment import choices as fulfillment_choices
from fulfillment import queries as fulfillment_queries
from fulfillment import services as fulfillment_services
from inventory import queries as inventory_queries
from members import queries as members_queries
from members import services as members_services
from omni.kernel.clock import BUSINESS_ZONE, business_date
from omni.kernel.outbox import run_due_deliveries
from omni.kernel.transactions import drive, entry
from omni.pages.demo.counter import ACTOR, close, owner, sell
from orders import queries as orders_queries
from orders import services as orders_services
from stores import choices as stores_choices
from stores import queries as stores_queries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fulfillment.models import FulfillmentOrder
    from stores.models import Store
    from stores.permissions import Actor

FLOAT_FEN = 50_000
MOST_DELIVERIES = 500
MOST_PRODUCTS = 400
# Shoppers without an account: names and numbers are made up.
GUESTS = [
    (name, f"+86166009{number:05d}")
    for number, name in enumerate(("周若曦", "沈景行", "顾清扬", "许沐阳", "唐语嫣", "叶知远", "陆安然", "方一诺"), 1)
]
# Members by their phones, and what is planned for them today by the store's manager, clerk and guide.
PLANS = (
    ("+8616600000002", "上次看的羊毛大衣到了 M 码，约来试穿"),
    ("+8616600000003", "生日券明天到期，提醒使用"),
    ("+8616600000004", "裤长改好了，通知来取"),
)
# What the store has to do keeps until the shops close, so that the desk looks the same some hours after the seeding.
SHUT = time(21, 30)
SHORTEST_WAIT = timedelta(hours=4)
APART = timedelta(minutes=35)
# Nobody may book for the next hour.
SOONEST_TRY_ON = timedelta(minutes=65)


@dataclass(slots=True)
class DemoDesk:
    """The store, who works there, and pieces that it has, one a style."""

    store: Store
    clerk: Actor
    staff_ids: tuple[int, ...]
    skus: Iterator[str]
    guests: Iterator[tuple[str, str]]
    now: datetime

    def take(self, count: int) -> tuple[str, ...]:
        """Return pieces that nobody has taken yet."""
        return tuple(itertools.islice(self.skus, count))


def find_desk(username: str, *, now: datetime) -> DemoDesk | None:
    """Return the desk at which an account works; None when there is no such account, or no store of theirs."""
    user = get_user_model().objects.filter(username=username).first()
    if user is None:
        return None
    clerk = stores_queries.actor_for_user(user)
    store = next(iter(stores_queries.desk_stores(clerk)), None)
    if store is None:
        return None
    people = tuple(staff_id for staff_id, _name in stores_queries.staff_of_store(store.pk))
    return DemoDesk(store, clerk, people, iter(_pieces(store)), iter(GUESTS), now)


def _pieces(store: Store) -> list[str]:
    """Return a SKU of each style of which the store has several sizes, the oldest styles first."""
    addresses = inventory_queries.product_addresses(limit=MOST_PRODUCTS)
    codes = [code for brand_code, code, _on in addresses if brand_code == store.brand.code]
    variants = inventory_queries.variants_of(inventory_queries.product_ids_by_code(store.brand_id, codes).values())
    here = inventory_queries.variants_at(store.pk, [variant.pk for variant in variants])
    styles: dict[int, list[str]] = {}
    for variant in variants:
        if variant.pk in here:
            styles.setdefault(variant.product_id, []).append(variant.sku)
    return [skus[-1] for _product_id, skus in sorted(styles.items()) if len(skus) > 1]


@drive
def fill_day(desk: DemoDesk) -> None:
    """Sell, take orders in every state, book try-ons, park a basket, and plan what is to be done for members.

    Deterministic but for public numbers; times count back from now.
    """
    drawer_id = _sell(desk)
    _order_in_every_state(desk, drawer_id)
    _book(desk)
    with entry():
        _park(desk)
        _plan(desk)
    run_due_deliveries(MOST_DELIVERIES, now=desk.now)


def _sell(desk: DemoDesk) -> int:
    """Sell something yesterday and today, and close yesterday's till; return today's."""
    today = datetime.combine(business_date(desk.now), time(9, 45), BUSINESS_ZONE)
    yesterday = today - timedelta(days=1)
    with entry():
        drawer_id = _open(desk, yesterday)
    for minutes in (95, 320, 595):
        _sell_one(desk, drawer_id, yesterday + timedelta(minutes=minutes))
    with entry():
        close(desk.store.pk, drawer_id, now=yesterday + timedelta(hours=12))
    opened_at = min(today, desk.now - timedelta(minutes=50))
    with entry():
        drawer_id = _open(desk, opened_at)
    for share in (3, 7):
        _sell_one(desk, drawer_id, opened_at + (desk.now - opened_at) * share / 10)
    return drawer_id


def _open(desk: DemoDesk, at: datetime) -> int:
    drawer = orders_services.open_drawer(desk.store.pk, till="1", float_fen=FLOAT_FEN, actor=desk.clerk.label, now=at)
    return drawer.pk


def _sell_one(desk: DemoDesk, drawer_id: int, at: datetime) -> None:
    """Sell a piece to somebody who takes it away."""
    wanted = orders_services.PlaceOrder(
        brand_id=desk.store.brand_id,
        lines=tuple(orders_services.WantedLine(sku, 1) for sku in desk.take(1)),
        contact_name="",
        phone="",
        channel=stores_choices.Channel.COUNTER,
        way=fulfillment_choices.Way.TAKE_AWAY,
        pickup_store_id=desk.store.pk,
        selling=orders_services.Selling(desk.store.pk, desk.clerk.staff_id_in(desk.store.pk), "demo"),
    )
    with entry():
        sell(wanted, drawer_id, now=at)
    run_due_deliveries(MOST_DELIVERIES, now=desk.now)


def _order_in_every_state(desk: DemoDesk, drawer_id: int) -> None:
    """Let three orders be offered, one be picked, one wait for its courier, and one for its shopper."""
    courier, pickup = fulfillment_choices.Way.COURIER, fulfillment_choices.Way.PICKUP
    waiting = _order(desk, drawer_id, pickup, pieces=1, minutes=170)
    packed = _order(desk, drawer_id, courier, pieces=1, minutes=100)
    picked = _order(desk, drawer_id, pickup, pieces=2, minutes=55)
    for share in (waiting, packed):
        if share is not None:
            with entry():
                fulfillment_services.accept_offer(share.pk, actor=desk.clerk.label, now=desk.now)
                fulfillment_services.pack(share.pk, actor=desk.clerk.label, now=desk.now)
    if picked is not None:
        _begin_to_pick(desk, picked)
    ways = ((courier, 2), (pickup, 1), (courier, 1))
    offered = [
        _order(desk, drawer_id, way, pieces=pieces, minutes=18 - 6 * number)
        for number, (way, pieces) in enumerate(ways)
    ]
    shut_at = datetime.combine(business_date(desk.now), SHUT, BUSINESS_ZONE)
    latest = max(shut_at, desk.now + SHORTEST_WAIT)
    open_shares = [share.pk for share in (picked, *offered) if share is not None]
    for number, share_id in enumerate(reversed(open_shares)):
        tasks = fulfillment_queries.tasks_visible_to(desk.clerk).filter(pk=share_id)
        tasks.update(deadline_at=latest - number * APART)


def _order(
    desk: DemoDesk, drawer_id: int, way: fulfillment_choices.Way, *, pieces: int, minutes: int
) -> FulfillmentOrder | None:
    """Let somebody order pieces and pay for them; return what that is for the store's desk, None if another got it."""
    at = desk.now - timedelta(minutes=minutes)
    name, phone = next(desk.guests)
    is_pickup = way == fulfillment_choices.Way.PICKUP
    wanted = orders_services.PlaceOrder(
        brand_id=desk.store.brand_id,
        lines=tuple(orders_services.WantedLine(sku, 1) for sku in desk.take(pieces)),
        contact_name=name,
        phone=phone,
        way=way,
        district_code=None if is_pickup else desk.store.district_id,
        street="" if is_pickup else desk.store.address,
        lat=None if is_pickup else desk.store.lat,
        lng=None if is_pickup else desk.store.lng,
        pickup_store_id=desk.store.pk if is_pickup else None,
    )
    with entry():
        placed = sell(wanted, drawer_id, now=at)
    run_due_deliveries(MOST_DELIVERIES, now=desk.now)
    fulfillment_services.drive_due_routing(len(wanted.lines) + 1, now=desk.now)
    order = orders_queries.get_order_for(owner(placed.number), placed.number)
    return fulfillment_queries.tasks_visible_to(desk.clerk).filter(fulfillment=order.fulfillment_id).first()


def _begin_to_pick(desk: DemoDesk, share: FulfillmentOrder) -> None:
    """Accept an order, and find the first of its pieces."""
    lines = fulfillment_queries.load_task(desk.clerk, share.number).card.lines
    with entry():
        fulfillment_services.accept_offer(share.pk, actor=desk.clerk.label, now=desk.now)
        wave = fulfillment_services.start_wave(desk.store.pk, [share.pk], actor=desk.clerk.label, now=desk.now)
        fulfillment_services.pick_unit(wave, lines[0].sku)


def _book(desk: DemoDesk) -> None:
    """Book pieces to try on today, or as soon as there is a time; those of the first booking hang ready."""
    soon = desk.now + SOONEST_TRY_ON
    slots = stores_queries.try_on_slots(desk.store.pk, start=soon, end=soon + timedelta(hours=20))
    free = [slot for slot in slots if slot.is_free]
    for number, slot in enumerate((free[:1] + free[2:3])[:2]):
        name, phone = next(desk.guests)
        wanted = orders_services.BookTryOn(
            brand_id=desk.store.brand_id,
            store_id=desk.store.pk,
            skus=desk.take(2),
            starts_at=slot.starts_at,
            contact_name=name,
            phone=phone,
        )
        with entry():
            orders_services.book_try_on(wanted, now=desk.now - timedelta(minutes=5))
            newest = fulfillment_queries.tasks_visible_to(desk.clerk).order_by("-pk")[0]
            if number == 0:
                fulfillment_services.pack(newest.pk, actor=desk.clerk.label, now=desk.now)


def _park(desk: DemoDesk) -> None:
    """Put a basket aside for somebody who comes back."""
    at = desk.now - timedelta(minutes=25)
    staff_id = desk.clerk.staff_id_in(desk.store.pk) or 0
    basket = orders_services.open_counter_basket(desk.store.pk, staff_id=staff_id, now=at)
    for sku in desk.take(2):
        orders_services.add_to_counter(basket.pk, sku, now=at)
    orders_services.park_basket(basket.pk, note="去取钱包，半小时后回来", actor=desk.clerk.label, now=at)


def _plan(desk: DemoDesk) -> None:
    """Put something for members on the list of each who works in the store; they are in that person's care."""
    today = business_date(desk.now)
    for staff_id, (phone, text) in zip(desk.staff_ids, PLANS, strict=False):
        member_id = members_queries.find_by_phone(desk.store.brand_id, phone)
        if member_id is not None:
            members_services.bind_guide(member_id, staff_id, may_take_over=True, actor=ACTOR, now=desk.now)
            members_services.add_follow_up(member_id, staff_id, text, today, now=desk.now)
