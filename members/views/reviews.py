"""The reviews of a product, and their photos."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.files.storage import default_storage
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from members import queries
from members.models import ReviewPhoto
from omni.kernel.errors import NotFound

if TYPE_CHECKING:
    from django.http import HttpRequest

# A photo that is refused later is out of sight within the hour.
PHOTO_SECONDS = 3600
LONGEST_ID = 18


@require_safe
def show_reviews(request: HttpRequest, brand_code: str, code: str) -> HttpResponse:
    """Show what buyers say of a product: a part of its page for htmx, a page of its own otherwise."""
    before = request.GET.get("before", "")
    start = int(before) if before.isascii() and before.isdigit() and len(before) <= LONGEST_ID else 0
    context = {"page": queries.product_reviews(brand_code, code, before=start), "brand_code": brand_code, "code": code}
    if not request.headers.get("HX-Request"):
        return render(request, "members/review_list.html", context)
    return render(request, "members/_review_list.html" if start else "members/_reviews.html", context)


@require_safe
def show_photo(request: HttpRequest, key: str) -> HttpResponse:
    """Show a photo that was looked at; to who looks at them, any."""
    if request.user.is_staff and request.user.has_perm("members.view_reviewphoto"):
        photo = ReviewPhoto.objects.filter(key=key).first()
        if photo is None:
            raise NotFound
        caching = "private, no-store"
    else:
        photo, caching = queries.get_shown_photo(key), f"public, max-age={PHOTO_SECONDS}"
    with default_storage.open(photo.path) as file:
        content = file.read()
    return HttpResponse(content, content_type="image/jpeg", headers={"Cache-Control": caching})
