"""The cache without its server."""

import pytest
from django.core.cache import cache

from bin.servers import free_port
from omni.settings.cache import LossyRedisCache


@pytest.fixture
def away() -> LossyRedisCache:
    """Return a cache whose server does not listen."""
    return LossyRedisCache(f"redis://127.0.0.1:{free_port()}/0", {})


def test_cache_without_server_finds_and_keeps_nothing(away: LossyRedisCache) -> None:
    away.set("name", "value")
    assert away.get("name") is None
    assert away.get("name", "default") == "default"
    assert away.get_many(["name"]) == {}
    assert away.set_many({"name": "value"}) == []
    assert away.add("name", "value") is False
    assert away.has_key("name") is False
    assert away.touch("name") is False
    assert away.delete("name") is False
    assert away.incr("count", 2) == 2


def test_cache_with_server_keeps_and_counts() -> None:
    cache.set("count", 1, 10)
    assert cache.incr("count", 2) == 3
    assert cache.get_many(["count", "other"]) == {"count": 3}
    assert cache.delete("count") is True
    assert cache.get("count", "gone") == "gone"
    with pytest.raises(ValueError, match="not found"):
        cache.incr("count")
