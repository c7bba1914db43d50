"""Reads of what a person lets brands do, of their sizes, wishes and codes."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from inventory import queries as inventory_queries
from members import rules
from members.models import ConsentChange, Member, SizeProfile, Wish
from omni.kernel import bilingual, sealing
from omni.kernel.errors import NotFound
from stores import queries as stores_queries

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

SIZE_FIELDS = ("height_cm", "weight_kg", "chest_cm", "waist_cm", "hips_cm", "usual_top", "usual_bottom")


@dataclass(frozen=True, slots=True)
class TopicView:
    """What may be agreed to, whether it is, and since when; None while nothing was ever said."""

    name: str
    words: StrOrPromise
    is_given: bool
    since: datetime | None


@dataclass(frozen=True, slots=True)
class ConsentView:
    """A brand that the account is a member of, and what it may do."""

    brand_code: str
    brand_name: str
    topics: tuple[TopicView, ...]


@dataclass(frozen=True, slots=True)
class WishView:
    """A wish at today's price. `sku` and `size` are empty when no colour and size was chosen.

    `price_fen` is None when it is no longer on sale.
    """

    id: int
    brand_code: str
    brand_name: str
    code: str
    name: str
    shape: str
    color_hex: str
    color: str
    size: str
    sku: str
    price_fen: int | None
    is_in_stock: bool


@dataclass(frozen=True, slots=True)
class MemberCode:
    """A member's code of this minute, and how many seconds it stays on the screen."""

    brand_name: str
    number: str
    digits: str = field(repr=False)
    seconds_left: int

    @property
    def spaced(self) -> str:
        """Return the digits in groups that can be read aloud."""
        return " ".join(re.findall(r"\d{1,4}", self.digits))


def given_topics(member_id: int) -> set[str]:
    """Return the names of the topics that a member agrees to."""
    newest = _newest_changes([member_id])[member_id]
    return {topic.name for topic in rules.TOPICS if topic.name in newest and newest[topic.name].is_given}


def has_consent(member_id: int, purpose: str, channel: str = "") -> bool:
    """Tell whether a member agrees to a purpose, on a channel where it needs one. Who was never asked does not."""
    newest = ConsentChange.objects.filter(member=member_id, purpose=purpose, channel=channel).order_by("-pk").first()
    return newest is not None and newest.is_given


def consents_of(user_id: int) -> list[ConsentView]:
    """Return each brand that the account is a member of, with what it may do."""
    members = list(Member.objects.filter(user=user_id).select_related("brand").order_by("brand_id"))
    newest = _newest_changes([member.pk for member in members])
    return [
        ConsentView(
            member.brand.code,
            bilingual.name_of(member.brand),
            tuple(_topic_view(topic, newest[member.pk].get(topic.name)) for topic in rules.TOPICS),
        )
        for member in members
    ]


def topics_of_member(member_id: int) -> tuple[TopicView, ...]:
    """Return what a brand may do with what it knows of a member."""
    newest = _newest_changes([member_id])[member_id]
    return tuple(_topic_view(topic, newest.get(topic.name)) for topic in rules.TOPICS)


def _topic_view(topic: rules.Topic, change: ConsentChange | None) -> TopicView:
    if change is None:
        return TopicView(topic.name, topic.words, is_given=False, since=None)
    return TopicView(topic.name, topic.words, is_given=change.is_given, since=change.at)


def _newest_changes(member_ids: Collection[int]) -> defaultdict[int, dict[str, ConsentChange]]:
    newest: defaultdict[int, dict[str, ConsentChange]] = defaultdict(dict)
    changes = ConsentChange.objects.filter(member__in=member_ids).order_by("member", "purpose", "channel", "-pk")
    for change in changes.distinct("member", "purpose", "channel"):
        newest[change.member_id][f"{change.purpose}-{change.channel}".rstrip("-")] = change
    return newest


def sizes_of_account(user_id: int) -> dict[str, int | str | None]:
    """Return the measures that an account keeps, by field; empty when it keeps none."""
    found = SizeProfile.objects.filter(user=user_id).values(*SIZE_FIELDS).first()
    return dict(found) if found else {}


def wishes_of(user_id: int, *, now: datetime) -> list[WishView]:
    """Return the account's wish list at today's prices and stock, the newest first."""
    rows = Wish.objects.filter(user=user_id).select_related("product__brand", "product__category", "variant")
    wishes = list(rows.order_by("-created_at", "-pk"))
    cards = inventory_queries.load_cards([wish.product_id for wish in wishes], now=now)
    prices = _prices_of(wishes, now)
    in_stock = inventory_queries.variants_in_stock([wish.variant_id for wish in wishes if wish.variant_id])
    return [_wish_view(wish, cards.get(wish.product_id), prices, in_stock) for wish in wishes]


def _prices_of(wishes: Iterable[Wish], now: datetime) -> dict[int, int]:
    """Return today's price of each chosen variant; one statement a brand."""
    skus: defaultdict[int, list[str]] = defaultdict(list)
    for wish in wishes:
        if wish.variant is not None:
            skus[wish.product.brand_id].append(wish.variant.sku)
    return {
        line.variant_id: line.unit_price_fen
        for brand_id, wanted in skus.items()
        for line in inventory_queries.price_lines(brand_id, wanted, now)
    }


def _wish_view(
    wish: Wish, card: inventory_queries.ProductCard | None, prices: dict[int, int], in_stock: set[int]
) -> WishView:
    product, variant = wish.product, wish.variant
    colors = card.colors if card else ()
    is_on_sale = card is not None and product.is_active
    if variant is not None:
        price_fen = prices.get(variant.pk) if is_on_sale else None
        is_in_stock = variant.pk in in_stock
    else:
        price_fen = card.price_fen if card and is_on_sale else None
        is_in_stock = card is not None and not card.is_sold_out
    return WishView(
        id=wish.pk,
        brand_code=product.brand.code,
        brand_name=bilingual.name_of(product.brand),
        code=product.code,
        name=bilingual.name_of(product),
        shape=product.shape,
        color_hex=variant.color_hex if variant else (colors[0] if colors else "#dddddd"),
        color=bilingual.pick(variant.color_zh, variant.color_en) if variant else "",
        size=variant.size if variant else "",
        sku=variant.sku if variant else "",
        price_fen=price_fen,
        is_in_stock=is_in_stock and price_fen is not None,
    )


def get_wish_for(user_id: int, wish_id: int) -> Wish:
    """Return a wish of the account, with its brand and variant.

    :raises NotFound: it is not on the list, or it is somebody else's.
    """
    wish = Wish.objects.filter(pk=wish_id, user=user_id).select_related("product__brand", "variant").first()
    if wish is None:
        raise NotFound
    return wish


def member_code_for(user_id: int, brand_code: str, *, now: datetime) -> MemberCode:
    """Return the code that shows a store who this member of the brand is.

    :raises NotFound: there is no such brand, or the account is no member of it.
    """
    brand = stores_queries.get_brand(brand_code)
    member = Member.objects.filter(user=user_id, brand=brand).first()
    if member is None:
        raise NotFound
    seconds = now.timestamp()
    digits = rules.write_code(member.pk, rules.code_window(seconds), _keyed_hash)
    left = rules.CODE_SECONDS - int(seconds) % rules.CODE_SECONDS
    return MemberCode(bilingual.name_of(brand), member.number, digits, left)


def get_member_by_code(brand_id: int, code: str, *, now: datetime) -> Member:
    """Return the brand's member whose code was scanned or typed (spaces do not matter). For stores.

    :raises NotFound: it is no code, an old one, or another brand's member's.
    """
    digits = "".join(code.split())
    if not re.fullmatch(rf"[0-9]{{{rules.CODE_DIGITS}}}", digits):
        raise NotFound
    member_id = rules.read_code(digits, rules.code_window(now.timestamp()), _keyed_hash)
    member = Member.objects.filter(pk=member_id, brand=brand_id).first() if member_id is not None else None
    if member is None:
        raise NotFound
    return member


def _keyed_hash(text: str) -> int:
    return int(sealing.blind_index(text)[:24], 16)
