"""Orders, payments and refunds to look at: what changes them are services. Phones stay sealed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.utils.translation import gettext_lazy as _

from omni.kernel import clock
from omni.kernel.admin import ReadOnly
from omni.kernel.transactions import entry
from orders import services
from orders.choices import RefundStatus
from orders.models import (
    CounterBasket,
    CounterLine,
    DrawerMovement,
    DrawerSession,
    IntentAllocation,
    Invoice,
    InvoiceDocument,
    Order,
    OrderCharge,
    OrderLine,
    PaymentIntent,
    PaymentNotice,
    Recognition,
    Refund,
    Return,
    ReturnLine,
    ReturnPolicy,
    TillSlip,
    TryOn,
)

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


class OrderLineInline(ReadOnly, admin.TabularInline["OrderLine", "Order"]):
    model = OrderLine
    fields = ["sku", "name_zh", "quantity", "cancelled_quantity", "unit_price_fen", "discount_fen", "total_fen"]


class OrderChargeInline(ReadOnly, admin.TabularInline["OrderCharge", "Order"]):
    model = OrderCharge
    fields = ["kind", "amount_fen", "is_cancelled"]


@admin.register(Order)
class OrderAdmin(ReadOnly, admin.ModelAdmin["Order"]):
    list_display = ["number", "brand", "channel", "status", "total_fen", "placed_at", "paid_at", "due_at"]
    list_select_related = ["brand"]
    list_filter = ["status", "channel"]
    search_fields = ["number"]
    exclude = ["contact_phone_sealed", "contact_phone_index"]
    inlines = [OrderLineInline, OrderChargeInline]
    show_full_result_count = False


class IntentAllocationInline(ReadOnly, admin.TabularInline["IntentAllocation", "PaymentIntent"]):
    model = IntentAllocation
    fields = ["order_id", "amount_fen"]
    readonly_fields = ["order_id"]


@admin.register(PaymentIntent)
class PaymentIntentAdmin(ReadOnly, admin.ModelAdmin["PaymentIntent"]):
    list_display = ["out_trade_no", "brand_id", "method", "status", "amount_fen", "refunded_fen", "next_attempt_at"]
    list_filter = ["status", "method"]
    search_fields = ["out_trade_no", "provider_trade_no"]
    inlines = [IntentAllocationInline]
    show_full_result_count = False


@admin.register(PaymentNotice)
class PaymentNoticeAdmin(ReadOnly, admin.ModelAdmin["PaymentNotice"]):
    list_display = ["event_id", "event_type", "intent_id", "outcome", "problem", "received_at"]
    list_filter = ["outcome", "event_type"]
    search_fields = ["event_id"]
    show_full_result_count = False


@admin.register(Refund)
class RefundAdmin(ReadOnly, admin.ModelAdmin["Refund"]):
    list_display = ["out_refund_no", "order_id", "amount_fen", "reason", "status", "attempts", "last_error"]
    list_filter = ["status", "reason"]
    search_fields = ["out_refund_no", "provider_refund_no"]
    actions = ["retry"]
    show_full_result_count = False

    @admin.action(description=_("Send abnormal refunds again"))
    def retry(self, request: HttpRequest, chosen: QuerySet[Refund]) -> None:
        """Send the chosen refunds that are abnormal again, under their numbers."""
        abnormal = chosen.filter(status=RefundStatus.ABNORMAL).order_by("pk").values_list("pk", flat=True)
        with entry():
            for refund_id in list(abnormal):
                services.retry_refund(refund_id, actor=f"user:{request.user.pk}", now=clock.now())
        self.message_user(request, _("They are sent again now."), messages.SUCCESS)


@admin.register(Recognition)
class RecognitionAdmin(ReadOnly, admin.ModelAdmin["Recognition"]):
    list_display = ["cause", "order_id", "fulfilling_store_id", "quantity", "amount_fen", "business_on"]
    list_filter = ["business_on"]
    search_fields = ["cause"]
    show_full_result_count = False


class InvoiceDocumentInline(ReadOnly, admin.TabularInline["InvoiceDocument", "Invoice"]):
    model = InvoiceDocument


@admin.register(Invoice)
class InvoiceAdmin(ReadOnly, admin.ModelAdmin["Invoice"]):
    list_display = ["number", "order_id", "status", "amount_fen", "round", "attempts", "last_error", "requested_at"]
    list_filter = ["status"]
    exclude = ["email_sealed"]
    search_fields = ["number"]
    inlines = [InvoiceDocumentInline]
    show_full_result_count = False


@admin.register(TryOn)
class TryOnAdmin(ReadOnly, admin.ModelAdmin["TryOn"]):
    list_display = ["number", "brand", "store", "status", "starts_at", "due_at", "attempts"]
    list_select_related = ["brand", "store"]
    list_filter = ["status"]
    search_fields = ["number"]
    exclude = ["contact_phone_sealed", "contact_phone_index"]
    show_full_result_count = False


class ReturnLineInline(ReadOnly, admin.TabularInline["ReturnLine", "Return"]):
    model = ReturnLine
    fields = ["order_line_id", "sale_id", "unit", "refund_fen", "condition", "is_live"]
    readonly_fields = ["order_line_id", "sale_id"]


@admin.register(Return)
class ReturnAdmin(ReadOnly, admin.ModelAdmin["Return"]):
    list_display = ["number", "order_id", "kind", "way", "status", "reason", "goods_fen", "requested_at", "due_at"]
    list_filter = ["status", "kind", "way", "reason"]
    search_fields = ["number"]
    inlines = [ReturnLineInline]
    show_full_result_count = False


@admin.register(ReturnPolicy)
class ReturnPolicyAdmin(admin.ModelAdmin["ReturnPolicy"]):
    list_display = ["brand", "days", "fault_days", "arrive_days", "collection_fee_fen"]


class CounterLineInline(ReadOnly, admin.TabularInline["CounterLine", "CounterBasket"]):
    model = CounterLine
    fields = ["kind", "variant_id", "quantity", "manual_mode", "manual_value", "manual_reason", "sale_id", "unit"]
    readonly_fields = ["variant_id", "sale_id"]


@admin.register(CounterBasket)
class CounterBasketAdmin(ReadOnly, admin.ModelAdmin["CounterBasket"]):
    list_display = ["number", "store", "staff", "status", "opened_at", "updated_at", "due_at"]
    list_select_related = ["store", "staff"]
    list_filter = ["status"]
    search_fields = ["number__exact"]
    exclude = ["token", "recipient_phone_sealed"]
    inlines = [CounterLineInline]
    show_full_result_count = False


@admin.register(DrawerSession)
class DrawerSessionAdmin(ReadOnly, admin.ModelAdmin["DrawerSession"]):
    list_display = ["id", "store", "till", "status", "float_fen", "difference_fen", "opened_at", "closed_at"]
    list_select_related = ["store"]
    list_filter = ["status"]
    show_full_result_count = False


@admin.register(DrawerMovement)
class DrawerMovementAdmin(ReadOnly, admin.ModelAdmin["DrawerMovement"]):
    list_display = ["cause", "session_id", "kind", "amount_fen", "reason", "actor", "at"]
    list_filter = ["kind"]
    search_fields = ["cause__exact"]
    show_full_result_count = False


@admin.register(TillSlip)
class TillSlipAdmin(ReadOnly, admin.ModelAdmin["TillSlip"]):
    list_display = ["id", "intent_id", "refund_id", "terminal", "batch", "trace", "receipt_number", "actor"]
    search_fields = ["intent__out_trade_no__exact"]
    show_full_result_count = False
