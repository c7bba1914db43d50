import json
from datetime import timedelta

import pytest
from django.test import Client

from fulfillment import services
from fulfillment.choices import DeliveryState, FulfillmentOrderStatus, FulfillmentStatus, PickupCodeStatus, RejectReason
from fulfillment.models import Delivery, DeliveryCallback, Fulfillment, FulfillmentOrder, PickupCode
from omni.kernel import clock
from omni.kernel.models import Event
from omni.kernel.transactions import entry
from tests.cast import NOON, World
from tests.courier import CALLBACK_PATH, Callbacks, drive
from tests.factories.fulfillment import (
    CLERK,
    accept,
    accept_and_pack,
    code_of,
    delivery_of,
    fresh,
    offer_share,
    status_of,
)
from tests.fulfillment.test_clients import event, signed
from tests.sandbox.fixture import SandboxProcess

S = FulfillmentOrderStatus
D = DeliveryState


@pytest.fixture
def share(world: World) -> FulfillmentOrder:
    """A packed order whose courier is still to be asked for."""
    return accept_and_pack(offer_share(world))


def stock(world: World) -> tuple[int, int]:
    """Return on hand and allocated of S in store A."""
    level = world.level("A", "S")
    return level.on_hand, level.allocated


def events() -> list[str]:
    names = Event.objects.order_by("pk").values_list("name", flat=True)
    return [name.removeprefix("fulfillment.Fulfillment").removeprefix("Order") for name in names]


def outcomes() -> list[str]:
    return list(DeliveryCallback.objects.order_by("pk").values_list("outcome", flat=True))


def hand_over(share: FulfillmentOrder) -> None:
    services.drive_hand_over(share.pk, code=code_of(share), actor=CLERK, now=clock.now())


def wish_and_agree_to_cancel(share: FulfillmentOrder) -> None:
    with entry():
        services.request_cancel(share.fulfillment_id, actor="guest", now=clock.now())
    with entry():
        services.answer_cancel(share.pk, accept=True, actor=CLERK, now=clock.now())


# Calling the company


def test_drive_delivery_quotes_and_creates_once(share: FulfillmentOrder, company: SandboxProcess) -> None:
    delivery = drive(share)

    assert (delivery.state, delivery.fee_fen, delivery.last_error) == (D.CREATED, 600, "")
    calls = company.log("courier", "call")
    assert [call["operation"] for call in calls] == ["quote", "create"]
    assert delivery.provider_id == json.loads(calls[1]["detail"]["response"])["delivery_id"]
    assert drive(share).updated_at == delivery.updated_at
    assert len(company.log("courier", "call")) == 2


def test_drive_delivery_sends_the_code_and_the_real_phone(share: FulfillmentOrder, company: SandboxProcess) -> None:
    drive(share)

    sent = json.loads(company.log("courier", "call", f"{share.number}-1")[-1]["detail"]["request"])
    assert sent["pickup_code"] == code_of(share)
    assert sent["to"]["phone"] == "+8613800138000"
    assert sent["to"]["address"] == "上海市上海市静安区南京西路 1 号"


def test_drive_delivery_before_it_is_due_calls_nobody(share: FulfillmentOrder, company: SandboxProcess) -> None:
    services.drive_delivery(delivery_of(share).pk, now=NOON - timedelta(seconds=1))

    assert company.log("courier", "call") == []


def test_drive_delivery_confirms_the_pickup_after_the_desk(share: FulfillmentOrder, company: SandboxProcess) -> None:
    company.advance(drive(share).provider_id, "AT_STORE")
    hand_over(share)

    delivery = drive(share)

    assert delivery.state == D.PICKED_UP
    assert [call["operation"] for call in company.log("courier", "call")][-1] == "pickup"
    assert events() == ["Accepted", "HandedOver"]


def test_drive_delivery_confirms_the_pickup_when_the_courier_arrives_later(
    share: FulfillmentOrder, company: SandboxProcess
) -> None:
    drive(share)
    hand_over(share)
    waiting = drive(share)
    company.advance(waiting.provider_id, "AT_STORE")

    assert waiting.state == D.CREATED
    assert waiting.next_attempt_at is not None
    assert drive(share, now=waiting.next_attempt_at).state == D.PICKED_UP


def test_drive_delivery_cancels_what_the_store_agreed_to(
    share: FulfillmentOrder, world: World, company: SandboxProcess
) -> None:
    company.advance(drive(share).provider_id, "ASSIGNED")
    wish_and_agree_to_cancel(share)
    assert status_of(share) == S.CANCEL_REQUESTED

    delivery = drive(share)

    assert (delivery.state, delivery.next_attempt_at) == (D.CANCELLED, None)
    assert (status_of(share), stock(world)) == (S.CANCELLED, (10, 0))
    assert events() == ["Accepted", "Cancelled"]
    assert Fulfillment.objects.get().status == FulfillmentStatus.CANCELLED


def test_drive_delivery_books_the_fee_of_a_late_cancellation(share: FulfillmentOrder, company: SandboxProcess) -> None:
    company.advance(drive(share).provider_id, "ASSIGNED")
    company.clock(advance_s=300)
    wish_and_agree_to_cancel(share)

    assert drive(share).cancel_fee_fen == 200


def test_drive_delivery_out_of_reach_gives_the_order_back_to_routing(world: World, company: SandboxProcess) -> None:
    share = accept(offer_share(world, store="C", units={"M": 1}))

    delivery = drive(share)

    assert (delivery.state, delivery.reason, delivery.next_attempt_at) == (D.CREATE_FAILED, "out_of_reach", None)
    assert (status_of(share), fresh(share).reject_reason) == (S.REJECTED, RejectReason.NO_COURIER)
    following = FulfillmentOrder.objects.exclude(pk=share.pk).get()
    assert (following.status, following.attempt) == (S.PENDING_ROUTING, 2)
    assert world.level("C", "M").allocated == 0


def test_drive_delivery_confirms_goods_that_came_back(share: FulfillmentOrder, company: SandboxProcess) -> None:
    company.advance(drive(share).provider_id, "AT_STORE")
    hand_over(share)
    company.advance(drive(share).provider_id, "RETURNED")
    drive(share, now=clock.now() + timedelta(minutes=1))
    assert status_of(share) == S.RETURNING

    with entry():
        services.confirm_return(share.pk, actor=CLERK, now=clock.now())

    assert drive(share).state == D.RETURN_CONFIRMED
    assert status_of(share) == S.RETURNED_TO_STORE


def test_drive_delivery_of_a_silent_courier_asks_less_and_less_often(
    share: FulfillmentOrder, company: SandboxProcess
) -> None:
    delivery, waits = drive(share), []
    for _ in range(6):
        assert delivery.next_attempt_at is not None
        now = delivery.next_attempt_at
        delivery = drive(share, now=now)
        assert delivery.next_attempt_at is not None
        waits.append((delivery.next_attempt_at - now).total_seconds())

    assert waits == [60, 120, 300, 600, 600, 600]
    assert [call["operation"] for call in company.log("courier", "call")][2:] == ["get"] * 6


def test_drive_delivery_hears_from_a_silent_courier(share: FulfillmentOrder, company: SandboxProcess) -> None:
    company.fault("courier", drop=True)
    company.advance(drive(share).provider_id, "DELIVERED")

    delivery = drive(share, now=clock.now() + timedelta(seconds=31))

    assert (delivery.state, status_of(share)) == (D.DELIVERED, S.DELIVERED)
    assert events() == ["Accepted", "HandedOver", "Delivered"]


def test_drive_due_deliveries_with_one_that_fails_drives_the_others(
    world: World, company: SandboxProcess, caplog: pytest.LogCaptureFixture
) -> None:
    shares = [accept(offer_share(world)) for _ in range(3)]
    PickupCode.objects.filter(fulfillment_order=shares[1]).update(code_sealed="broken")

    assert services.drive_due_deliveries(10, now=clock.now()) == 3

    assert [delivery_of(share).state for share in shares] == [D.CREATED, D.REQUESTED, D.CREATED]
    poisoned = delivery_of(shares[1])
    assert poisoned.next_attempt_at is not None
    assert poisoned.next_attempt_at > clock.now()
    assert services.drive_due_deliveries(10, now=clock.now()) == 0
    assert f"Delivery {poisoned.pk}" in caplog.text


# Callbacks


def test_callbacks_of_a_whole_ride_deliver_the_order(
    share: FulfillmentOrder, world: World, company: SandboxProcess, callbacks: Callbacks
) -> None:
    company.advance(drive(share).provider_id, "AT_STORE")
    assert callbacks.deliver(3) == [200, 200, 200]
    assert delivery_of(share).state == D.AT_STORE
    hand_over(share)
    drive(share)
    company.advance(delivery_of(share).provider_id, "DELIVERED")

    assert callbacks.deliver(3) == [200, 200, 200]

    delivery = delivery_of(share)
    assert (delivery.state, delivery.last_seq, delivery.next_attempt_at) == (D.DELIVERED, 7, None)
    assert (delivery.courier_lat, delivery.courier_lng) == (31.2295, 121.447)
    assert (status_of(share), stock(world)) == (S.DELIVERED, (9, 0))
    assert outcomes() == ["applied"] * 3 + ["known"] + ["applied"] * 2
    assert events() == ["Accepted", "HandedOver", "Delivered"]
    assert Fulfillment.objects.get().status == FulfillmentStatus.COMPLETED


def test_callback_of_an_unknown_delivery_is_kept_and_not_found(world: World, company: SandboxProcess) -> None:
    headers, raw = signed(event(), secret=company.credentials["courier"]["webhook_secret"])

    answers = [Client().post(CALLBACK_PATH, raw, content_type="application/json", headers=headers) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert outcomes() == ["unknown_delivery"]
    assert DeliveryCallback.objects.get().body == event()


def test_callback_with_malformed_json_is_refused_with_the_field(world: World, company: SandboxProcess) -> None:
    headers, raw = signed(b'{"type"', secret=company.credentials["courier"]["webhook_secret"])

    answer = Client().post(CALLBACK_PATH, raw, content_type="application/json", headers=headers)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")
    assert answer.json()["error"]["field"] == "body"
    assert DeliveryCallback.objects.count() == 0


def test_callback_unsigned_is_refused(world: World, company: SandboxProcess) -> None:
    answer = Client().post(CALLBACK_PATH, b"{}", content_type="application/json")

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "bad_signature")
    assert DeliveryCallback.objects.count() == 0


def test_callback_by_get_is_not_allowed(db: None) -> None:
    assert Client().get(CALLBACK_PATH).status_code == 405


def test_callback_of_a_pickup_without_the_desk_hands_the_goods_over(
    share: FulfillmentOrder, world: World, company: SandboxProcess, callbacks: Callbacks
) -> None:
    company.advance(drive(share).provider_id, "PICKED_UP")
    callbacks.deliver(4)

    assert (status_of(share), stock(world)) == (S.HANDED_OVER, (9, 0))
    assert PickupCode.objects.get().status == PickupCodeStatus.REVOKED


def test_callback_of_a_pickup_before_the_store_wrote_anything_walks_every_status(
    world: World, company: SandboxProcess, callbacks: Callbacks
) -> None:
    share = accept(offer_share(world))
    company.advance(drive(share).provider_id, "PICKED_UP")

    callbacks.deliver(4)

    assert (status_of(share), stock(world)) == (S.HANDED_OVER, (9, 0))


def test_callback_of_a_pickup_wins_over_a_wish_to_cancel(
    share: FulfillmentOrder, world: World, company: SandboxProcess, callbacks: Callbacks
) -> None:
    delivery_id = drive(share).provider_id
    with entry():
        services.request_cancel(share.fulfillment_id, actor="guest", now=clock.now())
    company.advance(delivery_id, "PICKED_UP")

    callbacks.deliver(4)

    assert (status_of(share), stock(world)) == (S.HANDED_OVER, (9, 0))
    assert delivery_of(share).wants_cancel is True
    assert events() == ["Accepted", "HandedOver"]
    assert drive(share).wants_cancel is False
    assert events() == ["Accepted", "HandedOver", "CancelRefused"]
    company.advance(delivery_id, "DELIVERED")
    callbacks.deliver(2)
    assert events() == ["Accepted", "HandedOver", "CancelRefused", "Delivered"]


def test_callback_of_goods_taken_after_the_order_was_given_up_is_shown(
    share: FulfillmentOrder, world: World, company: SandboxProcess, callbacks: Callbacks
) -> None:
    delivery_id = drive(share).provider_id
    with entry():
        services.reject_offer(share.pk, reason=RejectReason.OTHER, actor="system:test", now=clock.now())
    company.advance(delivery_id, "PICKED_UP")

    callbacks.deliver(4)

    assert status_of(share) == S.REJECTED
    assert delivery_of(share).last_error == "goods are picked_up although the order is rejected"
    assert stock(world) == (10, 0)


def test_callback_of_a_return_waits_for_the_store(
    share: FulfillmentOrder, world: World, company: SandboxProcess, callbacks: Callbacks
) -> None:
    company.advance(drive(share).provider_id, "RETURNED")

    callbacks.deliver(8)

    delivery = delivery_of(share)
    assert (delivery.state, delivery.reason) == (D.RETURNED, "REFUSED")
    assert (status_of(share), stock(world)) == (S.RETURNING, (9, 0))
    assert events() == ["Accepted", "HandedOver"]


def test_callback_of_a_loss_ends_the_order(
    share: FulfillmentOrder, world: World, company: SandboxProcess, callbacks: Callbacks
) -> None:
    company.advance(drive(share).provider_id, "LOST")

    callbacks.deliver(7)

    assert (status_of(share), stock(world)) == (S.LOST, (9, 0))
    assert events() == ["Accepted", "HandedOver", "Cancelled"]
    assert Event.objects.order_by("pk").last().payload["reason"] == "lost"  # type: ignore[union-attr]


def test_callback_of_a_cancellation_by_the_company_asks_for_another_courier_with_another_code(
    share: FulfillmentOrder, company: SandboxProcess, callbacks: Callbacks
) -> None:
    first = code_of(share)
    company.advance(drive(share).provider_id, "CANCELLED", by="COURIER")

    callbacks.deliver(1)

    old, new = Delivery.objects.order_by("pk")
    assert (old.state, new.state, new.attempt) == (D.CANCELLED, D.REQUESTED, 2)
    assert new.external_id == f"{share.number}-2"
    assert list(PickupCode.objects.order_by("pk").values_list("status", flat=True)) == ["revoked", "issued"]
    assert status_of(share) == S.AWAITING_COURIER
    assert drive(share).state == D.CREATED
    if first != code_of(share):
        with pytest.raises(services.WrongPickupCode):
            services.drive_hand_over(share.pk, code=first, actor=CLERK, now=clock.now())
    hand_over(share)


def test_callback_of_a_cancellation_after_the_desk_gave_the_goods_out_expects_them_back(
    share: FulfillmentOrder, company: SandboxProcess, callbacks: Callbacks
) -> None:
    delivery_id = drive(share).provider_id
    hand_over(share)
    company.advance(delivery_id, "CANCELLED", by="SYSTEM")

    callbacks.deliver(1)

    assert status_of(share) == S.RETURNING
    with entry():
        services.report_lost(share.pk, actor=CLERK, now=clock.now())
    assert status_of(share) == S.LOST


def test_callback_of_another_end_is_a_conflict_that_is_asked_about(
    share: FulfillmentOrder, company: SandboxProcess, callbacks: Callbacks
) -> None:
    delivery_id = drive(share).provider_id
    company.advance(delivery_id, "DELIVERED")
    callbacks.deliver(6)
    secret = company.credentials["courier"]["webhook_secret"]
    lie = event(external_id=f"{share.number}-1", delivery_id=delivery_id, state="LOST", seq=99)
    headers, raw = signed(lie, secret=secret)

    answer = Client().post(CALLBACK_PATH, raw, content_type="application/json", headers=headers)

    assert (answer.status_code, answer.json()) == (200, {"outcome": "conflict"})
    delivery = delivery_of(share)
    assert (delivery.state, delivery.last_error) == (
        D.DELIVERED,
        "conflict: ended as delivered, the courier reports lost",
    )
    assert status_of(share) == S.DELIVERED
    asked = drive(share)
    assert (asked.last_error, asked.next_attempt_at) == ("", None)


def test_conflict_that_the_company_confirms_stays_visible(
    share: FulfillmentOrder, company: SandboxProcess, callbacks: Callbacks
) -> None:
    delivery_id = drive(share).provider_id
    company.advance(delivery_id, "DELIVERED")
    callbacks.deliver(6)
    company.advance(delivery_id, "LOST", jump=True)
    callbacks.deliver(1)

    delivery = drive(share)

    assert delivery.last_error == "conflict: ended as delivered, the courier reports lost"
    assert delivery.next_attempt_at is None
    assert status_of(share) == S.DELIVERED


def test_callback_kept_and_taken_again_is_a_duplicate(
    share: FulfillmentOrder, company: SandboxProcess, callbacks: Callbacks
) -> None:
    company.advance(drive(share).provider_id, "DELIVERED")
    received = callbacks.take(6)

    answers = [callbacks.post(callback) for callback in [*received, *received]]

    assert answers == [200] * 12
    assert outcomes() == ["applied"] * 6
    assert events() == ["Accepted", "HandedOver", "Delivered"]
