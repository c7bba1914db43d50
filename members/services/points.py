"""Points: earned with a sale, available once it can no longer be returned, spent, and taken back with a return."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import F
from django.utils.translation import gettext_lazy as _

from members import locks, queries
from members.choices import PointsKind
from members.models import OfferUse, PointsAccount, PointsEntry, PointsGrant, PointsProgram
from members.rules import points as rules
from omni.kernel.errors import Conflict
from omni.kernel.money import PPM
from omni.kernel.transactions import step

if TYPE_CHECKING:
    from datetime import datetime


class NotEnoughPoints(Conflict):
    """The points were spent elsewhere."""

    code = "not_enough_points"


class PointsAlreadyReversed(Conflict):
    """More of a sale is taken back than it was."""

    code = "points_already_reversed"


@step
def earn_points(member_id: int, *, cause: str, amount_fen: int, available_at: datetime, now: datetime) -> int:
    """Give the points of a sale, pending until `available_at`, once per cause; return how many.

    `amount_fen` is what was paid for the goods; it counts towards the tier. Locks Member. A brand without a points
    program gives none.
    """
    member = locks.lock_member(member_id)
    known = PointsGrant.objects.filter(cause=cause).first()
    if known is not None:
        return known.points
    program = PointsProgram.objects.filter(brand=member.brand_id).first()
    if program is None or amount_fen <= 0:
        return 0
    account, _is_new = PointsAccount.objects.get_or_create(member=member)
    tier = queries.tier_of(member_id, brand_id=member.brand_id, now=now)
    points = rules.points_for(amount_fen, fen_per_point=program.fen_per_point, earn_ppm=tier.earn_ppm if tier else PPM)
    PointsGrant.objects.create(
        account=account, cause=cause, amount_fen=amount_fen, points=points, available_at=available_at, created_at=now
    )
    _book(account, PointsKind.EARNED, cause, now, pending=points, spend_fen=amount_fen)
    return points


@step
def reverse_points(cause: str, *, part_cause: str, amount_fen: int, now: datetime) -> int:
    """Take back the points of a part of a sale, once per `part_cause`; return how many.

    What was spent already is owed, and paid by the next points. All parts of a sale sum to its points. Locks Member.

    :raises PointsAlreadyReversed: more is taken back than the sale was.
    """
    found = PointsGrant.objects.select_related("account").filter(cause=cause).first()
    if found is None or amount_fen <= 0:
        return 0
    locks.lock_member(found.account.member_id)
    if PointsEntry.objects.filter(cause=part_cause).exists():
        return 0
    grant = PointsGrant.objects.select_related("account").get(pk=found.pk)
    if grant.reversed_fen + amount_fen > grant.amount_fen:
        raise PointsAlreadyReversed(_("More is taken back than was sold."), field="amount")
    points = rules.part_points(grant.points, grant.amount_fen, before_fen=grant.reversed_fen, part_fen=amount_fen)
    PointsGrant.objects.filter(pk=grant.pk).update(
        reversed_fen=F("reversed_fen") + amount_fen, reversed_points=F("reversed_points") + points
    )
    if grant.matured_at is None:
        _book(grant.account, PointsKind.REVERSED, part_cause, now, pending=-points, spend_fen=-amount_fen)
    else:
        taken = min(points, grant.account.available)
        _book(
            grant.account, PointsKind.REVERSED, part_cause, now,
            available=-taken, owed=points - taken, spend_fen=-amount_fen,
        )  # fmt: skip
    return points


@step
def mature_points(grant_id: int, *, now: datetime) -> bool:
    """Make a sale's points available, if they are due; tell whether that was done. Locks Member."""
    found = PointsGrant.objects.select_related("account").get(pk=grant_id)
    locks.lock_member(found.account.member_id)
    if not PointsGrant.objects.filter(pk=grant_id, matured_at=None, available_at__lte=now).update(matured_at=now):
        return False
    grant = PointsGrant.objects.select_related("account").get(pk=grant_id)
    points = grant.points - grant.reversed_points
    if points:
        paid = min(points, grant.account.owed)
        _book(
            grant.account, PointsKind.MATURED, f"{grant.cause}:matured", now,
            pending=-points, available=points - paid, owed=-paid,
        )  # fmt: skip
    return True


@step
def spend_points(member_id: int, *, owner: str, points: int, amount_fen: int, now: datetime) -> None:
    """Spend points for an owner. The member must be locked.

    :raises NotEnoughPoints: so many are not available.
    """
    account = PointsAccount.objects.filter(member=member_id).first()
    if account is None:
        raise _not_enough()
    OfferUse.objects.create(owner=owner, member_id=member_id, points=points, amount_fen=amount_fen, used_at=now)
    _book(account, PointsKind.SPENT, f"{owner}:points", now, available=-points, spent=points)


@step
def give_back_points(owner: str, *, cause: str, amount_fen: int, now: datetime) -> int:
    """Give back the points that paid a part of an owner's goods, once per cause; return how many.

    For what comes back of an order that is kept otherwise; `give_back_offer` gives the rest. Locks Member, OfferUse.
    """
    use = next((row for row in locks.lock_uses(owner) if row.points), None)
    cause = f"{owner}:points:{cause}"
    if use is None or PointsEntry.objects.filter(cause=cause).exists():
        return 0
    part_fen = min(amount_fen, use.amount_fen - use.back_fen)
    points = rules.part_points(use.points, use.amount_fen, before_fen=use.back_fen, part_fen=part_fen)
    return _give_back(use, cause, points, part_fen, now)


@step
def give_back_rest(use: OfferUse, *, now: datetime) -> int:
    """Give back the points of a use that did not come back before; the use must be locked."""
    cause = f"{use.owner}:points:rest"
    return _give_back(use, cause, use.points - use.points_back, use.amount_fen - use.back_fen, now)


def _give_back(use: OfferUse, cause: str, points: int, amount_fen: int, now: datetime) -> int:
    OfferUse.objects.filter(pk=use.pk).update(
        points_back=F("points_back") + points, back_fen=F("back_fen") + amount_fen
    )
    if points:
        account = PointsAccount.objects.get(member=use.member_id)
        paid = min(points, account.owed)
        _book(account, PointsKind.GIVEN_BACK, cause, now, available=points - paid, spent=-points, owed=-paid)
    return points


def _book(account: PointsAccount, kind: PointsKind, cause: str, now: datetime, **changes: int) -> None:
    """Change the counters, guarded, and write the entry that says why."""
    counters = {name: change for name, change in changes.items() if change and name != "spend_fen"}
    guard = {f"{name}__gte": -change for name, change in counters.items() if change < 0}
    change = {name: F(name) + change for name, change in counters.items()}
    if change and not PointsAccount.objects.filter(pk=account.pk, **guard).update(**change):
        raise _not_enough()
    PointsEntry.objects.create(account=account, kind=kind, cause=cause, booked_at=now, **changes)


def _not_enough() -> NotEnoughPoints:
    return NotEnoughPoints(_("You do not have so many points any more."), field="points")
