"""What search engines ask for first: what they may read, and the addresses of everything."""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from inventory import queries
from stores import queries as stores_queries

if TYPE_CHECKING:
    from collections.abc import Iterator

# As many as the protocol of sitemaps allows in one file.
MOST_ADDRESSES = 50_000
# Everybody's own, and what staff use: nothing for a search engine.
PRIVATE = (
    "/basket/",
    "/checkout/",
    "/orders/",
    "/me/",
    "/sign-in/",
    "/place/",
    "/scan/",
    "/desk/",
    "/hq/",
    "/admin/",
    "/api/",
)


@require_safe
@cache_control(public=True, max_age=24 * 3600)
def show_robots(request: HttpRequest) -> HttpResponse:
    """Tell search engines what they may read."""
    lines = ["User-agent: *", *[f"Disallow: {path}" for path in PRIVATE], f"Sitemap: {_absolute('inventory:sitemap')}"]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


@require_safe
@cache_control(public=True, max_age=3600)
def show_sitemap(request: HttpRequest) -> HttpResponse:
    """List the addresses of the shop: its own pages, products, the newest first, and stores."""
    addresses = list(islice(_addresses(), MOST_ADDRESSES))
    return render(request, "shop/sitemap.xml", {"addresses": addresses}, content_type="application/xml")


def _addresses() -> Iterator[tuple[str, str]]:
    """Return each address with the day it is from, or ""."""
    own = ((_absolute(name), "") for name in ("inventory:home", "inventory:products", "stores:finder"))
    products = (
        (_absolute("inventory:product", brand_code, code), launched_on.isoformat())
        for brand_code, code, launched_on in queries.product_addresses(limit=MOST_ADDRESSES)
    )
    stores = (
        (_absolute("stores:store", brand_code, code), "")
        for brand_code, code in stores_queries.shop_addresses(limit=MOST_ADDRESSES)
    )
    return chain(own, products, stores)


def _absolute(name: str, *arguments: str) -> str:
    return f"{settings.PUBLIC_URL}{reverse(name, args=arguments)}"
