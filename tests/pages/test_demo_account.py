"""The demo shopper's account: everything in it is made by the use cases, and the audit finds nothing wrong."""

import pytest
from django.test import Client
from pytest_django import Settings

from inventory import queries as inventory_queries
from inventory.models import StockLevel
from members.models import ConsentChange, SizeProfile, Wish
from omni.kernel import clock
from omni.kernel.clock import business_date
from omni.kernel.models import EventDelivery
from omni.pages import demo
from omni.pages.demo.account import fill_account
from orders.choices import OrderStatus, ReturnStatus
from orders.models import Order, Return, TryOn
from settlement.models import CreditEntry
from tests.audit_fixture import broken_claims
from tests.cast import World, build_world
from tests.factories.accounts import ShopperUserFactory
from tests.factories.inventory import StockLevelFactory, VariantFactory
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def small_world() -> World:
    """Return the small world, committed, whose store A has seven products in two sizes."""
    world = build_world()
    for _number in range(6):
        product = VariantFactory.create(product__brand=world.brand, product__category=world.product.category).product
        for variant in (product.variants.get(), VariantFactory.create(product=product, size="XL")):
            StockLevelFactory.create(variant=variant, store=world.stores["A"], on_hand=9)
    StockLevel.objects.update(safety=0)
    return world


def test_account_of_the_demo_shopper_is_alive_and_sound(small_world: World, settings: Settings, client: Client) -> None:
    settings.OUTBOX_HINTS = False
    user = ShopperUserFactory.create()
    member = MemberFactory.create(brand=small_world.brand, user=user)
    products = sorted(StockLevel.objects.values_list("variant__product", flat=True).distinct())
    now = clock.now()
    shopper = demo.DemoShopper(
        user.pk, member.pk, small_world.brand.pk, small_world.stores["A"].pk, "王小雨", "+8613800138000",
        tuple(products),
    )  # fmt: skip

    fill_account(shopper, now=now)

    assert Wish.objects.filter(user=user).count() >= 1
    assert SizeProfile.objects.get(user=user).height_cm == 168
    assert ConsentChange.objects.filter(member=member, is_given=True).count() == 2
    assert TryOn.objects.get(member=member).due_at is not None
    orders = Order.objects.filter(member=member).order_by("pk")
    assert [order.status for order in orders] == [OrderStatus.COMPLETED, OrderStatus.COMPLETED, OrderStatus.PLACED]
    assert list(Return.objects.order_by("pk").values_list("kind", "status")) == [
        ("return", ReturnStatus.CLOSED),
        ("exchange", ReturnStatus.APPROVED),
    ]
    assert CreditEntry.objects.exists()
    assert list(EventDelivery.objects.exclude(state="done").values_list("subscriber", "error")) == []
    counted = inventory_queries.popular_searches("en", today=business_date(now))
    assert counted == []  # nothing of the small world is called so
    assert broken_claims(now) == {}
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get("/orders/").content.decode()
    for order in orders:
        assert order.number in page
