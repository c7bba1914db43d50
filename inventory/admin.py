"""The catalogue to keep, and stock to look at: only services change what a store has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin

from inventory import services
from inventory.models import (
    Category,
    Collection,
    Count,
    CountLine,
    CountTask,
    Media,
    Price,
    Product,
    Receipt,
    ReceiptLine,
    Reservation,
    Shipment,
    ShipmentLine,
    SizeChart,
    StockAdjustment,
    StockLevel,
    StockMovement,
    Variant,
)
from omni.kernel import clock
from omni.kernel.admin import ReadOnly

if TYPE_CHECKING:
    from django.forms import BaseModelFormSet, ModelForm
    from django.http import HttpRequest


class Found:
    """Rows whose words products are found by: the search knows them once they are saved."""

    def save_related(
        self,
        request: HttpRequest,
        form: ModelForm[Any],
        formsets: list[BaseModelFormSet[Any, Any]],
        change: bool,  # noqa: FBT001
    ) -> None:
        """Save the inlines, then let the search read what changed."""
        super().save_related(request, form, formsets, change)  # type: ignore[misc]  # of the admin mixed in
        services.refresh_listings(now=clock.now())


@admin.register(Category)
class CategoryAdmin(Found, admin.ModelAdmin["Category"]):
    list_display = ["code", "parent", "name_zh", "name_en", "position"]
    list_select_related = ["parent"]
    search_fields = ["code", "name_zh", "name_en"]


@admin.register(Collection)
class CollectionAdmin(Found, admin.ModelAdmin["Collection"]):
    list_display = ["code", "brand_id", "name_zh", "name_en", "launched_on"]
    search_fields = ["code", "name_zh", "name_en"]
    raw_id_fields = ["brand"]


class VariantInline(admin.TabularInline["Variant", "Product"]):
    model = Variant
    extra = 0
    raw_id_fields = ["brand"]
    show_change_link = True


class MediaInline(admin.TabularInline["Media", "Product"]):
    model = Media
    extra = 0


@admin.register(Product)
class ProductAdmin(Found, admin.ModelAdmin["Product"]):
    list_display = ["code", "brand_id", "name_zh", "name_en", "category", "launched_on", "is_active"]
    list_filter = ["category", "is_active"]
    list_select_related = ["category"]
    search_fields = ["code", "name_zh", "name_en"]
    autocomplete_fields = ["category", "collection"]
    raw_id_fields = ["brand"]
    inlines = [VariantInline, MediaInline]


@admin.register(SizeChart)
class SizeChartAdmin(admin.ModelAdmin["SizeChart"]):
    list_display = ["category", "brand_id", "product"]
    list_filter = ["category"]
    list_select_related = ["category", "product"]
    autocomplete_fields = ["category", "product"]
    raw_id_fields = ["brand"]


class PriceInline(admin.TabularInline["Price", "Variant"]):
    model = Price
    extra = 0


@admin.register(Variant)
class VariantAdmin(Found, admin.ModelAdmin["Variant"]):
    list_display = ["sku", "barcode", "product", "color_zh", "size", "is_active"]
    list_select_related = ["product"]
    search_fields = ["sku", "barcode"]
    autocomplete_fields = ["product"]
    raw_id_fields = ["brand"]
    inlines = [PriceInline]


@admin.register(StockLevel)
class StockLevelAdmin(ReadOnly, admin.ModelAdmin["StockLevel"]):
    list_display = ["variant", "store_id", "on_hand", "held", "allocated", "unsellable", "safety", "counted_on", "bin"]
    list_select_related = ["variant"]
    search_fields = ["variant__sku"]
    show_full_result_count = False


@admin.register(StockMovement)
class StockMovementAdmin(ReadOnly, admin.ModelAdmin["StockMovement"]):
    list_display = ["moved_at", "level", "kind", "quantity", "cause", "actor"]
    list_filter = ["kind"]
    list_select_related = ["level"]
    search_fields = ["cause"]
    show_full_result_count = False


@admin.register(Reservation)
class ReservationAdmin(ReadOnly, admin.ModelAdmin["Reservation"]):
    list_display = ["owner", "level", "quantity", "status", "created_at"]
    list_filter = ["status"]
    list_select_related = ["level"]
    search_fields = ["owner"]
    show_full_result_count = False


@admin.register(CountTask)
class CountTaskAdmin(ReadOnly, admin.ModelAdmin["CountTask"]):
    list_display = ["opened_at", "level", "reason", "closed_at"]
    list_select_related = ["level"]


@admin.register(StockAdjustment)
class StockAdjustmentAdmin(ReadOnly, admin.ModelAdmin["StockAdjustment"]):
    list_display = ["adjusted_at", "level", "reason", "on_hand", "unsellable", "note", "actor"]
    list_filter = ["reason"]
    list_select_related = ["level"]
    show_full_result_count = False


class CountLineInline(ReadOnly, admin.TabularInline["CountLine", "Count"]):
    model = CountLine
    fields = ["level_id", "round", "is_planned", "counted", "books", "closed_at"]
    readonly_fields = ["level_id"]


@admin.register(Count)
class CountAdmin(ReadOnly, admin.ModelAdmin["Count"]):
    list_display = ["number", "store", "scope", "status", "planned_by", "planned_at", "closed_by", "closed_at"]
    list_select_related = ["store"]
    list_filter = ["status", "scope"]
    search_fields = ["number__exact"]
    inlines = [CountLineInline]
    show_full_result_count = False


class ShipmentLineInline(ReadOnly, admin.TabularInline["ShipmentLine", "Shipment"]):
    model = ShipmentLine
    fields = ["variant_id", "quantity", "received", "damaged", "written_off"]
    readonly_fields = ["variant_id"]


@admin.register(Shipment)
class ShipmentAdmin(ReadOnly, admin.ModelAdmin["Shipment"]):
    list_display = ["number", "kind", "reference", "from_store", "to_store", "status", "expected_on", "sent_at"]
    list_select_related = ["from_store", "to_store"]
    list_filter = ["kind", "status"]
    search_fields = ["number__exact"]
    inlines = [ShipmentLineInline]
    show_full_result_count = False


class ReceiptLineInline(ReadOnly, admin.TabularInline["ReceiptLine", "Receipt"]):
    model = ReceiptLine
    fields = ["variant_id", "quantity", "damaged"]
    readonly_fields = ["variant_id"]


@admin.register(Receipt)
class ReceiptAdmin(ReadOnly, admin.ModelAdmin["Receipt"]):
    list_display = ["id", "shipment", "status", "is_blind", "opened_by", "opened_at", "booked_at"]
    list_filter = ["status"]
    list_select_related = ["shipment"]
    search_fields = ["shipment__number__exact"]
    inlines = [ReceiptLineInline]
    show_full_result_count = False
