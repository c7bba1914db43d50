"""What makes the desk an app on a tablet: its manifest, its service worker, and what it needs without a network."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from omni.kernel.touches import at_desk, person_of
from omni.pages.views.app import ICONS, built_files

if TYPE_CHECKING:
    from django.http import HttpRequest

ENTRY = "frontend/desk.js"


@require_safe
@cache_control(max_age=3600, private=True)
def show_manifest(_request: HttpRequest) -> HttpResponse:
    """Say what the installed desk is called and looks like, in the reader's language."""
    start = reverse("fulfillment:desk")
    content = {
        "id": start,
        "name": _("Corner Wardrobe · store desk"),
        "short_name": _("Desk"),
        "description": _("Tasks, counter, stock and members of a store"),
        "lang": get_language(),
        "start_url": start,
        "scope": start,
        "display": "standalone",
        "background_color": "#f6f1e8",
        "theme_color": "#1d1815",
        "icons": [
            {"src": static(name), "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
            for name, size, purpose in ICONS
        ],
    }
    return JsonResponse(content, content_type="application/manifest+json", json_dumps_params={"ensure_ascii": False})


@require_safe
@cache_control(no_cache=True)
def show_worker(_request: HttpRequest) -> HttpResponse:
    """Answer the service worker of the desk: it keeps visited pages, and touches that do not get through."""
    kept = [reverse("pages:desk-offline"), static("favicon.svg"), *built_files(ENTRY)]
    context = {
        "release": hashlib.sha256(" ".join(kept).encode()).hexdigest()[:12],
        "kept": json.dumps(kept),
        "patience": settings.DESK_PATIENCE_SECONDS * 1000,
    }
    return HttpResponse(render_to_string("desk/worker.js", context), content_type="text/javascript")


@require_safe
def show_offline(request: HttpRequest) -> HttpResponse:
    """Show what a tablet without a network shows instead of a page that it has not kept."""
    return render(request, "desk/offline_show.html")


@require_safe
@at_desk
def show_token(request: HttpRequest) -> HttpResponse:
    """Answer who is signed in and a token for their forms, for what the service worker has kept."""
    return JsonResponse({"person": person_of(request), "token": get_token(request)})
