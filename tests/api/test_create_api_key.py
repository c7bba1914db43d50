from datetime import UTC, datetime
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.utils import translation

from omni.api.models import ApiKey
from omni.api.queries import find_live_key
from tests.factories.stores import BrandFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 16, 4, 0, tzinfo=UTC)


@time_machine.travel(NOW, tick=False)
def test_create_api_key_prints_the_key_alone() -> None:
    brand, printed = BrandFactory.create(), StringIO()
    call_command(
        "create_api_key", brand=brand.code, scopes="orders:write, orders:read", name="SAP", days=30, stdout=printed
    )
    key = find_live_key(printed.getvalue().strip(), NOW)
    assert key == ApiKey.objects.get()
    assert (key.brand, key.name, key.scopes) == (brand, "SAP", ["orders:read", "orders:write"])
    assert key.expires_at == datetime(2026, 4, 15, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"brand": "nobody"}, "nobody"),
        ({"scopes": "orders:burn"}, "orders:read, orders:write"),
        ({"scopes": ""}, "orders:read, orders:write"),
        ({"days": 0}, "future"),
    ],
)
def test_create_api_key_with_bad_input_says_what_is_wrong(options: dict[str, str], message: str) -> None:
    brand = BrandFactory.create()
    with translation.override("en"), pytest.raises(CommandError, match=message):
        call_command("create_api_key", **{"brand": brand.code, "scopes": "orders:read", **options})
    assert ApiKey.objects.count() == 0
