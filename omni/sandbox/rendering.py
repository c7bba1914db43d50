"""Pages from files: `$name` is replaced by the escaped value, markup made here stays as it is."""

from collections.abc import Iterable
from functools import cache
from html import escape
from pathlib import Path
from string import Template

TEMPLATES = Path(__file__).with_name("templates")


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


@cache
def _template(name: str) -> Template:
    return Template((TEMPLATES / f"{name}.html").read_text(encoding="utf-8"))


def render(name: str, **values: object) -> Markup:
    """Fill one template."""
    filled = {key: value if isinstance(value, Markup) else escape(str(value)) for key, value in values.items()}
    return Markup(_template(name).substitute(filled))


def join(parts: Iterable[Markup]) -> Markup:
    """Put pieces of markup one after the other."""
    return Markup("".join(parts))


def moment(stamp: str) -> str:
    """Write an RFC 3339 time as people read it: month, day, and time of day."""
    return f"{stamp[5:10]} {stamp[11:19]}"


def yuan(fen: int) -> str:
    """Write an amount as people read it."""
    return f"¥{fen // 100:,}.{fen % 100:02d}"
