from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from members.choices import PHOTO_TRANSITIONS, TICKET_TRANSITIONS, Fit, PhotoStatus, TicketStatus

STARS = [MinValueValidator(1), MaxValueValidator(5)]


class OrderFeedback(models.Model):
    """What a shopper says of an order as a whole, and of the service. `owner` names it (e.g. "order:7")."""

    brand = models.ForeignKey("stores.Brand", models.PROTECT, related_name="+", verbose_name=_("brand"))
    store = models.ForeignKey(
        "stores.Store", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("store")
    )
    member = models.ForeignKey(
        "members.Member", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("member")
    )
    owner = models.CharField(_("owner"), max_length=40, unique=True)
    order_stars = models.PositiveSmallIntegerField(_("the order (stars)"), validators=STARS)
    service_stars = models.PositiveSmallIntegerField(_("the service (stars)"), validators=STARS)
    text = models.CharField(_("text"), max_length=1000, blank=True)
    created_at = models.DateTimeField(_("created at"))
    updated_at = models.DateTimeField(_("updated at"))
    editable_until = models.DateTimeField(_("may be changed until"))

    class Meta:
        verbose_name = _("feedback on an order")
        verbose_name_plural = _("feedback on orders")
        constraints = [
            models.CheckConstraint(
                condition=Q(order_stars__range=(1, 5), service_stars__range=(1, 5)), name="members_feedback_stars"
            )
        ]

    def __str__(self) -> str:
        return f"{self.owner} {self.order_stars}/{self.service_stars}"


class Review(models.Model):
    """What a buyer says of a garment they bought: one a line. `owner` names the line (e.g. "order_line:9").

    `author` is masked when it is written, so that no page can show more.
    """

    brand = models.ForeignKey("stores.Brand", models.PROTECT, related_name="+", verbose_name=_("brand"))
    product = models.ForeignKey("inventory.Product", models.PROTECT, related_name="+", verbose_name=_("product"))
    variant = models.ForeignKey("inventory.Variant", models.PROTECT, related_name="+", verbose_name=_("variant"))
    member = models.ForeignKey(
        "members.Member", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("member")
    )
    owner = models.CharField(_("owner"), max_length=40, unique=True)
    author = models.CharField(_("author (masked)"), max_length=20)
    stars = models.PositiveSmallIntegerField(_("stars"), validators=STARS)
    fit = models.CharField(_("fit"), max_length=6, choices=Fit.choices, blank=True)
    text = models.CharField(_("text"), max_length=1000, blank=True)
    is_hidden = models.BooleanField(_("hidden"), default=False)
    created_at = models.DateTimeField(_("created at"))
    updated_at = models.DateTimeField(_("updated at"))
    editable_until = models.DateTimeField(_("may be changed until"))

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        constraints = [models.CheckConstraint(condition=Q(stars__range=(1, 5)), name="members_review_stars")]
        indexes = [
            models.Index(fields=["product", "-id"], condition=Q(is_hidden=False), name="members_review_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.owner} {self.stars}"


class ReviewPhoto(models.Model):
    """A picture of a review, written anew without what the camera said of place and time; private until approved.

    One that was refused, or taken back, leaves the storage at `remove_at`; from then on nobody can show it any more.
    """

    TRANSITIONS = PHOTO_TRANSITIONS

    review = models.ForeignKey(Review, models.PROTECT, related_name="photos", verbose_name=_("review"))
    key = models.CharField(_("key"), max_length=40, unique=True)
    width = models.PositiveIntegerField(_("width"))
    height = models.PositiveIntegerField(_("height"))
    status = models.CharField(_("status"), max_length=10, choices=PhotoStatus.choices, default=PhotoStatus.PENDING)
    created_at = models.DateTimeField(_("created at"))
    remove_at = models.DateTimeField(_("to be removed from the storage"), null=True, blank=True)
    removed_at = models.DateTimeField(_("removed from the storage"), null=True, blank=True)

    class Meta:
        verbose_name = _("photo of a review")
        verbose_name_plural = _("photos of reviews")
        indexes = [
            models.Index(fields=["remove_at"], condition=Q(remove_at__isnull=False), name="members_photo_remove"),
            models.Index(fields=["id"], condition=Q(status="pending"), name="members_photo_pending"),
        ]

    def __str__(self) -> str:
        return f"{self.review_id} {self.status}"

    @property
    def path(self) -> str:
        """Return its name in the storage."""
        return f"reviews/{self.key[:2]}/{self.key}.jpg"


class FeedbackTicket(models.Model):
    """A bad word that somebody at headquarters should answer by a time. `cause` is unique: one ticket a word."""

    TRANSITIONS = TICKET_TRANSITIONS

    brand = models.ForeignKey("stores.Brand", models.PROTECT, related_name="+", verbose_name=_("brand"))
    store = models.ForeignKey(
        "stores.Store", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("store")
    )
    cause = models.CharField(_("cause"), max_length=60, unique=True)
    stars = models.PositiveSmallIntegerField(_("stars"))
    status = models.CharField(_("status"), max_length=8, choices=TicketStatus.choices, default=TicketStatus.OPEN)
    opened_at = models.DateTimeField(_("opened at"))
    answer_by = models.DateTimeField(_("to be answered by"))
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)

    class Meta:
        verbose_name = _("bad word")
        verbose_name_plural = _("bad words")

    def __str__(self) -> str:
        return f"{self.cause} {self.status}"
