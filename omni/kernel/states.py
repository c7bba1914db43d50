"""Statuses change by compare-and-set along a table of transitions, and every change is logged with itself."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Protocol

from django.db import connection
from django.utils.translation import gettext_lazy as _

from omni.kernel.errors import Conflict
from omni.kernel.transactions import step

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from django.db.models import Model


class Stateful(Protocol):
    """A model with a `status` column and the table of changes allowed from each status."""

    status: Any
    pk: Any

    @property
    def TRANSITIONS(self) -> Mapping[Any, frozenset[Any]]: ...  # noqa: N802  a class constant of the models


class StateConflict(Conflict):
    """The change is not allowed from the present status, or another transaction changed the status first."""

    code = "state_conflict"


@step
def transition(obj: Stateful, *, to: str, actor: str, now: datetime, reason: str = "") -> None:
    """Move a row to another status and log it, in one statement; `obj.status` is the status it must still have.

    `actor` names who did it, without personal data ("staff:12", "system", "courier:7"). The row stays locked until
    the transaction ends. Only `status` is written; other columns are the caller's.

    :raises StateConflict: when `TRANSITIONS` of the class does not allow it, or the row has another status by now.
    """
    before, after = str(obj.status), str(to)
    model = type(obj)
    if after not in obj.TRANSITIONS.get(before, frozenset()):
        raise _conflict(model, before, after)
    statement, entity = _statement_for(model)
    with connection.cursor() as cursor:
        cursor.execute(statement, [after, obj.pk, before, entity, before, after, actor, reason, now])
        moved = cursor.rowcount == 1
    if not moved:
        raise _conflict(model, before, after)
    obj.status = after


@functools.cache
def _statement_for(model: type[Model]) -> tuple[str, str]:
    """Return the statement that moves and logs a row of this model, and the entity name of the log."""
    quote = connection.ops.quote_name
    meta: Any = model._meta
    key, status = quote(meta.pk.column), quote(meta.get_field("status").column)
    statement = (
        f"WITH moved AS (UPDATE {quote(meta.db_table)} SET {status} = %s"  # noqa: S608  names from the model alone
        f" WHERE {key} = %s AND {status} = %s RETURNING {key} AS id)"
        " INSERT INTO kernel_transition (entity, entity_id, from_status, to_status, actor, reason, at)"
        " SELECT %s, moved.id, %s, %s, %s, %s, %s FROM moved"
    )
    return statement, model._meta.label_lower


def _conflict(model: type[Any], before: str, after: str) -> StateConflict:
    """Build the refusal; the statuses are in its parameters."""
    return StateConflict(
        _("This has changed meanwhile, so it cannot be done any more. Look at it again."),
        field="status",
        entity=model._meta.label_lower,
        before=before,
        after=after,
    )
