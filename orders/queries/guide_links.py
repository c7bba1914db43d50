"""Links that a guide shares, to a product or a collection: signed, so that what is bought through one is their sale."""

from __future__ import annotations

from dataclasses import dataclass

from django.core import signing
from django.urls import reverse

from omni.kernel import bilingual
from stores import queries as stores_queries

LINK_SALT = "orders.guide_link"
# Of what is bought so long after the link was followed, the sale is the guide's.
LINK_DAYS = 7
PAGES = {"product": "inventory:product", "collection": "inventory:collection"}


@dataclass(frozen=True, slots=True)
class GuideLink:
    """Whose link it is, and the page it opens: a "product" or a "collection", by its code."""

    staff_id: int
    kind: str
    code: str


@dataclass(frozen=True, slots=True)
class Seller:
    """A guide and their store, as a shopper is told of them."""

    staff_id: int
    store_id: int
    brand_code: str
    name: str
    store_name: str


def sign_guide_link(link: GuideLink) -> str:
    """Return the token of a link."""
    return signing.Signer(salt=LINK_SALT).sign(f"{link.staff_id}.{link.kind}.{link.code}")


def read_guide_link(token: str) -> GuideLink | None:
    """Return what a token says, or None when it was not signed here."""
    try:
        staff_id, kind, code = signing.Signer(salt=LINK_SALT).unsign(token).split(".", 2)
    except (signing.BadSignature, ValueError):
        return None
    return GuideLink(int(staff_id), kind, code)


def find_seller(link: GuideLink) -> Seller | None:
    """Return the guide of a link while they work in a store; None afterwards."""
    staff = stores_queries.find_seller(link.staff_id)
    if staff is None or staff.store is None:
        return None
    return Seller(staff.pk, staff.store.pk, staff.store.brand.code, staff.display_name, bilingual.name_of(staff.store))


def shared_path(link: GuideLink, brand_code: str) -> str:
    """Return the address of the page that a link opens."""
    return reverse(PAGES[link.kind], args=[brand_code, link.code])
