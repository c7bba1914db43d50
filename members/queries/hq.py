"""Promotions and coupon templates as headquarters sees them: its own brands' alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Count
from django.utils.translation import gettext as _

from inventory import queries as inventory_queries
from members.models import CouponTemplate, OfferUse, Promotion
from members.queries.words import describe_benefit, describe_scope
from omni.kernel import bilingual
from omni.kernel.errors import NotFound
from stores import choices as stores_choices
from stores import queries as stores_queries

if TYPE_CHECKING:
    from datetime import datetime

    from stores.permissions import Actor

OfferModel = type[Promotion] | type[CouponTemplate]
MODELS: dict[str, OfferModel] = {"promotions": Promotion, "coupons": CouponTemplate}
PLAIN = (
    *("name_zh", "name_en", "benefit", "amount_fen", "percent_ppm", "cap_fen", "threshold_fen", "threshold_units"),
    *("category_ids", "excludes_marked_down", "channels", "group", "is_exclusive", "priority", "store_ppm"),
    *("mall_ppm", "platform_ppm", "total_limit", "per_member_limit"),
)
OF_COUPONS = ("validity_days", "is_claimable", "is_welcome", "public_code", "restore_policy", "extra_days")


@dataclass(frozen=True, slots=True)
class OfferRow:
    """An offer in headquarters' list. `used`: live uses of a promotion, or coupons issued."""

    id: int
    brand_name: str
    name: str
    terms: str
    scope: tuple[str, ...]
    funders: tuple[tuple[str, int], ...]
    starts_at: datetime
    ends_at: datetime
    state: str
    is_running: bool
    used: int
    limit: int | None


def offer_model(kind: str) -> OfferModel:
    """Return what "promotions" or "coupons" stands for.

    :raises NotFound: for anything else.
    """
    if kind not in MODELS:
        raise NotFound
    return MODELS[kind]


def offer_rows(actor: Actor, model: OfferModel, *, now: datetime, before_id: int | None, limit: int) -> list[OfferRow]:
    """Return offers of the brands that the actor works for, the newest first."""
    found: Any = model.objects.filter(brand__in=actor.brand_ids())
    if before_id is not None:
        found = found.filter(pk__lt=before_id)
    rows = list(found.select_related("brand").order_by("-pk")[:limit])
    names = {category.pk: bilingual.name_of(category) for category in inventory_queries.category_tree()}
    uses: dict[int | None, int] = {}
    if model is Promotion:
        live = OfferUse.objects.filter(promotion__in=[row.pk for row in rows], given_back_at=None)
        uses = dict(live.order_by().values_list("promotion").annotate(Count("pk")))
    return [
        OfferRow(
            id=row.pk,
            brand_name=bilingual.name_of(row.brand),
            name=bilingual.name_of(row),
            terms=describe_benefit(row),
            scope=describe_scope(row, names),
            funders=row.funders,
            starts_at=row.valid.lower,
            ends_at=row.valid.upper,
            state=_state(row, now),
            is_running=row.is_running,
            used=uses.get(row.pk, 0) if model is Promotion else row.issued_count,
            limit=row.total_limit,
        )
        for row in rows
    ]


def get_template_for(actor: Actor, template_id: int) -> CouponTemplate:
    """Return a coupon template that somebody of headquarters may issue, with its brand.

    :raises NotFound: there is none, or it is another brand's.
    """
    mine = CouponTemplate.objects.filter(brand__in=actor.brand_ids(stores_choices.Role.HQ)).select_related("brand")
    found = mine.filter(pk=template_id).first()
    if found is None:
        raise NotFound
    return found


def offer_values(actor: Actor, model: OfferModel, offer_id: int) -> dict[str, Any]:
    """Return an offer as the form shows it, with the codes of its products and stores.

    :raises NotFound: there is none, or it is another brand's.
    """
    found: Any = model.objects.filter(pk=offer_id, brand__in=actor.brand_ids(stores_choices.Role.HQ))
    row = found.first()
    if row is None:
        raise NotFound
    names = PLAIN + (OF_COUPONS if model is CouponTemplate else ())
    store_codes = stores_queries.store_ids_by_code(row.brand_id) if row.store_ids else {}
    return {name: getattr(row, name) for name in names} | {
        "brand": row.brand_id,
        "starts_at": row.valid.lower,
        "ends_at": row.valid.upper,
        "product_codes": sorted(inventory_queries.product_codes(row.product_ids).values()) if row.product_ids else [],
        "store_codes": sorted(code for code, key in store_codes.items() if key in row.store_ids),
    }


def _state(row: Promotion | CouponTemplate, now: datetime) -> str:
    if row.valid.upper is not None and row.valid.upper <= now:
        return _("Over")
    if not row.is_running:
        return _("Stopped")
    return _("Not begun") if row.valid.lower is not None and row.valid.lower > now else _("Running")
