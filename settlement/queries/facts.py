"""What the apps below know of a sale, a payment or a refund that is to be booked."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from django.db import connection

from omni.kernel.errors import NotFound
from settlement import sql
from settlement.rules import ReversalFacts, SaleFacts


class CollectionFacts(NamedTuple):
    """Whose money a provider collected, and by which method."""

    brand_id: int
    method: str


class RefundFacts(NamedTuple):
    """Whose money went back by which method, and whether it was for goods that had been sold."""

    brand_id: int
    method: str
    is_after_sale: bool


def sale_facts(recognition_id: int) -> SaleFacts:
    """Return what the booking of a recognised sale depends on.

    :raises NotFound: when there is no such recognition.
    """
    recognition, order, brand, paid_fen, funding, *others = _one(sql.SALE_FACTS, recognition_id)
    return SaleFacts(recognition, order, brand, paid_fen, json.loads(funding), *others)


def reversal_facts(recognition_id: int) -> ReversalFacts:
    """Return what the booking of a piece that came back depends on.

    :raises NotFound: when there is no such mirror.
    """
    sale, quantity, paid_fen, funding, *others = _one(sql.REVERSAL_FACTS, recognition_id)
    return ReversalFacts(sale, quantity, paid_fen, json.loads(funding), *others)


def collection_facts(intent_id: int) -> CollectionFacts:
    """Return whose money a payment collected.

    :raises NotFound: when there is no such payment.
    """
    return CollectionFacts(*_one(sql.INTENT_FACTS, intent_id))


def refund_facts(refund_id: int) -> RefundFacts:
    """Return whose money a refund gave back.

    :raises NotFound: when there is no such refund.
    """
    return RefundFacts(*_one(sql.REFUND_FACTS, refund_id))


def _one(statement: str, key: int) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(statement, [key])
        row: tuple[Any, ...] | None = cursor.fetchone()
    if row is None:
        raise NotFound
    return row
