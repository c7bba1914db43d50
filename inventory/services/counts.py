"""Cycle counts: planned, counted blind by one or several, looked at, approved.

What is booked is what was counted less the books *at that moment*, so that whatever was sold, received or returned
since stays as it is. Every piece is written down under its level's lock, with the books of that moment; see
`inventory.models.CountEntry`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Max, Sum
from django.utils.translation import gettext_lazy as _

from inventory import locks
from inventory.choices import CORRECTIVE_MOVEMENTS, CountScope, CountStatus, MovementKind
from inventory.models import Count, CountEntry, CountLine, CountTask, StockLevel, StockMovement
from inventory.permissions import require_manager
from inventory.rules import shelf as rules
from inventory.services.corrections import Figure, correct_levels
from omni.kernel.clock import business_date
from omni.kernel.errors import Conflict, InvalidInput
from omni.kernel.numbers import public_number
from omni.kernel.states import StateConflict, transition
from omni.kernel.transactions import step

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date, datetime

    from django.db.models import QuerySet

    from stores.permissions import Actor

MOST_AT_ONCE = 9_999


class NothingToCount(Conflict):
    """No level fits what is to be counted, or all of them are being counted already."""

    code = "nothing_to_count"


class CountedElsewhere(Conflict):
    """The level is in another count that is not over."""

    code = "counted_elsewhere"


class CountNeedsRecount(Conflict):
    """Some levels must be counted again first; `level_ids` names them."""

    code = "count_needs_recount"

    def __init__(self, level_ids: Sequence[int]) -> None:
        super().__init__(_("Some pieces must be counted again before this can be approved."))
        self.level_ids = tuple(level_ids)


@dataclass(frozen=True, slots=True)
class CountPlan:
    """What is to be counted in a store: a category, style or shelf (the beginning of its places) as the scope says."""

    store_id: int
    scope: CountScope
    category_id: int | None = None
    product_id: int | None = None
    shelf: str = ""


@step
def plan_count(plan: CountPlan, *, actor: Actor, now: datetime) -> Count:
    """Open a count of the levels that the plan means; those in another open count are left to it.

    :raises NothingToCount: when none is left.
    """
    count = Count.objects.create(
        number=public_number("K"),
        store_id=plan.store_id,
        scope=plan.scope,
        category_id=plan.category_id,
        product_id=plan.product_id,
        shelf=plan.shelf,
        planned_by=actor.label,
        planned_at=now,
    )
    level_ids = _levels_of(plan).order_by("pk").values_list("pk", flat=True)
    lines = [CountLine(count=count, level_id=level_id) for level_id in level_ids]
    CountLine.objects.bulk_create(lines, ignore_conflicts=True)
    if not count.lines.exists():
        raise NothingToCount(_("There is nothing to count, or somebody counts it already."), field="scope")
    return count


def _levels_of(plan: CountPlan) -> QuerySet[StockLevel]:
    levels = StockLevel.objects.filter(store=plan.store_id)
    if plan.scope == CountScope.TASKS:
        open_tasks = CountTask.objects.filter(closed_at__isnull=True)
        return levels.filter(pk__in=open_tasks.filter(level__store=plan.store_id).values("level"))
    if plan.scope == CountScope.STYLE:
        return levels.filter(variant__product=plan.product_id)
    if plan.scope == CountScope.SHELF:
        levels = levels.filter(bin__startswith=plan.shelf).exclude(bin="")
    elif plan.scope == CountScope.CATEGORY:
        levels = levels.filter(variant__product__category=plan.category_id)
    # What the books lack and somebody finds is added as it is scanned.
    return levels.filter(on_hand__gt=0)


@step
def count_pieces(count_id: int, variant_id: int, quantity: int, *, actor: Actor, now: datetime) -> CountLine:
    """Write down that pieces of a variant were counted (below zero: taken back; zero: none are there).

    A variant that was not planned joins the count. Locks the count, then the level.

    :raises StateConflict: when the count is not being counted.
    :raises InvalidInput: with field "quantity", when more is taken back than was counted, or too many at once.
    :raises CountedElsewhere: when the variant is in another open count of the store.
    """
    if abs(quantity) > MOST_AT_ONCE:
        raise InvalidInput(_("Enter how many pieces."), field="quantity")
    count = locks.lock_count(count_id)
    _require(count, CountStatus.COUNTING)
    locks.add_missing_levels([(count.store_id, variant_id)])
    level = locks.lock_level(count.store_id, variant_id)
    line = _line_for(count, level)
    so_far = line.entries.filter(round=line.round).aggregate(units=Sum("quantity"))["units"] or 0
    if so_far + quantity < 0:
        raise InvalidInput(_("Not that many were counted."), field="quantity")
    _write_entries([line], {level.pk: level}, {line.pk: quantity}, actor, now)
    return line


def _line_for(count: Count, level: StockLevel) -> CountLine:
    """Return the count's line of a level, joined now if it was not planned."""
    line = count.lines.filter(level=level).first()
    if line is not None:
        return line
    if CountLine.objects.filter(level=level, closed_at__isnull=True).exists():
        raise CountedElsewhere(_("This is being counted in another count."), field="code")
    return CountLine.objects.create(count=count, level=level, is_planned=False)


def _write_entries(
    lines: Sequence[CountLine],
    levels: Mapping[int, StockLevel],
    quantities: Mapping[int, int],
    actor: Actor,
    now: datetime,
) -> None:
    """Write what was counted of locked levels, with their books as they are now."""
    seen = dict(
        StockMovement.objects.filter(level__in=[line.level_id for line in lines])
        .values("level")
        .annotate(last=Max("pk"))
        .values_list("level", "last")
    )
    CountEntry.objects.bulk_create(
        CountEntry(
            line=line,
            round=line.round,
            quantity=quantities[line.pk],
            books=levels[line.level_id].on_hand,
            seen_movement=seen.get(line.level_id, 0),
            counted_by=actor.label,
            counted_at=now,
        )
        for line in lines
    )


@step
def submit_count(count_id: int, *, actor: Actor, now: datetime) -> None:
    """End the counting, so that a manager may look at it. What nobody counted stays uncounted.

    :raises StateConflict: when the count is not being counted.
    """
    count = locks.lock_count(count_id)
    transition(count, to=CountStatus.REVIEW, actor=actor.label, now=now)


@step
def count_rest_as_none(count_id: int, *, actor: Actor, now: datetime) -> int:
    """Write down that none is there of whatever nobody counted, and return how many levels that were.

    Locks the count, then the levels.

    :raises StateConflict: when the count is over.
    """
    count = locks.lock_count(count_id)
    _require(count, CountStatus.COUNTING, CountStatus.REVIEW)
    lines = [line for line, verdict in _judged(count).items() if verdict is None]
    levels = locks.lock_levels(line.level_id for line in lines)
    _write_entries(lines, levels, {line.pk: 0 for line in lines}, actor, now)
    return len(lines)


@step
def recount(count_id: int, level_ids: Collection[int], *, actor: Actor, now: datetime) -> None:
    """Let some levels be counted anew from nothing; the others keep what was counted. The manager decides it.

    :raises ManagerNeeded: when somebody else does.
    :raises InvalidInput: with field "lines", when none of them is in the count.
    :raises StateConflict: when the count is not being looked at.
    """
    count = locks.lock_count(count_id)
    require_manager(actor, count.store_id)
    lines = list(count.lines.filter(level__in=level_ids))
    if not lines:
        raise InvalidInput(_("Choose what is to be counted again."), field="lines")
    transition(count, to=CountStatus.COUNTING, actor=actor.label, now=now, reason="recount")
    for line in lines:
        line.round += 1
    CountLine.objects.bulk_update(lines, ["round"])


@step
def approve_count(count_id: int, *, actor: Actor, now: datetime) -> int:
    """Book what was counted, close the count tasks of those levels, and return how many levels were corrected.

    Each level changes by what was counted less the books at that moment: what moved since is kept. What is promised
    beyond what is left is displaced (emits ReservationDisplaced). What nobody counted stays as it was. Locks the
    count, then the levels in the order of their ids.

    :raises ManagerNeeded: when somebody else than a manager of the store does it.
    :raises StateConflict: when the count is not being looked at.
    :raises CountNeedsRecount: when books moved while a level was counted, were put right since, or cannot be so.
    """
    count = locks.lock_count(count_id)
    require_manager(actor, count.store_id)
    transition(count, to=CountStatus.APPROVED, actor=actor.label, now=now)
    judged = _judged(count)
    levels = locks.lock_levels(line.level_id for line, verdict in judged.items() if verdict is not None)
    counted = {line: verdict for line, verdict in judged.items() if verdict is not None}
    refused = _to_recount(counted, levels)
    if refused:
        raise CountNeedsRecount(sorted(refused))
    for on, figures in _figures_by_day(counted, levels).items():
        correct_levels(
            figures,
            kind=MovementKind.COUNT,
            cause=f"count:{count.number}:{on:%y%m%d}",
            actor=actor.label,
            now=now,
            counted_on=on,
        )
    for line, verdict in counted.items():
        line.counted, line.books = verdict.counted, verdict.books
    CountLine.objects.bulk_update(counted, ["counted", "books"])
    CountTask.objects.filter(level__in=levels, closed_at__isnull=True).update(closed_at=now)
    _close(count, actor, now)
    return sum(verdict.difference != 0 for verdict in counted.values())


@step
def cancel_count(count_id: int, *, actor: Actor, now: datetime) -> None:
    """Give a count up; nothing is booked.

    :raises ManagerNeeded: when somebody else than a manager of the store, or who planned it, does.
    :raises StateConflict: when the count is over.
    """
    count = locks.lock_count(count_id)
    if actor.label != count.planned_by:
        require_manager(actor, count.store_id)
    transition(count, to=CountStatus.CANCELLED, actor=actor.label, now=now)
    _close(count, actor, now)


def _close(count: Count, actor: Actor, now: datetime) -> None:
    """Let the levels go, so that other counts may take them."""
    Count.objects.filter(pk=count.pk).update(closed_by=actor.label, closed_at=now)
    count.lines.update(closed_at=now)


def _require(count: Count, *statuses: CountStatus) -> None:
    if count.status not in statuses:
        raise StateConflict(_("This count is not being counted any more."), field="status")


def _judged(count: Count) -> dict[CountLine, rules.Verdict | None]:
    """Return what was counted of each line in its present round; two queries."""
    entries: dict[int, list[rules.Entry]] = {}
    rows = CountEntry.objects.filter(line__count=count).order_by("pk")
    lines = {line.pk: line for line in count.lines.order_by("level")}
    for line_id, in_round, *facts in rows.values_list("line", "round", "quantity", "books", "seen_movement"):
        if lines[line_id].round == in_round:
            entries.setdefault(line_id, []).append(rules.Entry(*facts))
    return {line: rules.judge(entries.get(key, [])) for key, line in lines.items()}


def _to_recount(counted: Mapping[CountLine, rules.Verdict], levels: Mapping[int, StockLevel]) -> set[int]:
    """Return the levels that cannot be booked as they were counted; the levels are locked.

    The books moved between the first piece and the last; or they were put right since, so that a piece found missing
    would be taken off twice; or more has left since than was counted.
    """
    first_seen = {line.level_id: verdict.seen_movement for line, verdict in counted.items()}
    since = StockMovement.objects.filter(pk__gt=min(first_seen.values(), default=0))
    put_right = since.filter(level__in=first_seen, kind__in=CORRECTIVE_MOVEMENTS)
    later = {level for level, movement in put_right.values_list("level", "pk") if movement > first_seen[level]}
    return later | {
        line.level_id
        for line, verdict in counted.items()
        if verdict.is_torn or levels[line.level_id].on_hand + verdict.difference < 0
    }


def _figures_by_day(
    counted: Mapping[CountLine, rules.Verdict], levels: Mapping[int, StockLevel]
) -> dict[date, list[Figure]]:
    """Return what the levels shall have, by the day on which they were counted."""
    rows = CountEntry.objects.filter(line__in=[line.pk for line in counted])
    last = dict(rows.values("line").annotate(at=Max("counted_at")).values_list("line", "at"))
    figures: dict[date, list[Figure]] = {}
    for line, verdict in counted.items():
        level = levels[line.level_id]
        on_hand = level.on_hand + verdict.difference
        figure = Figure(level.pk, on_hand, min(level.unsellable, on_hand))
        figures.setdefault(business_date(last[line.pk]), []).append(figure)
    return figures
