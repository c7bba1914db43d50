"""Telling people once that a size is back near them: subscribing, looking, telling, stopping."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from inventory import queries as inventory_queries
from members import locks
from members.choices import ArrivalStatus
from members.models import ArrivalNotice
from members.rules import arrivals as rules
from omni.kernel import bilingual, sealing
from omni.kernel.errors import Conflict, InvalidInput, NotFound
from omni.kernel.states import transition
from omni.kernel.transactions import drive, entry, step
from omni.messages import choices as messages_choices
from omni.messages import services as messages_services
from stores import queries as stores_queries

if TYPE_CHECKING:
    from datetime import datetime

logger = logging.getLogger(__name__)

ACTOR = "system:arrivals"
TOKEN_SALT = "members.arrival"  # noqa: S105  a name, not a secret
BATCH = 200


class TooManyNotices(Conflict):
    """A phone waits for as many sizes as one may."""

    code = "too_many_notices"


@step
def subscribe_arrival(
    brand_id: int,
    sku: str,
    *,
    place: str,
    phone: str,
    member_id: int | None,
    language: str,
    now: datetime,
) -> int:
    """Note that somebody wants to hear once when a SKU can be had near a place (`stores.queries.find_place`).

    Asking again for the same size moves the wish to the new place and begins its 90 days anew; the turn stays.

    :raises NotFound: the brand has no such SKU.
    :raises InvalidInput: with field "place" or "phone".
    :raises TooManyNotices: twenty are waiting already.
    """
    variant = inventory_queries.variants_by_sku(brand_id, [sku]).get(sku)
    if variant is None:
        raise NotFound
    found = stores_queries.find_place(place)
    if found is None:
        raise InvalidInput(_("Choose your district."), field="place")
    index = sealing.blind_index(sealing.normalise_phone(phone))
    waiting = ArrivalNotice.objects.filter(phone_index=index, status=ArrivalStatus.WAITING)
    where = {
        "district_id": found.district.pk,
        "lat": found.district.lat,
        "lng": found.district.lng,
        "language": language,
        "expires_at": now + rules.LIFE,
        "due_at": now,
    }
    known = waiting.filter(variant=variant).first()
    if known is not None:
        waiting.filter(pk=known.pk).update(**where)
        return known.pk
    if waiting.count() >= rules.MOST_WAITING:
        raise TooManyNotices(_("You wait for as many sizes as we can watch for you."))
    notice = ArrivalNotice.objects.create(
        brand_id=brand_id,
        variant=variant,
        member_id=member_id,
        phone_sealed=sealing.seal(sealing.normalise_phone(phone)),
        phone_index=index,
        created_at=now,
        **where,
    )
    return notice.pk


@step
def stop_arrival(token: str, *, now: datetime) -> None:
    """Take back a wish to be told, by the token of its message or page; once told or taken back, nothing changes.

    :raises NotFound: the token is none of ours.
    """
    notice = ArrivalNotice.objects.filter(pk=read_token(token)).first()
    if notice is None:
        raise NotFound
    if notice.status == ArrivalStatus.WAITING:
        transition(notice, to=ArrivalStatus.STOPPED, actor="guest", now=now)


@step
def look_at_arrivals(variant_id: int, *, now: datetime) -> int:
    """Tell those who wait for a variant, first come first, as far as it can be had near them; return how many.

    Locks the notices of the variant, so that two lookers do not tell more than there is. Those who waited 90 days for
    nothing expire; the others are looked at again in a minute.
    """
    waiting = locks.lock_arrivals(variant_id)
    for notice in [notice for notice in waiting if notice.expires_at <= now]:
        transition(notice, to=ArrivalStatus.EXPIRED, actor=ACTOR, now=now)
    waiting = [notice for notice in waiting if notice.status == ArrivalStatus.WAITING]
    chosen = _choose(variant_id, waiting, now)
    for notice in waiting:
        if notice.pk in chosen:
            _tell(notice, now)
    ArrivalNotice.objects.filter(variant=variant_id, status=ArrivalStatus.WAITING).update(due_at=now + rules.LOOK_AGAIN)
    return len(chosen)


@drive
def drive_due_arrivals(*, now: datetime) -> int:
    """Look at every variant that somebody waits for and that is due, each alone; return how many people were told."""
    told = 0
    due = ArrivalNotice.objects.filter(status=ArrivalStatus.WAITING, due_at__lte=now).order_by("due_at", "pk")
    variants = list(dict.fromkeys(due.values_list("variant", flat=True)[: BATCH * 10]))[:BATCH]
    for variant_id in variants:
        try:
            with entry():
                told += look_at_arrivals(variant_id, now=now)
        except Exception:
            logger.exception("Arrivals of variant %s could not be looked at", variant_id)
    return told


def sign_token(notice_id: int) -> str:
    """Return the token that takes a wish back."""
    return signing.Signer(salt=TOKEN_SALT).sign(str(notice_id))


def read_token(token: str) -> int:
    """Return whose token it is.

    :raises NotFound: it was not signed here.
    """
    try:
        return int(signing.Signer(salt=TOKEN_SALT).unsign(token))
    except (signing.BadSignature, ValueError) as error:
        raise NotFound from error


def _choose(variant_id: int, waiting: list[ArrivalNotice], now: datetime) -> set[int]:
    stands = [rules.Stand(*row) for row in inventory_queries.sellable_stands(variant_id)]
    if not stands or not waiting:
        return set()
    lately = ArrivalNotice.objects.filter(variant=variant_id, notified_at__gt=now - rules.PATIENCE)
    told = [rules.Waiting(*row) for row in lately.order_by("notified_at", "pk").values_list("pk", "lat", "lng")]
    queue = sorted(waiting, key=lambda notice: (notice.created_at, notice.pk))
    return set(rules.choose_told(stands, told, [rules.Waiting(row.pk, row.lat, row.lng) for row in queue]))


def _tell(notice: ArrivalNotice, now: datetime) -> None:
    """Write the one message; it was asked for, and waits for the morning like any that nobody must have at night."""
    transition(notice, to=ArrivalStatus.NOTIFIED, actor=ACTOR, now=now)
    ArrivalNotice.objects.filter(pk=notice.pk).update(notified_at=now, due_at=None)
    variant = notice.variant
    with translation.override(notice.language):
        names = {"brand": bilingual.name_of(notice.brand), "product": bilingual.name_of(variant.product)}
        color = bilingual.pick(variant.color_zh, variant.color_en)
    path = reverse("inventory:product", args=[notice.brand.code, variant.product.code])
    messages_services.send_message(
        messages_choices.Channel.SMS,
        to=sealing.unseal(notice.phone_sealed),
        template="arrival",
        language=notice.language,
        parameters={
            **names,
            "size": f"{color} {variant.size}",
            "link": f"{settings.PUBLIC_URL}{path}?sku={variant.sku}",
        },
        cause=f"arrival:{notice.pk}",
        purpose=messages_choices.Purpose.MARKETING,
        has_consent=True,
        now=now,
    )
