"""The desk's pages of stock: what they show, to whom, and what they refuse beside the field."""

from datetime import datetime, timedelta

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from inventory import queries, services
from inventory.choices import AdjustmentReason
from inventory.models import Count, Product, Receipt, Shipment, StockAdjustment, StockLevel
from inventory.queries import ShipmentTab
from inventory.services import StockWant
from omni.kernel.errors import NotFound
from omni.kernel.transactions import entry
from stores.models import Staff
from tests.cast import World
from tests.factories.inventory import StockLevelFactory, VariantFactory
from tests.factories.stock import (
    announced,
    approve,
    clerk,
    drafted,
    planned_count,
    receive,
    sent_transfer,
    submitted_count,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client: Client, clerk_a: Staff) -> Client:
    client.force_login(clerk_a.user)
    return client


def address(world: World, rest: str = "", store: str = "A") -> str:
    return f"/desk/stores/{world.stores[store].pk}/stock/{rest}"


def send(client: Client, path: str, **given: str) -> tuple[int, str]:
    answer = client.post(path, given, headers={"accept-language": "en"})
    return answer.status_code, answer.content.decode()


@pytest.mark.parametrize("text", ["真丝", "silk SHIRT", "SHIRT", "shirt-m"])
def test_find_styles_knows_names_style_codes_and_skus(world: World, now: datetime, text: str) -> None:
    found = queries.find_styles(world.stores["A"], text, now=now)

    facts = [(style.code, style.on_hand, style.sellable, style.price_fen) for style in found]
    assert facts == [("SHIRT", 12, 12, 39900)]


@pytest.mark.parametrize("text", ["", "100%", "_____", "coat"])
def test_find_styles_of_what_nothing_is_called_finds_nothing(world: World, now: datetime, text: str) -> None:
    assert queries.find_styles(world.stores["A"], text, now=now) == []


def test_find_styles_costs_one_query_however_many_are_found(
    world: World, now: datetime, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for more in (3, 27):
        for _number in range(more):
            level = StockLevelFactory.create(store=world.stores["A"], variant__product__brand=world.brand)
            assert level.variant.brand_id == world.brand.pk
        with django_assert_num_queries(1):
            assert len(queries.find_styles(world.stores["A"], "真丝", now=now)) in {4, 30}


def test_scanned_label_leads_to_the_piece_and_that_of_another_brand_nowhere(desk: Client, world: World) -> None:
    variant = world.variants["M"]
    for code in ("SHIRT-M", "https://shop.example/scan/one/SHIRT-M/"):
        assert desk.get(address(world), {"q": code}).headers["Location"] == address(world, f"items/{variant.pk}/")

    VariantFactory.create(product__brand=world.other_brand, sku="THEIRS")
    assert "THEIRS" in desk.get(address(world), {"q": "THEIRS"}).content.decode()
    assert desk.get(address(world, f"items/{world.other_variant.pk}/")).status_code == 404


def test_load_style_tells_what_is_promised_and_which_stores_around_have_it(world: World, now: datetime) -> None:
    with entry():
        services.hold_stock(
            [StockWant(world.stores["A"].pk, world.variants["S"].pk, 4)], owner="fulfillment_order:1", now=now
        )

    page = queries.load_style(world.stores["A"], "SHIRT", "#ffffff", now=now)

    assert [(cell.size, cell.on_hand, cell.sellable, cell.promised) for cell in page.rows[0]] == [
        ("S", 10, 6, 4),
        ("M", 2, 2, 0),
        ("L", 0, 0, 0),
    ]
    around = [(each.code, round(each.metres / 1000), each.units) for each in page.around]
    assert around == [("B", 3, (5, 5, 5)), ("C", 163, (1, 50, 1))]
    with pytest.raises(NotFound):
        queries.load_style(world.other_store, "SHIRT", "", now=now)


def test_load_item_tells_who_moved_what_and_why(world: World, now: datetime, clerk_a: Staff) -> None:
    Staff.objects.filter(pk=clerk_a.pk).update(display_name="小王")
    place = {"store_id": world.stores["A"].pk, "variant_id": world.variants["S"].pk}
    who = clerk(world, user=clerk_a.user.pk)
    for reason, units in ((AdjustmentReason.DAMAGED, 1), (AdjustmentReason.THEFT, 2)):
        with entry():
            services.adjust_stock(**place, reason=reason, units=units, note="后仓", actor=who, now=now)
    shipment = receive(world, announced(world, {"S": 3}), {"S": 3})
    count = submitted_count(world, {"S": 10})
    approve(world, count)

    page = queries.load_item(world.stores["A"], world.variants["S"].pk, before=0, now=now)

    assert {(step.label, step.units, step.detail, step.link) for step in page.steps} == {
        ("期初库存", 10, "", None),
        ("破损，另放，1 件", 0, "后仓", None),
        ("被盗", -2, "后仓", None),
        ("收货入库", 3, "", ("shipment", shipment.number)),
        ("盘点", -1, "", ("count", count.number)),
    }
    assert [step.who for step in page.steps if step.detail] == ["小王", "小王"]


def test_history_of_a_piece_is_shown_by_thirty_with_the_same_queries(
    world: World, now: datetime, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    def load(before: int = 0) -> queries.ItemPage:
        return queries.load_item(world.stores["A"], world.variants["S"].pk, before=before, now=now)

    def steal(units: int, minute: int) -> None:
        with entry():
            services.adjust_stock(
                world.stores["A"].pk,
                world.variants["S"].pk,
                reason=AdjustmentReason.CORRECTION,
                units=units,
                note="",
                actor=clerk(world),
                now=now + timedelta(minutes=minute),
            )

    for minute in range(3):
        steal((-1) ** minute, minute)
    with django_assert_num_queries(8):
        assert len(load().steps) == 4
    for minute in range(3, 40):
        steal((-1) ** minute, minute)
    with django_assert_num_queries(8):
        page = load()
    assert (len(page.steps), len(load(page.before).steps)) == (30, 11)


def test_adjusting_above_the_limit_is_refused_beside_the_field(desk: Client, world: World) -> None:
    path = address(world, f"items/{world.variants['S'].pk}/adjust/")

    for given, words in (
        ({"reason": "theft", "units": "4"}, "Only the manager of the store may do this."),
        ({"reason": "theft", "units": ""}, "Enter how many pieces."),
        ({"units": "1"}, "Choose a reason."),
        ({"reason": "theft", "units": "1", "note": "\x07"}, "This holds a character that cannot be read."),
    ):
        status, page = send(desk, path, **given)
        assert (status, words in page) == (422, True)

    assert (StockAdjustment.objects.count(), world.level("A", "S").on_hand) == (0, 10)


def test_planning_names_what_is_missing_and_an_unknown_style(desk: Client, world: World) -> None:
    for given, words in (
        ({}, "Choose what is to be counted."),
        ({"scope": "style"}, "Scan a piece, or type the style code."),
        ({"scope": "style", "style": "COAT"}, "The brand has no such style."),
        ({"scope": "category"}, "Choose a category."),
        ({"scope": "shelf"}, "Scan or type the place on the shelf."),
        ({"scope": "shelf", "shelf": "A_1"}, "A place is at most 20 letters"),
        ({"scope": "tasks"}, "There is nothing to count, or somebody counts it already."),
    ):
        status, page = send(desk, address(world, "counts/plan/"), **given)
        assert (status, words in page) == (422, True)

    assert Count.objects.count() == 0


def test_count_page_is_blind_until_a_manager_looks(desk: Client, world: World, manager_a: Staff) -> None:
    count = submitted_count(world, {"S": 9})
    path = address(world, f"counts/{count.number}/")
    page = desk.get(path, headers={"accept-language": "en"}).content.decode()
    assert ("Handed in." in page, "books" in page, "counted 9" in page) == (True, False, False)

    desk.force_login(manager_a.user)

    page = desk.get(path, headers={"accept-language": "en"}).content.decode()
    assert ("books 10" in page, "counted 9" in page) == (True, True)


def test_clerk_who_approves_is_told_that_it_takes_the_manager(desk: Client, world: World) -> None:
    count = submitted_count(world, {"S": 9})

    status, page = send(desk, address(world, f"counts/{count.number}/act/"), act="approve")

    assert (status, "Only the manager of the store may do this." in page) == (422, True)
    assert (Count.objects.get().status, world.level("A", "S").on_hand) == ("review", 10)


def test_count_of_another_store_is_not_found(desk: Client, world: World) -> None:
    count = planned_count(world, "B")

    for path in (address(world, f"counts/{count.number}/"), address(world, f"counts/{count.number}/", "B")):
        assert desk.get(path).status_code == 404
        assert desk.post(f"{path}act/", {"act": "cancel"}).status_code == 404

    assert Count.objects.get().status == "counting"


def test_list_shipments_puts_each_in_its_heap_at_both_ends(
    world: World, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    announced(world, {"S": 1})
    sent_transfer(world, {"S": 1})
    asked = drafted(world, {"M": 1}, by="A")
    draft = drafted(world, {"L": 1})
    receive(world, announced(world, {"S": 1}, reference="ASN-2"), {"S": 2})

    def heaps(store: str) -> dict[str, int]:
        return {tab.value: n for tab, n in queries.list_shipments(world.stores[store], ShipmentTab.IN).counts.items()}

    assert heaps("A") == {"in": 3, "out": 0, "way": 0, "different": 1, "done": 0}
    assert heaps("B") == {"in": 0, "out": 1, "way": 1, "different": 0, "done": 0}
    assert heaps("C") == dict.fromkeys(["in", "out", "way", "different", "done"], 0)
    with pytest.raises(NotFound):
        queries.get_shipment(world.stores["A"], draft.number)
    with pytest.raises(NotFound):
        queries.get_shipment(world.stores["B"], asked.number)
    for number in range(3, 30):
        announced(world, {"S": 1}, reference=f"ASN-{number}")
        if number in {4, 29}:
            with django_assert_num_queries(3):
                queries.list_shipments(world.stores["A"], ShipmentTab.IN)


def test_receiving_names_a_code_that_nothing_has_and_more_damaged_than_there_are(desk: Client, world: World) -> None:
    path = address(world, f"shipments/{announced(world, {'S': 3}).number}/")

    status, page = send(desk, f"{path}pieces/", code="NOTHING")
    assert (status, "The brand has no such SKU or barcode." in page) == (422, True)
    status, page = send(desk, f"{path}lines/", code="SHIRT-S", quantity="1", damaged="2")
    assert (status, "More are damaged than there are." in page) == (422, True)
    status, page = send(desk, f"{path}act/", act="book")
    assert (status, "Somebody booked this in a moment ago." in page) == (422, True)

    assert (Receipt.objects.count(), Shipment.objects.get().status) == (0, "expected")


def test_receiving_without_the_list_hides_it(desk: Client, world: World) -> None:
    path = address(world, f"shipments/{announced(world, {'S': 3}).number}/")
    send(desk, f"{path}act/", act="blind")

    page = desk.get(path).content.decode()
    assert "SHIRT-S" not in page
    send(desk, f"{path}pieces/", code="SHIRT-S")
    page = desk.get(path).content.decode()
    assert ("SHIRT-S" in page, "/ 3" in page) == (True, False)


def test_new_transfer_with_a_store_of_another_brand_is_not_found(desk: Client, world: World) -> None:
    answer = desk.post(address(world, "shipments/new/"), {"store": str(world.other_store.pk), "way": "ask"})

    assert (answer.status_code, Shipment.objects.count()) == (422, 0)
    assert world.other_store.name_zh not in answer.content.decode()


def test_style_without_any_level_here_can_be_looked_at(desk: Client, world: World) -> None:
    variant = VariantFactory.create(product__brand=world.brand, product__code="COAT")

    page = desk.get(address(world, "styles/COAT/"), headers={"accept-language": "en"}).content.decode()

    assert ("No other store has it." in page, variant.size in page) == (True, True)
    assert (Product.objects.count(), StockLevel.objects.filter(variant=variant).count()) == (3, 0)
