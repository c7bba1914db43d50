"""The page of a product, its drawings, and the codes on its labels."""

from __future__ import annotations

import functools
import io
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import qrcode
import qrcode.image.svg
from django.conf import settings
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from inventory import queries, rules
from inventory.views import facts
from inventory.views.drawings import GARMENTS, draw
from inventory.views.fragments import FragmentStore, serve_page
from omni.kernel import clock, geo

if TYPE_CHECKING:
    from datetime import datetime

    from inventory.queries import ColorView, ProductDetail, SizeView
    from stores.queries import Place

outfits = FragmentStore(most=2_000)
abouts = FragmentStore(most=4_000)


@require_safe
def show_product(request: HttpRequest, brand_code: str, code: str) -> HttpResponse:
    """Show a product in one colour and size: the stores that have it, the nearest first, and when it could arrive."""
    found = queries.find_version(brand_code, code) if code.isprintable() else None
    if found is None:
        raise Http404
    product_id = found[0]
    wanted = (f"#{request.GET.get('color', '')}", request.GET.get("size", ""))
    return serve_page(
        request,
        "shop/product_show.html",
        version=found,
        content=lambda place: _product_content(product_id, *wanted, place),
    )


def _product_content(product_id: int, wanted_color: str, wanted_size: str, place: Place | None) -> dict[str, Any]:
    """Read what a product page shows."""
    product = queries.load_product(product_id)
    if product is None:
        raise Http404
    color = next((shade for shade in product.colors if shade.hex == wanted_color), product.colors[0])
    point = geo.unit_vector(place.lat, place.lng) if place else None
    now = clock.now()
    sizes = queries.sizes_of(product_id, color.hex, point=point, now=now)
    chosen = _chosen(sizes, wanted_size)
    views = facts.views_of(product, color)
    return {
        "product": product,
        "name": product.text("name"),
        "brand_name": product.text("brand_name"),
        "views": views,
        "color": color,
        "colors": [(shade, _address(product, shade, wanted_size), shade.hex == color.hex) for shade in product.colors],
        "sizes": [(size, _address(product, color, size.name)) for size in sizes],
        "gone_sizes": [size for size in sizes if not size.store_count],
        "is_one_price": len({size.price_fen for size in sizes}) <= 1,
        "chosen": chosen,
        "is_buyable": any(size.store_count for size in sizes),
        "has_chart": product.chart is not None,
        "about": _about(product, chosen),
        "here": _address(product, color, chosen.name if chosen and wanted_size else ""),
        "outfit": _outfit(product_id, now),
        "meta": facts.meta_of(product, views, sizes),
        **_nearby(product, color, chosen, place, now),
    }


def _chosen(sizes: list[SizeView], wanted: str) -> SizeView | None:
    """Return the size that the address names, else the nearest one that can be had at once."""
    named = next((size for size in sizes if size.name == wanted), None)
    buyable = [size for size in sizes if size.store_count]
    return named or min(buyable or sizes[:1], key=lambda size: size.nearest_metres or 0, default=None)


def _nearby(
    product: ProductDetail, color: ColorView, chosen: SizeView | None, place: Place | None, now: datetime
) -> dict[str, Any]:
    """Return the stores near the place that have the chosen size, and what the first that can send it promises."""
    if place is None or chosen is None or not chosen.store_count:
        return {"nearest": [], "promise": None}
    stores = queries.stores_with(product.product_id, color.hex, chosen.variant_id, place=place, now=now)
    promise = queries.promise_of(stores, now=now)
    return {
        "nearest": facts.shops_of(stores, now=now),
        "promise": promise,
        "arrival": facts.arrival_words(promise) if promise else "",
        "fee": facts.fee_words(product, promise, chosen.price_fen),
    }


def _address(product: ProductDetail, color: ColorView, size: str) -> str:
    """Return the address of the page with a colour and, unless empty, a size chosen."""
    path = reverse("inventory:product", args=[product.brand_code, product.code])
    return f"{path}?" + urlencode({"color": color.hex[1:]} | ({"size": size} if size else {}))


def _about(product: ProductDetail, chosen: SizeView | None) -> SafeString:
    """Return what is told of a product itself; most pulses are about stock, which changes nothing of it."""
    key = (product.product_id, get_language(), chosen and chosen.sku)
    html = abouts.find(key, product)
    if html is None:
        context = {
            "product": product,
            "chosen": chosen,
            "texts": {field: product.text(field) for field in ("description", "fabric", "craft", "care")},
            "tables": facts.tables_of(product, chosen.name if chosen else ""),
            "measuring": facts.measuring_of(product),
            "care": facts.care_of(product),
        }
        html = render_to_string("shop/_product_about.html", context)
        abouts.keep(key, product, html)
    return mark_safe(html)  # noqa: S308  it was escaped when it was made


def _outfit(product_id: int, now: datetime) -> SafeString:
    """Return the cards of what completes an outfit; they may be half a minute late."""
    key = (product_id, get_language())
    html = outfits.find(key, "")
    if html is None:
        chosen = queries.outfit_of(product_id)
        cards = queries.load_cards(chosen, now=now) if chosen else {}
        in_order = [cards[other] for other in chosen if other in cards]
        html = "".join(render_to_string("shop/_product_card.html", {"card": card}) for card in in_order)
        outfits.keep(key, "", html)
    return mark_safe(html)  # noqa: S308  it was escaped when it was made


@require_safe
@cache_control(public=True, max_age=30 * 24 * 3600, immutable=True)
def show_garment(request: HttpRequest, shape: str, color: str) -> HttpResponse:
    """Draw a garment in a colour."""
    return HttpResponse(_garment(shape, color), content_type="image/svg+xml")


@functools.lru_cache(maxsize=2048)
def _garment(name: str, color: str) -> str:
    drawing = rules.read_drawing(name)
    if drawing is None or drawing.shape not in GARMENTS:
        raise Http404
    return draw(drawing, f"#{color}")


@require_safe
@cache_control(public=True, max_age=24 * 3600)
def show_picture(request: HttpRequest, name: str) -> FileResponse:
    """Show a stored picture of a product on sale, wherever it lies."""
    if not name.isprintable() or not queries.is_picture_on_sale(name):
        raise Http404
    try:
        return FileResponse(default_storage.open(name))
    except FileNotFoundError as error:
        raise Http404 from error


@require_safe
def scan(request: HttpRequest, brand_code: str, sku: str) -> HttpResponse:
    """Go on from the code on a label, a SKU or a barcode, to its product with colour and size chosen."""
    found = queries.find_scanned(brand_code, sku) if sku.isprintable() else None
    if found is None:
        return render(request, "shop/scan_missing.html", {"code": sku, "brand_code": brand_code}, status=404)
    code, color_hex, size = found
    query = urlencode({"color": color_hex[1:], "size": size})
    return redirect(f"{reverse('inventory:product', args=[brand_code, code])}?{query}")


@require_safe
@cache_control(public=True, max_age=24 * 3600)
def show_scan_code(request: HttpRequest, brand_code: str, sku: str) -> HttpResponse:
    """Draw the QR code that opens a product with colour and size chosen, for the page and for shelf labels."""
    if not sku.isprintable() or queries.find_scanned(brand_code, sku) is None:
        raise Http404
    address = f"{settings.PUBLIC_URL}{reverse('inventory:scan', args=[brand_code, sku])}"
    drawing = io.BytesIO()
    qrcode.make(address, image_factory=qrcode.image.svg.SvgPathFillImage, border=2).save(drawing)
    return HttpResponse(drawing.getvalue(), content_type="image/svg+xml")
