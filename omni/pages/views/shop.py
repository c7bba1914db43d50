"""The shop's front page, composed of what several apps know."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from inventory import queries as inventory_queries
from inventory.views.shop import card_fragments
from stores import queries as stores_queries

NEW_CARDS = 8
# The drawings beside the headline: a coat, a dress and a knit in colours of the season.
HERO = (("coat", "#8a6d4f"), ("dress", "#7a2f2f"), ("knit", "#3c4a5e"))


@require_GET
def show_home(request: HttpRequest) -> HttpResponse:
    """Show the brands, what is new, and how large the network is."""
    store_count, city_count = stores_queries.network_size()
    newest = inventory_queries.list_products(limit=NEW_CARDS)
    context = {
        "store_count": store_count,
        "city_count": city_count,
        "hero": HERO,
        "brands": stores_queries.brands_with_store_counts(),
        "cards": card_fragments([(product_id, version) for product_id, version, _launched in newest]),
    }
    return render(request, "shop/home.html", context)
