"""The endless aisle: who has a size that is not here, and having it sent home."""

from datetime import datetime
from typing import NamedTuple

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import translation
from pytest_django.fixtures import DjangoAssertNumQueries

from fulfillment import services as fulfillment_services
from fulfillment.choices import DeliveryState
from fulfillment.services import handover
from inventory.models import StockLevel
from members import services as members_services
from omni.kernel import clock
from omni.kernel.transactions import entry
from orders import queries, services
from orders.choices import ManualMode
from orders.models import CounterBasket, Order
from settlement.models import CreditEntry
from stores.choices import StoreKind
from stores.models import Staff, Store
from tests.audit_fixture import Audited
from tests.cast import World
from tests.factories.accounts import UserFactory
from tests.factories.counter import begun, lines_of, opened_basket, tendered
from tests.factories.fulfillment import accept_and_pack
from tests.factories.inventory import StockLevelFactory, VariantFactory
from tests.factories.members import MemberFactory
from tests.factories.orders import move_share, run_deliveries, shares_of
from tests.factories.stores import StoreFactory
from tests.factories.till import opened_drawer

RECIPIENT = {"contact_name": "王小雨", "phone": "13800138000", "place": "310106", "street": "南京西路 1 号"}
AISLE = "/desk/stores/{}/aisle/"


class Counted(NamedTuple):
    """A size as the page shows it."""

    name: str
    here: int
    stores: int
    nearest: str
    can_send: bool


@pytest.fixture(autouse=True)
def _at_noon(audited: Audited, now: datetime, monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> None:
    """Everything must hold after each of these."""
    audited.now = now
    settings.OUTBOX_HINTS = False
    monkeypatch.setattr(clock, "now", lambda: now)


@pytest.fixture
def desk(clerk_a: Staff) -> Client:
    """Return the tablet of store A's clerk, who reads English."""
    client = Client(headers={"accept-language": "en"})
    client.force_login(clerk_a.user)
    return client


def page_of(world: World, text: str, basket: CounterBasket | None = None, *, now: datetime) -> queries.AislePage:
    store = Store.objects.get(pk=world.stores["A"].pk)
    variant, has_size = queries.find_in_aisle(store.brand_id, text)
    assert variant is not None
    with translation.override("en"):
        return queries.load_aisle(store, variant, basket, has_size=has_size, now=now)


def counted(page: queries.AislePage) -> list[Counted]:
    with translation.override("en"):
        return [
            Counted(size.around.name, size.around.here, size.around.store_count, size.around.nearest, size.can_send)
            for size in page.sizes
        ]


def test_sizes_say_what_is_here_and_the_nearest_store_that_has_the_rest(world: World, now: datetime) -> None:
    page = page_of(world, "SHIRT-L", now=now)

    assert counted(page) == [
        Counted("S", 10, 2, "Store B", can_send=True),
        Counted("M", 2, 2, "Store B", can_send=True),
        Counted("L", 0, 2, "Store B", can_send=True),
    ]
    assert page.chosen is not None
    assert (page.chosen.around.sku, round(page.chosen.around.nearest_metres or 0, -2)) == ("SHIRT-L", 2800)


def test_chosen_size_lists_the_stores_that_have_it_and_who_would_send_it(world: World, now: datetime) -> None:
    page = page_of(world, "SHIRT-L", now=now)

    assert [(row.store.code, row.units, row.is_open) for row in page.stores] == [("B", 5, True), ("C", 1, True)]
    assert [round(row.metres / 1000) for row in page.stores] == [3, 163]
    assert all(row.route_url.startswith("https://") for row in page.stores)
    assert page.sender is not None
    assert (page.sender.name, round(page.sender.metres, -2), page.place) == ("Store B", 2800, "")


def test_sender_is_chosen_for_the_recipient_that_the_basket_names(world: World, now: datetime) -> None:
    basket = opened_basket(world, district_id="330102")

    page = page_of(world, "SHIRT-L", basket, now=now)

    assert page.sender is not None
    assert (page.sender.name, page.place) == ("Store C", "Shangcheng, Hangzhou")


def test_size_that_only_a_warehouse_has_can_be_sent_home(world: World, now: datetime) -> None:
    StockLevel.objects.filter(variant=world.variants["L"]).update(safety=99)
    warehouse = StoreFactory.create(brand=world.brand, code="W", kind=StoreKind.WAREHOUSE, lat=31.22, lng=121.45)
    StockLevelFactory.create(store=warehouse, variant=world.variants["L"], on_hand=3)

    page = page_of(world, "SHIRT-L", now=now)

    assert counted(page)[2] == Counted("L", 0, 0, "", can_send=True)
    assert page.stores == ()
    assert page.sender is not None


def test_size_that_is_too_far_for_the_courier_is_only_to_be_had_there(world: World, now: datetime) -> None:
    world.brand.sends_express = False
    world.brand.save()
    StockLevel.objects.filter(variant=world.variants["L"]).exclude(store=world.stores["C"]).update(safety=99)

    page = page_of(world, "SHIRT-L", now=now)

    assert counted(page)[2] == Counted("L", 0, 1, "Store C", can_send=False)
    assert (page.sender, [row.store.code for row in page.stores]) == (None, ["C"])


def test_size_that_nobody_has_is_gone(world: World, now: datetime) -> None:
    StockLevel.objects.filter(variant=world.variants["L"]).update(safety=99)

    page = page_of(world, "SHIRT-L", now=now)

    assert [size.is_gone for size in page.sizes] == [False, False, True]
    assert (page.sender, page.stores) == (None, ())


def test_style_shows_its_colours_and_chooses_no_size(world: World, now: datetime) -> None:
    VariantFactory.create(product=world.product, sku="SHIRT-RED-M", size="M", position=3, color_hex="#aa0000")

    page = page_of(world, "SHIRT", now=now)
    other = page_of(world, "SHIRT-M", now=now)

    assert page.chosen is None
    assert [(color.sku, color.is_chosen) for color in page.colors] == [("SHIRT-S", True), ("SHIRT-RED-M", False)]
    assert [color.sku for color in other.colors] == ["SHIRT-M", "SHIRT-RED-M"]


@pytest.mark.parametrize("more", [0, 27])
def test_page_asks_as_much_of_three_stores_as_of_thirty(
    world: World, now: datetime, django_assert_num_queries: DjangoAssertNumQueries, more: int
) -> None:
    for number in range(more):
        store = StoreFactory.create(brand=world.brand, code=f"N{number}", lat=31.23 + number / 1000, lng=121.46)
        StockLevelFactory.create(store=store, variant=world.variants["L"], on_hand=2)
    store = Store.objects.select_related("brand").get(pk=world.stores["A"].pk)
    # Statements that are prepared once a connection are by now.
    page_of(world, "SHIRT-L", now=now)

    with django_assert_num_queries(13):
        variant, has_size = queries.find_in_aisle(store.brand_id, "SHIRT-L")
        assert variant is not None
        page = queries.load_aisle(store, variant, None, has_size=has_size, now=now)

    assert len(page.stores) == min(2 + more, 8)


@pytest.mark.parametrize("text", ["https://shop.example/scan/one/SHIRT-L/", "shirt-l", " SHIRT-L "])
def test_find_reads_what_a_scanner_sends(world: World, text: str) -> None:
    variant, has_size = queries.find_in_aisle(world.brand.pk, text)

    assert (variant, has_size) == (world.variants["L"], True)


def test_another_brand_finds_nothing_of_it(world: World) -> None:
    assert queries.find_in_aisle(world.other_brand.pk, "SHIRT-L") == (None, False)


def test_sending_opens_a_basket_for_it(world: World, clerk_a: Staff, now: datetime) -> None:
    with entry():
        basket = services.send_from_aisle(world.stores["A"].pk, "SHIRT-L", basket_id=None, staff_id=clerk_a.pk, now=now)

    assert lines_of(basket) == [("send_home", "SHIRT-L", 1)]
    assert (basket.status, basket.staff_id, basket.recipient_name) == ("open", clerk_a.pk, "")


def test_sending_twice_into_a_basket_is_two_pieces_of_one_line(world: World, now: datetime) -> None:
    basket = opened_basket(world, "S")

    for _time in range(2):
        with entry():
            services.send_from_aisle(
                world.stores["A"].pk, "SHIRT-L", basket_id=basket.pk, staff_id=basket.staff_id, now=now
            )

    assert lines_of(basket) == [("sale", "SHIRT-S", 1), ("send_home", "SHIRT-L", 2)]


def test_sending_goes_to_the_address_that_the_member_keeps(world: World, now: datetime) -> None:
    member = MemberFactory.create(brand=world.brand, user=UserFactory.create())
    wang = members_services.NewAddress("王小雨", "13800138000", "310106", "南京西路 1 号")
    with entry():
        members_services.add_address(member.user_id or 0, wang, is_default=True, now=now)
    basket = opened_basket(world, member=member)

    with entry():
        basket = services.send_from_aisle(
            world.stores["A"].pk, "SHIRT-L", basket_id=basket.pk, staff_id=basket.staff_id, now=now
        )

    assert queries.recipient_of_basket(basket) == {
        "contact_name": "王小雨",
        "phone": "+8613800138000",
        "place": "310106",
        "street": "南京西路 1 号",
    }


def test_what_a_basket_lacks_here_is_sent_instead(world: World, now: datetime, clerk_a: Staff) -> None:
    basket = opened_basket(world, "S", "L", "L")

    with entry():
        services.send_from_aisle(world.stores["A"].pk, "SHIRT-L", basket_id=basket.pk, staff_id=clerk_a.pk, now=now)

    assert lines_of(basket) == [("sale", "SHIRT-S", 1), ("send_home", "SHIRT-L", 2)]


def test_line_of_which_some_is_here_is_sent_in_part_and_one_with_a_cut_whole(world: World, now: datetime) -> None:
    basket, cheaper = opened_basket(world, "M", "M", "M"), opened_basket(world, "M", "M", "M")
    (line,), (cut,) = basket.lines.all(), cheaper.lines.all()
    with entry():
        cut_by = queries.ManualCut(ManualMode.AMOUNT, 100, "线头")
        services.discount_counter_line(cheaper.pk, cut.pk, cut_by, approved_by=None, now=now)

    with entry():
        services.send_line_instead(basket.pk, line.pk, now=now)
        services.send_line_instead(cheaper.pk, cut.pk, now=now)

    assert lines_of(basket) == [("sale", "SHIRT-M", 2), ("send_home", "SHIRT-M", 1)]
    assert lines_of(cheaper) == [("send_home", "SHIRT-M", 3)]


def test_line_that_nobody_can_send_stays_as_it_is(desk: Client, world: World, now: datetime) -> None:
    basket = opened_basket(world, "L")
    StockLevel.objects.filter(variant=world.variants["L"]).update(safety=99)
    (line,) = basket.lines.all()

    told = desk.post(
        f"/desk/stores/{world.stores['A'].pk}/counter/{basket.number}/lines/{line.pk}/", {"instead": "1"}, follow=True
    )

    assert "No store can send this home now." in told.content.decode()
    assert lines_of(basket) == [("sale", "SHIRT-L", 1)]


def test_unknown_sku_opens_no_basket(world: World, clerk_a: Staff, now: datetime) -> None:
    with pytest.raises(services.UnknownSku), entry():
        services.send_from_aisle(world.stores["A"].pk, "NONE", basket_id=None, staff_id=clerk_a.pk, now=now)

    assert CounterBasket.objects.count() == 0


def send(desk: Client, world: World, **sent: str) -> str:
    """Touch "Send it home"; return where it leads."""
    response = desk.post(f"{AISLE.format(world.stores['A'].pk)}send/", {"sku": "SHIRT-L", **sent})
    assert response.status_code == 302
    return str(response["Location"])


def test_send_leads_to_the_recipient_and_from_there_to_paying(desk: Client, world: World, clerk_a: Staff) -> None:
    leads_to = send(desk, world)
    basket = CounterBasket.objects.get()
    assert leads_to == f"/desk/stores/{world.stores['A'].pk}/counter/{basket.number}/send/?then=pay"

    shown = desk.get(leads_to)
    assert shown.context["net_fen"] == 39900
    response = desk.post(leads_to, RECIPIENT | {"then": "pay", "seen": "39900"})

    assert response["Location"] == f"/desk/stores/{world.stores['A'].pk}/counter/{basket.number}/pay/"
    order = Order.objects.get()
    assert (order.channel, order.total_fen, order.contact_name) == ("endless_aisle", 39900, "王小雨")
    assert list(order.lines.values_list("selling_store", "guide")) == [(world.stores["A"].pk, clerk_a.pk)]


def test_net_that_changed_meanwhile_leads_back_with_the_recipient_kept(desk: Client, world: World) -> None:
    leads_to = send(desk, world)

    response = desk.post(leads_to, RECIPIENT | {"then": "pay", "seen": "1"})

    basket = CounterBasket.objects.get()
    assert response["Location"] == f"/desk/stores/{world.stores['A'].pk}/counter/{basket.number}/"
    assert (basket.status, basket.recipient_name, Order.objects.count()) == ("open", "王小雨", 0)


def test_recipient_who_goes_on_scanning_leads_to_the_basket(desk: Client, world: World) -> None:
    leads_to = send(desk, world)

    response = desk.post(leads_to, RECIPIENT | {"then": "", "seen": "39900"})

    basket = CounterBasket.objects.get()
    assert response["Location"] == f"/desk/stores/{world.stores['A'].pk}/counter/{basket.number}/"
    assert (basket.status, basket.recipient_name, Order.objects.count()) == ("open", "王小雨", 0)


def test_send_into_a_basket_with_a_recipient_leads_to_it(desk: Client, world: World, now: datetime) -> None:
    basket = opened_basket(world, "S")
    with entry():
        services.name_recipient(
            basket.pk, name="王小雨", phone="13800138000", district_code="310106", street="南京西路 1 号", now=now
        )

    leads_to = send(desk, world, basket=basket.number)

    assert leads_to == f"/desk/stores/{world.stores['A'].pk}/counter/{basket.number}/"
    assert lines_of(basket) == [("sale", "SHIRT-S", 1), ("send_home", "SHIRT-L", 1)]


def test_basket_of_another_store_is_unknown_here(desk: Client, world: World) -> None:
    basket = opened_basket(world, store="B")
    address = AISLE.format(world.stores["A"].pk)

    shown = desk.get(address, {"q": "SHIRT-L", "basket": basket.number})
    sent = desk.post(f"{address}send/", {"sku": "SHIRT-L", "basket": basket.number})

    assert (shown.status_code, sent.status_code) == (404, 404)
    assert lines_of(basket) == []


def test_parked_basket_takes_nothing_and_says_so(desk: Client, world: World, now: datetime) -> None:
    basket = opened_basket(world, "S")
    with entry():
        services.park_basket(basket.pk, note="", actor="user:1", now=now)

    leads_to = send(desk, world, basket=basket.number)

    assert leads_to == f"{AISLE.format(world.stores['A'].pk)}?q=SHIRT-L&basket={basket.number}"
    shown = desk.get(leads_to)
    assert (shown.context["can_order"], lines_of(basket)) == (False, [("sale", "SHIRT-S", 1)])
    assert "This basket cannot be changed now." in shown.content.decode()


@pytest.mark.parametrize(
    ("text", "asked", "sent"),
    [
        ("", "Scan or type a product first.", "Scan or type a product first."),
        ("NONE", "Nothing on sale has this code.", "NONE is not on sale."),
        ("a\u200bb", "Leave out characters that cannot be seen.", "Leave out characters that cannot be seen."),
    ],
)
def test_what_is_not_known_is_said_beside_the_field(
    desk: Client, world: World, text: str, asked: str, sent: str
) -> None:
    address = AISLE.format(world.stores["A"].pk)

    shown, refused = desk.get(address, {"q": text}), desk.post(f"{address}send/", {"sku": text})

    for response, status, words in ((shown, 200, asked), (refused, 422, sent)):
        assert (response.status_code, response.context["form"].errors["q"]) == (status, [words])
        assert 'aria-describedby="aisle-q-error"' in response.content.decode()
    assert CounterBasket.objects.count() == 0


def test_line_that_is_not_here_leads_to_other_stores(desk: Client, world: World) -> None:
    basket = opened_basket(world, "S", "L")

    shown = desk.get(f"/desk/stores/{world.stores['A'].pk}/counter/{basket.number}/").content.decode()

    link = f"/desk/stores/{world.stores['A'].pk}/aisle/?q=SHIRT-{{}}&amp;basket={basket.number}"
    assert (link.format("L") in shown, link.format("S") in shown) == (True, False)


def test_sale_is_credited_to_the_store_and_guide_that_sold_it(world: World, clerk_a: Staff, now: datetime) -> None:
    with entry():
        basket = services.send_from_aisle(world.stores["A"].pk, "SHIRT-L", basket_id=None, staff_id=clerk_a.pk, now=now)
        services.name_recipient(
            basket.pk, name="王小雨", phone="13800138000", district_code="310106", street="南京西路 1 号", now=now
        )
    assert tendered(begun(basket), opened_drawer(world), 39900)
    run_deliveries(now)
    order = Order.objects.get()
    for share in shares_of(order):
        with entry():
            fulfillment_services.route(share.pk, now=now)
        accept_and_pack(share)
        run_deliveries(now)
        move_share(share, handover.give_to_courier, now)
        move_share(share, handover.mark_delivered, now)
        share.deliveries.update(state=DeliveryState.DELIVERED, next_attempt_at=None)

    credit = CreditEntry.objects.order_by("role").values_list("case", "role", "store", "guide")
    assert list(credit.filter(role__in=["selling", "fulfilling"])) == [
        ("cross_store", "fulfilling", world.stores["B"].pk, None),
        ("cross_store", "selling", world.stores["A"].pk, clerk_a.pk),
    ]


def test_street_that_names_its_district_needs_no_choice_of_it(desk: Client, world: World) -> None:
    leads_to = send(desk, world)

    desk.post(leads_to, RECIPIENT | {"place": "", "street": "上海市静安区 南京西路 1 号"})

    basket = CounterBasket.objects.get()
    assert (basket.district_id, basket.street) == ("310106", "南京西路 1 号")


def test_district_that_was_chosen_stays_when_the_street_names_another(desk: Client, world: World) -> None:
    leads_to = send(desk, world)

    desk.post(leads_to, RECIPIENT | {"place": "330102", "street": "上海市静安区南京西路 1 号"})

    basket = CounterBasket.objects.get()
    assert (basket.district_id, basket.street) == ("330102", "上海市静安区南京西路 1 号")


def test_street_alone_asks_for_the_district(desk: Client, world: World) -> None:
    leads_to = send(desk, world)

    response = desk.post(leads_to, RECIPIENT | {"place": "", "street": "静安区南京西路 1 号"})

    assert (response.status_code, list(response.context["form"].errors)) == (422, ["place"])
    assert CounterBasket.objects.get().recipient_name == ""
