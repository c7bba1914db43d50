"""How templates write money, distances and names."""

from typing import Any

from django import template
from django.utils.translation import get_language

from omni.kernel import money

register = template.Library()


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
def named(row: Any) -> str:
    """Return a catalogue row's name in the language of the page; a missing English name falls back to the Chinese."""
    is_chinese = (get_language() or "zh").startswith("zh")
    return str(row.name_zh if is_chinese else row.name_en or row.name_zh)
