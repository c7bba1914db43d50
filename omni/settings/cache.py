"""The cache: what is in it may be lost at any time, and so may the server that keeps it."""

import functools
import logging
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

logger = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")


def lossy(method: Callable[Concatenate[RedisCache, P], T], *, answer: T) -> Callable[Concatenate[RedisCache, P], T]:
    """Return the method with an answer for when the server cannot be reached."""

    @functools.wraps(method)
    def attempt(self: RedisCache, /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(self, *args, **kwargs)
        except (RedisConnectionError, RedisTimeoutError) as error:
            logger.warning("the cache cannot be reached: %s", error)
            return answer

    return attempt


class LossyRedisCache(RedisCache):
    """Django's Redis cache, in which nothing is found and nothing kept while the server is away."""

    add = lossy(RedisCache.add, answer=False)
    set = lossy(RedisCache.set, answer=None)
    touch = lossy(RedisCache.touch, answer=False)
    delete = lossy(RedisCache.delete, answer=False)
    get_many = lossy(RedisCache.get_many, answer={})
    set_many = lossy(RedisCache.set_many, answer=[])
    delete_many = lossy(RedisCache.delete_many, answer=None)
    has_key = lossy(RedisCache.has_key, answer=False)

    def get(self, key: object, default: object = None, version: int | None = None) -> object:
        """Return what is kept under the key, or the default."""
        return lossy(RedisCache.get, answer=default)(self, key, default, version)

    def incr(self, key: object, delta: int = 1, version: int | None = None) -> int:
        """Add to a counter; while the server is away every counter starts again.

        :raises ValueError: there is no such counter.
        """
        return lossy(RedisCache.incr, answer=delta)(self, key, delta, version)
