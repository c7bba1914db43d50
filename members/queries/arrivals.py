"""Reads of who waits for a size to come back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from inventory import queries as inventory_queries
from members.choices import ArrivalStatus
from members.models import ArrivalNotice, Member
from omni.kernel import bilingual, sealing
from omni.kernel.errors import NotFound
from stores import queries as stores_queries

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class WantedSize:
    """A size somebody wants to hear of, in the language of the page."""

    brand_id: int
    brand_code: str
    brand_name: str
    product_code: str
    product_name: str
    sku: str
    color: str
    size: str
    shape: str
    color_hex: str


def get_wanted_size(brand_code: str, sku: str) -> WantedSize:
    """Return a size of a brand's product that is on sale, in stock or not.

    :raises NotFound: when there is none.
    """
    if "\0" in brand_code:
        raise NotFound
    brand = stores_queries.get_brand(brand_code)
    variant = inventory_queries.find_variant(brand.pk, sku)
    if variant is None:
        raise NotFound
    return WantedSize(
        brand_id=brand.pk,
        brand_code=brand.code,
        brand_name=bilingual.name_of(brand),
        product_code=variant.product.code,
        product_name=bilingual.name_of(variant.product),
        sku=variant.sku,
        color=bilingual.pick(variant.color_zh, variant.color_en),
        size=variant.size,
        shape=variant.product.category.shape,
        color_hex=variant.color_hex,
    )


def count_waiting(brand_id: int, sku: str) -> int:
    """Return how many wait for a size."""
    return ArrivalNotice.objects.filter(brand=brand_id, variant__sku=sku, status=ArrivalStatus.WAITING).count()


@dataclass(frozen=True, slots=True)
class NoticeView:
    """A wish to be told as its owner sees it."""

    wanted: WantedSize
    place: str
    phone: str
    status: str
    status_label: str
    expires_at: datetime


def get_notice(notice_id: int) -> NoticeView:
    """Return a wish to be told; who asks has shown its token.

    :raises NotFound: there is none.
    """
    notice = ArrivalNotice.objects.select_related("variant", "brand").filter(pk=notice_id).first()
    if notice is None:
        raise NotFound
    place = stores_queries.find_place(notice.district_id)
    return NoticeView(
        wanted=get_wanted_size(notice.brand.code, notice.variant.sku),
        place=place.full_label if place else "",
        phone=sealing.mask_phone(sealing.unseal(notice.phone_sealed)) if notice.phone_sealed else "",
        status=notice.status,
        status_label=str(ArrivalStatus(notice.status).label),
        expires_at=notice.expires_at,
    )


def find_member_id(user_id: int | None, brand_id: int) -> int | None:
    """Return the account's membership with a brand, if it has one."""
    if user_id is None:
        return None
    return Member.objects.filter(user=user_id, brand=brand_id).values_list("pk", flat=True).first()
