"""Finding products in the shop: lists, collections, search and its suggestions; kept until a pulse says otherwise."""

from __future__ import annotations

import functools
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from inventory import queries
from inventory.choices import SortOrder
from inventory.forms import PAGE_SIZE, SHOWN_MOST, ListAddress, read_query
from inventory.queries import ListWish
from inventory.views.filters import filters_of
from inventory.views.fragments import KEEP_SECONDS, FragmentStore, place_of, serve_page
from omni.kernel import bilingual, clock, geo
from omni.kernel.outbox import hint
from stores import queries as stores_queries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inventory.queries import ListedProduct, NearStock, SearchQuery
    from stores.queries import Place

SHOWN_INSTEAD = 4

cards = FragmentStore(most=10_000)
filters = FragmentStore(most=1_000)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list: what was found for which wish, and what to say about it ("meant", "any" or nothing)."""

    address: ListAddress
    wish: ListWish
    found: list[ListedProduct]
    limit: int
    note: str = ""

    @property
    def shown(self) -> list[ListedProduct]:
        """Return the products on the page."""
        return self.found[: self.limit]

    @property
    def next_address(self) -> ListAddress | None:
        """Return the address of the page behind it, if there is one."""
        if len(self.found) <= self.limit:
            return None
        before = self.address.shown if self.address.after else 0
        return replace(self.address, after=self.shown[-1].cursor, shown=min(before + self.limit, SHOWN_MOST))

    @property
    def restore_url(self) -> str:
        """Return the address that shows this page and all before it; none when that would be too much at once."""
        total = self.address.shown + self.limit
        return replace(self.address.beginning, shown=total).url if self.address.after and total <= SHOWN_MOST else ""


@require_safe
def list_products(request: HttpRequest) -> HttpResponse:
    """List products; filters and order are links."""
    address = ListAddress.of(reverse("inventory:products"), request.GET)
    return _serve(request, address, {})


@require_safe
def show_collection(request: HttpRequest, brand_code: str, code: str) -> HttpResponse:
    """Show a collection: its story, and its products as a list."""
    collection = queries.get_collection(brand_code, code, today=clock.business_date(clock.now()))
    address = ListAddress.of(reverse("inventory:collection", args=[brand_code, code]), request.GET)
    head = {
        "heading": bilingual.name_of(collection),
        "story": bilingual.pick(collection.story_zh, collection.story_en),
        "eyebrow": bilingual.name_of(collection.brand),
    }
    return _serve(request, address, head, collection_id=collection.pk)


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Find products by words; mistyped ones are understood, and nothing found still leads on."""
    address = ListAddress.of(reverse("inventory:search"), request.GET)
    query = queries.understand(address.query, is_any=address.is_any)
    if query is None:
        return _serve_start(request, address)
    return _serve(request, address, {"heading": address.query, "is_search": True}, query=query)


@require_safe
@cache_control(private=True, max_age=30)
def suggest(request: HttpRequest) -> HttpResponse:
    """Suggest words and products for what has been typed so far: options of the search field's list."""
    query = read_query(request.GET)
    context = {
        "query": query,
        "words": [
            (word, replace(ListAddress(reverse("inventory:search")), query=word).url)
            for word in queries.suggest_words(query)
        ],
        "products": queries.suggest_products(query) if query else [],
    }
    return render(request, "shop/_search_options.html", context)


def card_fragments(products: Sequence[ListedProduct]) -> tuple[str, ...]:
    """Return the cards of the products of a list as HTML, making those that are not kept.

    They tell whether a page of cards became untrue: most pulses are about stores that no card shows.
    """
    return tuple(keep_cards(products).values())


def keep_cards(products: Sequence[ListedProduct]) -> dict[ListedProduct, str]:
    """Return the cards of products as HTML, in their order; one that has no price at the moment is missing."""
    language = get_language()
    kept = {one: cards.find((one.product_id, one.shade, language), one.version) for one in products}
    missing = [one for one, html in kept.items() if html is None]
    if missing:
        made = queries.load_cards([one.product_id for one in missing], now=clock.now())
        for one in missing:
            card = made.get(one.product_id)
            if card is not None:
                context = {"card": card, "color": one.shade or card.colors[0], "shade": (one.shade or "")[1:]}
                html = render_to_string("shop/_product_card.html", context)
                kept[one] = html
                cards.keep((one.product_id, one.shade, language), one.version, html)
    return {one: html for one, html in kept.items() if html is not None}


def near_stock(place: Place, metres: float) -> NearStock:
    """Return what the stores around a place can sell, as it was half a minute ago at the earliest."""
    return _near_stock(geo.unit_vector(place.lat, place.lng), metres, int(time.monotonic() / KEEP_SECONDS))


@functools.lru_cache(maxsize=64)
def _near_stock(point: tuple[float, float, float], metres: float, half_minute: int) -> NearStock:
    del half_minute  # is there to be another one later
    return queries.near_stock(point, metres)


def _serve(
    request: HttpRequest,
    address: ListAddress,
    head: dict[str, Any],
    *,
    query: SearchQuery | None = None,
    collection_id: int | None = None,
) -> HttpResponse:
    """Answer with a list."""
    if query is None:
        address = replace(address, query="", is_any=False)
    place = place_of(request)
    page = _find(address, query, collection_id, place)
    shown = card_fragments(page.shown)
    lists_version = page.shown[0].lists_version if page.shown else ""
    instead = card_fragments(queries.list_products(ListWish(), limit=SHOWN_INSTEAD)) if query and not shown else ()
    next_address = page.next_address
    if query and shown and address == ListAddress(address.path, query=address.query) and not page.note:
        # It may be lost: nothing but the order of popular searches hangs on it.
        hint("inventory.count_search", text=address.query, language=get_language() or "")

    def content(place: Place | None) -> dict[str, Any]:
        return {
            "heading": head.get("heading") or _heading(address),
            **head,
            "address": address,
            "query": address.query,
            "search_query": address.query,
            "note": page.note,
            "meant": page.wish.search.text if page.wish.search and page.note == "meant" else "",
            "cards": shown,
            "instead": instead,
            "tiles": queries.category_tiles() if query and not shown else [],
            "needs_place": bool(address.near_km) and place is None,
            "here": address.url,
            "filters": _filters(page, place, lists_version),
            "next_url": next_address.url if next_address else "",
            "restore_url": Page(next_address, page.wish, [], PAGE_SIZE).restore_url if next_address else "",
        }

    version = (shown, next_address, lists_version, instead)
    return serve_page(request, "shop/product_list.html", version=version, content=content)


def _heading(address: ListAddress) -> str:
    """Return what a list is headed by: its category, else its brand, else what it is."""
    category = queries.category_tree().filter(code=address.category).first() if address.category else None
    if category is not None:
        return bilingual.name_of(category)
    brand = stores_queries.active_brands().filter(code=address.brand).first() if address.brand else None
    if brand is not None:
        return bilingual.name_of(brand)
    return _("On offer") if address.is_on_offer else _("New in")


def _serve_start(request: HttpRequest, address: ListAddress) -> HttpResponse:
    """Answer with where a search begins; `address` may hold a query without a single word."""
    newest = queries.list_products(ListWish(), limit=SHOWN_INSTEAD)
    shown = card_fragments(newest)

    def content(_place: Place | None) -> dict[str, Any]:
        popular = queries.popular_searches(get_language() or "", today=clock.business_date(clock.now()))
        return {
            "query": address.query,
            "search_query": address.query,
            "popular": [(text, replace(address, query=text).url) for text in popular],
            "tiles": queries.category_tiles(),
            "cards": shown,
        }

    return serve_page(request, "shop/search_start.html", version=(shown, newest[:1]), content=content)


def _find(address: ListAddress, query: SearchQuery | None, collection_id: int | None, place: Place | None) -> Page:
    """Find a page of a list; when a search without filters finds nothing, what may have been meant instead."""
    near = near_stock(place, address.near_km * 1000) if place and address.near_km else None
    wish = ListWish(
        brand=address.brand,
        category=address.category,
        collection_id=collection_id,
        colors=address.colors,
        sizes=address.sizes,
        price_from_fen=None if address.price_from is None else address.price_from * 100,
        # Up to 499 yuan is up to the last fen before 500.
        price_to_fen=None if address.price_to is None else address.price_to * 100 + 99,
        is_on_offer=address.is_on_offer,
        near=near,
        search=query,
        order=_order(address),
    )
    page = _page(address, wish)
    if query is None or page.found or address.after or address.is_filtered or query.is_any:
        return page
    meant = queries.find_meant(query)
    if meant is not None:
        other = _page(replace(address, query=meant.text), replace(wish, search=meant), "meant")
        if other.found:
            return other
    if len(query.tokens) > 1:
        loose = _page(replace(address, is_any=True), replace(wish, search=replace(query, is_any=True)), "any")
        if loose.found:
            return loose
    return page


def _page(address: ListAddress, wish: ListWish, note: str = "") -> Page:
    """Read a page of a list, and one product more: whether there is another page."""
    limit = PAGE_SIZE if address.after else max(PAGE_SIZE, address.shown)
    found = queries.list_products(wish, after=address.after, limit=limit + 1)
    return Page(address, wish, found, limit, note or ("any" if address.is_any else ""))


def _order(address: ListAddress) -> SortOrder:
    if address.query:
        return address.order or SortOrder.BEST
    return SortOrder.NEWEST if address.order in {None, SortOrder.BEST} else address.order


def _filters(page: Page, place: Place | None, version: str) -> SafeString:
    """Return the filter links as HTML, with the counts of this version of the lists."""
    key = (page.address.beginning, page.wish.collection_id, get_language(), place.text if place else "")
    html = filters.find(key, version)
    if html is None:
        shown = filters_of(page.address, queries.count_facets(page.wish), place)
        html = render_to_string("shop/_product_filters.html", {"filters": shown, "address": page.address})
        filters.keep(key, version, html)
    return mark_safe(html)  # noqa: S308  it was escaped when it was made
