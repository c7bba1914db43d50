"""A till's day: opened with its float, cash paid in and out, counted blind, closed; a large difference is confirmed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from omni.kernel.errors import Conflict, InvalidInput
from omni.kernel.outbox import publish
from omni.kernel.states import transition
from omni.kernel.transactions import step
from orders import locks, queries, rules
from orders.choices import DrawerStatus, MovementKind
from orders.events import DrawerClosed
from orders.models import DrawerMovement, DrawerSession

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

MAX_TILL_LENGTH = 20
MAX_REASON_LENGTH = 120
# More cash than any drawer holds.
MAX_CASH_FEN = 100_000_000


class DrawerNotOpen(Conflict):
    """The till is not open: it was counted, or closed."""

    code = "drawer_not_open"


class TillTaken(Conflict):
    """The till is open already."""

    code = "till_taken"


class DrawerNotCounted(Conflict):
    """The till waits for nobody to confirm its difference."""

    code = "drawer_not_counted"


class InvalidTill(InvalidInput):
    """A till without a name, or with a name that is too long."""

    code = "invalid_till"


class InvalidCash(InvalidInput):
    """An amount of cash that no drawer holds; `field` names it."""

    code = "invalid_cash"


class NotEnoughCash(Conflict):
    """There is less in the drawer than is to be taken out."""

    code = "not_enough_cash"


class ReasonMissing(InvalidInput):
    """Nobody said why."""

    code = "reason_missing"


@step
def open_drawer(store_id: int, *, till: str, float_fen: int, actor: str, now: datetime) -> DrawerSession:
    """Open a till of a store with the cash that lies in it.

    :raises InvalidTill: with field "till".
    :raises InvalidCash: with field "float".
    :raises TillTaken: with field "till", when it is open already.
    """
    name = till.strip()
    if not name or len(name) > MAX_TILL_LENGTH or not name.isprintable():
        raise InvalidTill(_("Name the till."), field="till")
    if not 0 <= float_fen <= MAX_CASH_FEN:
        raise InvalidCash(_("Enter an amount that fits a drawer."), field="float")
    try:
        with transaction.atomic():
            return DrawerSession.objects.create(
                store_id=store_id, till=name, float_fen=float_fen, opened_by=actor, opened_at=now
            )
    except IntegrityError as error:
        raise TillTaken(_("This till is open already."), field="till") from error


@step
def move_cash(
    drawer_id: int, kind: MovementKind, *, amount_fen: int, reason: str, once: str, actor: str, now: datetime
) -> DrawerMovement:
    """Pay cash into a drawer (PAID_IN) or out of it (PAID_OUT), with a reason; the same `once` is one movement.

    Locks DrawerSession.

    :raises InvalidCash: with field "amount".
    :raises ReasonMissing: with field "reason".
    :raises NotEnoughCash: with field "amount", when less is in the drawer.
    :raises DrawerNotOpen: when it was closed.
    """
    drawer = locks.lock_drawer(drawer_id)
    known = DrawerMovement.objects.filter(session=drawer, cause=f"{kind}:{once}").first()
    if known is not None:
        return known
    _check_open(drawer)
    if not 0 < amount_fen <= MAX_CASH_FEN:
        raise InvalidCash(_("Enter an amount that fits a drawer."), field="amount")
    if not reason.strip() or len(reason) > MAX_REASON_LENGTH:
        raise ReasonMissing(_("Say why."), field="reason")
    if kind == MovementKind.PAID_OUT:
        check_enough(drawer, amount_fen)
    return DrawerMovement.objects.create(
        session=drawer,
        kind=kind,
        amount_fen=amount_fen if kind == MovementKind.PAID_IN else -amount_fen,
        cause=f"{kind}:{once}",
        reason=reason.strip(),
        actor=actor,
        at=now,
    )


@step
def count_drawer(drawer_id: int, counts: Mapping[int, int], *, note: str, actor: str, now: datetime) -> DrawerSession:
    """Close a till with what was counted, pieces by denomination; what should be there is fixed now.

    It is closed, unless the difference is above the limit: then it waits for a manager, and takes no cash any more.
    Locks DrawerSession. Emits DrawerClosed.

    :raises InvalidCash: naming "count-<fen>".
    :raises DrawerNotOpen: when somebody else counted it.
    """
    for denomination, pieces in counts.items():
        if denomination not in rules.DENOMINATIONS or not 0 <= pieces <= MAX_CASH_FEN // denomination:
            raise InvalidCash(_("Enter how many pieces there are."), field=f"count-{denomination}")
    drawer = lock_open(drawer_id)
    drawer.counts = {str(denomination): pieces for denomination, pieces in sorted(counts.items()) if pieces}
    drawer.counted_fen = rules.counted_fen(counts)
    drawer.expected_fen = queries.expected_fen(drawer)
    drawer.difference_fen = drawer.counted_fen - drawer.expected_fen
    drawer.note, drawer.counted_by, drawer.counted_at = note.strip()[:MAX_REASON_LENGTH], actor, now
    is_large = abs(drawer.difference_fen) > settings.TILL_DIFFERENCE_LIMIT_FEN
    transition(drawer, to=DrawerStatus.COUNTED if is_large else DrawerStatus.CLOSED, actor=actor, now=now)
    drawer.closed_at = None if is_large else now
    drawer.save(
        update_fields=[
            "counts", "counted_fen", "expected_fen", "difference_fen", "note", "counted_by", "counted_at", "closed_at",
        ]
    )  # fmt: skip
    if not is_large:
        _tell_closed(drawer, now)
    return drawer


@step
def confirm_difference(drawer_id: int, *, note: str, actor: str, now: datetime) -> DrawerSession:
    """Close a counted till whose difference is above the limit, with a word of the manager about it.

    Locks DrawerSession. Emits DrawerClosed.

    :raises ReasonMissing: with field "note".
    :raises DrawerNotCounted: when it waits for nobody.
    """
    if not note.strip() or len(note) > MAX_REASON_LENGTH:
        raise ReasonMissing(_("Say why."), field="note")
    drawer = locks.lock_drawer(drawer_id)
    if drawer.status != DrawerStatus.COUNTED:
        raise DrawerNotCounted(_("This till does not wait for a confirmation."), field="note")
    transition(drawer, to=DrawerStatus.CLOSED, actor=actor, now=now)
    drawer.confirmed_by, drawer.closed_at, drawer.note = actor, now, note.strip()
    drawer.save(update_fields=["confirmed_by", "closed_at", "note"])
    _tell_closed(drawer, now)
    return drawer


@step
def lock_open(drawer_id: int) -> DrawerSession:
    """Lock a till's session that is open.

    :raises DrawerNotOpen: with field "drawer", when it is not.
    """
    drawer = locks.lock_drawer(drawer_id)
    _check_open(drawer)
    return drawer


def check_enough(drawer: DrawerSession, amount_fen: int) -> None:
    """Refuse to take out of a drawer, which is locked, more than there is.

    :raises NotEnoughCash: with field "amount".
    """
    if queries.expected_fen(drawer) < amount_fen:
        raise NotEnoughCash(_("There is less in the drawer."), field="amount")


def _check_open(drawer: DrawerSession) -> None:
    if drawer.status != DrawerStatus.OPEN:
        raise DrawerNotOpen(_("This till is closed. Open one first."), field="drawer")


def _tell_closed(drawer: DrawerSession, now: datetime) -> None:
    brand_id = DrawerSession.objects.values_list("store__brand_id", flat=True).get(pk=drawer.pk)
    publish(DrawerClosed(drawer.pk, brand_id, now, drawer.difference_fen or 0), now=now)
