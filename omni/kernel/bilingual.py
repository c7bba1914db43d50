"""Rows that carry a Chinese and an English name: which one the reader gets."""

from typing import Protocol

from django.utils.translation import get_language


class Named(Protocol):
    """A row with a name in both languages; the English one may be empty."""

    name_zh: str
    name_en: str


def pick(zh: str, en: str) -> str:
    """Return the text in the language active now; a missing English one falls back to the Chinese."""
    is_chinese = (get_language() or "zh").startswith("zh")
    return zh if is_chinese or not en else en


def name_of(row: Named) -> str:
    """Return the name of a row in the language active now."""
    return pick(row.name_zh, row.name_en)
