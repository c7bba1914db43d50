from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


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
