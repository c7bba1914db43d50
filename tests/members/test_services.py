from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from members import queries, services
from members.models import AccountAddress, Member
from members.services import NewAddress
from omni.accounts.models import User
from omni.kernel import sealing
from omni.kernel.errors import InvalidInput, NotFound
from omni.kernel.transactions import StepOutsideTransaction, entry
from tests.cast import World
from tests.factories.accounts import ShopperUserFactory, UserFactory
from tests.factories.members import AccountAddressFactory, MemberFactory

pytestmark = pytest.mark.django_db

PHONE = "+8613812345678"
TYPED = NewAddress(recipient=" 王 小雨 ", phone="138 1234 5678", district_code="310106", street=" 南京西路  1 号 ")


@pytest.fixture
def shopper(world: World) -> User:
    return ShopperUserFactory.create(phone=PHONE, first_name="王小雨", language="en")


def default_of(user: User) -> str:
    return queries.addresses_of(user.pk)[0].street


def test_enrol_makes_one_member_for_each_brand(world: World, shopper: User, now: datetime) -> None:
    with entry():
        first = services.enrol(shopper.pk, world.brand.pk, now=now)
        again = services.enrol(shopper.pk, world.brand.pk, now=now + timedelta(days=1))
        other = services.enrol(shopper.pk, world.other_brand.pk, now=now)

    assert first == again != other
    member = Member.objects.get(pk=first)
    assert (member.user, member.name, member.language, member.joined_at) == (shopper, "王小雨", "en", now)
    assert (member.phone_index, sealing.unseal(member.phone_sealed)) == (shopper.phone_index, PHONE)
    assert [view.number for view in queries.memberships_of(shopper.pk)] == [
        member.number,
        Member.objects.get(pk=other).number,
    ]


def test_enrol_finds_the_membership_that_a_store_began(world: World, shopper: User, now: datetime) -> None:
    begun = MemberFactory.create(brand=world.brand, phone=PHONE, name="王女士")
    with entry():
        assert services.enrol(shopper.pk, world.brand.pk, now=now) == begun.pk

    member = Member.objects.get()
    assert (member.user, member.name, member.number) == (shopper, "王女士", begun.number)


def test_enrol_without_a_proven_phone_is_refused(world: World, now: datetime) -> None:
    clerk = UserFactory.create()
    with pytest.raises(services.NoProvenPhone), entry():
        services.enrol(clerk.pk, world.brand.pk, now=now)
    assert not Member.objects.exists()


def test_claim_memberships_takes_those_of_the_phone_that_nobody_has(world: World, shopper: User) -> None:
    mine = MemberFactory.create(brand=world.brand, phone=PHONE)
    taken = MemberFactory.create(brand=world.other_brand, phone=PHONE, user=UserFactory.create())
    MemberFactory.create(brand=world.brand)
    with entry():
        assert services.claim_memberships(shopper.pk) == 1
        assert services.claim_memberships(UserFactory.create().pk) == 0

    assert Member.objects.get(user=shopper) == mine
    assert Member.objects.get(pk=taken.pk).user == taken.user


def test_rename_member_reaches_every_brand_of_the_account(world: World, shopper: User, now: datetime) -> None:
    with entry():
        services.enrol(shopper.pk, world.brand.pk, now=now)
        services.enrol(shopper.pk, world.other_brand.pk, now=now)
        services.rename_member(shopper.pk, name="小雨", language="zh-hans")

    assert set(Member.objects.values_list("name", "language")) == {("小雨", "zh-hans")}


def test_add_address_keeps_it_tidy_and_its_phone_encrypted(shopper: User, now: datetime) -> None:
    with entry():
        address_id = services.add_address(shopper.pk, TYPED, is_default=False, now=now)

    stored = AccountAddress.objects.get()
    assert "13812345678" not in f"{vars(stored)}"
    view = queries.get_address_for(shopper.pk, address_id)
    assert (view.recipient, view.phone, view.street) == ("王 小雨", PHONE, "南京西路 1 号")
    assert (view.place, view.phone_masked, view.is_default) == ("310106", "138****5678", True)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"recipient": "😀"}, "recipient"),
        ({"recipient": "王" * 61}, "recipient"),
        ({"recipient": "王\0"}, "recipient"),
        ({"phone": "123"}, "phone"),
        ({"district_code": "999999"}, "place"),
        ({"street": "—"}, "street"),
        ({"street": "路" * 201}, "street"),
    ],
)
def test_address_with_bad_input_is_refused_and_changes_nothing(
    shopper: User, now: datetime, change: dict[str, str], field: str
) -> None:
    kept = AccountAddressFactory.create(user=shopper)
    bad = NewAddress(
        **{"recipient": "王", "phone": PHONE, "district_code": "310106", "street": "南京西路 1 号"} | change
    )
    for act in (
        lambda: services.add_address(shopper.pk, bad, is_default=True, now=now),
        lambda: services.change_address(shopper.pk, kept.pk, bad, is_default=True, now=now),
    ):
        with pytest.raises(InvalidInput) as caught, entry():
            act()
        assert caught.value.field == field
    assert list(AccountAddress.objects.values()) == [
        {name: value for name, value in vars(kept).items() if name != "_state" and not name.startswith("_")}
    ]


def test_default_is_what_was_preferred_last(shopper: User, now: datetime) -> None:
    first = AccountAddressFactory.create(user=shopper, street="一")
    second = AccountAddressFactory.create(user=shopper, street="二")
    assert default_of(shopper) == "一"
    with entry():
        services.prefer_address(shopper.pk, second.pk, now=now)
    assert default_of(shopper) == "二"
    with entry():
        services.change_address(shopper.pk, first.pk, TYPED, is_default=True, now=now + timedelta(minutes=1))
    assert default_of(shopper) == "南京西路 1 号"
    with entry():
        services.delete_address(shopper.pk, first.pk)
    assert [view.street for view in queries.addresses_of(shopper.pk)] == ["二"]


def test_add_address_beyond_twenty_is_refused(shopper: User, now: datetime) -> None:
    AccountAddressFactory.create_batch(20, user=shopper)
    with pytest.raises(services.TooManyAddresses), entry():
        services.add_address(shopper.pk, TYPED, is_default=False, now=now)
    assert AccountAddress.objects.count() == 20


def test_address_of_somebody_else_does_not_exist(shopper: User, now: datetime) -> None:
    foreign = AccountAddressFactory.create()
    acts: list[Callable[[], None]] = [
        lambda: services.change_address(shopper.pk, foreign.pk, TYPED, is_default=True, now=now),
        lambda: services.prefer_address(shopper.pk, foreign.pk, now=now),
        lambda: services.delete_address(shopper.pk, foreign.pk),
    ]
    for act in acts:
        with pytest.raises(NotFound), entry():
            act()
    with pytest.raises(NotFound):
        queries.get_address_for(shopper.pk, foreign.pk)
    assert AccountAddress.objects.get().street == foreign.street
    assert AccountAddress.objects.get().preferred_at is None


def test_services_outside_a_transaction_are_mistakes(shopper: User, now: datetime) -> None:
    with pytest.raises(StepOutsideTransaction):
        services.add_address(shopper.pk, TYPED, is_default=False, now=now)
