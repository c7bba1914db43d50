"""Planning a demand and holding its goods; giving them back, or letting them go to routing once it is paid."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from fulfillment import locks, rules, sql
from fulfillment.choices import FulfillmentOrderStatus, FulfillmentStatus, Way
from fulfillment.models import FulfillmentOrder, FulfillmentOrderLine
from fulfillment.queries import candidates as queries
from fulfillment.rules import DemandLine
from fulfillment.services import handover
from fulfillment.services.shares import free_goods
from inventory import services as inventory_services
from omni.kernel.errors import Conflict
from omni.kernel.numbers import public_number
from omni.kernel.outbox import hint
from omni.kernel.statements import execute_prepared
from omni.kernel.states import StateConflict, transition
from omni.kernel.transactions import step
from stores import services as stores_services

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date, datetime

    from fulfillment.queries.candidates import Found, Search
    from fulfillment.rules import Plan, Terms

T = TypeVar("T")

# How often the candidates are read anew when others took the goods of all that were found.
ROUNDS = 10


class CannotReserveStock(Conflict):
    """No store, and no allowed combination of stores, can promise the goods now; params name the SKUs that lack."""

    code = "cannot_reserve_stock"


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who gets the goods and where; the phone is already sealed."""

    name: str
    phone_sealed: str
    district_code: str | None
    street: str


@dataclass(frozen=True, slots=True)
class Demand:
    """What is wanted where. `owner` names who asks ("orders.order"); the point is WGS-84; no variant stands twice."""

    brand_id: int
    owner: str
    way: Way
    lines: tuple[DemandLine, ...]
    recipient: Recipient
    lat: float
    lng: float
    pickup_store_id: int | None = None


@dataclass(frozen=True, slots=True)
class HeldDemand:
    """What was written: ids of the demand, of its lines in the demand's order, and of its shares."""

    fulfillment_id: int
    line_ids: tuple[int, ...]
    fulfillment_order_ids: tuple[int, ...]
    promised_on: date


@dataclass(frozen=True, slots=True)
class Decision(Generic[T]):
    """A plan that was carried out, what carrying it out returned, and the record; no plan: only the record."""

    plan: Plan | None
    outcome: T | None
    found: Found
    record: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Held:
    """The ids of the shares of a plan, and the reservations of each."""

    share_ids: list[int]
    reservation_ids: list[list[int]]


@step
def plan_and_hold(demand: Demand, *, now: datetime) -> HeldDemand:
    """Plan the stores of a demand, take their capacity and hold their stock; the fulfillment is PLANNED.

    Locks StoreCapacity, then StockLevel, by guarded updates; the next plan is tried when one is refused.

    :raises CannotReserveStock: when no plan holds; nothing was changed.
    """
    share_id, terms = _begin(demand.brand_id)
    search = queries.Search(
        brand_id=demand.brand_id,
        way=demand.way,
        lines=demand.lines,
        lat=demand.lat,
        lng=demand.lng,
        terms=terms,
        now=now,
        pickup_store_id=demand.pickup_store_id,
    )
    decision = decide(search, lambda plan: _hold(plan, demand, share_id, now))
    if decision.plan is None or decision.outcome is None:
        raise _cannot_reserve(search, decision.found)
    return _write(demand, decision.plan, decision.outcome, decision.record, now)


def _begin(brand_id: int) -> tuple[int, Terms]:
    """Return an id for the first share that will be written, and the brand's terms."""
    with connection.cursor() as cursor:
        execute_prepared(cursor, sql.BEGIN_PLAN, {"brand_id": brand_id})
        share_id, *terms = cursor.fetchone()
    return share_id, queries.read_terms(terms)


def decide(search: Search, carry_out: Callable[[Plan], T], *, all_figures: bool = False) -> Decision[T]:
    """Plan and carry out, each try in a savepoint, until a plan holds or there is none left.

    The plan is made without locks. `carry_out` takes capacity and stock by guarded updates; a guard that refuses tells
    what others took meanwhile, and the next plan is made without it.
    """
    lost: list[tuple[int, str]] = []
    for _round in range(ROUNDS):
        found = queries.find_candidates(search, all_figures=all_figures)
        found.lost = lost
        losses = len(lost)
        while (plan := rules.choose(found.candidates, search.lines, search.terms)) is not None:
            try:
                with transaction.atomic():
                    outcome = carry_out(plan)
            except stores_services.CapacityFull as refusal:
                found = queries.without(found, cast("int", refusal.params["store_id"]))
            except inventory_services.CannotHold as refusal:
                found = _less_of(found, search.lines, refusal.shortages)
            else:
                return Decision(plan, outcome, found, _record(search, found, plan))
        if len(lost) == losses:
            break
    return Decision(None, None, found, _record(search, found, None))


def _less_of(found: Found, lines: Sequence[DemandLine], shortages: Sequence[inventory_services.Shortage]) -> Found:
    """Return what is left when stores turned out to have fewer units."""
    positions = {line.variant_id: position for position, line in enumerate(lines)}
    for shortage in shortages:
        found = queries.with_less(found, shortage.store_id, {positions[shortage.variant_id]: shortage.sellable})
    return found


def _record(search: Search, found: Found, plan: Plan | None) -> dict[str, Any]:
    """Return the record of a decision."""
    return rules.record_of(
        terms=search.terms,
        lines=search.lines,
        candidates=found.candidates,
        dropped=found.dropped,
        plan=plan,
        refusals=found.refusals,
        refused=found.lost,
    )


def _hold(plan: Plan, demand: Demand, first_share_id: int, now: datetime) -> _Held:
    """Take the capacity and hold the stock of a plan, in the order in which everybody locks them."""
    for share in sorted(plan.shares):
        stores_services.take_capacity(share.store_id, share.promised_on)
    wants = [
        [
            inventory_services.StockWant(share.store_id, line.variant_id, units)
            for line, units in zip(demand.lines, share.units, strict=True)
            if units
        ]
        for share in plan.shares
    ]
    if len(wants) > 1:
        inventory_services.lock_stock([(want.store_id, want.variant_id) for part in wants for want in part])
    share_ids = [first_share_id, *_more_share_ids(len(wants) - 1)]
    reservations = [
        inventory_services.hold_stock(part, owner=f"fulfillment_order:{share_id}", now=now)
        for part, share_id in zip(wants, share_ids, strict=True)
    ]
    return _Held(share_ids, reservations)


def _more_share_ids(count: int) -> list[int]:
    """Return ids for further shares that will be written."""
    if not count:
        return []
    with connection.cursor() as cursor:
        cursor.execute(sql.MORE_SHARE_IDS, {"count": count})
        return [row[0] for row in cursor.fetchall()]


def _write(demand: Demand, plan: Plan, held: _Held, record: dict[str, Any], now: datetime) -> HeldDemand:
    """Write the demand, its shares and the decision in one statement."""
    promised_on = max(share.promised_on for share in plan.shares)
    parts = [
        (share_id, position, reservation_id, units)
        for share, share_id, reservation_ids in zip(plan.shares, held.share_ids, held.reservation_ids, strict=True)
        for (position, units), reservation_id in zip(_parts(share.units), reservation_ids, strict=True)
    ]
    values: dict[str, Any] = {
        "brand_id": demand.brand_id,
        "owner": demand.owner,
        "way": str(demand.way),
        "pickup_store_id": demand.pickup_store_id,
        "name": demand.recipient.name,
        "phone_sealed": demand.recipient.phone_sealed,
        "district": demand.recipient.district_code,
        "street": demand.recipient.street,
        "lat": demand.lat,
        "lng": demand.lng,
        "promised_on": promised_on,
        "now": now,
        "variants": [line.variant_id for line in demand.lines],
        "quantities": [line.quantity for line in demand.lines],
        "values_fen": [line.declared_value_fen for line in demand.lines],
        "share_ids": held.share_ids,
        "share_numbers": [public_number("F") for _share in plan.shares],
        "share_stores": [share.store_id for share in plan.shares],
        "share_dates": [share.promised_on for share in plan.shares],
        "part_shares": [part[0] for part in parts],
        "part_lines": [part[1] for part in parts],
        "part_reservations": [part[2] for part in parts],
        "part_quantities": [part[3] for part in parts],
        "record": json.dumps(record, separators=(",", ":")),
    }
    with connection.cursor() as cursor:
        execute_prepared(cursor, sql.WRITE_PLAN, values)
        fulfillment_id, line_ids = cursor.fetchone()
    return HeldDemand(fulfillment_id, tuple(line_ids), tuple(held.share_ids), promised_on)


def _parts(units: Sequence[int]) -> list[tuple[int, int]]:
    """Return (position of the line, counted from 1, units) of the lines of which there are any."""
    return [(position, taken) for position, taken in enumerate(units, start=1) if taken]


def _cannot_reserve(search: Search, found: Found) -> CannotReserveStock:
    """Build the refusal: it names the SKUs of which there is too little."""
    if found.is_hopeless:
        found = queries.find_parts(search)
    short = rules.short_lines(found.candidates, search.lines, search.terms.max_stores)
    skus = queries.skus_of([search.lines[position].variant_id for position in short])
    return CannotReserveStock(
        _("There is not enough stock for this order any more: %(skus)s."),
        field=f"lines.{short[0]}",
        skus=", ".join(skus),
    )


@step
def lock_goods(fulfillment_ids: Sequence[int], places: Sequence[tuple[int, int]] = ()) -> None:
    """Lock several demands, then all the stock that they hold, and that of more (store id, variant id), in lock order.

    For a transaction that releases or gives back one after the other: what is locked one by one could cross another's.
    """
    locks.lock_fulfillments(fulfillment_ids)
    reserved = FulfillmentOrderLine.objects.filter(
        fulfillment_order__fulfillment__in=fulfillment_ids, reservation__isnull=False
    )
    held = reserved.values_list("reservation__level__store_id", "reservation__level__variant_id")
    inventory_services.lock_stock(sorted({*held, *places}))


@step
def release_for_routing(fulfillment_id: int, *, now: datetime) -> None:
    """Let a paid demand go to routing: it becomes ACTIVE, its shares PENDING_ROUTING and due, its holds allocations.

    A hold that was displaced meanwhile is found anew by routing. What is taken away is handed over here and now
    (FulfillmentOrderDelivered). Locks Fulfillment, then StockLevel.

    :raises StateConflict: when it is not PLANNED.
    """
    actor = "system:payment"
    fulfillment = locks.lock_fulfillment(fulfillment_id)
    transition(fulfillment, to=FulfillmentStatus.ACTIVE, actor=actor, now=now)
    shares = list(FulfillmentOrder.objects.filter(fulfillment=fulfillment).order_by("pk"))
    if fulfillment.way == Way.TAKE_AWAY:
        for share in shares:
            share.fulfillment = fulfillment
            handover.give_at_once(share, actor=actor, now=now)
        return
    FulfillmentOrder.objects.filter(fulfillment=fulfillment).update(route_due_at=now)
    for share in shares:
        transition(share, to=FulfillmentOrderStatus.PENDING_ROUTING, actor=actor, now=now)
    reserved = FulfillmentOrderLine.objects.filter(fulfillment_order__fulfillment=fulfillment)
    inventory_services.allocate_reservations(list(reserved.values_list("reservation_id", flat=True)))
    for share in shares:
        hint("fulfillment.route", fulfillment_order_id=share.pk)


@step
def give_back(fulfillment_id: int, *, actor: str, now: datetime) -> None:
    """Cancel an unpaid demand: stock and capacity go back. Emits nothing: the caller knows.

    Locks Fulfillment, StoreCapacity, StockLevel.

    :raises StateConflict: when it is not PLANNED.
    """
    fulfillment = locks.lock_fulfillment(fulfillment_id)
    if fulfillment.status != FulfillmentStatus.PLANNED:
        raise StateConflict(_("Only an unpaid demand is given back."), field="status", status=fulfillment.status)
    transition(fulfillment, to=FulfillmentStatus.CANCELLED, actor=actor, now=now)
    shares = list(FulfillmentOrder.objects.filter(fulfillment=fulfillment).order_by("pk"))
    for share in shares:
        transition(share, to=FulfillmentOrderStatus.CANCELLED, actor=actor, now=now)
    free_goods(shares)
    FulfillmentOrder.objects.filter(fulfillment=fulfillment).update(finished_at=now)
