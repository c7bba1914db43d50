"""Reads for the page of a product: its words, colours and sizes, and the stores that have it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from inventory.queries.catalogue import fetch_rows, frozen
from inventory.sql import product as sql
from omni.kernel import bilingual, clock

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class SizeView:
    """A size of one colour: its price now, how many stores have it, and how far the nearest is."""

    variant_id: int
    sku: str
    name: str
    price_fen: int
    list_fen: int
    store_count: int
    nearest_metres: float | None


@dataclass(frozen=True, slots=True)
class ColorView:
    hex: str
    name_zh: str
    name_en: str

    @property
    def name(self) -> str:
        """Return the colour's name in the language active now."""
        return bilingual.pick(self.name_zh, self.name_en)


@dataclass(frozen=True, slots=True)
class ProductDetail:
    """A product's words and colours."""

    product_id: int
    brand_code: str
    brand_name_zh: str
    brand_name_en: str
    code: str
    shape: str
    name_zh: str
    name_en: str
    description_zh: str
    description_en: str
    fabric_zh: str
    fabric_en: str
    care_zh: str
    care_en: str
    colors: tuple[ColorView, ...]

    def text(self, field: str) -> str:
        """Return a two-language text ("name", "description", "fabric", "care") in the language active now."""
        return bilingual.pick(getattr(self, f"{field}_zh"), getattr(self, f"{field}_en"))


@dataclass(frozen=True, slots=True)
class NearStore:
    """A store that has sizes of a colour, how far it is, and its hours today (minutes after midnight; -1: closed)."""

    name_zh: str
    name_en: str
    address: str
    metres: float
    sizes: tuple[str, ...]
    opens_minute: int
    closes_minute: int

    @property
    def hours(self) -> str:
        """Return today's hours as a clock shows them ("10:00–22:00"); nothing when it is closed."""
        if self.opens_minute < 0:
            return ""
        clocks = [f"{minute // 60 % 24:02d}:{minute % 60:02d}" for minute in (self.opens_minute, self.closes_minute)]
        return "–".join(clocks)


def load_product(product_id: int) -> ProductDetail | None:
    """Return the words and colours of a product on sale; None when it is not, or has nothing to choose from."""
    found = fetch_rows(sql.LOAD_PRODUCT, {"product": product_id})
    if not found or found[0][-1] is None:
        return None
    *facts, colors = found[0]
    return ProductDetail(*[*facts, tuple(ColorView(*color) for color in colors)])


def sizes_of(
    product_id: int, color_hex: str, *, point: tuple[float, float, float] | None, now: datetime
) -> list[SizeView]:
    """Return the sizes of a colour in their order; distances only with the unit vector of a point."""
    x, y, z = point or (None, None, None)
    values = {"product": product_id, "color": color_hex, "x": x, "y": y, "z": z, "now": now}
    return [SizeView(*row) for row in fetch_rows(sql.SIZES_OF, values)]


def near_stores(
    product_id: int, color_hex: str, *, point: tuple[float, float, float], now: datetime, limit: int = 5
) -> list[NearStore]:
    """Return the nearest stores that have any size of a colour to sell, the nearest first; their hours are today's."""
    x, y, z = point
    today = clock.business_date(now)
    values = {"product": product_id, "color": color_hex, "x": x, "y": y, "z": z, "limit": limit}
    found = fetch_rows(sql.NEAR_STORES, {**values, "today": today, "weekday": today.isoweekday()})
    return [NearStore(*frozen(row)) for row in found]
