"""How templates write money, distances and names."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Protocol

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from omni.kernel import bilingual, money, touches
from omni.pages.shell import Shell

if TYPE_CHECKING:
    from django.template.context import RequestContext

register = template.Library()


class Colored(Protocol):
    """A variant's colour in both languages."""

    color_zh: str
    color_en: str


@register.filter
def yuan(amount_fen: int) -> str:
    """Write fen as yuan: ¥1,234.50."""
    return money.format_fen(amount_fen)


@register.filter
def distance(metres: float) -> str:
    """Write metres as people say them: 850 m, 2.3 km, 120 km."""
    if metres < 1000:
        return f"{round(metres / 10) * 10} m"
    kilometres = metres / 1000
    return f"{kilometres:.1f} km" if kilometres < 100 else f"{kilometres:.0f} km"


@register.filter
def named(row: bilingual.Named) -> str:
    """Return a row's name in the language of the page."""
    return bilingual.name_of(row)


@register.filter
def colored(variant: Colored) -> str:
    """Return the name of a variant's colour in the language of the page."""
    return bilingual.pick(variant.color_zh, variant.color_en)


@register.simple_tag
def picture(shape: str, color_hex: str) -> str:
    """Return the address of a drawing ("coat", or with its parts "coat.belted.back") in a colour."""
    return reverse("inventory:garment", args=[shape or "tee", color_hex.lstrip("#").lower()])


@register.simple_tag
def once() -> SafeString:
    """Return the hidden field with a fresh key: however often this form arrives, it counts once."""
    return format_html('<input type="hidden" name="{}" value="{}">', touches.FIELD, uuid.uuid4())


@register.simple_tag(takes_context=True)
def desk_shell(context: RequestContext) -> Shell:
    """Return what stands around a page of the desk, for the store that the page is about."""
    return Shell(context["request"], context.get("store"))
