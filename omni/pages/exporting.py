"""A copy of what is kept of a person: every app contributes what it knows; a worker puts it into one archive.

The archive holds `data.json` for machines, and for people `index.html` and one CSV file a table.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import logging
import zipfile
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import translation

from members import queries as members_queries
from omni.accounts import queries as accounts_queries
from omni.kernel import numbers
from omni.kernel.errors import DomainError, NotFound
from omni.kernel.outbox import hint
from omni.kernel.states import transition
from omni.kernel.transactions import drive, entry, step
from omni.messages import queries as messages_queries
from omni.pages.models import DataExport, ExportStatus
from orders import queries as orders_queries
from stores import permissions as stores_permissions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.core.files.base import File

logger = logging.getLogger(__name__)

ACTOR = "system:pages"
Tables = dict[str, list[dict[str, object]]]
RETRY = timedelta(minutes=2)
LONGEST_RETRY = timedelta(hours=1)
BATCH = 20


def collect(user_id: int) -> dict[str, Tables]:
    """Return what every app keeps of a person: the one list of who contributes."""
    phone = accounts_queries.get_identity(user_id).phone
    return {
        "account": accounts_queries.export_account(user_id),
        "messages": messages_queries.export_messages(phone) if phone else {},
        "members": members_queries.export_person(user_id),
        "orders": orders_queries.export_orders(stores_permissions.Actor(f"user:{user_id}", user_id=user_id)),
    }


@step
def request_export(user_id: int, *, language: str, now: datetime) -> str:
    """Write that a person wants a copy of their data; return its number. One that is being made is not made twice."""
    waiting = DataExport.objects.filter(user=user_id, status=ExportStatus.REQUESTED).first()
    if waiting is not None:
        return waiting.number
    export = DataExport.objects.create(
        user_id=user_id,
        number=numbers.public_number("D"),
        language=language,
        requested_at=now,
        next_attempt_at=now,
    )
    hint("pages.drive_export", export_id=export.pk)
    return export.number


@drive
def drive_export(export_id: int, *, now: datetime) -> bool:
    """Make a copy that is due, or remove one whose days are over; False when it was not due.

    The next attempt is committed first; a file that nobody points to is written over by the next one.
    """
    with entry():
        export = _claim(export_id, now)
    if export is None:
        return False
    if export.status == ExportStatus.REQUESTED:
        name = f"exports/{export.number}.zip"
        with translation.override(export.language):
            content = archive(collect(export.user_id))
        storages["private"].delete(name)
        storages["private"].save(name, ContentFile(content))
        try:
            with entry():
                _finish(export, name, now=now)
        except DomainError:  # removed meanwhile: its owner is being forgotten
            storages["private"].delete(name)
    else:
        storages["private"].delete(export.file_name)
        with entry():
            remove(export, now=now)
    return True


@drive
def drive_due_exports(*, now: datetime) -> int:
    """Take every copy that is due one step on, each alone; return how many were tried."""
    due = (
        DataExport.objects.filter(next_attempt_at__lte=now)
        .order_by("next_attempt_at", "pk")
        .values_list("pk", flat=True)
    )
    tried = list(due[:BATCH])
    for export_id in tried:
        try:
            drive_export(export_id, now=now)
        except Exception as error:  # noqa: BLE001  its claim has put it off already, longer every time
            logger.error("Copy %s could not be made: %s", export_id, type(error).__name__)  # noqa: TRY400
    return len(tried)


def _claim(export_id: int, now: datetime) -> DataExport | None:
    export = DataExport.objects.filter(pk=export_id, next_attempt_at__lte=now).first()
    if export is None:
        return None
    again_at = now + min(RETRY * 2**export.attempts, LONGEST_RETRY)
    mine = DataExport.objects.filter(pk=export_id, next_attempt_at=export.next_attempt_at, attempts=export.attempts)
    return export if mine.update(next_attempt_at=again_at, attempts=export.attempts + 1) else None


def _finish(export: DataExport, name: str, *, now: datetime) -> None:
    transition(export, to=ExportStatus.READY, actor=ACTOR, now=now)
    DataExport.objects.filter(pk=export.pk).update(
        file_name=name, ready_at=now, attempts=0, next_attempt_at=now + timedelta(days=settings.EXPORT_KEEP_DAYS)
    )


@step
def remove(export: DataExport, *, now: datetime) -> None:
    """Write that a copy is no longer kept."""
    transition(export, to=ExportStatus.REMOVED, actor=ACTOR, now=now)
    DataExport.objects.filter(pk=export.pk).update(file_name="", next_attempt_at=None)


@step
def remove_all(user_id: int, *, now: datetime) -> None:
    """Let every copy of a person's data be removed at once, by the sweeper."""
    DataExport.objects.filter(user=user_id, status=ExportStatus.READY).update(next_attempt_at=now, attempts=0)
    for export in DataExport.objects.filter(user=user_id, status=ExportStatus.REQUESTED).order_by("pk"):
        remove(export, now=now)


def exports_of(user_id: int) -> list[DataExport]:
    """Return the account's copies that are being made or can be fetched, the newest first."""
    rows = DataExport.objects.filter(user=user_id).exclude(status=ExportStatus.REMOVED)
    return list(rows.order_by("-pk"))


def open_export(user_id: int, number: str, *, now: datetime) -> File[bytes]:
    """Open a copy for its owner.

    :raises NotFound: there is none, it is somebody else's, not made yet, or no longer kept.
    """
    ready = DataExport.objects.filter(user=user_id, number=number, status=ExportStatus.READY, next_attempt_at__gt=now)
    export = ready.first()
    if export is None or not storages["private"].exists(export.file_name):
        raise NotFound
    return storages["private"].open(export.file_name)


def audit_exports(*, overdue: datetime) -> tuple[int, int, list[str] | None]:
    """Check that no copy has waited to be made or removed since before a moment, or for nothing."""
    unfinished = DataExport.objects.exclude(status=ExportStatus.REMOVED)
    wrong = unfinished.filter(Q(next_attempt_at__isnull=True) | Q(next_attempt_at__lt=overdue))
    named = [f"{number}: {status}" for number, status in wrong.order_by("pk").values_list("number", "status")[:20]]
    return unfinished.count(), wrong.count(), named


def archive(sections: Mapping[str, Tables]) -> bytes:
    """Return the archive of what was collected: JSON, a page to read, and CSV files."""
    plain = json.loads(json.dumps(sections, default=_as_text, ensure_ascii=False))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as files:
        files.writestr("data.json", json.dumps(plain, ensure_ascii=False, indent=2))
        files.writestr("index.html", render_to_string("account/export.html", {"tables": _tables(plain)}))
        for table in _tables(plain):
            files.writestr(f"{table.name}.csv", table.as_csv())
    return buffer.getvalue()


@dataclasses.dataclass(frozen=True)
class Table:
    """One table of the archive: a name, columns and rows as text."""

    name: str
    columns: list[str]
    rows: list[list[str]]

    def as_csv(self) -> str:
        """Return the table as CSV that spreadsheets open as UTF-8, and in which no cell is taken for a formula."""
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(self.columns)
        writer.writerows(
            [[f"'{cell}" if cell[:1] in {"=", "@", "-", "+"} else cell for cell in row] for row in self.rows]
        )
        return "\ufeff" + text.getvalue()


def _tables(sections: Mapping[str, Mapping[str, list[dict[str, Any]]]]) -> list[Table]:
    return [
        Table(name, list(rows[0]), [["" if cell is None else str(cell) for cell in row.values()] for row in rows])
        for tables in sections.values()
        for name, rows in tables.items()
        if rows
    ]


def _plain_cell(cell: str) -> str:
    return f"'{cell}" if cell.startswith(("=", "@", "-", "+")) else cell


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
