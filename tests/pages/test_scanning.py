"""What a scanned text leads to at the desk: the row it names, of this store or brand, and nothing else."""

from datetime import datetime

import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse

from fulfillment import queries as fulfillment_queries
from fulfillment.choices import PickupCodePurpose, Way
from fulfillment.services import handover
from inventory.models import Variant
from members import queries as members_queries
from members.models import Member
from omni.kernel import clock
from orders.models import Order, Return
from stores.choices import Role
from stores.models import Staff
from stores.permissions import Actor, Grant
from tests.cast import World
from tests.factories.accounts import ShopperUserFactory
from tests.factories.fulfillment import accept_and_pack, code_of, offer_share
from tests.factories.members import MemberFactory
from tests.factories.orders import carried_order, move_share, placed_order, shares_of
from tests.factories.returns import agreed_return
from tests.factories.try_ons import prepared, share_of
from tests.orders.wechat import Provider

pytestmark = pytest.mark.django_db

BACKEND = "django.contrib.auth.backends.ModelBackend"
BARCODE = "6901234567892"


@pytest.fixture
def desk(
    client: Client, clerk_a: Staff, monkeypatch: pytest.MonkeyPatch, settings: LazySettings, now: datetime
) -> Client:
    """A clerk of store A, signed in, who reads English, at noon."""
    settings.WECHAT_PAY = Provider().settings
    monkeypatch.setattr(clock, "now", lambda: now)
    client.force_login(clerk_a.user, backend=BACKEND)
    client.cookies["django_language"] = "en"
    return client


def led_to(desk: Client, world: World, text: str, store: str = "A") -> str:
    """Return where a text leads at once, or what the page says of it."""
    answer = desk.get(reverse("pages:desk-scan", args=[world.stores[store].pk]), {"code": text})
    if answer.status_code == 302:
        return answer["Location"]
    found = answer.context["found"]
    return f"{found.title}: {' '.join(way.href for way in found.ways)}" if found else "nothing"


def test_pickup_code_of_a_booking_leads_to_the_booking(desk: Client, world: World) -> None:
    try_on = prepared(world, "S")
    share, digits = share_of(try_on), code_of(share_of(try_on), PickupCodePurpose.SHOPPER)
    assert led_to(desk, world, fulfillment_queries.pickup_text(share.number, digits)) == (
        f"/desk/try-ons/{try_on.number}/#code={digits}"
    )


def test_pickup_code_leads_to_its_task_with_the_digits_kept_from_the_server(desk: Client, world: World) -> None:
    share = accept_and_pack(offer_share(world, way=Way.PICKUP))
    digits = code_of(share, PickupCodePurpose.SHOPPER)

    text = fulfillment_queries.pickup_text(share.number, digits)

    assert led_to(desk, world, text) == f"/desk/tasks/{share.number}/#code={digits}"
    assert led_to(desk, world, share.number.lower()) == f"/desk/tasks/{share.number}/"


def test_task_of_another_store_is_nothing_here(desk: Client, world: World) -> None:
    share = accept_and_pack(offer_share(world, store="B", way=Way.PICKUP))

    assert led_to(desk, world, share.number) == "nothing"
    assert led_to(desk, world, fulfillment_queries.pickup_text(share.number, "123456")) == "nothing"


@pytest.mark.parametrize("written", ["{number}", "http://testserver/orders/{number}/?t=x", "  {number} "])
def test_order_of_the_brand_can_be_taken_back_in_any_store(desk: Client, world: World, written: str) -> None:
    order = carried_order(world)
    task = fulfillment_queries.tasks_visible_to(_everywhere(world)).get(fulfillment=order.fulfillment)

    found = led_to(desk, world, written.format(number=order.number))

    own = f"/desk/tasks/{task.number}/ " if task.store == world.stores["A"] else ""
    returns = f"/desk/stores/{world.stores['A'].pk}/returns/?q={order.number}"
    assert found.startswith(f"Order {order.number}: {own}{returns}")


def _everywhere(world: World) -> Actor:
    grants = tuple(Grant(Role.CLERK, 1, world.brand.pk, store.pk) for store in world.stores.values())
    return Actor("user:1", 1, grants)


def test_order_of_another_brand_is_nothing_here(desk: Client, world: World) -> None:
    order = placed_order(world)
    Order.objects.filter(pk=order.pk).update(brand=world.other_brand)

    assert led_to(desk, world, order.number) == "nothing"


def _returned(world: World) -> Return:
    order = carried_order(world)
    move_share(shares_of(order)[0], handover.mark_delivered)
    return agreed_return(order, 1)


def test_return_leads_to_its_page(desk: Client, world: World) -> None:
    case = _returned(world)

    assert led_to(desk, world, case.number) == f"/desk/returns/{case.number}/"
    assert led_to(desk, world, f"https://shop.example/returns/{case.number}/") == f"/desk/returns/{case.number}/"


def test_try_on_leads_to_its_booking(desk: Client, world: World) -> None:
    try_on = prepared(world)

    assert led_to(desk, world, try_on.number) == f"/desk/try-ons/{try_on.number}/"


def test_members_code_and_number_name_the_member_of_this_brand_alone(desk: Client, world: World, now: datetime) -> None:
    user = ShopperUserFactory.create()
    member: Member = MemberFactory.create(brand=world.brand, user=user)
    other: Member = MemberFactory.create(brand=world.other_brand, user=user)
    code, foreign = (members_queries.member_code_for(user.pk, each, now=now).digits for each in ("one", "two"))

    page = f"/desk/stores/{world.stores['A'].pk}/members/{member.number}/"
    assert (led_to(desk, world, code), led_to(desk, world, member.number)) == (page, page)
    assert (led_to(desk, world, foreign), led_to(desk, world, other.number)) == ("nothing", "nothing")


@pytest.mark.parametrize(
    "text", ["SHIRT-M", BARCODE, "https://shop.example/scan/one/SHIRT-M/", f"http://testserver/scan/one/{BARCODE}/"]
)
def test_goods_are_known_by_sku_barcode_and_shelf_label(desk: Client, world: World, text: str) -> None:
    Variant.objects.filter(sku="SHIRT-M", brand=world.brand).update(barcode=BARCODE)

    answer = desk.get(reverse("pages:desk-scan", args=[world.stores["A"].pk]), {"code": text})

    found = answer.context["found"]
    assert (found.variant, found.units) == (world.variants["M"], 2)
    assert "2 pieces for sale here" in answer.content.decode()


@pytest.mark.parametrize(
    "text",
    ["SHIRT-X", "https://shop.example/scan/two/SHIRT-M/", "https://evil.example/", "://", "x" * 201, "a\0b", "\u202e1"],
)
def test_anything_else_is_said_to_be_nothing(desk: Client, world: World, text: str) -> None:
    answer = desk.get(reverse("pages:desk-scan", args=[world.stores["A"].pk]), {"code": text})

    assert answer.context["found"] is None
    assert "This is nothing of this store." in answer.content.decode()


def test_barcode_of_two_goods_means_the_one_whose_sku_it_is(desk: Client, world: World) -> None:
    Variant.objects.filter(pk=world.variants["L"].pk).update(barcode="SHIRT-M")

    assert led_to(desk, world, "SHIRT-M").split(":")[0]
    answer = desk.get(reverse("pages:desk-scan", args=[world.stores["A"].pk]), {"code": "SHIRT-M"})
    assert answer.context["found"].variant == world.variants["M"]


def test_scanning_in_another_store_is_not_found(desk: Client, world: World) -> None:
    answer = desk.get(reverse("pages:desk-scan", args=[world.stores["B"].pk]), {"code": "SHIRT-M"})

    assert answer.status_code == 404
    assert "found" not in answer.context
