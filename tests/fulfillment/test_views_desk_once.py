"""A touch of the desk that arrives twice, late, or from somebody else."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.urls import reverse

from fulfillment.choices import FulfillmentOrderStatus, PickupCodePurpose, Way
from fulfillment.models import FulfillmentOrder, PickupCode
from omni.accounts.models import User
from omni.kernel import clock
from omni.kernel.models import IdempotencyRecord, Transition
from stores.models import Staff
from tests.cast import NOON, World, build_world
from tests.factories.fulfillment import accept, accept_and_pack, offer_share, status_of, wrong_code
from tests.factories.stores import ClerkFactory

S = FulfillmentOrderStatus
SHOPPER = PickupCodePurpose.SHOPPER
BACKEND = "django.contrib.auth.backends.ModelBackend"


def sign_in(user: User) -> Client:
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(user, backend=BACKEND)
    return client


@pytest.fixture(autouse=True)
def _stopped_clock() -> object:
    with mock.patch.object(clock, "now", return_value=NOON):
        yield


def address(share: FulfillmentOrder, action: str) -> str:
    return reverse(f"fulfillment:desk-{action}", args=[share.number])


def press(client: Client, share: FulfillmentOrder, action: str, **fields: str) -> tuple[int, str, list[str]]:
    """Send a form; return its status, where it leads, and what the page after it says."""
    answer = client.post(address(share, action), fields)
    said = [str(message) for message in get_messages(answer.wsgi_request)]
    client.cookies.pop("messages", None)
    return answer.status_code, answer.headers.get("Location", ""), said


def steps_of(share: FulfillmentOrder) -> list[str]:
    rows = Transition.objects.filter(
        entity="fulfillment.fulfillmentorder", entity_id=share.pk, actor__startswith="user:"
    )
    return list(rows.order_by("pk").values_list("to_status", flat=True))


@pytest.mark.django_db
def test_touch_sent_twice_is_answered_alike_and_done_once(world: World, clerk_a: Staff) -> None:
    share, clerk, key = offer_share(world), sign_in(clerk_a.user), str(uuid.uuid4())

    first = press(clerk, share, "accept", once=key)
    second = press(clerk, share, "accept", once=key)

    assert first == (302, address(share, "task"), ["Accepted. It is yours now."])
    assert second == first
    assert steps_of(share) == [S.ACCEPTED]


@pytest.mark.django_db
def test_touch_kept_under_other_words_is_the_same_touch(world: World, clerk_a: Staff) -> None:
    share, clerk, key = offer_share(world), sign_in(clerk_a.user), str(uuid.uuid4())

    first = press(clerk, share, "accept", once=key)
    second = press(clerk, share, "accept", once=key, touch="接单 · 任务")

    assert second == first
    assert steps_of(share) == [S.ACCEPTED]


@pytest.mark.django_db
def test_touch_with_another_key_is_a_touch_of_its_own(world: World, clerk_a: Staff) -> None:
    share, clerk = offer_share(world), sign_in(clerk_a.user)
    press(clerk, share, "accept", once=str(uuid.uuid4()))

    second = press(clerk, share, "accept", once=str(uuid.uuid4()))

    assert second[2] != ["Accepted. It is yours now."]
    assert steps_of(share) == [S.ACCEPTED]


@pytest.mark.django_db
def test_touch_repeated_after_the_task_has_moved_on_changes_nothing(world: World, clerk_a: Staff) -> None:
    share, clerk, key = offer_share(world), sign_in(clerk_a.user), str(uuid.uuid4())
    press(clerk, share, "accept", once=key)
    press(clerk, share, "pick", once=str(uuid.uuid4()))

    again = press(clerk, share, "accept", once=key)

    assert again == (302, address(share, "task"), ["Accepted. It is yours now."])
    assert steps_of(share) == [S.ACCEPTED, S.PICKING]


@pytest.mark.django_db
def test_touch_that_was_refused_may_be_sent_again(world: World, clerk_a: Staff) -> None:
    share, clerk, key = offer_share(world), sign_in(clerk_a.user), str(uuid.uuid4())
    refused = press(clerk, share, "pick", once=key)
    accept(share)

    again = press(clerk, share, "pick", once=key)

    assert refused[2] != ["Picking has begun."]
    assert again == (302, address(share, "task"), ["Picking has begun."])
    assert status_of(share) == S.PICKING


@pytest.mark.django_db
def test_wrong_code_sent_twice_costs_one_try(world: World, clerk_a: Staff) -> None:
    share = accept_and_pack(offer_share(world, way=Way.PICKUP))
    clerk, key, wrong = sign_in(clerk_a.user), str(uuid.uuid4()), wrong_code(share, SHOPPER)

    first, second = (press(clerk, share, "collect", code=wrong, once=key) for _ in range(2))

    assert second == first
    assert PickupCode.objects.get(fulfillment_order=share, purpose=SHOPPER).tries_left == 4
    assert status_of(share) == S.READY_FOR_PICKUP


@pytest.mark.django_db
def test_key_of_one_form_opens_no_other(world: World, clerk_a: Staff) -> None:
    share, clerk, key = offer_share(world), sign_in(clerk_a.user), str(uuid.uuid4())
    press(clerk, share, "accept", once=key)

    other = press(clerk, share, "pick", once=key)
    changed = press(clerk, share, "accept", once=key, note="x")

    assert [other[0], changed[0]] == [409, 409]
    assert steps_of(share) == [S.ACCEPTED]


@pytest.mark.django_db
def test_key_of_another_person_is_another_touch(world: World, clerk_a: Staff) -> None:
    share, key = offer_share(world), str(uuid.uuid4())
    colleague = ClerkFactory.create(store=world.stores["A"])
    press(sign_in(clerk_a.user), share, "accept", once=key)

    theirs = press(sign_in(colleague.user), share, "accept", once=key)

    assert theirs[2] != ["Accepted. It is yours now."]
    assert sorted(IdempotencyRecord.objects.values_list("client", flat=True)) == [f"desk:{clerk_a.user_id}"]


@pytest.mark.django_db
def test_key_that_is_none_is_refused(world: World, clerk_a: Staff) -> None:
    share = offer_share(world)

    answer = press(sign_in(clerk_a.user), share, "accept", once="1; DROP TABLE")

    assert answer[0] == 422
    assert status_of(share) == S.OFFERED


@pytest.mark.django_db
def test_touch_whose_answer_was_lost_leads_back_and_changes_nothing(world: World, clerk_a: Staff) -> None:
    """The process ended after the work was committed and before its answer was."""
    share, clerk, key = offer_share(world), sign_in(clerk_a.user), str(uuid.uuid4())
    press(clerk, share, "accept", once=key)
    IdempotencyRecord.objects.update(response={})

    answer = clerk.post(
        address(share, "accept"), {"once": key}, headers={"Referer": f"http://testserver{address(share, 'task')}"}
    )

    assert (answer.status_code, answer["Location"]) == (302, f"http://testserver{address(share, 'task')}")
    assert steps_of(share) == [S.ACCEPTED]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("action", "told"),
    [("accept", {"outcome": "done", "words": ["Accepted. It is yours now."]}), ("pick", None)],
)
def test_kept_touch_is_told_what_became_of_it(
    world: World, clerk_a: Staff, action: str, told: dict[str, object] | None
) -> None:
    share, clerk, key = offer_share(world), sign_in(clerk_a.user), str(uuid.uuid4())

    answers = [clerk.post(address(share, action), {"once": key}, headers={"X-Desk-Kept": "1"}).json() for _ in range(2)]

    assert answers[0] == answers[1]
    assert answers[0] == told or (answers[0]["outcome"], len(answers[0]["words"])) == ("refused", 1)
    assert "messages" not in clerk.cookies


@pytest.mark.django_db
def test_kept_touch_of_somebody_signed_out_waits(world: World) -> None:
    share = offer_share(world)

    answer = Client().post(address(share, "accept"), {"once": str(uuid.uuid4())}, headers={"X-Desk-Kept": "1"})

    assert answer.status_code == 401
    assert status_of(share) == S.OFFERED


@pytest.mark.django_db(transaction=True)
def test_touch_that_arrives_twice_at_once_is_done_once() -> None:
    world = build_world()
    clerk = ClerkFactory.create(store=world.stores["A"])
    share, key = offer_share(world), str(uuid.uuid4())
    clients = [sign_in(clerk.user) for _ in range(4)]

    def send(client: Client) -> tuple[int, str, list[str]]:
        try:
            return press(client, share, "accept", once=key)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(send, clients))

    assert {answer[0] for answer in answers} == {302}
    assert all("yours now" in answer[2][0] or "arrived already" in answer[2][0] for answer in answers)
    assert steps_of(share) == [S.ACCEPTED]
