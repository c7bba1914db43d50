"""The desk's pages of tills and receipts: what they show, what they refuse beside the field, and who sees them."""

from datetime import datetime
from unittest import mock

import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from omni.kernel import clock
from omni.kernel.transactions import entry
from omni.messages.models import Message
from orders import queries, services
from orders.choices import DrawerStatus, IntentStatus, RefundStatus
from orders.models import DrawerMovement, DrawerSession, Order, PaymentIntent, Refund
from stores.models import Staff
from tests.cast import NOON, World
from tests.factories.orders import run_deliveries
from tests.factories.till import CLERK, counter_orders, opened_drawer, paid_at_till, pay_cash
from tests.orders.wechat import Provider

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _at_noon(settings: LazySettings, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.WECHAT_PAY = Provider().settings
    settings.OUTBOX_HINTS = False
    monkeypatch.setattr(clock, "now", mock.Mock(return_value=now))


@pytest.fixture
def desk(client: Client, clerk_a: Staff) -> Client:
    """Return the tablet of store A with its clerk."""
    client.force_login(clerk_a.user)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def at(name: str, drawer: DrawerSession, *keys: int) -> str:
    return reverse(f"orders:{name}", args=[drawer.store_id, *(keys or [drawer.pk])])


def waiting_refund(world: World, *tenders: str) -> tuple[Refund, DrawerSession]:
    order, drawer = paid_at_till(world, *tenders)
    with entry():
        services.cancel_order(order.pk, actor=CLERK, now=NOON)
    run_deliveries()
    return order.refunds.order_by("pk")[0], drawer


def test_till_is_opened_with_its_float(world: World, desk: Client) -> None:
    address = reverse("orders:till-open", args=[world.stores["A"].pk])
    answer = desk.post(address, {"till": " Main ", "float": "300.50"})
    drawer = DrawerSession.objects.get()
    assert (answer.status_code, drawer.till, drawer.float_fen) == (302, "Main", 30050)
    assert "Till Main" in desk.get(answer["Location"]).content.decode()


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"till": "", "float": "1"}, "This field is required."),
        ({"till": "1", "float": "much"}, "Enter an amount"),
        ({"till": "1", "float": "-1"}, "Enter an amount that fits a drawer."),
        ({"till": "1", "float": "1.234"}, "Enter an amount"),
        ({"till": "2", "float": "1"}, "This till is open already."),
        ({"till": "3\u202e", "float": "1"}, "Leave out characters that cannot be seen."),
    ],
)
def test_till_that_cannot_be_opened_says_why_beside_the_field(
    world: World, desk: Client, sent: dict[str, str], said: str
) -> None:
    opened_drawer(world, till="2")
    answer = desk.post(reverse("orders:till-open", args=[world.stores["A"].pk]), sent)
    text = answer.content.decode()
    assert (answer.status_code, DrawerSession.objects.count()) == (422, 1)
    assert said in text.partition('class="field has-error"')[2]


def test_open_till_does_not_tell_what_cash_should_be_there(world: World, desk: Client) -> None:
    _order, drawer = paid_at_till(world, "cash", "card")
    text = desk.get(at("till-drawer", drawer)).content.decode()
    assert "shown after the count" in text
    assert ("¥249.50" in text, text.count("¥249.50")) == (True, 1)  # the card's
    count = desk.get(at("till-count", drawer)).content.decode()
    assert ("¥749.50" in count, "¥249.50" in count) == (False, False)


def test_count_closes_the_till_and_shows_what_was_over(world: World, desk: Client) -> None:
    _order, drawer = paid_at_till(world, "cash")
    answer = desk.post(at("till-count", drawer), {"count-10000": "9", "count-5000": "2", "note": ""})
    drawer.refresh_from_db()
    assert (answer.status_code, drawer.status, drawer.difference_fen) == (302, DrawerStatus.CLOSED, 100)
    report = desk.get(at("till-report", drawer)).content.decode()
    assert all(part in report for part in ("¥999.00", "¥1,000.00", "¥1.00", "Over", "× 9"))


def test_count_of_what_is_no_number_stands_beside_its_field(world: World, desk: Client) -> None:
    drawer = opened_drawer(world)
    answer = desk.post(at("till-count", drawer), {"count-10000": "-1"})
    drawer.refresh_from_db()
    assert (answer.status_code, drawer.status) == (422, DrawerStatus.OPEN)
    assert "greater than or equal to 0" in answer.content.decode().partition('class="till-piece has-error"')[2]


def test_day_close_of_an_open_till_leads_back_to_it(world: World, desk: Client) -> None:
    drawer = opened_drawer(world)
    assert desk.get(at("till-report", drawer))["Location"] == at("till-drawer", drawer)


def test_large_difference_is_confirmed_by_the_manager_alone(world: World, desk: Client, manager_a: Staff) -> None:
    drawer = opened_drawer(world)
    desk.post(at("till-count", drawer), {"count-10000": "9"})
    refused = desk.post(at("till-confirm", drawer), {"note": "I took it"})
    drawer.refresh_from_db()
    assert (refused.status_code, drawer.status) == (404, DrawerStatus.COUNTED)
    desk.force_login(manager_a.user)
    without_word = desk.post(at("till-confirm", drawer), {"note": ""})
    assert (without_word.status_code, "This field is required." in without_word.content.decode()) == (422, True)
    desk.post(at("till-confirm", drawer), {"note": "Change of yesterday"})
    drawer.refresh_from_db()
    assert (drawer.status, drawer.note) == (DrawerStatus.CLOSED, "Change of yesterday")


def test_cash_is_paid_out_with_a_reason(world: World, desk: Client) -> None:
    drawer = opened_drawer(world)
    missing = desk.post(at("till-move", drawer), {"kind": "paid_out", "amount": "12.30", "reason": " "})
    too_much = desk.post(at("till-move", drawer), {"kind": "paid_out", "amount": "1000", "reason": "bank"})
    assert [answer.status_code for answer in (missing, too_much)] == [422, 422]
    assert "There is less in the drawer." in too_much.content.decode()
    desk.post(at("till-move", drawer), {"kind": "paid_out", "amount": "12.30", "reason": "tape"})
    assert list(DrawerMovement.objects.values_list("amount_fen", "reason")) == [(-1230, "tape")]


def test_refund_of_cash_is_paid_out_from_the_list(world: World, desk: Client) -> None:
    refund, drawer = waiting_refund(world, "cash")
    page = desk.get(reverse("orders:till", args=[drawer.store_id])).content.decode()
    assert refund.order is not None
    assert (refund.order.number in page, "¥499.00" in page) == (True, True)
    desk.post(at("till-refund", drawer, refund.pk), {"drawer": drawer.pk})
    refund.refresh_from_db()
    assert (refund.status, queries.expected_fen(drawer)) == (RefundStatus.SUCCEEDED, 50000)
    assert desk.get(at("till-refund", drawer, refund.pk)).status_code == 404


def test_refund_of_a_card_asks_for_its_slip(world: World, desk: Client) -> None:
    refund, drawer = waiting_refund(world, "card")
    page = desk.get(at("till-refund", drawer, refund.pk)).content.decode()
    assert "T1 · 000007 · 000001" in page
    sent = {"drawer": drawer.pk, "terminal": "T1", "batch": "000007", "trace": "000001"}
    known = desk.post(at("till-refund", drawer, refund.pk), sent)
    assert (known.status_code, "This slip was recorded already." in known.content.decode()) == (422, True)
    desk.post(at("till-refund", drawer, refund.pk), sent | {"trace": "000002"})
    refund.refresh_from_db()
    assert (refund.status, refund.slip.trace) == (RefundStatus.SUCCEEDED, "000002")


def started_card(world: World) -> tuple[PaymentIntent, DrawerSession]:
    (order,) = counter_orders(world, "S")
    drawer = opened_drawer(world)
    with entry():
        return services.start_card(order.checkout_id, drawer.pk, amount_fen=49900, actor=CLERK, now=NOON), drawer


def test_card_without_a_result_is_matched_with_its_slip(world: World, desk: Client) -> None:
    card, drawer = started_card(world)
    empty = desk.post(at("till-card", drawer, card.pk), {"outcome": "charged"})
    assert (empty.status_code, empty.content.decode().count("This field is required.")) == (422, 3)
    desk.post(at("till-card", drawer, card.pk), {"outcome": "charged", "terminal": "T1", "batch": "7", "trace": "8"})
    card.refresh_from_db()
    assert (card.status, card.slip.trace) == (IntentStatus.SUCCEEDED, "8")


def test_card_that_was_not_charged_leaves_the_order_unpaid(world: World, desk: Client) -> None:
    card, drawer = started_card(world)
    desk.post(at("till-card", drawer, card.pk), {"outcome": "declined"})
    card.refresh_from_db()
    assert (card.status, card.allocations.get().order.status) == (IntentStatus.FAILED, "placed")


def test_sessions_are_the_managers_to_see(world: World, desk: Client, manager_a: Staff) -> None:
    drawer = opened_drawer(world)
    address = reverse("orders:till-sessions", args=[drawer.store_id])
    assert desk.get(address).status_code == 404
    desk.force_login(manager_a.user)
    assert at("till-drawer", drawer) in desk.get(address).content.decode()


@pytest.mark.parametrize("rows", [1, 10])
def test_till_page_takes_as_many_queries_for_any_number_of_rows(
    world: World, desk: Client, rows: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    drawer = opened_drawer(world)
    for row in range(rows):
        (order,) = counter_orders(world, "S")
        pay_cash(order, drawer, order.total_fen, once=str(row))
        with entry():
            services.cancel_order(order.pk, actor=CLERK, now=NOON)
        opened_drawer(world, till=f"x{row}")
    run_deliveries()
    store = world.stores["A"]
    with django_assert_num_queries(6):
        page = queries.till_page(store, is_manager=False)
    assert (len(page.refunds), len(page.drawers)) == (rows, rows + 1)


def test_receipt_shows_lines_tenders_change_and_tax(world: World, desk: Client) -> None:
    first, second = counter_orders(world, "S", "M")
    drawer = opened_drawer(world)
    pay_cash(first, drawer, 99800)
    text = desk.get(reverse("orders:receipt", args=[second.number])).content.decode()
    parts = (first.number, second.number, "SHIRT-S × 1", "¥998.00", "¥1,000.00", "¥2.00", "VAT 13 % inside", "¥114.81")
    assert [part for part in parts if part not in text] == []


def test_receipt_is_sent_to_the_phone_that_is_typed(world: World, desk: Client) -> None:
    order, _drawer = paid_at_till(world, "cash")
    address = reverse("orders:receipt-send", args=[order.number])
    wrong = desk.post(address, {"phone": "12", "language": "en"})
    assert (wrong.status_code, Message.objects.filter(template="receipt").count()) == (422, 0)
    desk.post(address, {"phone": "138 1111 2222", "language": "en"})
    sent = Message.objects.get(template="receipt")
    assert sent.language == "en"


def test_receipt_without_any_phone_asks_for_one(world: World, desk: Client) -> None:
    order, _drawer = paid_at_till(world, "cash")
    Order.objects.filter(pk=order.pk).update(contact_phone_sealed="")
    answer = desk.post(reverse("orders:receipt-send", args=[order.number]), {"phone": "", "language": "en"})
    assert (answer.status_code, "Enter the phone to which it is sent." in answer.content.decode()) == (422, True)
    assert not Message.objects.filter(template="receipt").exists()


def test_signed_link_opens_the_receipt_on_any_phone(world: World, client: Client) -> None:
    order, _drawer = paid_at_till(world, "cash")
    address = reverse("orders:receipt-mine", args=[order.number])
    assert client.get(address).status_code == 404
    answer = client.get(f"{address}?t={queries.sign_order_token(order.number)}", follow=True)
    assert (answer.redirect_chain[-1][0], order.number in answer.content.decode()) == (address, True)


def test_other_stores_clerk_finds_neither_till_nor_receipt(world: World, client: Client, clerk_b: Staff) -> None:
    order, drawer = paid_at_till(world, "cash")
    client.force_login(clerk_b.user)
    own = reverse("orders:till-drawer", args=[world.stores["B"].pk, drawer.pk])
    addresses = [at("till-drawer", drawer), own, reverse("orders:receipt", args=[order.number])]
    answers = [client.get(address) for address in addresses]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert [order.number in answer.content.decode() for answer in answers[:2]] == [False, False]
