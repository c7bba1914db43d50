"""What offers and staff take off an order's lines, as it is written with the order."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from members import choices as members_choices
from orders import rules
from orders.models import LineAdjustment, OrderLine
from orders.queries import bill

if TYPE_CHECKING:
    from collections.abc import Sequence

    from members import queries as members_queries
    from orders.services.placing import PlaceOrder


def write_manual(order_id: int, wanted: PlaceOrder) -> None:
    """Write what staff take off: the brand bears it."""
    lines = dict(OrderLine.objects.filter(order=order_id).values_list("sku", "pk"))
    LineAdjustment.objects.bulk_create(
        LineAdjustment(
            order_line_id=lines[wanted.lines[part.position].sku],
            kind=members_choices.AdjustmentKind.MANUAL,
            source=f"manual:{wanted.selling.staff_id if wanted.selling else ''}",
            name_zh="店员优惠",
            name_en="Discount at the counter",
            amount_fen=part.amount_fen,
            funders=[[rules.BRAND, part.amount_fen]],
            note=part.reason,
            approved_by_id=part.approved_by_staff_id,
        )
        for part in wanted.manual
    )


def adjustment_columns(
    adjustments: Sequence[members_queries.Adjustment], line_ids: Sequence[int], frozen: bill.FrozenOffers | None
) -> dict[str, list[object]]:
    """Return the columns of the lines' adjustments; what each funder bears is frozen in fen."""
    return {
        "adjusted_lines": [line_ids[part.position] for part in adjustments],
        "kinds": [str(part.kind) for part in adjustments],
        "sources": [part.source for part in adjustments],
        "offer_names_zh": [part.name_zh for part in adjustments],
        "offer_names_en": [part.name_en for part in adjustments],
        "amounts": [part.amount_fen for part in adjustments],
        "funders": [json.dumps(shares) for shares in (frozen.funders if frozen else bill.funders_of(adjustments))],
    }
