"""Pickup codes: six random digits that prove who may take the goods. Five tries, then a new code; dead once used."""

from __future__ import annotations

import secrets
import unicodedata
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from django.db.models import F
from django.utils.translation import gettext_lazy as _

from fulfillment import queries
from fulfillment.choices import PickupCodePurpose, PickupCodeStatus
from fulfillment.models import CodeTries, FulfillmentOrder, PickupCode
from omni.kernel import sealing
from omni.kernel.clock import BUSINESS_ZONE
from omni.kernel.errors import Conflict, InvalidInput
from omni.kernel.numbers import secret_digits
from omni.kernel.transactions import drive, entry, step

if TYPE_CHECKING:
    from datetime import datetime

    from omni.kernel.errors import DomainError

CODE_DIGITS = 6
TRIES = 5
# How long somebody waits who has tried five codes that are none, and how long a used one is told apart from those.
LOCKED_FOR = timedelta(minutes=15)
USED_LATELY = timedelta(days=3)


class WrongPickupCode(InvalidInput):
    """The digits are not the code's; params name the tries left."""

    code = "wrong_pickup_code"


class PickupCodeReplaced(InvalidInput):
    """The fifth wrong try: the code is dead and a new one was issued."""

    code = "pickup_code_replaced"


class PickupCodeUsed(Conflict):
    """The goods were handed out on this code before; params say when and by whom."""

    code = "pickup_code_used"


class UnknownPickupCode(InvalidInput):
    """No shopper's code of the store; params name the tries left."""

    code = "unknown_pickup_code"


class CodesLocked(Conflict):
    """Too many codes were tried in the store that are none; params say until when."""

    code = "codes_locked"


class ShownCode(NamedTuple):
    """A live code whose digits a shopper has shown, and the store's share that it gives out."""

    code_id: int
    share_id: int
    fulfillment_id: int
    number: str


@drive
def drive_find_by_code(store_id: int, text: str, *, actor: str, now: datetime) -> list[ShownCode]:
    """Return what a store gives out, or lets somebody try on, for a shopper's code; nothing is used up.

    `text` is what a scanner has read, or six digits; rarely two orders share them. A try is counted and committed
    before the code is looked for, hence a drive: after the fifth that finds nothing, one waits.

    :raises CodesLocked: after five tries, for a quarter of an hour.
    :raises PickupCodeUsed: when it was used before.
    :raises UnknownPickupCode: when it is none of this store's.
    """
    scan = queries.read_pickup_text(text)
    digits = scan.digits if scan else unicodedata.normalize("NFKC", "".join(text.split()))
    with entry():
        tries = _take_try(store_id, actor, now)
    codes = PickupCode.objects.filter(fulfillment_order__store=store_id, purpose=PickupCodePurpose.SHOPPER)
    if scan:
        codes = codes.filter(fulfillment_order__number=scan.number)
    live = codes.filter(status=PickupCodeStatus.ISSUED).select_related("fulfillment_order").order_by("pk")
    shown = [
        ShownCode(code.pk, share.pk, share.fulfillment_id, share.number)
        for code, share in ((code, code.fulfillment_order) for code in live if _is_right(code, digits))
    ]
    if shown:
        with entry():
            CodeTries.objects.filter(store=store_id, actor=actor).update(tries_left=TRIES)
        return shown
    since = now - USED_LATELY
    for code in codes.filter(status=PickupCodeStatus.REDEEMED, redeemed_at__gte=since).select_related(
        "fulfillment_order"
    ):
        if _is_right(code, digits):
            raise _no_live_code(code.fulfillment_order, PickupCodePurpose.SHOPPER)
    raise UnknownPickupCode(
        _("No order of this store is given out with this code. %(tries)s tries left."), field="code", tries=tries
    )


@step
def _take_try(store_id: int, actor: str, now: datetime) -> int:
    """Count a look-up; return how many are left. The guarded update serialises those of one person."""
    again_at = now + LOCKED_FOR
    CodeTries.objects.get_or_create(
        store_id=store_id, actor=actor, defaults={"tries_left": TRIES, "renewed_at": again_at}
    )
    mine = CodeTries.objects.filter(store=store_id, actor=actor)
    mine.filter(renewed_at__lte=now).update(tries_left=TRIES)
    if mine.filter(tries_left__gt=0).update(tries_left=F("tries_left") - 1, renewed_at=again_at) == 0:
        until = mine.values_list("renewed_at", flat=True).get().astimezone(BUSINESS_ZONE)
        raise CodesLocked(
            _("Five codes were wrong. Wait until %(at)s, or open the order and enter its code there."),
            field="code",
            at=f"{until:%H:%M}",
        )
    return mine.values_list("tries_left", flat=True).get()


def _is_right(code: PickupCode, digits: str) -> bool:
    """Tell whether digits are a code's."""
    share = code.fulfillment_order
    return secrets.compare_digest(code.code_index, _index(share, PickupCodePurpose(code.purpose), digits))


@step
def issue_code(share: FulfillmentOrder, purpose: PickupCodePurpose, *, now: datetime) -> PickupCode:
    """Give a share a new code and revoke the one it had. The caller has locked the Fulfillment."""
    revoke_codes(share)
    digits = secret_digits(CODE_DIGITS)
    return PickupCode.objects.create(
        fulfillment_order=share,
        purpose=purpose,
        code_sealed=sealing.seal(digits),
        code_index=_index(share, purpose, digits),
        tries_left=TRIES,
        issued_at=now,
    )


@step
def revoke_codes(share: FulfillmentOrder) -> None:
    """Make the live codes of a share worthless. The caller has locked the Fulfillment."""
    live = PickupCode.objects.filter(fulfillment_order=share, status=PickupCodeStatus.ISSUED)
    live.update(status=PickupCodeStatus.REVOKED)


@step
def redeem_code(
    share: FulfillmentOrder, purpose: PickupCodePurpose, digits: str, *, actor: str, now: datetime
) -> DomainError | None:
    """Use up the live code when the digits are right, else count the try; return the refusal, None when it was right.

    The refusal is returned, not raised, so that the caller can commit the counted try before raising it. One guarded
    update redeems, so of two clerks one wins. After the fifth wrong try the code is revoked and a new one issued.
    The caller has locked the Fulfillment.
    """
    live = PickupCode.objects.filter(fulfillment_order=share, purpose=purpose, status=PickupCodeStatus.ISSUED)
    redeemed = live.filter(code_index=_index(share, purpose, digits.strip()), tries_left__gt=0).update(
        status=PickupCodeStatus.REDEEMED, redeemed_at=now, redeemed_by=actor
    )
    if redeemed:
        return None
    if live.update(tries_left=F("tries_left") - 1) == 0:
        return _no_live_code(share, purpose)
    tries_left = live.values_list("tries_left", flat=True).get()
    if tries_left == 0:
        issue_code(share, purpose, now=now)
        return PickupCodeReplaced(_("Wrong five times: that code is void and a new one was issued."), field="code")
    return WrongPickupCode(_("That is not the code. %(tries)s tries left."), field="code", tries=tries_left)


@step
def redeem_shown(share: FulfillmentOrder, code_id: int, *, actor: str, now: datetime) -> None:
    """Use up a shopper's code that was shown before. One guarded update, so of two clerks one wins.

    The caller has locked the Fulfillment.

    :raises PickupCodeUsed: when the goods were handed out on it.
    :raises Conflict: when it was replaced by another one meanwhile.
    """
    shown = PickupCode.objects.filter(
        pk=code_id, fulfillment_order=share, purpose=PickupCodePurpose.SHOPPER, status=PickupCodeStatus.ISSUED
    )
    if shown.filter(tries_left__gt=0).update(status=PickupCodeStatus.REDEEMED, redeemed_at=now, redeemed_by=actor) == 0:
        raise _no_live_code(share, PickupCodePurpose.SHOPPER)


def _no_live_code(share: FulfillmentOrder, purpose: PickupCodePurpose) -> DomainError:
    """Say what became of the code: used before, or never issued."""
    used = PickupCode.objects.filter(fulfillment_order=share, purpose=purpose, status=PickupCodeStatus.REDEEMED).first()
    if used is None or used.redeemed_at is None:
        return Conflict(_("There is no code to check now. Reload the page."), field="code")
    return PickupCodeUsed(
        _("Somebody was faster: these goods were handed out at %(at)s."),
        field="code",
        at=f"{used.redeemed_at.astimezone(BUSINESS_ZONE):%H:%M}",
        by=used.redeemed_by,
    )


def _index(share: FulfillmentOrder, purpose: PickupCodePurpose, digits: str) -> str:
    """Return the keyed hash of a code, bound to its share: the same digits elsewhere look different."""
    return sealing.blind_index(f"pickup:{share.pk}:{purpose}:{digits}")
