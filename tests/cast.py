"""The small world that tests share, and who lives in it. `tests/conftest.py` loads it as a plugin.

Brand one has stores A, B and C, all open; A is nearest to `HOME`, then B (about 3 km), then C (in Hangzhou). Its shirt
comes in S, M and L at 499 yuan (L marked down to 399). Stock of S, M, L: A 10, 2, 0; B 5, 5, 5; C 1, 50, 1.
Brand two has a store and a shirt of its own. Nothing of it may be seen from brand one.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from inventory.models import Product, StockLevel, Variant
from members.models import Member
from omni.accounts.models import User
from stores import queries as stores_queries
from stores.models import Brand, Staff, Store
from stores.permissions import Actor
from tests.factories.inventory import ProductFactory, StockLevelFactory, VariantFactory
from tests.factories.members import MemberFactory
from tests.factories.stores import (
    BrandFactory,
    ClerkFactory,
    DistrictFactory,
    GuideFactory,
    HeadquartersFactory,
    ManagerFactory,
    StoreFactory,
)
from tests.moulds import laid_down

# A Monday, noon in Shanghai.
NOON = datetime(2026, 3, 16, 4, 0, tzinfo=UTC)
HOME = (31.2295, 121.4470)
SIZES = ("S", "M", "L")
STOCK = {"A": (10, 2, 0), "B": (5, 5, 5), "C": (1, 50, 1)}
PLACES = {"A": (31.2290, 121.4480), "B": (31.2180, 121.4750), "C": (30.2590, 120.1650)}


@dataclass(frozen=True)
class World:
    """Two brands; see the module."""

    brand: Brand
    stores: dict[str, Store]
    product: Product
    variants: dict[str, Variant]
    other_brand: Brand
    other_store: Store
    other_variant: Variant

    def level(self, store: str, size: str) -> StockLevel:
        """Return the stock of a size in a store as it is now."""
        return StockLevel.objects.get(store=self.stores[store], variant=self.variants[size])


def build_world() -> World:
    """Make the small world; tests with real commits call it themselves."""
    jingan = DistrictFactory.create()
    hangzhou = DistrictFactory.create(
        code="330102", province="浙江省", city="杭州市", name="上城区", lat=30.2595, lng=120.1650,
        province_en="Zhejiang", city_en="Hangzhou", name_en="Shangcheng",
    )  # fmt: skip
    brand = BrandFactory.create(code="one", name_zh="壹号", name_en="One")
    stores = {
        name: StoreFactory.create(
            brand=brand, code=name, name_zh=f"{name}店", name_en=f"Store {name}", lat=lat, lng=lng,
            district=hangzhou if name == "C" else jingan,
        )
        for name, (lat, lng) in PLACES.items()
    }  # fmt: skip
    product = ProductFactory.create(brand=brand, code="SHIRT")
    variants = {
        size: VariantFactory.create(
            product=product, sku=f"SHIRT-{size}", size=size, position=position,
            price__sale_fen=39900 if size == "L" else None,
        )
        for position, size in enumerate(SIZES)
    }  # fmt: skip
    for name, units in STOCK.items():
        for size, on_hand in zip(SIZES, units, strict=True):
            StockLevelFactory.create(store=stores[name], variant=variants[size], on_hand=on_hand)
    other_brand = BrandFactory.create(code="two", name_zh="贰号", name_en="Two")
    other_store = StoreFactory.create(brand=other_brand, code="A")
    other_variant = VariantFactory.create(product__brand=other_brand, sku="SHIRT-M")
    StockLevelFactory.create(store=other_store, variant=other_variant)
    return World(brand, stores, product, variants, other_brand, other_store, other_variant)


@pytest.fixture
def now() -> datetime:
    """Return noon on a Monday, when every store is open."""
    return NOON


@pytest.fixture
def world(db: None) -> World:
    """Return the small world."""
    return laid_down(build_world)


@pytest.fixture
def manager_a(world: World) -> Staff:
    """Return the manager of store A."""
    return ManagerFactory.create(store=world.stores["A"], user__username="manager-a")


@pytest.fixture
def clerk_a(world: World) -> Staff:
    """Return a clerk of store A."""
    return ClerkFactory.create(store=world.stores["A"], user__username="clerk-a")


@pytest.fixture
def clerk_b(world: World) -> Staff:
    """Return a clerk of store B."""
    return ClerkFactory.create(store=world.stores["B"], user__username="clerk-b")


@pytest.fixture
def guide_a(world: World) -> Staff:
    """Return a guide of store A."""
    return GuideFactory.create(store=world.stores["A"], user__username="guide-a")


@pytest.fixture
def headquarters(world: World) -> Staff:
    """Return somebody of brand one's headquarters."""
    return HeadquartersFactory.create(brand=world.brand, user__username="hq-one")


@pytest.fixture
def member(world: World) -> Member:
    """Return a member of brand one."""
    return MemberFactory.create(brand=world.brand)


@pytest.fixture
def stranger(world: World) -> Staff:
    """Return a clerk of brand two's store: signed in, and nobody here."""
    return ClerkFactory.create(store=world.other_store, user__username="stranger")


def actor_of(staff: Staff | User) -> Actor:
    """Return the actor behind a staff row or an account."""
    return stores_queries.actor_for_user(staff.user if isinstance(staff, Staff) else staff)
