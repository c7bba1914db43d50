import io
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.utils import translation
from PIL import Image

from members import queries, services
from members.models import FeedbackTicket, OrderFeedback, Review, ReviewPhoto
from members.rules.photos import LONGEST_SIDE, InvalidPhoto, clean_photo
from omni.kernel.errors import NotFound
from omni.kernel.transactions import entry
from orders.models import Order
from tests.cast import World
from tests.factories.members import SAID_AT, picture, review_photo, said_of
from tests.factories.orders import placed_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(world: World) -> Order:
    return placed_order(world)


def give(order: Order, **changes: object) -> None:
    with entry():
        services.give_feedback(said_of(order, **changes), now=SAID_AT)  # type: ignore[arg-type]  # fields of it


def test_clean_photo_turns_shrinks_and_forgets_where_it_was_taken() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x8825] = {1: "N", 2: (31.0, 13.0, 0.0)}  # where
    clean = clean_photo(picture(4000, 2000, exif=exif))
    assert (clean.width, clean.height) == (LONGEST_SIDE // 2, LONGEST_SIDE)
    with Image.open(io.BytesIO(clean.content)) as drawn:
        assert (drawn.format, dict(drawn.getexif())) == ("JPEG", {})


@pytest.mark.parametrize(
    "raw", [b"", b"<svg/>", b"GIF89a" + b"0" * 40, picture()[:200], picture(image_format="BMP"), b"0" * 9_000_000]
)
def test_clean_photo_refuses_what_is_no_photo(raw: bytes) -> None:
    with pytest.raises(InvalidPhoto) as refusal:
        clean_photo(raw, field="photos_1")
    assert refusal.value.field == "photos_1"


def test_clean_photo_refuses_a_bomb_before_it_is_unpacked() -> None:
    with translation.override("en"), pytest.raises(InvalidPhoto, match="megapixels"):
        clean_photo(picture(8000, 6000, "PNG"))


def test_give_feedback_writes_order_service_and_line_once(order: Order) -> None:
    give(order)
    give(order, stars=3, text="later", order_stars=4)
    feedback, review = OrderFeedback.objects.get(), Review.objects.get()
    assert (feedback.order_stars, feedback.service_stars, feedback.text) == (4, 5, "later")
    assert (review.stars, review.fit, review.author, review.text) == (3, "small", "王**", "料子很舒服")
    assert FeedbackTicket.objects.count() == 0


def test_give_feedback_after_thirty_days_changes_nothing(order: Order) -> None:
    give(order)
    with pytest.raises(services.FeedbackClosed), entry():
        services.give_feedback(said_of(order, stars=1), now=SAID_AT + timedelta(days=30))
    assert Review.objects.get().stars == 5


def test_give_feedback_with_a_fifth_photo_keeps_none_of_it(order: Order) -> None:
    photos = [services.drive_photo(picture()) for _number in range(5)]
    with pytest.raises(services.TooManyPhotos) as refusal, entry():
        services.give_feedback(said_of(order, *photos), now=SAID_AT)
    assert refusal.value.field == f"photos_{order.lines.get().pk}"
    assert (Review.objects.count(), ReviewPhoto.objects.count()) == (0, 0)
    services.drive_photos_away(photos)
    assert not any(default_storage.exists(photo.path) for photo in photos)


def test_bad_word_opens_one_ticket(order: Order) -> None:
    give(order, stars=2)
    give(order, stars=1)
    ticket = FeedbackTicket.objects.get()
    assert (ticket.cause, ticket.stars, ticket.status) == (f"review:{Review.objects.get().pk}", 2, "open")
    assert ticket.answer_by == SAID_AT + timedelta(hours=2)


def test_photo_is_private_until_somebody_looked_at_it(order: Order) -> None:
    photo = review_photo(order, is_shown=False)
    owner = photo.review.owner
    with pytest.raises(NotFound):
        queries.get_shown_photo(photo.key)
    assert queries.get_own_photo(photo.key, [owner]).pk == photo.pk
    with pytest.raises(NotFound):
        queries.get_own_photo(photo.key, ["order_line:0"])
    with entry():
        assert services.judge_photos([photo.pk], is_shown=True, actor="user:1", now=SAID_AT) == 1
    assert queries.get_shown_photo(photo.key).pk == photo.pk
    with entry():
        services.hide_reviews([photo.review_id])
    with pytest.raises(NotFound):
        queries.get_shown_photo(photo.key)


def test_refused_photo_leaves_the_storage_after_a_month_and_is_never_shown_again(order: Order) -> None:
    photo = review_photo(order, is_shown=True)
    with entry():
        services.judge_photos([photo.pk], is_shown=False, actor="user:1", now=SAID_AT)
    services.drive_due_rows(now=SAID_AT + timedelta(days=29))
    assert default_storage.exists(photo.path)

    services.drive_due_rows(now=SAID_AT + timedelta(days=31))

    assert not default_storage.exists(photo.path)
    with entry():
        assert services.judge_photos([photo.pk], is_shown=True, actor="user:1", now=SAID_AT) == 0


def test_refused_photo_that_is_shown_after_all_stays(order: Order) -> None:
    photo = review_photo(order, is_shown=True)
    for is_shown in (False, True):
        with entry():
            services.judge_photos([photo.pk], is_shown=is_shown, actor="user:1", now=SAID_AT)

    services.drive_due_rows(now=SAID_AT + timedelta(days=31))

    assert default_storage.exists(photo.path)
    services.drive_photos_away([services.StoredPhoto(photo.key, photo.width, photo.height)])
