"""Reads for the page of a product: its words, pictures, colours and sizes, the stores that have it, its outfit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from inventory import rules
from inventory.models import Media, Product
from inventory.queries.catalogue import fetch_rows, frozen
from inventory.sql import product as sql
from omni.kernel import bilingual, geo
from stores import queries as stores_queries

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from django.db.models import QuerySet

    from stores.queries import DeliveryPromise, FoundStore, Place

# Of a large collection, as many of its newest pieces are looked at for an outfit.
MOST_PIECES = 60


@dataclass(frozen=True, slots=True)
class SizeView:
    """A size of one colour: its price now, how many stores have it, and how far the nearest is."""

    variant_id: int
    sku: str
    name: str
    price_fen: int
    list_fen: int
    tag_fen: int
    member_fen: int | None
    store_count: int
    nearest_metres: float | None

    @property
    def was_fen(self) -> int:
        """Return the price to strike through, the printed one, or 0 when this is not lower."""
        before = max(self.tag_fen, self.list_fen)
        return before if before > self.price_fen else 0


@dataclass(frozen=True, slots=True)
class ColorView:
    hex: str
    name_zh: str
    name_en: str

    @property
    def name(self) -> str:
        """Return the colour's name in the language active now."""
        return bilingual.pick(self.name_zh, self.name_en)


class Picture(NamedTuple):
    """A picture of a product in a colour: the name of a drawing, or of a stored file."""

    kind: str
    color_hex: str
    drawing: str
    file: str


class Chart(NamedTuple):
    """A size chart, see `inventory.models.SizeChart`."""

    body: dict[str, Any]
    garment: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ProductDetail:
    """A product's words, pictures and colours, and what its brand takes for delivery."""

    product_id: int
    brand_code: str
    brand_name_zh: str
    brand_name_en: str
    code: str
    shape: str
    collection_id: int | None
    collection_code: str | None
    collection_name_zh: str | None
    collection_name_en: str | None
    category_code: str
    category_name_zh: str
    category_name_en: str
    name_zh: str
    name_en: str
    description_zh: str
    description_en: str
    fabric_zh: str
    fabric_en: str
    craft_zh: str
    craft_en: str
    care_zh: str
    care_en: str
    care_symbols: tuple[str, ...]
    delivery_fee_fen: int
    express_fee_fen: int
    free_delivery_from_fen: int
    chart: Chart | None
    media: tuple[Picture, ...]
    colors: tuple[ColorView, ...]

    def text(self, field: str) -> str:
        """Return a two-language text ("name", "fabric", "brand_name", …) in the language active now."""
        return bilingual.pick(getattr(self, f"{field}_zh") or "", getattr(self, f"{field}_en") or "")

    def pictures(self, color_hex: str) -> tuple[Picture, ...]:
        """Return the pictures of a colour; the plain drawing of its kind of garment where there is none."""
        found = tuple(picture for picture in self.media if picture.color_hex == color_hex)
        return found or (Picture("front", color_hex, self.shape or "tee", ""),)


class StoreWith(NamedTuple):
    """A store that has a variant to sell, and the sizes it has of that colour."""

    found: FoundStore
    sizes: tuple[str, ...]


def load_product(product_id: int) -> ProductDetail | None:
    """Return the words and colours of a product on sale; None when it is not, or has nothing to choose from."""
    found = fetch_rows(sql.LOAD_PRODUCT, {"product": product_id})
    if not found or found[0][-1] is None:
        return None
    *facts, chart, media, colors = frozen(found[0])
    pictures = tuple(Picture(*picture) for picture in media or ())
    shades = tuple(ColorView(*color) for color in colors)
    return ProductDetail(*[*facts, Chart(*chart) if chart else None, pictures, shades])


def sizes_of(
    product_id: int, color_hex: str, *, point: tuple[float, float, float] | None, now: datetime
) -> list[SizeView]:
    """Return the sizes of a colour in their order; distances only with the unit vector of a point."""
    x, y, z = point or (None, None, None)
    values = {"product": product_id, "color": color_hex, "x": x, "y": y, "z": z, "now": now}
    return [SizeView(*row) for row in fetch_rows(sql.SIZES_OF, values)]


def stores_with(
    product_id: int, color_hex: str, variant_id: int, *, place: Place, now: datetime, limit: int = 10
) -> list[StoreWith]:
    """Return the nearest stores that have a variant to sell, the nearest first, warehouses too; three statements."""
    x, y, z = geo.unit_vector(place.lat, place.lng)
    values = {"product": product_id, "color": color_hex, "variant": variant_id, "x": x, "y": y, "z": z}
    rows = fetch_rows(sql.STORES_WITH, {**values, "limit": limit})
    found = stores_queries.shops_of([store_id for store_id, _sizes in rows], place=place, now=now) if rows else {}
    return [StoreWith(found[store_id], tuple(sizes)) for store_id, sizes in rows]


def promise_of(stores: Sequence[StoreWith], *, now: datetime) -> DeliveryPromise | None:
    """Return what the nearest of the stores that can send it promises (see `stores.queries.promise_of`)."""
    return stores_queries.promise_of([row.found for row in stores], now=now)


def outfit_of(product_id: int) -> list[int]:
    """Return products of the same collection that complete an outfit with this one (see `rules.companions`)."""
    rows = fetch_rows(sql.PIECES_BESIDE, {"product": product_id, "limit": MOST_PIECES})
    pieces = [rules.Piece(*row) for row in rows]
    # The product itself comes first; it is missing when it belongs to no collection.
    return rules.companions(pieces[0], pieces[1:]) if pieces else []


def product_addresses(*, limit: int) -> QuerySet[Product, tuple[str, str, date]]:
    """Return (brand code, style code, launch date) of products on sale, the newest first."""
    products = Product.objects.filter(is_active=True).order_by("-launched_on", "-pk")[:limit]
    return products.values_list("brand__code", "code", "launched_on")


def is_picture_on_sale(file: str) -> bool:
    """Return whether a stored file is a picture of a product on sale."""
    return Media.objects.filter(file=file, product__is_active=True).exclude(file="").exists()


def find_scanned(brand_code: str, code: str) -> tuple[str, str, str] | None:
    """Return (style code, colour value, size) of a brand's variant by SKU or barcode; None when none is on sale."""
    if not code:
        return None
    found = fetch_rows(sql.FIND_SCANNED, {"brand": brand_code, "code": code})
    return found[0] if found else None
