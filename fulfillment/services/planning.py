"""Planning a demand and holding its goods; giving them back, or letting them go to routing once it is paid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from omni.kernel.errors import Conflict
from omni.kernel.transactions import step

if TYPE_CHECKING:
    from datetime import date, datetime

    from fulfillment.choices import Way


class CannotReserveStock(Conflict):
    """No store, and no allowed combination of stores, can promise the goods now; params name the SKUs that lack."""

    code = "cannot_reserve_stock"


@dataclass(frozen=True, slots=True)
class DemandLine:
    """Units of one variant. `declared_value_fen` is the value of the whole line."""

    variant_id: int
    quantity: int
    declared_value_fen: int


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who gets the goods and where; the phone is already sealed."""

    name: str
    phone_sealed: str
    district_code: str | None
    street: str


@dataclass(frozen=True, slots=True)
class Demand:
    """What is wanted where. `owner` names who asks ("orders.order"); the point is WGS-84."""

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


@step
def plan_and_hold(demand: Demand, *, now: datetime) -> HeldDemand:
    """Plan the stores of a demand, take their capacity and hold their stock; the fulfillment is PLANNED.

    Locks StoreCapacity, then StockLevel, by guarded updates; the next plan is tried when one is refused.

    :raises CannotReserveStock: when no plan holds; nothing was changed.
    """
    raise NotImplementedError


@step
def release_for_routing(fulfillment_id: int, *, now: datetime) -> None:
    """Let a paid demand go to routing: it becomes ACTIVE, its shares PENDING_ROUTING and due, its holds allocations.

    Locks Fulfillment, then StockLevel.

    :raises StateConflict: when it is not PLANNED.
    """
    raise NotImplementedError


@step
def give_back(fulfillment_id: int, *, actor: str, now: datetime) -> None:
    """Cancel an unpaid demand: stock and capacity go back. Emits nothing: the caller knows.

    Locks Fulfillment, StoreCapacity, StockLevel.

    :raises StateConflict: when it is not PLANNED.
    """
    raise NotImplementedError
