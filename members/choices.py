"""The words of members."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class AdjustmentKind(models.TextChoices):
    """What takes something off a line, in the order in which they are applied."""

    MEMBER_PRICE = "member_price", _("Member price")
    PROMOTION = "promotion", _("Promotion")
    COUPON = "coupon", _("Coupon")
    POINTS = "points", _("Points")
    MANUAL = "manual", _("Discount at the counter")


class Benefit(models.TextChoices):
    AMOUNT = "amount", _("Amount off")
    PERCENT = "percent", _("Percent off")


class Funder(models.TextChoices):
    """Who bears what an offer takes off."""

    BRAND = "brand", _("Brand")
    STORE = "store", _("Store")
    MALL = "mall", _("Mall")
    PLATFORM = "platform", _("Platform")


class RestorePolicy(models.TextChoices):
    """What becomes of a coupon when its order is cancelled as a whole or expires."""

    RESTORE = "restore", _("Can be used again")
    LAPSE = "lapse", _("Is lost")


class CouponStatus(models.TextChoices):
    ISSUED = "issued", _("Usable")
    USED = "used", pgettext_lazy("coupon", "Used")
    EXPIRED = "expired", pgettext_lazy("coupon", "Expired")
    REVOKED = "revoked", pgettext_lazy("coupon", "Withdrawn")


COUPON_TRANSITIONS: dict[CouponStatus, frozenset[CouponStatus]] = {
    CouponStatus.ISSUED: frozenset({CouponStatus.USED, CouponStatus.EXPIRED, CouponStatus.REVOKED}),
    CouponStatus.USED: frozenset({CouponStatus.ISSUED, CouponStatus.EXPIRED}),
    CouponStatus.EXPIRED: frozenset(),
    CouponStatus.REVOKED: frozenset(),
}


class PointsKind(models.TextChoices):
    EARNED = "earned", _("Earned")
    MATURED = "matured", _("Became available")
    REVERSED = "reversed", _("Taken back for a return")
    SPENT = "spent", _("Spent")
    GIVEN_BACK = "given_back", _("Given back")


class ConsentPurpose(models.TextChoices):
    """What a brand may be allowed to do with what it knows of a member."""

    MARKETING = "marketing", _("News and offers")
    PROFILING = "profiling", _("Personal recommendations")


class ConsentSource(models.TextChoices):
    """Where a member said so."""

    WEB = "web", _("Web shop")
    STORE = "store", _("In a store")
    ERASURE = "erasure", _("Erasure of the account")


class RevealReason(models.TextChoices):
    """Why somebody at a desk looks at a member's whole phone number."""

    ORDER = "order", _("About an order")
    APPOINTMENT = "appointment", _("About an appointment")
    ASKED = "asked", _("The member asked for a call")
    FOUND = "found", _("Something was left in the store")


# Where the session remembers what somebody wished for before they signed in: {"brand", "code", "sku"}.
REMEMBERED_WISH = "wish"


class Fit(models.TextChoices):
    """How a garment turned out beside the size on its label."""

    SMALL = "small", _("Runs small")
    RIGHT = "right", _("True to size")
    LARGE = "large", _("Runs large")


class PhotoStatus(models.TextChoices):
    PENDING = "pending", _("To be looked at")
    APPROVED = "approved", _("Shown")
    REJECTED = "rejected", _("Not shown")


PHOTO_TRANSITIONS: dict[PhotoStatus, frozenset[PhotoStatus]] = {
    PhotoStatus.PENDING: frozenset({PhotoStatus.APPROVED, PhotoStatus.REJECTED}),
    PhotoStatus.APPROVED: frozenset({PhotoStatus.REJECTED}),
    PhotoStatus.REJECTED: frozenset({PhotoStatus.APPROVED}),
}


class TicketStatus(models.TextChoices):
    OPEN = "open", pgettext_lazy("ticket", "Open")
    CLOSED = "closed", pgettext_lazy("ticket", "Answered")


TICKET_TRANSITIONS: dict[TicketStatus, frozenset[TicketStatus]] = {
    TicketStatus.OPEN: frozenset({TicketStatus.CLOSED}),
    TicketStatus.CLOSED: frozenset(),
}


class ArrivalStatus(models.TextChoices):
    WAITING = "waiting", pgettext_lazy("arrival", "Waiting")
    NOTIFIED = "notified", pgettext_lazy("arrival", "Told")
    EXPIRED = "expired", pgettext_lazy("arrival", "Expired")
    STOPPED = "stopped", pgettext_lazy("arrival", "Unsubscribed")


ARRIVAL_TRANSITIONS: dict[ArrivalStatus, frozenset[ArrivalStatus]] = {
    ArrivalStatus.WAITING: frozenset({ArrivalStatus.NOTIFIED, ArrivalStatus.EXPIRED, ArrivalStatus.STOPPED}),
    ArrivalStatus.NOTIFIED: frozenset(),
    ArrivalStatus.EXPIRED: frozenset(),
    ArrivalStatus.STOPPED: frozenset(),
}
