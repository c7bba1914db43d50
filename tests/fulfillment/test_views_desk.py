import re
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from fulfillment import services
from fulfillment.choices import DeliveryState, FulfillmentOrderStatus, PickupCodePurpose, Way
from fulfillment.models import Delivery, FulfillmentOrder
from inventory.models import CountTask
from omni.kernel import clock
from omni.kernel.transactions import entry
from stores.models import Staff
from tests.cast import NOON, World
from tests.factories.fulfillment import (
    CLERK,
    accept,
    accept_and_pack,
    code_of,
    delivery_of,
    fresh,
    offer_share,
    status_of,
    wrong_code,
)
from tests.factories.stores import ClerkFactory
from tests.fulfillment.test_store_work import wish_to_cancel

S = FulfillmentOrderStatus
ACTIONS = ("accept", "reject", "pick", "pack", "hand-over", "collect", "answer", "returned", "lost", "restock")


@pytest.fixture
def desk(client: Client, clerk_a: Staff) -> Client:
    """A clerk of store A, signed in, who reads English."""
    client.force_login(clerk_a.user, backend="django.contrib.auth.backends.ModelBackend")
    client.cookies["django_language"] = "en"
    return client


def queue_url(world: World, store: str = "A") -> str:
    return reverse("fulfillment:desk-queue", args=[world.stores[store].pk])


def task_url(share: FulfillmentOrder, action: str = "task") -> str:
    return reverse(f"fulfillment:desk-{action}", args=[share.number])


def press(desk: Client, share: FulfillmentOrder, action: str, **fields: object) -> str:
    """Send a form of a task and return the page that follows."""
    answer = desk.post(task_url(share, action), fields, follow=True)
    assert answer.redirect_chain == [(task_url(share), 302)]
    return answer.content.decode()


# Who may stand here


def test_desk_for_somebody_not_signed_in_asks_to_sign_in(client: Client, world: World) -> None:
    answer = client.get(reverse("fulfillment:desk"))

    assert answer["Location"] == "/accounts/login/?next=/desk/"
    assert 'name="password"' in client.get(answer["Location"]).content.decode()


def test_queue_that_refreshes_itself_reloads_when_the_sign_in_has_ended(client: Client, world: World) -> None:
    answer = client.get(queue_url(world), {"seen": "x"}, headers={"HX-Request": "true"})

    assert (answer.status_code, answer["HX-Refresh"]) == (401, "true")
    assert answer.content == b""


def test_desk_of_a_clerk_goes_to_the_store(desk: Client, world: World) -> None:
    assert desk.get(reverse("fulfillment:desk"))["Location"] == queue_url(world)


def test_desk_of_somebody_with_two_stores_lets_them_choose(desk: Client, world: World, clerk_a: Staff) -> None:
    ClerkFactory.create(user=clerk_a.user, store=world.stores["B"])

    page = desk.get(reverse("fulfillment:desk")).content.decode()

    assert (queue_url(world) in page, queue_url(world, "B") in page, queue_url(world, "C") in page) == (
        True,
        True,
        False,
    )


def test_desk_of_headquarters_shows_no_store(client: Client, headquarters: Staff) -> None:
    client.force_login(headquarters.user, backend="django.contrib.auth.backends.ModelBackend")

    page = client.get(reverse("fulfillment:desk"), headers={"Accept-Language": "en"}).content.decode()

    assert "Your account works in no store" in page


@pytest.mark.parametrize("who", ["clerk_b", "headquarters", "stranger"])
def test_everything_of_another_store_is_not_found(
    client: Client, world: World, who: str, request: pytest.FixtureRequest
) -> None:
    staff: Staff = request.getfixturevalue(who)
    share = offer_share(world)
    client.force_login(staff.user, backend="django.contrib.auth.backends.ModelBackend")

    answers = [client.get(queue_url(world)).status_code, client.get(task_url(share)).status_code]
    answers += [client.post(task_url(share, action), {"code": "123456"}).status_code for action in ACTIONS]

    assert set(answers) == {404}
    assert status_of(share) == S.OFFERED


def test_task_of_nobody_is_not_found(desk: Client, world: World) -> None:
    share = offer_share(world)
    answers = [
        desk.get(reverse("fulfillment:desk-task", args=[number])) for number in ("FNONE-XXXXX-XXXXX", share.number)
    ]

    assert [answer.status_code for answer in answers] == [404, 200]
    assert [share.number in answer.content.decode() for answer in answers] == [False, True]


@pytest.mark.parametrize("status", [S.PLANNED, S.PENDING_ROUTING])
def test_share_that_is_no_task_yet_is_not_found(desk: Client, world: World, status: S) -> None:
    share = offer_share(world)
    FulfillmentOrder.objects.filter(pk=share.pk).update(status=status, route_due_at=NOON)

    assert desk.get(task_url(share)).status_code == 404
    assert share.number not in desk.get(queue_url(world)).content.decode()


def test_actions_by_get_are_not_allowed(desk: Client, world: World) -> None:
    share = offer_share(world)

    assert {desk.get(task_url(share, action)).status_code for action in ACTIONS} == {405}
    assert FulfillmentOrder.objects.get(pk=share.pk).status == S.OFFERED


def test_actions_need_the_page_s_token(clerk_a: Staff, world: World) -> None:
    client, share = Client(enforce_csrf_checks=True), offer_share(world)
    client.force_login(clerk_a.user, backend="django.contrib.auth.backends.ModelBackend")

    assert client.post(task_url(share, "accept")).status_code == 403
    assert status_of(share) == S.OFFERED


# The queue


def test_queue_sorts_tasks_into_tabs(desk: Client, world: World) -> None:
    offered, accepted, packed = offer_share(world), accept(offer_share(world)), accept_and_pack(offer_share(world))

    pages = {tab: desk.get(queue_url(world), {"tab": tab}).content.decode() for tab in ("answer", "prepare", "waiting")}

    for tab, shown in zip(pages, (offered, accepted, packed), strict=True):
        listed = [share.number for share in (offered, accepted, packed) if task_url(share) in pages[tab]]
        assert listed == [shown.number]
    counts = re.findall(r'desk-count[^"]*">(\d+)<', pages["answer"])
    assert counts == ["1", "1", "1", "0"]


def test_queue_shows_the_deadline_as_a_countdown(desk: Client, world: World) -> None:
    share = offer_share(world)

    page = desk.get(queue_url(world)).content.decode()

    assert share.deadline_at is not None
    assert f'data-countdown="{share.deadline_at.astimezone(clock.BUSINESS_ZONE).isoformat()}"' in page


def test_queue_lists_today_s_done_and_what_is_on_the_road(desk: Client, world: World) -> None:
    now = clock.now()
    shares = {name: offer_share(world) for name in ("today", "before", "on the road")}
    done = {"status": S.DELIVERED, "finished_at": now}
    FulfillmentOrder.objects.filter(pk=shares["today"].pk).update(**done)
    FulfillmentOrder.objects.filter(pk=shares["before"].pk).update(**{**done, "finished_at": now - timedelta(days=1)})
    FulfillmentOrder.objects.filter(pk=shares["on the road"].pk).update(status=S.HANDED_OVER)

    page = desk.get(queue_url(world), {"tab": "done"}).content.decode()

    assert [name for name, share in shares.items() if task_url(share) in page] == ["today", "on the road"]


def test_queue_unchanged_sends_nothing(desk: Client, world: World) -> None:
    offer_share(world)
    seen = re.search(r"seen=([0-9a-f]{8})", desk.get(queue_url(world)).content.decode())
    assert seen is not None

    same = desk.get(queue_url(world), {"seen": seen[1]})
    offer_share(world)
    changed = desk.get(queue_url(world), {"seen": seen[1]})

    assert (same.status_code, same.content) == (204, b"")
    assert (changed.status_code, b"<html" in changed.content, b'id="queue"' in changed.content) == (200, False, True)


@pytest.mark.parametrize("tab", ["answer", "prepare", "waiting", "done", "nonsense"])
def test_queue_that_is_empty_says_so(desk: Client, world: World, tab: str) -> None:
    page = desk.get(queue_url(world), {"tab": tab}).content.decode()

    assert "empty-state" in page


def queries_of(desk: Client, url: str) -> int:
    with CaptureQueriesContext(connection, ) as captured:  # fmt: skip
        assert desk.get(url).status_code == 200
    return len(captured)


def test_queue_needs_the_same_queries_for_one_and_three(desk: Client, world: World) -> None:
    accept(offer_share(world))
    url = f"{queue_url(world)}?tab=prepare"
    one = queries_of(desk, url)
    for _ in range(2):
        accept(offer_share(world, units={"S": 1, "M": 1}) if _ == 0 else offer_share(world))

    assert (one, queries_of(desk, url)) == (12, 12)


# A task


def test_task_shows_the_goods_and_masks_who_gets_them(desk: Client, world: World) -> None:
    share = offer_share(world, units={"S": 2, "M": 1})

    page = desk.get(task_url(share)).content.decode()

    assert ("Silk shirt" in page, "SHIRT-S" in page, "SHIRT-M" in page, "× 2" in page) == (True, True, True, True)
    assert ("王**" in page, "138****8000" in page, "Jing'an" in page.replace("&#x27;", "'")) == (True, True, True)
    assert ("王小雨" in page, "13800138000" in page, "南京西路" in page) == (False, False, False)


def test_task_in_chinese_is_chinese(desk: Client, world: World) -> None:
    desk.cookies["django_language"] = "zh-hans"

    page = desk.get(task_url(offer_share(world))).content.decode()

    assert ("真丝衬衫" in page, "Silk shirt" in page) == (True, False)


def test_task_goes_from_offer_to_hand_over(desk: Client, world: World, clerk_a: Staff) -> None:
    share = offer_share(world)

    assert "Accepted. It is yours now." in press(desk, share, "accept")
    assert "Picking has begun." in press(desk, share, "pick")
    assert "Packed." in press(desk, share, "pack")
    assert "Handed over." in press(desk, share, "hand-over", code=code_of(share))

    assert (status_of(share), fresh(share).accepted_by) == (S.HANDED_OVER, f"user:{clerk_a.user_id}")


def test_task_accepted_by_another_meanwhile_says_so(desk: Client, world: World) -> None:
    share = accept(offer_share(world))

    page = press(desk, share, "accept")

    assert "Somebody was faster: by now this order is “Accepted”." in page
    assert fresh(share).accepted_by == CLERK


def test_hand_over_with_a_wrong_code_says_how_many_tries_are_left(desk: Client, world: World) -> None:
    share = accept_and_pack(offer_share(world))

    page = press(desk, share, "hand-over", code=wrong_code(share))

    assert "That is not the code. 4 tries left." in page
    assert status_of(share) == S.AWAITING_COURIER


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "123 45", "١٢٣٤٥٦", "x" * 500])
def test_hand_over_with_what_is_no_code_costs_no_try(desk: Client, world: World, code: str) -> None:
    share = accept_and_pack(offer_share(world))

    page = press(desk, share, "hand-over", code=code)

    assert "alert-error" in page
    assert share.pickup_codes.get().tries_left == 5


def test_code_with_spaces_and_full_width_digits_is_understood(desk: Client, world: World) -> None:
    share = accept_and_pack(offer_share(world, way=Way.PICKUP))
    code = code_of(share, PickupCodePurpose.SHOPPER)
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in code)

    press(desk, share, "collect", code=f" {wide[:3]} {wide[3:]} ")

    assert status_of(share) == S.COLLECTED


def test_task_shows_the_courier_s_code_but_never_the_shopper_s(desk: Client, world: World) -> None:
    by_courier, collected = accept_and_pack(offer_share(world)), accept_and_pack(offer_share(world, way=Way.PICKUP))

    assert code_of(by_courier) in desk.get(task_url(by_courier)).content.decode()
    assert code_of(collected, PickupCodePurpose.SHOPPER) not in desk.get(task_url(collected)).content.decode()


def test_reject_without_a_reason_changes_nothing(desk: Client, world: World) -> None:
    share = offer_share(world)

    page = press(desk, share, "reject")

    assert "Choose a reason." in page
    assert status_of(share) == S.OFFERED


@pytest.mark.parametrize("reason", ["nonsense", "displaced", "no_courier"])
def test_reject_for_a_reason_that_is_not_the_store_s_changes_nothing(desk: Client, world: World, reason: str) -> None:
    share = offer_share(world)

    press(desk, share, "reject", reason=reason)

    assert status_of(share) == S.OFFERED


def test_reject_not_found_takes_the_named_units_off_the_books(desk: Client, world: World) -> None:
    share = offer_share(world, units={"S": 2, "M": 1})
    line = share.lines.order_by("pk")[0]

    page = press(desk, share, "reject", reason="not_found", **{f"units_{line.pk}": 1})

    assert "Another store is being found." in page
    assert status_of(share) == S.REJECTED
    assert (world.level("A", "S").on_hand, world.level("A", "M").on_hand) == (9, 2)
    assert CountTask.objects.count() == 1


@pytest.mark.parametrize("units", ["0", "3", "-1", "many"])
def test_reject_with_impossible_units_changes_nothing(desk: Client, world: World, units: str) -> None:
    share = offer_share(world, units={"S": 2})

    page = press(desk, share, "reject", reason="damaged", **{f"units_{share.lines.get().pk}": units})

    assert "alert-error" in page
    assert (status_of(share), world.level("A", "S").unsellable) == (S.OFFERED, 0)


def test_answer_cancel_agreed_ends_the_order(desk: Client, world: World) -> None:
    share = accept_and_pack(offer_share(world))
    wish_to_cancel(share)

    assert "Are the goods still here?" in desk.get(task_url(share)).content.decode()
    assert "alert-error" in press(desk, share, "answer", answer="perhaps")
    press(desk, share, "answer", answer="accept")

    assert status_of(share) == S.CANCELLED


def test_answer_cancel_waiting_for_the_company_says_so(desk: Client, world: World) -> None:
    share = accept_and_pack(offer_share(world))
    Delivery.objects.update(state=DeliveryState.ASSIGNED, provider_id="D1", next_attempt_at=None)
    wish_to_cancel(share)

    page = press(desk, share, "answer", answer="accept")

    assert "The order ends as soon as the courier company confirms" in page


def come_back(share: FulfillmentOrder, state: DeliveryState, at: datetime) -> None:
    services.drive_hand_over(share.pk, code=code_of(share), actor=CLERK, now=at)
    FulfillmentOrder.objects.filter(pk=share.pk).update(status=S.RETURNING)
    Delivery.objects.update(state=state)


def test_task_that_comes_back_can_be_taken_back(desk: Client, world: World, now: datetime) -> None:
    share = accept_and_pack(offer_share(world))
    come_back(share, DeliveryState.RETURNING, now)
    assert "They never came" not in desk.get(task_url(share)).content.decode()

    assert "The courier is still on the way with these goods." in press(desk, share, "lost")
    press(desk, share, "returned")

    assert (status_of(share), world.level("A", "S").on_hand) == (S.RETURNED_TO_STORE, 10)


def test_task_that_never_came_back_can_be_given_up(desk: Client, world: World, now: datetime) -> None:
    share = accept_and_pack(offer_share(world))
    come_back(share, DeliveryState.CANCELLED, now)
    assert "They never came" in desk.get(task_url(share)).content.decode()

    press(desk, share, "lost")

    assert status_of(share) == S.LOST


def test_goods_nobody_collected_go_back_on_the_shelf(desk: Client, world: World) -> None:
    share = accept_and_pack(offer_share(world, way=Way.PICKUP))
    with entry():
        services.expire_pickup(share.pk, now=NOON + timedelta(days=4))

    press(desk, share, "restock")

    assert (status_of(share), world.level("A", "S").allocated) == (S.RESTOCKED, 0)


def test_task_unchanged_sends_nothing_and_changed_sends_the_live_part(desk: Client, world: World) -> None:
    share = accept_and_pack(offer_share(world))
    seen = re.search(r"seen=([0-9a-f]{8})", desk.get(task_url(share)).content.decode())
    assert seen is not None

    same = desk.get(task_url(share), {"seen": seen[1]})
    Delivery.objects.update(state=DeliveryState.AT_STORE, courier_name="王师傅", courier_phone_masked="138****0001")
    changed = desk.get(task_url(share), {"seen": seen[1]}).content.decode()

    assert same.status_code == 204
    assert ("<html" in changed, 'data-courier-state="at_store"' in changed, "王师傅" in changed) == (False, True, True)


def test_task_of_every_status_can_be_shown(desk: Client, world: World) -> None:
    share = accept_and_pack(offer_share(world))

    for status in set(S) - {S.PLANNED, S.PENDING_ROUTING}:
        FulfillmentOrder.objects.filter(pk=share.pk).update(status=status, deadline_at=NOON)
        assert desk.get(task_url(share)).status_code == 200, status
        for state in DeliveryState:
            Delivery.objects.update(state=state)
            part = desk.get(task_url(share), {"seen": "0" * 8})
            assert (part.status_code, b'id="live"' in part.content) == (200, True), (status, state)
    assert delivery_of(share).state == DeliveryState.LOST


def test_task_page_needs_a_fixed_number_of_queries(desk: Client, world: World) -> None:
    one, three = offer_share(world), offer_share(world, store="A", units={"S": 1, "M": 1})

    assert (queries_of(desk, task_url(one)), queries_of(desk, task_url(three))) == (13, 13)


def test_desk_pages_allow_no_stranger_script(desk: Client, world: World) -> None:
    answer = desk.get(task_url(offer_share(world)))

    policy = answer["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "script-src 'self' 'wasm-unsafe-eval';" in f"{policy};"
    assert policy.count("unsafe") == 1
    assert "no-store" in answer["Cache-Control"]
    assert re.search(r"<script(?![^>]*\bsrc=)|\bstyle=|\bon[a-z]+=\"", answer.content.decode()) is None


def test_accepted_task_counts_down_and_an_overdue_one_says_so(desk: Client, world: World) -> None:
    share = accept(offer_share(world))
    assert "data-countdown" in desk.get(f"/desk/tasks/{share.number}/").content.decode()
    FulfillmentOrder.objects.filter(pk=share.pk).update(overdue_at=NOON)

    page = desk.get(f"/desk/tasks/{share.number}/").content.decode()
    queue = desk.get(f"/desk/stores/{world.stores['A'].pk}/?tab=prepare").content.decode()

    assert "This order is overdue" in page
    assert ("Overdue" in queue, "is-urgent" in queue) == (True, True)
