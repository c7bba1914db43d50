"""The row lock of erasures: the last one that anybody takes."""

from __future__ import annotations

from omni.accounts.models import Erasure
from omni.kernel.errors import NotFound
from omni.kernel.locking import locked


def lock_erasure(erasure_id: int) -> Erasure:
    """Lock an erasure and return it as it is now.

    :raises NotFound: when there is none.
    """
    rows = locked(Erasure.objects.filter(pk=erasure_id))
    if not rows:
        raise NotFound
    return rows[0]
