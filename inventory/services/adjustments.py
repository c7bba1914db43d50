"""Putting a store's books right by hand, with a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from inventory import locks
from inventory.choices import AdjustmentReason, MovementKind
from inventory.models import StockAdjustment
from inventory.permissions import ManagerNeeded, is_manager
from inventory.queries.pricing import unit_prices
from inventory.rules import shelf as rules
from inventory.services.corrections import Figure, correct_levels
from omni.kernel.errors import Conflict, InvalidInput
from omni.kernel.transactions import step

if TYPE_CHECKING:
    from datetime import datetime

    from stores.permissions import Actor

MOST_UNITS = 100_000
MOVED_AS = {AdjustmentReason.FOUND: MovementKind.FOUND, AdjustmentReason.SCRAPPED: MovementKind.SCRAP}


class NotThatMany(Conflict):
    """An adjustment would take more units than there are."""

    code = "not_that_many"


@step
def adjust_stock(
    store_id: int,
    variant_id: int,
    *,
    reason: AdjustmentReason,
    units: int,
    note: str,
    actor: Actor,
    now: datetime,
) -> StockAdjustment:
    """Change what a store has of a variant on the books, or how much of it cannot be sold; return the record.

    `units` is positive but for a correction. What is promised beyond what is left is displaced, the youngest first
    (emits ReservationDisplaced for each). A store that never had the variant gets a level. Locks the level.

    :raises InvalidInput: with field "units", when there are none, too many, or fewer than none without reason.
    :raises ManagerNeeded: with field "units", above what a clerk may do alone (`rules.needs_manager`).
    :raises NotThatMany: with field "units", when fewer units are there, or fewer are set aside.
    """
    if not 0 < abs(units) <= MOST_UNITS or (units < 0 and reason != AdjustmentReason.CORRECTION):
        raise InvalidInput(_("Enter how many pieces."), field="units")
    price_fen = unit_prices([variant_id], now).get(variant_id, 0)
    if rules.needs_manager(units, price_fen) and not is_manager(actor, store_id):
        raise ManagerNeeded(field="units")
    locks.add_missing_levels([(store_id, variant_id)])
    level = locks.lock_level(store_id, variant_id)
    effect = rules.effect_of(reason, units)
    on_hand, unsellable = level.on_hand + effect.on_hand, level.unsellable + effect.unsellable
    if reason == AdjustmentReason.SCRAPPED:
        unsellable = max(0, unsellable)
    if on_hand < 0 or unsellable < 0 or (effect.unsellable > 0 and unsellable > on_hand):
        raise NotThatMany(_("There are not that many pieces."), field="units")
    figure = Figure(level.pk, on_hand, min(unsellable, on_hand))
    adjustment = StockAdjustment.objects.create(
        level=level,
        reason=reason,
        on_hand=effect.on_hand,
        unsellable=figure.unsellable - level.unsellable,
        note=note,
        actor=actor.label,
        adjusted_at=now,
    )
    correct_levels(
        [figure],
        kind=MOVED_AS.get(reason, MovementKind.ADJUSTMENT),
        cause=f"adjustment:{adjustment.pk}",
        actor=actor.label,
        now=now,
    )
    return adjustment
