"""What an order costs: its goods, what offers take off line by line, and the delivery."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext_lazy as _

from fulfillment import choices as fulfillment_choices
from members import queries as members_queries
from omni.kernel.errors import InvalidInput
from orders import rules

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from inventory import queries as inventory_queries
    from stores.models import Brand


class BilledLine(NamedTuple):
    """Units of a SKU at today's price."""

    item: inventory_queries.PricedVariant
    quantity: int


@dataclass(frozen=True, slots=True)
class Terms:
    """What a brand asks for delivery, and whether it runs promotions now."""

    fee_fen: int
    free_from_fen: int
    express_fee_fen: int
    has_promotions: bool

    @classmethod
    def of(cls, brand: Brand) -> Terms:
        """Return a brand's terms. Whether a promotion runs is not asked first: pages show the offers in any case."""
        return cls(brand.delivery_fee_fen, brand.free_delivery_from_fen, brand.express_fee_fen, has_promotions=True)

    def fee_of(self, way: str) -> int:
        """Return what is asked for goods that are sent by a way."""
        return self.express_fee_fen if way == fulfillment_choices.Way.EXPRESS else self.fee_fen


@dataclass(frozen=True, slots=True)
class Manual:
    """What staff take off one line beside all offers; above the brand's limit a manager has approved it."""

    position: int
    amount_fen: int
    reason: str
    approved_by_staff_id: int | None = None


class ManualTooMuch(InvalidInput):
    """Staff would take off more than is left of the line, or nothing."""

    code = "manual_too_much"


@dataclass(frozen=True, slots=True)
class Asked:
    """Who orders how, and which offers they want to use; `manual` is what staff take off."""

    brand_id: int
    member_id: int | None
    channel: str
    way: str
    store_id: int | None = None
    coupon_codes: tuple[str, ...] = ()
    points: int = 0
    manual: tuple[Manual, ...] = ()


@dataclass(frozen=True, slots=True)
class Bill:
    """What an order costs. `discounts_fen` and `nets_fen` are of the lines, in their order.

    `request` and `offer` are None when nothing can be taken off: nobody asked for it, and no promotion runs.
    """

    discounts_fen: tuple[int, ...]
    nets_fen: tuple[int, ...]
    charge_fen: int
    request: members_queries.OfferRequest | None = None
    offer: members_queries.Offer | None = None

    @property
    def adjustments(self) -> tuple[members_queries.Adjustment, ...]:
        """Return what is taken off the lines, offer by offer."""
        return self.offer.adjustments if self.offer else ()

    @property
    def gross_fen(self) -> int:
        """Return the goods at everybody's prices."""
        return self.goods_fen + self.discount_fen

    @property
    def discount_fen(self) -> int:
        """Return what is taken off in all."""
        return sum(self.discounts_fen)

    @property
    def goods_fen(self) -> int:
        """Return the goods with everything taken off."""
        return sum(self.nets_fen)

    @property
    def total_fen(self) -> int:
        """Return what is to be paid."""
        return self.goods_fen + self.charge_fen


@dataclass(frozen=True, slots=True)
class FrozenOffers:
    """What offers take off the lines of one order of several that were priced together, and who bears each part."""

    adjustments: tuple[members_queries.Adjustment, ...] = ()
    funders: tuple[tuple[tuple[str, int], ...], ...] = ()

    @property
    def offer(self) -> members_queries.Offer:
        """Return it as an offer that uses up nothing."""
        return members_queries.Offer(adjustments=self.adjustments)


def bill_of(lines: Sequence[BilledLine], asked: Asked, terms: Terms, *, now: datetime) -> Bill:
    """Return what an order costs now; delivery is free from the goods' amount after all that is taken off.

    :raises InvalidInput: with field "coupon", for a code that cannot be used.
    :raises ManualTooMuch: naming the line, when staff take off more than is left of it.
    """
    is_cheaper = asked.member_id is not None and any(line.item.member_fen is not None for line in lines)
    if not (asked.coupon_codes or asked.points or terms.has_promotions or is_cheaper):
        return bill_with(lines, asked, terms, None)
    request = _request(lines, asked)
    return replace(bill_with(lines, asked, terms, members_queries.offer_for(request, now=now)), request=request)


def bill_with(lines: Sequence[BilledLine], asked: Asked, terms: Terms, offer: members_queries.Offer | None) -> Bill:
    """Return what an order costs with an offer that is known, and used up elsewhere.

    :raises ManualTooMuch: naming the line, when staff take off more than is left of it.
    """
    discounts = [0] * len(lines)
    for part in offer.adjustments if offer else ():
        discounts[part.position] += part.amount_fen
    for cut in asked.manual:
        _cut(lines, discounts, cut)
    nets = tuple(line.item.unit_price_fen * line.quantity - less for line, less in zip(lines, discounts, strict=True))
    charge_fen = rules.delivery_charge_fen(
        asked.way, sum(nets), fee_fen=terms.fee_of(asked.way), free_from_fen=terms.free_from_fen
    )
    return Bill(tuple(discounts), nets, charge_fen, offer=offer)


def split_offer(offer: members_queries.Offer | None, counts: Sequence[int]) -> list[FrozenOffers]:
    """Return an offer of several orders' lines, one after the other, for each of them; `counts` are their lines.

    What each funder bears is shared out over all of them first, so it sums to the offer to the fen.
    """
    adjustments = offer.adjustments if offer else ()
    borne = funders_of(adjustments)
    found, first = [], 0
    for count in counts:
        mine = [index for index, part in enumerate(adjustments) if first <= part.position < first + count]
        found.append(
            FrozenOffers(
                tuple(replace(adjustments[index], position=adjustments[index].position - first) for index in mine),
                tuple(tuple(borne[index]) for index in mine),
            )
        )
        first += count
    return found


def funders_of(adjustments: Sequence[members_queries.Adjustment]) -> list[list[tuple[str, int]]]:
    """Return who bears each adjustment, in their order; an offer is shared out as a whole."""
    of_source: dict[str, list[int]] = {}
    for index, part in enumerate(adjustments):
        of_source.setdefault(part.source, []).append(index)
    found: dict[int, list[tuple[str, int]]] = {}
    for indexes in of_source.values():
        parts = [adjustments[index].amount_fen for index in indexes]
        found.update(zip(indexes, rules.funder_shares(parts, adjustments[indexes[0]].funders), strict=True))
    return [found[index] for index in range(len(adjustments))]


def _cut(lines: Sequence[BilledLine], discounts: list[int], cut: Manual) -> None:
    """Take what staff take off a line off it, when so much is left."""
    line = lines[cut.position]
    left_fen = line.item.unit_price_fen * line.quantity - discounts[cut.position]
    if not 0 < cut.amount_fen <= left_fen:
        raise ManualTooMuch(
            _("No more can be taken off this line than it costs."), field=f"lines.{cut.position}.manual"
        )
    discounts[cut.position] += cut.amount_fen


def _request(lines: Sequence[BilledLine], asked: Asked) -> members_queries.OfferRequest:
    """Return the basket as the offers take it."""
    return members_queries.OfferRequest(
        brand_id=asked.brand_id,
        member_id=asked.member_id,
        channel=str(asked.channel),
        store_id=asked.store_id,
        lines=tuple(
            members_queries.OfferLine(
                variant_id=item.variant_id,
                product_id=item.product_id,
                category_id=item.category_id,
                quantity=quantity,
                unit_price_fen=item.unit_price_fen,
                member_fen=item.member_fen,
                is_marked_down=item.is_marked_down,
            )
            for item, quantity in lines
        ),
        coupon_codes=asked.coupon_codes,
        points=asked.points,
    )
