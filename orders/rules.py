"""Arithmetic and checks of input: no database, no clock."""

from __future__ import annotations

import unicodedata
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext_lazy as _

from fulfillment import choices as fulfillment_choices
from members import choices as members_choices
from omni.kernel import geo, money
from omni.kernel.errors import InvalidInput
from orders.choices import ChargeStatus, FulfilStatus, ReturnedStatus

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

MAX_LINES = 50
# The characters of a unified social credit code by their value.
CREDIT_CODE_SYMBOLS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
CREDIT_CODE_LENGTH = 18
ACCOUNT_PREFIX = "account:"
# The party of an adjustment that is the seller itself: it only sells cheaper.
BRAND = members_choices.Funder.BRAND.value
MAX_QUANTITY = 99
MAX_NAME_LENGTH = 60
MAX_STREET_LENGTH = 200
# Pieces of a booking to try on; how long one lasts, how much longer the goods wait, and how soon it may begin.
MAX_PIECES = 5
TRY_ON_SLOT = timedelta(minutes=30)
TRY_ON_GRACE = timedelta(minutes=30)
TRY_ON_NOTICE = timedelta(hours=1)
TRY_ON_LONGEST_HOLD = timedelta(hours=48)
# What is counted in a drawer: notes and coins in circulation, in fen.
DENOMINATIONS = (10000, 5000, 2000, 1000, 500, 100, 50, 10)
# Joiners that belong to the spelling of some names, though they show nothing themselves.
SPELLING_MARKS = frozenset("\u200c\u200d")


class EmptyBasket(InvalidInput):
    """There is nothing to order."""

    code = "empty_basket"


class TooManyLines(InvalidInput):
    """More different things than one order takes."""

    code = "too_many_lines"


class DuplicateSku(InvalidInput):
    """The same SKU stands on two lines."""

    code = "duplicate_sku"


class InvalidQuantity(InvalidInput):
    """A quantity outside 1 to 99."""

    code = "invalid_quantity"


class InvalidName(InvalidInput):
    """A name without a letter or Chinese character, or one that is too long."""

    code = "invalid_name"


class InvalidStreet(InvalidInput):
    """An address that no courier can find."""

    code = "invalid_street"


class InvalidPoint(InvalidInput):
    """A point off the earth, or half a point."""

    code = "invalid_point"


def try_on_window(now: datetime) -> tuple[datetime, datetime]:
    """Return between which moments a booking made now may lie: its goods are held for 48 hours at most."""
    return now + TRY_ON_NOTICE, now + TRY_ON_LONGEST_HOLD - TRY_ON_GRACE


def account_token(user_id: int) -> str:
    """Return the token of an account's baskets; a guest's, which is random, is never of this form."""
    return f"{ACCOUNT_PREFIX}{user_id}"


def is_account_token(token: str) -> bool:
    """Tell whether a token is an account's."""
    return token.startswith(ACCOUNT_PREFIX)


class InvalidTaxNumber(InvalidInput):
    """A tax number whose characters or check do not fit."""

    code = "invalid_tax_number"


def check_line_count(count: int) -> None:
    """Check how many lines an order has.

    :raises EmptyBasket, TooManyLines: naming the field "lines".
    """
    if not count:
        raise EmptyBasket(_("The basket is empty."), field="lines")
    if count > MAX_LINES:
        raise TooManyLines(_("An order takes at most %(limit)s different items."), field="lines", limit=MAX_LINES)


def check_lines(lines: Sequence[tuple[str, int]]) -> None:
    """Check (SKU, quantity) pairs.

    :raises EmptyBasket, TooManyLines, DuplicateSku, InvalidQuantity: naming the field, as "lines.0.quantity".
    """
    check_line_count(len(lines))
    seen: set[str] = set()
    for position, (sku, quantity) in enumerate(lines):
        if sku in seen:
            raise DuplicateSku(_("The same item stands on two lines."), field=f"lines.{position}.sku", sku=sku)
        seen.add(sku)
        # A bool is an int to Python, and no quantity to anybody else.
        if type(quantity) is not int or not 1 <= quantity <= MAX_QUANTITY:
            raise InvalidQuantity(
                _("Choose a quantity from 1 to %(limit)s."), field=f"lines.{position}.quantity", limit=MAX_QUANTITY
            )


def clean_name(raw: str, *, field: str = "contact_name") -> str:
    """Return a person's name without the spaces around it.

    :raises InvalidName: when it has no letter of any script, or is too long or unprintable.
    """
    name = " ".join(raw.split()) if len(raw) <= 10 * MAX_NAME_LENGTH else raw
    if len(name) > MAX_NAME_LENGTH:
        raise InvalidName(_("Enter a name of at most %(limit)s characters."), field=field, limit=MAX_NAME_LENGTH)
    if not _has_letter(name) or has_hidden_characters(name):
        raise InvalidName(_("Enter a name with at least one letter or Chinese character."), field=field)
    return name


def clean_street(raw: str, *, field: str = "street") -> str:
    """Return a street and house number without the spaces around it.

    :raises InvalidStreet: when it has neither letter nor digit, or is too long or unprintable.
    """
    street = " ".join(raw.split()) if len(raw) <= 10 * MAX_STREET_LENGTH else raw
    if len(street) > MAX_STREET_LENGTH:
        raise InvalidStreet(
            _("Enter an address of at most %(limit)s characters."), field=field, limit=MAX_STREET_LENGTH
        )
    if not any(character.isalnum() for character in street) or has_hidden_characters(street):
        raise InvalidStreet(_("Enter the street and house number."), field=field)
    return street


def check_point(lat: float | None, lng: float | None) -> tuple[float, float] | None:
    """Return the WGS-84 point that was given, or None when none was.

    :raises InvalidPoint: when it is off the earth, or only one of the two was given.
    """
    if lat is None and lng is None:
        return None
    if lat is None or lng is None:
        raise InvalidPoint(_("Give both latitude and longitude, or neither."), field="lat" if lat is None else "lng")
    try:
        geo.check_point(lat, lng)
    except InvalidInput as error:
        raise InvalidPoint(_("This point is not on the earth."), field=error.field) from error
    return lat, lng


def delivery_charge_fen(way: str, goods_fen: int, *, fee_fen: int, free_from_fen: int) -> int:
    """Return what the delivery of goods costs the shopper, `fee_fen` by its way; collecting costs nothing."""
    return fee_fen if way in fulfillment_choices.SENT and goods_fen < free_from_fen else 0


def funder_shares(parts_fen: Sequence[int], funders: Sequence[tuple[str, int]]) -> list[list[tuple[str, int]]]:
    """Return who bears how much (fen) of each line's part of an offer, from (party, ppm).

    A line's shares sum to its part. Up to every line, two parties bear together exactly their shares of the whole.
    """
    ppms = [ppm for _party, ppm in funders]
    shares, total, before = [], 0, [0] * len(ppms)
    for part_fen in parts_fen:
        total += part_fen
        until = money.split(total, ppms)
        fens = [after - done for after, done in zip(until, before, strict=True)]
        before = until
        if min(fens) < 0:  # of three parties, the largest remainders may go down as the whole goes up
            fens = money.split(part_fen, ppms)
        shares.append([(party, fen) for (party, _ppm), fen in zip(funders, fens, strict=True) if fen])
    return shares


def funding_of(shares: Iterable[tuple[str, int]], quantity: int, *, before: int, units: int) -> dict[str, int]:
    """Return what others than the brand bear of the next `units` of a line: {party: fen}, none of nothing.

    `shares` are all adjustments' (party, fen) of the line. Each party's parts sum to its whole to the fen.
    """
    wholes: dict[str, int] = {}
    for party, amount_fen in shares:
        if party != BRAND:
            wholes[party] = wholes.get(party, 0) + amount_fen
    parts = {party: part_fen(whole, quantity, before=before, units=units) for party, whole in sorted(wholes.items())}
    return {party: part for party, part in parts.items() if part}


def part_fen(total_fen: int, quantity: int, *, before: int, units: int) -> int:
    """Return what the next `units` of a line are worth when `before` of its `quantity` were dealt with already.

    Sold and cancelled units count alike, so that all parts of a line sum to its total to the fen.

    :raises ValueError: when more units are asked for than are left.
    """
    done = money.cumulative_part(total_fen, before, quantity)
    return money.cumulative_part(total_fen, before + units, quantity) - done


def retry_seconds(attempts: int, *, first: int, longest: int) -> int:
    """Return how long to wait after so many attempts: twice as long each time, up to the longest."""
    return min(longest, first << min(max(attempts, 1) - 1, 16))


def charge_status(*, due_fen: int, paid_fen: int) -> ChargeStatus:
    """Return how what was paid (less refunds) compares to what is due (less what was cancelled)."""
    if paid_fen > due_fen:
        return ChargeStatus.OVER
    if paid_fen == 0:
        return ChargeStatus.NONE
    return ChargeStatus.FULL if paid_fen == due_fen else ChargeStatus.PART


def fulfil_status(*, due_units: int, done_units: int) -> FulfilStatus:
    """Return how many of the units that were not cancelled have reached the shopper."""
    if done_units == 0:
        return FulfilStatus.NONE
    return FulfilStatus.FULL if done_units >= due_units else FulfilStatus.PART


def returned_status(*, sold_units: int, returned_units: int) -> ReturnedStatus:
    """Return how many of the units that reached the shopper came back."""
    if returned_units == 0:
        return ReturnedStatus.NONE
    return ReturnedStatus.FULL if returned_units >= sold_units else ReturnedStatus.PART


def free_units(quantity: int, taken: Collection[int]) -> list[int]:
    """Return the units of a sale that are not being returned, the first one first."""
    return [unit for unit in range(quantity) if unit not in taken]


def collection_fee_fen(fee_fen: int, refund_fen: int, *, is_our_fault: bool) -> int:
    """Return what a refund loses for the collection: never more than there is, nothing when the fault is ours."""
    return 0 if is_our_fault else min(fee_fen, refund_fen)


def _has_letter(text: str) -> bool:
    """Tell whether any character is a letter of some script; an emoji is none."""
    return any(unicodedata.category(character).startswith("L") for character in text)


def has_hidden_characters(text: str) -> bool:
    """Tell whether a text holds control or formatting characters, with which one text passes for another."""
    return any(
        unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co"} and character not in SPELLING_MARKS
        for character in text
    )


def clean_tax_number(text: str) -> str:
    """Return a unified social credit code as it is written (GB 32100-2015): 18 characters, the last checks the rest.

    :raises InvalidTaxNumber: it is none; `field` is "tax_number".
    """
    code = unicodedata.normalize("NFKC", text).replace(" ", "").upper()
    values = [CREDIT_CODE_SYMBOLS.find(symbol) for symbol in code]
    is_right = len(code) == CREDIT_CODE_LENGTH and min(values, default=-1) >= 0
    if is_right:
        weighted = sum(value * pow(3, position, 31) for position, value in enumerate(values[:-1]))
        is_right = values[-1] == (31 - weighted % 31) % 31
    if not is_right:
        raise InvalidTaxNumber(_("This is no tax number: please check its 18 characters."), field="tax_number")
    return code


def tax_in(amount_fen: int, tax_rate_ppm: int) -> int:
    """Return the VAT inside an amount."""
    return money.split(amount_fen, [money.PPM, tax_rate_ppm])[1] if amount_fen else 0


class ExchangeSplit(NamedTuple):
    """Credit + rest = what comes back; credit + difference = what the replacement costs; one of the two is nothing."""

    credit_fen: int
    difference_fen: int
    rest_fen: int


def split_exchange(refund_fen: int, total_fen: int) -> ExchangeSplit:
    """Return how what comes back pays for a replacement."""
    credit_fen = min(refund_fen, total_fen)
    return ExchangeSplit(credit_fen, total_fen - credit_fen, refund_fen - credit_fen)


def spread_tender(amount_fen: int, open_fen: Sequence[tuple[int, int, int]]) -> dict[int, int]:
    """Return how much of a tender is for which order: first what nobody is about to pay, then the rest, in their order.

    `open_fen` are (order id, left to pay, of which another payment is open already).

    :raises ValueError: when the amount exceeds what is left of all.
    """
    shares: dict[int, int] = {}
    for is_free in (True, False):
        for order_id, left_fen, pending_fen in open_fen:
            most_fen = max(0, left_fen - pending_fen) if is_free else left_fen - shares.get(order_id, 0)
            part_fen = min(amount_fen, most_fen)
            if part_fen:
                shares[order_id] = shares.get(order_id, 0) + part_fen
                amount_fen -= part_fen
    if amount_fen:
        raise ValueError("More than is left to pay.")
    return dict(sorted(shares.items()))


def counted_fen(counts: Mapping[int, int]) -> int:
    """Return what pieces of each denomination come to."""
    return sum(denomination * pieces for denomination, pieces in counts.items())
