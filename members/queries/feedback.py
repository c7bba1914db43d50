"""Reads of what shoppers say: the reviews of a product, and one's own words to change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Prefetch

from inventory import queries as inventory_queries
from members.choices import Fit, PhotoStatus
from members.models import OrderFeedback, Review, ReviewPhoto
from omni.kernel import bilingual
from omni.kernel.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

REVIEWS_A_PAGE = 10


@dataclass(frozen=True, slots=True)
class Bar:
    """How many reviews gave so many stars, and their part of all in per cent."""

    stars: int
    count: int
    percent: int


@dataclass(frozen=True, slots=True)
class FitPart:
    """How many say that it turns out so, in per cent of those who say anything of it."""

    fit: str
    label: str
    percent: int


@dataclass(frozen=True, slots=True)
class ReviewSummary:
    """All reviews of a product together; `tenths` is the average in tenths of a star, 0 without reviews."""

    count: int
    tenths: int
    bars: tuple[Bar, ...]
    fits: tuple[FitPart, ...]

    @property
    def average(self) -> str:
        """Return the average with one decimal."""
        return f"{self.tenths // 10}.{self.tenths % 10}"

    @property
    def told_fit(self) -> FitPart | None:
        """Return what a shopper should know of the fit: the most frequent word, when anybody said one."""
        return max(self.fits, key=lambda part: part.percent, default=None)


@dataclass(frozen=True, slots=True)
class ReviewView:
    id: int
    author: str
    stars: int
    fit_label: str
    text: str
    color: str
    size: str
    created_at: datetime
    photos: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """The newest reviews; `next_id` continues the list, 0 at its end."""

    product_name: str
    summary: ReviewSummary
    reviews: tuple[ReviewView, ...]
    next_id: int


@dataclass(frozen=True, slots=True)
class OwnPhoto:
    id: int
    key: str
    status_label: str


@dataclass(frozen=True, slots=True)
class OwnReview:
    """What a shopper said of a line."""

    stars: int
    fit: str
    text: str
    photos: tuple[OwnPhoto, ...]


def product_reviews(brand_code: str, code: str, *, before: int = 0) -> ReviewPage:
    """Return a page of a product's reviews, the newest first; a fixed number of statements.

    :raises NotFound: there is no such product on sale.
    """
    found = inventory_queries.find_product(brand_code, code)
    if found is None:
        raise NotFound
    shown = Review.objects.filter(product=found.pk, is_hidden=False)
    newest = shown.filter(pk__lt=before) if before else shown
    approved = Prefetch("photos", ReviewPhoto.objects.filter(status=PhotoStatus.APPROVED).order_by("pk"))
    rows = list(newest.select_related("variant").prefetch_related(approved).order_by("-pk")[: REVIEWS_A_PAGE + 1])
    return ReviewPage(
        product_name=bilingual.name_of(found),
        summary=_summary(found.pk),
        reviews=tuple(_view(row) for row in rows[:REVIEWS_A_PAGE]),
        next_id=rows[REVIEWS_A_PAGE - 1].pk if len(rows) > REVIEWS_A_PAGE else 0,
    )


def find_feedback(owner: str) -> OrderFeedback | None:
    """Return what was said of an order, if anything was."""
    return OrderFeedback.objects.filter(owner=owner).first()


def own_reviews(owners: Collection[str]) -> dict[str, OwnReview]:
    """Return what was said of lines, by their owner's name."""
    return {
        row.owner: OwnReview(
            stars=row.stars,
            fit=row.fit,
            text=row.text,
            photos=tuple(
                OwnPhoto(photo.pk, photo.key, str(PhotoStatus(photo.status).label))
                for photo in row.photos.all()
                if photo.status != PhotoStatus.REJECTED
            ),
        )
        for row in Review.objects.filter(owner__in=owners).prefetch_related("photos")
    }


def get_shown_photo(key: str) -> ReviewPhoto:
    """Return a photo that everybody may see.

    :raises NotFound: when there is none.
    """
    photo = ReviewPhoto.objects.filter(key=key, status=PhotoStatus.APPROVED, review__is_hidden=False).first()
    if photo is None:
        raise NotFound
    return photo


def get_own_photo(key: str, owners: Collection[str]) -> ReviewPhoto:
    """Return a photo of one of these lines that its author did not take back, looked at or not.

    :raises NotFound: when there is none.
    """
    mine = ReviewPhoto.objects.filter(key=key, review__owner__in=owners).exclude(status=PhotoStatus.REJECTED)
    photo = mine.first()
    if photo is None:
        raise NotFound
    return photo


def _summary(product_id: int) -> ReviewSummary:
    """Count a product's reviews by stars and by fit; one statement."""
    rows = (
        Review.objects.filter(product=product_id, is_hidden=False)
        .values_list("stars", "fit")
        .annotate(reviews=Count("pk"))
        .order_by()
    )
    by_stars, by_fit = dict.fromkeys(range(5, 0, -1), 0), dict.fromkeys(Fit.values, 0)
    for stars, fit, reviews in rows:
        by_stars[stars] += reviews
        if fit:
            by_fit[fit] += reviews
    count, said = sum(by_stars.values()), sum(by_fit.values())
    total = sum(stars * reviews for stars, reviews in by_stars.items())
    return ReviewSummary(
        count=count,
        tenths=(total * 10 + count // 2) // count if count else 0,
        bars=tuple(Bar(stars, reviews, _percent(reviews, count)) for stars, reviews in by_stars.items()),
        fits=tuple(FitPart(fit, str(Fit(fit).label), _percent(reviews, said)) for fit, reviews in by_fit.items())
        if said
        else (),
    )


def _percent(part: int, whole: int) -> int:
    return (part * 100 + whole // 2) // whole if whole else 0


def _view(row: Review) -> ReviewView:
    return ReviewView(
        id=row.pk,
        author=row.author,
        stars=row.stars,
        fit_label=str(Fit(row.fit).label) if row.fit else "",
        text=row.text,
        color=bilingual.pick(row.variant.color_zh, row.variant.color_en),
        size=row.variant.size,
        created_at=row.created_at,
        photos=tuple(photo.key for photo in row.photos.all()),
    )
