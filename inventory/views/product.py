"""The page of a product, and the drawings of garments."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpRequest, HttpResponse
from django.template import TemplateDoesNotExist
from django.template.loader import get_template
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from inventory import queries
from inventory.views.fragments import serve_page
from omni.kernel import bilingual, clock, geo

if TYPE_CHECKING:
    from stores.queries import Place


@require_safe
def show_product(request: HttpRequest, brand_code: str, code: str) -> HttpResponse:
    """Show a product in one colour: its sizes with the stores that have them, and the nearest ones."""
    found = queries.find_version(brand_code, code) if code.isprintable() else None
    if found is None:
        raise Http404
    product_id = found[0]
    color = f"#{request.GET.get('color', '')}"
    return serve_page(
        request,
        "shop/product_show.html",
        version=found,
        content=lambda place: _product_content(product_id, color, place),
    )


def _product_content(product_id: int, wanted_color: str, place: Place | None) -> dict[str, Any]:
    """Read what a product page shows."""
    product = queries.load_product(product_id)
    if product is None:
        raise Http404
    color = next((shade for shade in product.colors if shade.hex == wanted_color), product.colors[0])
    point = geo.unit_vector(place.lat, place.lng) if place else None
    now = clock.now()
    sizes = queries.sizes_of(product_id, color.hex, point=point, now=now)
    buyable = [size for size in sizes if size.store_count]
    return {
        "product": product,
        "texts": {field: product.text(field) for field in ("name", "description", "fabric", "care")},
        "brand_name": bilingual.pick(product.brand_name_zh, product.brand_name_en),
        "color": color,
        "colors": [(shade, f"?color={shade.hex.lstrip('#')}", shade.hex == color.hex) for shade in product.colors],
        "cheapest": min(buyable or sizes, key=lambda size: size.price_fen, default=None),
        "sizes": sizes,
        # The size that is nearest: the first that can be had at once.
        "first_sku": min(buyable, key=lambda size: size.nearest_metres or 0).sku if buyable else "",
        "nearest": queries.near_stores(product_id, color.hex, point=point, now=now) if point else [],
        "here": f"{reverse('inventory:product', args=[product.brand_code, product.code])}?color={color.hex[1:]}",
    }


@require_safe
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
