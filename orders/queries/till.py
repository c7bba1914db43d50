"""What the pages of a till show: its sessions, their figures tender by tender, and what waits to be done there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Q, Sum
from django.utils.translation import gettext as _

from omni.kernel.errors import NotFound
from orders import rules
from orders.choices import (
    TILL_METHODS,
    DrawerStatus,
    IntentStatus,
    MovementKind,
    PaymentMethod,
    RefundStatus,
    ReturnStatus,
)
from orders.models import DrawerSession, PaymentIntent, Refund, Return
from orders.queries.tenders import PARTS
from stores import choices as stores_choices
from stores import queries as stores_queries

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

    from orders.models import DrawerMovement
    from stores.models import Store
    from stores.permissions import Actor

# So many sessions stand on a page of the history.
PAGE = 50


@dataclass(frozen=True, slots=True)
class TenderFigures:
    """What a session took by one tender, and gave back."""

    method: str
    label: str
    count: int
    amount_fen: int
    refunds: int
    refunded_fen: int

    @property
    def net_fen(self) -> int:
        """Return what is left of it."""
        return self.amount_fen - self.refunded_fen


@dataclass(frozen=True, slots=True)
class CountedPieces:
    """Notes or coins of one kind."""

    denomination_fen: int
    pieces: int

    @property
    def amount_fen(self) -> int:
        """Return what they come to."""
        return self.denomination_fen * self.pieces


@dataclass(frozen=True, slots=True)
class DrawerPage:
    """A session of a till. While it is open nobody is told what cash should be there: the count is blind."""

    drawer: DrawerSession
    status_label: str
    opened_by: str
    counted_by: str
    confirmed_by: str
    tenders: tuple[TenderFigures, ...]
    movements: tuple[DrawerMovement, ...]
    pieces: tuple[CountedPieces, ...]
    paid_in_fen: int
    paid_out_fen: int
    unknown_cards: int
    waits_for_manager: bool

    @property
    def is_open(self) -> bool:
        """Tell whether it still takes money."""
        return self.drawer.status == DrawerStatus.OPEN


@dataclass(frozen=True, slots=True)
class DrawerRow:
    """A session in a list."""

    drawer: DrawerSession
    status_label: str
    opened_by: str
    tenders: int


@dataclass(frozen=True, slots=True)
class RefundRow:
    """A refund that waits at the till; of a card payment with the slip by which it is found in the terminal."""

    refund: Refund
    method: str
    label: str
    order_number: str
    slip: str


@dataclass(frozen=True, slots=True)
class CardRow:
    """A card payment whose result nobody has recorded."""

    intent: PaymentIntent
    label: str
    till: str
    order_numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TillPage:
    """What a store's tills look like now."""

    drawers: tuple[DrawerRow, ...]
    counted: tuple[DrawerRow, ...]
    refunds: tuple[RefundRow, ...]
    cards: tuple[CardRow, ...]
    is_manager: bool


def is_manager_of(actor: Actor, store_id: int) -> bool:
    """Tell whether an actor is the manager of a store."""
    return store_id in actor.store_ids(stores_choices.Role.MANAGER)


def get_drawer_for(actor: Actor, store_id: int, drawer_id: int) -> DrawerSession:
    """Return a session of a till of a store where the actor works.

    :raises NotFound: when there is none, or not for this actor.
    """
    store = stores_queries.get_desk_store(actor, store_id)
    drawer = DrawerSession.objects.filter(pk=drawer_id, store=store).first()
    if drawer is None:
        raise NotFound
    return drawer


def till_page(store: Store, *, is_manager: bool) -> TillPage:
    """Read a store's tills and what waits there; a fixed number of queries."""
    live = DrawerSession.objects.filter(store=store).exclude(status=DrawerStatus.CLOSED)
    rows = _rows(store.pk, live.order_by("till", "pk"))
    return TillPage(
        drawers=tuple(row for row in rows if row.drawer.status == DrawerStatus.OPEN),
        counted=tuple(row for row in rows if row.drawer.status == DrawerStatus.COUNTED),
        refunds=tuple(_refund_row(refund) for refund in waiting_refunds(store.pk)),
        cards=tuple(_card_row(intent) for intent in _waiting_cards(store.pk)),
        is_manager=is_manager,
    )


def drawer_rows(store: Store, *, before: int | None = None) -> list[DrawerRow]:
    """Return the newest sessions of a store's tills, older than one of them if that is given."""
    rows = DrawerSession.objects.filter(store=store).order_by("-pk")
    return _rows(store.pk, (rows.filter(pk__lt=before) if before else rows)[:PAGE])


def drawer_page(drawer: DrawerSession) -> DrawerPage:
    """Read a session with its figures; a fixed number of queries."""
    names = _names(drawer.store_id)
    movements = tuple(drawer.movements.filter(kind__in=[MovementKind.PAID_IN, MovementKind.PAID_OUT]).order_by("pk"))
    return DrawerPage(
        drawer=drawer,
        status_label=str(DrawerStatus(drawer.status).label),
        opened_by=_name(drawer.opened_by, names),
        counted_by=_name(drawer.counted_by, names),
        confirmed_by=_name(drawer.confirmed_by, names),
        tenders=_figures(drawer),
        movements=movements,
        pieces=tuple(
            CountedPieces(fen, drawer.counts[str(fen)]) for fen in rules.DENOMINATIONS if str(fen) in drawer.counts
        ),
        paid_in_fen=sum(row.amount_fen for row in movements if row.amount_fen > 0),
        paid_out_fen=-sum(row.amount_fen for row in movements if row.amount_fen < 0),
        unknown_cards=_unknown(drawer.intents.all()).count(),
        waits_for_manager=drawer.status == DrawerStatus.COUNTED,
    )


def waiting_refunds(store_id: int) -> QuerySet[Refund]:
    """Return what a store's tills may give back: taken there, or for goods that it received; the oldest first."""
    due = Return.objects.filter(receiving_store=store_id, status=ReturnStatus.REFUND_DUE, refund__isnull=False)
    here = Q(intent__drawer__store=store_id) | Q(through__drawer__store=store_id)
    for cause in due.values_list("refund__cause", flat=True):
        here |= Q(cause=cause) | Q(cause__startswith=f"{cause}{PARTS}")
    by_till = Q(through__isnull=True, intent__method__in=TILL_METHODS) | Q(through__method__in=TILL_METHODS)
    rows = Refund.objects.filter(here, by_till, status=RefundStatus.REQUESTED)
    return rows.select_related("order", "intent__slip", "through__slip", "intent__drawer", "through__drawer").order_by(
        "pk"
    )


def get_refund_for(actor: Actor, store_id: int, refund_id: int) -> RefundRow:
    """Return a refund that waits at a store where the actor works.

    :raises NotFound: when there is none, or not for this actor.
    """
    store = stores_queries.get_desk_store(actor, store_id)
    refund = waiting_refunds(store.pk).filter(pk=refund_id).first()
    if refund is None:
        raise NotFound
    return _refund_row(refund)


def get_card_for(actor: Actor, store_id: int, intent_id: int) -> CardRow:
    """Return a card payment without a result, of a store where the actor works.

    :raises NotFound: when there is none, or not for this actor.
    """
    store = stores_queries.get_desk_store(actor, store_id)
    intent = _waiting_cards(store.pk).filter(pk=intent_id).first()
    if intent is None:
        raise NotFound
    return _card_row(intent)


def _waiting_cards(store_id: int) -> QuerySet[PaymentIntent]:
    rows = _unknown(PaymentIntent.objects.filter(drawer__store=store_id))
    return rows.select_related("drawer").prefetch_related("allocations__order").order_by("pk")


def _unknown(intents: QuerySet[PaymentIntent]) -> QuerySet[PaymentIntent]:
    """Return the card payments among some whose result nobody knows."""
    return intents.filter(method=PaymentMethod.CARD, status__in=[IntentStatus.CREATED, IntentStatus.UNKNOWN])


def _figures(drawer: DrawerSession) -> tuple[TenderFigures, ...]:
    """Add up a session's tenders by method; what came too late counts, since the money is there."""
    had = [IntentStatus.SUCCEEDED, IntentStatus.ORPHAN_PAID, IntentStatus.ORPHAN_REFUNDED]
    came = drawer.intents.filter(status__in=had).order_by()
    sums = came.values_list("method").annotate(Count("pk"), Sum("amount_fen"))
    taken: dict[str, tuple[int, int]] = {method: (count, fen) for method, count, fen in sums}
    given: dict[str, tuple[int, int]] = {}
    for refund in drawer.refunds.filter(status=RefundStatus.SUCCEEDED).select_related("intent", "through"):
        count, fen = given.get(refund.provider_intent.method, (0, 0))
        given[refund.provider_intent.method] = (count + 1, fen + refund.amount_fen)
    return tuple(
        TenderFigures(
            method.value,
            str(method.label),
            *taken.get(method.value, (0, 0)),
            *given.get(method.value, (0, 0)),
        )
        for method in PaymentMethod
        if method in taken or method in given
    )


def _rows(store_id: int, drawers: Iterable[DrawerSession]) -> list[DrawerRow]:
    rows, names = list(drawers), _names(store_id)
    counts = PaymentIntent.objects.filter(drawer__in=rows, status=IntentStatus.SUCCEEDED).order_by()
    taken = dict(counts.values_list("drawer_id").annotate(Count("pk")))
    return [
        DrawerRow(row, str(DrawerStatus(row.status).label), _name(row.opened_by, names), taken.get(row.pk, 0))
        for row in rows
    ]


def _refund_row(refund: Refund) -> RefundRow:
    source = refund.provider_intent
    slip = getattr(source, "slip", None)
    found_by = {
        PaymentMethod.CARD: f"{slip.terminal} · {slip.batch} · {slip.trace}" if slip else "",
        PaymentMethod.MALL_TILL: slip.receipt_number if slip else "",
    }
    return RefundRow(
        refund=refund,
        method=source.method,
        label=str(PaymentMethod(source.method).label),
        order_number=refund.order.number if refund.order else _("paid twice"),
        slip=found_by.get(PaymentMethod(source.method), ""),
    )


def _card_row(intent: PaymentIntent) -> CardRow:
    is_unknown = intent.status == IntentStatus.UNKNOWN
    return CardRow(
        intent=intent,
        label=_("Unknown") if is_unknown else _("Started, nothing recorded"),
        till=intent.drawer.till if intent.drawer else "",
        order_numbers=tuple(row.order.number for row in intent.allocations.all()),
    )


def _names(store_id: int) -> dict[str, str]:
    """Return the names of a store's people by what they are called in rows."""
    return stores_queries.names_by_label(store_id)


def _name(label: str, names: dict[str, str]) -> str:
    """Return who did something; empty when nobody has yet, or nobody whose name is known."""
    return names.get(label, "")
