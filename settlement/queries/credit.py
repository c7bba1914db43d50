"""Who has been credited with sales; a measure of performance, from which nothing payable is derived."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.db.models import Sum

from omni.kernel import bilingual
from settlement.choices import CreditCase, CreditRole
from settlement.models import CreditEntry

if TYPE_CHECKING:
    from datetime import date

    from django.db.models import QuerySet

K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class CreditView:
    """One role's credit in one recognised sale. Charges have no line, so no SKU; the channel has no store."""

    recognition_id: int
    sku: str | None
    name_zh: str | None
    name_en: str | None
    case: str
    role: str
    store_code: str | None
    store_name_zh: str | None
    store_name_en: str | None
    guide_name: str | None
    share_ppm: int
    amount_fen: int
    business_on: date

    @property
    def role_label(self) -> str:
        """Return what the role is called in the language active now."""
        return str(CreditRole(self.role).label)

    @property
    def case_label(self) -> str:
        """Return the case of the split in words."""
        return str(CreditCase(self.case).label)

    @property
    def party(self) -> str:
        """Return the store and guide the credit goes to; empty for the channel."""
        store = bilingual.pick(self.store_name_zh or "", self.store_name_en or "")
        return " · ".join(filter(None, [store, self.guide_name]))

    @property
    def share(self) -> str:
        """Return the share as a percentage."""
        return f"{self.share_ppm / 10_000:g} %"


@dataclass(frozen=True, slots=True)
class CreditTotal(Generic[K]):
    """The credit of one store, guide or day."""

    key: K
    amount_fen: int


def credit_of_order(order_id: int) -> list[CreditView]:
    """Return the credit of an order: its sales in the order of recognition, each one's roles together."""
    entries = CreditEntry.objects.filter(recognition__order=order_id).order_by("recognition", "pk")
    columns = (
        "recognition",
        "recognition__order_line__sku",
        "recognition__order_line__name_zh",
        "recognition__order_line__name_en",
        "case",
        "role",
        "store__code",
        "store__name_zh",
        "store__name_en",
        "guide__display_name",
        "share_ppm",
        "amount_fen",
        "business_on",
    )
    return [CreditView(*row) for row in entries.values_list(*columns)]


def credit_by_store(brand_id: int, starts_on: date, ends_on: date) -> list[CreditTotal[int]]:
    """Return the credit of each store (by id) over `[starts_on, ends_on)`, the highest first."""
    return _totals(_in_period(brand_id, starts_on, ends_on).filter(store__isnull=False), "store")


def credit_by_guide(brand_id: int, starts_on: date, ends_on: date) -> list[CreditTotal[int]]:
    """Return the credit of each guide (by id of the Staff row) over `[starts_on, ends_on)`, the highest first."""
    return _totals(_in_period(brand_id, starts_on, ends_on).filter(guide__isnull=False), "guide")


def credit_by_day(brand_id: int, starts_on: date, ends_on: date) -> list[CreditTotal[date]]:
    """Return the credit of each business date in `[starts_on, ends_on)` that has any, the earliest first."""
    return sorted(_totals(_in_period(brand_id, starts_on, ends_on), "business_on"), key=lambda total: total.key)


def credit_by_role(store_id: int, first: date, last: date, *, staff_id: int | None = None) -> list[CreditTotal[str]]:
    """Return the credit of a store, or of one of its people, by role from one business date to another."""
    entries = CreditEntry.objects.filter(store=store_id, business_on__gte=first, business_on__lte=last)
    if staff_id is not None:
        entries = entries.filter(guide=staff_id)
    return _totals(entries, "role")


def _in_period(brand_id: int, starts_on: date, ends_on: date) -> QuerySet[CreditEntry]:
    return CreditEntry.objects.filter(brand=brand_id, business_on__gte=starts_on, business_on__lt=ends_on)


def _totals(entries: QuerySet[CreditEntry], column: str) -> list[CreditTotal[Any]]:
    rows = entries.values(column).annotate(amount=Sum("amount_fen")).order_by("-amount", column)
    return [CreditTotal(row[column], row["amount"]) for row in rows]
