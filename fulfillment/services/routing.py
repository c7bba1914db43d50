"""Routing: offering each share to a store, again after a rejection or silence, and parking it in the end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import connection
from django.db.models import F, Q, Sum

from fulfillment import locks, rules, sql
from fulfillment.choices import GOODS_REASONS, DecisionKind, RejectReason, Way
from fulfillment.choices import FulfillmentOrderStatus as Status
from fulfillment.events import FulfillmentOrderCancelled, FulfillmentOrderUnfillable
from fulfillment.models import FulfillmentOrder, FulfillmentOrderLine, RoutingDecision
from fulfillment.queries.searches import excluded_stores, search_of
from fulfillment.services import moving
from fulfillment.services.dispatch import call_off_courier
from fulfillment.services.planning import Decision, decide
from fulfillment.services.shares import cancel_share, close_if_done, free_goods
from inventory import services as inventory_services
from omni.kernel.numbers import public_number
from omni.kernel.outbox import hint, publish
from omni.kernel.states import transition
from omni.kernel.transactions import step

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from fulfillment.queries.candidates import Search
    from fulfillment.rules import Terms

ROUTER = "system:routing"
# How long a step that failed, or whose worker died, is put off: longer each time.
RETRY_SECONDS = (5, 10, 30, 120, 600, 3600)
ACCEPTANCE_DAYS = 30
BEFORE_PACKING = frozenset({Status.OFFERED, Status.ACCEPTED, Status.PICKING})
BEING_TRIED = frozenset({Status.CHECKED_IN, Status.IN_ROOM, Status.SET_ASIDE})
PACKED = frozenset({Status.PACKED, Status.AWAITING_COURIER, Status.LABELLED, Status.READY_FOR_PICKUP}) | BEING_TRIED
IN_HAND = PACKED | {Status.PICKUP_EXPIRED}


class Finding(NamedTuple):
    """What a store found out about units of a line that it gives back."""

    line: FulfillmentOrderLine
    units: int
    reason: RejectReason
    is_none_left: bool = False


@step
def route(fulfillment_order_id: int, *, now: datetime) -> None:
    """Plan a share again and offer it to the best store, or park it. Does nothing unless it is PENDING_ROUTING.

    What it holds counts as available at its store; stores that gave an offer of this demand back are left out. When
    another store is better now, or none alone has everything, goods and capacity move in this transaction.
    Locks Fulfillment, StoreCapacity, StockLevel. Emits FulfillmentOrderUnfillable when it is parked.
    """
    share = locks.lock_share(fulfillment_order_id)
    if share.status != Status.PENDING_ROUTING:
        return
    search = search_of(share, excluded_stores(share), now=now)
    if share.attempt > search.terms.max_attempts:
        _write_decision(share, rules.record_of_giving_up(search.terms, search.lines, share.attempt - 1), now=now)
        _park(share, now=now)
        return
    decision = _decide(share, search, now=now)
    _write_decision(share, decision.record, now=now)
    if decision.plan is None or decision.outcome is None:
        _park(share, now=now)
        return
    for offered, part in zip(decision.outcome, decision.plan.shares, strict=True):
        _offer(offered, search.terms, now=now, opens_at=now + timedelta(minutes=part.opens_in))
    moving.renew_promise(share.fulfillment)


def _decide(share: FulfillmentOrder, search: Search, *, now: datetime) -> Decision[list[FulfillmentOrder]]:
    """Plan and take the goods: of the store that somebody chose by hand if it still can, else of the best."""
    if share.wanted_store_id is not None:
        only = replace(search, only_store_id=share.wanted_store_id)
        wanted = decide(only, lambda plan: moving.take(share, plan, now=now))
        if wanted.plan is not None:
            return wanted
    return decide(search, lambda plan: moving.take(share, plan, now=now), all_figures=True)


def _write_decision(share: FulfillmentOrder, record: dict[str, Any], *, now: datetime) -> None:
    """Write why, whatever came of it."""
    RoutingDecision.objects.create(
        fulfillment=share.fulfillment,
        kind=DecisionKind.ROUTE if share.attempt == 1 else DecisionKind.REROUTE,
        decided_at=now,
        record=record,
    )


def _offer(share: FulfillmentOrder, terms: Terms, *, now: datetime, opens_at: datetime) -> None:
    """Offer a share that has its store and goods; the time to answer starts when the store is open."""
    share.offered_at = now
    share.deadline_at = max(now, opens_at) + timedelta(minutes=terms.offer_minutes)
    share.route_due_at, share.failures = None, 0
    # The deadline first: the status may not stand without it. A pending share may not lack its due time: that last.
    share.save(update_fields=["offered_at", "deadline_at", "failures"])
    transition(share, to=Status.OFFERED, actor=ROUTER, now=now)
    share.save(update_fields=["route_due_at"])


def _park(share: FulfillmentOrder, *, now: datetime) -> None:
    """Give up for now: goods and capacity go back, and those above decide."""
    free_goods([share])
    transition(share, to=Status.UNFILLABLE, actor=ROUTER, now=now)
    FulfillmentOrder.objects.filter(pk=share.pk).update(store=None, route_due_at=None, failures=0, parked_at=now)
    FulfillmentOrderLine.objects.filter(fulfillment_order=share).update(reservation=None)
    publish(
        FulfillmentOrderUnfillable(fulfillment_id=share.fulfillment_id, fulfillment_order_id=share.pk, parked_at=now),
        now=now,
    )


@step
def reject_offer(
    fulfillment_order_id: int,
    *,
    reason: RejectReason,
    actor: str,
    now: datetime,
    affected: Mapping[int, int] | None = None,
) -> int | None:
    """Give an offer (or an order the store has begun) back; return the id of the order that follows it.

    Goods to try on are in no other store that was chosen: nothing follows, and those above are told.

    `affected` maps fulfillment order line ids to units not found or damaged (none given: all); NOT_FOUND takes them
    off the books and opens a count, DAMAGED sets them aside. The follow-up has no store, the next attempt number, and
    is due for routing now; a courier is called off. Locks Fulfillment, StoreCapacity, StockLevel.

    :raises StateConflict: when the goods have left the store, or the order is over.
    """
    share = locks.lock_share(fulfillment_order_id)
    findings = [] if reason not in GOODS_REASONS else _findings(share, reason, affected)
    return turn_down(share, reason=reason, findings=findings, actor=actor, now=now)


@step
def turn_down(
    share: FulfillmentOrder, *, reason: RejectReason, findings: Sequence[Finding], actor: str, now: datetime
) -> int | None:
    """Give a share back with what was found out about its goods; return the id of the order that follows it.

    The Fulfillment is locked. Locks StoreCapacity, StockLevel.

    :raises StateConflict: when the goods have left the store, or the order is over.
    """
    transition(share, to=Status.REJECTED, actor=actor, now=now, reason=reason)
    share.reject_reason = reason
    call_off_courier(share, now=now)
    free_goods([share])
    _correct_stock(share, findings, actor=actor, now=now)
    if share.fulfillment.way == Way.TRY_ON:
        _end_without_follower(share, actor=actor, now=now)
        return None
    return follow(share, now=now)


def _findings(share: FulfillmentOrder, reason: RejectReason, affected: Mapping[int, int] | None) -> list[Finding]:
    """Return what one reason says of the lines; the levels in the order of their ids."""
    lines = FulfillmentOrderLine.objects.filter(fulfillment_order=share, reservation__isnull=False)
    found = []
    for line in lines.select_related("fulfillment_line").order_by("reservation__level_id"):
        units = line.quantity if affected is None else min(line.quantity, affected.get(line.pk, 0))
        found.append(Finding(line, units, reason))
    return found


def _correct_stock(share: FulfillmentOrder, findings: Sequence[Finding], *, actor: str, now: datetime) -> None:
    """Take what was not found off the books, set what is damaged aside; the levels are locked already."""
    for line, units, reason, is_none_left in findings:
        if units < 1 or share.store_id is None:
            continue
        store_id, variant_id, cause = share.store_id, line.fulfillment_line.variant_id, f"rejected:{line.pk}"
        if reason == RejectReason.NOT_FOUND and is_none_left:
            in_hand = _units_in_hand(store_id, variant_id)
            inventory_services.report_none_left(
                store_id, variant_id, in_hand=in_hand, cause=cause, actor=actor, now=now
            )
        elif reason == RejectReason.NOT_FOUND:
            inventory_services.report_not_found(store_id, variant_id, units, cause=cause, actor=actor, now=now)
        elif reason == RejectReason.DAMAGED:
            inventory_services.set_aside_damaged(share.store_id, variant_id, units, now=now)


def _units_in_hand(store_id: int, variant_id: int) -> int:
    """Return how many units of a variant lie packed in a store, or were scanned off its shelves."""
    lines = FulfillmentOrderLine.objects.filter(fulfillment_order__store=store_id, fulfillment_line__variant=variant_id)
    is_packed = Q(fulfillment_order__status__in=IN_HAND) | Q(
        fulfillment_order__status=Status.CANCEL_REQUESTED, fulfillment_order__held_status__in=IN_HAND
    )
    packed = lines.filter(is_packed).aggregate(units=Sum("quantity"))["units"] or 0
    picked = lines.filter(fulfillment_order__status=Status.PICKING).aggregate(units=Sum("picked"))["units"] or 0
    return packed + picked


def _end_without_follower(share: FulfillmentOrder, *, actor: str, now: datetime) -> None:
    """End a rejected share that nobody else can take over. Emits FulfillmentOrderCancelled ("rejected")."""
    share.finished_at, share.deadline_at, share.failures = now, None, 0
    share.save(update_fields=["finished_at", "deadline_at", "failures", "reject_reason"])
    publish(
        FulfillmentOrderCancelled(
            fulfillment_id=share.fulfillment_id, fulfillment_order_id=share.pk, cancelled_at=now, reason="rejected"
        ),
        now=now,
    )
    close_if_done(share.fulfillment, actor=actor, now=now)


@step
def follow(share: FulfillmentOrder, *, now: datetime) -> int:
    """End a share and write the one that takes its lines over, due for routing now; return its id.

    The caller has locked the Fulfillment, made the transition and given the goods back.
    """
    share.finished_at, share.deadline_at, share.failures = now, None, 0
    share.save(update_fields=["finished_at", "deadline_at", "failures", "reject_reason"])
    follower = FulfillmentOrder.objects.create(
        fulfillment=share.fulfillment,
        number=public_number("F"),
        status=Status.PENDING_ROUTING,
        attempt=share.attempt + 1,
        route_due_at=now,
        round_started_at=share.round_started_at,
        created_at=now,
    )
    FulfillmentOrderLine.objects.bulk_create(
        FulfillmentOrderLine(fulfillment_order=follower, fulfillment_line_id=line_id, quantity=quantity)
        for line_id, quantity in share.lines.order_by("pk").values_list("fulfillment_line_id", "quantity")
    )
    hint("fulfillment.route", fulfillment_order_id=follower.pk)
    return follower.pk


@step
def time_out_offer(fulfillment_order_id: int, *, now: datetime) -> int | None:
    """End an offer that nobody answered; return the id of the order that follows it, None when it is not offered.

    Whoever calls it has found the deadline passed. Locks Fulfillment, StoreCapacity, StockLevel.
    """
    share = locks.lock_share(fulfillment_order_id)
    if share.status != Status.OFFERED:
        return None
    transition(share, to=Status.TIMED_OUT, actor=ROUTER, now=now)
    free_goods([share])
    return follow(share, now=now)


@step
def retry_unfillable(fulfillment_order_id: int, *, actor: str, now: datetime) -> None:
    """Route a parked order afresh: attempts start at 1 again, and earlier rejections exclude no store.

    Locks Fulfillment.

    :raises StateConflict: when it is not UNFILLABLE.
    """
    share = locks.lock_share(fulfillment_order_id)
    share.attempt, share.round_started_at, share.route_due_at, share.parked_at = 1, now, now, None
    share.save(update_fields=["attempt", "round_started_at", "route_due_at", "parked_at"])
    transition(share, to=Status.PENDING_ROUTING, actor=actor, now=now)
    hint("fulfillment.route", fulfillment_order_id=share.pk)


@step
def reroute_displaced(reservation_id: int, *, now: datetime) -> None:
    """Find other goods for a share whose reservation was taken away, unless they have left the store.

    An unpaid share waits for its payment; one that is to be cancelled is, though a courier may still have to be called
    off: there is nothing to fetch. What was offered or begun is given back and follows as a new order. Packed goods,
    and those scanned off the shelf, are in hand whatever the books say: they are booked in as found.
    Locks Fulfillment, StoreCapacity, StockLevel.
    """
    lines = FulfillmentOrderLine.objects.filter(reservation=reservation_id)
    share_id = lines.values_list("fulfillment_order_id", flat=True).first()
    if share_id is None:
        return
    share, is_unpicked = locks.lock_share(share_id), Q(picked__lt=F("quantity"))
    if not lines.filter(fulfillment_order=share_id).exists():
        return  # routing was faster: the share has other goods by now
    if share.status == Status.PENDING_ROUTING:
        FulfillmentOrder.objects.filter(pk=share.pk).update(route_due_at=now)
        hint("fulfillment.route", fulfillment_order_id=share.pk)
    elif share.status in PACKED or (share.status == Status.PICKING and not lines.filter(is_unpicked).exists()):
        for line in lines.select_related("fulfillment_line"):
            _keep_in_hand(share, line, lost_id=reservation_id, now=now)
    elif share.status in BEFORE_PACKING:
        reject_offer(share.pk, reason=RejectReason.DISPLACED, actor=ROUTER, now=now)
    elif share.status == Status.CANCEL_REQUESTED:
        call_off_courier(share, now=now)
        cancel_share(share, actor=ROUTER, now=now)


def _keep_in_hand(share: FulfillmentOrder, line: FulfillmentOrderLine, *, lost_id: int, now: datetime) -> None:
    """Promise the packed units of a line anew, as found goods of their store."""
    if share.store_id is None:
        raise TypeError("packed goods are in a store")
    line.reservation_id = inventory_services.allocate_found(
        share.store_id,
        line.fulfillment_line.variant_id,
        line.quantity,
        owner=f"fulfillment_order:{share.pk}",
        cause=f"packed:{lost_id}",
        actor=ROUTER,
        now=now,
    )
    line.save(update_fields=["reservation"])


@step
def count_acceptance(*, now: datetime) -> None:
    """Count anew how each store answered the offers of the last 30 days."""
    with connection.cursor() as cursor:
        cursor.execute(sql.COUNT_ACCEPTANCE, {"now": now, "since": now - timedelta(days=ACCEPTANCE_DAYS)})
        cursor.execute(sql.FORGET_ACCEPTANCE, {"now": now})
