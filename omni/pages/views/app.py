"""What makes the shop an app on a phone: its manifest, its service worker, and the page it shows without a network."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

if TYPE_CHECKING:
    from django.http import HttpRequest

ICONS = (
    ("icons/app-192.png", 192, "any"),
    ("icons/app-512.png", 512, "any"),
    ("icons/app-maskable.png", 512, "maskable"),
)
ENTRY = "frontend/shop.js"


@require_safe
@cache_control(max_age=3600, private=True)
def show_manifest(request: HttpRequest) -> HttpResponse:
    """Say what the installed app is called and looks like, in the shopper's language."""
    content = {
        "id": "/",
        "name": _("Corner Wardrobe"),
        "short_name": _("Corner Wardrobe"),
        "description": _("Four brands, every store, one wardrobe"),
        "lang": request.LANGUAGE_CODE if hasattr(request, "LANGUAGE_CODE") else settings.LANGUAGE_CODE,
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#f6f1e8",
        "theme_color": "#f6f1e8",
        "icons": [
            {"src": static(name), "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
            for name, size, purpose in ICONS
        ],
        "shortcuts": [
            {"name": _("My orders"), "url": reverse("orders:mine")},
            {"name": _("Find a store"), "url": reverse("stores:finder")},
        ],
    }
    return JsonResponse(content, content_type="application/manifest+json", json_dumps_params={"ensure_ascii": False})


@require_safe
@cache_control(no_cache=True)
def show_worker(_request: HttpRequest) -> HttpResponse:
    """Answer the service worker: it keeps this release's styles and scripts, and the page shown without a network."""
    kept = [reverse("pages:offline"), static("favicon.svg"), *built_files()]
    release = hashlib.sha256(" ".join(kept).encode()).hexdigest()[:12]
    script = render_to_string("pages/worker.js", {"release": release, "kept": json.dumps(kept)})
    return HttpResponse(script, content_type="text/javascript")


@require_safe
def show_offline(request: HttpRequest) -> HttpResponse:
    """Show what a phone without a network shows instead of a page."""
    return render(request, "pages/offline_show.html")


def built_files(entry: str = ENTRY) -> list[str]:
    """Return the addresses of the style and scripts that every page of an entry (the shop's) loads, of this build."""
    manifest = json.loads(Path(str(settings.DJANGO_VITE["default"]["manifest_path"])).read_text(encoding="utf-8"))
    wanted, files = [entry], []
    for name in wanted:
        chunk = manifest[name]
        files += [chunk["file"], *chunk.get("css", ())]
        wanted += [more for more in chunk.get("imports", ()) if more not in wanted]
    return [static(f"dist/{file}") for file in dict.fromkeys(files)]
