"""The counter's pages: the baskets of a store, one basket with what it comes to, and how its payment stands."""

from __future__ import annotations

import zlib
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, time
from typing import TYPE_CHECKING

from django.db.models import Count, Q, Sum
from django.utils.translation import gettext as _

from inventory import queries as inventory_queries
from members import choices as members_choices
from omni.kernel import bilingual, clock, sealing
from omni.kernel.errors import NotFound
from omni.kernel.numbers import is_valid_number
from orders.choices import (
    LIVE_INTENTS,
    Condition,
    CounterBasketStatus,
    CounterLineKind,
    IntentStatus,
    ManualMode,
    OrderStatus,
    PaymentMethod,
    ReturnReason,
)
from orders.models import CounterBasket, CounterLine, LineAdjustment, Order, OrderLine, PaymentIntent
from orders.queries import counter_collections, counter_quote
from orders.queries.tenders import checkout_due
from stores import choices as stores_choices
from stores import queries as stores_queries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inventory.models import Variant
    from orders.queries.counter_collections import CollectionLineView
    from orders.queries.counter_quote import CounterQuote, SoldLine
    from stores.permissions import Actor

MOST_SHOWN = 60
MOST_ORDERS = 12
# A payment that the shopper's phone may still make.
SHOWN = frozenset({IntentStatus.CREATED, IntentStatus.PENDING, IntentStatus.UNKNOWN})


@dataclass(frozen=True, slots=True)
class BasketCard:
    """A basket in the list of its store."""

    number: str
    status: str
    status_label: str
    note: str
    seller: str
    staff_id: int
    units: int
    first_name: str
    updated_at: datetime
    total_fen: int | None


@dataclass(frozen=True, slots=True)
class Step:
    """What one offer takes off, or staff do, in the language of the page."""

    name: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class CounterLineView:
    """A line of a basket. `worth_fen` is what it adds to the net: below zero for a piece that comes back."""

    id: int
    kind: str
    kind_label: str
    name: str
    color: str
    color_hex: str
    size: str
    sku: str
    shape: str
    quantity: int
    unit_fen: int
    worth_fen: int
    steps: tuple[Step, ...]
    note: str
    problem: str
    manual_fen: int
    manual_text: str
    needs_manager: bool
    here: int | None

    @property
    def missing(self) -> int:
        """Return how many units to be taken away are not here by the books."""
        return max(0, self.quantity - self.here) if self.here is not None else 0

    @property
    def is_counted(self) -> bool:
        """Tell whether it may be more or fewer units, another size, or be sent."""
        return self.kind in {CounterLineKind.SALE, CounterLineKind.SEND_HOME}

    @property
    def gross_fen(self) -> int:
        """Return the line at everybody's price."""
        return self.unit_fen * self.quantity


@dataclass(frozen=True, slots=True)
class CounterPage:
    """A basket that may be changed, with what it comes to."""

    basket: CounterBasket
    lines: tuple[CounterLineView, ...]
    collections: tuple[CollectionLineView, ...]
    quote: CounterQuote
    steps: tuple[Step, ...]
    delivery_fen: int
    seller: str

    @property
    def goods_fen(self) -> int:
        """Return what is bought, at everybody's price."""
        return sum(line.gross_fen for line in self.lines)

    @property
    def can_pay(self) -> bool:
        """Tell whether it can be settled as it is."""
        return bool(self.lines or self.collections) and not self.quote.problems and not self.quote.coupon_problem

    @property
    def is_sent(self) -> bool:
        """Tell whether something of it is sent home."""
        return any(line.kind == CounterLineKind.SEND_HOME for line in self.lines)


def counter_basket_of(actor: Actor, store_id: int, number: str) -> CounterBasket:
    """Return a basket of a store at whose desk the actor works.

    :raises NotFound: when there is none, or not for this actor.
    """
    store = stores_queries.get_desk_store(actor, store_id)
    found = CounterBasket.objects.filter(store=store.pk, number=number) if number.isprintable() else None
    basket = found.select_related("brand", "store", "staff", "member").first() if found is not None else None
    if basket is None:
        raise NotFound
    return basket


def counter_baskets(store_id: int, *, now: datetime) -> list[BasketCard]:
    """Return the baskets of a store that are open, parked or being paid, then those settled today; two queries."""
    live = [CounterBasketStatus.OPEN, CounterBasketStatus.PARKED, CounterBasketStatus.PAYING]
    today = Q(status=CounterBasketStatus.SETTLED, finished_at__gte=_day_start(now))
    found = CounterBasket.objects.filter(Q(status__in=live) | today, store=store_id)
    rows = found.annotate(units=Sum("lines__quantity"), parts=Count("lines")).select_related("staff")
    baskets = list(rows.order_by("-updated_at", "-pk")[:MOST_SHOWN])
    named = Q(variant__isnull=False) | Q(kind=CounterLineKind.COLLECTION)
    lines = CounterLine.objects.filter(named, basket__in=baskets).select_related("variant__product")
    settled = {row.pk for row in baskets if row.status == CounterBasketStatus.SETTLED}
    first: dict[int, str] = {}
    for line in sorted(lines, key=lambda line: (line.variant is not None, -line.pk)):
        waits = _("Given to the shopper") if line.basket_id in settled else str(CounterLineKind(line.kind).label)
        first[line.basket_id] = waits if line.variant is None else bilingual.name_of(line.variant.product)
    totals = dict(
        Order.objects.filter(checkout__in=[row.checkout_id for row in baskets if row.checkout_id])
        .values_list("checkout_id")
        .annotate(fen=Sum("total_fen"))
        .order_by()
    )
    return [
        BasketCard(
            number=row.number,
            status=row.status,
            status_label=str(CounterBasketStatus(row.status).label),
            note=row.note,
            seller=row.staff.display_name,
            staff_id=row.staff_id,
            units=row.units or 0,
            first_name=first.get(row.pk, ""),
            updated_at=row.updated_at,
            total_fen=_net_of(row, totals),
        )
        for row in baskets
    ]


def counter_lines(basket: CounterBasket) -> list[CounterLine]:
    """Return the lines of a basket with all that pages and settling need, in their order; one query."""
    rows = basket.lines.select_related(
        "variant__product__category",
        "try_on_line",
        "approved_by",
        "sale__order_line__variant__product__category",
        "sale__order",
        "share",
        "pickup_code",
    )
    return list(rows.order_by("pk"))


def orders_to_bring_back(basket: CounterBasket, text: str) -> list[Order]:
    """Return the orders of a basket's brand whose goods may come back: that of a number, else the member's newest."""
    orders = Order.objects.filter(brand=basket.brand_id, paid_at__isnull=False)
    number = text.strip().upper()
    if number:
        return list(orders.filter(number=number)) if is_valid_number(number) else []
    if basket.member_id is None:
        return []
    return list(orders.filter(member=basket.member_id).order_by("-pk")[:MOST_ORDERS])


def recipient_of_basket(basket: CounterBasket) -> dict[str, str]:
    """Return to whom a basket is sent, as its form shows it."""
    sealed = basket.recipient_phone_sealed
    return {
        "contact_name": basket.recipient_name,
        "phone": sealing.unseal(sealed) if sealed else "",
        "place": basket.district_id or "",
        "street": basket.street,
    }


def counter_due(basket: CounterBasket) -> int:
    """Return the fen still to be paid for a basket, what its returns will bring taken off; below zero: given back."""
    due_fen = checkout_due(basket.checkout_id) if basket.checkout_id is not None else 0
    return due_fen - basket.returns_fen


def load_counter(basket: CounterBasket, *, now: datetime, lines: Sequence[CounterLine] | None = None) -> CounterPage:
    """Return a basket with what it comes to now; as many statements for any number of lines that are sold.

    `lines` are those of the basket as they are, unless it is to be seen as it might be.
    """
    if lines is None:
        lines = counter_lines(basket)
    quote = counter_quote.quote_counter(basket, lines, now=now)
    sold = {line.pk: part for order in quote.orders for part in order.sold for line in part.lines}
    here = inventory_queries.sellable_here(basket.store_id, [line.variant_id for line in lines if line.variant_id])
    return CounterPage(
        basket=basket,
        lines=tuple(
            _view(line, sold.get(line.pk), quote, here) for line in lines if line.kind != CounterLineKind.COLLECTION
        ),
        collections=tuple(counter_collections.collections_of(lines)),
        quote=quote,
        steps=_sums(quote),
        delivery_fen=sum(order.bill.charge_fen for order in quote.orders),
        seller=basket.staff.display_name,
    )


def _day_start(now: datetime) -> datetime:
    """Return when the business day began."""
    return datetime.combine(clock.business_date(now), time.min, clock.BUSINESS_ZONE)


def _net_of(basket: CounterBasket, totals: dict[int, int]) -> int | None:
    """Return the net amount of a basket whose orders stand."""
    if basket.status not in {CounterBasketStatus.PAYING, CounterBasketStatus.SETTLED}:
        return None
    return totals.get(basket.checkout_id or 0, 0) - basket.returns_fen


def _view(line: CounterLine, part: SoldLine | None, quote: CounterQuote, here: dict[int, int]) -> CounterLineView:
    """Return a line as the page shows it."""
    variant = line.variant or (line.sale.order_line.variant if line.sale and line.sale.order_line else None)
    if variant is None:
        raise ValueError("A line is of some goods.")
    manual_fen = dict(part.manual_fen).get(line.pk, 0) if part else 0
    is_first = part is not None and part.lines[0].pk == line.pk
    steps = tuple(Step(bilingual.pick(*names), fen) for *names, fen in part.steps) if part and is_first else ()
    worth_fen = -quote.worth_fen.get(line.pk, 0)
    if part is not None:
        gross_fen = part.item.unit_price_fen * line.quantity
        worth_fen = gross_fen - manual_fen - sum(step.amount_fen for step in steps)
    problem = quote.problems.get(line.pk, "")
    return CounterLineView(
        id=line.pk,
        kind=line.kind,
        kind_label=str(CounterLineKind(line.kind).label),
        name=bilingual.name_of(variant.product),
        color=bilingual.pick(variant.color_zh, variant.color_en),
        color_hex=variant.color_hex,
        size=variant.size,
        sku=variant.sku,
        shape=_shape(variant),
        quantity=line.quantity,
        unit_fen=part.item.unit_price_fen if part else 0,
        worth_fen=worth_fen,
        steps=steps,
        note=_note(line),
        problem=problem,
        manual_fen=manual_fen,
        manual_text=_manual_text(line),
        needs_manager=bool(problem) and bool(line.manual_mode),
        here=here.get(variant.pk, 0) if line.kind == CounterLineKind.SALE else None,
    )


def _shape(variant: Variant) -> str:
    return variant.product.drawing or variant.product.category.shape


def _note(line: CounterLine) -> str:
    """Return what is to be said of a piece that comes back."""
    if line.kind != CounterLineKind.RETURN:
        return ""
    number = line.sale.order.number if line.sale is not None else _("Not kept")
    parts = [number, ReturnReason(line.reason).label, Condition(line.condition).label]
    return " · ".join(str(part) for part in parts)


def _manual_text(line: CounterLine) -> str:
    """Return why staff take something off, and who approved it."""
    if not line.manual_mode:
        return ""
    words = [str(ManualMode(line.manual_mode).label), line.manual_reason]
    if line.approved_by is not None:
        words.append(_("approved by %(name)s") % {"name": line.approved_by.display_name})
    return " · ".join(words)


def _sums(quote: CounterQuote) -> tuple[Step, ...]:
    """Return what each offer takes off in all, and what staff do."""
    sums: dict[str, Step] = {}
    for order in quote.orders:
        for part in order.bill.adjustments:
            before = sums.get(part.source)
            amount_fen = part.amount_fen + (before.amount_fen if before else 0)
            sums[part.source] = Step(bilingual.pick(part.name_zh, part.name_en), amount_fen)
    manual_fen = sum(fen for order in quote.orders for part in order.sold for _line, fen in part.manual_fen)
    staff = (Step(str(members_choices.AdjustmentKind.MANUAL.label), manual_fen),) if manual_fen else ()
    return (*sums.values(), *staff)


@dataclass(frozen=True, slots=True)
class TenderView:
    """Money that came in, or is to come in."""

    intent_id: int
    method: str
    label: str
    status: str
    status_label: str
    amount_fen: int
    change_fen: int


@dataclass(frozen=True, slots=True)
class PaidLine:
    """A line of a basket's order, as it was placed."""

    name: str
    quantity: int
    gross_fen: int
    total_fen: int
    shape: str
    color_hex: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class CounterPayment:
    """How the payment of a basket stands, or how it was settled. `left_fen` below zero is given back."""

    basket: CounterBasket
    order_numbers: tuple[str, ...]
    lines: tuple[PaidLine, ...]
    returned: tuple[CounterLineView, ...]
    collections: tuple[CollectionLineView, ...]
    charges_fen: int
    total_fen: int
    returns_fen: int
    tenders: tuple[TenderView, ...]
    left_fen: int
    is_over: bool

    @property
    def net_fen(self) -> int:
        """Return what all of it comes to."""
        return self.total_fen - self.returns_fen

    @property
    def paid_fen(self) -> int:
        """Return what tenders have brought."""
        return sum(tender.amount_fen for tender in self.tenders if tender.status == IntentStatus.SUCCEEDED)

    @property
    def is_part_paid(self) -> bool:
        """Tell whether something came in already."""
        return self.paid_fen > 0

    @property
    def wechat(self) -> TenderView | None:
        """Return the WeChat payment that waits for the shopper's phone."""
        waiting = [row for row in self.tenders if row.method == PaymentMethod.WECHAT_NATIVE and row.status in SHOWN]
        return waiting[-1] if waiting else None

    @property
    def cards(self) -> list[TenderView]:
        """Return the card payments whose result is not known."""
        return [row for row in self.tenders if row.method == PaymentMethod.CARD and row.status in LIVE_INTENTS]

    @property
    def left_text(self) -> str:
        """Return what is left in yuan, as an amount is typed."""
        return f"{self.left_fen // 100}.{self.left_fen % 100:02d}"

    @property
    def version(self) -> str:
        """Return a short text that changes with anything the page shows."""
        shown = (self.basket.status, self.basket.is_giving_up, self.tenders, self.left_fen, self.is_over)
        return f"{zlib.crc32(repr(shown).encode()):08x}"


def load_counter_payment(basket: CounterBasket) -> CounterPayment:
    """Return how the payment of a basket stands; as many statements for any number of lines and tenders."""
    orders = list(Order.objects.filter(checkout=basket.checkout_id or 0).order_by("pk"))
    lines = OrderLine.objects.filter(order__in=orders).select_related("variant__product__category").order_by("pk")
    taken: dict[int, list[Step]] = defaultdict(list)
    for part in LineAdjustment.objects.filter(order_line__order__in=orders).order_by("pk"):
        taken[part.order_line_id].append(Step(bilingual.name_of(part), part.amount_fen))
    basket_lines = counter_lines(basket)
    returned = [line for line in basket_lines if line.kind == CounterLineKind.RETURN]
    worth = counter_quote.settled_worth(basket_lines)
    none = counter_quote.CounterQuote((), 0, worth, {}, "", None)
    waiting = [order for order in orders if order.status == OrderStatus.PLACED]
    return CounterPayment(
        basket=basket,
        order_numbers=tuple(order.number for order in orders if order.paid_at is not None),
        lines=tuple(_paid_line(line, taken[line.pk]) for line in lines),
        returned=tuple(_view(line, None, none, {}) for line in returned),
        collections=tuple(counter_collections.collections_of(basket_lines)),
        charges_fen=sum(order.charges_fen for order in orders),
        total_fen=sum(order.total_fen for order in orders),
        returns_fen=basket.returns_fen,
        tenders=_tenders(orders),
        left_fen=counter_due(basket) if basket.status == CounterBasketStatus.PAYING else 0,
        is_over=bool(orders) and not waiting,
    )


def _paid_line(line: OrderLine, steps: Sequence[Step]) -> PaidLine:
    return PaidLine(
        name=bilingual.name_of(line),
        quantity=line.quantity,
        gross_fen=line.unit_price_fen * line.quantity,
        total_fen=line.total_fen,
        shape=_shape(line.variant),
        color_hex=line.variant.color_hex,
        steps=tuple(steps),
    )


def _tenders(orders: Sequence[Order]) -> tuple[TenderView, ...]:
    """Return the payments of some orders that brought money or still may; credit of returns stands for itself."""
    rows = PaymentIntent.objects.filter(allocations__order__in=orders).exclude(method=PaymentMethod.RETURN_CREDIT)
    shown = rows.filter(status__in=[IntentStatus.SUCCEEDED, *LIVE_INTENTS]).select_related("slip").distinct()
    views = []
    for row in shown.order_by("pk"):
        slip = getattr(row, "slip", None)
        given_fen = slip.given_fen if slip is not None and slip.given_fen is not None else row.amount_fen
        views.append(
            TenderView(
                intent_id=row.pk,
                method=row.method,
                label=str(PaymentMethod(row.method).label),
                status=row.status,
                status_label=str(IntentStatus(row.status).label),
                amount_fen=row.amount_fen,
                change_fen=given_fen - row.amount_fen,
            )
        )
    return tuple(views)


def is_mall_collected(basket: CounterBasket) -> bool:
    """Tell whether the mall's cashier takes the money of a basket that is being paid."""
    lines = OrderLine.objects.filter(order__checkout=basket.checkout_id or 0)
    return lines.filter(collector=stores_choices.Collector.MALL).exists()


def wechat_link(basket: CounterBasket) -> str:
    """Return what the QR code of a basket's open WeChat payment says; empty when none is open."""
    waiting = PaymentIntent.objects.filter(
        checkout=basket.checkout_id or 0, method=PaymentMethod.WECHAT_NATIVE, status=IntentStatus.PENDING
    )
    return waiting.order_by("-pk").values_list("code_url", flat=True).first() or ""
