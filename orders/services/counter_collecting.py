"""Paid orders in a counter's basket: added for the code that was shown, partly declined, handed over with the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from fulfillment import services as fulfillment_services
from omni.kernel.errors import Conflict, InvalidInput, NotFound
from omni.kernel.transactions import step
from orders import queries, rules
from orders.choices import TAKEN_CONDITIONS, CounterLineKind, ReturnReason
from orders.models import CounterBasket, CounterLine, Recognition
from orders.services import recognition
from orders.services.counter import lock_open
from orders.services.placing import InvalidChoice

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


class NotACollection(InvalidInput):
    """The code that was shown gives out no paid order: somebody comes to try on."""

    code = "not_a_collection"


class CollectionGone(Conflict):
    """A collection of the basket cannot be handed over any more."""

    code = "collection_gone"


@dataclass(frozen=True, slots=True)
class DeclinedPiece:
    """One unit of a collection that the shopper does not keep, how it is, and why."""

    key: queries.PieceKey
    condition: str
    reason: str


@step
def collect_at_counter(basket_id: int, shown: fulfillment_services.ShownCode, *, now: datetime) -> CounterLine:
    """Put a paid order into a basket, to be handed over when that is settled; the code was shown and is right.

    Nothing is used up: a basket that is given up leaves the goods waiting. Locks CounterBasket.

    :raises BasketNotOpen: when it cannot be changed now.
    :raises NotACollection: with field "code", when the code is of a booking to try on.
    :raises NotFound: when it is another brand's order.
    """
    basket = lock_open(basket_id, now=now)
    order = queries.order_of_demand(shown.fulfillment_id)
    if order is None:
        raise NotACollection(_("This code is for trying on. Check the shopper in there."), field="code")
    if order.brand_id != basket.brand_id:
        raise NotFound
    units = len(queries.waiting_pieces(order, shown.share_id))
    line, _is_new = CounterLine.objects.update_or_create(
        basket=basket,
        share_id=shown.share_id,
        defaults={"kind": CounterLineKind.COLLECTION, "pickup_code_id": shown.code_id, "quantity": units},
    )
    rules.check_line_count(basket.lines.count())
    if basket.member_id is None and order.member_id is not None:
        CounterBasket.objects.filter(pk=basket_id).update(member=order.member_id)
    return line


@step
def decline_at_counter(basket_id: int, line_id: int, pieces: Sequence[DeclinedPiece], *, now: datetime) -> None:
    """Say which pieces of a collection the shopper does not keep, in place of what was said before; none: all are kept.

    They come back when the basket is settled, right after the collection is handed over. Locks CounterBasket.

    :raises BasketNotOpen: when it cannot be changed now.
    :raises InvalidChoice: naming the piece, without a condition or reason of the lists.
    :raises NotFound: when the basket has no such collection, or that no such piece.
    """
    basket = lock_open(basket_id, now=now)
    line = basket.lines.filter(pk=line_id, kind=CounterLineKind.COLLECTION).select_related("share").first()
    if line is None:
        raise NotFound
    waiting = {piece.key: piece for piece in _waiting(line)}
    if not {piece.key for piece in pieces} <= waiting.keys():
        raise NotFound
    for piece in pieces:
        if piece.condition not in TAKEN_CONDITIONS or piece.reason not in ReturnReason.values:
            raise InvalidChoice(
                _("Say how this piece is, and why it comes back."), field=queries.waiting_field(piece.key)
            )
    line.declined.all().delete()
    CounterLine.objects.bulk_create(
        CounterLine(
            basket=basket,
            kind=CounterLineKind.RETURN,
            variant_id=waiting[piece.key].line.variant_id,
            collection=line,
            share_line_id=piece.key.share_line_id,
            unit=piece.key.unit,
            condition=piece.condition,
            reason=piece.reason,
        )
        for piece in pieces
    )
    rules.check_line_count(basket.lines.count())


@step
def hand_over_collections(lines: Sequence[CounterLine], *, actor: str, now: datetime) -> None:
    """Hand a basket's collections over for the codes that were shown, and recognise their sale; once.

    What is declined of them is from now on a unit of a sale, to be taken back. The caller has locked the basket, the
    orders and their members. Locks Fulfillments, StockLevels. Emits FulfillmentOrderDelivered and SaleRecognised.

    :raises CollectionGone: when the goods do not wait any more, or a code was used or replaced; nothing was changed.
    """
    collections = [line for line in lines if line.kind == CounterLineKind.COLLECTION]
    if not collections:
        return
    codes = {line.share_id or 0: line.pickup_code_id or 0 for line in collections}
    try:
        fulfillment_services.collect_shown(codes, actor=actor, now=now)
    except Conflict as error:
        raise CollectionGone(error.message, field="lines") from error
    for line in sorted(collections, key=lambda row: row.share_id or 0):
        if line.share is None or line.share.store_id is None:
            raise ValueError("What was handed over had a store.")
        recognition.recognise_delivered(
            line.share.fulfillment_id, line.share.pk, store_id=line.share.store_id, delivered_at=now, now=now
        )
    _name_sales(lines)


def _name_sales(lines: Sequence[CounterLine]) -> None:
    """Fill in of which sale the declined units are, now that there is one."""
    declined = [line for line in lines if line.collection_id is not None and line.sale_id is None]
    causes = {queries.cause_of(line.share_line_id or 0) for line in declined}
    sales = dict(Recognition.objects.filter(cause__in=causes).values_list("cause", "pk"))
    for line in declined:
        line.sale_id = sales[queries.cause_of(line.share_line_id or 0)]
        line.save(update_fields=["sale"])


def _waiting(line: CounterLine) -> list[queries.WaitingPiece]:
    order = queries.collected_orders([line]).get(line.pk)
    if order is None:
        raise NotFound
    return queries.waiting_pieces(order, line.share_id or 0)
