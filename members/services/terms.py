"""Headquarters writes promotions and coupon templates, starts and stops them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inventory import queries as inventory_queries
from members.choices import Benefit, RestorePolicy
from members.models import CouponTemplate, OfferUse, Promotion
from omni.kernel.errors import Conflict, InvalidInput, NotFound
from omni.kernel.money import PPM
from omni.kernel.transactions import step
from stores import choices as stores_choices
from stores import queries as stores_queries

if TYPE_CHECKING:
    from datetime import datetime

    from stores.permissions import Actor

MAX_CODES = 500
# What a coupon is worth to who holds it; it does not change once one was issued.
WORTH = (
    *("benefit", "amount_fen", "percent_ppm", "cap_fen", "threshold_fen", "threshold_units", "category_ids"),
    *("product_ids", "excludes_marked_down", "channels", "store_ids", "group", "is_exclusive"),
)


class InvalidOffer(InvalidInput):
    """Something of an offer cannot be; the field is named."""

    code = "invalid_offer"


class OfferInUse(Conflict):
    """What people hold already does not change."""

    code = "offer_in_use"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferDraft:
    """An offer as headquarters wrote it. The brand bears what no other party does."""

    name_zh: str
    name_en: str
    benefit: str
    amount_fen: int | None = None
    percent_ppm: int | None = None
    cap_fen: int | None = None
    threshold_fen: int = 0
    threshold_units: int = 0
    category_ids: tuple[int, ...] = ()
    product_codes: tuple[str, ...] = ()
    excludes_marked_down: bool = False
    channels: tuple[str, ...] = ()
    store_codes: tuple[str, ...] = ()
    starts_at: datetime
    ends_at: datetime
    group: str = ""
    is_exclusive: bool = False
    priority: int = 0
    store_ppm: int = 0
    mall_ppm: int = 0
    platform_ppm: int = 0
    total_limit: int | None = None
    per_member_limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CouponDraft(OfferDraft):
    """A coupon template as headquarters wrote it."""

    validity_days: int | None = None
    is_claimable: bool = False
    is_welcome: bool = False
    public_code: str = ""
    restore_policy: str = RestorePolicy.RESTORE.value
    extra_days: int = 7


@step
def add_promotion(actor: Actor, brand_id: int, draft: OfferDraft, *, now: datetime) -> int:
    """Write a promotion that runs from its beginning; return its id.

    :raises NotFound: the actor is not of the brand's headquarters.
    :raises InvalidOffer: naming the field.
    """
    _check_brand(actor, brand_id)
    return Promotion.objects.create(brand_id=brand_id, created_at=now, **_values(brand_id, draft)).pk


@step
def change_promotion(actor: Actor, promotion_id: int, draft: OfferDraft) -> None:
    """Write a promotion anew; orders keep what they got.

    :raises NotFound: there is none, or it is another brand's.
    :raises InvalidOffer: naming the field.
    """
    row = Promotion.objects.filter(pk=promotion_id, brand__in=_brands(actor)).first()
    if row is None:
        raise NotFound
    values = _values(row.brand_id, draft)
    if row.total_limit is None and draft.total_limit is not None and OfferUse.objects.filter(promotion=row).exists():
        # Its uses were not counted one by one, so no count could be trusted.
        raise InvalidOffer(_("It has been used without a limit. Stop it and write a new one."), field="total_limit")
    within = Q() if draft.total_limit is None else Q(used_count__lte=draft.total_limit)
    if not Promotion.objects.filter(within, pk=row.pk).update(**values):
        raise InvalidOffer(_("More than this were used already."), field="total_limit")


@step
def add_coupon_template(actor: Actor, brand_id: int, draft: CouponDraft, *, now: datetime) -> int:
    """Write a coupon template that runs from its beginning; return its id.

    :raises NotFound: the actor is not of the brand's headquarters.
    :raises InvalidOffer: naming the field.
    """
    _check_brand(actor, brand_id)
    values = _coupon_values(brand_id, draft, None)
    return CouponTemplate.objects.create(brand_id=brand_id, created_at=now, **values).pk


@step
def change_coupon_template(actor: Actor, template_id: int, draft: CouponDraft) -> None:
    """Write a coupon template anew; what its coupons are worth stays once one was issued.

    :raises NotFound: there is none, or it is another brand's.
    :raises InvalidOffer: naming the field.
    :raises OfferInUse: the worth of coupons that people hold would change.
    """
    row = CouponTemplate.objects.filter(pk=template_id, brand__in=_brands(actor)).first()
    if row is None:
        raise NotFound
    values = _coupon_values(row.brand_id, draft, row.pk)
    guard = Q()
    if any(getattr(row, name) != values[name] for name in WORTH):
        guard = Q(issued_count=0)
        if not CouponTemplate.objects.filter(guard, pk=row.pk).exists():
            raise OfferInUse(
                _("Coupons of this were issued: what they take off cannot change. Stop it and write a new one.")
            )
    if draft.total_limit is not None:
        guard &= Q(issued_count__lte=draft.total_limit)
    if not CouponTemplate.objects.filter(guard, pk=row.pk).update(**values):
        raise InvalidOffer(_("More than this were issued already."), field="total_limit")


@step
def start_offer(actor: Actor, model: type[Promotion | CouponTemplate], offer_id: int) -> None:
    """Let a promotion or a coupon template run, within its time.

    :raises NotFound: there is none, or it is another brand's.
    """
    if not model.objects.filter(pk=offer_id, brand__in=_brands(actor)).update(is_running=True):
        raise NotFound


@step
def stop_offer(actor: Actor, model: type[Promotion | CouponTemplate], offer_id: int) -> None:
    """Stop a promotion, or the issue of coupons; those that people hold stay usable.

    :raises NotFound: there is none, or it is another brand's.
    """
    if not model.objects.filter(pk=offer_id, brand__in=_brands(actor)).update(is_running=False):
        raise NotFound


def _brands(actor: Actor) -> frozenset[int]:
    return actor.brand_ids(stores_choices.Role.HQ)


def _check_brand(actor: Actor, brand_id: int) -> None:
    if brand_id not in _brands(actor):
        raise NotFound


def _values(brand_id: int, draft: OfferDraft) -> dict[str, Any]:
    """Return the columns of a draft that was checked.

    :raises InvalidOffer: naming the field.
    """
    _check_benefit(draft)
    if draft.ends_at <= draft.starts_at:
        raise InvalidOffer(_("It ends before it begins."), field="ends_at")
    brand_ppm = PPM - draft.store_ppm - draft.mall_ppm - draft.platform_ppm
    if brand_ppm < 0:
        raise InvalidOffer(_("The shares come to more than the whole."), field="store_ppm")
    for field in ("total_limit", "per_member_limit"):
        if getattr(draft, field) == 0:
            raise InvalidOffer(_("Leave it empty for no limit."), field=field)
    if not set(draft.channels) <= set(stores_choices.Channel.values):
        raise InvalidOffer(_("There is no such channel."), field="channels")
    values = asdict(draft)
    for name in ("product_codes", "store_codes", "starts_at", "ends_at"):
        del values[name]
    products = inventory_queries.product_ids_by_code(brand_id, draft.product_codes)
    return values | {
        "category_ids": sorted(draft.category_ids),
        "channels": sorted(draft.channels),
        "product_ids": _known(draft.product_codes, products, "product_codes"),
        "store_ids": _known(draft.store_codes, stores_queries.store_ids_by_code(brand_id), "store_codes")
        if draft.store_codes
        else [],
        "valid": DateTimeTZRange(draft.starts_at, draft.ends_at),
        "brand_ppm": brand_ppm,
    }


def _check_benefit(draft: OfferDraft) -> None:
    """Check that an offer takes something off, and less than everything.

    :raises InvalidOffer: naming the field.
    """
    if draft.benefit == Benefit.AMOUNT:
        if not draft.amount_fen or draft.percent_ppm is not None:
            raise InvalidOffer(_("Say how much it takes off."), field="amount_fen")
        if draft.threshold_fen and draft.amount_fen >= draft.threshold_fen:
            raise InvalidOffer(_("It takes off as much as one must buy."), field="amount_fen")
    elif draft.benefit != Benefit.PERCENT or not draft.percent_ppm or draft.percent_ppm >= PPM:
        raise InvalidOffer(_("Say how many per cent it takes off."), field="percent_ppm")
    elif draft.amount_fen is not None:
        raise InvalidOffer(_("Say how many per cent it takes off."), field="amount_fen")


def _known(codes: tuple[str, ...], ids: dict[str, int], field: str) -> list[int]:
    """Return the ids of codes in a stable order.

    :raises InvalidOffer: naming a code that the brand does not have.
    """
    unknown = [code for code in codes if code not in ids]
    if unknown:
        raise InvalidOffer(_("Your brand has no such code: %(code)s"), field=field, code=unknown[0][:40])
    if len(codes) > MAX_CODES:
        raise InvalidOffer(_("At most %(count)s codes."), field=field, count=MAX_CODES)
    return sorted({ids[code] for code in codes})


def _coupon_values(brand_id: int, draft: CouponDraft, template_id: int | None) -> dict[str, Any]:
    """Return the columns of a coupon template that was checked.

    :raises InvalidOffer: naming the field.
    """
    values = _values(brand_id, draft)
    code = draft.public_code.strip().upper()
    if code and not (code.isascii() and code.isalnum() and 4 <= len(code) <= 20):
        raise InvalidOffer(_("A code has 4 to 20 letters and digits."), field="public_code")
    same = CouponTemplate.objects.filter(brand=brand_id, public_code=code).exclude(pk=template_id or 0)
    if code and same.exists():
        raise InvalidOffer(_("Another coupon has this code."), field="public_code")
    if draft.validity_days == 0:
        raise InvalidOffer(_("Leave it empty to end with the coupon's period."), field="validity_days")
    return values | {"public_code": code}
