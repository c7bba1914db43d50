"""Guides, notes, follow-ups and looks at phone numbers."""

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, transaction

from members import queries, services
from members.models import FollowUp, GuideChange, Member, MemberNote, PhoneReveal
from omni.kernel.errors import InvalidInput, NotFound
from omni.kernel.transactions import entry
from stores.models import Staff
from tests.cast import NOON, World
from tests.factories.accounts import ShopperUserFactory
from tests.factories.members import FollowUpFactory, MemberFactory, MemberNoteFactory
from tests.factories.stores import GuideFactory

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 16)


@pytest.fixture
def member(world: World) -> Member:
    return MemberFactory.create(brand=world.brand, phone="+8613800138000")


def bind(member: Member, guide: Staff | None, *, may_take_over: bool = False) -> None:
    with entry():
        guide_id = guide.pk if guide else None
        services.bind_guide(member.pk, guide_id, may_take_over=may_take_over, actor="user:1", now=NOON)


def changes() -> list[tuple[int, int | None]]:
    return list(GuideChange.objects.order_by("pk").values_list("member", "guide"))


def test_guide_takes_a_member_into_care_once(member: Member, guide_a: Staff) -> None:
    bind(member, guide_a)
    bind(member, guide_a)

    member.refresh_from_db()
    assert (member.guide, changes()) == (guide_a, [(member.pk, guide_a.pk)])
    assert [row.number for row in queries.members_of_guide(guide_a.pk)] == [member.number]


def test_member_of_another_guide_is_not_taken_over_but_by_a_manager(member: Member, guide_a: Staff) -> None:
    other = GuideFactory.create(store=guide_a.store)
    bind(member, other)

    for wanted in (guide_a, None):
        with pytest.raises(services.HasAnotherGuide) as caught:
            bind(member, wanted)
        assert caught.value.field == "guide"
    assert changes() == [(member.pk, other.pk)]

    bind(member, guide_a, may_take_over=True)
    bind(member, None, may_take_over=True)
    member.refresh_from_db()
    assert (member.guide, len(changes())) == (None, 3)


def test_changes_of_guides_and_looks_at_phones_stay_as_they_were_written(member: Member, guide_a: Staff) -> None:
    bind(member, guide_a)
    with entry():
        services.reveal_phone(member.pk, guide_a.pk, "order", now=NOON)
    for rows in (GuideChange.objects.all(), PhoneReveal.objects.all()):
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.delete()


def test_phone_is_revealed_for_a_reason_that_is_logged(member: Member, guide_a: Staff) -> None:
    with entry():
        phone = services.reveal_phone(member.pk, guide_a.pk, "order", now=NOON)

    assert phone == "+8613800138000"
    assert list(PhoneReveal.objects.values_list("member", "staff", "reason", "at")) == [
        (member.pk, guide_a.pk, "order", NOON)
    ]


@pytest.mark.parametrize("reason", ["", "curious"])
def test_phone_without_a_reason_stays_hidden(member: Member, guide_a: Staff, reason: str) -> None:
    with pytest.raises(InvalidInput) as caught, entry():
        services.reveal_phone(member.pk, guide_a.pk, reason, now=NOON)

    assert (caught.value.field, PhoneReveal.objects.count()) == ("reason", 0)


@pytest.mark.parametrize("text", ["", "   ", "a\x00b", "长" * 301])
def test_note_of_nothing_or_too_much_is_refused(member: Member, guide_a: Staff, text: str) -> None:
    with pytest.raises(InvalidInput) as caught, entry():
        services.add_note(member.pk, guide_a.pk, text, now=NOON)

    assert (caught.value.field, MemberNote.objects.count()) == ("text", 0)


def test_notes_are_shown_the_newest_first(member: Member, guide_a: Staff) -> None:
    for text in ("喜欢  真丝", "常穿 M"):
        with entry():
            services.add_note(member.pk, guide_a.pk, text, now=NOON)

    assert [(note.text, note.author) for note in queries.notes_of(member.pk)] == [
        ("常穿 M", guide_a.display_name),
        ("喜欢 真丝", guide_a.display_name),
    ]


def test_follow_up_of_a_day_that_has_passed_is_refused(member: Member, guide_a: Staff) -> None:
    with pytest.raises(InvalidInput) as caught, entry():
        services.add_follow_up(member.pk, guide_a.pk, "来电", TODAY - timedelta(days=1), now=NOON)

    assert (caught.value.field, FollowUp.objects.count()) == ("due_on", 0)


def test_follow_ups_until_today_are_shown_until_they_are_done(member: Member, guide_a: Staff) -> None:
    with entry():
        today = services.add_follow_up(member.pk, guide_a.pk, "来电", TODAY, now=NOON)
        services.add_follow_up(member.pk, guide_a.pk, "明天", TODAY + timedelta(days=1), now=NOON)
    late = FollowUpFactory.create(member=member, staff=guide_a, due_on=TODAY - timedelta(days=2))
    FollowUpFactory.create(member__brand=member.brand)

    def shown() -> list[tuple[int, bool]]:
        return [(plan.id, plan.is_late) for plan in queries.open_follow_ups([guide_a.pk], today=TODAY)]

    assert shown() == [(late.pk, True), (today, False)]
    with entry():
        services.finish_follow_up(late.pk, member.pk, now=NOON)
        services.finish_follow_up(late.pk, member.pk, now=NOON + timedelta(hours=1))
    assert shown() == [(today, False)]
    assert FollowUp.objects.get(pk=late.pk).done_at == NOON


def test_follow_up_of_another_member_is_not_found(member: Member) -> None:
    plan = FollowUpFactory.create(member__brand=member.brand)

    with pytest.raises(NotFound), entry():
        services.finish_follow_up(plan.pk, member.pk, now=NOON)

    plan.refresh_from_db()
    assert plan.done_at is None


def test_member_is_found_by_number_phone_and_code_within_the_brand(world: World) -> None:
    user = ShopperUserFactory.create(phone="+8613800138000")
    member = MemberFactory.create(brand=world.brand, user=user, phone="+8613800138000")
    code = queries.member_code_for(user.pk, world.brand.code, now=NOON).digits

    for text in (member.number, "138 0013 8000", code):
        assert queries.find_member_here(world.brand.pk, text, now=NOON) == member
        assert queries.find_member_here(world.other_brand.pk, text, now=NOON) is None
    assert queries.find_member_here(world.brand.pk, "13800138001", now=NOON) is None


def test_erasure_forgets_notes_and_plans(world: World, guide_a: Staff) -> None:
    user = ShopperUserFactory.create(phone="+8613800138000")
    member = MemberFactory.create(brand=world.brand, user=user, phone="+8613800138000")
    MemberNoteFactory.create(member=member)
    FollowUpFactory.create(member=member)
    other = MemberNoteFactory.create(member__brand=world.brand)
    copied = queries.export_person(user.pk)
    assert [len(copied[table]) for table in ("notes", "follow_ups", "phone_reveals")] == [1, 1, 0]

    with entry():
        services.erase_person(user.pk, now=NOON)

    assert list(MemberNote.objects.all()) == [other]
    assert FollowUp.objects.count() == 0
    with entry():
        assert services.reveal_phone(member.pk, guide_a.pk, "order", now=NOON) == ""
