"""Pieces of pages kept in the process, each with the version of what it was made from."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable

V = TypeVar("V")

# A price may begin or end without a write: a piece is made again after this long whatever its version.
KEEP_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class _Kept(Generic[V]):
    version: str
    made_at: float
    value: V


class FragmentStore(Generic[V]):
    """The newest pieces by key; one is given out only for the version it was made from, and for half a minute."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, _Kept[V]] = OrderedDict()

    def find(self, key: Hashable, version: str) -> V | None:
        """Return the piece, or None when there is none of this version."""
        kept = self._kept.get(key)
        if kept is None or kept.version != version or time.monotonic() - kept.made_at > KEEP_SECONDS:
            return None
        return kept.value

    def keep(self, key: Hashable, version: str, value: V) -> V:
        """Keep a piece, and return it; the oldest go when there are too many."""
        self._kept[key] = _Kept(version, time.monotonic(), value)
        self._kept.move_to_end(key)
        # Threads share the store: another may have made room already.
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return value
