"""The listings of products: made anew when a price begins or ends, and read by the segmenter."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from django.db import connection

from inventory.rules import words as rules
from inventory.sql import listing as sql
from omni.kernel.transactions import step

if TYPE_CHECKING:
    from datetime import datetime

PRODUCTS_AT_ONCE = 500


@step
def refresh_listings(*, now: datetime, limit: int = PRODUCTS_AT_ONCE) -> int:
    """Write the search documents of up to so many products whose words changed, and return how many they were.

    Whoever writes products calls it; a sweeper does for those who did not. Products whose prices began or ended by
    their dates are listed anew before. A product that another transaction is writing is left to it.
    """
    with connection.cursor() as cursor:
        cursor.execute(sql.TURN_DUE, {"now": now, "limit": limit})
        cursor.execute(sql.UNREAD, {"limit": limit})
        rows = [(key, json.loads(words)) for key, words in cursor.fetchall()]
        if rows:
            texts = [(key, rules.document_of(words), json.dumps(rules.terms_of(words))) for key, words in rows]
            ids, documents, terms = zip(*texts, strict=True)
            cursor.execute(sql.WRITE_DOCUMENTS, {"ids": list(ids), "documents": list(documents), "terms": list(terms)})
            cursor.execute(sql.TAKE_TURN)
            cursor.execute(sql.COUNT_WORDS)
        return len(rows)


@step
def forget_segments() -> int:
    """Let every product be read by the segmenter again, and return how many there are: its rules have changed."""
    with connection.cursor() as cursor:
        cursor.execute(sql.FORGET_SEGMENTS)
        return int(cursor.rowcount)
