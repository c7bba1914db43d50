"""What the desk shows of counts: those under way, what is to be counted, and what was counted against the books."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count as Number
from django.db.models import Exists, F, OuterRef, Q

from inventory.choices import CORRECTIVE_MOVEMENTS, CountStatus
from inventory.models import Count, CountEntry, CountLine, CountTask, StockMovement, Variant
from inventory.queries.pricing import unit_prices
from inventory.rules import shelf as rules
from omni.kernel import bilingual
from omni.kernel.errors import NotFound
from omni.kernel.numbers import is_valid_number
from stores import queries as stores_queries

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from django.db.models import QuerySet

    from stores.models import Store

OPEN = (CountStatus.COUNTING, CountStatus.REVIEW)
MOST_CLOSED = 20


@dataclass(frozen=True, slots=True)
class CountRow:
    """A count in a list, how far it has come, and who planned it."""

    count: Count
    lines: int
    counted: int
    planned_by: str

    @property
    def title(self) -> str:
        """Say what is counted."""
        return title_of(self.count)


@dataclass(frozen=True, slots=True)
class LineRow:
    """A level of a count. `verdict` is None when nobody counted it; `problem`: it must be counted again."""

    line: CountLine
    variant: Variant
    verdict: rules.Verdict | None
    counters: tuple[str, ...]
    promised: int
    moved_since: int
    has_problem: bool
    value_fen: int

    @property
    def difference(self) -> int:
        """Return how many units the books lack (or have too many, below zero)."""
        return self.verdict.difference if self.verdict else 0


@dataclass(frozen=True, slots=True)
class CountPage:
    """A count with its lines: those counted last first while it is counted, else those that differ."""

    count: Count
    rows: tuple[LineRow, ...]
    counted: int
    total: int
    units: int
    closed_by: str

    @property
    def title(self) -> str:
        """Say what is counted."""
        return title_of(self.count)

    @property
    def differing(self) -> list[LineRow]:
        """Return the rows that differ from the books."""
        return [row for row in self.rows if row.difference]

    @property
    def uncounted(self) -> int:
        """Return how many levels nobody counted."""
        return self.total - self.counted

    @property
    def value_fen(self) -> int:
        """Return what the differences are worth at today's prices."""
        return sum(row.value_fen for row in self.rows)

    @property
    def has_problems(self) -> bool:
        """Tell whether something must be counted again before this can be approved."""
        return any(row.has_problem for row in self.rows)


def title_of(count: Count) -> str:
    """Say what a count is of: its category, style or shelf by name, else its scope."""
    named = count.product or count.category
    return bilingual.name_of(named) if named else count.shelf or str(count.get_scope_display())


def get_count(store: Store, number: str) -> Count:
    """Return a count of a store.

    :raises NotFound: when there is none.
    """
    counts = Count.objects.filter(store=store, number=number).select_related("category", "product")
    found = counts.first() if is_valid_number(number) else None
    if found is None:
        raise NotFound
    return found


def counts_of(store: Store) -> list[CountRow]:
    """Return the counts of a store, the open ones first, then the newest; three queries."""
    counts = Count.objects.filter(store=store).select_related("category", "product")
    rows = [*counts.filter(status__in=OPEN).order_by("-planned_at", "-pk")]
    rows += counts.exclude(status__in=OPEN).order_by("-planned_at", "-pk")[:MOST_CLOSED]
    is_counted = Exists(CountEntry.objects.filter(line=OuterRef("pk"), round=OuterRef("round")))
    lines = CountLine.objects.filter(count__in=[row.pk for row in rows]).annotate(is_counted=is_counted)
    figures = {
        count_id: (total, counted)
        for count_id, total, counted in lines.values("count")
        .annotate(total=Number("pk"), done=Number("pk", filter=Q(is_counted=True)))
        .values_list("count", "total", "done")
    }
    names = stores_queries.staff_names({row.planned_by for row in rows}, store.brand_id)
    return [CountRow(row, *figures.get(row.pk, (0, 0)), names.get(row.planned_by, "")) for row in rows]


def count_tasks(store: Store) -> QuerySet[CountTask]:
    """Return what somebody must count in a store, the oldest first."""
    tasks = CountTask.objects.filter(level__store=store, closed_at__isnull=True)
    return tasks.select_related("level__variant__product").order_by("opened_at", "pk")


def load_count(store: Store, number: str, *, now: datetime) -> CountPage:
    """Read a count; seven queries.

    :raises NotFound: when the store has none of this number.
    """
    count = get_count(store, number)
    lines = list(count.lines.select_related("level__variant__product__category").order_by("pk"))
    entries: dict[int, list[CountEntry]] = {}
    for entry in CountEntry.objects.filter(line__count=count, round=F("line__round")).order_by("pk"):
        entries.setdefault(entry.line_id, []).append(entry)
    prices = unit_prices([line.level.variant_id for line in lines], now)
    labels = {entry.counted_by for found in entries.values() for entry in found}
    names = stores_queries.staff_names(labels | {count.closed_by}, store.brand_id)
    seen = {line.level_id: min(e.seen_movement for e in entries[line.pk]) for line in lines if line.pk in entries}
    moved, put_right = _since(seen) if count.status in OPEN else ({}, set())
    rows = [
        _row(line, entries.get(line.pk, []), names, prices.get(line.level.variant_id, 0), moved, put_right)
        for line in lines
    ]
    if count.status == CountStatus.COUNTING:
        last = {line_id: found[-1].pk for line_id, found in entries.items()}
        rows.sort(key=lambda row: (row.verdict is None, -last.get(row.line.pk, 0), row.line.pk))
    else:
        rows.sort(key=lambda row: (not row.has_problem, -abs(row.difference), row.verdict is not None, row.line.pk))
    units = sum(row.verdict.counted for row in rows if row.verdict)
    return CountPage(count, tuple(rows), len(entries), len(lines), units, names.get(count.closed_by, ""))


def _row(  # noqa: PLR0917  one row of several readings
    line: CountLine,
    entries: list[CountEntry],
    names: Mapping[str, str],
    price_fen: int,
    moved: Mapping[int, int],
    put_right: Collection[int],
) -> LineRow:
    """Put a line together with what was counted of it."""
    verdict = rules.judge([rules.Entry(entry.quantity, entry.books, entry.seen_movement) for entry in entries])
    is_open = line.closed_at is None
    return LineRow(
        line,
        line.level.variant,
        verdict,
        tuple(sorted({names.get(entry.counted_by, "") for entry in entries} - {""})),
        line.level.held + line.level.allocated,
        moved.get(line.level_id, 0),
        is_open and verdict is not None and _has_problem(line, verdict, put_right),
        verdict.difference * price_fen if verdict else 0,
    )


def _has_problem(line: CountLine, verdict: rules.Verdict, put_right: Collection[int]) -> bool:
    """Tell whether a level would be refused now; see `inventory.services.counts`."""
    return verdict.is_torn or line.level_id in put_right or line.level.on_hand + verdict.difference < 0


def _since(seen: dict[int, int]) -> tuple[dict[int, int], set[int]]:
    """Return what levels moved since they were counted, and which were put right since."""
    moved: dict[int, int] = {}
    put_right: set[int] = set()
    since = StockMovement.objects.filter(level__in=seen, pk__gt=min(seen.values(), default=0))
    for level_id, key, kind, quantity in since.values_list("level", "pk", "kind", "quantity"):
        if key > seen[level_id]:
            moved[level_id] = moved.get(level_id, 0) + quantity
            if kind in CORRECTIVE_MOVEMENTS:
                put_right.add(level_id)
    return moved, put_right
