"""The page on which a shopper says how an order was, and each garment, with photos."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.core.files.storage import default_storage
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from members import queries as members_queries
from members import services as members_services
from omni.kernel import clock
from omni.kernel.errors import DomainError
from omni.kernel.transactions import entry
from orders import queries
from orders.forms import FeedbackForm
from orders.views.shop import open_by_link, shopper_of

if TYPE_CHECKING:
    from django.http import HttpRequest

    from orders.models import Order


@require_http_methods(["GET", "HEAD", "POST"])
def give_feedback(request: HttpRequest, number: str) -> HttpResponse:
    """Show what a shopper said of an order; a valid form says it anew."""
    if request.GET.get("t"):
        return open_by_link(request, number, "orders:feedback-new")
    order = queries.get_order_for(shopper_of(request), number)
    lines = queries.feedback_lines(order)
    if not lines:
        messages.error(request, _("You can say how it was once it has reached you."))
        return redirect("orders:track", number)
    is_sent = request.method == "POST"
    word = queries.find_order_word(order)
    form = FeedbackForm(lines, word, request.POST if is_sent else None, request.FILES if is_sent else None)
    if form.is_valid():
        try:
            _write(order, form)
        except DomainError as error:
            form.show_refusal(error)
        else:
            messages.success(request, _("Thank you! Photos are looked at before everybody sees them."))
            return redirect("orders:track", number)
    context = {"order": order, "form": form, "word": word}
    return render(request, "shop/order_feedback.html", context, status=422 if is_sent else 200)


def _write(order: Order, form: FeedbackForm) -> None:
    """Put the photos into the storage, then write everything in one transaction; without it, no photo stays."""
    stored: list[members_services.StoredPhoto] = []
    by_line: dict[int, tuple[members_services.StoredPhoto, ...]] = {}
    try:
        for line_id, uploads in form.uploads.items():
            mine = [members_services.drive_photo(upload.read(), field=f"photos_{line_id}") for upload in uploads]
            stored += mine
            by_line[line_id] = tuple(mine)
        with entry():
            feedback = form.feedback(order, by_line, store_id=queries.find_serving_store(order))
            members_services.give_feedback(feedback, now=clock.now())
    except DomainError:
        members_services.drive_photos_away(stored)
        raise


@require_safe
def show_own_photo(request: HttpRequest, number: str, key: str) -> HttpResponse:
    """Show a photo to who sent it, also before it was looked at."""
    order = queries.get_order_for(shopper_of(request), number)
    photo = members_queries.get_own_photo(key, [line.owner for line in queries.feedback_lines(order)])
    with default_storage.open(photo.path) as file:
        content = file.read()
    return HttpResponse(content, content_type="image/jpeg", headers={"Cache-Control": "private, no-store"})
