"""Routing rules to set; demands, shares, decisions and deliveries to look at: what changes them are services."""

from __future__ import annotations

from django.contrib import admin

from fulfillment.models import (
    AcceptanceRecord,
    Collection,
    Delivery,
    DeliveryCallback,
    Escalation,
    Fulfillment,
    FulfillmentLine,
    FulfillmentOrder,
    FulfillmentOrderLine,
    Parcel,
    PickupCode,
    PickWave,
    RoutingDecision,
    RoutingRule,
)
from omni.kernel.admin import ReadOnly


@admin.register(RoutingRule)
class RoutingRuleAdmin(admin.ModelAdmin["RoutingRule"]):
    list_display = ["brand_id", "order", "offer_minutes", "max_attempts", "courier_reach_metres", "max_stores"]


class FulfillmentLineInline(ReadOnly, admin.TabularInline["FulfillmentLine", "Fulfillment"]):
    model = FulfillmentLine
    fields = ["variant_id", "quantity", "declared_value_fen"]
    readonly_fields = ["variant_id"]


@admin.register(Fulfillment)
class FulfillmentAdmin(ReadOnly, admin.ModelAdmin["Fulfillment"]):
    list_display = ["id", "brand", "owner", "way", "status", "promised_on", "created_at"]
    list_select_related = ["brand"]
    list_filter = ["status", "way"]
    exclude = ["recipient_phone_sealed"]
    inlines = [FulfillmentLineInline]
    show_full_result_count = False


class FulfillmentOrderLineInline(ReadOnly, admin.TabularInline["FulfillmentOrderLine", "FulfillmentOrder"]):
    model = FulfillmentOrderLine
    fields = ["fulfillment_line_id", "reservation_id", "quantity"]
    readonly_fields = ["fulfillment_line_id", "reservation_id"]


@admin.register(FulfillmentOrder)
class FulfillmentOrderAdmin(ReadOnly, admin.ModelAdmin["FulfillmentOrder"]):
    list_display = ["number", "fulfillment_id", "store", "status", "attempt", "deadline_at", "failures"]
    list_select_related = ["store"]
    list_filter = ["status", "reject_reason"]
    search_fields = ["number"]
    inlines = [FulfillmentOrderLineInline]
    show_full_result_count = False


@admin.register(RoutingDecision)
class RoutingDecisionAdmin(ReadOnly, admin.ModelAdmin["RoutingDecision"]):
    list_display = ["id", "fulfillment_id", "kind", "decided_at"]
    list_filter = ["kind"]
    show_full_result_count = False


@admin.register(AcceptanceRecord)
class AcceptanceRecordAdmin(ReadOnly, admin.ModelAdmin["AcceptanceRecord"]):
    list_display = ["store_id", "offers", "accepted", "counted_at"]


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly, admin.ModelAdmin["Delivery"]):
    list_display = ["external_id", "provider", "state", "attempt", "next_attempt_at", "attempts", "last_error"]
    list_filter = ["state", "provider"]
    search_fields = ["external_id", "provider_id"]
    show_full_result_count = False


@admin.register(Collection)
class CollectionAdmin(ReadOnly, admin.ModelAdmin["Collection"]):
    list_display = ["number", "owner", "store_id", "status", "failure", "created_at", "finished_at"]
    list_filter = ["status", "failure"]
    search_fields = ["number", "owner"]
    exclude = ["sender_phone_sealed", "code_sealed"]
    show_full_result_count = False


@admin.register(DeliveryCallback)
class DeliveryCallbackAdmin(ReadOnly, admin.ModelAdmin["DeliveryCallback"]):
    list_display = ["provider", "message_id", "delivery_id", "outcome", "received_at"]
    list_filter = ["outcome"]
    search_fields = ["message_id"]
    show_full_result_count = False


@admin.register(PickupCode)
class PickupCodeAdmin(ReadOnly, admin.ModelAdmin["PickupCode"]):
    list_display = ["id", "fulfillment_order_id", "purpose", "status", "tries_left", "redeemed_at"]
    list_filter = ["status", "purpose"]
    exclude = ["code_sealed", "code_index"]
    show_full_result_count = False


@admin.register(PickWave)
class PickWaveAdmin(ReadOnly, admin.ModelAdmin["PickWave"]):
    list_display = ["number", "store", "started_by", "started_at"]
    list_select_related = ["store"]
    search_fields = ["number__exact"]
    show_full_result_count = False


@admin.register(Parcel)
class ParcelAdmin(ReadOnly, admin.ModelAdmin["Parcel"]):
    list_display = ["number", "fulfillment_order", "position", "waybill", "packed_by", "packed_at", "loaded_at"]
    list_select_related = ["fulfillment_order"]
    search_fields = ["number__exact"]
    show_full_result_count = False


@admin.register(Escalation)
class EscalationAdmin(ReadOnly, admin.ModelAdmin["Escalation"]):
    list_display = ["id", "fulfillment_order", "store", "status", "raised_at"]
    list_select_related = ["store", "fulfillment_order"]
    list_filter = ["status"]
    show_full_result_count = False
