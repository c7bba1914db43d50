"""Brings the translations in step with the source: what is new is added, what is gone is dropped, and compiled.

Django's own makemessages needs GNU gettext, which a fresh machine lacks; Babel does the same from a wheel.
"""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract as babel_extract
from babel.messages.frontend import parse_keywords
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation.template import templatize

LOCALE = "zh_Hans"
WRITTEN_AT = datetime(2026, 1, 1, tzinfo=UTC)
SOURCES = ("omni", "stores", "inventory", "members", "fulfillment", "orders", "settlement")
KEYWORDS: dict[str, Any] = parse_keywords(
    (
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
    for _line, message, _comments, context in babel_extract("python", io.BytesIO(source.encode()), keywords=KEYWORDS):
        catalog.add(message, context=context)


def new_catalog() -> Catalog:
    """Return an empty catalogue of the target language, with a header that never changes by itself."""
    return Catalog(
        locale=LOCALE,
        header_comment="# The Chinese of Omni. `manage.py collect_messages` keeps it in step with the source.",
        project="Omni",
        version="1",
        msgid_bugs_address="-",
        creation_date=WRITTEN_AT,
        revision_date=WRITTEN_AT,
        last_translator="-",
        language_team="-",
        charset="utf-8",
        fuzzy=False,
    )


def paths(root: Path) -> tuple[Path, Path]:
    """Return where the translations are written by hand, and where they are compiled to."""
    folder = root / "omni" / "locale" / LOCALE / "LC_MESSAGES"
    return folder / "django.po", folder / "django.mo"


def read_catalog(root: Path) -> Catalog:
    """Return the translations as they are written."""
    po, _mo = paths(root)
    return read_po(io.BytesIO(po.read_bytes()), locale=LOCALE) if po.exists() else new_catalog()


def brought_in_step(written: Catalog, root: Path) -> Catalog:
    """Return a catalogue of what the source says now, with the translations that are written."""
    catalog = new_catalog()
    for message in extract(root):
        if message.id:
            known = written.get(message.id, message.context)
            fits = known is not None and isinstance(known.string, str) == isinstance(message.id, str)
            string = known.string if known is not None and fits else None
            catalog.add(message.id, string, context=message.context)
    return catalog


def untranslated(catalog: Catalog) -> list[Message]:
    """Return the messages that lack a form."""
    return [message for message in catalog if message.id and not is_translated(message.string)]


def is_translated(text: str | tuple[str, ...] | list[str] | None) -> bool:
    """Tell whether a message has all its forms."""
    return bool(text) if isinstance(text, str) or text is None else all(text)


def compiled(catalog: Catalog) -> bytes:
    """Return what Django reads at run time."""
    target = io.BytesIO()
    write_mo(target, catalog)
    return target.getvalue()


class Command(BaseCommand):
    help = "Bring the translations in step with the source, and compile them. Needs the development tools."
    # The source is read, not run: a project half way through a change has words too.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Take --check."""
        parser.add_argument("--check", action="store_true", help="change nothing; fail when something is missing")

    def handle(self, *_args: object, **options: object) -> None:
        """Update the catalogue, write it, and say what has no translation yet."""
        root = Path(settings.BASE_DIR)
        catalog = brought_in_step(read_catalog(root), root)
        missing = untranslated(catalog)
        for message in missing:
            context = f" ({message.context})" if message.context else ""
            self.stdout.write(f"not translated: {message.id!r}{context}")
        if options["check"]:
            raise SystemExit(1 if missing else 0)
        po, mo = paths(root)
        po.parent.mkdir(parents=True, exist_ok=True)
        with po.open("wb") as target:
            write_po(target, catalog, omit_header=False, no_location=True, sort_output=True, width=0)
        mo.write_bytes(compiled(catalog))
        self.stdout.write(f"{len(catalog)} messages, {len(missing)} not translated")
