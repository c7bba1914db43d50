"""What a shopper chooses and types to pay a counter's basket on their phone."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from orders.choices import PhoneWay
from orders.forms import DoorForm


class PhonePaymentForm(DoorForm):
    """How the goods leave the store, and where to; `is_sent` tells whether an address is needed for that."""

    way = forms.ChoiceField(label=_("How"), choices=PhoneWay.choices)
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=-(10**12), max_value=10**12)

    is_sent = False

    def clean(self) -> dict[str, Any]:
        """Check the address as sending will, if one is needed."""
        values = super().clean() or self.cleaned_data
        if self.is_sent:
            self.check_contact(values)
            self.check_door(values)
        return values
