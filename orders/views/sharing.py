"""Links that guides share: the desk makes them, and who follows one is remembered for the guide's credit."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import qrcode
import qrcode.image.svg
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_safe

from inventory import queries as inventory_queries
from omni.kernel.errors import NotFound
from omni.kernel.touches import at_desk
from orders import queries, services
from stores import queries as stores_queries

if TYPE_CHECKING:
    from inventory.models import Product

LINK_SECONDS = queries.LINK_DAYS * 24 * 3600


@require_safe
def follow_link(request: HttpRequest, token: str) -> HttpResponse:
    """Open what a guide shared, and remember in the browser who it was; of one who left, only open it."""
    link = queries.read_guide_link(token)
    seller = queries.find_seller(link) if link is not None else None
    if link is None or seller is None:
        raise NotFound
    response = redirect(queries.shared_path(link, seller.brand_code))
    response.set_signed_cookie(
        _cookie(seller.brand_code), token, salt=queries.LINK_SALT, max_age=LINK_SECONDS, httponly=True, samesite="Lax"
    )
    return response


def followed(request: HttpRequest, brand_code: str) -> queries.Seller | None:
    """Return whose link of a brand the browser followed in the last seven days, while they work in a store of it."""
    link = _link(request, brand_code)
    seller = queries.find_seller(link) if link is not None else None
    return seller if seller is not None and seller.brand_code == brand_code else None


def selling_by_link(request: HttpRequest, brand_code: str) -> services.Selling | None:
    """Return whose sale an order of this browser is: the guide's whose link it followed last."""
    link, seller = _link(request, brand_code), followed(request, brand_code)
    if link is None or seller is None:
        return None
    return services.Selling(seller.store_id, seller.staff_id, f"link:{link.kind}:{link.code}"[:40])


@require_GET
@at_desk
def show_share(request: HttpRequest, store_id: int) -> HttpResponse:
    """Make links to a product of the brand, and to its collection, in the name of whoever stands at the desk."""
    actor = stores_queries.actor_for_user(request.user)
    store = stores_queries.get_desk_store(actor, store_id)
    text = request.GET.get("q", "").strip()[:60]
    product = _product(store.brand_id, store.brand.code, text)
    staff_id = actor.staff_id_in(store.pk)
    if staff_id is None:
        raise NotFound
    links = []
    if product is not None:
        links.append(queries.GuideLink(staff_id, "product", product.code))
        if product.collection is not None:
            links.append(queries.GuideLink(staff_id, "collection", product.collection.code))
    tokens = [(link.kind, queries.sign_guide_link(link)) for link in links]
    context = {
        "store": store,
        "text": text,
        "product": product,
        "links": [
            (kind, request.build_absolute_uri(reverse("orders:guide-link", args=[token])), token)
            for kind, token in tokens
        ],
        "days": queries.LINK_DAYS,
    }
    return render(request, "desk/share_show.html", context)


@require_GET
def show_link_code(request: HttpRequest, token: str) -> HttpResponse:
    """Draw a shared link as a QR code."""
    if queries.read_guide_link(token) is None:
        raise NotFound
    link = request.build_absolute_uri(reverse("orders:guide-link", args=[token]))
    drawing = io.BytesIO()
    qrcode.make(link, image_factory=qrcode.image.svg.SvgPathFillImage, border=4).save(drawing)
    return HttpResponse(
        drawing.getvalue(), content_type="image/svg+xml", headers={"Cache-Control": "private, max-age=3600"}
    )


def _product(brand_id: int, brand_code: str, text: str) -> Product | None:
    """Return what was scanned or typed: by SKU or barcode, else by style code."""
    if not text or not text.isprintable():
        return None
    variant = inventory_queries.find_labelled(brand_id, text)
    code = variant.product.code if variant is not None else text
    return inventory_queries.find_product(brand_code, code)


def _link(request: HttpRequest, brand_code: str) -> queries.GuideLink | None:
    token = request.get_signed_cookie(_cookie(brand_code), default="", salt=queries.LINK_SALT, max_age=LINK_SECONDS)
    return queries.read_guide_link(str(token)) if token else None


def _cookie(brand_code: str) -> str:
    return f"guide-{brand_code}"
