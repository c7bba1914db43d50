"""The shop's home: made from rows once, kept until a pulse says they became untrue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.views.decorators.http import require_safe

from inventory import queries
from inventory.choices import SortOrder
from inventory.queries import ListWish
from inventory.views.finding import keep_cards, near_stock
from inventory.views.fragments import place_of, serve_page
from omni.kernel import clock
from stores import queries as stores_queries

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from stores.queries import Place

NEW_CARDS = 8
OFFER_CARDS = 8
OFFER_KM = 10
COLLECTIONS = 6
# The drawings beside the headline: a coat, a dress and a knit in colours of the season.
HERO = (("coat", "#8a6d4f"), ("dress", "#7a2f2f"), ("knit", "#3c4a5e"))


@require_safe
def show_home(request: HttpRequest) -> HttpResponse:
    """Show what is new, what stores nearby have marked down, the collections, categories and brands."""
    place = place_of(request)
    near = near_stock(place, OFFER_KM * 1000) if place else None
    newest = queries.list_products(ListWish(), limit=NEW_CARDS)
    offers = queries.list_products(ListWish(is_on_offer=True, near=near, order=SortOrder.MOST_OFF), limit=OFFER_CARDS)
    made = keep_cards([*newest, *offers])
    new_cards, offer_cards = (tuple(made[one] for one in products if one in made) for products in (newest, offers))

    def content(place: Place | None) -> dict[str, Any]:
        store_count, city_count = stores_queries.network_size()
        return {
            "store_count": store_count,
            "city_count": city_count,
            "hero": HERO,
            "tiles": queries.category_tiles(),
            "collections": queries.collection_cards(today=clock.business_date(clock.now()), limit=COLLECTIONS),
            "brands": stores_queries.brands_with_store_counts(),
            "cards": new_cards,
            "offers": offer_cards,
            "offer_km": OFFER_KM,
        }

    version = (new_cards, offer_cards, newest[0].lists_version if newest else "")
    return serve_page(request, "shop/home.html", version=version, content=content)
