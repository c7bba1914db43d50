"""The pages on which somebody asks to be told when a size is back near them, and takes it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from members import queries, services
from members.forms import ArrivalForm
from omni.accounts import queries as accounts_queries
from omni.kernel import clock, sealing
from omni.kernel.errors import DomainError
from omni.kernel.transactions import entry

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def subscribe(request: HttpRequest) -> HttpResponse:
    """Ask where and, of a guest, whom to tell when a size is back; a valid form notes it."""
    asked = request.POST if request.method == "POST" else request.GET
    wanted = queries.get_wanted_size(asked.get("brand", ""), asked.get("sku", ""))
    identity = accounts_queries.get_identity(request.user.pk) if request.user.pk is not None else None
    phone = identity.phone if identity and identity.phone_index else ""
    initial = {"place": request.get_signed_cookie("place", default="")}
    form = ArrivalForm(phone, request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        try:
            with entry():
                notice_id = services.subscribe_arrival(
                    wanted.brand_id,
                    wanted.sku,
                    place=form.cleaned_data["place"],
                    phone=form.cleaned_data["phone"],
                    member_id=queries.find_member_id(request.user.pk, wanted.brand_id),
                    language=get_language() or "",
                    now=clock.now(),
                )
        except DomainError as error:
            form.show_refusal(error)
        else:
            return redirect("members:arrival-notice", services.sign_token(notice_id))
    context = {"wanted": wanted, "form": form, "phone": sealing.mask_phone(phone) if phone else ""}
    return render(request, "members/arrival_new.html", context, status=422 if form.is_bound else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def show_notice(request: HttpRequest, token: str) -> HttpResponse:
    """Show what somebody waits for, to who has its signed link; sending the form takes it back."""
    notice = queries.get_notice(services.read_token(token))
    if request.method == "POST":
        with entry():
            services.stop_arrival(token, now=clock.now())
        messages.success(request, _("You will hear nothing more of it."))
        return redirect("members:arrival-notice", token)
    return render(request, "members/arrival_show.html", {"notice": notice})
