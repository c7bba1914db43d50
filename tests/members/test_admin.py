"""Members in the admin."""

import pytest
from django.test import Client
from django.urls import reverse

from members.models import Member
from omni.kernel import sealing
from tests.cast import World
from tests.factories.accounts import UserFactory
from tests.factories.members import MemberFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def administrator(client: Client) -> Client:
    """Return a browser signed in to the admin."""
    client.force_login(UserFactory.create(username="admin", is_staff=True, is_superuser=True))
    return client


def test_admin_shows_a_member_with_a_masked_phone(administrator: Client, member: Member) -> None:
    phone = sealing.unseal(member.phone_sealed)

    for address in (
        reverse("admin:members_member_changelist"),
        reverse("admin:members_member_change", args=[member.pk]),
    ):
        page = administrator.get(address).content.decode()
        assert sealing.mask_phone(phone) in page
        assert phone not in page
        assert phone.removeprefix("+86") not in page
        assert member.phone_index not in page


def test_admin_finds_a_member_by_the_whole_phone_or_the_number(
    administrator: Client, world: World, member: Member
) -> None:
    MemberFactory.create(brand=world.brand)
    phone = sealing.unseal(member.phone_sealed).removeprefix("+86")

    for term, found in ((phone, [member]), (member.number, [member]), (phone[:8], [])):
        listing = administrator.get(reverse("admin:members_member_changelist"), {"q": term})
        assert list(listing.context["cl"].queryset) == found


def test_two_members_of_a_brand_never_share_a_phone(world: World, member: Member) -> None:
    phone = sealing.unseal(member.phone_sealed)

    other = MemberFactory.create(brand=world.other_brand, phone=phone)
    assert other.phone_index == member.phone_index
    with pytest.raises(Exception, match="members_member_phone_unique"):
        MemberFactory.create(brand=world.brand, phone=phone)
