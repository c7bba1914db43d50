"""Reading the environment: every setting that differs between machines goes through here."""

import json
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parents[2]
LOCAL_DIR = Path(os.environ.get("OMNI_LOCAL") or BASE_DIR / ".local")
TRUE_WORDS = frozenset({"1", "true", "yes", "on"})


def text(name: str, default: str = "") -> str:
    """Return an environment variable, or the default when it is unset or empty."""
    return os.environ.get(name) or default


def flag(name: str, *, default: bool = False) -> bool:
    """Return whether an environment variable says yes (1, true, yes, on)."""
    value = os.environ.get(name)
    return default if not value else value.strip().lower() in TRUE_WORDS


def number(name: str, default: int) -> int:
    """Return an environment variable as a whole number.

    :raises ImproperlyConfigured: it is set and no number.
    """
    value = text(name, str(default))
    try:
        return int(value)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}") from error


def words(name: str, default: str = "") -> list[str]:
    """Return a comma-separated environment variable as a list."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def database(url: str, options: str) -> dict[str, Any]:
    """Turn ``postgresql://user:password@host:port/name?sslmode=…`` into a Django database entry.

    ``options`` are server parameters in libpq's form (``-c name=value …``); the URL's query adds libpq parameters.

    :raises ImproperlyConfigured: the URL is for another engine: no other has been tested.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(f"DATABASE_URL must start with postgresql://, not {parts.scheme}://")
    extra = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "omni",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "OPTIONS": {"options": options, **{key: unquote(value) for key, value in extra.items()}},
    }


def secret_key() -> str:
    """Return ``SECRET_KEY``, or on a development machine the one that the set-up has put into ``.local/secret_key``.

    :raises ImproperlyConfigured: there is neither.
    """
    given = text("SECRET_KEY")
    if given:
        return given
    try:
        return (LOCAL_DIR / "secret_key").read_text(encoding="ascii").strip()
    except OSError as error:
        raise ImproperlyConfigured("SECRET_KEY is not set, and bin/boot.py has not set up this checkout") from error


def chosen(value: str, *choices: str) -> str:
    """Return a value that is one of the choices.

    :raises ImproperlyConfigured: it is none of them.
    """
    if value not in choices:
        raise ImproperlyConfigured(f"{value!r} is none of {', '.join(choices)}")
    return value


def origins(url: str) -> list[str]:
    """Return the origin of an address as the Content-Security-Policy names it, none for one of this site.

    A placeholder in the first part of the host name ("https://tiles-{s}.example") stands for any host there.
    """
    parts = urlsplit(url)
    host = re.sub(r"^[^.]*\{[^.]*", "*", parts.netloc)
    return [f"{parts.scheme}://{host}"] if host else []


def pairs(name: str) -> dict[str, str]:
    """Return an environment variable of the form ``key:value,key:value`` in its order."""
    return {key: value for key, _, value in (word.partition(":") for word in words(name))}


def providers() -> dict[str, dict[str, str]]:
    """Return the providers' credentials from the JSON file that ``OMNI_PROVIDERS_FILE`` names ({} without one).

    :raises ImproperlyConfigured: the file is named and cannot be read.
    """
    path = text("OMNI_PROVIDERS_FILE")
    if not path:
        return {}
    try:
        loaded: dict[str, dict[str, str]] = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ImproperlyConfigured(f"OMNI_PROVIDERS_FILE {path} cannot be read: {error}") from error
    return loaded
