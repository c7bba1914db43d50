"""Headquarters' promotions and coupons: the list, and the form that writes one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from members import queries, services
from members.forms import CouponTermsForm, IssueForm, OfferTermsForm
from members.models import CouponTemplate
from omni.kernel import clock
from omni.kernel.errors import DomainError, NotFound
from omni.kernel.transactions import entry
from stores import choices as stores_choices
from stores import queries as stores_queries

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from stores.permissions import Actor

PAGE_SIZE = 50


def _reader(request: HttpRequest) -> Actor:
    """Return the actor of a person who works for a brand's headquarters or region.

    :raises NotFound: for anybody else.
    """
    actor = stores_queries.actor_for_user(request.user)
    if not actor.brand_ids():
        raise NotFound
    return actor


def _writer(request: HttpRequest) -> Actor:
    """Return the actor of a person of a brand's headquarters.

    :raises NotFound: for anybody else.
    """
    actor = stores_queries.actor_for_user(request.user)
    if not actor.brand_ids(stores_choices.Role.HQ):
        raise NotFound
    return actor


@require_safe
@login_required
def list_offers(request: HttpRequest) -> HttpResponse:
    """List the promotions, or the coupon templates, of one's brands, the newest first."""
    actor = _reader(request)
    kind = "coupons" if request.GET.get("kind") == "coupons" else "promotions"
    text = request.GET.get("before", "")
    before = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
    rows = queries.offer_rows(actor, queries.offer_model(kind), now=clock.now(), before_id=before, limit=PAGE_SIZE + 1)
    address = reverse("members:hq-offers")
    context = {
        "section": "offers",
        "kind": kind,
        "offers": rows[:PAGE_SIZE],
        "next_url": "?" + urlencode({"kind": kind, "before": rows[PAGE_SIZE - 1].id}) if len(rows) > PAGE_SIZE else "",
        "links": [
            (_("Promotions"), address, kind == "promotions"),
            (_("Coupons"), f"{address}?kind=coupons", kind == "coupons"),
        ],
        "can_write": bool(actor.brand_ids(stores_choices.Role.HQ)),
    }
    return render(request, "hq/offer_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def add_offer(request: HttpRequest, kind: str) -> HttpResponse:
    """Ask for a new promotion or coupon template; a valid form writes it."""
    actor = _writer(request)
    form = _form(request, actor, kind, None)
    if form.is_valid():
        try:
            with entry():
                if isinstance(form, CouponTermsForm):
                    services.add_coupon_template(actor, form.brand_id, form.coupon_draft, now=clock.now())
                else:
                    services.add_promotion(actor, form.brand_id, form.draft, now=clock.now())
        except DomainError as error:
            form.show_refusal(error)
        else:
            return _written(request, kind)
    return _form_page(request, kind, form, None)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def change_offer(request: HttpRequest, kind: str, offer_id: int) -> HttpResponse:
    """Show an offer of one's brand; a valid form writes it anew."""
    actor = _writer(request)
    values = queries.offer_values(actor, queries.offer_model(kind), offer_id)
    form = _form(request, actor, kind, values)
    if form.is_valid():
        try:
            with entry():
                if isinstance(form, CouponTermsForm):
                    services.change_coupon_template(actor, offer_id, form.coupon_draft)
                else:
                    services.change_promotion(actor, offer_id, form.draft)
        except DomainError as error:
            form.show_refusal(error)
        else:
            return _written(request, kind)
    return _form_page(request, kind, form, offer_id)


@require_POST
@login_required
def start_offer(request: HttpRequest, kind: str, offer_id: int) -> HttpResponse:
    """Let an offer run."""
    actor = _writer(request)
    with entry():
        services.start_offer(actor, queries.offer_model(kind), offer_id)
    return redirect(_list_of(kind))


@require_POST
@login_required
def stop_offer(request: HttpRequest, kind: str, offer_id: int) -> HttpResponse:
    """Stop an offer."""
    actor = _writer(request)
    with entry():
        services.stop_offer(actor, queries.offer_model(kind), offer_id)
    return redirect(_list_of(kind))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def issue_coupon(request: HttpRequest, template_id: int) -> HttpResponse:
    """Ask for a member; a valid form gives them a coupon of a template of one's brand."""
    actor = _writer(request)
    template = queries.get_template_for(actor, template_id)
    form = IssueForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            with entry():
                services.issue_to_member(actor, template_id, form.cleaned_data["member"], now=clock.now())
        except DomainError as error:
            form.show_refusal(error)
        else:
            messages.success(request, _("The member has the coupon."))
            return redirect("members:hq-coupon-issue", template_id)
    context = {"section": "offers", "template": template, "form": form, "list_url": _list_of("coupons")}
    return render(request, "hq/coupon_issue.html", context, status=422 if form.is_bound else 200)


def _form(request: HttpRequest, actor: Actor, kind: str, values: dict[str, Any] | None) -> OfferTermsForm:
    """Return the form of a kind of offers, with the brands that the actor may write for.

    :raises NotFound: there is no such kind.
    """
    form_class = CouponTermsForm if queries.offer_model(kind) is CouponTemplate else OfferTermsForm
    brand_ids = actor.brand_ids(stores_choices.Role.HQ)
    brands = [brand for brand in stores_queries.active_brands() if brand.pk in brand_ids]
    bound = request.POST if request.method == "POST" else None
    return form_class(bound, brands=brands, initial=values, now=clock.now())


def _form_page(request: HttpRequest, kind: str, form: OfferTermsForm, offer_id: int | None) -> HttpResponse:
    context = {"section": "offers", "kind": kind, "form": form, "offer_id": offer_id, "list_url": _list_of(kind)}
    return render(request, "hq/offer_change.html", context, status=422 if form.is_bound else 200)


def _written(request: HttpRequest, kind: str) -> HttpResponse:
    messages.success(request, _("Saved."))
    return redirect(_list_of(kind))


def _list_of(kind: str) -> str:
    address = reverse("members:hq-offers")
    return f"{address}?kind=coupons" if kind == "coupons" else address
