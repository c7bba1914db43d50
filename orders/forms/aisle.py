"""What a clerk asks the endless aisle for."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from orders.forms import refuse_hidden


class AisleForm(forms.Form):
    """A SKU, a barcode or a style that was scanned or typed, also as the address in the shop's QR code."""

    q = forms.CharField(
        label=_("Scan or type a product"),
        max_length=200,
        strip=True,
        validators=[refuse_hidden],
        error_messages={"required": _("Scan or type a product first.")},
    )
