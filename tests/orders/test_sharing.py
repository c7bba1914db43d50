"""Links that guides share: what is bought through one is their sale."""

import time
from datetime import datetime

import pytest
import time_machine
from django.test import Client
from pytest_django import Settings

from omni.kernel import clock
from orders import queries, services
from orders.models import Order, OrderLine
from orders.queries import GuideLink
from settlement.models import CreditEntry
from stores.models import Staff
from tests.cast import World
from tests.factories.inventory import CollectionFactory
from tests.factories.returns import delivered_order
from tests.factories.stores import GuideFactory
from tests.orders.shopper import page, shopper_in_jingan
from tests.orders.test_shop_views import fill, send
from tests.orders.wechat import Provider

pytestmark = pytest.mark.django_db
BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture(autouse=True)
def _merchant(settings: Settings) -> None:
    settings.WECHAT_PAY = Provider().settings
    settings.OUTBOX_HINTS = False


@pytest.fixture(autouse=True)
def _at_noon(monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    monkeypatch.setattr(clock, "now", lambda: now)


@pytest.fixture
def shopper(world: World) -> Client:
    return shopper_in_jingan()


def link_of(guide: Staff, kind: str = "product", code: str = "SHIRT") -> str:
    return f"/g/{queries.sign_guide_link(GuideLink(guide.pk, kind, code))}/"


def buy(shopper: Client) -> OrderLine:
    """Order a shirt on the web."""
    fill(shopper, "SHIRT-S")
    status, _leads_to, text = send(shopper)
    assert status == 302, text
    return OrderLine.objects.get(order=Order.objects.latest("pk"))


def test_order_of_who_followed_a_link_is_the_guide_s_sale(world: World, shopper: Client, guide_a: Staff) -> None:
    assert shopper.get(link_of(guide_a))["Location"] == "/products/one/SHIRT/"

    line = buy(shopper)

    assert (line.selling_store_id, line.guide, line.guide_evidence) == (
        guide_a.store_id,
        guide_a,
        "link:product:SHIRT",
    )
    assert line.order.channel == "web"


def test_sale_through_a_link_is_credited_to_the_guide_and_the_store_that_ships(world: World, guide_a: Staff) -> None:
    assert guide_a.store_id is not None
    selling = services.Selling(guide_a.store_id, guide_a.pk, "link:product:SHIRT")
    delivered_order(world, ("S", 1), selling=selling)

    credit = CreditEntry.objects.order_by("pk").values_list("case", "role", "guide", "amount_fen")
    assert list(credit) == [
        ("online_guide", "selling", guide_a.pk, 29940),
        ("online_guide", "fulfilling", None, 14970),
        ("online_guide", "channel", None, 4990),
    ]


def test_checkout_names_the_guide_until_the_link_is_a_week_old(shopper: Client, guide_a: Staff) -> None:
    fill(shopper, "SHIRT-S")
    assert "Recommended by" not in page(shopper, "/checkout/one/")
    shopper.get(link_of(guide_a))
    assert f"Recommended by {guide_a.display_name}, Store A." in page(shopper, "/checkout/one/")

    with time_machine.travel(time.time() + 8 * 24 * 3600):
        assert "Recommended by" not in page(shopper, "/checkout/one/")
        assert buy(shopper).guide is None


def test_last_link_counts(shopper: Client, guide_a: Staff) -> None:
    other = GuideFactory.create(store=guide_a.store)
    shopper.get(link_of(guide_a))
    shopper.get(link_of(other))

    assert buy(shopper).guide == other


def test_link_of_another_brand_s_guide_counts_nothing_here(world: World, shopper: Client) -> None:
    shopper.get(link_of(GuideFactory.create(store=world.other_store)))

    assert buy(shopper).guide is None


def test_link_of_a_guide_who_left_is_not_found_and_counts_no_more(shopper: Client, guide_a: Staff) -> None:
    link = link_of(guide_a)
    shopper.get(link)
    Staff.objects.update(is_active=False)

    assert buy(shopper).guide is None
    page(shopper, link, 404)


@pytest.mark.parametrize("token", ["x", "1.product.SHIRT", "1.product.SHIRT:forged", "%00"])
def test_link_that_was_not_signed_here_is_not_found(world: World, shopper: Client, token: str) -> None:
    for address in (f"/g/{token}/", f"/g/{token}/code.svg"):
        answer = shopper.get(address)
        assert (answer.status_code, answer.cookies.get("guide-one")) == (404, None)


def test_link_to_a_collection_opens_it(world: World, shopper: Client, guide_a: Staff) -> None:
    CollectionFactory.create(brand=world.brand, code="spring")

    assert shopper.get(link_of(guide_a, "collection", "spring"))["Location"] == "/collections/one/spring/"


def test_desk_makes_links_in_the_name_of_who_stands_there(world: World, client: Client, guide_a: Staff) -> None:
    world.product.collection = CollectionFactory.create(brand=world.brand, code="spring")
    world.product.save(update_fields=["collection"])
    client.force_login(guide_a.user, backend=BACKEND)
    client.cookies["django_language"] = "en"
    for text in ("SHIRT-S", "SHIRT"):
        made = page(client, f"/desk/stores/{guide_a.store_id}/share/?q={text}")
        assert link_of(guide_a) in made
        assert link_of(guide_a, "collection", "spring") in made
    drawing = client.get(f"{link_of(guide_a)}code.svg")
    assert (drawing["Content-Type"], b"<svg" in drawing.content) == ("image/svg+xml", True)
    assert "Nothing of the brand on sale" in page(client, f"/desk/stores/{guide_a.store_id}/share/?q=NOTHING")
