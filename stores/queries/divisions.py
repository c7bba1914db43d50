"""Provinces, cities and districts, as the state names them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.db.models import CharField, F, Min, Value
from django.utils.translation import gettext_lazy as _

from omni.kernel.errors import InvalidInput
from stores.models import District

if TYPE_CHECKING:
    from django.db.models import QuerySet

# What stands for the city of a municipality's districts; nobody writes it.
NO_CITY = frozenset({"市辖区", "县"})


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


def read_address(text: str) -> tuple[District, str] | None:
    """Return the district that a Chinese address begins with, and the rest of it; None when it begins with none.

    "上海市静安区南京西路 1 号" and "杭州市上城区…" do, "静安区…" alone does not: several cities may have one.
    """
    typed = text.strip()
    named = District.objects.annotate(typed=Value(typed, output_field=CharField())).filter(typed__contains=F("name"))
    for district in named.order_by("pk") if typed.isprintable() else ():
        city = "" if district.city in NO_CITY else district.city
        above = rf"(?:{district.province})?\s*{city}" if city else district.province
        head = re.match(rf"{above}\s*{district.name}\s*", typed)
        if head:
            return district, typed[head.end() :]
    return None
