"""What shoppers are told, in order, as their orders go their way."""

import re
from datetime import datetime, timedelta

import pytest
from django.test import Client
from pytest_django import Settings

from fulfillment import services as fulfillment_services
from fulfillment.choices import FulfillmentOrderStatus, RejectReason, Way
from fulfillment.events import FulfillmentOrderDelivered
from fulfillment.models import FulfillmentOrder
from fulfillment.services import handover
from inventory import services as inventory_services
from members import services as members_services
from members.choices import ConsentSource
from omni.kernel import sealing
from omni.kernel.transactions import entry
from omni.messages import services as messages_services
from omni.messages.models import Message
from omni.pages import subscribers
from orders import services as orders_services
from orders.events import (
    InvoiceIssued,
    InvoiceNotIssued,
    InvoiceReversed,
    OrderCancelled,
    OrderCompleted,
    RefundSucceeded,
)
from orders.models import Return
from tests.cast import NOON, World
from tests.factories.exchanges import agreed_exchange, bring, pay_difference, replacement_of, settle
from tests.factories.fulfillment import accept_and_pack, make_demand, offer_share
from tests.factories.members import MemberFactory
from tests.factories.orders import (
    accepted_order,
    carried_order,
    move_share,
    packed_order,
    paid_order,
    placed_order,
    run_deliveries,
    shares_of,
)
from tests.factories.returns import NEXT_DAY, delivered_order
from tests.factories.stock import LATE, sent_transfer
from tests.factories.stores import ManagerFactory
from tests.factories.try_ons import SLOT, booked, share_of
from tests.messages.conftest import ScriptedGateway, gateway
from tests.orders.wechat import Provider

__all__ = ["gateway"]

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _quiet(settings: Settings) -> None:
    settings.OUTBOX_HINTS = False
    settings.WECHAT_PAY = Provider().settings
    settings.PUBLIC_URL = "https://shop.example"


def told(gateway: ScriptedGateway, now: datetime = NOON) -> list[str]:
    """Deliver and send what waits; return the texts, without number and link, of what was sent now."""
    run_deliveries(now)
    gateway.sent.clear()
    messages_services.drive_due_messages(now=now)
    return [
        re.sub(r" ?O[0-9A-Z-]{16} ?", " # ", re.sub(r"https://shop\.example\S+", "@", text))
        for *_rest, text in gateway.sent
    ]


def test_shopper_of_a_courier_order_is_told_of_payment_courier_and_arrival(
    world: World, gateway: ScriptedGateway
) -> None:
    order = carried_order(world, language="en")
    assert told(gateway) == [
        "[One] We have your payment of ¥499.00 for order # . Follow it here: @",
        "[One] Store A is preparing your order # : @",
        "[One] The courier is on the way with your order # : @",
    ]
    assert gateway.sent[0][:3] == ("sms", Message.objects.order_by("pk")[0].number, "+8613800138000")

    move_share(shares_of(order)[0], handover.mark_delivered)

    assert told(gateway) == ["[One] Your order # has reached you. We hope you like it: @"]


def test_shopper_who_collects_is_told_where(world: World, gateway: ScriptedGateway) -> None:
    packed_order(world, way=Way.PICKUP, street="", pickup_store_id=world.stores["A"].pk)

    assert told(gateway).count("【壹号】您的订单 # 已在A店备好，提货码请查看：@") == 1


def test_shopper_hears_that_the_store_could_not_cancel(world: World, gateway: ScriptedGateway) -> None:
    order = packed_order(world, language="en")
    told(gateway)
    with entry():
        orders_services.cancel_order(order.pk, actor="guest", now=NOON)
    with entry():
        fulfillment_services.answer_cancel(shares_of(order)[0].pk, accept=False, actor="user:1", now=NOON)

    assert told(gateway) == [
        "[One] Your order # could not be cancelled any more: the goods go on to you, and you may return them. @"
    ]


def test_shopper_hears_of_the_invoice(world: World, gateway: ScriptedGateway) -> None:
    order = placed_order(world, language="en")
    with entry():
        subscribers.tell_invoice_issued(InvoiceIssued(order.pk, 1, NOON, 49900), now=NOON)
        subscribers.tell_invoice_refused(InvoiceNotIssued(order.pk, 1, NOON), now=NOON)
        subscribers.tell_invoice_reversed(InvoiceReversed(order.pk, 2, NOON, -49900), now=NOON)

    assert [text.partition("] ")[2][:40] for text in told(gateway)] == [
        "The invoice of ¥499.00 for your order # ",
        "The invoice for your order # was refused",
        "After your return the invoice for order ",
    ]


def words(gateway: ScriptedGateway, now: datetime) -> list[str]:
    """Return what is told now without brand and numbers of returns."""
    return [re.sub(r"RT[0-9A-Z-]{15}", "%", text).partition("] ")[2] for text in told(gateway, now)]


def test_shopper_hears_of_every_turn_of_an_exchange(world: World, gateway: ScriptedGateway) -> None:
    case = agreed_exchange(delivered_order(world, ("L", 1), language="en"), "S")
    told(gateway, NEXT_DAY)
    texts = words_of_messages()
    assert texts[-1] == "exchange_agreed"
    pay_difference(case)
    assert words(gateway, NEXT_DAY) == [
        "We have your ¥100.00 for order # . It is sent once a store has taken back what you give for it: @"
    ]
    settle(bring(case, world))
    assert words(gateway, NEXT_DAY) == [
        "Store B has what you exchange (%) and looks at it within two days; then the other one is sent: @",
        "What you exchange (%) is taken back: ¥399.00 go towards what you get instead. @",
        "What you gave back has paid for order # , which is now made ready for you: @",
    ]


def test_shopper_hears_that_an_exchange_ended(world: World, gateway: ScriptedGateway) -> None:
    case = bring_in(agreed_exchange(delivered_order(world, ("S", 1), language="en"), "M"), world)
    told(gateway, NEXT_DAY)
    with entry():
        orders_services.reject_return(case.pk, reason="Worn", actor="user:1", now=NEXT_DAY)

    assert sorted(words(gateway, NEXT_DAY)) == [
        "Order # , held for your exchange, is given back. Anything you paid for it comes back the way you paid it: @",
        "We could not take back what you exchange (%): Worn. What was held for you is not sent. @",
    ]


def test_shopper_of_an_exchange_that_became_a_return_hears_of_a_return(world: World, gateway: ScriptedGateway) -> None:
    case = agreed_exchange(delivered_order(world, ("S", 1), language="en"), "M")
    with entry():
        orders_services.cancel_order(replacement_of(case).pk, actor="guest", now=NEXT_DAY)
    told(gateway, NEXT_DAY)
    settle(bring(case, world))

    texts = words(gateway, NEXT_DAY)
    assert texts[0] == "Store B has your return % and looks at it within two days: @"
    assert texts[1] == "Your return % is taken back: ¥499.00 is yours again. @"


def words_of_messages() -> list[str]:
    return list(Message.objects.order_by("pk").values_list("template", flat=True))


def bring_in(case: Return, world: World) -> Return:
    with entry():
        orders_services.receive_return(case.pk, world.stores["B"].pk, actor="user:1", now=NEXT_DAY)
    return case


@pytest.mark.parametrize(("topics", "count"), [(("marketing-sms",), 1), ((), 0)])
def test_member_who_agreed_is_asked_how_it_was(
    world: World, gateway: ScriptedGateway, topics: tuple[str, ...], count: int
) -> None:
    member = MemberFactory.create(brand=world.brand, language="en")
    order = placed_order(world, member_id=member.pk, language="en")
    with entry():
        members_services.record_consent(member.pk, topics, source=ConsentSource.WEB, now=NOON)
        subscribers.invite_feedback(OrderCompleted(order.pk, NOON), now=NOON)

    assert len(told(gateway)) == count


def test_link_in_a_message_opens_the_order_anywhere(world: World, gateway: ScriptedGateway, client: Client) -> None:
    order = paid_order(world)
    told(gateway)
    link = gateway.sent[0][4].partition("https://shop.example")[2]

    answer = client.get(link, follow=True)

    assert order.number in answer.content.decode()
    assert client.get(f"/orders/{order.number}/").status_code == 200


def test_shopper_of_an_unpaid_order_hears_that_it_is_cancelled(world: World, gateway: ScriptedGateway) -> None:
    order = placed_order(world)
    with entry():
        orders_services.cancel_order(order.pk, actor="guest", now=NOON)

    assert told(gateway) == ["【壹号】您的订单 # 已取消，详情：@"]


def test_shopper_of_a_paid_order_hears_that_the_money_comes_back(world: World, gateway: ScriptedGateway) -> None:
    order = paid_order(world)
    with entry():
        orders_services.cancel_order(order.pk, actor="guest", now=NOON)

    assert told(gateway)[1:] == ["【壹号】您的订单 # 已取消，已付款项将原路退回：@"]


def test_refund_is_told_with_its_amount(world: World, gateway: ScriptedGateway) -> None:
    event = RefundSucceeded(placed_order(world).pk, 1, refunded_at=NOON, amount_fen=49900)
    with entry():
        subscribers.tell_refunded(event, now=NOON)

    assert told(gateway) == ["【壹号】您的订单 # 已原路退款 ¥499.00：@"]


def test_event_that_is_handled_twice_is_told_once(world: World, gateway: ScriptedGateway) -> None:
    order = placed_order(world)
    for _attempt in range(2):
        with entry():
            subscribers.tell_cancelled(OrderCancelled(order.pk, NOON), now=NOON)

    assert list(Message.objects.values_list("cause", flat=True)) == [f"cancelled:{order.pk}"]


def test_goods_that_are_no_orders_are_told_to_nobody(world: World) -> None:
    event = FulfillmentOrderDelivered(make_demand(world).pk, 1, world.stores["A"].pk, NOON)
    with entry():
        subscribers.tell_delivered(event, now=NOON)

    assert not Message.objects.exists()


def manager_with_phone(world: World, store: str, phone: str, language: str = "en") -> None:
    """Let a store have a manager who can be reached."""
    manager = ManagerFactory.create(store=world.stores[store]).user
    type(manager).objects.filter(pk=manager.pk).update(
        phone_sealed=sealing.seal(phone), phone_index=sealing.blind_index(phone), language=language
    )


def test_managers_of_a_silent_store_are_told_once(world: World, gateway: ScriptedGateway) -> None:
    order = accepted_order(world)
    manager_with_phone(world, "A", "+8613900139000")
    ManagerFactory.create(store=world.stores["B"])
    told(gateway)

    fulfillment_services.drive_due_routing(10, now=NOON + timedelta(hours=1))

    number = shares_of(order)[0].number
    (text,) = told(gateway, NOON + timedelta(hours=1))
    assert text.replace(number, "#").startswith("Store A: order # is overdue. Prepare it or give it back")
    assert told(gateway, NOON + timedelta(hours=1)) == []


def test_managers_are_told_of_a_parcel_of_which_nothing_is_heard(world: World, gateway: ScriptedGateway) -> None:
    share = accept_and_pack(offer_share(world, way=Way.EXPRESS))
    with entry():
        handover.give_to_courier(share, actor="van", now=NOON)
    manager_with_phone(world, "A", "+8613900139000", language="zh-hans")
    told(gateway)

    fulfillment_services.drive_due_routing(10, now=NOON + timedelta(hours=48))

    (text,) = told(gateway, NOON + timedelta(hours=48))
    assert text.replace(share.number, "#").startswith("A店：快递公司已久未更新订单 # 的物流状态")


def test_managers_are_told_of_goods_that_no_van_fetched(world: World, gateway: ScriptedGateway) -> None:
    share = accept_and_pack(offer_share(world, way=Way.EXPRESS))
    FulfillmentOrder.objects.filter(pk=share.pk).update(status=FulfillmentOrderStatus.LABELLED, deadline_at=NOON)
    manager_with_phone(world, "A", "+8613900139000")
    told(gateway)

    fulfillment_services.drive_due_routing(10, now=NOON)

    (text,) = told(gateway, NOON)
    assert text.replace(share.number, "#").startswith("Store A: order # does not go on. See where the goods are")


def test_managers_of_both_ends_are_told_once_of_a_transfer_that_is_late(world: World, gateway: ScriptedGateway) -> None:
    transfer = sent_transfer(world, {"S": 1})
    manager_with_phone(world, "B", "+8613900139000")
    manager_with_phone(world, "A", "+8613900139001", "zh-hans")
    for _sweep in range(2):
        with entry():
            inventory_services.note_late_transfers(now=LATE)

    texts = [text.replace(transfer.number, "#") for text in told(gateway, LATE)]

    late = (
        "Store B: transfer # with Store A should have arrived by now. Look for it; receive it or write off what is lost"
    )
    assert sorted(texts) == ["A店：与B店的调拨单 # 应已到货。请查找，收货，或核销丢失部分：@", f"{late}: @"]
    desks = sorted(f"/desk/stores/{world.stores[end].pk}/stock/shipments/{transfer.number}/" for end in "AB")
    assert sorted(sent[4].rpartition("https://shop.example")[2] for sent in gateway.sent) == desks
    assert told(gateway, LATE) == []


def test_shopper_of_a_booking_is_told_of_it_and_of_its_end(world: World, gateway: ScriptedGateway) -> None:
    try_on = booked(world, "S")
    assert told(gateway) == ["[One] Your pieces are held at Store A, 03-16 14:00. Your code is here: @"]
    with entry():
        fulfillment_services.reject_task(share_of(try_on).pk, reason=RejectReason.OTHER, actor="user:1", now=NOON)
    (text,) = told(gateway)
    assert text.startswith("[One] Sorry: Store A does not have all of your pieces")


def test_shopper_of_a_booking_is_reminded(world: World, gateway: ScriptedGateway) -> None:
    booked(world, "S", starts_at=SLOT + timedelta(hours=4))
    told(gateway)
    orders_services.drive_due_rows(now=NOON + timedelta(hours=4))
    (text,) = told(gateway, NOON + timedelta(hours=4))
    assert text.startswith("[One] See you at Store A, 03-16 18:00, to try on your pieces.")
