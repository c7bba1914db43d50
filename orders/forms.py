from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from fulfillment import choices as fulfillment_choices
from omni.kernel import sealing
from omni.kernel.errors import InvalidInput
from orders import rules
from orders.rules import MAX_NAME_LENGTH, MAX_QUANTITY, MAX_STREET_LENGTH
from stores import queries as stores_queries

if TYPE_CHECKING:
    from collections.abc import Callable

    from omni.kernel.errors import DomainError

# A refusal of a line names it so: "lines.0", "lines.0.quantity".
LINE_FIELD = re.compile(r"lines\.(\d+)(\..*)?", re.ASCII)
# What the service calls otherwise than the page does.
PAGE_FIELDS = {"district_code": "place", "lat": "place", "lng": "place", "pickup_store_id": "pickup_store"}


def _checked(check: Callable[[str], str], value: str) -> str:
    """Return what a check of the domain makes of a value.

    :raises ValidationError: with the check's own words.
    """
    try:
        return check(value)
    except InvalidInput as error:
        raise forms.ValidationError(error.message) from error


class AddToBasketForm(forms.Form):
    brand = forms.SlugField(max_length=20)
    sku = forms.CharField(max_length=40, error_messages={"required": _("Choose a size.")})
    quantity = forms.IntegerField(min_value=1, max_value=MAX_QUANTITY, required=False)


class ChangeBasketForm(forms.Form):
    line = forms.IntegerField(min_value=1, max_value=2**63 - 1)
    quantity = forms.IntegerField(
        min_value=0,
        max_value=MAX_QUANTITY,
        error_messages={"max_value": _("At most %(limit_value)s of one article.")},
    )


def new_key() -> str:
    """Return the key that makes sending a checkout form twice place one order."""
    return uuid.uuid4().hex


class CheckoutForm(forms.Form):
    """What the shopper types at checkout; what it means is checked where the order is placed."""

    key = forms.CharField(widget=forms.HiddenInput, initial=new_key, max_length=64)
    seen = forms.CharField(widget=forms.HiddenInput, max_length=4000)
    way = forms.ChoiceField(
        label=_("How"),
        choices=fulfillment_choices.Way.choices,
        initial=fulfillment_choices.Way.COURIER,
        widget=forms.RadioSelect(attrs={"class": "radio"}),
    )
    contact_name = forms.CharField(
        label=_("Name"),
        max_length=MAX_NAME_LENGTH,
        error_messages={"required": _("Enter your name.")},
        widget=forms.TextInput(attrs={"class": "input w-full", "autocomplete": "name"}),
    )
    phone = forms.CharField(
        label=_("Mobile number"),
        max_length=30,
        error_messages={"required": _("Enter your mobile number.")},
        widget=forms.TextInput(attrs={"class": "input w-full", "autocomplete": "tel", "type": "tel"}),
    )
    place = forms.CharField(label=_("District"), required=False, max_length=40)
    street = forms.CharField(
        label=_("Street and number"),
        max_length=MAX_STREET_LENGTH,
        required=False,
        widget=forms.TextInput(attrs={"class": "input w-full", "autocomplete": "street-address"}),
    )
    pickup_store = forms.IntegerField(label=_("Store"), required=False)

    @property
    def chosen_place(self) -> stores_queries.Place | None:
        """Return the place that the form shows as chosen."""
        return stores_queries.find_place(str(self["place"].value() or ""))

    @property
    def line_errors(self) -> dict[int, str]:
        """Return what is wrong with lines of the basket, by their position."""
        return self._line_errors

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  as Form takes them
        super().__init__(*args, **kwargs)
        self._line_errors: dict[int, str] = {}

    def clean_contact_name(self) -> str:
        """Check the name as placing will, so that all mistakes are shown at once."""
        return _checked(rules.clean_name, self.cleaned_data["contact_name"])

    def clean_phone(self) -> str:
        """Check the phone likewise; it is passed on as typed."""
        _checked(sealing.normalise_phone, self.cleaned_data["phone"])
        return str(self.cleaned_data["phone"])

    def clean(self) -> dict[str, Any]:
        """Ask for what the chosen way needs."""
        values = super().clean() or self.cleaned_data
        if values.get("way") == fulfillment_choices.Way.PICKUP:
            if not values.get("pickup_store") and not self.has_error("pickup_store"):
                self.add_error("pickup_store", _("Choose the store where you collect."))
        elif values.get("way") == fulfillment_choices.Way.COURIER:
            if self.chosen_place is None:
                self.add_error("place", _("Choose your district."))
            if not self.has_error("street"):
                self._check_street(values.get("street", ""))
        return values

    def _check_street(self, street: str) -> None:
        try:
            rules.clean_street(street)
        except InvalidInput as error:
            self.add_error("street", error.message)

    def show_refusal(self, error: DomainError) -> None:
        """Put a refusal beside the field or the line that it names."""
        line = LINE_FIELD.fullmatch(error.field or "")
        if line:
            self._line_errors[int(line[1])] = error.message
            self.add_error(None, _("Something in your basket has changed: see below."))
            return
        name = PAGE_FIELDS.get(error.field or "", error.field)
        self.add_error(name if name in self.fields else None, error.message)
