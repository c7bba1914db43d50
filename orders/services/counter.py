"""The counter's basket until it is paid: opened, filled, priced by hand, parked and dropped. It holds nothing yet."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from inventory import queries as inventory_queries
from omni.kernel.errors import Conflict, InvalidInput, NotFound
from omni.kernel.numbers import public_number
from omni.kernel.sealing import normalise_phone, seal
from omni.kernel.states import transition
from omni.kernel.transactions import step
from orders import locks, queries, rules
from orders.choices import TAKEN_CONDITIONS, CounterBasketStatus, CounterLineKind, ReturnReason
from orders.models import CounterBasket, CounterLine, TryOnLine
from orders.queries.counter_quote import is_above_limit
from orders.services.drawers import MAX_REASON_LENGTH, ReasonMissing
from orders.services.placing import InvalidChoice, InvalidPhone, UnknownSku
from stores import queries as stores_queries

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from orders.services.counter_returns import CounterPiece

BASKET_PREFIX = "K"
MOST_OPEN = 60
MAX_NOTE_LENGTH = 60
# What nobody touches for so long is dropped; a parked one somebody means to come back for.
KEPT_OPEN, KEPT_PARKED = timedelta(days=1), timedelta(days=7)


class BasketNotOpen(Conflict):
    """The basket is parked, being paid, settled or dropped: nothing of it can be changed now."""

    code = "counter_basket_not_open"


class TooManyBaskets(Conflict):
    """The store has as many open and parked baskets as anybody can keep apart."""

    code = "too_many_counter_baskets"


class ManagerNeeded(Conflict):
    """More than staff may take off alone: a manager of the store must approve it."""

    code = "manager_needed"


@step
def open_counter_basket(store_id: int, *, staff_id: int, now: datetime) -> CounterBasket:
    """Open a basket at a store's counter, sold by one of its staff.

    :raises NotFound: when there is no such store.
    :raises TooManyBaskets: when sixty are open or parked already.
    """
    waiting = CounterBasket.objects.filter(
        store=store_id, status__in=[CounterBasketStatus.OPEN, CounterBasketStatus.PARKED]
    )
    if waiting.count() >= MOST_OPEN:
        raise TooManyBaskets(_("Settle or drop some of the open baskets first."))
    brand_id = stores_queries.find_brand_of(store_id)
    if brand_id is None:
        raise NotFound
    return CounterBasket.objects.create(
        number=public_number(BASKET_PREFIX),
        token=secrets.token_urlsafe(24),
        brand_id=brand_id,
        store_id=store_id,
        staff_id=staff_id,
        opened_at=now,
        updated_at=now,
        due_at=now + KEPT_OPEN,
    )


@step
def add_to_counter(
    basket_id: int, sku: str, *, kind: str = CounterLineKind.SALE, quantity: int = 1, now: datetime
) -> CounterLine:
    """Put units of a SKU into a basket, to be taken away (SALE) or sent home (SEND_HOME). Locks CounterBasket.

    :raises BasketNotOpen: when it cannot be changed now.
    :raises UnknownSku, InvalidQuantity, TooManyLines: naming "sku", "quantity" or "lines".
    """
    basket = lock_open(basket_id, now=now)
    variant_id = _on_sale(basket.brand_id, [sku], now)[sku]
    line = basket.lines.filter(kind=kind, variant=variant_id).first()
    if line is None:
        rules.check_line_count(basket.lines.count() + 1)
        _check_quantity(quantity)
        return CounterLine.objects.create(basket=basket, kind=kind, variant_id=variant_id, quantity=quantity)
    _set_quantity(line, line.quantity + quantity)
    return line


@step
def change_counter_line(basket_id: int, line_id: int, quantity: int, *, now: datetime) -> None:
    """Set how many units a line has; none removes it. Locks CounterBasket.

    :raises BasketNotOpen, NotFound: when it cannot be changed now, or has no such line.
    :raises InvalidQuantity: with field "quantity", also when the line is of one piece alone.
    """
    basket = lock_open(basket_id, now=now)
    line = _line(basket, line_id)
    if quantity == 0:
        line.delete()
    else:
        _set_quantity(line, quantity)


@step
def swap_counter_line(basket_id: int, line_id: int, sku: str, *, now: datetime) -> None:
    """Have another size or colour on a line; what staff had taken off it is forgotten. Locks CounterBasket.

    :raises BasketNotOpen, NotFound: when it cannot be changed now, or has no such line.
    :raises UnknownSku: when the brand does not sell it now.
    """
    basket = lock_open(basket_id, now=now)
    line = _line(basket, line_id)
    if line.kind not in {CounterLineKind.SALE, CounterLineKind.SEND_HOME}:
        raise NotFound
    variant_id = _on_sale(basket.brand_id, [sku], now)[sku]
    if variant_id == line.variant_id:
        return
    twin = basket.lines.filter(kind=line.kind, variant=variant_id).first()
    if twin is not None:
        _set_quantity(twin, twin.quantity + line.quantity)
        line.delete()
        return
    line.variant_id = variant_id
    _forget_manual(line)
    line.save()


@step
def send_counter_line(basket_id: int, line_id: int, kind: str, *, now: datetime) -> None:
    """Have a line's units sent home, or taken away after all. Locks CounterBasket.

    :raises BasketNotOpen, NotFound: when it cannot be changed now, or has no such line.
    """
    basket = lock_open(basket_id, now=now)
    line = _line(basket, line_id)
    ways = {CounterLineKind.SALE, CounterLineKind.SEND_HOME}
    if line.kind not in ways or kind not in ways:
        raise NotFound
    twin = basket.lines.filter(kind=kind, variant=line.variant_id).exclude(pk=line.pk).first()
    if twin is None:
        line.kind = kind
        line.save(update_fields=["kind"])
    else:
        _set_quantity(twin, twin.quantity + line.quantity)
        line.delete()


@step
def discount_counter_line(
    basket_id: int,
    line_id: int,
    cut: queries.ManualCut | None,
    *,
    approved_by: int | None,
    now: datetime,
) -> None:
    """Take something off a line beside all offers, or nothing any more (None). Locks CounterBasket.

    `approved_by` is the staff id of a manager of the store who agreed just now.

    :raises BasketNotOpen, NotFound: when it cannot be changed now, or has no such line.
    :raises ManualTooMuch: with field "value", when it is nothing, or more than the line costs.
    :raises ReasonMissing: with field "reason".
    :raises ManagerNeeded: when it is above the brand's limit and nobody approved it.
    """
    basket = lock_open(basket_id, now=now)
    line = _line(basket, line_id)
    if line.variant_id is None or line.kind == CounterLineKind.RETURN:
        raise NotFound
    _forget_manual(line)
    if cut is not None:
        reason = " ".join(cut.reason.split())
        if not reason or len(reason) > MAX_REASON_LENGTH:
            raise ReasonMissing(_("Say why the price is lowered."), field="reason")
        line.manual_mode, line.manual_value, line.manual_reason = cut.mode, cut.value, reason
        amount_fen, gross_fen = queries.manual_amount(line, now=now)
        if not 0 < amount_fen <= gross_fen:
            raise queries.ManualTooMuch(_("No more can be taken off this line than it costs."), field="value")
        if is_above_limit(amount_fen, gross_fen, basket.brand.manual_discount_ppm):
            if approved_by is None:
                raise ManagerNeeded(_("So much a manager of the store has to approve."), field="value")
            line.approved_by_id = approved_by
    line.save()


@step
def return_at_counter(
    basket_id: int, pieces: Sequence[CounterPiece], *, allowed_by: int | None = None, now: datetime
) -> None:
    """Put pieces that come back into a basket, looked at; nothing is taken back before it is settled.

    Locks CounterBasket.

    :raises BasketNotOpen: when it cannot be changed now.
    :raises InvalidChoice: naming the piece, without a condition or reason of the lists.
    :raises NotReturnable, NotFound: when a piece came back already, or is another brand's.
    """
    basket = lock_open(basket_id, now=now)
    for piece in pieces:
        if piece.condition not in TAKEN_CONDITIONS or piece.reason not in ReturnReason.values:
            raise InvalidChoice(
                _("Say how this piece is, and why it comes back."), field=queries.piece_field(piece.key)
            )
    queries.quote_counter_returns(basket.brand_id, [(piece.key, piece.reason) for piece in pieces])
    for piece in pieces:
        CounterLine.objects.update_or_create(
            basket=basket,
            sale_id=piece.sale_id,
            unit=piece.unit,
            defaults={
                "kind": CounterLineKind.RETURN,
                "condition": piece.condition,
                "reason": piece.reason,
                "allowed_by_id": allowed_by,
            },
        )
    rules.check_line_count(basket.lines.count())


@step
def sell_kept(basket_id: int, try_on_id: int, *, now: datetime) -> int:
    """Put what is kept of a try-on at this store into a basket; return how many pieces. Locks CounterBasket.

    :raises BasketNotOpen: when it cannot be changed now.
    :raises NotFound: when nothing of such a booking is set aside here.
    """
    basket = lock_open(basket_id, now=now)
    kept = TryOnLine.objects.filter(
        try_on=try_on_id, try_on__store=basket.store_id, try_on__finished_at=None, is_kept=True
    )
    rows = list(kept.order_by("pk"))
    if not rows:
        raise NotFound
    for row in rows:
        CounterLine.objects.get_or_create(
            basket=basket, try_on_line=row, defaults={"kind": CounterLineKind.KEPT, "variant_id": row.variant_id}
        )
    if basket.member_id is None and rows[0].try_on.member_id is not None:
        CounterBasket.objects.filter(pk=basket_id).update(member=rows[0].try_on.member_id)
    return len(rows)


@step
def know_member(basket_id: int, member_id: int | None, *, now: datetime) -> None:
    """Say whose basket it is; coupons and points of somebody else are left out. Locks CounterBasket.

    :raises BasketNotOpen: when it cannot be changed now.
    """
    basket = lock_open(basket_id, now=now)
    if basket.member_id != member_id:
        basket.member_id, basket.coupon_codes, basket.points = member_id, [], 0
        basket.save(update_fields=["member", "coupon_codes", "points"])


@step
def choose_counter_offers(basket_id: int, coupon_codes: Iterable[str], points: int, *, now: datetime) -> None:
    """Say which of the member's coupons, and how many points, are to be used. Locks CounterBasket.

    :raises BasketNotOpen: when it cannot be changed now.
    :raises InvalidInput: with field "coupon" or "points", when they cannot be used together, here, or at all.
    """
    basket = lock_open(basket_id, now=now)
    basket.coupon_codes, basket.points = list(dict.fromkeys(coupon_codes)), points
    queries.check_counter_offers(basket, now=now)
    basket.save(update_fields=["coupon_codes", "points"])


@step
def name_recipient(basket_id: int, *, name: str, phone: str, district_code: str, street: str, now: datetime) -> None:
    """Say to whom and where is sent what is sent home. Locks CounterBasket.

    :raises BasketNotOpen: when it cannot be changed now.
    :raises InvalidInput: naming "contact_name", "phone", "district_code" or "street".
    """
    basket = lock_open(basket_id, now=now)
    basket.recipient_name, basket.street = rules.clean_name(name), rules.clean_street(street)
    try:
        basket.recipient_phone_sealed = seal(normalise_phone(phone))
    except InvalidInput as error:
        raise InvalidPhone(_("Enter a valid phone number."), field="phone") from error
    basket.district_id = stores_queries.get_district(district_code).pk
    basket.save(update_fields=["recipient_name", "recipient_phone_sealed", "district", "street"])


@step
def change_seller(basket_id: int, staff_id: int, *, now: datetime) -> None:
    """Say which colleague of the store has sold it. Locks CounterBasket.

    :raises BasketNotOpen: when it cannot be changed now.
    :raises InvalidChoice: with field "staff", when nobody of that id works there.
    """
    basket = lock_open(basket_id, now=now)
    if staff_id not in dict(stores_queries.staff_of_store(basket.store_id)):
        raise InvalidChoice(_("Choose a colleague of this store."), field="staff")
    basket.staff_id = staff_id
    basket.save(update_fields=["staff"])


@step
def park_basket(basket_id: int, *, note: str, actor: str, now: datetime) -> None:
    """Put a basket aside for somebody who comes back. Locks CounterBasket.

    :raises BasketNotOpen: when it is not open.
    """
    basket = lock_open(basket_id, now=now)
    basket.note = " ".join(note.split())[:MAX_NOTE_LENGTH]
    basket.due_at = now + KEPT_PARKED
    basket.save(update_fields=["note", "due_at"])
    transition(basket, to=CounterBasketStatus.PARKED, actor=actor, now=now)


@step
def resume_basket(basket_id: int, *, actor: str, now: datetime) -> None:
    """Take a parked basket up again. Locks CounterBasket.

    :raises StateConflict: when it is not parked any more.
    """
    basket = locks.lock_counter_basket(basket_id)
    transition(basket, to=CounterBasketStatus.OPEN, actor=actor, now=now)
    _touch(basket, now)


@step
def drop_basket(basket_id: int, *, actor: str, now: datetime) -> None:
    """Give a basket up that is not being paid. Locks CounterBasket.

    :raises StateConflict: when it is being paid, settled or dropped.
    """
    basket = locks.lock_counter_basket(basket_id)
    transition(basket, to=CounterBasketStatus.DROPPED, actor=actor, now=now)
    basket.finished_at, basket.due_at, basket.updated_at = now, None, now
    basket.save(update_fields=["finished_at", "due_at", "updated_at"])


def lock_open(basket_id: int, *, now: datetime) -> CounterBasket:
    """Lock a basket that may be changed, and note that somebody is at it.

    :raises BasketNotOpen: when it is not open.
    """
    basket = locks.lock_counter_basket(basket_id)
    if basket.status != CounterBasketStatus.OPEN:
        raise BasketNotOpen(_("This basket cannot be changed now. Reload the page."), status=basket.status)
    _touch(basket, now)
    return basket


def _touch(basket: CounterBasket, now: datetime) -> None:
    basket.updated_at, basket.due_at, basket.attempts = now, now + KEPT_OPEN, 0
    basket.save(update_fields=["updated_at", "due_at", "attempts"])


def _line(basket: CounterBasket, line_id: int) -> CounterLine:
    """Return a line of a locked basket.

    :raises NotFound: when it has none of that id.
    """
    line = basket.lines.filter(pk=line_id).select_related("basket", "variant").first()
    if line is None:
        raise NotFound
    return line


def _on_sale(brand_id: int, skus: Sequence[str], now: datetime) -> dict[str, int]:
    """Return the variants by SKU, all on sale.

    :raises UnknownSku: with field "sku".
    """
    known = [sku for sku in skus if sku and sku.isprintable()]
    found = {item.sku: item.variant_id for item in inventory_queries.price_lines(brand_id, known, now)}
    for sku in skus:
        if sku not in found:
            raise UnknownSku(_("%(sku)s is not on sale."), field="sku", sku=sku[:40])
    return found


def _check_quantity(quantity: int) -> None:
    if not 1 <= quantity <= rules.MAX_QUANTITY:
        raise rules.InvalidQuantity(
            _("Choose a quantity from 1 to %(limit)s."), field="quantity", limit=rules.MAX_QUANTITY
        )


def _set_quantity(line: CounterLine, quantity: int) -> None:
    """Write another quantity; what a manager approved was for the one before."""
    _check_quantity(quantity)
    if line.kind not in {CounterLineKind.SALE, CounterLineKind.SEND_HOME} and quantity != line.quantity:
        raise rules.InvalidQuantity(_("This is one piece."), field="quantity")
    if line.approved_by_id is not None and quantity != line.quantity:
        _forget_manual(line)
    line.quantity = quantity
    line.save()


def _forget_manual(line: CounterLine) -> None:
    line.manual_mode, line.manual_value, line.manual_reason, line.approved_by_id = "", 0, "", None
