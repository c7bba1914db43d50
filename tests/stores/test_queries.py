"""Brands, places, and who sees which store."""

import pytest
from django.contrib.auth.models import AnonymousUser

from omni.kernel.errors import InvalidInput, NotFound
from stores import queries
from stores.choices import Role
from stores.models import Staff
from stores.permissions import GUEST, Actor, Grant
from tests.cast import World, actor_of
from tests.factories.stores import BrandFactory, ConcessionStoreFactory, MallFinanceFactory

pytestmark = pytest.mark.django_db


def test_actor_for_user_carries_the_active_grants_with_the_brand_of_the_store(world: World, clerk_a: Staff) -> None:
    guide = Staff.objects.create(user=clerk_a.user, role=Role.GUIDE, store=world.stores["B"], is_active=False)

    actor = queries.actor_for_user(clerk_a.user)

    store = world.stores["A"]
    assert actor == Actor(
        label=f"user:{clerk_a.user_id}",
        user_id=clerk_a.user_id,
        grants=(Grant(Role.CLERK, clerk_a.pk, brand_id=world.brand.pk, store_id=store.pk),),
    )
    assert guide.pk is not None


def test_actor_for_user_who_may_not_sign_in_is_a_guest(clerk_a: Staff) -> None:
    clerk_a.user.is_active = False

    assert queries.actor_for_user(clerk_a.user) is GUEST
    assert queries.actor_for_user(AnonymousUser()) is GUEST


def test_stores_visible_to_each_of_the_cast(
    world: World, clerk_a: Staff, guide_a: Staff, headquarters: Staff, stranger: Staff
) -> None:
    def visible(actor: Actor) -> set[str]:
        return {f"{store.brand.code}/{store.code}" for store in queries.stores_visible_to(actor)}

    assert visible(actor_of(clerk_a)) == {"one/A"}
    assert visible(actor_of(guide_a)) == {"one/A"}
    assert visible(actor_of(headquarters)) == {"one/A", "one/B", "one/C"}
    assert visible(actor_of(stranger)) == {"two/A"}
    assert visible(Actor(label="key:1", api_brand_id=world.other_brand.pk)) == {"two/A"}
    assert visible(GUEST) == set()


def test_stores_visible_to_mall_finance_are_those_in_the_mall(world: World) -> None:
    store = ConcessionStoreFactory.create(brand=world.brand)
    accountant = MallFinanceFactory.create(counterparty=store.mall)

    assert list(queries.stores_visible_to(actor_of(accountant))) == [store]


def test_get_store_for_a_stranger_is_not_found(world: World, clerk_a: Staff, stranger: Staff) -> None:
    store = world.stores["A"]

    assert queries.get_store_for(actor_of(clerk_a), store.pk) == store
    for actor, store_id in [(actor_of(stranger), store.pk), (GUEST, store.pk), (actor_of(clerk_a), 0)]:
        with pytest.raises(NotFound):
            queries.get_store_for(actor, store_id)


def test_get_brand_of_an_unknown_code_names_the_field(world: World) -> None:
    assert queries.get_brand("one") == world.brand
    with pytest.raises(NotFound) as refusal:
        queries.get_brand("three")
    assert refusal.value.field == "brand"


def test_active_brands_are_listed_the_oldest_first(world: World) -> None:
    youngest = BrandFactory.create()

    assert list(queries.active_brands()) == [world.brand, world.other_brand, youngest]


def test_districts_come_from_the_file_of_divisions() -> None:
    assert len(queries.provinces()) == 31
    assert queries.provinces()[0] == ("北京市", "Beijing")
    assert queries.cities("上海市") == [("上海市", "Shanghai")]
    assert queries.cities("浙江省")[:2] == [("杭州市", "Hangzhou"), ("宁波市", "Ningbo")]
    names = [(district.name, district.name_en) for district in queries.districts("上海市", "上海市")]
    assert len(names) == 16
    assert names[3] == ("静安区", "Jing'an")


def test_get_district_knows_its_centre() -> None:
    district = queries.get_district("310106")

    assert (district.name, district.lat, district.lng) == ("静安区", 31.229778, 121.442845)
    with pytest.raises(InvalidInput) as refusal:
        queries.get_district("999999")
    assert refusal.value.field == "district_code"
