"""Members to look up: phones are masked, and found by the whole number only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from members.models import Member
from omni.kernel import sealing
from omni.kernel.admin import ReadOnly
from omni.kernel.errors import InvalidInput

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


@admin.register(Member)
class MemberAdmin(ReadOnly, admin.ModelAdmin["Member"]):
    list_display = ["number", "brand_id", "name", "phone", "home_store_id", "joined_at"]
    fields = ["number", "brand", "name", "phone", "home_store", "language", "joined_at"]
    search_fields = ["number"]
    show_full_result_count = False

    @admin.display(description=_("phone"))
    def phone(self, member: Member) -> str:
        """Show the phone masked."""
        return sealing.mask_phone(sealing.unseal(member.phone_sealed))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Member], search_term: str
    ) -> tuple[QuerySet[Member], bool]:
        """Find a member by the number, or by a whole phone number."""
        try:
            phone = sealing.normalise_phone(search_term)
        except InvalidInput:
            return super().get_search_results(request, queryset, search_term)
        return queryset.filter(phone_index=sealing.blind_index(phone)), False
