"""What a shopper does with an order that is on its way, beside looking at it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import qrcode
import qrcode.image.svg
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_safe

from fulfillment import queries as fulfillment_queries
from orders import queries
from orders.views.shop import shopper_of

if TYPE_CHECKING:
    from django.http import HttpRequest


@require_safe
def show_pickup_qr(request: HttpRequest, number: str, share: str) -> HttpResponse:
    """Draw the code of a share that waits to be collected, as the store's desk scans it."""
    code = queries.find_pickup_code(queries.get_order_for(shopper_of(request), number), share)
    if code is None:
        raise Http404
    drawing = io.BytesIO()
    text = fulfillment_queries.pickup_text(share, code)
    qrcode.make(text, image_factory=qrcode.image.svg.SvgPathFillImage, border=4).save(drawing)
    return HttpResponse(
        drawing.getvalue(), content_type="image/svg+xml", headers={"Cache-Control": "private, no-store"}
    )
