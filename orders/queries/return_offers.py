"""What a return takes from and gives back to members' offers: points and coupons, to the point."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from members import choices as members_choices
from members import queries as members_queries
from orders import rules
from orders.choices import GIVEN_UP_RETURNS
from orders.models import LineAdjustment, OrderLine, ReturnLine
from orders.queries.offers import is_anything_kept, offer_owner

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from orders.models import Order, Return
    from orders.queries.return_quotes import ReturnPiece


def quote_offers(order: Order, pieces: Iterable[ReturnPiece], *, now: datetime) -> members_queries.OffersBack | None:
    """Return what becomes of points and coupons if the pieces are taken back; None of a guest's."""
    wanted = [(piece.line_id, piece.sale_id, "", piece.refund_fen) for piece in pieces]
    return _quote(order, wanted, now)


def offers_of_return(case: Return, *, now: datetime) -> members_queries.OffersBack | None:
    """Return what becomes, or became, of points and coupons by a return; None of a guest's, or when it was given up."""
    if case.status in GIVEN_UP_RETURNS or case.order.member_id is None:
        return None
    rows = case.lines.filter(is_live=True).order_by("pk")
    pieces = [(row.order_line_id, row.sale_id, f"return_line:{row.pk}", row.refund_fen) for row in rows]
    if case.inspected_at is None:
        return _quote(case.order, pieces, now)
    done = [members_queries.PieceBack("", cause, 0, 0) for _line, _sale, cause, _fen in pieces]
    return members_queries.offers_given_back(offer_owner(case.order), done, at=case.inspected_at)


def _quote(order: Order, wanted: list[tuple[int, int, str, int]], now: datetime) -> members_queries.OffersBack | None:
    """Return what pieces (line, sale, own cause, fen) bring, after all that came back before them."""
    if order.member_id is None:
        return None
    lines = {line.pk: line for line in OrderLine.objects.filter(order=order)}
    paid: dict[int, int] = defaultdict(int)
    points = LineAdjustment.objects.filter(order_line__in=lines, kind=members_choices.AdjustmentKind.POINTS)
    for line_id, amount_fen in points.values_list("order_line", "amount_fen"):
        paid[line_id] += amount_fen
    back: dict[int, int] = defaultdict(int)
    for line_id in ReturnLine.objects.filter(case__order=order, mirror__isnull=False).values_list(
        "order_line", flat=True
    ):
        back[line_id] += 1
    pieces = []
    for line_id, sale_id, cause, refund_fen in wanted:
        points_fen = rules.part_fen(paid[line_id], lines[line_id].quantity, before=back[line_id], units=1)
        back[line_id] += 1
        pieces.append(members_queries.PieceBack(f"recognition:{sale_id}", cause, refund_fen, points_fen))
    is_all_back = sum(line.quantity - line.cancelled_quantity for line in lines.values()) == sum(back.values())
    is_last = is_all_back and not is_anything_kept(order)
    return members_queries.offers_back(offer_owner(order), pieces, is_all_back=is_last, now=now)
