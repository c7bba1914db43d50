"""What members keep of a person, for a copy of their data."""

from __future__ import annotations

from members.models import (
    ArrivalNotice,
    ConsentChange,
    Coupon,
    FollowUp,
    Member,
    MemberNote,
    OrderFeedback,
    PhoneReveal,
    PointsEntry,
    Review,
    Wish,
)
from members.queries.members import addresses_of
from members.queries.profile import sizes_of_account


def export_person(user_id: int) -> dict[str, list[dict[str, object]]]:
    """Return what is kept of an account's person, by table."""
    sizes = sizes_of_account(user_id)
    memberships = Member.objects.filter(user=user_id).order_by("pk")
    consents = ConsentChange.objects.filter(member__user=user_id).order_by("pk")
    wishes = Wish.objects.filter(user=user_id).order_by("pk")
    return {
        "memberships": [
            dict(row) for row in memberships.values("brand__code", "number", "name", "language", "joined_at")
        ],
        "addresses": [
            {
                "recipient": address.recipient,
                "phone": address.phone,
                "district": address.district_label,
                "street": address.street,
                "is_default": address.is_default,
            }
            for address in addresses_of(user_id)
        ],
        "sizes": [{**sizes}] if sizes else [],
        "consent": [
            dict(row)
            for row in consents.values(
                "member__brand__code", "purpose", "channel", "is_given", "wording", "source", "at"
            )
        ],
        **_export_offers(user_id),
        **_export_words(user_id),
        **_export_care(user_id),
        "wishes": [
            dict(row) for row in wishes.values("product__brand__code", "product__code", "variant__sku", "created_at")
        ],
    }


def _export_offers(user_id: int) -> dict[str, list[dict[str, object]]]:
    """Return a person's coupons, and every change of their points."""
    coupons = Coupon.objects.filter(member__user=user_id).order_by("pk")
    points = PointsEntry.objects.filter(account__member__user=user_id).order_by("pk")
    of_coupons = ("template__brand__code", "template__name_zh", "code", "status", "issued_at", "expires_at", "used_at")
    of_points = ("account__member__brand__code", "kind", "pending", "available", "spent", "owed", "booked_at")
    return {
        "coupons": [dict(row) for row in coupons.values(*of_coupons)],
        "points": [dict(row) for row in points.values(*of_points)],
    }


def _export_words(user_id: int) -> dict[str, list[dict[str, object]]]:
    """Return what a person said of orders and garments, and which sizes they wait for."""
    feedback = OrderFeedback.objects.filter(member__user=user_id).order_by("pk")
    reviews = Review.objects.filter(member__user=user_id).order_by("pk")
    notices = ArrivalNotice.objects.filter(member__user=user_id).order_by("pk")
    of_feedback = ("brand__code", "order_stars", "service_stars", "text", "created_at")
    of_reviews = ("brand__code", "product__code", "author", "stars", "fit", "text", "created_at")
    of_notices = ("brand__code", "variant__sku", "district_id", "status", "created_at", "notified_at")
    return {
        "feedback": [dict(row) for row in feedback.values(*of_feedback)],
        "reviews": [dict(row) for row in reviews.values(*of_reviews)],
        "arrival_notices": [dict(row) for row in notices.values(*of_notices)],
    }


def _export_care(user_id: int) -> dict[str, list[dict[str, object]]]:
    """Return what stores wrote about a person and planned for them, and who looked at their phone number."""
    notes = MemberNote.objects.filter(member__user=user_id).order_by("pk")
    plans = FollowUp.objects.filter(member__user=user_id).order_by("pk")
    reveals = PhoneReveal.objects.filter(member__user=user_id).order_by("pk")
    return {
        "notes": [dict(row) for row in notes.values("member__brand__code", "text", "written_at")],
        "follow_ups": [dict(row) for row in plans.values("member__brand__code", "text", "due_on", "done_at")],
        "phone_reveals": [dict(row) for row in reveals.values("member__brand__code", "reason", "at")],
    }
