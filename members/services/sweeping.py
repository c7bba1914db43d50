"""The sweeper of members: points become available, coupons end."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from members.choices import CouponStatus
from members.models import Coupon, PointsGrant
from members.services.coupons import expire_coupon
from members.services.feedback import drive_refused_photos
from members.services.points import mature_points
from omni.kernel.transactions import drive, entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

logger = logging.getLogger(__name__)

BATCH = 500


@drive
def drive_due_rows(*, now: datetime) -> int:
    """Mature points and end coupons that are due, each in a transaction of its own; return how many were tried.

    Photos that nobody may see leave the storage as well.
    """
    drive_refused_photos(BATCH, now=now)
    grants = PointsGrant.objects.filter(matured_at=None, available_at__lte=now).order_by("available_at", "pk")
    coupons = Coupon.objects.filter(status=CouponStatus.ISSUED, expires_at__lte=now).order_by("expires_at", "pk")
    return _each(
        list(grants.values_list("pk", flat=True)[:BATCH]), lambda grant_id: mature_points(grant_id, now=now)
    ) + _each(list(coupons.values_list("pk", flat=True)[:BATCH]), lambda coupon_id: expire_coupon(coupon_id, now=now))


def _each(row_ids: Iterable[int], work: Callable[[int], bool]) -> int:
    """Take every row on; one that fails is left for the next round, and the others go on."""
    tried = 0
    for row_id in row_ids:
        tried += 1
        try:
            with entry():
                work(row_id)
        except Exception:
            logger.exception("Row %s could not be finished", row_id)
    return tried
