"""Reading the environment: every setting that differs between machines goes through here."""

import base64
import hashlib
import json
import os
import secrets
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
    """Return ``SECRET_KEY``, or on a development machine a random one that is kept in ``.local/secret_key``.

    A machine that was given a database has others that share it, so there a key made up here would be a different one
    on each of them.

    :raises ImproperlyConfigured: ``DATABASE_URL`` is set and ``SECRET_KEY`` is not.
    """
    given = text("SECRET_KEY")
    if given:
        return given
    if text("DATABASE_URL"):
        raise ImproperlyConfigured("SECRET_KEY must be set where DATABASE_URL is")
    return kept_secret(LOCAL_DIR / "secret_key")


def kept_secret(path: Path) -> str:
    """Return the secret in the file, which is made with mode 0600 when it is not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    if not path.exists():
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
        try:
            os.link(draft, path)  # fails when another process was quicker: its secret is the one to use
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text(encoding="ascii").strip()


def derived_key(secret: str, purpose: str) -> bytes:
    """Return 32 bytes that depend on the secret and the purpose alone."""
    return hashlib.blake2b(purpose.encode(), key=hashlib.sha256(secret.encode()).digest(), digest_size=32).digest()


def sealing_keys(secret: str) -> dict[str, bytes]:
    """Return the encryption keys by their id, the one to write with first.

    ``SEALING_KEYS`` is ``id:base64,id:base64``, 32 bytes each; without it one key is derived from the secret.

    :raises ImproperlyConfigured: a key is not 32 bytes long.
    """
    keys = {}
    for word in words("SEALING_KEYS"):
        key_id, _, encoded = word.partition(":")
        keys[key_id] = base64.b64decode(encoded)
        if len(keys[key_id]) != 32:
            raise ImproperlyConfigured(f"the key {key_id!r} in SEALING_KEYS is not 32 bytes long")
    return keys or {"local": derived_key(secret, "sealing")}


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
