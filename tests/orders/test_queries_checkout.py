"""What the checkout shows of a basket: its costs line by line, who would send it and when, and what has changed."""

import dataclasses
from datetime import datetime, timedelta

import pytest
from django.utils import translation
from pytest_django import DjangoAssertNumQueries

from fulfillment.choices import Way
from inventory.models import StockLevel
from members.models import Member
from omni.kernel.transactions import entry
from orders import queries, services
from orders.queries import Checkout, Choice
from orders.queries.checkout import about_when
from stores import queries as stores_queries
from tests.cast import World
from tests.factories.inventory import StockLevelFactory
from tests.factories.offers import CouponFactory, PointsProgramFactory, PromotionFactory, give_points

pytestmark = pytest.mark.django_db

TOKEN = "a-token"
COUPON = "CABCD-EFGHJ-KMNPQ"


@pytest.fixture
def jingan(world: World) -> Choice:
    """Return what somebody in Jing'an has chosen: to have it brought."""
    return Choice(Way.COURIER, stores_queries.find_place("310106"))


def fill(world: World, now: datetime, *skus: str, quantity: int = 1) -> None:
    for sku in skus:
        with entry():
            services.add_to_basket(TOKEN, world.brand.pk, sku, quantity=quantity, now=now)


def checkout(choice: Choice, now: datetime) -> Checkout:
    page = queries.find_checkout(TOKEN, "one", choice, now=now)
    assert page is not None
    return page


def test_checkout_tells_who_sends_it_when_and_what_both_ways_cost(world: World, jingan: Choice, now: datetime) -> None:
    world.brand.delivery_fee_fen, world.brand.free_delivery_from_fen = 1200, 60000
    world.brand.save()
    fill(world, now, "SHIRT-S")
    page = checkout(jingan, now)
    assert (page.gross_fen, page.goods_fen, page.delivery_fen, page.total_fen) == (49900, 49900, 1200, 51100)
    assert page.promise is not None
    assert [store.name_en for store in page.promise.stores] == ["Store A"]
    assert page.promise.promised_on == now.date()
    assert [choice.store.name_en for choice in page.pickup] == ["Store A", "Store B", "Store C"]
    collected = dataclasses.replace(jingan, way=Way.PICKUP, pickup_store_id=world.stores["B"].pk)
    page = checkout(collected, now)
    assert page.total_fen == 49900
    assert [choice.is_chosen for choice in page.pickup] == [False, True, False]
    assert page.promise is not None
    assert [store.name_en for store in page.promise.stores] == ["Store B"]


def test_checkout_shows_each_offer_on_its_line_and_in_all(
    world: World, member: Member, jingan: Choice, now: datetime
) -> None:
    PromotionFactory.create(brand=world.brand, name_en="Spring sale", amount_fen=1001)
    CouponFactory.create(member=member, code=COUPON, template__brand=world.brand)
    PointsProgramFactory.create(brand=world.brand)
    give_points(member, 100)
    fill(world, now, "SHIRT-S", "SHIRT-M")
    choice = dataclasses.replace(jingan, member_id=member.pk, coupon_codes=(COUPON,), points=100)
    with translation.override("en"):
        page = checkout(choice, now)
    sums = [(step.name, step.amount_fen) for step in page.steps]
    assert sums == [("Spring sale", 1001), ("Fifty yuan off", 5000), ("Points", 100)]
    for line in page.lines:
        assert line.line.total_fen - sum(step.amount_fen for step in line.steps) == line.net_fen
    assert (page.gross_fen, page.goods_fen) == (99800, 93699)
    assert sum(line.net_fen for line in page.lines) == 93699


def test_checkout_with_a_coupon_that_does_not_fit_says_why_and_goes_on_without(
    world: World, member: Member, jingan: Choice, now: datetime
) -> None:
    fill(world, now, "SHIRT-S")
    page = checkout(dataclasses.replace(jingan, member_id=member.pk, coupon_codes=("NO-SUCH",)), now)
    assert page.coupon_problem
    assert (page.goods_fen, page.steps) == (49900, ())


def test_checkout_of_more_than_there_is_names_the_line_and_promises_nothing(
    world: World, jingan: Choice, now: datetime
) -> None:
    fill(world, now, "SHIRT-S")
    fill(world, now, "SHIRT-L", quantity=90)
    page = checkout(jingan, now)
    assert [bool(line.problem) for line in page.lines] == [False, True]
    assert page.promise is None


def test_differences_name_the_total_and_a_later_promise(world: World, jingan: Choice, now: datetime) -> None:
    fill(world, now, "SHIRT-S")
    with translation.override("en"):
        page = checkout(jingan, now)
    seen = queries.read_seen_page((), page.seen_totals, page.seen_promise)
    assert (seen.total_fen(Way.COURIER), seen.promise_for(jingan.destination)) == (49900, now.date())
    assert queries.differences(page, seen) == []
    before = dataclasses.replace(seen, courier_fen=1, promised_on=now.date() - timedelta(days=1))
    with translation.override("en"):
        total, promise = queries.differences(page, before)
    assert total == "The total was ¥0.01 and is now ¥499.00."
    assert promise.startswith("It comes later than you saw: today, about ")
    elsewhere = dataclasses.replace(before, courier_fen=49900, destination="courier:330102")
    assert queries.differences(page, elsewhere) == []
    StockLevel.objects.update(on_hand=0)
    assert len(queries.differences(checkout(jingan, now), seen)) == 1


@pytest.mark.parametrize("text", ["", "1", "x y", "courier:1 2026-13-40", "1 2 3", "१ २"])
def test_what_no_page_of_ours_showed_counts_as_unseen(text: str) -> None:
    seen = queries.read_seen_page((), text, text)
    assert (seen.courier_fen, seen.pickup_fen, seen.promised_on) == (None, None, None)


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (0, "today, about 12:00"),
        (1, "today, about 12:30"),
        (30, "today, about 12:30"),
        (31, "today, about 13:00"),
        (11 * 60 + 45, "tomorrow, about 00:00"),
        (20 * 60, "tomorrow, about 08:00"),
        (48 * 60, "March 18, about 12:00"),
    ],
)
def test_moment_is_said_as_people_say_it(now: datetime, minutes: int, said: str) -> None:
    with translation.override("en"):
        assert about_when(now + timedelta(minutes=minutes), now) == said


@pytest.mark.parametrize("count", [1, 3, 30])
def test_checkout_takes_as_many_statements_for_any_number_of_lines(
    world: World, member: Member, now: datetime, django_assert_num_queries: DjangoAssertNumQueries, count: int
) -> None:
    PointsProgramFactory.create(brand=world.brand)
    CouponFactory.create(member=member, code=COUPON, template__brand=world.brand)
    levels = StockLevelFactory.create_batch(count, store=world.stores["A"], variant__product=world.product, on_hand=5)
    fill(world, now, *[level.variant.sku for level in levels])
    choice = Choice(Way.COURIER, stores_queries.find_place("310106"), None, member.pk, (COUPON,))
    checkout(choice, now)
    with django_assert_num_queries(18):
        page = checkout(choice, now)
    assert len(page.lines) == count
    with django_assert_num_queries(7):
        queries.baskets_of(TOKEN, now=now)
