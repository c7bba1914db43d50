"""Points are earned pending, become available, are spent, and go back with a return."""

from datetime import timedelta

import pytest
from django.db import IntegrityError

from members import queries, services
from members.models import Member, PointsAccount, PointsEntry, PointsGrant
from members.queries import OfferLine, OfferRequest
from omni.kernel.transactions import entry
from tests.audit_fixture import Audited
from tests.cast import NOON, World
from tests.factories.offers import PointsProgramFactory, TierFactory

WEEK = NOON + timedelta(days=7)


@pytest.fixture
def program(world: World, audited: Audited) -> None:
    """Let brand one give a point for a yuan; the audit must hold afterwards."""
    audited.now = NOON
    PointsProgramFactory.create(brand=world.brand)


def earn(member: Member, amount_fen: int, cause: str = "recognition:1") -> int:
    with entry():
        return services.earn_points(member.pk, cause=cause, amount_fen=amount_fen, available_at=WEEK, now=NOON)


def reverse(amount_fen: int, part: str, cause: str = "recognition:1") -> int:
    with entry():
        return services.reverse_points(cause, part_cause=part, amount_fen=amount_fen, now=NOON)


def spend(world: World, member: Member, points: int, owner: str = "order:1") -> None:
    line = OfferLine(world.variants["S"].pk, world.product.pk, world.product.category_id, 1, 49900)
    request = OfferRequest(world.brand.pk, member.pk, "web", None, (line,), (), points)
    with entry():
        services.take_offer(queries.offer_for(request, now=NOON), request, owner=owner, now=NOON)


def balance(member: Member) -> tuple[int, int, int, int]:
    return PointsAccount.objects.values_list("pending", "available", "spent", "owed").get(member=member)


def test_points_of_a_sale_are_pending_once(program: None, member: Member) -> None:
    assert [earn(member, 49999), earn(member, 49999)] == [499, 499]
    assert balance(member) == (499, 0, 0, 0)
    assert PointsEntry.objects.count() == 1


def test_points_without_a_program_are_none(world: World, member: Member) -> None:
    assert earn(member, 49999) == 0
    assert not PointsAccount.objects.exists()


def test_points_are_earned_faster_in_a_higher_tier(program: None, member: Member) -> None:
    TierFactory.create(brand=member.brand, threshold_fen=0)
    TierFactory.create(brand=member.brand, threshold_fen=50000, earn_ppm=1_500_000)
    assert [earn(member, 50000), earn(member, 10000, "recognition:2")] == [500, 150]


def test_tier_counts_twelve_months_and_takes_returns_off(program: None, member: Member) -> None:
    earn(member, 50000)
    reverse(20000, "return_line:1")
    assert queries.spend_of(member.pk, now=NOON) == 30000
    assert queries.spend_of(member.pk, now=NOON + timedelta(days=365)) == 0


def test_sweeper_makes_points_available_when_due(program: None, member: Member) -> None:
    earn(member, 10000)
    assert services.drive_due_rows(now=WEEK - timedelta(seconds=1)) == 0
    assert services.drive_due_rows(now=WEEK) == 1
    assert balance(member) == (0, 100, 0, 0)
    assert services.drive_due_rows(now=WEEK) == 0
    with entry():
        assert services.mature_points(PointsGrant.objects.get().pk, now=WEEK) is False
    assert balance(member) == (0, 100, 0, 0)


def test_return_before_the_points_are_available_takes_pending_ones(program: None, member: Member) -> None:
    earn(member, 10000)
    assert [reverse(3333, "return_line:1"), reverse(3333, "return_line:1")] == [33, 0]
    assert [reverse(3333, "return_line:2"), reverse(3334, "return_line:3")] == [33, 34]
    assert balance(member) == (0, 0, 0, 0)
    services.drive_due_rows(now=WEEK)
    assert balance(member) == (0, 0, 0, 0)


def test_return_of_more_than_was_sold_is_refused(program: None, member: Member) -> None:
    earn(member, 10000)
    with pytest.raises(services.PointsAlreadyReversed):
        reverse(10001, "return_line:1")
    assert balance(member) == (100, 0, 0, 0)


def test_return_of_an_unknown_sale_takes_nothing(program: None, member: Member) -> None:
    assert reverse(100, "return_line:1", "recognition:9") == 0


def test_return_after_the_points_were_spent_is_owed_and_paid_by_the_next(
    program: None, world: World, member: Member
) -> None:
    earn(member, 10000)
    services.drive_due_rows(now=WEEK)
    spend(world, member, 80)

    assert reverse(10000, "return_line:1") == 100
    assert balance(member) == (0, 0, 80, 80)

    earn(member, 30000, "recognition:2")
    services.drive_due_rows(now=WEEK)
    assert balance(member) == (0, 220, 80, 0)


def test_points_of_returned_goods_come_back_in_parts_and_the_rest_at_the_end(
    program: None, world: World, member: Member
) -> None:
    earn(member, 10000)
    services.drive_due_rows(now=WEEK)
    spend(world, member, 99)

    with entry():
        back = services.give_back_points("order:1", cause="return_line:1", amount_fen=33, now=NOON)
        again = services.give_back_points("order:1", cause="return_line:1", amount_fen=33, now=NOON)
    assert (back, again, balance(member)) == (33, 0, (0, 34, 66, 0))

    for _time in range(2):
        with entry():
            services.give_back_offer("order:1", now=NOON)
    assert balance(member) == (0, 100, 0, 0)


def test_entries_of_points_are_never_changed(program: None, member: Member) -> None:
    earn(member, 10000)
    with pytest.raises(IntegrityError, match="never changed"), entry():
        PointsEntry.objects.update(pending=1)
