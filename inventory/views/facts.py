"""What the page of a product says, put into words: pictures, size chart, promise, and what others read of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings
from django.urls import reverse
from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from inventory.choices import HOW_TO_MEASURE, CareSymbol, Measure, MediaKind
from omni.kernel import money
from stores import choices as stores_choices
from stores import queries as stores_queries

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from inventory.queries import ColorView, Picture, ProductDetail, SizeView, StoreWith
    from stores.queries import DeliveryPromise

NEAR_STORES = 5
DESCRIPTION_LETTERS = 155
# What may not stand in a script element as it is, though it is only data.
UNSAFE_IN_SCRIPT = {ord(letter): f"\\u{ord(letter):04x}" for letter in "<>&\u2028\u2029"}


class View(NamedTuple):
    """A picture in the gallery: the id of its place, its address, and what it shows."""

    anchor: str
    url: str
    label: str


class Table(NamedTuple):
    """One part of a size chart: the columns, and (size, values, whether it is the chosen one)."""

    title: str
    columns: list[str]
    rows: list[tuple[str, list[object], bool]]


class Care(NamedTuple):
    """A care symbol: its template and its meaning."""

    template: str
    label: str


class Shop(NamedTuple):
    """A store that has the chosen size, as the page lists it."""

    name_zh: str
    name_en: str
    address: str
    phone: str
    url: str
    route_url: str
    opening: str
    is_open: bool
    metres: float
    sizes: tuple[str, ...]


def views_of(product: ProductDetail, color: ColorView) -> list[View]:
    """Return the gallery of a colour."""
    return [
        View(f"view-{number}", picture_url(picture), str(MediaKind(picture.kind).label))
        for number, picture in enumerate(product.pictures(color.hex), start=1)
    ]


def picture_url(picture: Picture) -> str:
    """Return the address of a stored picture, or of a drawing."""
    if picture.file:
        return reverse("inventory:picture", args=[picture.file])
    return reverse("inventory:garment", args=[picture.drawing, picture.color_hex.lstrip("#").lower()])


def tables_of(product: ProductDetail, chosen: str) -> list[Table]:
    """Return the size chart of a product, the body first."""
    if product.chart is None:
        return []
    parts = ((_("Body measurements"), product.chart.body), (_("Garment measurements"), product.chart.garment))
    return [
        Table(
            title,
            [str(Measure(measure).label) for measure in part["measures"]],
            [(str(size), values, size == chosen) for size, *values in part["sizes"]],
        )
        for title, part in parts
        if part
    ]


def measuring_of(product: ProductDetail) -> list[tuple[str, str]]:
    """Return how each measure of the chart is taken."""
    if product.chart is None:
        return []
    named = [name for part in product.chart if part for name in part["measures"]]
    return [(str(Measure(name).label), str(HOW_TO_MEASURE[Measure(name)])) for name in dict.fromkeys(named)]


def care_of(product: ProductDetail) -> list[Care]:
    """Return the care symbols of a product."""
    return [Care(f"shop/care/{CareSymbol(code)}.svg", str(CareSymbol(code).label)) for code in product.care_symbols]


def shops_of(stores: Sequence[StoreWith], *, now: datetime) -> list[Shop]:
    """Return the nearest of the stores, without those that no shopper may come to."""
    open_to_shoppers = [row for row in stores if row.found.store.kind != stores_choices.StoreKind.WAREHOUSE]
    return [
        Shop(
            store.name_zh,
            store.name_en,
            store.address,
            store.phone,
            reverse("stores:store", args=[store.brand.code, store.code]),
            stores_queries.route_url(store),
            stores_queries.opening_words(row.found, now),
            row.found.closes_at is not None,
            row.found.metres or 0.0,
            row.sizes,
        )
        for row in open_to_shoppers[:NEAR_STORES]
        for store in [row.found.store]
    ]


def arrival_words(promise: DeliveryPromise) -> str:
    """Say when something arrives: "about 1.5 h", or by the clock when the store is closed now; by express, the day."""
    if promise.is_express:
        return _("by express, about %(day)s") % {"day": date_format(promise.arrives_at, "MONTH_DAY_FORMAT")}
    if promise.hours is not None:
        return _("about %(hours)s h") % {"hours": f"{promise.hours:g}"}
    words = {"time": f"{promise.arrives_at:%H:%M}", "day": WEEKDAYS[promise.arrives_at.weekday()]}
    if promise.days == 0:
        return _("today by %(time)s") % words
    return (_("tomorrow by %(time)s") if promise.days == 1 else _("on %(day)s by %(time)s")) % words


def fee_words(product: ProductDetail, promise: DeliveryPromise | None, price_fen: int) -> str:
    """Say what the delivery of one piece costs, the way it is promised."""
    is_express = promise is not None and promise.is_express
    fee = product.express_fee_fen if is_express else product.delivery_fee_fen
    free_from = product.free_delivery_from_fen
    if fee == 0 or price_fen >= free_from:
        return _("Free delivery")
    words = {"fee": money.format_fen(fee), "from": money.format_fen(free_from)}
    return _("Delivery %(fee)s, free from %(from)s") % words


def meta_of(product: ProductDetail, views: Sequence[View], sizes: Sequence[SizeView]) -> dict[str, Any]:
    """Return what search engines and shared links read: description, canonical address, picture and data."""
    path = reverse("inventory:product", args=[product.brand_code, product.code])
    name, brand = product.text("name"), product.text("brand_name")
    described = " ".join(filter(None, [product.text("description"), product.text("fabric")])) or f"{brand} {name}"
    address, pictures = f"{settings.PUBLIC_URL}{path}", [_absolute(view.url) for view in views]
    description = Truncator(described).chars(DESCRIPTION_LETTERS)
    facts: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": name,
        "sku": product.code,
        "description": description,
        "image": pictures,
        "brand": {"@type": "Brand", "name": brand},
        "category": product.text("category_name"),
        "url": address,
    }
    is_in_stock = any(size.store_count for size in sizes)
    if sizes:
        facts["offers"] = {
            "@type": "AggregateOffer",
            "priceCurrency": "CNY",
            "lowPrice": f"{min(size.price_fen for size in sizes) / 100:.2f}",
            "highPrice": f"{max(size.price_fen for size in sizes) / 100:.2f}",
            "offerCount": len(sizes),
            "availability": f"https://schema.org/{'InStock' if is_in_stock else 'OutOfStock'}",
        }
    return {"description": description, "url": address, "image": pictures[0], "data": _script_data(facts)}


def _absolute(url: str) -> str:
    return url if url.startswith(("http:", "https:")) else f"{settings.PUBLIC_URL}{url}"


def _script_data(facts: dict[str, Any]) -> SafeString:
    """Return JSON that may stand in a script element."""
    text = json.dumps(facts, ensure_ascii=False).translate(UNSAFE_IN_SCRIPT)
    return mark_safe(text)  # noqa: S308  nothing is left in it that could end the element
