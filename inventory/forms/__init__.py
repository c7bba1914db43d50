"""What the address of a list says: filters, order and how far down, all of them links."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from inventory.choices import ColorFamily, SortOrder
from inventory.rules.words import LONGEST_QUERY

if TYPE_CHECKING:
    from django.http import QueryDict

PAGE_SIZE = 24
# A list can be shown from its beginning down to here at once: where somebody comes back to.
SHOWN_MOST = 10 * PAGE_SIZE
NEAR_KM = (3, 10)
HIGHEST_YUAN = 1_000_000
MOST_VALUES = 12

_CODE = re.compile(r"[-\w]{1,30}", re.ASCII)
_SIZE = re.compile(r"[-\w./+ ]{1,10}")
_YUAN = re.compile(r"[0-9]{1,7}", re.ASCII)
_CURSOR = re.compile(r"((?:[0-9]{1,4}~)?[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,9})\.([0-9]{1,18})", re.ASCII)


def read_query(given: QueryDict) -> str:
    """Return the words that a search box sent, of a length that searching bears."""
    words = "".join(sign if sign.isprintable() else " " for sign in given.get("q", ""))
    return " ".join(words.split())[:LONGEST_QUERY]


@dataclass(frozen=True, slots=True)
class ListAddress:
    """The address of a list: `path`, and what stands behind it. What no link of ours holds counts as not given.

    `problems` says in words what was typed and cannot be: (field, message). `shown`: how many products the page that
    asked shows already, so that coming back shows as many.
    """

    path: str
    query: str = ""
    is_any: bool = False
    brand: str = ""
    category: str = ""
    colors: tuple[ColorFamily, ...] = ()
    sizes: tuple[str, ...] = ()
    price_from: int | None = None
    price_to: int | None = None
    is_on_offer: bool = False
    near_km: int = 0
    order: SortOrder | None = None
    after: tuple[str, int] | None = None
    shown: int = 0
    problems: tuple[tuple[str, str], ...] = field(default=(), compare=False)

    @classmethod
    def of(cls, path: str, given: QueryDict) -> ListAddress:
        """Read an address."""
        brand, category = (given.get(name, "") for name in ("brand", "category"))
        named = _values(given, "color")
        near, shown = given.get("near", ""), given.get("shown", "")
        order = given.get("sort", "")
        price_from, price_to, problems = _prices(given)
        return cls(
            path=path,
            query=read_query(given),
            is_any=given.get("any") == "1",
            brand=brand if _CODE.fullmatch(brand) else "",
            category=category if _CODE.fullmatch(category) else "",
            colors=tuple(family for family in ColorFamily if family in named),
            sizes=tuple(dict.fromkeys(size for size in _values(given, "size") if _SIZE.fullmatch(size)))[:MOST_VALUES],
            price_from=price_from,
            price_to=price_to,
            is_on_offer=given.get("offer") == "1",
            near_km=next((km for km in NEAR_KM if near == str(km)), 0),
            order=SortOrder(order) if order in SortOrder else None,
            after=_cursor(given.get("after", "")),
            shown=min(int(shown), SHOWN_MOST) // PAGE_SIZE * PAGE_SIZE if _YUAN.fullmatch(shown) else 0,
            problems=problems,
        )

    @property
    def filters(self) -> list[tuple[str, str]]:
        """Return what filters and searches, as (name, value) of the address."""
        pairs = [
            *(("q", self.query), ("any", "1" if self.is_any else "")),
            *(("brand", self.brand), ("category", self.category)),
            *(("color", ",".join(self.colors)), ("size", ",".join(self.sizes))),
            ("from", "" if self.price_from is None else str(self.price_from)),
            ("to", "" if self.price_to is None else str(self.price_to)),
            *(("offer", "1" if self.is_on_offer else ""), ("near", str(self.near_km or ""))),
            ("sort", self.order or ""),
        ]
        return [(name, value) for name, value in pairs if value]

    @property
    def url(self) -> str:
        """Return the address."""
        pairs = self.filters
        if self.after:
            pairs.append(("after", f"{self.after[0]}.{self.after[1]}"))
        if self.shown:
            pairs.append(("shown", str(self.shown)))
        query = urlencode(pairs, safe=",~")
        return self.path + (f"?{query}" if query else "")

    @property
    def beginning(self) -> ListAddress:
        """Return the beginning of the same list."""
        return replace(self, after=None, shown=0)

    @property
    def unfiltered(self) -> ListAddress:
        """Return the same list without filters: the search, and the order, stay."""
        return ListAddress(self.path, query=self.query, is_any=self.is_any, order=self.order)

    @property
    def is_filtered(self) -> bool:
        """Tell whether anything but the search narrows the list."""
        return replace(self.beginning, problems=()) != self.unfiltered

    def with_brand(self, code: str) -> ListAddress:
        """Return the list of a brand; of all, when it is the one."""
        return replace(self.beginning, brand="" if code == self.brand else code)

    def with_category(self, code: str) -> ListAddress:
        """Return the list of a category; of all, when it is the one."""
        return replace(self.beginning, category="" if code == self.category else code)

    def with_color(self, family: ColorFamily) -> ListAddress:
        """Return the list with a colour asked for, or no longer."""
        chosen = {*self.colors} ^ {family}
        return replace(self.beginning, colors=tuple(one for one in ColorFamily if one in chosen))

    def with_size(self, size: str) -> ListAddress:
        """Return the list with a size asked for, or no longer."""
        chosen = [one for one in self.sizes if one != size] if size in self.sizes else [*self.sizes, size]
        return replace(self.beginning, sizes=tuple(chosen))

    def with_prices(self, price_from: int | None, price_to: int | None) -> ListAddress:
        """Return the list between two prices in yuan; of all prices, when they are the ones."""
        if (price_from, price_to) == (self.price_from, self.price_to):
            price_from = price_to = None
        return replace(self.beginning, price_from=price_from, price_to=price_to)

    def with_offers(self) -> ListAddress:
        """Return the list of what is marked down, or no longer of that."""
        return replace(self.beginning, is_on_offer=not self.is_on_offer)

    def with_near(self, kilometres: int) -> ListAddress:
        """Return the list of what stores this near have; of all stores, when it is the one."""
        return replace(self.beginning, near_km=0 if kilometres == self.near_km else kilometres)

    def with_order(self, order: SortOrder | None) -> ListAddress:
        """Return the list in another order."""
        return replace(self.beginning, order=order)


def _values(given: QueryDict, name: str) -> list[str]:
    return [value.strip() for value in given.get(name, "")[:200].split(",")]


def _cursor(text: str) -> tuple[str, int] | None:
    found = _CURSOR.fullmatch(text)
    if not found:
        return None
    day = found[1].rpartition("~")[2]
    try:
        if "-" in day:
            date.fromisoformat(day)
    except ValueError:
        return None
    return found[1], int(found[2])


def _prices(given: QueryDict) -> tuple[int | None, int | None, tuple[tuple[str, str], ...]]:
    """Return the prices asked for, in yuan, and what is wrong with what was typed; a wrong one counts as not given."""
    read: dict[str, int | None] = {}
    problems: list[tuple[str, str]] = []
    for name in ("from", "to"):
        text = given.get(name, "").strip().lstrip("¥￥").strip()
        read[name] = int(text) if _YUAN.fullmatch(text) and int(text) <= HIGHEST_YUAN else None
        if text and read[name] is None:
            problems.append((name, _("“%(text)s” is not a price: whole yuan, please.") % {"text": text[:20]}))
    low, high = read["from"], read["to"]
    if low is not None and high is not None and low > high:
        text = _("The lower price, ¥%(low)d, is above the higher one, ¥%(high)d.") % {"low": low, "high": high}
        return None, None, (("from", text),)
    return low, high, tuple(problems)
