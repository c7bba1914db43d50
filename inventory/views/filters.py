"""The filters of a list as links: each choice with how many products it would leave, those chosen as chips."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from inventory import queries
from inventory.choices import FAMILY_HEX, ColorFamily, SortOrder
from inventory.forms import NEAR_KM
from inventory.models import Category
from inventory.rules.words import size_place
from omni.kernel import bilingual
from stores import queries as stores_queries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inventory.forms import ListAddress
    from inventory.queries import Facets
    from stores.queries import Place


class Choice(NamedTuple):
    """A choice that is a link: `number` of products are left by it; `hex` paints it, `is_head` stands above others."""

    label: str
    url: str
    is_current: bool
    number: int | None = None
    hex: str = ""
    is_head: bool = False


class Group(NamedTuple):
    """Choices of one kind; `chosen` tells in its head which are."""

    name: str
    label: str
    choices: list[Choice]
    chosen: str = ""


class Filters(NamedTuple):
    """All of them, as the template shows them. `fields` is what the form of prices sends along."""

    total: int
    groups: list[Group]
    offer: Choice | None
    chips: list[Choice]
    clear_url: str
    fields: list[tuple[str, str]]


def filters_of(address: ListAddress, facets: Facets, place: Place | None) -> Filters:
    """Return the filters of a list."""
    brands = {brand.code: bilingual.name_of(brand) for brand in stores_queries.active_brands()}
    tree = list(Category.objects.all())
    groups = [
        _orders(address),
        _near(address, place),
        _categories(address, facets, tree),
        _brands(address, facets, brands),
        _colors(address, facets),
        _sizes(address, facets),
        _prices(address, facets),
    ]
    names = {category.code: bilingual.name_of(category) for category in tree}
    offer = None
    if facets.on_offer or address.is_on_offer:
        offer = Choice(_("On offer"), address.with_offers().url, address.is_on_offer, facets.on_offer)
    return Filters(
        total=facets.total,
        groups=[group for group in groups if group.choices],
        offer=offer,
        chips=list(_chips(address, names, brands)),
        clear_url=address.unfiltered.url,
        fields=[pair for pair in address.filters if pair[0] not in {"from", "to"}],
    )


def _orders(address: ListAddress) -> Group:
    """Return the orders; the first is what a list comes in."""
    orders = [SortOrder.NEWEST, SortOrder.PRICE_UP, SortOrder.PRICE_DOWN, SortOrder.MOST_OFF]
    if address.query:
        orders.insert(0, SortOrder.BEST)
    current = address.order if address.order in orders else orders[0]
    choices = [
        Choice(str(order.label), address.with_order(None if order is orders[0] else order).url, order is current)
        for order in orders
    ]
    return Group("sort", str(current.label), choices)


def _near(address: ListAddress, place: Place | None) -> Group:
    """Return how near the stores must be; without a place, the way to choose one."""
    choices = []
    for kilometres in NEAR_KM:
        url = address.with_near(kilometres).url
        if place is None:
            url = f"{reverse('stores:place')}?{urlencode({'next': url})}"
        label = _("Within %(km)d km") % {"km": kilometres}
        choices.append(Choice(label, url, bool(place) and kilometres == address.near_km))
    return Group("near", _("In a store near me"), choices, _chosen(choices))


def _categories(address: ListAddress, facets: Facets, tree: list[Category]) -> Group:
    """Return the tree of categories, of which something is left."""
    choices: list[Choice] = []
    for parent in tree:
        if parent.parent_id is not None:
            continue
        counts = {
            child.code: (child, facets.categories.get(child.code, 0)) for child in tree if child.parent_id == parent.pk
        }
        own = facets.categories.get(parent.code, 0)
        total = own + sum(count for _child, count in counts.values())
        if total or address.category in {parent.code, *counts}:
            choices.append(_category(address, parent, total)._replace(is_head=bool(counts)))
            choices += [
                _category(address, child, count)
                for child, count in counts.values()
                if count or address.category == child.code
            ]
    return Group("category", _("Category"), choices, _chosen(choices))


def _category(address: ListAddress, category: Category, count: int) -> Choice:
    url = address.with_category(category.code).url
    return Choice(bilingual.name_of(category), url, category.code == address.category, count)


def _brands(address: ListAddress, facets: Facets, brands: dict[str, str]) -> Group:
    choices = [
        Choice(name, address.with_brand(code).url, code == address.brand, facets.brands.get(code, 0))
        for code, name in brands.items()
        if facets.brands.get(code) or code == address.brand
    ]
    return Group("brand", _("Brand"), choices, _chosen(choices))


def _colors(address: ListAddress, facets: Facets) -> Group:
    choices = [
        Choice(
            str(family.label), address.with_color(family).url, family in address.colors,
            facets.colors.get(family, 0), FAMILY_HEX[family],
        )
        for family in ColorFamily
        if facets.colors.get(family) or family in address.colors
    ]  # fmt: skip
    return Group("color", _("Colour"), choices, _chosen(choices))


def _sizes(address: ListAddress, facets: Facets) -> Group:
    sizes = sorted({*facets.sizes, *address.sizes} - {""}, key=size_place)
    choices = [
        Choice(size, address.with_size(size).url, size in address.sizes, facets.sizes.get(size, 0)) for size in sizes
    ]
    return Group("size", _("Size"), choices, _chosen(choices))


def _prices(address: ListAddress, facets: Facets) -> Group:
    """Return the price bands of which something is left, as width_bucket numbers them."""
    edges = [None, *(band // 100 for band in queries.PRICE_BANDS), None]
    choices = []
    for number, (low, high) in enumerate(pairwise(edges)):
        # A band ends a fen before the next begins; prices are typed in whole yuan.
        last = None if high is None else high - 1
        count = facets.prices.get(str(number), 0)
        is_current = (low, last) == (address.price_from, address.price_to)
        if count or is_current:
            choices.append(Choice(_price_label(low, last), address.with_prices(low, last).url, is_current, count))
    chosen = _price_label(address.price_from, address.price_to) if _has_prices(address) else ""
    return Group("price", _("Price"), choices, chosen)


def _has_prices(address: ListAddress) -> bool:
    return address.price_from is not None or address.price_to is not None


def _price_label(low: int | None, high: int | None) -> str:
    if low is None:
        return _("Up to ¥%(high)d") % {"high": high}
    if high is None:
        return _("From ¥%(low)d") % {"low": low}
    return _("¥%(low)d to ¥%(high)d") % {"low": low, "high": high}


def _chosen(choices: list[Choice]) -> str:
    return ", ".join(choice.label for choice in choices if choice.is_current)


def _chips(address: ListAddress, categories: dict[str, str], brands: dict[str, str]) -> Iterator[Choice]:
    """Return what is chosen; each link takes it away. What does not exist keeps the name it was asked for by."""
    if address.category:
        name = categories.get(address.category, address.category)
        yield Choice(name, address.with_category(address.category).url, is_current=True)
    if address.brand:
        name = brands.get(address.brand, address.brand)
        yield Choice(name, address.with_brand(address.brand).url, is_current=True)
    for family in address.colors:
        yield Choice(str(family.label), address.with_color(family).url, is_current=True, hex=FAMILY_HEX[family])
    for size in address.sizes:
        label = _("Size %(size)s") % {"size": size}
        yield Choice(label, address.with_size(size).url, is_current=True)
    if _has_prices(address):
        label = _price_label(address.price_from, address.price_to)
        yield Choice(label, address.with_prices(None, None).url, is_current=True)
    if address.is_on_offer:
        yield Choice(_("On offer"), address.with_offers().url, is_current=True)
    if address.near_km:
        label = _("Within %(km)d km") % {"km": address.near_km}
        yield Choice(label, address.with_near(address.near_km).url, is_current=True)
