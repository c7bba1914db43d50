"""A shopper's baskets as the shop shows them, at today's prices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fulfillment import choices as fulfillment_choices
from inventory import queries as inventory_queries
from orders.models import Basket
from orders.rules import delivery_charge_fen

if TYPE_CHECKING:
    from datetime import datetime

    from inventory.models import Variant
    from stores.models import Brand


@dataclass(frozen=True, slots=True)
class BasketLineView:
    """One SKU of a basket. `unit_price_fen` is today's price; None when the brand no longer sells it."""

    id: int
    variant: Variant
    quantity: int
    seen_price_fen: int
    unit_price_fen: int | None

    @property
    def total_fen(self) -> int:
        """Return what the line costs now; nothing when it is not on sale."""
        return (self.unit_price_fen or 0) * self.quantity

    @property
    def is_price_changed(self) -> bool:
        """Tell whether the shopper saw another price."""
        return self.unit_price_fen is not None and self.unit_price_fen != self.seen_price_fen


@dataclass(frozen=True, slots=True)
class BasketView:
    brand: Brand
    lines: tuple[BasketLineView, ...]

    @property
    def goods_fen(self) -> int:
        """Return the sum of the lines at today's prices."""
        return sum(line.total_fen for line in self.lines)

    @property
    def delivery_fen(self) -> int:
        """Return the delivery charge by courier."""
        return delivery_charge_fen(
            fulfillment_choices.Way.COURIER,
            self.goods_fen,
            fee_fen=self.brand.delivery_fee_fen,
            free_from_fen=self.brand.free_delivery_from_fen,
        )

    @property
    def total_fen(self) -> int:
        """Return goods and delivery by courier together."""
        return self.goods_fen + self.delivery_fen


def baskets_of(token: str, *, now: datetime) -> list[BasketView]:
    """Return the baskets of a token that hold anything, one a brand."""
    if not token:
        return []
    found = Basket.objects.filter(token=token).select_related("brand").order_by("brand_id")
    rows = found.prefetch_related("lines__variant__product__category")
    views = [_view(basket, now) for basket in rows]
    return [view for view in views if view.lines]


def find_basket(token: str, brand_code: str, *, now: datetime) -> BasketView | None:
    """Return the basket of a token with one brand, or None when it is empty."""
    return next((view for view in baskets_of(token, now=now) if view.brand.code == brand_code), None)


def _view(basket: Basket, now: datetime) -> BasketView:
    lines = sorted(basket.lines.all(), key=lambda line: line.pk)
    prices = {
        priced.sku: priced.unit_price_fen
        for priced in inventory_queries.price_lines(basket.brand_id, [line.variant.sku for line in lines], now)
    }
    return BasketView(
        basket.brand,
        tuple(
            BasketLineView(line.pk, line.variant, line.quantity, line.seen_price_fen, prices.get(line.variant.sku))
            for line in lines
        ),
    )
