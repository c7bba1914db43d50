"""What the desk of a store shows: its queue of orders, and one order with what may be done to it."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Count, F, Prefetch, Q
from django.utils.translation import gettext_lazy as _

from fulfillment.choices import (
    DELIVERY_RANKS,
    FINAL_DELIVERY_STATES,
    SENT,
    DeliveryState,
    PickupCodePurpose,
    PickupCodeStatus,
    Way,
    delivery_label,
)
from fulfillment.choices import FulfillmentOrderStatus as Status
from fulfillment.models import Delivery, FulfillmentOrder, FulfillmentOrderLine, Parcel, PickupCode
from fulfillment.permissions import desk_store_ids
from inventory import queries as inventory_queries
from omni.kernel import bilingual, sealing
from omni.kernel.clock import BUSINESS_ZONE, business_date
from omni.kernel.errors import NotFound
from omni.kernel.models import Transition
from omni.kernel.numbers import is_valid_number
from stores import choices as stores_choices
from stores import queries as stores_queries

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from django.db.models import QuerySet

    from inventory.queries import Doubt
    from stores.models import Store
    from stores.permissions import Actor

MOST_TASKS = 60


class Tab(models.TextChoices):
    """The four heaps of work at a desk."""

    ANSWER = "answer", _("To answer")
    PREPARE = "prepare", _("To pick and pack")
    WAITING = "waiting", _("Waiting")
    DONE = "done", _("Done today")


TAB_STATUSES: dict[Tab, tuple[Status, ...]] = {
    Tab.ANSWER: (Status.OFFERED, Status.CANCEL_REQUESTED),
    Tab.PREPARE: (Status.ACCEPTED, Status.PICKING, Status.PACKED),
    Tab.WAITING: (
        Status.AWAITING_COURIER,
        Status.LABELLED,
        Status.READY_FOR_PICKUP,
        Status.CHECKED_IN,
        Status.IN_ROOM,
        Status.SET_ASIDE,
        Status.RETURNING,
        Status.PICKUP_EXPIRED,
    ),
    Tab.DONE: (
        Status.HANDED_OVER,
        Status.DELIVERED,
        Status.COLLECTED,
        Status.RETURNED_TO_STORE,
        Status.RESTOCKED,
        Status.CANCELLED,
        Status.LOST,
    ),
}
# Nothing more is to be done with these; a parcel on the road may be one of which nothing is heard.
ENDED = tuple(status for status in TAB_STATUSES[Tab.DONE] if status != Status.HANDED_OVER)
# A share whose goods are held but not paid for, or which is being routed, is no store's task yet.
NO_TASK = (Status.PLANNED, Status.PENDING_ROUTING)
# The store's silence has a consequence at the deadline.
COUNTED_DOWN = frozenset({Status.OFFERED, Status.ACCEPTED, Status.PICKING, Status.CANCEL_REQUESTED})
REJECTABLE = frozenset({Status.OFFERED, Status.ACCEPTED, Status.PICKING})
AT_BOOKING = frozenset({Status.READY_FOR_PICKUP, Status.CHECKED_IN, Status.IN_ROOM, Status.SET_ASIDE})


@dataclass(frozen=True, slots=True)
class TaskLine:
    """Units of a variant to be fetched."""

    line_id: int
    name: str
    color: str
    color_hex: str
    shape: str
    size: str
    sku: str
    quantity: int
    is_kept: bool | None = None
    picked: int = 0
    bin: str = ""
    doubt: Doubt | None = None

    @property
    def open_units(self) -> int:
        """Return how many units nobody has scanned yet."""
        return self.quantity - self.picked


@dataclass(frozen=True, slots=True)
class CourierView:
    """Where the courier is; `problem` when somebody should look."""

    state: DeliveryState
    label: str
    name: str
    phone_masked: str
    eta_at: datetime | None
    attempt: int
    is_being_cancelled: bool
    problem: str
    carrier: str = ""
    waybill: str = ""
    sort_code: str = ""

    @property
    def is_at_store(self) -> bool:
        """Tell whether the courier stands in the store."""
        return self.state is DeliveryState.AT_STORE

    @property
    def is_over(self) -> bool:
        """Tell whether the company has nothing more to do."""
        return self.state in FINAL_DELIVERY_STATES


@dataclass(frozen=True, slots=True)
class TaskCard:
    """One store's share of an order, as the queue lists it."""

    number: str
    status: Status
    way: Way
    lines: tuple[TaskLine, ...]
    deadline_at: datetime | None
    overdue_at: datetime | None
    finished_at: datetime | None
    courier: CourierView | None
    slot_starts_at: datetime | None
    slot_ends_at: datetime | None
    wave_number: str = ""

    @property
    def is_doubtful(self) -> bool:
        """Tell whether the goods may not be on the shelf: somebody did not find them, or found some damaged."""
        return self.status in REJECTABLE and any(line.doubt and line.open_units for line in self.lines)

    @property
    def is_overdue(self) -> bool:
        """Tell whether the order is late, and still in the store's hands."""
        return self.overdue_at is not None and self.status not in ENDED

    @property
    def is_sent(self) -> bool:
        """Tell whether the goods go to somebody's door: any store may send them."""
        return self.way in SENT

    @property
    def is_counting_down(self) -> bool:
        """Tell whether the store has to do something by the deadline."""
        return self.deadline_at is not None and self.status in COUNTED_DOWN

    @property
    def units(self) -> int:
        """Return how many units are to be packed."""
        return sum(line.quantity for line in self.lines)

    @property
    def is_urgent(self) -> bool:
        """Tell whether somebody waits for the store's answer or stands at its desk, or has waited for too long."""
        is_met = self.courier is not None and self.courier.is_at_store
        is_pressing = is_met or self.overdue_at is not None
        is_here = self.status == Status.CHECKED_IN
        is_open = self.status not in ENDED
        return is_here or self.status == Status.CANCEL_REQUESTED or (is_pressing and is_open)


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who gets the goods, as far as the store needs to know."""

    name_masked: str
    phone_masked: str
    area: str
    street: str


@dataclass(frozen=True, slots=True)
class ParcelView:
    """A parcel of a task; `loaded_at`: scanned to go with the courier or the van."""

    number: str
    position: int
    weight_grams: int | None
    loaded_at: datetime | None
    waybill: str = ""


@dataclass(frozen=True, slots=True)
class TaskStep:
    """A status the task reached, and when."""

    status: Status
    at: datetime


@dataclass(frozen=True, slots=True)
class TaskPage:
    """All that the page of one task shows."""

    store: Store
    card: TaskCard
    recipient: Recipient
    promised_on: date
    courier_code: str
    held_status: Status | None
    steps: tuple[TaskStep, ...]
    parcels: tuple[ParcelView, ...] = ()
    may_reassign: bool = False

    @property
    def scanned_parcels(self) -> int:
        """Return how many parcels were scanned to go with the courier."""
        return sum(parcel.loaded_at is not None for parcel in self.parcels)

    @property
    def awaits_scans(self) -> bool:
        """Tell whether several parcels have to be scanned before the courier gets them."""
        return len(self.parcels) > 1 and self.scanned_parcels < len(self.parcels)

    @property
    def version(self) -> str:
        """Return a short text that changes with anything the page shows."""
        return _version(self)

    @property
    def can_reject(self) -> bool:
        """Tell whether the store may still give the order back."""
        return self.card.status in REJECTABLE

    @property
    def is_at_booking(self) -> bool:
        """Tell whether what comes next is done on the page of the booking that this prepares."""
        return self.card.way == Way.TRY_ON and self.card.status in AT_BOOKING

    @property
    def can_report_lost(self) -> bool:
        """Tell whether goods that should come back may be given up."""
        courier = self.card.courier
        is_riding = courier is not None and not courier.is_over and courier.state is not DeliveryState.RETURNED
        return self.card.overdue_at is not None or not is_riding


@dataclass(frozen=True, slots=True)
class Queue:
    """The tasks in one tab of a store, and how many there are in each."""

    tab: Tab
    counts: dict[Tab, int]
    cards: tuple[TaskCard, ...]
    overdue: int = 0

    @property
    def awaits_van(self) -> bool:
        """Tell whether a parcel of the tab waits for the express van."""
        return any(card.status is Status.LABELLED for card in self.cards)

    @property
    def version(self) -> str:
        """Return a short text that changes with anything the queue shows."""
        return _version(self)


def get_managed_store(actor: Actor, store_id: int) -> Store:
    """Return an active store that an actor manages.

    :raises NotFound: when there is none, or somebody else manages it.
    """
    if store_id not in actor.store_ids(stores_choices.Role.MANAGER):
        raise NotFound
    return stores_queries.get_desk_store(actor, store_id)


def tasks_visible_to(actor: Actor) -> QuerySet[FulfillmentOrder]:
    """Return the shares that are, or were, tasks of the stores at whose desk an actor works."""
    return FulfillmentOrder.objects.filter(store__in=desk_store_ids(actor)).exclude(status__in=NO_TASK)


def get_task_for(actor: Actor, number: str) -> FulfillmentOrder:
    """Return a task by its number.

    :raises NotFound: when there is none, or it is another store's.
    """
    share = _find_task(tasks_visible_to(actor), number)
    if share is None:
        raise NotFound
    return share


def get_managed_task(actor: Actor, number: str) -> FulfillmentOrder:
    """Return a task of a store that an actor manages, with its demand.

    :raises NotFound: when there is none, or somebody else manages its store.
    """
    tasks = tasks_visible_to(actor).filter(store__in=actor.store_ids(stores_choices.Role.MANAGER))
    share = _find_task(tasks.select_related("fulfillment"), number)
    if share is None:
        raise NotFound
    return share


def number_of(fulfillment_order_id: int) -> str:
    """Return the number of a share."""
    return FulfillmentOrder.objects.values_list("number", flat=True).get(pk=fulfillment_order_id)


def _find_task(tasks: QuerySet[FulfillmentOrder], number: str) -> FulfillmentOrder | None:
    """Return a task by what an address says is its number: the database is asked only if it can be one."""
    return tasks.filter(number=number).first() if is_valid_number(number) else None


def load_queue(store_id: int, tab: Tab, *, now: datetime) -> Queue:
    """Read one tab of a store's desk, at most 60: what is overdue first; six queries whatever its length."""
    shares = FulfillmentOrder.objects.filter(store=store_id)
    wanted = {each: _in_tab(each, now=now) for each in Tab}
    is_late = Q(overdue_at__isnull=False) & ~Q(status__in=ENDED)
    counted = {each.value: condition for each, condition in wanted.items()} | {"overdue": is_late}
    counts = shares.aggregate(**{name: Count("pk", filter=condition) for name, condition in counted.items()})
    late_first = (F("overdue_at").asc(nulls_last=True), "deadline_at", "pk")
    rows = with_contents(shares.filter(wanted[tab]))
    rows = rows.order_by("-finished_at", "-pk") if tab is Tab.DONE else rows.order_by(*late_first)
    cards = cards_of(store_id, rows[:MOST_TASKS])
    return Queue(tab, {each: counts[each.value] for each in Tab}, cards, counts["overdue"])


def load_task(actor: Actor, number: str) -> TaskPage:
    """Read one task for its page.

    :raises NotFound: when there is none, or it is another store's.
    """
    tasks = tasks_visible_to(actor).select_related("store", "fulfillment__district")
    share = _find_task(with_contents(tasks), number)
    if share is None or share.store is None:
        raise NotFound
    (card,) = cards_of(share.store.pk, [share])
    return TaskPage(
        store=share.store,
        card=card,
        recipient=_recipient(share),
        promised_on=share.fulfillment.promised_on,
        courier_code=_courier_code(share),
        held_status=Status(share.held_status) if share.held_status else None,
        steps=_steps(share),
        parcels=parcels_of(share),
        may_reassign=share.store.pk in actor.store_ids(stores_choices.Role.MANAGER),
    )


def parcels_of(share: FulfillmentOrder) -> tuple[ParcelView, ...]:
    """Return the parcels that a share was packed into."""
    rows = Parcel.objects.filter(fulfillment_order=share).order_by("position")
    return tuple(
        ParcelView(parcel.number, parcel.position, parcel.weight_grams, parcel.loaded_at, parcel.waybill)
        for parcel in rows
    )


def cards_of(store_id: int, shares: Iterable[FulfillmentOrder]) -> tuple[TaskCard, ...]:
    """Build the cards of a store's shares (see `with_contents`), with where their goods lie; two more queries."""
    rows = list(shares)
    variants = {line.fulfillment_line.variant_id for share in rows for line in share.lines.all()}
    bins = inventory_queries.bins_of(store_id, variants)
    doubts = inventory_queries.doubts_of(store_id, variants)
    return tuple(_card(share, bins, doubts) for share in rows)


def _in_tab(tab: Tab, *, now: datetime) -> Q:
    """Return what is in a tab; of what is done, today's and all that is on the road and heard of."""
    condition, is_silent = Q(status__in=TAB_STATUSES[tab]), Q(status=Status.HANDED_OVER, overdue_at__isnull=False)
    if tab is Tab.WAITING:
        return condition | is_silent
    if tab is Tab.DONE:
        midnight = datetime.combine(business_date(now), time(), BUSINESS_ZONE)
        condition &= Q(finished_at__gte=midnight) | Q(status=Status.HANDED_OVER) & ~is_silent
    return condition


def with_contents(shares: QuerySet[FulfillmentOrder]) -> QuerySet[FulfillmentOrder]:
    """Load with shares their demand, the goods and the deliveries."""
    lines = FulfillmentOrderLine.objects.select_related("fulfillment_line__variant__product__category").order_by("pk")
    deliveries = Delivery.objects.order_by("pk")
    return shares.select_related("fulfillment", "wave").prefetch_related(
        Prefetch("lines", lines), Prefetch("deliveries", deliveries)
    )


def _card(share: FulfillmentOrder, bins: Mapping[int, str], doubts: Mapping[int, Doubt]) -> TaskCard:
    """Build the card of a share whose contents are loaded."""
    deliveries = list(share.deliveries.all())
    return TaskCard(
        number=share.number,
        status=Status(share.status),
        way=Way(share.fulfillment.way),
        lines=tuple(_line(line, bins, doubts) for line in share.lines.all()),
        deadline_at=share.deadline_at,
        overdue_at=share.overdue_at,
        finished_at=share.finished_at,
        courier=_courier(deliveries[-1], Way(share.fulfillment.way)) if deliveries else None,
        slot_starts_at=share.fulfillment.slot_starts_at,
        slot_ends_at=share.fulfillment.slot_ends_at,
        wave_number=share.wave.number if share.wave is not None and share.status == Status.PICKING else "",
    )


def _line(line: FulfillmentOrderLine, bins: Mapping[int, str], doubts: Mapping[int, Doubt]) -> TaskLine:
    """Build one line in the language active now."""
    variant = line.fulfillment_line.variant
    return TaskLine(
        line_id=line.pk,
        name=bilingual.name_of(variant.product),
        color=bilingual.pick(variant.color_zh, variant.color_en),
        color_hex=variant.color_hex,
        shape=variant.product.shape,
        size=variant.size,
        sku=variant.sku,
        quantity=line.quantity,
        is_kept=line.is_kept,
        picked=line.picked,
        bin=bins.get(variant.pk, ""),
        doubt=doubts.get(variant.pk),
    )


def _courier(delivery: Delivery, way: Way) -> CourierView:
    """Say where a delivery stands."""
    state = DeliveryState(delivery.state)
    is_coming = DELIVERY_RANKS[state] < DELIVERY_RANKS[DeliveryState.PICKED_UP]
    return CourierView(
        state=state,
        label=delivery_label(state, way),
        name=delivery.courier_name,
        phone_masked=delivery.courier_phone_masked,
        eta_at=delivery.eta_at if is_coming else None,
        attempt=delivery.attempt,
        is_being_cancelled=delivery.wants_cancel and state not in FINAL_DELIVERY_STATES,
        problem=delivery.last_error,
        carrier=delivery.carrier,
        waybill=delivery.waybill,
        sort_code=delivery.sort_code,
    )


def _recipient(share: FulfillmentOrder) -> Recipient:
    """Mask who gets the goods."""
    demand = share.fulfillment
    district = demand.district
    phone = demand.recipient_phone_sealed
    return Recipient(
        name_masked=f"{demand.recipient_name[:1]}**" if demand.recipient_name else "",
        phone_masked=sealing.mask_phone(sealing.unseal(phone)) if phone else "",
        area=bilingual.pick(f"{district.city} {district.name}", f"{district.name_en}, {district.city_en}")
        if district
        else "",
        street=demand.street,
    )


def _steps(share: FulfillmentOrder) -> tuple[TaskStep, ...]:
    """Return the statuses a share went through, the oldest first."""
    log = Transition.objects.filter(entity=share._meta.label_lower, entity_id=share.pk).order_by("pk")
    rows = log.exclude(to_status__in=NO_TASK).values_list("to_status", "at")
    return tuple(TaskStep(Status(status), at) for status, at in rows)


def _version(view: Queue | TaskPage) -> str:
    """Hash what is shown."""
    return f"{zlib.crc32(repr(view).encode()):08x}"


def _courier_code(share: FulfillmentOrder) -> str:
    """Return the code that the courier must show, "" when there is none; a shopper's code is never shown here."""
    code = PickupCode.objects.filter(
        fulfillment_order=share, purpose=PickupCodePurpose.COURIER, status=PickupCodeStatus.ISSUED
    ).first()
    return sealing.unseal(code.code_sealed) if code else ""
