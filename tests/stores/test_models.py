"""What the database itself refuses of stores and staff."""

import pytest
from django.db import IntegrityError, transaction

from stores.choices import Role
from stores.models import HoursException, Staff, Store
from tests.cast import World
from tests.factories.accounts import UserFactory
from tests.factories.stores import MallFactory, StoreFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"lat": 91.0}, "stores_store_"),
        ({"lng": -181.0}, "stores_store_"),
        ({"lat": 31.3}, "stores_store_vector_is_point"),
        ({"opens_minutes": [600] * 6}, "stores_store_seven_days"),
        ({"code": "B"}, "stores_store_code_unique"),
    ],
)
def test_store_that_cannot_be_is_refused(world: World, change: dict[str, object], constraint: str) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Store.objects.filter(pk=world.stores["A"].pk).update(**change)


def test_two_brands_may_use_the_same_code(world: World) -> None:
    assert Store.objects.filter(code="A").count() == 2


@pytest.mark.parametrize(("opens", "closes"), [(600, None), (None, 600), (600, 600), (-1, 600)])
def test_hours_exception_without_two_ordered_times_is_refused(
    world: World, opens: int | None, closes: int | None
) -> None:
    with pytest.raises(IntegrityError, match="hours_exception_order"), transaction.atomic():
        HoursException.objects.create(
            store=world.stores["A"], on_date="2026-10-01", opens_minute=opens, closes_minute=closes
        )


@pytest.mark.parametrize("role", list(Role))
def test_staff_without_the_place_of_the_role_is_refused(world: World, role: Role) -> None:
    with pytest.raises(IntegrityError, match="place_fits_role"), transaction.atomic():
        Staff.objects.create(user=UserFactory.create(), role=role)


def test_staff_twice_in_the_same_place_is_refused() -> None:
    user, mall = UserFactory.create(), MallFactory.create()
    Staff.objects.create(user=user, role=Role.MALL_FINANCE, counterparty=mall)

    with pytest.raises(IntegrityError, match="stores_staff_unique"), transaction.atomic():
        Staff.objects.create(user=user, role=Role.MALL_FINANCE, counterparty=mall)


def test_store_factory_keeps_vector_and_point_together() -> None:
    assert StoreFactory.create(lat=-33.0, lng=-70.0).pk is not None
