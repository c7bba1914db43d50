"""The demo world: built once for this file, in a transaction that is rolled back."""

import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import F, QuerySet
from pytest_django import DjangoDbBlocker

from fulfillment.models import RoutingRule
from inventory.models import Price, Product, StockLevel, Variant
from members import queries as members_queries
from members.models import AccountAddress, Coupon, CouponTemplate, Member, PointsAccount, Promotion, Review
from omni.kernel import geo, sealing
from omni.pages import demo
from omni.pages.demo.brands import BRANDS
from omni.pages.demo.catalogue import Catalogue, ean13
from omni.pages.demo.places import Places
from stores.choices import Role, StoreKind
from stores.models import Brand, Counterparty, District, Staff, Store
from tests.cast import NOON

# What is made once a module is made by one process.
pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("demo")]


@pytest.fixture(scope="module", autouse=True)
def counts(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[dict[str, int]]:
    """Build the demo and return its row counts."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield demo.build_world(now=NOON)
        transaction.set_rollback(True)


def shops() -> QuerySet[Store]:
    """Return the stores with a door: what is on its way between two of them has a place of its own."""
    return Store.objects.exclude(kind=StoreKind.TRANSIT)


def rows(statement: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


def test_build_world_makes_what_the_demo_promises(counts: dict[str, int]) -> None:
    assert Brand.objects.count() == 4
    assert shops().count() >= 2000
    assert shops().values("district__city").distinct().count() == 34
    assert Counterparty.objects.filter(kind="mall").count() == 120
    assert Counter(Product.objects.values_list("brand__code", flat=True)) == dict.fromkeys(
        ("tingwei", "yanye", "lishi", "rongyu"), 100
    )
    assert Variant.objects.count() > 5000
    assert 450_000 < StockLevel.objects.count() < 650_000
    assert Member.objects.count() == 2000
    assert counts["stores_store"] == shops().count()


def test_buyers_speak_of_the_range(counts: dict[str, int]) -> None:
    assert 2000 < counts["members_review"] == Review.objects.count() < 8000
    spoken_of = Review.objects.values("product").distinct().count()
    assert spoken_of > 300
    order = Review.objects.order_by("pk").filter(product__brand__code="tingwei").values_list("created_at", flat=True)
    assert list(order) == sorted(order)
    assert not Review.objects.exclude(variant__product=F("product")).exists()


def test_stores_lie_nearest_to_the_centre_of_their_own_district() -> None:
    centres: dict[str, list[District]] = {}
    for district in District.objects.all():
        if district.code[4] != "7":
            centres.setdefault(district.city, []).append(district)

    for store in shops().exclude(kind=StoreKind.CONCESSION).select_related("district"):
        assert store.district is not None
        distances = {
            district.code: geo.great_circle_metres(store.lat, store.lng, district.lat, district.lng)
            for district in centres[store.district.city]
        }
        assert min(distances.values()) == distances[store.district.code] < 5000
        assert (store.ux, store.uy, store.uz) == pytest.approx(geo.unit_vector(store.lat, store.lng), abs=1e-12)


def test_concessions_are_in_malls_and_franchises_have_a_franchisee() -> None:
    places = {
        (kind, mall is None, franchisee is None)
        for kind, mall, franchisee in shops().values_list("kind", "mall_id", "franchisee_id")
    }
    assert places == {("concession", False, True), ("franchise", True, False), ("direct", True, True)}


def test_every_store_has_a_manager_a_clerk_and_a_guide() -> None:
    roles = Counter(Staff.objects.filter(store__isnull=False).values_list("store_id", "role"))

    assert set(roles.values()) == {1}
    assert len(roles) == 3 * shops().count()
    assert Staff.objects.filter(role=Role.HQ).count() == 8
    assert Staff.objects.filter(role=Role.MALL_FINANCE).count() == 6


def test_variants_have_valid_barcodes_and_one_price_now() -> None:
    barcodes = list(Variant.objects.values_list("barcode", flat=True))
    assert len(set(barcodes)) == len(barcodes)
    assert all(ean13(barcode[:12]) == barcode for barcode in barcodes)
    priced = Price.objects.filter(valid__contains=NOON).values_list("variant_id", flat=True)
    assert len(priced) == len(set(priced)) == len(barcodes)
    assert Price.objects.filter(valid__contains=NOON, sale_fen__isnull=False).count() > 1000
    assert 0.3 < Price.objects.filter(valid__contains=NOON, member_fen__isnull=False).count() / len(priced) < 0.5


@pytest.mark.parametrize(("digits", "code"), [("400638133393", "4006381333931"), ("690123456789", "6901234567892")])
def test_ean13_ends_with_the_check_digit(digits: str, code: str) -> None:
    assert ean13(digits) == code


def test_stock_is_uneven_and_movements_sum_to_it() -> None:
    units = Counter(StockLevel.objects.values_list("on_hand", flat=True))

    assert units[0] > 100_000
    assert len(units) >= 6
    assert rows(
        "SELECT count(*) FROM inventory_stocklevel level WHERE on_hand <> coalesce("
        "(SELECT sum(quantity) FROM inventory_stockmovement WHERE level_id = level.id), 0)"
    ) == [(0,)]


def test_tables_have_all_their_constraints_and_triggers_back() -> None:
    assert rows(
        "SELECT count(*) FROM pg_constraint WHERE conrelid = 'inventory_stocklevel'::regclass AND contype IN ('f', 'u')"
    ) == [(3,)]
    assert rows(
        "SELECT count(*) FROM pg_trigger WHERE tgrelid IN ('inventory_stocklevel'::regclass,"
        " 'inventory_stockmovement'::regclass) AND tgenabled <> 'O'"
    ) == [(0,)]


def test_keys_go_on_after_the_rows_of_the_demo() -> None:
    brand = Brand.objects.create(code="next", name_zh="下一个", name_en="Next", legal_entity="下一个有限公司")

    assert brand.pk == 5
    brand.delete()


def test_members_have_an_address_and_a_phone_that_unseals() -> None:
    member = Member.objects.order_by("pk").first()
    assert member is not None
    phone = sealing.unseal(member.phone_sealed)
    assert sealing.blind_index(phone) == member.phone_index
    assert sealing.normalise_phone(phone) == phone
    assert set(Member.objects.values_list("user_id", flat=True)) == set(
        AccountAddress.objects.values_list("user_id", flat=True)
    )


def test_sign_ins_work_where_they_name_an_account() -> None:
    named = [(user, password) for _audience, _path, user, password in demo.SIGN_INS if user]

    assert len(named) == 4
    for user, password in named:
        assert authenticate(username=user, password=password) is not None


def test_the_same_world_is_built_every_time() -> None:
    def built() -> list[list[str]]:
        places, catalogue = Places(random.Random("places")), Catalogue(random.Random("catalogue"), NOON)
        for brand_id, brand in enumerate(BRANDS, start=1):
            places.add_brand(brand, brand_id)
            catalogue.add_brand(brand, brand_id)
        return [table.lines for table in (*places.tables(), *catalogue.tables())]

    assert built() == built()


def test_one_brand_routes_by_rules_of_its_own() -> None:
    rule = RoutingRule.objects.select_related("brand").get()

    assert rule.brand.code == "rongyu"
    rule.full_clean()


def test_seed_demo_with_brands_there_says_so_and_changes_nothing() -> None:
    said = StringIO()
    before = rows("SELECT max(id) FROM stores_store")

    call_command("seed_demo", stdout=said)

    assert said.getvalue() == "There are brands already; nothing was changed.\n"
    assert rows("SELECT max(id) FROM stores_store") == before


def test_dates_count_back_from_now() -> None:
    newest: datetime = rows("SELECT max(moved_at) FROM inventory_stockmovement")[0][0]

    assert newest < NOON
    assert Product.objects.order_by("-launched_on").values_list("launched_on", flat=True)[0] <= NOON.date()


def test_offers_of_every_brand_are_sound_and_alive() -> None:
    assert Counter(Promotion.objects.values_list("brand__code", flat=True)) == dict.fromkeys(
        ("tingwei", "yanye", "lishi", "rongyu"), 2
    )
    assert CouponTemplate.objects.filter(is_claimable=True).count() == 8
    assert Coupon.objects.filter(status="issued", expires_at__gt=NOON).count() > 50
    assert PointsAccount.objects.filter(available__gt=0).count() > 400
    assert PointsAccount.objects.filter(pending__gt=0).count() > 10
    checked = [members_queries.audit_points(), members_queries.audit_offers()]
    assert [(wrong, named) for _rows, wrong, named in checked] == [(0, None)] * 2
    assert members_queries.audit_due_rows(overdue=NOON)[1:] == (0, None)
