"""The day at the desk of the demo's first store: made by the use cases, sound, and there for some hours."""

from datetime import timedelta

import pytest
from pytest_django import Settings

from fulfillment import queries as fulfillment_queries
from fulfillment.choices import FulfillmentOrderStatus as Status
from fulfillment.models import FulfillmentOrder
from fulfillment.queries import Tab
from inventory.models import StockLevel
from members.models import FollowUp
from omni.kernel.clock import business_date
from omni.kernel.models import EventDelivery
from omni.pages import demo
from orders.choices import CounterBasketStatus, DrawerStatus
from orders.models import CounterBasket, DrawerSession, TryOn
from stores.models import Store
from tests.audit_fixture import broken_claims
from tests.cast import NOON, World, build_world
from tests.factories.inventory import StockLevelFactory, VariantFactory
from tests.factories.members import MemberFactory
from tests.factories.stores import ClerkFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def small_world() -> World:
    """Return the small world, committed, whose store A has 25 more products in two sizes."""
    world = build_world()
    for _number in range(25):
        product = VariantFactory.create(product__brand=world.brand, product__category=world.product.category).product
        for variant in (product.variants.get(), VariantFactory.create(product=product, size="XL")):
            StockLevelFactory.create(variant=variant, store=world.stores["A"], on_hand=9)
    StockLevel.objects.update(safety=0)
    Store.objects.update(address="文化路 1 号")
    return world


def test_day_at_the_desk_has_something_of_everything_and_is_sound(small_world: World, settings: Settings) -> None:
    settings.OUTBOX_HINTS = False
    store = small_world.stores["A"]
    clerk = ClerkFactory.create(store=store, user__username="first-clerk", display_name="店员")
    member = MemberFactory.create(brand=small_world.brand, phone="+8616600000002")
    desk = demo.find_desk("first-clerk", now=NOON)
    assert desk is not None

    demo.fill_day(desk)

    statuses = FulfillmentOrder.objects.filter(store=store).exclude(fulfillment__way="take_away").order_by("pk")
    assert list(statuses.values_list("fulfillment__way", "status")) == [
        ("pickup", Status.READY_FOR_PICKUP),
        ("courier", Status.AWAITING_COURIER),
        ("pickup", Status.PICKING),
        ("courier", Status.OFFERED),
        ("pickup", Status.OFFERED),
        ("courier", Status.OFFERED),
        ("try_on", Status.READY_FOR_PICKUP),
        ("try_on", Status.ACCEPTED),
    ]
    later = NOON + timedelta(hours=6)
    queue = fulfillment_queries.load_queue(store.pk, Tab.ANSWER, now=later)
    assert len(queue.cards) == 3
    assert all(card.deadline_at is not None and card.deadline_at > later for card in queue.cards)
    drawers = DrawerSession.objects.filter(store=store).order_by("pk")
    assert list(drawers.values_list("status", "difference_fen")) == [
        (DrawerStatus.CLOSED, 0),
        (DrawerStatus.OPEN, None),
    ]
    assert [drawer.movements.count() for drawer in drawers] == [3, 8]
    assert [(basket.status, basket.lines.count()) for basket in CounterBasket.objects.all()] == [
        (CounterBasketStatus.PARKED, 2)
    ]
    assert {business_date(booking.starts_at) for booking in TryOn.objects.all()} == {business_date(NOON)}
    assert list(FollowUp.objects.values_list("member", "staff", "due_on")) == [
        (member.pk, clerk.pk, business_date(NOON))
    ]
    assert list(EventDelivery.objects.exclude(state="done").values_list("subscriber", "error")) == []
    assert broken_claims(NOON) == {}


@pytest.mark.parametrize("hours", [5, 8.7, 9.5, 14, 19.9], ids=["17:00", "20:42", "21:30", "02:00", "07:54"])
def test_day_begun_at_any_hour_has_its_orders_and_bookings(
    small_world: World, settings: Settings, hours: float
) -> None:
    settings.OUTBOX_HINTS = False
    now = NOON + timedelta(hours=hours)
    store = small_world.stores["A"]
    ClerkFactory.create(store=store, user__username="first-clerk")
    desk = demo.find_desk("first-clerk", now=now)
    assert desk is not None

    demo.fill_day(desk)

    assert len(fulfillment_queries.load_queue(store.pk, Tab.ANSWER, now=now + timedelta(hours=2)).cards) == 3
    assert TryOn.objects.count() == 2
    assert broken_claims(now) == {}


def test_desk_of_nobody_is_none() -> None:
    assert demo.find_desk("nobody", now=NOON) is None
