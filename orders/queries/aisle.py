"""The endless aisle: when a size is not in the store, which other stores have it, and who would send it home."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fulfillment import choices as fulfillment_choices
from fulfillment import queries as fulfillment_queries
from inventory import queries as inventory_queries
from omni.kernel import bilingual
from stores import queries as stores_queries

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from inventory.models import Variant
    from orders.models import CounterBasket
    from stores.models import Brand, Store

MOST_STORES = 8


@dataclass(frozen=True, slots=True)
class AisleColor:
    """A colour of the product; `sku` leads to it: the size that was asked for, if it comes in this colour."""

    name: str
    hex: str
    sku: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class AisleSize:
    """A size of the colour: what is here, who else has it, and whether a store can send it home now."""

    around: inventory_queries.SizeAround
    can_send: bool

    @property
    def is_gone(self) -> bool:
        """Tell whether nobody can have it, neither here nor anywhere else."""
        return not (self.around.here or self.around.store_count or self.can_send)


@dataclass(frozen=True, slots=True)
class AisleStore:
    """Another store that has the size, as far away from this one as a bird flies."""

    store: Store
    units: int
    metres: float
    is_open: bool
    opening: str
    route_url: str


@dataclass(frozen=True, slots=True)
class Sender:
    """Which store would send it home as things are now, how far that is from the point, and about when it is there.

    By express only the day is known.
    """

    name: str
    metres: float
    there_at: datetime | None
    is_express: bool


@dataclass(frozen=True, slots=True)
class AislePage:
    """A colour of a product, seen from a store. `place` is where it would be sent: empty when nobody said yet."""

    variant: Variant
    colors: tuple[AisleColor, ...]
    sizes: tuple[AisleSize, ...]
    chosen: AisleSize | None
    stores: tuple[AisleStore, ...]
    sender: Sender | None
    place: str

    @property
    def shape(self) -> str:
        """Return the drawing of the product."""
        return self.variant.product.drawing or self.variant.product.category.shape


def find_in_aisle(brand_id: int, text: str) -> tuple[Variant | None, bool]:
    """Return the variant that a scanned or typed text names, and whether it named a size, not a style alone."""
    # The shop's QR codes are addresses that end with the SKU.
    code = text.strip().rstrip("/").rsplit("/", 1)[-1] if "://" in text else text
    found = inventory_queries.find_for_sale(brand_id, code)
    return (found[0] if found else None), len(found) == 1


def load_aisle(
    store: Store, variant: Variant, basket: CounterBasket | None, *, has_size: bool, now: datetime
) -> AislePage:
    """Read who has the sizes of a variant's colour, and who has the variant itself if `has_size`.

    It is sent to the basket's recipient, or to somewhere near the store as long as nobody is named. As many statements
    for any number of stores and sizes.
    """
    place, lat, lng = _target(store, basket)
    siblings = inventory_queries.find_for_sale(store.brand_id, variant.product.code)
    around = inventory_queries.sizes_around(store, variant.product_id, variant.color_hex, now=now)
    ways = fulfillment_queries.sending_ways(store.brand)
    can_send = fulfillment_queries.sendable(
        store.brand_id, ways, [size.variant_id for size in around], lat=lat, lng=lng, now=now
    )
    sizes = tuple(AisleSize(size, size.variant_id in can_send) for size in around)
    chosen = next((size for size in sizes if has_size and size.around.variant_id == variant.pk), None)
    return AislePage(
        variant=variant,
        colors=tuple(_colors(siblings, variant)),
        sizes=sizes,
        chosen=chosen,
        stores=tuple(_stores(store, chosen, now)) if chosen else (),
        sender=_sender(store.brand, chosen, lat, lng, now) if chosen else None,
        place=place,
    )


def can_send_home(basket: CounterBasket, variant_id: int, *, now: datetime) -> bool:
    """Tell whether some store can send a variant to a basket's recipient, or near its store while nobody is named."""
    lat, lng = _target(basket.store, basket)[1:]
    ways = fulfillment_queries.sending_ways(basket.brand)
    return bool(fulfillment_queries.sendable(basket.brand_id, ways, [variant_id], lat=lat, lng=lng, now=now))


def _target(store: Store, basket: CounterBasket | None) -> tuple[str, float, float]:
    """Return where a basket is sent, in words ("" as long as nobody is named) and as a point."""
    place = stores_queries.find_place(basket.district_id or "") if basket is not None else None
    return (place.full_label, place.lat, place.lng) if place else ("", store.lat, store.lng)


def _colors(siblings: Sequence[Variant], variant: Variant) -> list[AisleColor]:
    """Return the colours of a product in the order of its sizes; each leads to the size asked for, where it has it."""
    first: dict[str, Variant] = {}
    for sibling in siblings:
        known = first.get(sibling.color_hex)
        if known is None or (sibling.size == variant.size != known.size):
            first[sibling.color_hex] = sibling
    return [
        AisleColor(
            bilingual.pick(one.color_zh, one.color_en), one.color_hex, one.sku, one.color_hex == variant.color_hex
        )
        for one in first.values()
    ]


def _stores(store: Store, chosen: AisleSize, now: datetime) -> list[AisleStore]:
    rows = inventory_queries.units_around(store, chosen.around.variant_id, limit=MOST_STORES)
    found = stores_queries.shops_of([row.store_id for row in rows], now=now)
    return [
        AisleStore(
            store=found[row.store_id].store,
            units=row.units,
            metres=row.metres,
            is_open=found[row.store_id].closes_at is not None,
            opening=stores_queries.opening_words(found[row.store_id], now),
            route_url=stores_queries.route_url(found[row.store_id].store),
        )
        for row in rows
    ]


def _sender(brand: Brand, chosen: AisleSize, lat: float, lng: float, now: datetime) -> Sender | None:
    """Return who would send a size by the brand's own rules; None when nobody can."""
    if not chosen.can_send:
        return None
    line = fulfillment_queries.DemandLine(chosen.around.variant_id, 1, chosen.around.price_fen)
    ways = fulfillment_queries.sending_ways(brand)
    plan = fulfillment_queries.preview_sending(brand.pk, ways, [line], lat=lat, lng=lng, now=now)
    if not plan.stores:
        return None
    first = plan.stores[0]
    is_express = plan.way == fulfillment_choices.Way.EXPRESS
    return Sender(bilingual.pick(first.name_zh, first.name_en), first.metres, plan.there_at, is_express)
