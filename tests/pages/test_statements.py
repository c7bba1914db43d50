"""Pages ask the database as often with three hundred products as with three."""

from collections.abc import Iterator
from datetime import date

import pytest
from django.core.signing import get_cookie_signer
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from inventory import services
from inventory.models import Price, Product, StockLevel, Variant
from members.models import Wish
from omni.accounts.models import User
from omni.kernel import clock
from omni.kernel.transactions import entry
from orders.models import Basket, BasketLine
from orders.rules import account_token
from tests.cast import World
from tests.factories.accounts import ShopperUserFactory
from tests.factories.inventory import LAUNCHED, CollectionFactory
from tests.inventory.test_views import forget, page

pytestmark = pytest.mark.django_db

# Address, and statements to make it while nothing of it is kept.
PAGES = [
    ("/", 7),
    ("/products/", 5),
    ("/products/?brand=one", 6),
    ("/products/?brand=one&near=5", 6),
    ("/products/?sort=price-up", 5),
    ("/search/?q=silk", 5),
    ("/search/", 4),
    ("/search/suggestions/?q=silk", 2),
    ("/collections/one/many/", 6),
    ("/products/one/SHIRT/", 7),
    ("/stores/", 3),
    ("/basket/", 10),
    ("/checkout/one/", 19),
    ("/me/", 7),
    ("/me/wishes/", 6),
    ("/try-on/?brand=one&sku=SHIRT-S", 11),
]


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    forget()
    yield
    forget()


@pytest.fixture
def shopper(world: World) -> User:
    return ShopperUserFactory.create(phone="+8613800138000")


def make_products(world: World, number: int) -> list[Variant]:
    """Write so many products of one size, with a price and stock in store A, and have them listed."""
    collection = CollectionFactory.create(brand=world.brand, code="many")
    products = Product.objects.bulk_create(
        Product(
            brand=world.brand,
            code=f"MANY{index}",
            category=world.product.category,
            collection=collection,
            name_zh="真丝衬衫",
            name_en="Silk shirt",
            launched_on=date(2026, 1, 1),
        )
        for index in range(number)
    )
    variants = Variant.objects.bulk_create(
        Variant(
            brand=world.brand,
            product=product,
            sku=f"{product.code}-M",
            color_zh="白色",
            color_en="White",
            color_hex="#ffffff",
            size="M",
        )
        for product in products
    )
    Price.objects.bulk_create(
        Price(variant=variant, tag_fen=59900, list_fen=49900, valid=DateTimeTZRange(LAUNCHED, None))
        for variant in variants
    )
    store = world.stores["A"]
    StockLevel.objects.bulk_create(StockLevel(variant=variant, store=store, on_hand=10) for variant in variants)
    with entry():
        services.refresh_listings(now=clock.now(), limit=number + 10)
    return variants


def fill(user: User, world: World, variants: list[Variant]) -> None:
    """Put every product onto the wish list, and as many as there may be into the basket."""
    now = clock.now()
    Wish.objects.bulk_create(
        Wish(user=user, product_id=variant.product_id, variant=variant, created_at=now) for variant in variants
    )
    basket = Basket.objects.create(token=account_token(user.pk), brand=world.brand, updated_at=now)
    BasketLine.objects.bulk_create(
        BasketLine(basket=basket, variant=variant, quantity=1, seen_price_fen=49900) for variant in variants[:50]
    )


@pytest.mark.parametrize("number", [3, 300])
@pytest.mark.parametrize("made", PAGES)
def test_page_asks_as_often_for_three_hundred_products_as_for_three(
    world: World,
    shopper: User,
    django_assert_num_queries: DjangoAssertNumQueries,
    number: int,
    made: tuple[str, int],
) -> None:
    address, statements = made
    fill(shopper, world, make_products(world, number))
    client = Client(headers={"accept-language": "en"})
    client.force_login(shopper)
    client.cookies["place"] = get_cookie_signer(salt="place").sign("310106")
    page(client, address)  # a connection prepares its statements once
    forget()
    with django_assert_num_queries(statements):
        page(client, address)
