"""What a shopper may say something of: the lines of an order that reached them, and what they said so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Sum

from members import queries as members_queries
from omni.kernel import bilingual
from orders.models import Recognition

if TYPE_CHECKING:
    from datetime import datetime

    from orders.models import Order


@dataclass(frozen=True, slots=True)
class FeedbackLine:
    """A line of which units were sold; `review` is what was said of it."""

    line_id: int
    owner: str
    product_id: int
    variant_id: int
    name: str
    color: str
    size: str
    shape: str
    color_hex: str
    review: members_queries.OwnReview | None


@dataclass(frozen=True, slots=True)
class OrderWord:
    """What was said of an order as a whole."""

    order_stars: int
    service_stars: int
    text: str
    editable_until: datetime


def order_owner(order: Order) -> str:
    """Return the name under which members keep what is said of an order."""
    return f"order:{order.pk}"


def feedback_lines(order: Order) -> tuple[FeedbackLine, ...]:
    """Return the lines of an order of which something reached the shopper."""
    sold = (
        Recognition.objects.filter(order=order, order_line__isnull=False, quantity__gt=0, amount_fen__gte=0)
        .values("order_line_id")
        .annotate(units=Sum("quantity"))
        .values_list("order_line_id", flat=True)
    )
    lines = list(order.lines.filter(pk__in=sold).select_related("variant__product__category").order_by("pk"))
    reviews = members_queries.own_reviews([f"order_line:{line.pk}" for line in lines])
    return tuple(
        FeedbackLine(
            line_id=line.pk,
            owner=f"order_line:{line.pk}",
            product_id=line.variant.product_id,
            variant_id=line.variant_id,
            name=bilingual.name_of(line),
            color=bilingual.pick(line.variant.color_zh, line.variant.color_en),
            size=line.variant.size,
            shape=line.variant.product.category.shape,
            color_hex=line.variant.color_hex,
            review=reviews.get(f"order_line:{line.pk}"),
        )
        for line in lines
    )


def find_order_word(order: Order) -> OrderWord | None:
    """Return what was said of an order, if anything was."""
    row = members_queries.find_feedback(order_owner(order))
    return OrderWord(row.order_stars, row.service_stars, row.text, row.editable_until) if row else None


def find_serving_store(order: Order) -> int | None:
    """Return the store whose goods reached the shopper first."""
    sales = Recognition.objects.filter(order=order).order_by("pk")
    return sales.values_list("fulfilling_store_id", flat=True).first()
