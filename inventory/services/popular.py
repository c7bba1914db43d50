"""Counting what is looked for in the shop, without counting who looks."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import connection
from django.db.models import Q

from inventory.models import SearchCount
from inventory.queries.popular import ENOUGH, POPULAR_DAYS
from inventory.rules import words as rules
from inventory.sql import listing as sql
from omni.kernel.clock import business_date
from omni.kernel.transactions import step

if TYPE_CHECKING:
    from datetime import datetime


@step
def count_search(text: str, *, language: str, now: datetime) -> bool:
    """Count that something was looked for, and found, today; False when nothing of it may be kept.

    What is kept are the words that products were found by, so a name or number that somebody typed never is.
    """
    words = rules.countable(text)
    if not words:
        return False
    with connection.cursor() as cursor:
        cursor.execute(sql.COUNT_SEARCH, {"on_date": business_date(now), "language": language, "text": words})
    return True


@step
def prune_searches(*, now: datetime) -> int:
    """Delete what is too old to be shown, and of days gone by what was looked for by few; return how many went."""
    today = business_date(now)
    is_rare = Q(on_date__lt=today, times__lt=ENOUGH)
    return SearchCount.objects.filter(Q(on_date__lte=today - timedelta(days=POPULAR_DAYS)) | is_rare).delete()[0]
