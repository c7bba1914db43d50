from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from fulfillment import choices as fulfillment_choices
from orders.rules import MAX_NAME_LENGTH, MAX_QUANTITY, MAX_STREET_LENGTH


class AddToBasketForm(forms.Form):
    brand = forms.SlugField(max_length=20)
    sku = forms.CharField(max_length=40, error_messages={"required": _("Choose a size.")})
    quantity = forms.IntegerField(min_value=1, max_value=MAX_QUANTITY, required=False)


class ChangeBasketForm(forms.Form):
    line = forms.IntegerField(min_value=1)
    quantity = forms.IntegerField(min_value=0, max_value=MAX_QUANTITY)


def new_key() -> str:
    """Return the key that makes sending a checkout form twice place one order."""
    return uuid.uuid4().hex


class CheckoutForm(forms.Form):
    """What the shopper types at checkout; what it means is checked where the order is placed."""

    key = forms.CharField(widget=forms.HiddenInput, initial=new_key, max_length=64)
    way = forms.ChoiceField(
        label=_("How"),
        choices=fulfillment_choices.Way.choices,
        initial=fulfillment_choices.Way.COURIER,
        widget=forms.RadioSelect(attrs={"class": "radio"}),
    )
    contact_name = forms.CharField(
        label=_("Name"),
        max_length=MAX_NAME_LENGTH,
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "name"}),
    )
    phone = forms.CharField(
        label=_("Mobile number"),
        max_length=30,
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "tel", "inputmode": "tel"}),
    )
    district_code = forms.CharField(
        widget=forms.HiddenInput,
        required=False,
        max_length=6,
    )
    street = forms.CharField(
        label=_("Street and number"),
        max_length=MAX_STREET_LENGTH,
        required=False,
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "street-address"}),
    )
    lat = forms.FloatField(widget=forms.HiddenInput, required=False)
    lng = forms.FloatField(widget=forms.HiddenInput, required=False)
    pickup_store = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """Ask for what the chosen way needs."""
        values = super().clean() or {}
        if values.get("way") == fulfillment_choices.Way.PICKUP:
            if not values.get("pickup_store"):
                self.add_error("pickup_store", _("Choose the store where you collect."))
        elif values.get("way") == fulfillment_choices.Way.COURIER:
            if not values.get("street"):
                self.add_error("street", _("Enter the street and house number."))
            if not values.get("district_code"):
                self.add_error("district_code", _("Choose your district."))
        return values
