"""Bring the database up to date and fill an empty one with the demo, in one process: each start of Django costs."""

import json
import os
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import django
from django.apps import apps
from django.core.management import call_command, get_commands
from django.db import connection


def prepare() -> None:
    """Migrate, check what a search in Chinese needs, and seed the demo unless there are brands already.

    :raises SystemExit: the database's locale gives Chinese text no trigrams.
    """
    call_command("migrate", interactive=False, verbosity=1)
    check_trigrams()
    if os.environ.get("OMNI_DEMO") == "0":
        return
    brands = apps.get_model("stores", "Brand")._default_manager  # noqa: SLF001  # Django documents it
    if "seed_demo" in get_commands() and not brands.exists():
        call_command("seed_demo")
    write_sign_ins(Path(os.environ["OMNI_LOCAL"]) / "sign-ins.json")


def check_trigrams() -> None:
    """Refuse a database in which pg_trgm makes nothing of Chinese: its searches would find nothing, and say nothing.

    :raises SystemExit: it does.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'")
        if cursor.fetchone() is None:
            return
        cursor.execute("SELECT show_trgm('红')")
        if not cursor.fetchone()[0]:
            sys.exit("The database's locale gives Chinese text no trigrams: make the cluster with --locale=C.UTF-8.")


def write_sign_ins(path: Path) -> None:
    """Write the demo's accounts down for the supervisor to print."""
    if find_spec("omni.pages.demo") is None:
        return
    sign_ins = getattr(import_module("omni.pages.demo"), "SIGN_INS", [])
    path.write_text(json.dumps([[str(cell) for cell in row] for row in sign_ins], ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    django.setup()
    prepare()
