"""What is kept of a person: a copy to fetch, and being forgotten."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from omni.accounts import queries as accounts_queries
from omni.accounts import services as accounts_services
from omni.kernel import clock
from omni.kernel.errors import DomainError
from omni.kernel.transactions import entry
from omni.pages import exporting
from omni.pages.reauthentication import for_the_owner
from omni.pages.views.account import account_of, for_shoppers


@never_cache
@require_safe
@for_shoppers
def show_data(request: HttpRequest) -> HttpResponse:
    """Show the copies of one's data, and how far an erasure has come."""
    user_id = account_of(request)
    context = {
        "exports": exporting.exports_of(user_id),
        "erasure": accounts_queries.find_erasure(user_id),
        "keep_days": settings.EXPORT_KEEP_DAYS,
        "wait_days": settings.ERASURE_WAIT_DAYS,
    }
    template = "account/_data_exports.html" if request.headers.get("HX-Request") else "account/data_show.html"
    return render(request, template, context)


@require_POST
@for_the_owner
def request_export(request: HttpRequest) -> HttpResponse:
    """Ask for a copy of one's data."""
    language = get_language() or settings.LANGUAGE_CODE
    with entry():
        exporting.request_export(account_of(request), language=language, now=clock.now())
    return redirect("pages:data")


@never_cache
@require_safe
@for_the_owner
def fetch_export(request: HttpRequest, /, number: str) -> HttpResponseBase:
    """Hand a copy to its owner."""
    file = exporting.open_export(account_of(request), number, now=clock.now())
    return FileResponse(file, as_attachment=True, filename=f"{number}.zip", content_type="application/zip")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_the_owner
def request_erasure(request: HttpRequest) -> HttpResponse:
    """Say what being forgotten means; a confirmed form asks for it."""
    is_confirmed = bool(request.POST.get("is_sure"))
    if is_confirmed:
        with entry():
            accounts_services.request_erasure(account_of(request), now=clock.now())
        return redirect("pages:data")
    context = {"wait_days": settings.ERASURE_WAIT_DAYS, "is_asked": request.method == "POST"}
    return render(request, "account/erasure_request.html", context, status=422 if request.method == "POST" else 200)


@require_POST
@for_the_owner
def withdraw_erasure(request: HttpRequest) -> HttpResponse:
    """Change one's mind."""
    try:
        with entry():
            accounts_services.withdraw_erasure(account_of(request), now=clock.now())
        messages.success(request, _("Your account stays."))
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("pages:data")
