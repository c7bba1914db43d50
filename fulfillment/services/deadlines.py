"""Deadlines: until when a store is to prepare an order or to answer, and since when somebody above it should look.

Every function here changes a share whose Fulfillment the caller has locked. What a passed deadline leads to is in
`services.silence`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings

from fulfillment.choices import Way
from fulfillment.events import FulfillmentOrderOverdue
from fulfillment.models import Escalation, RoutingRule
from omni.kernel.outbox import publish
from omni.kernel.transactions import step
from stores import queries as stores_queries

if TYPE_CHECKING:
    from datetime import datetime

    from fulfillment.models import FulfillmentOrder


# The open time in which a store sees goods back that could not be delivered, or puts back what nobody collected.
RETURN_MINUTES = 240
# How long a labelled parcel waits for the express van before somebody above the store looks; it comes once a day.
VAN_PATIENCE = timedelta(days=1)


def rule_of(share: FulfillmentOrder) -> RoutingRule:
    """Return the rule of the share's brand; one that is not saved, with the defaults, when it has none."""
    return RoutingRule.objects.filter(brand=share.fulfillment.brand_id).first() or RoutingRule()


@step
def start_preparation(share: FulfillmentOrder, *, now: datetime) -> None:
    """Give the store the brand's time to prepare, counted while it is open; goods to try on until their slot."""
    slot_starts_at = share.fulfillment.slot_starts_at
    share.deadline_at = slot_starts_at or _after_open_minutes(share, rule_of(share).preparation_minutes, now)
    share.overdue_at, share.failures = None, 0
    share.save(update_fields=["deadline_at", "overdue_at", "failures"])


def kept_until(share: FulfillmentOrder, *, now: datetime) -> datetime | None:
    """Return until when packed goods are kept for the shopper; None when a courier fetches them."""
    if share.fulfillment.way == Way.PICKUP:
        return now + timedelta(hours=rule_of(share).pickup_keep_hours)
    return share.fulfillment.kept_until


@step
def escalate(share: FulfillmentOrder, *, now: datetime) -> None:
    """Give the store a last time to prepare a share, and have somebody above it look.

    Of goods to try on, until they are kept no longer: no other store can take them over.
    """
    kept_until = share.fulfillment.kept_until
    share.deadline_at = kept_until or _after_open_minutes(share, rule_of(share).overdue_minutes, now)
    share.late_at, share.failures = share.late_at or now, 0
    share.save(update_fields=["deadline_at", "late_at", "failures"])
    mark_overdue(share, now=now)


@step
def await_goods(share: FulfillmentOrder, *, now: datetime) -> None:
    """Give the store some open hours to see goods back, or to put them back; after that somebody above it looks."""
    share.deadline_at = _after_open_minutes(share, RETURN_MINUTES, now)
    share.overdue_at, share.failures = None, 0
    share.save(update_fields=["deadline_at", "overdue_at", "failures"])


@step
def await_van(share: FulfillmentOrder, *, now: datetime) -> None:
    """Let a labelled share wait for the express van; after that somebody above the store looks."""
    share.deadline_at, share.overdue_at, share.failures = now + VAN_PATIENCE, None, 0
    share.save(update_fields=["deadline_at", "overdue_at", "failures"])


@step
def await_word(share: FulfillmentOrder, *, now: datetime) -> None:
    """Give the express company its time to tell something new of goods on the road; nobody need look meanwhile."""
    share.deadline_at = now + timedelta(hours=settings.EXPRESS_SILENCE_HOURS)
    share.overdue_at, share.failures = None, 0
    share.save(update_fields=["deadline_at", "overdue_at", "failures"])


@step
def await_answer(share: FulfillmentOrder, *, now: datetime) -> None:
    """Give the store the brand's time to answer a wish to cancel, by the clock: after that its silence agrees."""
    share.held_deadline_at, share.failures = share.deadline_at, 0
    share.deadline_at = now + timedelta(minutes=rule_of(share).cancel_answer_minutes)
    share.save(update_fields=["held_deadline_at", "deadline_at", "failures"])


@step
def put_off(share: FulfillmentOrder, wait: timedelta, *, now: datetime) -> None:
    """Look at a share again later: something else is under way that will end it."""
    share.deadline_at, share.failures = now + wait, 0
    share.save(update_fields=["deadline_at", "failures"])


@step
def mark_overdue(share: FulfillmentOrder, *, now: datetime) -> None:
    """Have somebody above the store look at a share, unless somebody does already. Emits FulfillmentOrderOverdue."""
    if share.overdue_at is not None or share.store_id is None:
        return
    share.overdue_at = now
    share.save(update_fields=["overdue_at"])
    Escalation.objects.create(fulfillment_order=share, store_id=share.store_id, status=share.status, raised_at=now)
    publish(
        FulfillmentOrderOverdue(
            fulfillment_id=share.fulfillment_id, fulfillment_order_id=share.pk, store_id=share.store_id, overdue_at=now
        ),
        now=now,
    )


def _after_open_minutes(share: FulfillmentOrder, minutes: int, now: datetime) -> datetime:
    """Return when the share's store has been open for so many minutes."""
    if share.store_id is None:
        raise ValueError("A share that a store works on has a store.")
    return stores_queries.after_open_minutes(share.store_id, minutes, start=now)
