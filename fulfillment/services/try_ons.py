"""Goods to try on in a store: held for a slot, prepared there, checked in with a code, kept or put back.

Nothing is sold here. What a shopper keeps stays held until it is bought at the counter or its time is over. Every use
case locks the Fulfillment first, and whoever books owns the time: `end_try_on` is theirs to call at `kept_until`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from fulfillment import events, locks
from fulfillment.choices import FulfillmentOrderStatus as Status
from fulfillment.choices import FulfillmentStatus, PickupCodePurpose, Way
from fulfillment.locks import lock_in, wrong_state
from fulfillment.models import Fulfillment, FulfillmentLine, FulfillmentOrder, FulfillmentOrderLine
from fulfillment.services import handover, shares
from fulfillment.services.codes import issue_code, redeem_code, revoke_codes
from inventory import services as inventory_services
from omni.kernel.clock import business_date
from omni.kernel.numbers import public_number
from omni.kernel.outbox import publish
from omni.kernel.states import transition
from omni.kernel.transactions import drive, entry, step

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from omni.kernel.errors import DomainError

ACTOR = "system:try_on"
LONGEST_HOLD = timedelta(hours=48)
# Who comes at the end of the slot, or later, still has so long to try on.
TRYING_TIME = timedelta(hours=1)
BEFORE_CHECK_IN = frozenset({Status.ACCEPTED, Status.PICKING, Status.READY_FOR_PICKUP})
BEING_TRIED = frozenset({Status.CHECKED_IN, Status.IN_ROOM})
STEPS_TO_CHECK_IN: dict[str, tuple[Status, ...]] = {
    Status.ACCEPTED: (Status.PACKED, Status.READY_FOR_PICKUP, Status.CHECKED_IN),
    Status.PICKING: (Status.PACKED, Status.READY_FOR_PICKUP, Status.CHECKED_IN),
}


@dataclass(frozen=True, slots=True)
class TryOnDemand:
    """One unit each of some variants, in one store, for a slot; the phone is already sealed. The point is WGS-84."""

    brand_id: int
    owner: str
    store_id: int
    variant_ids: tuple[int, ...]
    name: str
    phone_sealed: str
    lat: float
    lng: float
    starts_at: datetime
    ends_at: datetime
    kept_until: datetime


@dataclass(frozen=True, slots=True)
class HeldTryOn:
    """What was written: ids of the demand, of its lines in the order of the variants, and of the store's share."""

    fulfillment_id: int
    line_ids: tuple[int, ...]
    fulfillment_order_id: int


@step
def hold_for_try_on(demand: TryOnDemand, *, now: datetime) -> HeldTryOn:
    """Hold goods in a store, and give its desk the task of preparing them by the slot; the shopper has a code at once.

    Locks StockLevel by guarded updates.

    :raises CannotHold: when the store has too little of something.
    """
    fulfillment = Fulfillment.objects.create(
        brand_id=demand.brand_id,
        owner=demand.owner,
        way=Way.TRY_ON,
        pickup_store_id=demand.store_id,
        recipient_name=demand.name,
        recipient_phone_sealed=demand.phone_sealed,
        lat=demand.lat,
        lng=demand.lng,
        promised_on=business_date(demand.starts_at),
        slot_starts_at=demand.starts_at,
        slot_ends_at=demand.ends_at,
        kept_until=demand.kept_until,
        created_at=now,
    )
    share = FulfillmentOrder.objects.create(
        fulfillment=fulfillment,
        number=public_number("F"),
        store_id=demand.store_id,
        deadline_at=demand.starts_at,
        created_at=now,
    )
    line_ids = _hold(share, demand, now=now)
    transition(fulfillment, to=FulfillmentStatus.ACTIVE, actor=ACTOR, now=now)
    transition(share, to=Status.ACCEPTED, actor=ACTOR, now=now)
    issue_code(share, PickupCodePurpose.SHOPPER, now=now)
    return HeldTryOn(fulfillment.pk, line_ids, share.pk)


def _hold(share: FulfillmentOrder, demand: TryOnDemand, *, now: datetime) -> tuple[int, ...]:
    """Hold the goods of a share and write its lines; return the ids of the demand's lines."""
    wants = [inventory_services.StockWant(demand.store_id, variant_id, 1) for variant_id in demand.variant_ids]
    reservations = inventory_services.hold_stock(wants, owner=f"fulfillment_order:{share.pk}", now=now)
    lines = FulfillmentLine.objects.bulk_create(
        FulfillmentLine(fulfillment_id=share.fulfillment_id, variant_id=variant_id, quantity=1, declared_value_fen=0)
        for variant_id in demand.variant_ids
    )
    FulfillmentOrderLine.objects.bulk_create(
        FulfillmentOrderLine(fulfillment_order=share, fulfillment_line=line, reservation_id=reservation_id, quantity=1)
        for line, reservation_id in zip(lines, reservations, strict=True)
    )
    return tuple(line.pk for line in lines)


@drive
def drive_check_in(fulfillment_order_id: int, *, code: str, actor: str, now: datetime) -> None:
    """Let the shopper in who shows the code, whether the goods are prepared or not.

    A wrong code is counted and committed before it is refused, hence a drive. Locks Fulfillment.
    Emits FulfillmentOrderCheckedIn.

    :raises StateConflict: when the shopper is here already, or the booking is over.
    :raises WrongPickupCode: PickupCodeReplaced after the fifth time, PickupCodeUsed when it was used before.
    """
    with entry():
        refusal = _check_in(fulfillment_order_id, code=code, actor=actor, now=now)
    if refusal is not None:
        raise refusal


@step
def _check_in(fulfillment_order_id: int, *, code: str, actor: str, now: datetime) -> DomainError | None:
    """Check the shopper's code and write that they are here; return the refusal, to be raised once it is committed."""
    share = _lock_try_on(fulfillment_order_id, *BEFORE_CHECK_IN, Status.CHECKED_IN)
    refusal = redeem_code(share, PickupCodePurpose.SHOPPER, code, actor=actor, now=now)
    if refusal is not None:
        return refusal
    for status in STEPS_TO_CHECK_IN.get(share.status, (Status.CHECKED_IN,)):
        transition(share, to=status, actor=actor, now=now)
    demand = share.fulfillment
    wanted = max(demand.kept_until or now, now + TRYING_TIME)
    demand.kept_until = min(wanted, demand.created_at + LONGEST_HOLD)
    demand.save(update_fields=["kept_until"])
    share.deadline_at, share.overdue_at = demand.kept_until, None
    share.save(update_fields=["deadline_at", "overdue_at"])
    publish(
        events.FulfillmentOrderCheckedIn(
            fulfillment_id=share.fulfillment_id, fulfillment_order_id=share.pk, checked_in_at=now
        ),
        now=now,
    )
    return None


@step
def enter_room(fulfillment_order_id: int, *, actor: str, now: datetime) -> None:
    """Write that the shopper is in the fitting room. Locks Fulfillment. Emits FulfillmentOrderInRoom.

    :raises StateConflict: when the shopper is not here, or there already.
    """
    share = _lock_try_on(fulfillment_order_id, Status.CHECKED_IN)
    transition(share, to=Status.IN_ROOM, actor=actor, now=now)
    publish(
        events.FulfillmentOrderInRoom(
            fulfillment_id=share.fulfillment_id, fulfillment_order_id=share.pk, entered_at=now
        ),
        now=now,
    )


@step
def record_outcome(
    fulfillment_order_id: int,
    *,
    kept_line_ids: Collection[int],
    actor: str,
    now: datetime,
    reasons: Mapping[int, str] | None = None,
) -> None:
    """Write which lines of a share the shopper keeps: the others are sold again from now on.

    What is kept stays held, to be bought. `reasons` says by line why one is not kept, if anybody asked.
    Locks Fulfillment, StockLevel. Emits FulfillmentOrderTried.

    :raises StateConflict: when nobody is trying on.
    """
    share = _lock_try_on(fulfillment_order_id, *BEING_TRIED)
    lines = list(FulfillmentOrderLine.objects.filter(fulfillment_order=share).order_by("pk"))
    for line in lines:
        line.is_kept = line.pk in kept_line_ids
        line.decline_reason = "" if line.is_kept else (reasons or {}).get(line.pk, "")
        line.save(update_fields=["is_kept", "decline_reason"])
    kept = [line for line in lines if line.is_kept]
    if kept:
        transition(share, to=Status.SET_ASIDE, actor=actor, now=now)
        declined = [line.reservation_id for line in lines if not line.is_kept and line.reservation_id is not None]
        inventory_services.release_reservations(declined)
    else:
        handover.put_on_shelf(share, actor=actor, now=now)
    publish(
        events.FulfillmentOrderTried(
            fulfillment_id=share.fulfillment_id,
            fulfillment_order_id=share.pk,
            kept_line_ids=tuple(line.fulfillment_line_id for line in kept),
            tried_at=now,
        ),
        now=now,
    )


@step
def call_off_try_on(fulfillment_id: int, *, actor: str, now: datetime) -> None:
    """Cancel a booking to which nobody has come yet: all its goods are sold again.

    Locks Fulfillment, StockLevel. Emits FulfillmentOrderCancelled.

    :raises StateConflict: when the shopper is in the store, or was.
    """
    fulfillment = locks.lock_fulfillment(fulfillment_id)
    for share in _shares_of(fulfillment):
        if share.status in BEING_TRIED | {Status.SET_ASIDE, Status.RESTOCKED}:
            raise wrong_state(share)
    end_try_on(fulfillment_id, actor=actor, now=now)


@step
def end_try_on(fulfillment_id: int, *, actor: str, now: datetime) -> None:
    """End a booking wherever it stands: all that is still held is sold again. Nothing when it is over already.

    Locks Fulfillment, StockLevel. Emits FulfillmentOrderCancelled when nobody tried anything on.
    """
    fulfillment = locks.lock_fulfillment(fulfillment_id)
    for share in _shares_of(fulfillment):
        if share.status in BEFORE_CHECK_IN:
            revoke_codes(share)
            transition(share, to=Status.CANCEL_REQUESTED, actor=actor, now=now)
            shares.cancel_share(share, actor=actor, now=now)
        elif share.status in BEING_TRIED | {Status.SET_ASIDE}:
            handover.put_on_shelf(share, actor=actor, now=now)


def _shares_of(fulfillment: Fulfillment) -> Sequence[FulfillmentOrder]:
    """Return the shares of a locked demand."""
    found = list(FulfillmentOrder.objects.filter(fulfillment=fulfillment).order_by("pk"))
    for share in found:
        share.fulfillment = fulfillment
    return found


def _lock_try_on(fulfillment_order_id: int, *statuses: Status) -> FulfillmentOrder:
    """Lock a share of a try-on that must be in one of these statuses.

    :raises StateConflict: when it is in another, or goods to be sold.
    """
    share = lock_in(fulfillment_order_id, *statuses)
    if share.fulfillment.way != Way.TRY_ON:
        raise wrong_state(share)
    return share
