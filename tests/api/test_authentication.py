from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client

from omni.api import services
from omni.api.models import ApiKey
from omni.kernel.transactions import entry
from tests.factories.api import bearer, issue_key
from tests.factories.stores import BrandFactory

pytestmark = pytest.mark.django_db
UNKNOWN_ORDER = "/api/v1/orders/O7K2M-9QX4T-3HB8W/"
NOON = datetime(2026, 3, 16, 4, 0, tzinfo=UTC)


def answer(client: Client, headers: dict[str, str]) -> tuple[int, str]:
    response = client.get(UNKNOWN_ORDER, headers=headers)
    return response.status_code, response.json()["error"]["code"]


def test_key_that_lives_lets_in(client: Client) -> None:
    assert answer(client, bearer(issue_key(BrandFactory.create()))) == (404, "not_found")


def test_nobody_is_asked_to_sign_in(client: Client) -> None:
    response = client.get(UNKNOWN_ORDER, headers={"accept-language": "en"})
    assert response.json() == {
        "error": {
            "code": "not_authenticated",
            "message": "Authentication credentials were not provided.",
            "field": None,
            "params": {},
        }
    }
    assert (response.status_code, response["WWW-Authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize(
    "spoil", ["{0}x", "x{0}", "{1}.", ".{2}", "", "{1}", "omni_0000000000.{2}", "{0}\u0000", "钥匙.{2}"]
)
def test_key_that_is_wrong_is_refused(client: Client, spoil: str) -> None:
    text = issue_key(BrandFactory.create())
    prefix, _dot, secret = text.partition(".")
    wrong = spoil.format(text, prefix, secret).encode().decode("latin-1")
    assert answer(client, bearer(wrong)) == (401, "authentication_failed")


def test_key_that_has_expired_is_refused(client: Client) -> None:
    text = issue_key(BrandFactory.create(), expires_at=NOON)
    with time_machine.travel(NOON - timedelta(seconds=1), tick=False):
        assert answer(client, bearer(text)) == (404, "not_found")
    with time_machine.travel(NOON, tick=False):
        assert answer(client, bearer(text)) == (401, "authentication_failed")


def test_key_that_was_revoked_is_refused(client: Client) -> None:
    text = issue_key(BrandFactory.create())
    with entry():
        services.revoke_api_key(text.partition(".")[0], now=NOON)
    assert answer(client, bearer(text)) == (401, "authentication_failed")


def test_key_without_the_scope_is_forbidden(client: Client) -> None:
    text = issue_key(BrandFactory.create(), ["orders:write"])
    assert answer(client, bearer(text)) == (403, "permission_denied")


def test_other_ways_to_sign_in_are_nobodys(client: Client) -> None:
    assert answer(client, {"authorization": "Basic dXNlcjpzZWNyZXQ="}) == (401, "not_authenticated")


def test_use_of_a_key_is_noted_to_the_minute(client: Client) -> None:
    text = issue_key(BrandFactory.create())
    for seconds, noted in ((0, 0), (59, 0), (61, 61)):
        with time_machine.travel(NOON + timedelta(seconds=seconds), tick=False):
            answer(client, bearer(text))
        assert ApiKey.objects.get().last_used_at == NOON + timedelta(seconds=noted)


def test_secret_of_a_key_is_kept_nowhere() -> None:
    text = issue_key(BrandFactory.create())
    prefix, _dot, secret = text.partition(".")
    row = ApiKey.objects.values().get()
    assert row["prefix"] == prefix
    assert secret not in str(row)
    assert len(secret) == 43
