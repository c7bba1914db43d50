"""API keys."""

from collections.abc import Sequence
from datetime import UTC, datetime

from omni.api import services
from omni.kernel.transactions import entry
from stores.models import Brand

ISSUED = datetime(2026, 1, 1, tzinfo=UTC)
FAR = datetime(2100, 1, 1, tzinfo=UTC)


def issue_key(
    brand: Brand, scopes: Sequence[str] = ("orders:read", "orders:write"), *, expires_at: datetime = FAR
) -> str:
    """Issue a key of a brand and return its text."""
    with entry():
        _key, text = services.issue_api_key(brand.pk, name="ERP", scopes=scopes, expires_at=expires_at, now=ISSUED)
    return text


def bearer(text: str) -> dict[str, str]:
    """Return the header that presents a key, as the test client takes it."""
    return {"authorization": f"Bearer {text}"}
