"""Members to look up: phones are masked, and found by the whole number only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from members import services
from members.choices import TicketStatus
from members.models import (
    ArrivalNotice,
    Coupon,
    CouponTemplate,
    FeedbackTicket,
    Member,
    OfferUse,
    OrderFeedback,
    PointsAccount,
    PointsEntry,
    PointsProgram,
    Promotion,
    Review,
    ReviewPhoto,
    Tier,
)
from omni.kernel import clock, sealing
from omni.kernel.admin import ReadOnly
from omni.kernel.errors import InvalidInput
from omni.kernel.transactions import entry

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
        return sealing.mask_phone(sealing.unseal(member.phone_sealed)) if member.phone_sealed else "—"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Member], search_term: str
    ) -> tuple[QuerySet[Member], bool]:
        """Find a member by the number, or by a whole phone number."""
        try:
            phone = sealing.normalise_phone(search_term)
        except InvalidInput:
            return super().get_search_results(request, queryset, search_term)
        return queryset.filter(phone_index=sealing.blind_index(phone)), False


@admin.register(OrderFeedback)
class OrderFeedbackAdmin(ReadOnly, admin.ModelAdmin["OrderFeedback"]):
    list_display = ["owner", "brand_id", "store_id", "order_stars", "service_stars", "text", "created_at"]
    list_filter = ["order_stars", "service_stars"]
    exclude = ["member"]
    show_full_result_count = False


class ReviewPhotoInline(ReadOnly, admin.TabularInline["ReviewPhoto", "Review"]):
    model = ReviewPhoto
    fields = ["picture", "status", "created_at"]
    readonly_fields = ["picture"]

    @admin.display(description=_("Photo"))
    def picture(self, photo: ReviewPhoto) -> str:
        """Show the photo itself."""
        return picture_of(photo)


@admin.register(Review)
class ReviewAdmin(ReadOnly, admin.ModelAdmin["Review"]):
    list_display = ["id", "product_id", "author", "stars", "fit", "text", "is_hidden", "created_at"]
    list_filter = ["stars", "is_hidden"]
    exclude = ["member"]
    inlines = [ReviewPhotoInline]
    actions = ["hide", "show"]
    show_full_result_count = False

    @admin.action(description=_("Take off the product's page"))
    def hide(self, request: HttpRequest, chosen: QuerySet[Review]) -> None:
        """Hide reviews."""
        with entry():
            count = services.hide_reviews(list(chosen.values_list("pk", flat=True)))
        self.message_user(request, _("%(count)s changed.") % {"count": count}, messages.SUCCESS)

    @admin.action(description=_("Put on the product's page again"))
    def show(self, request: HttpRequest, chosen: QuerySet[Review]) -> None:
        """Show hidden reviews."""
        with entry():
            count = services.show_reviews(list(chosen.values_list("pk", flat=True)))
        self.message_user(request, _("%(count)s changed.") % {"count": count}, messages.SUCCESS)


@admin.register(ReviewPhoto)
class ReviewPhotoAdmin(ReadOnly, admin.ModelAdmin["ReviewPhoto"]):
    list_display = ["id", "picture", "review_id", "status", "created_at"]
    fields = ["picture", "review", "status", "width", "height", "created_at"]
    readonly_fields = ["picture"]
    list_filter = ["status"]
    actions = ["approve", "reject"]
    show_full_result_count = False

    @admin.display(description=_("Photo"))
    def picture(self, photo: ReviewPhoto) -> str:
        """Show the photo itself."""
        return picture_of(photo)

    @admin.action(description=_("Show these photos to everybody"))
    def approve(self, request: HttpRequest, chosen: QuerySet[ReviewPhoto]) -> None:
        """Let everybody see photos."""
        self._judge(request, chosen, is_shown=True)

    @admin.action(description=_("Show these photos to nobody"))
    def reject(self, request: HttpRequest, chosen: QuerySet[ReviewPhoto]) -> None:
        """Let nobody see photos."""
        self._judge(request, chosen, is_shown=False)

    def _judge(self, request: HttpRequest, chosen: QuerySet[ReviewPhoto], *, is_shown: bool) -> None:
        ids = list(chosen.values_list("pk", flat=True))
        with entry():
            count = services.judge_photos(ids, is_shown=is_shown, actor=f"user:{request.user.pk}", now=clock.now())
        self.message_user(request, _("%(count)s changed.") % {"count": count}, messages.SUCCESS)


@admin.register(FeedbackTicket)
class FeedbackTicketAdmin(ReadOnly, admin.ModelAdmin["FeedbackTicket"]):
    list_display = ["cause", "brand_id", "store_id", "stars", "status", "opened_at", "answer_by", "closed_at"]
    list_filter = ["status"]
    actions = ["close"]
    show_full_result_count = False

    @admin.action(description=_("Somebody has answered"))
    def close(self, request: HttpRequest, chosen: QuerySet[FeedbackTicket]) -> None:
        """Write that bad words were answered."""
        open_ids = list(chosen.filter(status=TicketStatus.OPEN).values_list("pk", flat=True))
        with entry():
            for ticket_id in open_ids:
                services.close_ticket(ticket_id, actor=f"user:{request.user.pk}", now=clock.now())
        self.message_user(request, _("%(count)s changed.") % {"count": len(open_ids)}, messages.SUCCESS)


@admin.register(ArrivalNotice)
class ArrivalNoticeAdmin(ReadOnly, admin.ModelAdmin["ArrivalNotice"]):
    list_display = ["id", "brand_id", "variant_id", "district_id", "status", "created_at", "notified_at"]
    fields = ["brand", "variant", "district", "status", "created_at", "expires_at", "due_at", "notified_at"]
    list_filter = ["status"]
    show_full_result_count = False


def picture_of(photo: ReviewPhoto) -> str:
    """Return the photo as the admin shows it."""
    return format_html('<img src="{}" width="160" alt="">', reverse("members:review-photo", args=[photo.key]))


@admin.register(Promotion)
class PromotionAdmin(ReadOnly, admin.ModelAdmin["Promotion"]):
    """To look at: headquarters writes them on its own page, which knows their rules."""

    list_display = ["name_zh", "brand_id", "benefit", "valid", "is_running", "used_count", "total_limit"]
    list_filter = ["is_running", "benefit"]
    search_fields = ["name_zh", "name_en"]


@admin.register(CouponTemplate)
class CouponTemplateAdmin(ReadOnly, admin.ModelAdmin["CouponTemplate"]):
    """To look at: headquarters writes them on its own page, which knows their rules."""

    list_display = ["name_zh", "brand_id", "benefit", "valid", "is_running", "issued_count", "total_limit"]
    list_filter = ["is_running", "is_claimable", "is_welcome"]
    search_fields = ["name_zh", "name_en", "public_code"]


@admin.register(Coupon)
class CouponAdmin(ReadOnly, admin.ModelAdmin["Coupon"]):
    list_display = ["code", "template", "member", "status", "issued_at", "expires_at", "used_at"]
    list_filter = ["status"]
    list_select_related = ["template", "member"]
    search_fields = ["code"]
    show_full_result_count = False


@admin.register(OfferUse)
class OfferUseAdmin(ReadOnly, admin.ModelAdmin["OfferUse"]):
    list_display = ["owner", "promotion", "coupon", "points", "amount_fen", "used_at", "given_back_at"]
    list_select_related = ["promotion", "coupon"]
    search_fields = ["owner"]
    show_full_result_count = False


@admin.register(PointsProgram)
class PointsProgramAdmin(admin.ModelAdmin["PointsProgram"]):
    list_display = ["brand_id", "fen_per_point", "point_value_fen", "most_share_ppm"]
    raw_id_fields = ["brand"]


@admin.register(Tier)
class TierAdmin(admin.ModelAdmin["Tier"]):
    list_display = ["brand_id", "code", "name_zh", "name_en", "threshold_fen", "earn_ppm"]
    raw_id_fields = ["brand"]


@admin.register(PointsAccount)
class PointsAccountAdmin(ReadOnly, admin.ModelAdmin["PointsAccount"]):
    list_display = ["member", "pending", "available", "spent", "owed"]
    list_select_related = ["member"]
    search_fields = ["member__number"]
    show_full_result_count = False


@admin.register(PointsEntry)
class PointsEntryAdmin(ReadOnly, admin.ModelAdmin["PointsEntry"]):
    list_display = ["booked_at", "account", "kind", "cause", "pending", "available", "spent", "owed", "spend_fen"]
    list_filter = ["kind"]
    list_select_related = ["account"]
    search_fields = ["cause", "account__member__number"]
    show_full_result_count = False
