"""The ledger and the rules to look at; what changes them are services."""

from __future__ import annotations

from django.contrib import admin

from omni.kernel.admin import ReadOnly
from settlement.models import Account, CreditEntry, JournalEntry, JournalLine, RuleVersion


class JournalLineInline(ReadOnly, admin.TabularInline["JournalLine", "JournalEntry"]):
    model = JournalLine
    list_select_related = ["account"]
    fields = ["account", "debit_fen", "credit_fen"]


@admin.register(JournalEntry)
class JournalEntryAdmin(ReadOnly, admin.ModelAdmin["JournalEntry"]):
    list_display = ["cause", "brand_id", "order_id", "business_on", "booked_at"]
    list_filter = ["business_on"]
    search_fields = ["cause"]
    inlines = [JournalLineInline]
    show_full_result_count = False


@admin.register(Account)
class AccountAdmin(ReadOnly, admin.ModelAdmin["Account"]):
    list_display = ["code", "brand_id", "type"]
    list_filter = ["type"]


@admin.register(CreditEntry)
class CreditEntryAdmin(ReadOnly, admin.ModelAdmin["CreditEntry"]):
    list_display = ["recognition_id", "role", "store_id", "guide_id", "share_ppm", "amount_fen", "business_on"]
    list_filter = ["role", "case", "business_on"]
    show_full_result_count = False


@admin.register(RuleVersion)
class RuleVersionAdmin(ReadOnly, admin.ModelAdmin["RuleVersion"]):
    list_display = ["kind", "brand_id", "valid", "drafted_by", "approved_by", "approved_at"]
    list_filter = ["kind"]
