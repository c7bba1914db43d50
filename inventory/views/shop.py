"""The shop's home and product list: made from rows once, kept until a pulse says they became untrue."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from inventory import queries
from inventory.views.fragments import FragmentStore, serve_page
from omni.kernel import bilingual, clock
from stores import queries as stores_queries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import QueryDict

    from stores.queries import Place

PAGE_SIZE = 24
NEW_CARDS = 8
# The drawings beside the headline: a coat, a dress and a knit in colours of the season.
HERO = (("coat", "#8a6d4f"), ("dress", "#7a2f2f"), ("knit", "#3c4a5e"))
CODE = re.compile(r"[-\w]{1,30}", re.ASCII)
CURSOR = re.compile(r"(\d{4}-\d{2}-\d{2})\.(\d{1,18})", re.ASCII)

cards = FragmentStore(most=10_000)
filters = FragmentStore(most=1_000)


class Link(NamedTuple):
    """A choice that is a link."""

    label: str
    url: str
    is_current: bool


class Listing(NamedTuple):
    """Which products to list: of a brand, in a category, after the last one seen."""

    brand: str
    category: str
    after: tuple[str, int] | None

    @classmethod
    def of(cls, given: QueryDict) -> Listing:
        """Read the address; what no link of ours holds counts as not given."""
        brand, category = (given.get(name, "") for name in ("brand", "category"))
        cursor = CURSOR.fullmatch(given.get("after", ""))
        after = (cursor[1], int(cursor[2])) if cursor and _is_date(cursor[1]) else None
        return cls(brand if CODE.fullmatch(brand) else "", category if CODE.fullmatch(category) else "", after)

    @property
    def url(self) -> str:
        """Return the address of this list."""
        filters = {
            "brand": self.brand,
            "category": self.category,
            "after": f"{self.after[0]}.{self.after[1]}" if self.after else "",
        }
        query = urlencode({name: value for name, value in filters.items() if value})
        return reverse("inventory:products") + (f"?{query}" if query else "")


@require_safe
def show_home(request: HttpRequest) -> HttpResponse:
    """Show the brands, what is new, and how large the network is."""
    shown = card_fragments(queries.list_products(limit=NEW_CARDS))

    def content(place: Place | None) -> dict[str, Any]:
        store_count, city_count = stores_queries.network_size()
        return {
            "store_count": store_count,
            "city_count": city_count,
            "hero": HERO,
            "brands": stores_queries.brands_with_store_counts(),
            "cards": shown,
        }

    return serve_page(request, "shop/home.html", version=shown, content=content)


@require_safe
def list_products(request: HttpRequest) -> HttpResponse:
    """List products, the newest first; the filters are links."""
    listing = Listing.of(request.GET)
    found = queries.list_products(
        brand_code=listing.brand, category_code=listing.category, after=listing.after, limit=PAGE_SIZE + 1
    )
    shown = card_fragments(found[:PAGE_SIZE])
    after = (found[-2][2], found[-2][0]) if len(found) > PAGE_SIZE else None

    def content(place: Place | None) -> dict[str, Any]:
        links = _filters(listing._replace(after=None), get_language())
        next_url = listing._replace(after=after).url if after else ""
        return {"heading": _("New in"), "cards": shown, "filters": links, "next_url": next_url}

    return serve_page(request, "shop/product_list.html", version=(shown, after), content=content)


def card_fragments(products: Sequence[tuple[int, str, str]]) -> tuple[str, ...]:
    """Return the cards of the products of a list as HTML, making those that are not kept.

    They tell whether a page of cards became untrue: most pulses are about stores that no card shows.
    """
    language = get_language()
    versions = {product_id: version for product_id, version, _launched_on in products}
    kept = {product_id: cards.find((product_id, language), version) for product_id, version in versions.items()}
    missing = [product_id for product_id, html in kept.items() if html is None]
    if missing:
        for product_id, card in queries.load_cards(missing, now=clock.now()).items():
            html = render_to_string("shop/_product_card.html", {"card": card})
            kept[product_id] = html
            cards.keep((product_id, language), versions[product_id], html)
    return tuple([html for html in kept.values() if html is not None])


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _filters(listing: Listing, language: str) -> SafeString:
    """Return the filter links as HTML; brands and categories change so rarely that half a minute late will do."""
    html = filters.find((listing, language), "")
    if html is None:
        brands = [Link(_("All brands"), listing._replace(brand="").url, not listing.brand)]
        brands += [
            Link(bilingual.name_of(row), listing._replace(brand=row.code).url, row.code == listing.brand)
            for row in stores_queries.active_brands()
        ]
        categories = [Link(_("Everything"), listing._replace(category="").url, not listing.category)]
        categories += [
            Link(bilingual.name_of(row), listing._replace(category=row.code).url, row.code == listing.category)
            for row in queries.categories()
        ]
        html = render_to_string("shop/_product_filters.html", {"brand_links": brands, "category_links": categories})
        filters.keep((listing, language), "", html)
    return mark_safe(html)  # noqa: S308  it was escaped when it was made
