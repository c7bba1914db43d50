from django import forms
from django.utils.translation import gettext_lazy as _


class PlaceForm(forms.Form):
    """A district of the list, or a position the browser gave."""

    district_code = forms.RegexField(r"^\d{6}$", required=False)
    lat = forms.FloatField(required=False, min_value=-90, max_value=90)
    lng = forms.FloatField(required=False, min_value=-180, max_value=180)

    def clean(self) -> dict[str, object]:
        """Refuse a form that names no place."""
        values = super().clean() or {}
        if not values.get("district_code") and (values.get("lat") is None or values.get("lng") is None):
            raise forms.ValidationError(_("Choose a district."), code="no_place")
        return values

    @property
    def text(self) -> str:
        """Return the chosen place as `stores.queries.find_place` reads it."""
        values = self.cleaned_data
        return values["district_code"] or f"{values['lat']:.4f},{values['lng']:.4f}"
