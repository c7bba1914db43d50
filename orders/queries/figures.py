"""What a store and its people have sold in a time, what came back, and whom they expect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Q, Sum

from omni.kernel import money
from orders.choices import OPEN_TRY_ONS, TAKEN_BACK_RETURNS, TryOnStatus
from orders.models import Recognition, Return, TryOn

if TYPE_CHECKING:
    from datetime import date, datetime

SOLD = Q(reversal_of__isnull=True)
BACK = Q(reversal_of__isnull=False)
CAME = (
    TryOnStatus.CHECKED_IN,
    TryOnStatus.IN_ROOM,
    TryOnStatus.BOUGHT,
    TryOnStatus.PART,
    TryOnStatus.DECLINED,
)


@dataclass(frozen=True, slots=True)
class SalesFigures:
    """Goods whose sale became one in a time, and those of any time that came back in it; amounts in fen."""

    amount_fen: int
    units: int
    tickets: int
    returned_fen: int
    returned_units: int

    @property
    def net_fen(self) -> int:
        """Return the sales less what came back."""
        return self.amount_fen - self.returned_fen

    @property
    def items_per_ticket(self) -> float | None:
        """Return how many pieces an order has, to one place; None without orders."""
        return round(self.units / self.tickets, 1) if self.tickets else None

    @property
    def ticket_fen(self) -> int | None:
        """Return what an order comes to; None without orders."""
        return money.cumulative_part(self.amount_fen, 1, self.tickets) if self.tickets else None


@dataclass(frozen=True, slots=True)
class GuideSales:
    """What one of a store's people sold, less what came back."""

    staff_id: int
    name: str
    net_fen: int
    units: int


@dataclass(frozen=True, slots=True)
class Visits:
    """Appointments to try on in a time, and who came; pieces taken back over the counter of a store."""

    appointments: int
    came: int
    still_expected: int
    returns: int


def sales_figures(store_id: int, first: date, last: date, *, staff_id: int | None = None) -> SalesFigures:
    """Return what a store sold from one business date to another, or what one of its people did; one statement.

    It counts for the store that sold, whoever shipped: delivery and other charges are nobody's sale.
    """
    sales = Recognition.objects.filter(
        order_line__selling_store=store_id, business_on__gte=first, business_on__lte=last
    )
    if staff_id is not None:
        sales = sales.filter(order_line__guide=staff_id)
    found = sales.aggregate(
        returned_fen=-Sum("amount_fen", filter=BACK, default=0),
        returned_units=-Sum("quantity", filter=BACK, default=0),
        units=Sum("quantity", filter=SOLD, default=0),
        tickets=Count("order", filter=SOLD, distinct=True),
        amount_fen=Sum("amount_fen", filter=SOLD, default=0),
    )
    return SalesFigures(**found)


def guide_ranking(store_id: int, first: date, last: date) -> list[GuideSales]:
    """Return what each of a store's people sold from one business date to another, the most first; one statement."""
    sales = Recognition.objects.filter(
        order_line__selling_store=store_id,
        order_line__guide__isnull=False,
        business_on__gte=first,
        business_on__lte=last,
    )
    rows = (
        sales.values("order_line__guide", "order_line__guide__display_name")
        .annotate(net_fen=Sum("amount_fen"), units=Sum("quantity"))
        .order_by("-net_fen", "order_line__guide")
    )
    return [
        GuideSales(row["order_line__guide"], row["order_line__guide__display_name"], row["net_fen"], row["units"])
        for row in rows
    ]


def visits(store_id: int, start: datetime, end: datetime) -> Visits:
    """Return who came to a store to try on or to give something back in `[start, end)`; two statements."""
    found = TryOn.objects.filter(store=store_id, starts_at__gte=start, starts_at__lt=end).aggregate(
        appointments=Count("pk", filter=~Q(status=TryOnStatus.CANCELLED)),
        came=Count("pk", filter=Q(status__in=CAME)),
        still_expected=Count("pk", filter=Q(status__in=OPEN_TRY_ONS)),
    )
    taken_back = Return.objects.filter(receiving_store=store_id, status__in=TAKEN_BACK_RETURNS)
    return Visits(**found, returns=taken_back.filter(inspected_at__gte=start, inspected_at__lt=end).count())
