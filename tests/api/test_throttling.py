from collections.abc import Iterator
from datetime import UTC, datetime
from unittest.mock import patch

import pytest
import time_machine
from django.conf import LazySettings
from django.core.cache import cache
from django.test import Client
from redis.exceptions import ConnectionError as RedisConnectionError

from tests.factories.api import bearer, issue_key
from tests.factories.stores import BrandFactory

pytestmark = pytest.mark.django_db
SCHEMA = "/api/v1/schema/?format=json"
MIDNIGHT = datetime(2026, 3, 16, 16, 0, 40, tzinfo=UTC)


@pytest.fixture(autouse=True)
def small_limits(settings: LazySettings) -> Iterator[None]:
    settings.API_REQUESTS_PER_MINUTE = {"key": 3, "address": 2}
    cache.clear()
    yield
    cache.clear()


def statuses(client: Client, count: int, *, key: str = "", address: str = "127.0.0.1", sent_for: str = "") -> list[int]:
    headers = {name: text for name, text in (("authorization", key), ("x-forwarded-for", sent_for)) if text}
    return [client.get(SCHEMA, headers=headers, REMOTE_ADDR=address).status_code for _request in range(count)]


def test_address_that_asks_too_often_waits_for_the_next_minute(client: Client) -> None:
    with time_machine.travel(MIDNIGHT, tick=False):
        assert statuses(client, 2) == [200, 200]
        refused = client.get(SCHEMA, headers={"accept-language": "en"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "throttled")
        assert refused["Retry-After"] == "20"
    with time_machine.travel(MIDNIGHT.replace(minute=1, second=0), tick=False):
        assert statuses(client, 1) == [200]


def test_addresses_are_counted_apart_and_may_not_name_another(client: Client) -> None:
    with time_machine.travel(MIDNIGHT, tick=False):
        assert statuses(client, 3, address="192.0.2.1") == [200, 200, 429]
        assert statuses(client, 1, address="192.0.2.2") == [200]
        assert statuses(client, 1, address="192.0.2.1", sent_for="192.0.2.3") == [429]


def test_keys_are_counted_apart_from_their_address(client: Client) -> None:
    key = f"Bearer {issue_key(BrandFactory.create())}"
    with time_machine.travel(MIDNIGHT, tick=False):
        assert statuses(client, 4, key=key) == [200, 200, 200, 429]
        assert statuses(client, 1) == [200]


def test_reads_go_on_while_redis_is_away(client: Client) -> None:
    with patch("redis.connection.ConnectionPool.get_connection", side_effect=RedisConnectionError("away")):
        assert statuses(client, 5) == [200] * 5
        assert client.get("/api/v1/orders/x/", headers=bearer("x.y")).status_code == 401
