"""Coupons, limits and points wanted by many at once, on real connections. Each guard has a control."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier, get_ident
from typing import Any

import pytest
from django.db import connection

from members import locks, queries, services, sql
from members.choices import CouponStatus
from members.models import Coupon, CouponTemplate, Member, OfferUse, PointsAccount, Promotion
from members.queries import Offer, OfferLine, OfferRequest
from members.services import offers as offer_services
from omni.kernel.transactions import entry
from tests.cast import NOON, World, build_world
from tests.factories.members import MemberFactory
from tests.factories.offers import (
    CouponFactory,
    CouponTemplateFactory,
    PointsProgramFactory,
    PromotionFactory,
    give_points,
)

pytestmark = pytest.mark.django_db(transaction=True)

BUYERS = 8


@pytest.fixture
def small_world() -> World:
    """Return the small world, committed."""
    return build_world()


@pytest.fixture
def shopper(small_world: World) -> Member:
    """Return a member of brand one, committed."""
    return MemberFactory.create(brand=small_world.brand)


def at_once(works: list[Callable[[], object]]) -> list[str]:
    """Run the works in threads that start together; return "done", or the name of each one's error."""
    start = Barrier(len(works), timeout=30)

    def run(work: Callable[[], object]) -> str:
        start.wait()
        try:
            work()
        except Exception as error:  # noqa: BLE001  the outcome is the point
            return type(error).__name__
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(len(works)) as pool:
        return sorted(pool.map(run, works))


def request_of(world: World, member: Member | None, *codes: str, points: int = 0) -> OfferRequest:
    line = OfferLine(world.variants["S"].pk, world.product.pk, world.product.category_id, 1, 49900)
    member_id = member.pk if member else None
    return OfferRequest(world.brand.pk, member_id, "web", None, (line,), tuple(codes), points)


def take(offer: Offer, request: OfferRequest, owner: str) -> None:
    with entry():
        services.take_offer(offer, request, owner=owner, now=NOON)


def checkouts(request: OfferRequest, number: int = BUYERS) -> list[Callable[[], object]]:
    """Return checkouts that have all looked at the basket before any of them takes anything."""
    offer = queries.offer_for(request, now=NOON)
    return [partial(take, offer, request, f"order:{owner}") for owner in range(number)]


def unlocked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "lock_member", lambda member_id: Member.objects.get(pk=member_id))


# One coupon


def test_one_coupon_in_eight_checkouts_is_used_once(small_world: World, shopper: Member) -> None:
    coupon = CouponFactory.create(member=shopper, template__brand=small_world.brand)

    outcomes = at_once(checkouts(request_of(small_world, shopper, coupon.code)))

    assert outcomes == ["CouponUsed"] * 7 + ["done"]
    assert OfferUse.objects.filter(coupon=coupon).count() == 1


def test_coupon_without_lock_and_compare_and_set_is_stopped_by_the_constraint(
    small_world: World, shopper: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: what is looked at before the lock is used twice, but for the database."""
    coupon = CouponFactory.create(member=shopper, template__brand=small_world.brand)
    unlocked(monkeypatch)
    both_have_looked = Barrier(2, timeout=30)

    def look(*_args: object, **_values: object) -> None:
        both_have_looked.wait()

    monkeypatch.setattr(offer_services, "transition", look)

    outcomes = at_once(checkouts(request_of(small_world, shopper, coupon.code), 2))

    assert outcomes == ["IntegrityError", "done"]


# The last of a limit


def test_last_of_a_promotion_goes_to_one(small_world: World) -> None:
    promotion = PromotionFactory.create(brand=small_world.brand, total_limit=3)

    outcomes = at_once(checkouts(request_of(small_world, None)))

    assert outcomes == ["CouponUsedUp"] * 5 + ["done"] * 3
    assert Promotion.objects.get(pk=promotion.pk).used_count == OfferUse.objects.count() == 3


def test_promotion_counted_before_it_is_locked_is_used_too_often(small_world: World) -> None:
    """Control: a count that is read and then written lets two take the last one."""
    promotion = PromotionFactory.create(brand=small_world.brand, total_limit=1)
    both_have_looked = Barrier(2, timeout=30)

    def take_unguarded() -> None:
        with entry():
            row = Promotion.objects.get(pk=promotion.pk)
            assert row.used_count < 1
            both_have_looked.wait()
            Promotion.objects.filter(pk=row.pk).update(used_count=row.used_count + 1)
            OfferUse.objects.create(owner=f"order:{get_ident()}", promotion=promotion, amount_fen=1, used_at=NOON)

    assert at_once([take_unguarded] * 2) == ["done", "done"]
    assert (Promotion.objects.get().used_count, OfferUse.objects.count()) == (1, 2)


def test_promotion_of_one_per_member_is_used_once_by_a_member_on_eight_devices(
    small_world: World, shopper: Member
) -> None:
    PromotionFactory.create(brand=small_world.brand, per_member_limit=1)

    outcomes = at_once(checkouts(request_of(small_world, shopper)))

    assert outcomes == ["CouponUsedUp"] * 7 + ["done"]


def test_promotion_of_one_per_member_without_the_lock_is_used_twice(
    small_world: World, shopper: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: counted without the member's lock, both find none."""
    PromotionFactory.create(brand=small_world.brand, per_member_limit=1)
    both_are_in = Barrier(2, timeout=30)

    def wait_instead(member_id: int) -> None:
        both_are_in.wait()

    monkeypatch.setattr(locks, "lock_member", wait_instead)
    write = OfferUse.objects.bulk_create
    both_have_counted = Barrier(2, timeout=30)

    def write_late(rows: Any) -> object:  # noqa: ANN401
        both_have_counted.wait()
        return write(rows)

    monkeypatch.setattr(OfferUse.objects, "bulk_create", write_late)

    assert at_once(checkouts(request_of(small_world, shopper), 2)) == ["done", "done"]
    assert OfferUse.objects.count() == 2


def test_last_coupons_of_a_template_go_to_as_many_members(small_world: World) -> None:
    template = CouponTemplateFactory.create(brand=small_world.brand, total_limit=3)
    members = MemberFactory.create_batch(BUYERS, brand=small_world.brand)

    outcomes = at_once([partial(_issue, template, member) for member in members])

    assert outcomes == ["CouponUsedUp"] * 5 + ["done"] * 3
    assert CouponTemplate.objects.get().issued_count == Coupon.objects.count() == 3


def test_coupon_claimed_on_eight_devices_is_issued_once(small_world: World, shopper: Member) -> None:
    template = CouponTemplateFactory.create(brand=small_world.brand, per_member_limit=1)

    outcomes = at_once([lambda: _issue(template, shopper)] * BUYERS)

    assert outcomes == ["CouponUsedUp"] * 7 + ["done"]
    assert CouponTemplate.objects.get().issued_count == Coupon.objects.count() == 1


def test_coupon_claimed_without_the_guard_is_issued_to_each(
    small_world: World, shopper: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: without the guard of the tally every device gets one."""
    template = CouponTemplateFactory.create(brand=small_world.brand, per_member_limit=1)
    unguarded = sql.TALLY.replace("WHERE tally.issued_count < %(limit)s", "")
    assert unguarded != sql.TALLY
    monkeypatch.setattr(sql, "TALLY", unguarded)

    assert at_once([lambda: _issue(template, shopper)] * BUYERS) == ["done"] * BUYERS


def _issue(template: CouponTemplate, member: Member) -> None:
    with entry():
        services.issue_coupon(template.pk, member.pk, now=NOON)


# Points


def test_points_in_eight_checkouts_are_spent_once(small_world: World, shopper: Member) -> None:
    PointsProgramFactory.create(brand=small_world.brand)
    give_points(shopper, 1000)

    outcomes = at_once(checkouts(request_of(small_world, shopper, points=900)))

    assert outcomes == ["NotEnoughPoints"] * 7 + ["done"]
    account = PointsAccount.objects.get(member=shopper)
    assert (account.available, account.spent) == (100, 900)


def test_points_without_guard_and_constraint_are_spent_twice(
    small_world: World, shopper: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: with the guard gone, the balance goes below zero."""
    PointsProgramFactory.create(brand=small_world.brand)
    give_points(shopper, 1000)
    unlocked(monkeypatch)
    works = checkouts(request_of(small_world, shopper, points=900), 2)
    objects = PointsAccount.objects
    plain = objects.filter
    monkeypatch.setattr(objects, "filter", lambda **values: plain(**_without_guards(values)))

    assert at_once(works) == ["IntegrityError", "done"]
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE members_pointsaccount DROP CONSTRAINT members_pointsaccount_not_negative")
    try:
        assert at_once([works[1]] if OfferUse.objects.get().owner == "order:0" else [works[0]]) == ["done"]
        assert PointsAccount.objects.get(member=shopper).available == -800
    finally:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE members_pointsaccount SET available = 0")
            cursor.execute(
                "ALTER TABLE members_pointsaccount ADD CONSTRAINT members_pointsaccount_not_negative"
                " CHECK (pending >= 0 AND available >= 0 AND spent >= 0 AND owed >= 0)"
            )


def _without_guards(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if not name.endswith("__gte")}


# Given back and used


def test_offer_given_back_eight_times_at_once_comes_back_once(small_world: World, shopper: Member) -> None:
    coupon = CouponFactory.create(member=shopper, template__brand=small_world.brand)
    promotion = PromotionFactory.create(brand=small_world.brand, total_limit=9, used_count=0)
    PointsProgramFactory.create(brand=small_world.brand)
    give_points(shopper, 1000)
    request = request_of(small_world, shopper, coupon.code, points=900)
    take(queries.offer_for(request, now=NOON), request, "order:1")

    assert at_once([_give_back] * BUYERS) == ["done"] * BUYERS

    account = PointsAccount.objects.get(member=shopper)
    assert (account.available, account.spent) == (1000, 0)
    assert Promotion.objects.get(pk=promotion.pk).used_count == 0
    assert Coupon.objects.get(pk=coupon.pk).status == CouponStatus.ISSUED


def test_coupon_given_back_while_others_want_it_is_used_by_one_at_most(small_world: World, shopper: Member) -> None:
    coupon = CouponFactory.create(member=shopper, template__brand=small_world.brand)
    request = request_of(small_world, shopper, coupon.code)
    offer = queries.offer_for(request, now=NOON)
    take(offer, request, "order:1")
    others = [partial(take, offer, request, f"order:{owner}") for owner in range(2, BUYERS)]

    outcomes = at_once([_give_back, *others])

    users = OfferUse.objects.filter(coupon=coupon, given_back_at=None).count()
    assert outcomes.count("done") == 1 + users
    assert users <= 1
    status = CouponStatus.USED if users else CouponStatus.ISSUED
    assert Coupon.objects.get(pk=coupon.pk).status == status


def _give_back() -> None:
    with entry():
        services.give_back_offer("order:1", now=NOON)
