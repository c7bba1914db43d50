"""What is looked for most in the shop."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Sum

from inventory.models import SearchCount
from inventory.queries.catalogue import fetch_rows
from inventory.queries.search import understand
from inventory.sql import listing as sql

if TYPE_CHECKING:
    from datetime import date

# Over how many days searches are counted, how often one must have been made to be shown, and how many are shown.
POPULAR_DAYS = 7
ENOUGH = 3
MOST_SHOWN = 8


def popular_searches(language: str, *, today: date) -> list[str]:
    """Return what was looked for most in the last seven days and finds something now, in this language.

    The most frequent first, of equally frequent ones by their text; two statements.
    """
    counted = SearchCount.objects.filter(language=language, on_date__gt=today - timedelta(days=POPULAR_DAYS))
    often = counted.values("text").annotate(total=Sum("times")).filter(total__gte=ENOUGH).order_by("-total", "text")
    queries = [query for text in often.values_list("text", flat=True)[: 3 * MOST_SHOWN] if (query := understand(text))]
    if not queries:
        return []
    found = {row[0] for row in fetch_rows(sql.KNOWN_WORDS, {"words": [query.match for query in queries]})}
    return [query.text for place, query in enumerate(queries) if place in found][:MOST_SHOWN]
