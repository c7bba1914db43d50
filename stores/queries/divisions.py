"""Provinces, cities and districts, as the state names them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Min
from django.utils.translation import gettext_lazy as _

from omni.kernel.errors import InvalidInput
from stores.models import District

if TYPE_CHECKING:
    from django.db.models import QuerySet


def get_district(code: str) -> District:
    """Return a district by its six-digit code.

    :raises InvalidInput: with field "district_code", when there is none.
    """
    district = District.objects.filter(pk=code).first()
    if district is None:
        raise InvalidInput(_("There is no district with the code %(code)s."), field="district_code", code=code)
    return district


def provinces() -> list[tuple[str, str]]:
    """Return the provinces as (name, English name), in the official order."""
    names = District.objects.values_list("province", "province_en")
    return [(name, name_en) for name, name_en, _first in names.annotate(first=Min("code")).order_by("first")]


def cities(province: str) -> list[tuple[str, str]]:
    """Return the cities of a province as (name, English name), in the official order."""
    names = District.objects.filter(province=province).values_list("city", "city_en")
    return [(name, name_en) for name, name_en, _first in names.annotate(first=Min("code")).order_by("first")]


def districts(province: str, city: str) -> QuerySet[District]:
    """Return the districts of a city, in the official order."""
    return District.objects.filter(province=province, city=city).order_by("pk")
