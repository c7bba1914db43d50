"""Master records of stores, and who works there."""

from __future__ import annotations

from datetime import date
from itertools import combinations
from typing import TYPE_CHECKING

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.forms import BaseInlineFormSet
from django.utils.translation import gettext_lazy as _

from omni.kernel import geo
from omni.kernel.admin import ReadOnly
from stores.models import (
    Brand,
    Counterparty,
    District,
    HoursException,
    Staff,
    Store,
    StoreCapacity,
    StoreCollector,
)

if TYPE_CHECKING:
    from django.forms import ModelForm
    from django.http import HttpRequest
    from psycopg2.extras import DateRange


@admin.register(District)
class DistrictAdmin(ReadOnly, admin.ModelAdmin["District"]):
    list_display = ["code", "province", "city", "name", "name_en", "lat", "lng"]
    list_filter = ["province"]
    search_fields = ["code", "city", "name", "city_en", "name_en"]


@admin.register(Brand)
class BrandAdmin(admin.ModelAdmin["Brand"]):
    list_display = ["code", "name_zh", "name_en", "legal_entity"]
    search_fields = ["code", "name_zh", "name_en"]


@admin.register(Counterparty)
class CounterpartyAdmin(admin.ModelAdmin["Counterparty"]):
    list_display = ["code", "kind", "name_zh", "name_en", "district_id"]
    list_filter = ["kind"]
    search_fields = ["code", "name_zh", "name_en"]
    autocomplete_fields = ["district"]


class HoursExceptionInline(admin.TabularInline["HoursException", "Store"]):
    model = HoursException
    extra = 0


class StoreCollectorFormSet(BaseInlineFormSet[StoreCollector, Store, "ModelForm[StoreCollector]"]):
    """Who takes the money: at any time one for each channel."""

    def clean(self) -> None:
        """Refuse rows of this form that are valid at the same time; those of the table a constraint refuses."""
        super().clean()
        rows = [form.cleaned_data for form in self.forms if form.is_valid() and form.cleaned_data]
        kept = [row for row in rows if not row.get("DELETE")]
        for one, other in combinations(kept, 2):
            if one["channel"] == other["channel"] and _overlap(one["valid"], other["valid"]):
                raise ValidationError(_("Two rows of one channel are valid at the same time."))


def _overlap(one: DateRange, other: DateRange) -> bool:
    """Tell whether two spans of days share one."""
    ends_after = (one.upper or date.max) > (other.lower or date.min)
    return ends_after and (other.upper or date.max) > (one.lower or date.min)


class StoreCollectorInline(admin.TabularInline["StoreCollector", "Store"]):
    model = StoreCollector
    formset = StoreCollectorFormSet
    extra = 0


@admin.register(Store)
class StoreAdmin(admin.ModelAdmin["Store"]):
    list_display = ["code", "brand", "name_zh", "kind", "district", "daily_capacity", "is_active"]
    list_filter = ["brand", "kind", "is_active"]
    list_select_related = ["brand", "district"]
    search_fields = ["code", "name_zh", "name_en", "address"]
    autocomplete_fields = ["brand", "mall", "franchisee", "district"]
    inlines = [HoursExceptionInline, StoreCollectorInline]

    def save_model(self, request: HttpRequest, obj: Store, form: ModelForm[Store], change: bool) -> None:  # noqa: FBT001  Django's signature
        """Keep the point on the unit sphere with the coordinates."""
        obj.ux, obj.uy, obj.uz = geo.unit_vector(obj.lat, obj.lng)
        super().save_model(request, obj, form, change)


@admin.register(StoreCapacity)
class StoreCapacityAdmin(ReadOnly, admin.ModelAdmin["StoreCapacity"]):
    list_display = ["store", "on_date", "limit", "used"]
    list_filter = ["on_date"]
    list_select_related = ["store"]
    search_fields = ["store__code"]
    show_full_result_count = False


@admin.register(Staff)
class StaffAdmin(admin.ModelAdmin["Staff"]):
    list_display = ["user", "display_name", "role", "brand", "store", "counterparty", "is_active"]
    list_filter = ["role", "is_active"]
    list_select_related = ["user", "brand", "store", "counterparty"]
    search_fields = ["user__username", "display_name", "store__code"]
    autocomplete_fields = ["user", "brand", "store", "counterparty"]
