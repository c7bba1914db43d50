"""What the pages of try-on bookings show: the stores that have the pieces, their times, and one's bookings."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q, Subquery

from fulfillment import choices as fulfillment_choices
from inventory import queries as inventory_queries
from omni.accounts import queries as accounts_queries
from omni.kernel import bilingual, clock, sealing
from omni.kernel.errors import NotFound
from omni.kernel.numbers import is_valid_number
from orders import rules
from orders.choices import OPEN_TRY_ONS, TryOnStatus
from orders.models import TryOn
from stores import choices as stores_choices
from stores import queries as stores_queries

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime

    from django.db.models import QuerySet

    from fulfillment.models import PickupCode
    from inventory.models import Variant
    from orders.models import TryOnLine
    from stores.models import Brand, Store
    from stores.permissions import Actor

MOST_STORES = 6
MOST_BOOKINGS = 50


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece to try on, in the language of the page; `price_fen` is null when it has none now."""

    sku: str
    name: str
    color: str
    color_hex: str
    shape: str
    size: str
    price_fen: int | None
    is_kept: bool | None = None


@dataclass(frozen=True, slots=True)
class TryOnPlace:
    """A store that has every piece."""

    store_id: int
    name: str
    address: str
    metres: float


@dataclass(frozen=True, slots=True)
class SlotDay:
    """The half-hours of a day."""

    day: date
    slots: tuple[stores_queries.Slot, ...]

    @property
    def is_full(self) -> bool:
        """Tell whether no time is free."""
        return not any(slot.is_free for slot in self.slots)


@dataclass(frozen=True, slots=True)
class TryOnOffer:
    """What can be booked: the pieces, the stores near the place that have all of them, the times of the chosen one."""

    brand: Brand
    pieces: tuple[Piece, ...]
    places: tuple[TryOnPlace, ...]
    chosen: TryOnPlace | None
    days: tuple[SlotDay, ...]

    @property
    def skus(self) -> tuple[str, ...]:
        """Return the SKUs of the pieces."""
        return tuple(piece.sku for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class TryOnRow:
    """A booking in a list."""

    number: str
    brand_name: str
    store_name: str
    status_label: str
    starts_at: datetime
    is_open: bool


@dataclass(frozen=True, slots=True)
class TryOnPage:
    """All that the page of a booking shows."""

    number: str
    brand_name: str
    store: stores_queries.FoundStore
    store_name: str
    opening: str
    route_url: str
    status: TryOnStatus
    starts_at: datetime
    ends_at: datetime
    kept_until: datetime
    is_held: bool
    contact: str
    pieces: tuple[Piece, ...]
    share_number: str
    code: str

    @property
    def can_cancel(self) -> bool:
        """Tell whether the shopper may still call it off."""
        return self.status in OPEN_TRY_ONS

    @property
    def version(self) -> str:
        """Return a short text that changes with anything the page shows of the booking."""
        return f"{zlib.crc32(repr((self.status, self.code, self.kept_until, self.is_held)).encode()):08x}"


def try_on_offer(
    brand_code: str,
    skus: Sequence[str],
    place: stores_queries.Place | None,
    *,
    store_id: int | None,
    now: datetime,
) -> TryOnOffer:
    """Return where and when pieces can be tried on; the chosen store, or the nearest, has its times read.

    Without a brand's code the first SKU must be one brand's alone.

    :raises NotFound: when there is no such brand or SKU, or too many are wanted.
    """
    variants = _variants(brand_code, list(dict.fromkeys(skus)))
    brand = variants[0].brand
    prices = {
        item.sku: item.unit_price_fen
        for item in inventory_queries.price_lines(brand.pk, [variant.sku for variant in variants], now)
    }
    places = _places(brand, variants, place, now=now)
    chosen = next((one for one in places if one.store_id == store_id), places[0] if places else None)
    return TryOnOffer(
        brand=brand,
        pieces=tuple(_piece(variant, prices.get(variant.sku)) for variant in variants),
        places=places,
        chosen=chosen,
        days=try_on_days(chosen, now=now),
    )


def try_on_days(chosen: TryOnPlace | None, *, now: datetime) -> tuple[SlotDay, ...]:
    """Return the half-hours in which one may try on in a store, by day; three queries."""
    if chosen is None:
        return ()
    start, end = rules.try_on_window(now)
    return _by_day(stores_queries.try_on_slots(chosen.store_id, start=start, end=end))


def _variants(brand_code: str, skus: list[str]) -> list[Variant]:
    """Return the wanted variants in their order."""
    if not skus or len(skus) > rules.MAX_PIECES or not all(sku.isprintable() for sku in skus):
        raise NotFound
    found = [
        [variant for variant in inventory_queries.on_sale_by_sku(sku) if brand_code in {"", variant.brand.code}]
        for sku in skus
    ]
    if not all(len(variants) == 1 for variants in found) or len({variants[0].brand_id for variants in found}) > 1:
        raise NotFound
    return [variants[0] for variants in found]


def _places(
    brand: Brand, variants: Sequence[Variant], place: stores_queries.Place | None, *, now: datetime
) -> tuple[TryOnPlace, ...]:
    """Return the nearest stores that offer it and have every piece."""
    if place is None:
        return ()
    wish = stores_queries.StoreWish(brand=brand.code, services=(stores_choices.Service.TRY_ON,))
    near = stores_queries.nearest_stores(wish, place, now=now, start=0, limit=stores_queries.NEAREST_MOST)
    ids = [found.store.pk for found in near]
    having = inventory_queries.stores_with_all([variant.pk for variant in variants], ids)
    places = [
        TryOnPlace(found.store.pk, bilingual.name_of(found.store), found.store.address, found.metres or 0.0)
        for found in near
        if found.store.pk in having
    ]
    return tuple(places[:MOST_STORES])


def _by_day(slots: Sequence[stores_queries.Slot]) -> tuple[SlotDay, ...]:
    """Group half-hours by their day in Shanghai."""
    days: dict[date, list[stores_queries.Slot]] = {}
    for slot in slots:
        days.setdefault(clock.business_date(slot.starts_at), []).append(slot)
    return tuple(SlotDay(day, tuple(of_day)) for day, of_day in days.items())


def _piece(variant: Variant, price_fen: int | None, is_kept: bool | None = None) -> Piece:  # noqa: FBT001  three states
    return Piece(
        sku=variant.sku,
        name=bilingual.name_of(variant.product),
        color=bilingual.pick(variant.color_zh, variant.color_en),
        color_hex=variant.color_hex,
        shape=variant.product.category.shape,
        size=variant.size,
        price_fen=price_fen,
        is_kept=is_kept,
    )


def try_ons_visible_to(actor: Actor) -> QuerySet[TryOn]:
    """Return the bookings of an account (its memberships, its proven phone), and those a guest's browser holds."""
    visible = Q(number__in=actor.order_numbers)
    if actor.user_id is not None:
        visible |= Q(member__user=actor.user_id)
        visible |= Q(contact_phone_index=Subquery(accounts_queries.phone_index_of(actor.user_id)))
    return TryOn.objects.filter(visible)


def get_try_on_for(actor: Actor, number: str) -> TryOn:
    """Return a booking the actor may see, with its brand, store and fulfillment.

    :raises NotFound: when there is none of this number, or not for this actor.
    """
    found = try_ons_visible_to(actor).select_related("brand", "store", "fulfillment")
    try_on = found.filter(number=number.strip().upper()).first() if is_valid_number(number.strip().upper()) else None
    if try_on is None:
        raise NotFound
    return try_on


def try_on_rows(actor: Actor) -> list[TryOnRow]:
    """Return the bookings an actor may see, the newest first; one query."""
    found = try_ons_visible_to(actor).select_related("brand", "store").order_by("-pk")[:MOST_BOOKINGS]
    return [
        TryOnRow(
            number=try_on.number,
            brand_name=bilingual.name_of(try_on.brand),
            store_name=bilingual.name_of(try_on.store),
            status_label=str(TryOnStatus(try_on.status).label),
            starts_at=try_on.starts_at,
            is_open=try_on.finished_at is None,
        )
        for try_on in found
    ]


def try_on_page(try_on: TryOn, *, now: datetime) -> TryOnPage:
    """Return all that a booking's page shows."""
    share = try_on.fulfillment.orders.prefetch_related("pickup_codes").order_by("pk").first()
    found = stores_queries.shops_of([try_on.store_id], now=now)[try_on.store_id]
    lines = try_on.lines.select_related("variant__product__category").order_by("pk")
    sealed = try_on.contact_phone_sealed
    phone = sealing.mask_phone(sealing.unseal(sealed)) if sealed else ""
    return TryOnPage(
        number=try_on.number,
        brand_name=bilingual.name_of(try_on.brand),
        store=found,
        store_name=bilingual.name_of(try_on.store),
        opening=stores_queries.opening_words(found, now),
        route_url=stores_queries.route_url(try_on.store),
        status=TryOnStatus(try_on.status),
        starts_at=try_on.starts_at,
        ends_at=try_on.ends_at,
        kept_until=try_on.fulfillment.kept_until or try_on.ends_at,
        is_held=try_on.finished_at is None,
        contact=f"{try_on.contact_name} {phone}",
        pieces=tuple(_tried_piece(line) for line in lines),
        share_number=share.number if share else "",
        code=_code_of(share.pickup_codes.all()) if share else "",
    )


def _tried_piece(line: TryOnLine) -> Piece:
    return _piece(line.variant, None, line.is_kept)


def _code_of(codes: Iterable[PickupCode]) -> str:
    """Return the digits that the shopper shows, "" when none are due."""
    purpose, issued = fulfillment_choices.PickupCodePurpose.SHOPPER, fulfillment_choices.PickupCodeStatus.ISSUED
    live = [code for code in codes if code.purpose == purpose and code.status == issued]
    return sealing.unseal(live[0].code_sealed) if live else ""


def contact_of_try_on(try_on_id: int) -> TryOnContact:
    """Return whom to tell about a booking."""
    try_on = TryOn.objects.select_related("brand", "store").get(pk=try_on_id)
    return TryOnContact(
        number=try_on.number,
        phone=sealing.unseal(try_on.contact_phone_sealed),
        language=try_on.language,
        brand=try_on.brand,
        store=try_on.store,
        starts_at=try_on.starts_at,
        is_reminded=try_on.is_reminded,
    )


@dataclass(frozen=True, slots=True)
class TryOnContact:
    """Whom to tell about a booking: `phone` in E.164, and what to tell."""

    number: str
    phone: str
    language: str
    brand: Brand
    store: Store
    starts_at: datetime
    is_reminded: bool
