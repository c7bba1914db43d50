from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from members import queries
from members.models import Review
from tests.cast import World
from tests.factories.members import SAID_AT

pytestmark = pytest.mark.django_db


def reviews(world: World, *said: tuple[int, str]) -> None:
    before = Review.objects.count()
    Review.objects.bulk_create(
        Review(
            brand=world.brand, product=world.product, variant=world.variants["S"], owner=f"line:{before + number}",
            author="王**", stars=stars, fit=fit, text=f"word {number}", created_at=SAID_AT, updated_at=SAID_AT,
            editable_until=SAID_AT + timedelta(days=30),
        )
        for number, (stars, fit) in enumerate(said, start=1)
    )  # fmt: skip


def test_product_reviews_sum_up_stars_and_fit(world: World) -> None:
    reviews(world, (5, "small"), (4, "small"), (5, "right"), (1, ""))
    with translation.override("en"):
        summary = queries.product_reviews("one", "SHIRT").summary
    assert (summary.count, summary.average) == (4, "3.8")
    assert [(bar.stars, bar.count, bar.percent) for bar in summary.bars] == [
        (5, 2, 50), (4, 1, 25), (3, 0, 0), (2, 0, 0), (1, 1, 25),
    ]  # fmt: skip
    assert summary.told_fit is not None
    assert (summary.told_fit.label, summary.told_fit.percent) == ("Runs small", 67)


def test_product_reviews_leave_out_hidden_ones(world: World) -> None:
    reviews(world, (5, ""), (1, ""))
    Review.objects.filter(stars=1).update(is_hidden=True)
    page = queries.product_reviews("one", "SHIRT")
    assert ([review.stars for review in page.reviews], page.summary.average) == ([5], "5.0")


def test_product_reviews_go_on_where_the_page_ended(world: World) -> None:
    reviews(world, *[(5, "")] * 23)
    first = queries.product_reviews("one", "SHIRT")
    second = queries.product_reviews("one", "SHIRT", before=first.next_id)
    third = queries.product_reviews("one", "SHIRT", before=second.next_id)
    texts = [review.text for page in (first, second, third) for review in page.reviews]
    assert texts == [f"word {number}" for number in range(23, 0, -1)]
    assert third.next_id == 0


@pytest.mark.parametrize("count", [3, 300])
def test_product_reviews_ask_as_often_however_many_there_are(world: World, count: int) -> None:
    reviews(world, *[(4, "right")] * count)
    with CaptureQueriesContext(connection) as asked:
        queries.product_reviews("one", "SHIRT")
    assert len(asked) == 4


def test_reviews_are_a_part_for_htmx_and_a_page_otherwise(world: World, client: Client) -> None:
    reviews(world, *[(5, "small")] * 11)
    address, headers = "/products/one/SHIRT/reviews/", {"accept-language": "en"}
    whole = client.get(address, headers=headers).content.decode()
    part = client.get(address, headers=headers | {"HX-Request": "true"}).content.decode()
    more = client.get(f"{address}?before=9", headers=headers | {"HX-Request": "true"}).content.decode()
    assert ("<!doctype html>" in whole, "<!doctype html>" in part) == (True, False)
    assert "11 reviews" in part
    assert "More reviews" in part
    assert "11 reviews" not in more
    assert client.get("/products/one/NONE/reviews/").status_code == 404
    assert client.get(f"{address}?before=x").status_code == 200
