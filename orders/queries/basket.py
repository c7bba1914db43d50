"""A shopper's baskets as the shop shows them, at today's prices."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from django.db.models import Sum

from fulfillment import choices as fulfillment_choices
from inventory import queries as inventory_queries
from orders.models import Basket, BasketLine
from orders.rules import MAX_LINES, account_token, delivery_charge_fen

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from inventory.models import Variant
    from stores.models import Brand

_SEEN = re.compile(r"(\d{1,18})x(\d{1,4})@(\d{1,9})", re.ASCII)


class SeenLine(NamedTuple):
    """A line of a basket as a page showed it; `price_fen` of one unit."""

    line_id: int
    quantity: int
    price_fen: int


@dataclass(frozen=True, slots=True)
class BasketLineView:
    """One SKU of a basket. `priced` is it at today's price; None when the brand no longer sells it.

    `seen_price_fen` is what the shopper saw: on the checkout page sent in, or else when it came into the basket.
    """

    id: int
    variant: Variant
    quantity: int
    seen_price_fen: int
    priced: inventory_queries.PricedVariant | None
    is_in_stock: bool

    @property
    def unit_price_fen(self) -> int | None:
        """Return today's price of one; None when it is not on sale."""
        return self.priced.unit_price_fen if self.priced else None

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
    def free_delivery_gap_fen(self) -> int:
        """Return for how much more the delivery would be free; 0 when it is."""
        return self.brand.free_delivery_from_fen - self.goods_fen if self.delivery_fen else 0

    @property
    def total_fen(self) -> int:
        """Return goods and delivery by courier together."""
        return self.goods_fen + self.delivery_fen

    @property
    def is_too_long(self) -> bool:
        """Tell whether it holds more different things than an order takes, as joined baskets may."""
        return len(self.lines) > MAX_LINES

    @property
    def is_orderable(self) -> bool:
        """Tell whether an order takes it: every line is on sale and in some store."""
        return not self.is_too_long and all(line.unit_price_fen is not None and line.is_in_stock for line in self.lines)

    @property
    def seen(self) -> str:
        """Return what this page shows, as `read_seen` reads it: an order is for this and nothing else."""
        return " ".join(f"{line.id}x{line.quantity}@{line.unit_price_fen or 0}" for line in self.lines)


def read_seen(text: str) -> tuple[SeenLine, ...]:
    """Read what a page showed of a basket; nothing when it is none of our texts."""
    found = [_SEEN.fullmatch(word) for word in text.split()]
    return tuple(SeenLine(*map(int, match.groups())) for match in found if match)


def token_of_account(user_id: int) -> str:
    """Return the token of an account's baskets, the same on every device."""
    return account_token(user_id)


def baskets_of(token: str, *, now: datetime) -> list[BasketView]:
    """Return the baskets of a token that hold anything, one a brand."""
    if not token:
        return []
    found = Basket.objects.filter(token=token).select_related("brand").order_by("brand_id")
    views = [_view(basket, {}, now) for basket in found.prefetch_related("lines__variant__product__category")]
    return [view for view in views if view.lines]


def find_basket(token: str, brand_code: str, *, seen: tuple[SeenLine, ...] = (), now: datetime) -> BasketView | None:
    """Return the basket of a token with one brand, or None when it is empty; with `seen`, beside those prices."""
    found = Basket.objects.filter(token=token, brand__code=brand_code).select_related("brand") if token else None
    basket = found.prefetch_related("lines__variant__product__category").first() if found is not None else None
    view = _view(basket, {line.line_id: line.price_fen for line in seen}, now) if basket else None
    return view if view and view.lines else None


def count_units(token: str) -> int:
    """Return how many units all baskets of a token hold."""
    return BasketLine.objects.filter(basket__token=token).aggregate(units=Sum("quantity"))["units"] or 0


def _view(basket: Basket, seen_fen: Mapping[int, int], now: datetime) -> BasketView:
    lines = sorted(basket.lines.all(), key=lambda line: line.pk)
    skus = [line.variant.sku for line in lines]
    prices = {item.sku: item for item in inventory_queries.price_lines(basket.brand_id, skus, now)}
    in_stock = inventory_queries.variants_in_stock([line.variant_id for line in lines])
    return BasketView(
        basket.brand,
        tuple(
            BasketLineView(
                id=line.pk,
                variant=line.variant,
                quantity=line.quantity,
                seen_price_fen=seen_fen.get(line.pk, line.seen_price_fen),
                priced=prices.get(line.variant.sku),
                is_in_stock=line.variant_id in in_stock,
            )
            for line in lines
        ),
    )
