"""The desk's pages of pieces that nobody asked to return: found by anything, taken back as they were found."""

import pytest
from django.conf import LazySettings
from django.core import signing
from django.test import Client
from django.urls import reverse

from members import queries as members_queries
from members.models import Member
from omni.kernel import clock
from orders import queries
from orders.models import Order, Refund, Return
from stores.models import Staff
from tests.cast import World
from tests.factories.accounts import ShopperUserFactory
from tests.factories.orders import shares_of
from tests.factories.returns import NEXT_DAY, agreed_return, delivered_order
from tests.orders.wechat import Provider

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(world: World, settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Order:
    """Return an order that store A has sold on the web, the day before."""
    settings.WECHAT_PAY = Provider().settings
    monkeypatch.setattr(clock, "now", lambda: NEXT_DAY)
    return delivered_order(world, ("S", 2))


@pytest.fixture
def desk_b(clerk_b: Staff) -> Client:
    """Return the tablet of a clerk of store B."""
    tablet = Client(headers={"accept-language": "en"})
    tablet.force_login(clerk_b.user)
    return tablet


def at_b(world: World, name: str, *more: str) -> str:
    return reverse(f"orders:desk-return{name}", args=[world.stores["B"].pk, *more])


def find(desk: Client, world: World, text: str) -> str:
    """Return where the desk goes with a text."""
    return desk.post(at_b(world, "-find"), {"text": text}).headers["Location"]


def test_find_knows_an_order_by_whatever_belongs_to_it(desk_b: Client, world: World, order: Order) -> None:
    [share] = shares_of(order)
    page = at_b(world, "-order", order.number)
    texts = (order.number.lower(), share.number, f"OMNI:PICKUP:1:{share.number}:123456", f"https://x/r/{order.number}/")
    assert [find(desk_b, world, text) for text in texts] == [page] * 4


def test_find_opens_a_return_that_was_asked_for(desk_b: Client, world: World, order: Order) -> None:
    case = agreed_return(order, 1)
    assert find(desk_b, world, case.number) == reverse("orders:desk-return", args=[case.number])


def test_find_by_phone_or_members_code_keeps_both_out_of_the_address(
    desk_b: Client, world: World, order: Order, member: Member
) -> None:
    by_phone = find(desk_b, world, "138 0013 8000")
    assert "138" not in by_phone
    assert order.number in desk_b.get(by_phone).content.decode()
    Order.objects.filter(pk=order.pk).update(member=member)
    user = ShopperUserFactory.create()
    Member.objects.filter(pk=member.pk).update(user=user)
    code = members_queries.member_code_for(user.pk, world.brand.code, now=NEXT_DAY).digits
    by_code = find(desk_b, world, code)
    assert code not in by_code
    assert order.number in desk_b.get(by_code).content.decode()


@pytest.mark.parametrize("text", ["13900139999", "O7K2M-9QX4T-3HB8W", "nothing", "0" * 18])
def test_find_of_nothing_says_so(desk_b: Client, world: World, order: Order, text: str) -> None:
    page = desk_b.post(at_b(world, "-find"), {"text": text}, follow=True).content.decode()
    assert "Nothing of your brand has this number, code or phone." in page


def test_history_of_another_store_or_made_up_is_not_found(desk_b: Client, world: World, order: Order) -> None:
    found = queries.find_to_take_back(world.stores["A"], "13800138000", now=NEXT_DAY)
    assert found is not None
    for token in (found.history, "made-up", signing.dumps({"store": world.stores["B"].pk}, salt="other")):
        assert desk_b.get(at_b(world, "-person", token)).status_code == 404


def test_pieces_are_taken_back_as_they_were_found(desk_b: Client, world: World, order: Order) -> None:
    first, second = queries.held_pieces([order], now=NEXT_DAY)
    sent = {"reason": "too_small", first.field: "resell", second.field: "refurbish"}
    page = desk_b.get(at_b(world, "-order", order.number), sent).content.decode()
    assert "¥998.00" in page
    assert Return.objects.count() == 0
    desk_b.post(at_b(world, "-order", order.number), sent | {"seen": "99800"})
    assert (Return.objects.get().refund_fen, Refund.objects.get().amount_fen) == (99800, 99800)
    assert (world.level("B", "S").on_hand, world.level("B", "S").unsellable) == (7, 1)


def test_pieces_without_the_amount_that_was_seen_stay(desk_b: Client, world: World, order: Order) -> None:
    [first, _second] = queries.held_pieces([order], now=NEXT_DAY)
    sent = {"reason": "too_small", first.field: "resell", "seen": "1"}
    answer = desk_b.post(at_b(world, "-order", order.number), sent)
    assert (answer.status_code, Return.objects.count()) == (422, 0)
    assert (world.level("B", "S").on_hand, world.level("B", "S").unsellable) == (5, 0)


def test_desk_finds_no_order_of_another_brand(client: Client, stranger: Staff, world: World, order: Order) -> None:
    client.force_login(stranger.user)
    theirs = world.other_store.pk
    assert client.get(reverse("orders:desk-return-order", args=[theirs, order.number])).status_code == 404
    answer = client.post(reverse("orders:desk-return-find", args=[theirs]), {"text": order.number})
    assert answer.headers["Location"] == reverse("orders:desk-returns", args=[theirs])
    assert client.get(at_b(world, "-order", order.number)).status_code == 404
