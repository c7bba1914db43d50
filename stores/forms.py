from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django import forms
from django.utils.translation import gettext_lazy as _

from stores.choices import Service

if TYPE_CHECKING:
    from django.http import QueryDict

LONGEST_QUERY = 40
PAGES_MOST = 10

_CODE = re.compile(r"[-\w]{1,20}", re.ASCII)
_CURSOR = re.compile(r"([0-9]{6}|~)\.([0-9]{1,18})", re.ASCII)
_NUMBER = re.compile(r"[1-9][0-9]?", re.ASCII)


def read_query(given: QueryDict) -> str:
    """Return the words that a search box sent, of a length that searching bears."""
    return given.get("q", "").replace("\0", "").strip()[:LONGEST_QUERY]


class PlaceForm(forms.Form):
    """A district of the list, or a position the browser gave."""

    district_code = forms.RegexField(
        r"\A[0-9]{6}\Z", required=False, error_messages={"invalid": _("There is no such district.")}
    )
    lat = forms.FloatField(required=False, min_value=-90, max_value=90)
    lng = forms.FloatField(required=False, min_value=-180, max_value=180)

    def clean(self) -> dict[str, Any]:
        """Refuse a form that names no place."""
        values = super().clean() or self.cleaned_data
        has_point = values.get("lat") is not None and values.get("lng") is not None
        if not values.get("district_code") and not has_point and not self.errors:
            raise forms.ValidationError(_("Choose a district."), code="no_place")
        return values

    @property
    def text(self) -> str:
        """Return the chosen place as `stores.queries.find_place` reads it."""
        values = self.cleaned_data
        return values["district_code"] or f"{values['lat']:.4f},{values['lng']:.4f}"


@dataclass(frozen=True, slots=True)
class FinderAddress:
    """What the address of the store finder says; what no link of ours holds counts as not given."""

    brand: str = ""
    query: str = ""
    services: tuple[Service, ...] = ()
    is_open_now: bool = False
    is_by_city: bool = False
    page: int = 1
    after: tuple[str, int] | None = None

    @classmethod
    def of(cls, given: QueryDict) -> FinderAddress:
        """Read an address."""
        brand, page = given.get("brand", ""), given.get("page", "")
        cursor = _CURSOR.fullmatch(given.get("after", ""))
        wanted = given.getlist("service")
        return cls(
            brand=brand if _CODE.fullmatch(brand) else "",
            query=read_query(given),
            services=tuple(service for service in Service if service in wanted),
            is_open_now=given.get("open") == "1",
            is_by_city=given.get("order") == "city",
            page=min(int(page), PAGES_MOST) if _NUMBER.fullmatch(page) else 1,
            after=(cursor[1], int(cursor[2])) if cursor else None,
        )

    @property
    def fields(self) -> list[tuple[str, str]]:
        """Return what a form of this page sends along: the filters, but neither the words nor how far down the list."""
        pairs = [("brand", self.brand), *(("service", service.value) for service in self.services)]
        pairs += [("open", "1" if self.is_open_now else ""), ("order", "city" if self.is_by_city else "")]
        return [(name, value) for name, value in pairs if value]

    @property
    def text(self) -> str:
        """Return the address as a query, "?" before it unless it is empty."""
        pairs = [*self.fields, ("q", self.query), ("page", str(self.page) if self.page > 1 else "")]
        pairs.append(("after", f"{self.after[0]}.{self.after[1]}" if self.after else ""))
        query = urlencode([(name, value) for name, value in pairs if value])
        return f"?{query}" if query else ""

    @property
    def first_page(self) -> FinderAddress:
        """Return the beginning of the same list."""
        return replace(self, page=1, after=None)

    def toggled(self, service: Service) -> FinderAddress:
        """Return the beginning of the list with a service asked for, or no longer."""
        wanted = {*self.services} ^ {service}
        return replace(self.first_page, services=tuple(one for one in Service if one in wanted))
