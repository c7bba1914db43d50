"""The embedded servers are what the product relies on."""

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection

pytestmark = pytest.mark.django_db


def test_trigrams_of_chinese_text_are_not_empty() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        cursor.execute("SELECT array_length(show_trgm('红色连衣裙'), 1)")
        assert cursor.fetchone() == (6,)


@pytest.mark.parametrize(
    ("name", "value"), [("lock_timeout", "3s"), ("client_connection_check_interval", "1s"), ("TimeZone", "UTC")]
)
def test_connection_options_reach_the_server(name: str, value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting(%s)", [name])
        assert cursor.fetchone() == (value,)


def test_cache_of_this_worker_keeps_what_was_put_in() -> None:
    cache.set("platform", "kept", 10)
    assert cache.get("platform") == "kept"
    assert settings.REDIS_URL == settings.CELERY_BROKER_URL
