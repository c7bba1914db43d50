"""What shoppers say after delivery: of the order, the service, and each garment, with photos; and who looks at it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.translation import gettext_lazy as _

from members.choices import PhotoStatus, TicketStatus
from members.models import FeedbackTicket, OrderFeedback, Review, ReviewPhoto
from members.rules import photos as photo_rules
from omni.kernel.errors import Conflict, InvalidInput
from omni.kernel.states import transition
from omni.kernel.transactions import drive, entry, step

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

EDITABLE = timedelta(days=30)
MOST_PHOTOS = 4
MAX_TEXT = 1000
# How long a refused photo stays in the storage.
REFUSED_KEPT = timedelta(days=30)
# So few stars are a word that somebody answers, within two hours.
BAD_STARS = 2
ANSWER_WITHIN = timedelta(hours=2)


class FeedbackClosed(Conflict):
    """It was given too long ago to be changed."""

    code = "feedback_closed"


class TooManyPhotos(InvalidInput):
    """A review has room for four."""

    code = "too_many_photos"


@dataclass(frozen=True, slots=True)
class StoredPhoto:
    """A picture that lies in the storage, and belongs to no review yet."""

    key: str
    width: int
    height: int

    @property
    def path(self) -> str:
        """Return its name in the storage."""
        return ReviewPhoto(key=self.key).path


@dataclass(frozen=True, slots=True)
class NewReview:
    """What is said of one line; `removed` are ids of its photos that go."""

    owner: str
    product_id: int
    variant_id: int
    stars: int
    fit: str = ""
    text: str = ""
    photos: tuple[StoredPhoto, ...] = ()
    removed: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class NewFeedback:
    """What is said of an order; lines without stars are not among the reviews."""

    owner: str
    brand_id: int
    store_id: int | None
    member_id: int | None
    author: str
    order_stars: int
    service_stars: int
    text: str
    reviews: tuple[NewReview, ...]


@drive
def drive_photo(raw: bytes, *, field: str = "photos") -> StoredPhoto:
    """Draw a picture anew and put it into the storage, where nobody sees it until its review is written.

    :raises InvalidPhoto: it is no picture we take.
    """
    clean = photo_rules.clean_photo(raw, field=field)
    photo = StoredPhoto(secrets.token_hex(16), clean.width, clean.height)
    default_storage.save(photo.path, ContentFile(clean.content))
    return photo


@drive
def drive_photos_away(photos: Sequence[StoredPhoto]) -> None:
    """Delete pictures that no review took."""
    for photo in photos:
        default_storage.delete(photo.path)


@step
def give_feedback(feedback: NewFeedback, *, now: datetime) -> int:
    """Write what a shopper says of an order, or write it anew within thirty days; return the feedback's id.

    A bad word opens a ticket, once.

    :raises FeedbackClosed: it is older than that.
    :raises TooManyPhotos: more than four of one garment; `field` names the line's photos.
    """
    row, is_new = OrderFeedback.objects.get_or_create(
        owner=feedback.owner,
        defaults={
            "brand_id": feedback.brand_id,
            "store_id": feedback.store_id,
            "member_id": feedback.member_id,
            "order_stars": feedback.order_stars,
            "service_stars": feedback.service_stars,
            "text": _text(feedback.text),
            "created_at": now,
            "updated_at": now,
            "editable_until": now + EDITABLE,
        },
    )
    if not is_new:
        _check_open(row.editable_until, now)
        OrderFeedback.objects.filter(pk=row.pk).update(
            order_stars=feedback.order_stars,
            service_stars=feedback.service_stars,
            text=_text(feedback.text),
            updated_at=now,
        )
    worst = min(feedback.order_stars, feedback.service_stars)
    _open_ticket(feedback, f"order_feedback:{row.pk}", worst, now)
    for review in feedback.reviews:
        _write_review(feedback, review, now)
    return row.pk


@step
def judge_photos(photo_ids: Collection[int], *, is_shown: bool, actor: str, now: datetime) -> int:
    """Show photos of reviews to everybody, or to nobody; return how many changed.

    One that is refused leaves the storage a month later; until then somebody may think again.
    """
    wanted = PhotoStatus.APPROVED if is_shown else PhotoStatus.REJECTED
    photos = ReviewPhoto.objects.filter(pk__in=photo_ids, removed_at=None).exclude(status=wanted).order_by("pk")
    for photo in photos:
        transition(photo, to=wanted, actor=actor, now=now)
        ReviewPhoto.objects.filter(pk=photo.pk).update(remove_at=None if is_shown else now + REFUSED_KEPT)
    return len(photos)


@drive
def drive_refused_photos(limit: int, *, now: datetime) -> int:
    """Delete from the storage what is to be removed by now; return how many. Deleting twice does no harm."""
    due = ReviewPhoto.objects.filter(remove_at__lte=now).order_by("remove_at", "pk")[:limit]
    for photo in due:
        default_storage.delete(photo.path)
        with entry():
            ReviewPhoto.objects.filter(pk=photo.pk).update(remove_at=None, removed_at=now)
    return len(due)


@step
def hide_reviews(review_ids: Collection[int]) -> int:
    """Take reviews off the product's page; return how many changed."""
    return Review.objects.filter(pk__in=review_ids, is_hidden=False).update(is_hidden=True)


@step
def show_reviews(review_ids: Collection[int]) -> int:
    """Put hidden reviews on the product's page again; return how many changed."""
    return Review.objects.filter(pk__in=review_ids, is_hidden=True).update(is_hidden=False)


@step
def close_ticket(ticket_id: int, *, actor: str, now: datetime) -> None:
    """Write that somebody answered a bad word.

    :raises StateConflict: somebody has already.
    """
    ticket = FeedbackTicket.objects.get(pk=ticket_id)
    transition(ticket, to=TicketStatus.CLOSED, actor=actor, now=now)
    FeedbackTicket.objects.filter(pk=ticket_id).update(closed_at=now)


def _write_review(feedback: NewFeedback, new: NewReview, now: datetime) -> None:
    said = {"stars": new.stars, "fit": new.fit, "text": _text(new.text), "updated_at": now}
    review, is_new = Review.objects.get_or_create(
        owner=new.owner,
        defaults={
            "brand_id": feedback.brand_id,
            "member_id": feedback.member_id,
            "product_id": new.product_id,
            "variant_id": new.variant_id,
            "author": masked_name(feedback.author),
            "created_at": now,
            "editable_until": now + EDITABLE,
            **said,
        },
    )
    if not is_new:
        _check_open(review.editable_until, now)
        Review.objects.filter(pk=review.pk).update(**said)
    # A photo that its owner takes back stays where nobody sees it, as one that was refused.
    for photo in review.photos.filter(pk__in=new.removed).exclude(status=PhotoStatus.REJECTED):
        transition(photo, to=PhotoStatus.REJECTED, actor="author", now=now)
        ReviewPhoto.objects.filter(pk=photo.pk).update(remove_at=now)
    kept = review.photos.exclude(status=PhotoStatus.REJECTED).count()
    if kept + len(new.photos) > MOST_PHOTOS:
        line = new.owner.rpartition(":")[2]
        raise TooManyPhotos(_("A garment has room for four photos."), field=f"photos_{line}")
    ReviewPhoto.objects.bulk_create(
        ReviewPhoto(review=review, key=photo.key, width=photo.width, height=photo.height, created_at=now)
        for photo in new.photos
    )
    _open_ticket(feedback, f"review:{review.pk}", new.stars, now)


def _open_ticket(feedback: NewFeedback, cause: str, stars: int, now: datetime) -> None:
    if stars > BAD_STARS:
        return
    FeedbackTicket.objects.get_or_create(
        cause=cause,
        defaults={
            "brand_id": feedback.brand_id,
            "store_id": feedback.store_id,
            "stars": stars,
            "opened_at": now,
            "answer_by": now + ANSWER_WITHIN,
        },
    )


def masked_name(name: str) -> str:
    """Return a name as strangers see it: its first character alone."""
    first = name.strip()[:1]
    return f"{first}**" if first else "**"


def _check_open(until: datetime, now: datetime) -> None:
    if now >= until:
        raise FeedbackClosed(_("This was said too long ago to be changed."))


def _text(text: str) -> str:
    return text.replace("\0", "").strip()[:MAX_TEXT]
