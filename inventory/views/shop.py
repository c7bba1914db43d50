"""The product list and the product page: made from rows once, kept until a pulse says that they became untrue."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.template import TemplateDoesNotExist
from django.template.loader import get_template, render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from inventory import queries
from inventory.views.fragments import FragmentStore
from omni.kernel import bilingual, clock, geo
from stores import queries as stores_queries

if TYPE_CHECKING:
    from collections.abc import Sequence

PAGE_SIZE = 24
NEW_CARDS = 8
# The drawings beside the headline: a coat, a dress and a knit in colours of the season.
HERO = (("coat", "#8a6d4f"), ("dress", "#7a2f2f"), ("knit", "#3c4a5e"))
CURSOR = re.compile(r"^(\d{4}-\d{2}-\d{2})\.(\d{1,18})$")
# Stands in a kept form for the token that differs from request to request.
TOKEN_MARK = "kept-form-token"  # noqa: S105  a placeholder, not a secret

_cards: FragmentStore[SafeString] = FragmentStore(most=10_000)
_products: FragmentStore[SafeString] = FragmentStore(most=2_000)


class Link(NamedTuple):
    """A choice that is a link."""

    label: str
    url: str
    is_current: bool


@require_GET
def show_home(request: HttpRequest) -> HttpResponse:
    """Show the brands, what is new, and how large the network is."""
    store_count, city_count = stores_queries.network_size()
    newest = queries.list_products(limit=NEW_CARDS)
    context = {
        "store_count": store_count,
        "city_count": city_count,
        "hero": HERO,
        "brands": stores_queries.brands_with_store_counts(),
        "cards": card_fragments([(product_id, version) for product_id, version, _launched in newest]),
    }
    return render(request, "shop/home.html", context)


@require_GET
def list_products(request: HttpRequest) -> HttpResponse:
    """List products, the newest first; the filters are links."""
    brand, category = request.GET.get("brand", ""), request.GET.get("category", "")
    cursor = CURSOR.match(request.GET.get("after", ""))
    after = (cursor[1], int(cursor[2])) if cursor else None
    found = queries.list_products(brand_code=brand, category_code=category, after=after, limit=PAGE_SIZE + 1)
    shown = found[:PAGE_SIZE]
    next_url = ""
    if len(found) > PAGE_SIZE:
        last = shown[-1]
        next_url = _list_url(brand=brand, category=category, after=f"{last[2]}.{last[0]}")
    context = {
        "heading": _("New in"),
        "cards": card_fragments([(product_id, version) for product_id, version, _launched in shown]),
        "filters": _filters(get_language() or "", brand, category),
        "next_url": next_url,
    }
    return render(request, "shop/product_list.html", context)


def card_fragments(products: Sequence[tuple[int, str]]) -> list[SafeString]:
    """Return the cards of (product id, version) pairs as HTML, making those that are not kept."""
    language = get_language()
    kept = {product_id: _cards.find((product_id, language), version) for product_id, version in products}
    missing = [product_id for product_id, html in kept.items() if html is None]
    if missing:
        cards = queries.load_cards(missing, now=clock.now())
        versions = dict(products)
        for product_id, card in cards.items():
            html = render_to_string("shop/_product_card.html", {"card": card})
            kept[product_id] = _cards.keep((product_id, language), versions[product_id], html)
    return [html for html in kept.values() if html is not None]


@functools.lru_cache(maxsize=512)
def _filters(language: str, brand: str, category: str) -> SafeString:
    """Return the filter links as HTML; brands and categories change with a release of the catalogue."""
    brands = [Link(_("All brands"), _list_url(category=category), not brand)]
    brands += [
        Link(bilingual.name_of(row), _list_url(brand=row.code, category=category), row.code == brand)
        for row in stores_queries.active_brands()
    ]
    categories = [Link(_("Everything"), _list_url(brand=brand), not category)]
    categories += [
        Link(bilingual.name_of(row), _list_url(brand=brand, category=row.code), row.code == category)
        for row in queries.categories()
    ]
    return render_to_string("shop/_product_filters.html", {"brand_links": brands, "category_links": categories})


def _list_url(**filters: str) -> str:
    query = urlencode({name: value for name, value in filters.items() if value})
    address = reverse("inventory:products")
    return f"{address}?{query}" if query else address


@require_GET
def show_product(request: HttpRequest, brand_code: str, code: str) -> HttpResponse:
    """Show a product in one colour: its sizes with the stores that have them, and the nearest ones."""
    product = queries.find_product(brand_code, code)
    if product is None:
        raise Http404
    place = stores_queries.find_place(str(request.get_signed_cookie("place", default="")))
    color = next((shade for shade in product.colors if shade.hex == f"#{request.GET.get('color')}"), product.colors[0])
    key = (product.product_id, color.hex, get_language(), place.text if place else "")
    body = _products.find(key, product.version)
    if body is None:
        body = _products.keep(key, product.version, _product_body(product, color, place))
    # The kept text was escaped when it was made; a token is letters and digits only.
    body = mark_safe(body.replace(TOKEN_MARK, get_token(request)))  # noqa: S308
    return render(request, "shop/product_show.html", {"product_name": product.text("name"), "body": body})


def _product_body(
    product: queries.ProductDetail, color: queries.ColorView, place: stores_queries.Place | None
) -> SafeString:
    """Make the body of a product page from the rows."""
    point = geo.unit_vector(place.lat, place.lng) if place else None
    sizes = queries.sizes_of(product.product_id, color.hex, point=point, now=clock.now())
    buyable = [size for size in sizes if size.store_count]
    cheapest = min(buyable or sizes, key=lambda size: size.price_fen, default=None)
    context = {
        "csrf_token": TOKEN_MARK,
        "product": product,
        "texts": {field: product.text(field) for field in ("name", "description", "fabric", "care")},
        "brand_name": bilingual.pick(product.brand_name_zh, product.brand_name_en),
        "color": color,
        "colors": [(shade, f"?color={shade.hex.lstrip('#')}", shade.hex == color.hex) for shade in product.colors],
        "cheapest": cheapest,
        "sizes": sizes,
        "first_sku": buyable[0].sku if buyable else "",
        "place": place,
        "nearest": queries.near_stores(product.product_id, color.hex, point=point) if point else [],
        "here": reverse("inventory:product", args=[product.brand_code, product.code]),
    }
    return render_to_string("shop/_product_body.html", context)


@require_GET
@cache_control(public=True, max_age=30 * 24 * 3600, immutable=True)
def show_garment(request: HttpRequest, shape: str, color: str) -> HttpResponse:
    """Draw a garment in a colour."""
    return HttpResponse(_garment(shape, color), content_type="image/svg+xml")


@functools.lru_cache(maxsize=2048)
def _garment(shape: str, color: str) -> str:
    try:
        template = get_template(f"shop/garments/{shape}.svg")
    except TemplateDoesNotExist as error:
        raise Http404 from error
    return template.render({"color": f"#{color}"})
