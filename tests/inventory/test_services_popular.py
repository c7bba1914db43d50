"""What is looked for most: counted without anybody's name, shown in one order, forgotten in time."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from inventory import queries, services
from inventory.models import Product, SearchCount
from inventory.queries.popular import MOST_SHOWN
from inventory.views import finding, fragments
from omni.kernel.transactions import entry
from tests.cast import NOON, World
from tests.factories.inventory import VariantFactory

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 16)


@pytest.fixture
def coat(world: World) -> Product:
    """Return a product that the search finds."""
    product = VariantFactory.create(
        product__brand=world.brand, product__name_zh="羊毛大衣", product__name_en="Wool coat"
    )
    with entry():
        services.refresh_listings(now=NOON)
    return product.product


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    fragments.pages.clear()


def count(text: str, times: int = 1, *, language: str = "en", days_ago: int = 0) -> None:
    for _time in range(times):
        with entry():
            services.count_search(text, language=language, now=NOON - timedelta(days=days_ago))


def counts() -> list[tuple[Any, ...]]:
    return list(SearchCount.objects.order_by("on_date", "text").values_list("on_date", "language", "text", "times"))


def popular(language: str = "en") -> list[str]:
    return queries.popular_searches(language, today=TODAY)


def test_count_search_counts_the_words_of_a_day_once_per_search(db: None) -> None:
    count("Wool  COAT")
    count("wool coat!")
    count("羊毛大衣", language="zh-hans")

    assert counts() == [(TODAY, "en", "wool coat", 2), (TODAY, "zh-hans", "羊毛大衣", 1)]


def test_count_search_keeps_nothing_but_words_that_were_looked_for(db: None) -> None:
    count("Иван wool 🧥 coat")
    count("one two three four five six 13800138000")

    assert counts() == [(TODAY, "en", "wool coat", 1)]


def test_popular_searches_come_by_frequency_then_text(coat: Product, world: World) -> None:
    count("wool", 3)
    count("coat", 2, days_ago=6)
    count("coat", 1)
    count("wool coat", 4)

    assert popular() == ["wool coat", "coat", "wool"]


def test_popular_searches_are_frequent_recent_of_this_language_and_find_something(coat: Product) -> None:
    count("coat", 2)
    count("wool", 3, days_ago=7)
    count("大衣", 3, language="zh-hans")
    count("spacesuit", 9)

    assert (popular(), popular("zh-hans")) == ([], ["大衣"])


@pytest.mark.parametrize("number", [3, 30])
def test_popular_searches_take_two_statements_and_are_few(
    coat: Product, django_assert_num_queries: DjangoAssertNumQueries, number: int
) -> None:
    SearchCount.objects.bulk_create(
        SearchCount(on_date=TODAY, language="en", text=f"coat{'-' * place}", times=5) for place in range(number)
    )
    popular()  # a connection prepares its statements once

    with django_assert_num_queries(2):
        assert len(popular()) == min(number, MOST_SHOWN)


def test_prune_searches_forgets_the_old_and_the_rare(db: None) -> None:
    count("wool", 5, days_ago=7)
    count("coat", 2, days_ago=1)
    count("dress", 3, days_ago=1)
    count("skirt", 1)

    with entry():
        assert services.prune_searches(now=NOON) == 2

    assert [row[2] for row in counts()] == ["dress", "skirt"]


def test_search_that_finds_something_is_counted_once_per_look(
    coat: Product, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, dict[str, str]]] = []
    monkeypatch.setattr(finding, "hint", lambda name, **words: told.append((name, words)))
    headers = {"accept-language": "en"}
    for address in ("?q=coat", "?q=coat&sort=price-up", "?q=coat&brand=one", "?q=coatt", "?q=zzzz", "?q=", "?q=?!"):
        client.get(f"/search/{address}", headers=headers)

    assert told == [("inventory.count_search", {"text": "coat", "language": "en"})]


def test_search_without_words_shows_what_is_popular_in_its_language(
    coat: Product, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("omni.kernel.clock.now", lambda: NOON)
    count("wool coat", 3)

    page = client.get("/search/", headers={"accept-language": "en"}).content.decode()
    other = client.get("/search/", headers={"accept-language": "zh-hans"}).content.decode()

    assert '<a class="chip" href="/search/?q=wool+coat">wool coat</a>' in page
    assert "Popular searches" in page
    assert ("热门搜索" in other, "wool coat" in other) == (False, False)
