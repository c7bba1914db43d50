"""Grants of an actor."""

from stores.choices import Role
from stores.permissions import GUEST, Actor, Grant

ACTOR = Actor(
    label="user:1",
    user_id=1,
    grants=(
        Grant(Role.GUIDE, 1, brand_id=1, store_id=10),
        Grant(Role.MANAGER, 2, brand_id=1, store_id=10),
        Grant(Role.CLERK, 3, brand_id=2, store_id=20),
        Grant(Role.HQ, 4, brand_id=3),
        Grant(Role.MALL_FINANCE, 5, counterparty_id=50),
    ),
    scopes=frozenset({"orders:read"}),
)


def test_store_ids_are_those_of_the_roles_named() -> None:
    assert ACTOR.store_ids() == {10, 20}
    assert ACTOR.store_ids(Role.CLERK) == {20}
    assert ACTOR.store_ids(Role.HQ) == set()


def test_brand_ids_without_roles_are_those_of_headquarters_only() -> None:
    assert ACTOR.brand_ids() == {3}
    assert ACTOR.brand_ids(Role.CLERK, Role.HQ) == {2, 3}


def test_counterparty_ids_are_the_malls_of_its_finance() -> None:
    assert ACTOR.counterparty_ids() == {50}


def test_staff_id_in_a_store_is_that_of_the_strongest_role() -> None:
    assert ACTOR.staff_id_in(10) == 2
    assert ACTOR.staff_id_in(20) == 3
    assert ACTOR.staff_id_in(30) is None


def test_guest_may_nothing() -> None:
    assert not GUEST.store_ids() | GUEST.brand_ids() | GUEST.counterparty_ids()
    assert not GUEST.has_scope("orders:read")
    assert ACTOR.has_scope("orders:read")
