"""A whole day of store A over the pages of its desk: its till, stock, ledger and credit agree to the fen."""

import re
import uuid
from datetime import datetime, timedelta

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from pytest_django import Settings

from fulfillment import services as fulfillment_services
from fulfillment.choices import DeliveryState, PickupCodePurpose, Way
from fulfillment.models import FulfillmentOrder
from fulfillment.services import handover
from omni.kernel import clock
from omni.kernel.transactions import entry
from omni.pages import figures
from orders.models import CounterBasket, DrawerSession, Order, PaymentIntent, Recognition, Refund
from orders.services import payment
from settlement.models import CreditEntry, JournalLine
from stores.models import Staff
from tests.audit_fixture import broken_claims
from tests.cast import NOON, World
from tests.factories.fulfillment import code_of
from tests.factories.orders import move_share, packed_order, proof_of, run_deliveries, shares_of
from tests.factories.stores import GuideFactory
from tests.orders.wechat import Provider

pytestmark = pytest.mark.django_db
BACKEND = "django.contrib.auth.backends.ModelBackend"
FLOAT_FEN = 50000


class StoreDay:
    """Somebody at store A's desk, and what they do there."""

    def __init__(self, world: World, staff: Staff) -> None:
        self.world, self.store, self.staff = world, world.stores["A"], staff
        self.desk = Client(headers={"accept-language": "en"})
        self.desk.force_login(staff.user, backend=BACKEND)
        self.root = f"/desk/stores/{self.store.pk}"

    def send(self, address: str, **fields: object) -> None:
        """Send a form of the desk, which leads on somewhere and has nothing to complain of."""
        answer = self.desk.post(f"{self.root}/{address}", {name: str(value) for name, value in fields.items()})
        assert answer.status_code == 302, answer.content.decode()
        said = [str(message) for message in get_messages(answer.wsgi_request) if message.level_tag == "error"]
        assert said == []

    def open_basket(self, *skus: str) -> CounterBasket:
        """Open a basket and scan some garments into it."""
        self.send("counter/open/")
        basket = CounterBasket.objects.latest("pk")
        for sku in skus:
            self.send(f"counter/{basket.number}/add/", code=sku)
        return basket

    def begin(self, basket: CounterBasket) -> None:
        """Go on to the payment of what the page shows."""
        page = self.desk.get(f"{self.root}/counter/{basket.number}/").content.decode()
        shown = re.search(r'name="seen" value="(-?\d+)"', page)
        assert shown is not None
        self.send(f"counter/{basket.number}/begin/", seen=shown[1])

    def tender(self, basket: CounterBasket, method: str, yuan: str, given: str = "") -> None:
        """Take a tender."""
        drawer = DrawerSession.objects.get()
        self.send(
            f"counter/{basket.number}/pay/tender/",
            method=method, amount=yuan, given=given, drawer=drawer.pk, once=uuid.uuid4(),
        )  # fmt: skip

    def pay_by_wechat(self, basket: CounterBasket, now: datetime) -> None:
        """Let the shopper pay the code that stands on the tablet or the phone."""
        intent = PaymentIntent.objects.get(checkout__counter_basket=basket, method="wechat_native", succeeded_at=None)
        with entry():
            payment.record_payment(intent.pk, proof_of(intent, now), actor="provider:wechat", now=now)
        run_deliveries(now)

    def give_back(self, basket: CounterBasket, order: Order) -> None:
        """Let the first piece of an order come back as new, too small."""
        page = self.desk.get(f"{self.root}/counter/{basket.number}/returns/?q={order.number}").content.decode()
        field = re.search(r'name="(piece-[\d-]+)"', page)
        assert field is not None
        piece = field[1]
        answer = self.desk.post(
            f"{self.root}/counter/{basket.number}/returns/?q={order.number}",
            {piece: "on", f"{piece}-condition": "resell", f"{piece}-reason": "too_small", "q": order.number},
        )
        assert answer.status_code == 302, answer.content.decode()


@pytest.fixture
def _wechat(settings: Settings) -> None:
    settings.WECHAT_PAY = Provider().settings
    settings.OUTBOX_HINTS = False


@pytest.fixture
def times(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """Return the clock of the day: its last entry is the time."""
    moments = [NOON]
    monkeypatch.setattr(clock, "now", lambda: moments[-1])
    return moments


@pytest.fixture
def day(world: World, _wechat: None, times: list[datetime]) -> StoreDay:
    return StoreDay(world, GuideFactory.create(store=world.stores["A"], display_name="李娜"))


def settled(basket: CounterBasket) -> list[Order]:
    """Expect that a basket is settled, and return its orders."""
    basket.refresh_from_db()
    assert basket.status == "settled"
    return list(Order.objects.filter(checkout=basket.checkout_id).order_by("pk"))


def balance(account: str) -> int:
    lines = JournalLine.objects.filter(account__code=account)
    return sum(line.debit_fen - line.credit_fen for line in lines)


def stock_of(world: World, store: str) -> dict[str, int]:
    return {size: world.level(store, size).on_hand for size in world.variants}


def sell_for_cash(day: StoreDay) -> Order:
    """Sell a garment for cash, with change."""
    basket = day.open_basket("SHIRT-S")
    day.begin(basket)
    day.tender(basket, "cash", "499", given="500")
    (order,) = settled(basket)
    return order


def sell_by_card_and_wechat(day: StoreDay) -> None:
    """Sell two pieces, one of them cheaper for a mark on it, for two tenders together."""
    basket = day.open_basket("SHIRT-S", "SHIRT-M")
    line = basket.lines.earliest("pk")
    day.send(f"counter/{basket.number}/lines/{line.pk}/discount/", mode="amount", value="9.90", reason="mark")
    day.begin(basket)
    day.tender(basket, "card", "400")
    card = PaymentIntent.objects.get(method="card")
    day.send(f"counter/{basket.number}/pay/card/{card.pk}/", outcome="paid", terminal="T1", batch="7", trace="8")
    day.tender(basket, "wechat", "588.10")
    day.pay_by_wechat(basket, NOON)
    settled(basket)


def sell_to_a_phone(day: StoreDay) -> None:
    """Let a shopper scan the basket, pay it on the phone and take it along."""
    basket = day.open_basket("SHIRT-S")
    answer = Client().post(f"/pay/{basket.token}/", {"way": "take", "seen": "49900"})
    assert answer.status_code == 302, answer.content.decode()
    day.pay_by_wechat(basket, NOON)
    settled(basket)


def hand_over_a_web_order(day: StoreDay) -> None:
    """Give a web order to the shopper who shows the code."""
    web = packed_order(day.world, ("S", 1), way=Way.PICKUP, street="", pickup_store_id=day.store.pk)
    (share,) = shares_of(web)
    code = code_of(share, PickupCodePurpose.SHOPPER)
    assert day.desk.post(f"/desk/tasks/{share.number}/collect/", {"code": code}).status_code == 302
    run_deliveries()
    share.refresh_from_db()
    assert share.status == "collected"


def send_home(day: StoreDay) -> None:
    """Sell for cash what is not here; store B sends it."""
    basket = day.open_basket()
    day.send(f"counter/{basket.number}/add/", code="SHIRT-L", kind="send_home")
    day.send(
        f"counter/{basket.number}/send/",
        contact_name="王小雨", phone="13800138000", place="310106", street="南京西路 1 号",
    )  # fmt: skip
    day.begin(basket)
    day.tender(basket, "cash", "399", given="400")
    (order,) = settled(basket)
    run_deliveries()
    deliver(order)


def exchange_for_something_cheaper(day: StoreDay, first: Order) -> None:
    """Take the first sale back against a garment that the books lacked; pay the difference out in cash."""
    basket = day.open_basket("SHIRT-L")
    day.give_back(basket, first)
    day.begin(basket)
    settled(basket)
    run_deliveries()
    refund = Refund.objects.get(intent__method="cash", reason="goods_returned")
    assert refund.amount_fen == 10000
    day.send(f"till/refunds/{refund.pk}/", drawer=DrawerSession.objects.get().pk)
    run_deliveries()


def close_the_till(day: StoreDay, expected_fen: int, now: datetime) -> DrawerSession:
    """Bring cash to the bank, count what should be there, and close."""
    drawer = DrawerSession.objects.get()
    day.send(f"till/{drawer.pk}/move/", kind="paid_out", amount="300", reason="Bank")
    notes, rest = divmod(expected_fen, 10000)
    day.send(f"till/{drawer.pk}/count/", **{"count-10000": notes, "count-100": rest // 100})
    run_deliveries(now)
    drawer.refresh_from_db()
    return drawer


def test_day_of_a_store_ends_with_till_stock_ledger_and_credit_in_agreement(
    day: StoreDay, world: World, times: list[datetime]
) -> None:
    before = stock_of(world, "A")
    day.send("till/open/", till="1", float="500")
    first = sell_for_cash(day)
    sell_by_card_and_wechat(day)
    sell_to_a_phone(day)
    hand_over_a_web_order(day)
    send_home(day)
    exchange_for_something_cheaper(day, first)
    times.append(NOON + timedelta(hours=9))
    expected = FLOAT_FEN + 49900 + 39900 - 10000 - 30000
    drawer = close_the_till(day, expected, times[-1])

    assert (drawer.counted_fen, drawer.expected_fen, drawer.status) == (expected, expected, "closed")
    # Four S were sold and one came back; the L that the books lacked was booked in as found, and sold.
    assert stock_of(world, "A") == {"S": before["S"] - 4 + 1, "M": before["M"] - 1, "L": 0}
    assert stock_of(world, "B")["L"] == 4
    # Nothing is prepaid any more, and nothing is owed.
    assert balance("cash:store") == 49900 + 39900 - 10000
    assert balance("card_transit") == 40000
    assert balance("psp_transit:wechat") == 58810 + 49900 + 49900
    assert [balance(account) for account in ("prepayment", "refund_payable", "return_credit")] == [0, 0, 0]
    net = sum(Recognition.objects.values_list("amount_fen", flat=True))
    assert -balance("sales") == net == 49900 + 98810 + 49900 + 49900 + 39900 - 49900 + 39900
    credit = CreditEntry.objects.exclude(role="handling")
    assert sum(credit.values_list("amount_fen", flat=True)) == net
    numbers = figures.read(day.store.pk, day.staff.pk, is_today=True, now=times[-1])
    assert numbers.mine is not None
    # What was collected was the web's sale.
    assert numbers.mine.sales.net_fen == numbers.store.sales.net_fen == net - 49900
    assert broken_claims(times[-1]) == {}


def deliver(order: Order) -> None:
    """Have the store that was found prepare an order, and a courier bring it."""
    for share in FulfillmentOrder.objects.filter(fulfillment=order.fulfillment_id):
        with entry():
            fulfillment_services.route(share.pk, now=NOON)
        with entry():
            fulfillment_services.accept_offer(share.pk, actor="user:1", now=NOON)
        with entry():
            fulfillment_services.pack(share.pk, actor="user:1", now=NOON)
        run_deliveries()
        move_share(share, handover.give_to_courier)
        move_share(share, handover.mark_delivered)
        share.deliveries.update(state=DeliveryState.DELIVERED, next_attempt_at=None)
