from datetime import UTC, datetime, timedelta

import pytest

from omni.api import services
from omni.api.models import ApiKey
from omni.kernel.errors import InvalidInput, NotFound
from omni.kernel.transactions import entry
from tests.factories.api import issue_key
from tests.factories.stores import BrandFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 16, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("scopes", "expires_at", "field", "code"),
    [
        ([], NOW + timedelta(days=1), "scopes", "unknown_scope"),
        (["orders:read", "orders:burn"], NOW + timedelta(days=1), "scopes", "unknown_scope"),
        (["orders:read"], NOW, "expires_at", "invalid"),
    ],
)
def test_issue_api_key_with_bad_input_makes_none(
    scopes: list[str], expires_at: datetime, field: str, code: str
) -> None:
    with pytest.raises(InvalidInput) as refusal, entry():
        services.issue_api_key(BrandFactory.create().pk, name="ERP", scopes=scopes, expires_at=expires_at, now=NOW)
    assert (refusal.value.field, refusal.value.code) == (field, code)
    assert ApiKey.objects.count() == 0


def test_revoke_api_key_twice_keeps_the_first_moment() -> None:
    prefix = issue_key(BrandFactory.create()).partition(".")[0]
    for hours in (0, 1):
        with entry():
            services.revoke_api_key(prefix, now=NOW + timedelta(hours=hours))
    assert ApiKey.objects.get().revoked_at == NOW


def test_revoke_api_key_that_does_not_exist_is_not_found() -> None:
    with pytest.raises(NotFound), entry():
        services.revoke_api_key("omni_0000000000", now=NOW)
