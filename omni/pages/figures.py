"""A person's numbers at the desk: what they and their store have sold, done and have before them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from fulfillment import queries as fulfillment_queries
from omni.kernel import clock
from orders import queries as orders_queries
from settlement import choices as settlement_choices
from settlement import queries as settlement_queries

if TYPE_CHECKING:
    from datetime import date


@dataclass(frozen=True, slots=True)
class Credit:
    """What a role is credited with."""

    label: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Own:
    """The sales of one person, or of a store, and their credit by role; `credit_fen` is its sum."""

    sales: orders_queries.SalesFigures
    credit: tuple[Credit, ...]

    @property
    def credit_fen(self) -> int:
        """Return the credit of all roles."""
        return sum(part.amount_fen for part in self.credit)


@dataclass(frozen=True, slots=True)
class Place:
    """One of a store's people in the ranking; `share` is what they sold of what the first did, in percent."""

    rank: int
    name: str
    net_fen: int
    units: int
    share: int
    is_me: bool


@dataclass(frozen=True, slots=True)
class Numbers:
    """Everything of one period. `mine` is None for somebody who does not sell in this store."""

    label: str
    is_today: bool
    mine: Own | None
    store: Own
    tasks: fulfillment_queries.TaskFigures
    visits: orders_queries.Visits
    ranking: tuple[Place, ...]


def read(store_id: int, staff_id: int | None, *, is_today: bool, now: datetime) -> Numbers:
    """Return the numbers of today, or of the month so far; as many statements for many sales as for few."""
    today = clock.business_date(now)
    first = today if is_today else today.replace(day=1)
    start, end = _moment(first), _moment(today + timedelta(days=1))
    return Numbers(
        label=_("Today") if is_today else _("This month"),
        is_today=is_today,
        mine=_own(store_id, first, today, staff_id) if staff_id is not None else None,
        store=_own(store_id, first, today, None),
        tasks=fulfillment_queries.task_figures(store_id, start, end),
        visits=orders_queries.visits(store_id, start, end),
        ranking=_ranking(store_id, first, today, staff_id),
    )


def _own(store_id: int, first: date, last: date, staff_id: int | None) -> Own:
    credit = settlement_queries.credit_by_role(store_id, first, last, staff_id=staff_id)
    return Own(
        orders_queries.sales_figures(store_id, first, last, staff_id=staff_id),
        tuple(Credit(str(settlement_choices.CreditRole(part.key).label), part.amount_fen) for part in credit),
    )


def _ranking(store_id: int, first: date, last: date, staff_id: int | None) -> tuple[Place, ...]:
    """Return who sold how much; who sold as much shares a rank."""
    rows = orders_queries.guide_ranking(store_id, first, last)
    most = max((row.net_fen for row in rows), default=0)
    return tuple(
        Place(
            rank=1 + sum(other.net_fen > row.net_fen for other in rows),
            name=row.name,
            net_fen=row.net_fen,
            units=row.units,
            share=max(0, 100 * row.net_fen // most) if most > 0 else 0,
            is_me=row.staff_id == staff_id,
        )
        for row in rows
    )


def _moment(day: date) -> datetime:
    """Return when a business date begins."""
    return datetime.combine(day, time.min, clock.BUSINESS_ZONE)
