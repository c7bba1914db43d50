"""The pages of a shopper's coupons, the coupon centre, and points."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import qrcode
import qrcode.image.svg
from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST, require_safe

from members import queries, services
from members.forms import CouponCodeForm
from members.views.shop import account_of, for_shoppers
from omni.kernel import clock
from omni.kernel.errors import DomainError, NotFound
from omni.kernel.transactions import entry

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

PAGE_SIZE = 30


@require_safe
@for_shoppers
def list_coupons(request: HttpRequest) -> HttpResponse:
    """List the person's coupons (usable, used or ended), and those they could take."""
    return _coupons_page(request, CouponCodeForm())


@require_POST
@for_shoppers
def claim_code(request: HttpRequest) -> HttpResponse:
    """Take the coupon of a published code; what is wrong with it stands beside it."""
    form = CouponCodeForm(request.POST)
    if form.is_valid():
        try:
            with entry():
                services.claim_code(account_of(request), form.cleaned_data["code"], now=clock.now())
        except DomainError as error:
            form.add_error("code", error.message)
        else:
            messages.success(request, _("The coupon is yours."))
            return redirect("members:coupons")
    return _coupons_page(request, form)


@require_POST
@for_shoppers
def claim_coupon(request: HttpRequest, template_id: int) -> HttpResponse:
    """Take a coupon from the coupon centre."""
    try:
        with entry():
            services.claim_coupon(account_of(request), template_id, now=clock.now())
    except NotFound:
        raise
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("The coupon is yours."))
    return redirect("members:coupons")


@require_safe
@for_shoppers
def show_coupon(request: HttpRequest, coupon_code: str) -> HttpResponse:
    """Show one coupon with its code, for the store to scan."""
    coupon = queries.get_coupon_for(account_of(request), coupon_code, now=clock.now())
    drawing = io.BytesIO()
    qrcode.make(coupon.code, image_factory=qrcode.image.svg.SvgPathFillImage, border=2).save(drawing)
    picture = "data:image/svg+xml;base64," + base64.b64encode(drawing.getvalue()).decode("ascii")
    return render(request, "members/coupon_show.html", {"coupon": coupon, "picture": picture})


@require_safe
@for_shoppers
def list_points(request: HttpRequest) -> HttpResponse:
    """Show the person's points and tier in every brand they joined."""
    return render(
        request, "members/points_list.html", {"brands": queries.points_of(account_of(request), now=clock.now())}
    )


@require_safe
@for_shoppers
def show_points(request: HttpRequest, brand_code: str) -> HttpResponse:
    """Show the person's points in one brand and every change of them."""
    user_id, before = account_of(request), _before(request)
    entries = queries.points_history(user_id, brand_code, before_id=before, limit=PAGE_SIZE + 1)
    found = [view for view in queries.points_of(user_id, now=clock.now()) if view.brand_code == brand_code]
    if not found:
        raise NotFound
    context = {
        "points": found[0],
        "entries": entries[:PAGE_SIZE],
        "next_url": f"?before={entries[PAGE_SIZE - 1].id}" if len(entries) > PAGE_SIZE else "",
    }
    return render(request, "members/points_show.html", context)


def _coupons_page(request: HttpRequest, form: CouponCodeForm) -> HttpResponse:
    user_id, now = account_of(request), clock.now()
    show = request.GET.get("show", "")
    show = show if show in {"used", "ended"} else "usable"
    coupons = queries.coupons_of(user_id, show, now=now, before_id=_before(request), limit=PAGE_SIZE + 1)
    address = reverse("members:coupons")
    labels = (("usable", _("Usable")), ("used", pgettext("coupon", "Used")), ("ended", _("Ended")))
    context = {
        "form": form,
        "show": show,
        "links": [
            (label, address if name == "usable" else f"{address}?show={name}", name == show) for name, label in labels
        ],
        "coupons": coupons[:PAGE_SIZE],
        "next_url": (
            "?" + urlencode({"show": show, "before": coupons[PAGE_SIZE - 1].id}) if len(coupons) > PAGE_SIZE else ""
        ),
        "centre": queries.coupon_centre(user_id, now=now) if show == "usable" else [],
    }
    return render(request, "members/coupon_list.html", context, status=422 if form.is_bound else 200)


def _before(request: HttpRequest) -> int | None:
    """Return the row after which a page begins."""
    text = request.GET.get("before", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
