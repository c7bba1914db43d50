"""Brings the translations in step with the source: what is new is added, what is gone is dropped, and compiled.

Django's own makemessages needs GNU gettext, which a fresh machine lacks; Babel does the same from a wheel.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract as babel_extract
from babel.messages.frontend import parse_keywords
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation.template import templatize

LOCALE = "zh_Hans"
SOURCES = ("omni", "stores", "inventory", "members", "fulfillment", "orders", "settlement")
KEYWORDS = (
    "gettext",
    "gettext_lazy",
    "gettext_noop",
    "_",
    "ngettext:1,2",
    "ngettext_lazy:1,2",
    "pgettext:1c,2",
    "pgettext_lazy:1c,2",
    "npgettext:1c,2,3",
    "npgettext_lazy:1c,2,3",
)


def extract(root: Path) -> Catalog:
    """Return every message of the Python sources and the templates."""
    catalog = new_catalog()
    python = [path for source in SOURCES for path in sorted((root / source).rglob("*.py"))]
    for path in python:
        if "sandbox" not in path.parts and "migrations" not in path.parts:
            add_messages(catalog, path.read_text())
    for path in sorted((root / "templates").rglob("*.*")):
        if path.suffix in {".html", ".txt", ".svg"}:
            add_messages(catalog, templatize(path.read_text(), origin=str(path)))
    return catalog


def add_messages(catalog: Catalog, source: str) -> None:
    """Add the messages of one source, in Python or as Django turns a template into it."""
    keywords = dict(parse_keyword(keyword) for keyword in KEYWORDS)
    for _line, message, _comments, context in babel_extract("python", io.BytesIO(source.encode()), keywords=keywords):
        catalog.add(message, context=context)


def parse_keyword(keyword: str) -> tuple[str, Any]:
    """Return the name and arguments of a keyword such as "npgettext:1c,2,3", as Babel wants them."""
    return next(iter(parse_keywords([keyword]).items()))


def new_catalog() -> Catalog:
    """Return an empty catalogue of the target language."""
    return Catalog(locale=LOCALE, project="Omni", charset="utf-8", fuzzy=False)


def is_translated(text: str | tuple[str, ...] | list[str] | None) -> bool:
    """Tell whether a message has all its forms."""
    return bool(text) and (isinstance(text, str) or all(text))


class Command(BaseCommand):
    help = "Bring the translations in step with the source, and compile them. Needs the development tools."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take --check."""
        parser.add_argument("--check", action="store_true", help="change nothing; fail when something is missing")

    def handle(self, *_args: object, **options: object) -> None:
        """Update the catalogue, write it, and say what has no translation yet."""
        folder = Path(settings.BASE_DIR) / "omni" / "locale" / LOCALE / "LC_MESSAGES"
        po, mo = folder / "django.po", folder / "django.mo"
        catalog = read_po(io.BytesIO(po.read_bytes()), locale=LOCALE) if po.exists() else new_catalog()
        catalog.update(extract(Path(settings.BASE_DIR)), no_fuzzy_matching=True)
        catalog.obsolete.clear()
        missing = [message.id for message in catalog if message.id and not is_translated(message.string)]
        for message_id in missing:
            self.stdout.write(f"not translated: {message_id!r}")
        if options["check"]:
            raise SystemExit(1 if missing else 0)
        folder.mkdir(parents=True, exist_ok=True)
        with po.open("wb") as target:
            write_po(target, catalog, omit_header=False, no_location=True, sort_output=True, width=0)
        with mo.open("wb") as target:
            write_mo(target, catalog)
        self.stdout.write(f"{len(catalog)} messages, {len(missing)} not translated")
