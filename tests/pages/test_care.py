"""The desk's pages of members."""

from datetime import timedelta

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from members import services as members_services
from members.choices import ConsentSource
from members.models import ConsentChange, FollowUp, Member, MemberNote, PhoneReveal
from omni.accounts.models import User
from omni.kernel import clock
from omni.kernel.transactions import entry
from stores.models import Staff
from tests.cast import World
from tests.factories.accounts import ShopperUserFactory
from tests.factories.members import FollowUpFactory, MemberFactory, MemberNoteFactory, WishFactory
from tests.factories.orders import paid_order
from tests.factories.stores import GuideFactory
from tests.orders.wechat import Provider

pytestmark = pytest.mark.django_db
BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture(autouse=True)
def _merchant(settings: Settings) -> None:
    settings.WECHAT_PAY = Provider().settings
    settings.OUTBOX_HINTS = False


@pytest.fixture
def shopper() -> User:
    return ShopperUserFactory.create(phone="+8613800138000")


@pytest.fixture
def member(world: World, shopper: User) -> Member:
    return MemberFactory.create(brand=world.brand, user=shopper, phone="+8613800138000")


@pytest.fixture
def desk(client: Client, guide_a: Staff) -> Client:
    client.force_login(guide_a.user, backend=BACKEND)
    client.cookies["django_language"] = "en"
    return client


def address(guide: Staff, member: Member, act: str = "") -> str:
    return f"/desk/stores/{guide.store_id}/members/{member.number}/{act}"


def test_page_shows_what_the_member_bought_on_every_channel(
    desk: Client, guide_a: Staff, member: Member, world: World
) -> None:
    order = paid_order(world, ("S", 2), member_id=member.pk)

    page = desk.get(address(guide_a, member)).content.decode()

    assert order.number in page
    assert "Silk shirt, White, S × 2" in page
    assert "Web shop" in page
    assert "1 order, ¥998.00 in all" in page
    assert "138****8000" in page
    assert "13800138000" not in page


def test_sizes_and_wishes_are_shown_with_the_member_s_consent_alone(
    desk: Client, guide_a: Staff, member: Member, shopper: User, world: World
) -> None:
    with entry():
        members_services.change_sizes(shopper.pk, now=clock.now(), height_cm=168, usual_top="M")
    WishFactory.create(user=shopper, variant=world.variants["S"])
    WishFactory.create(user=shopper, variant=world.other_variant)
    page = desk.get(address(guide_a, member)).content.decode()
    assert ("168 cm" in page, "Wish list" in page, "has not agreed" in page) == (False, False, True)

    desk.post(address(guide_a, member, "consent/"), {"profiling": "on"})

    page = desk.get(address(guide_a, member)).content.decode()
    assert ("168 cm" in page, "Wish list" in page, "has not agreed" in page) == (True, True, False)
    assert page.count('class="desk-good"') == 1
    assert ConsentChange.objects.get().source == ConsentSource.STORE


def test_phone_is_shown_once_for_a_reason(desk: Client, guide_a: Staff, member: Member) -> None:
    refused = desk.post(address(guide_a, member, "phone/"))
    assert (refused.status_code, PhoneReveal.objects.count()) == (422, 0)
    assert "Say why you need the number." in refused.content.decode()

    shown = desk.post(address(guide_a, member, "phone/"), {"reason": "asked"}).content.decode()

    assert "+8613800138000" in shown
    assert PhoneReveal.objects.get().staff == guide_a
    assert "+8613800138000" not in desk.get(address(guide_a, member)).content.decode()


def test_note_and_plan_are_kept_and_done(desk: Client, guide_a: Staff, member: Member) -> None:
    today = clock.business_date(clock.now())
    desk.post(address(guide_a, member, "notes/"), {"text": "常穿 M"})
    desk.post(address(guide_a, member, "plans/"), {"text": "来试新款", "due_on": today.isoformat()})
    plan = FollowUp.objects.get()
    assert "来试新款" in desk.get(f"/desk/stores/{guide_a.store_id}/members/").content.decode()

    answer = desk.post(address(guide_a, member, f"plans/{plan.pk}/done/"), {"from": "list"})

    assert answer["Location"] == f"/desk/stores/{guide_a.store_id}/members/"
    assert "来试新款" not in desk.get(answer["Location"]).content.decode()
    assert "常穿 M" in desk.get(address(guide_a, member)).content.decode()


@pytest.mark.parametrize(
    "bad",
    [
        ("notes/", {"text": " "}, "Write something."),
        ("plans/", {"text": "", "due_on": "2030-01-01"}, "Write something."),
        ("plans/", {"text": "x", "due_on": "soon"}, "Choose a day."),
        ("plans/", {"text": "x", "due_on": "2020-01-01"}, "Choose today or a later day."),
    ],
)
def test_bad_note_or_plan_is_answered_beside_its_field(
    desk: Client, guide_a: Staff, member: Member, bad: tuple[str, dict[str, str], str]
) -> None:
    act, sent, words = bad
    answer = desk.post(address(guide_a, member, act), sent)

    assert (answer.status_code, words in answer.content.decode()) == (422, True)
    assert (MemberNote.objects.count(), FollowUp.objects.count()) == (0, 0)


def test_guide_takes_a_member_into_care_and_gives_them_up(desk: Client, guide_a: Staff, member: Member) -> None:
    desk.post(address(guide_a, member, "guide/"))
    assert member.number in desk.get(f"/desk/stores/{guide_a.store_id}/members/").content.decode()

    desk.post(address(guide_a, member, "guide/"), {"guide": "none"})

    assert member.number not in desk.get(f"/desk/stores/{guide_a.store_id}/members/").content.decode()


def test_member_in_somebody_else_s_care_is_a_manager_s_to_move(
    desk: Client, guide_a: Staff, manager_a: Staff, member: Member
) -> None:
    other = GuideFactory.create(store=guide_a.store)
    Member.objects.update(guide=other)
    page = desk.post(address(guide_a, member, "guide/"), follow=True).content.decode()
    assert "Another guide cares for this member." in page
    assert Member.objects.get().guide == other

    desk.force_login(manager_a.user, backend=BACKEND)
    desk.post(address(guide_a, member, "guide/"))

    assert Member.objects.get().guide == manager_a


def test_search_leads_to_the_member_and_says_when_there_is_none(
    desk: Client, guide_a: Staff, member: Member, world: World
) -> None:
    list_page = f"/desk/stores/{guide_a.store_id}/members/"
    assert desk.get(list_page, {"q": "138 0013 8000"})["Location"] == address(guide_a, member)
    stranger = MemberFactory.create(brand=world.other_brand)
    page = desk.get(list_page, {"q": stranger.number}).content.decode()
    assert "No member of the brand has this code, number or phone." in page
    assert desk.get(address(guide_a, stranger)).status_code == 404


def test_manager_sees_what_the_whole_store_has_to_do(
    client: Client, manager_a: Staff, guide_a: Staff, member: Member
) -> None:
    FollowUpFactory.create(member=member, staff=guide_a, due_on=clock.business_date(clock.now()) - timedelta(days=1))
    client.force_login(manager_a.user, backend=BACKEND)
    client.cookies["django_language"] = "en"

    page = client.get(f"/desk/stores/{manager_a.store_id}/members/").content.decode()

    assert "新款到店" in page
    assert "Overdue" in page


@pytest.mark.parametrize("count", [1, 30])
def test_member_page_takes_as_many_statements_for_a_long_history(
    desk: Client,
    guide_a: Staff,
    member: Member,
    django_assert_num_queries: DjangoAssertNumQueries,
    count: int,
) -> None:
    for _number in range(count):
        MemberNoteFactory.create(member=member, staff=guide_a)
        FollowUpFactory.create(member=member, staff=guide_a)
    desk.get(address(guide_a, member))
    with django_assert_num_queries(20):
        page = desk.get(address(guide_a, member)).content.decode()
    assert page.count("常穿 M") == count
