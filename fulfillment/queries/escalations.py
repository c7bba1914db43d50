"""What a store let lie, who above it was told of that and when, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from fulfillment.choices import AT_STORE, MAY_BE_OVERDUE, PREPARING, Way
from fulfillment.choices import FulfillmentOrderStatus as Status
from fulfillment.models import Escalation
from omni.accounts import queries as accounts_queries
from omni.messages import queries as messages_queries

if TYPE_CHECKING:
    from datetime import datetime

ON_THE_ROAD = frozenset({Status.HANDED_OVER, Status.RETURNING})
SHOWN_DAYS = 7
MOST_SHOWN = 50


class Overdue(StrEnum):
    """What an escalation may be of: nobody prepares it, the company tells nothing of it, or it does not go on."""

    UNPREPARED = "unprepared"
    SILENT_PARCEL = "silent_parcel"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Told:
    """Somebody who was told; `sent_at` is None while the message is still on its way."""

    name: str
    channel_label: str
    status_label: str
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class EscalationView:
    """An order that was escalated; `is_open`: it still waits in the store, or is on the road and nobody knows where.

    `is_movable`: another store can take it over.
    """

    number: str
    raised_at: datetime
    then_label: str
    status: Status
    is_open: bool
    is_movable: bool
    deadline_at: datetime | None
    told: tuple[Told, ...]


def overdue_cause(fulfillment_order_id: int, overdue_at: datetime) -> str:
    """Return what the cause of every message about an escalation begins with; the account's id follows."""
    return f"overdue:{fulfillment_order_id}:{overdue_at.isoformat()}:"


def overdue_kind(fulfillment_order_id: int, overdue_at: datetime) -> Overdue:
    """Return what an escalation was of, by how the share stood then."""
    rows = Escalation.objects.filter(fulfillment_order=fulfillment_order_id, raised_at=overdue_at)
    status, way = rows.values_list("status", "fulfillment_order__fulfillment__way").get()
    if status in PREPARING:
        return Overdue.UNPREPARED
    if way == Way.EXPRESS and status in ON_THE_ROAD:
        return Overdue.SILENT_PARCEL
    return Overdue.STOPPED


def load_escalations(store_id: int, *, now: datetime) -> tuple[EscalationView, ...]:
    """Return the escalations of a store of the last week, what is still open first, then the newest."""
    rows = Escalation.objects.filter(store=store_id, raised_at__gt=now - timedelta(days=SHOWN_DAYS))
    escalations = list(rows.select_related("fulfillment_order").order_by("-raised_at", "-pk")[:MOST_SHOWN])
    causes = {row.pk: overdue_cause(row.fulfillment_order_id, row.raised_at) for row in escalations}
    sent = messages_queries.messages_of_causes(causes.values())
    names = accounts_queries.names_of({_account_of(message.cause) for message in sent})
    told: dict[str, list[Told]] = {}
    for message in sent:
        account_id = _account_of(message.cause)
        told.setdefault(message.cause.removesuffix(str(account_id)), []).append(
            Told(names.get(account_id, ""), message.channel_label, message.status_label, message.sent_at)
        )
    views = [_view(row, tuple(told.get(causes[row.pk], ())), store_id) for row in escalations]
    return tuple(sorted(views, key=lambda view: not view.is_open))


def _account_of(cause: str) -> int:
    return int(cause.rpartition(":")[2])


def _view(row: Escalation, told: tuple[Told, ...], store_id: int) -> EscalationView:
    share = row.fulfillment_order
    is_open = share.overdue_at is not None and share.status in MAY_BE_OVERDUE and share.store_id == store_id
    return EscalationView(
        number=share.number,
        raised_at=row.raised_at,
        then_label=row.get_status_display(),
        status=Status(share.status),
        is_open=is_open,
        is_movable=is_open and share.status in AT_STORE,
        deadline_at=share.deadline_at,
        told=told,
    )
