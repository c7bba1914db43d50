"""The board of a store's try-on bookings, by day: who comes when, with what, and what is to be done now."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Prefetch
from django.utils.translation import gettext_lazy as _

from fulfillment import choices as fulfillment_choices
from fulfillment import permissions as fulfillment_permissions
from omni.kernel import bilingual, sealing
from omni.kernel.clock import BUSINESS_ZONE
from omni.kernel.errors import NotFound
from omni.kernel.numbers import is_valid_number
from orders.choices import OPEN_TRY_ONS, TryOnStatus
from orders.models import TryOn, TryOnLine

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from django.db.models import QuerySet

    from fulfillment.models import FulfillmentOrder, FulfillmentOrderLine
    from stores.models import Store
    from stores.permissions import Actor

_S = fulfillment_choices.FulfillmentOrderStatus


class AppointmentState(models.TextChoices):
    """Where a booking stands for the store."""

    TO_PREPARE = "to_prepare", _("To prepare")
    READY = "ready", _("Hangs ready")
    HERE = "here", _("The shopper is here")
    IN_ROOM = "in_room", _("In the fitting room")
    KEPT = "kept", _("Kept, to be bought")
    OVER = "over", _("Over")
    NO_SHOW = "no_show", _("Did not come")
    CANCELLED = "cancelled", _("Cancelled")


STATE_OF_SHARE = {
    _S.ACCEPTED: AppointmentState.TO_PREPARE,
    _S.PICKING: AppointmentState.TO_PREPARE,
    _S.READY_FOR_PICKUP: AppointmentState.READY,
    _S.CHECKED_IN: AppointmentState.HERE,
    _S.IN_ROOM: AppointmentState.IN_ROOM,
    _S.SET_ASIDE: AppointmentState.KEPT,
}
STATE_OF_BOOKING = {
    TryOnStatus.NO_SHOW: AppointmentState.NO_SHOW,
    TryOnStatus.CANCELLED: AppointmentState.CANCELLED,
}
OPEN_STATES = (AppointmentState.TO_PREPARE, AppointmentState.READY)
TRYING_STATES = (AppointmentState.HERE, AppointmentState.IN_ROOM)


@dataclass(frozen=True, slots=True)
class AppointmentPiece:
    """A piece of a booking; `line_id` is that of the store's share."""

    line_id: int
    sku: str
    name: str
    color: str
    color_hex: str
    size: str
    shape: str
    is_kept: bool | None
    reason: str


@dataclass(frozen=True, slots=True)
class Appointment:
    """One booking. The name is what the shopper is greeted with."""

    id: int
    number: str
    share_id: int
    share_number: str
    state: AppointmentState
    starts_at: datetime
    ends_at: datetime
    kept_until: datetime | None
    name: str
    phone_masked: str
    is_overdue: bool
    is_late: bool
    pieces: tuple[AppointmentPiece, ...]

    @property
    def is_awaited(self) -> bool:
        """Tell whether the shopper has still to come."""
        return self.state in OPEN_STATES

    @property
    def is_trying(self) -> bool:
        """Tell whether the shopper is here, and has not decided."""
        return self.state in TRYING_STATES


@dataclass(frozen=True, slots=True)
class AppointmentSlot:
    """The bookings of one time."""

    starts_at: datetime
    ends_at: datetime
    appointments: tuple[Appointment, ...]


@dataclass(frozen=True, slots=True)
class AppointmentBoard:
    """The bookings of a store's day, and how many are to be prepared, awaited and here."""

    day: date
    slots: tuple[AppointmentSlot, ...]

    @property
    def appointments(self) -> list[Appointment]:
        """Return all of them, in the order of their times."""
        return [each for slot in self.slots for each in slot.appointments]

    @property
    def counts(self) -> dict[str, int]:
        """Return how many stand where, by what that is called; none of those that are none."""
        found = [each.state for each in self.appointments]
        return {str(state.label): found.count(state) for state in AppointmentState if state in found}

    @property
    def version(self) -> str:
        """Return a short text that changes with anything the board shows."""
        return f"{zlib.crc32(repr(self).encode()):08x}"


def appointment_board(store: Store, day: date, *, now: datetime, late_after: timedelta) -> AppointmentBoard:
    """Return the bookings of a store on a day; four queries, however many they are.

    Who has not come `late_after` the beginning is late.
    """
    midnight = datetime.combine(day, time(), BUSINESS_ZONE)
    of_day = TryOn.objects.filter(store=store, starts_at__gte=midnight, starts_at__lt=midnight + timedelta(days=1))
    slots: dict[datetime, list[TryOn]] = {}
    for try_on in _with_contents(of_day).order_by("starts_at", "pk"):
        slots.setdefault(try_on.starts_at, []).append(try_on)
    late_before = now - late_after
    return AppointmentBoard(
        day,
        tuple(
            AppointmentSlot(starts_at, rows[0].ends_at, tuple(_appointment(row, late_before) for row in rows))
            for starts_at, rows in slots.items()
        ),
    )


def get_appointment(actor: Actor, number: str, *, now: datetime, late_after: timedelta) -> tuple[Store, Appointment]:
    """Return a booking of a store at whose desk somebody works, with that store.

    :raises NotFound: when there is none of this number, or it is another store's.
    """
    mine = TryOn.objects.filter(store__in=fulfillment_permissions.desk_store_ids(actor))
    found = _with_contents(mine).select_related("store__brand")
    try_on = found.filter(number=number).first() if is_valid_number(number) else None
    if try_on is None:
        raise NotFound
    return try_on.store, _appointment(try_on, now - late_after)


def find_appointment_number(share_number: str) -> str | None:
    """Return the number of the booking that a store's share prepares, or None when it is none's."""
    if not is_valid_number(share_number):
        return None
    numbers = TryOn.objects.filter(fulfillment__orders__number=share_number).values_list("number", flat=True)
    return numbers.first()


def _with_contents(try_ons: QuerySet[TryOn]) -> QuerySet[TryOn]:
    """Load with bookings their demand, the store's share with its lines, and the goods."""
    goods = TryOnLine.objects.select_related("variant__product__category").order_by("pk")
    return try_ons.select_related("fulfillment").prefetch_related(
        Prefetch("lines", goods), "fulfillment__orders", "fulfillment__orders__lines"
    )


def _appointment(try_on: TryOn, late_before: datetime) -> Appointment:
    shares: Sequence[FulfillmentOrder] = sorted(try_on.fulfillment.orders.all(), key=lambda row: row.pk)
    share = shares[-1]
    lines = {line.fulfillment_line_id: line for line in share.lines.all()}
    booked = TryOnStatus(try_on.status)
    state = STATE_OF_BOOKING.get(booked) or STATE_OF_SHARE.get(_S(share.status), AppointmentState.OVER)
    sealed = try_on.contact_phone_sealed
    return Appointment(
        id=try_on.pk,
        number=try_on.number,
        share_id=share.pk,
        share_number=share.number,
        state=state,
        starts_at=try_on.starts_at,
        ends_at=try_on.ends_at,
        kept_until=try_on.fulfillment.kept_until,
        name=try_on.contact_name,
        phone_masked=sealing.mask_phone(sealing.unseal(sealed)) if sealed else "",
        is_overdue=share.overdue_at is not None and state is AppointmentState.TO_PREPARE,
        is_late=state in OPEN_STATES and try_on.starts_at <= late_before and booked in OPEN_TRY_ONS,
        pieces=tuple(_piece(line, lines[line.fulfillment_line_id]) for line in try_on.lines.all()),
    )


def _piece(line: TryOnLine, held: FulfillmentOrderLine) -> AppointmentPiece:
    variant = line.variant
    reason = held.decline_reason
    return AppointmentPiece(
        line_id=held.pk,
        sku=line.sku,
        name=bilingual.name_of(variant.product),
        color=bilingual.pick(variant.color_zh, variant.color_en),
        color_hex=variant.color_hex,
        size=variant.size,
        shape=variant.product.category.shape,
        is_kept=held.is_kept,
        reason=str(fulfillment_choices.DeclineReason(reason).label) if reason else "",
    )
