"""What a person types about themselves; what it means is checked where it is written."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from members.models import SizeProfile
from members.queries import SIZE_FIELDS
from members.services import MAX_NAME_LENGTH, MAX_STREET_LENGTH, NewAddress
from omni.kernel import sealing
from omni.kernel.errors import DomainError, InvalidInput
from stores import queries as stores_queries


class RefusableForm(forms.Form):
    """A form that can show a refusal beside the field it names."""

    def show_refusal(self, error: DomainError) -> None:
        """Put a refusal beside its field."""
        self.add_error(error.field if error.field in self.fields else None, error.message)


class ProfileForm(RefusableForm):
    """How a person is addressed, and in which language."""

    name = forms.CharField(
        label=_("Name"),
        required=False,
        max_length=MAX_NAME_LENGTH,
        widget=forms.TextInput(attrs={"class": "input w-full", "autocomplete": "name"}),
    )
    language = forms.ChoiceField(
        label=_("Language of messages"),
        choices=settings.LANGUAGES,
        widget=forms.Select(attrs={"class": "select w-full"}),
    )


class AddressForm(RefusableForm):
    """Where things are brought, and to whom."""

    recipient = forms.CharField(
        label=_("Recipient"),
        max_length=MAX_NAME_LENGTH,
        error_messages={"required": _("Enter a name.")},
        widget=forms.TextInput(attrs={"class": "input w-full", "autocomplete": "name"}),
    )
    phone = forms.CharField(
        label=_("Mobile number"),
        max_length=30,
        error_messages={"required": _("Enter a mobile number.")},
        widget=forms.TextInput(attrs={"class": "input w-full", "autocomplete": "tel", "type": "tel"}),
    )
    place = forms.CharField(label=_("District"), max_length=40, error_messages={"required": _("Choose your district.")})
    street = forms.CharField(
        label=_("Street and number"),
        max_length=MAX_STREET_LENGTH,
        error_messages={"required": _("Enter the street and house number.")},
        widget=forms.TextInput(attrs={"class": "input w-full", "autocomplete": "street-address"}),
    )
    is_default = forms.BooleanField(
        label=_("Use this address first"), required=False, widget=forms.CheckboxInput(attrs={"class": "checkbox"})
    )

    @property
    def chosen_place(self) -> stores_queries.Place | None:
        """Return the place that the form shows as chosen."""
        return stores_queries.find_place(str(self["place"].value() or ""))

    def clean_phone(self) -> str:
        """Check the phone, so that all mistakes are shown at once."""
        try:
            return sealing.normalise_phone(self.cleaned_data["phone"])
        except InvalidInput as error:
            raise forms.ValidationError(error.message, code=error.code) from error

    def clean_place(self) -> str:
        """Return the code of the district of the place."""
        place = stores_queries.find_place(self.cleaned_data["place"])
        if place is None:
            raise forms.ValidationError(_("Choose your district."), code="no_place")
        return place.district.pk

    @property
    def address(self) -> NewAddress:
        """Return what a valid form says."""
        values = self.cleaned_data
        return NewAddress(values["recipient"], values["phone"], values["place"], values["street"])


class SizeForm(forms.ModelForm[SizeProfile]):
    """A person's measures; all may stay empty. What is valid is checked here, nothing is saved."""

    class Meta:
        model = SizeProfile
        fields = SIZE_FIELDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  as Django's
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            attributes = {"class": "input w-full", "autocomplete": "off"}
            field.widget.attrs |= attributes | ({"inputmode": "numeric"} if name.endswith(("_cm", "_kg")) else {})


class WishForm(forms.Form):
    """Which product goes on the wish list, and in which colour and size if a SKU says so."""

    brand = forms.SlugField(max_length=50)
    code = forms.CharField(max_length=32)
    sku = forms.CharField(max_length=40, required=False)


class CouponCodeForm(forms.Form):
    """The published code of a coupon, as somebody types it."""

    code = forms.CharField(
        label=_("Code"),
        max_length=40,
        error_messages={"required": _("Enter a code.")},
        widget=forms.TextInput(
            attrs={
                "class": "input w-full",
                "autocomplete": "off",
                "autocapitalize": "characters",
                "spellcheck": "false",
            }
        ),
    )


class ArrivalForm(RefusableForm):
    """Where a size should be had, and whom to tell: the account's phone, or one that a guest gives with a yes."""

    place = forms.CharField(label=_("District"), max_length=40, error_messages={"required": _("Choose your district.")})
    phone = forms.CharField(
        label=_("Mobile number"),
        max_length=30,
        error_messages={"required": _("Enter a mobile number.")},
        widget=forms.TextInput(attrs={"class": "input w-full", "autocomplete": "tel", "type": "tel"}),
    )
    is_agreed = forms.BooleanField(
        label=_("Send me one message when it is back. My number is used for nothing else."),
        error_messages={"required": _("We can only tell you if you agree.")},
        widget=forms.CheckboxInput(attrs={"class": "checkbox"}),
    )

    def __init__(self, phone: str, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  as Django's
        super().__init__(*args, **kwargs)
        self._phone = phone
        if phone:
            del self.fields["phone"]

    @property
    def chosen_place(self) -> stores_queries.Place | None:
        """Return the place that the form shows as chosen."""
        return stores_queries.find_place(str(self["place"].value() or ""))

    def clean_place(self) -> str:
        """Refuse a place that is none of ours."""
        if stores_queries.find_place(self.cleaned_data["place"]) is None:
            raise forms.ValidationError(_("Choose your district."), code="no_place")
        return str(self.cleaned_data["place"])

    def clean_phone(self) -> str:
        """Check the phone, so that all mistakes are shown at once."""
        try:
            return sealing.normalise_phone(self.cleaned_data["phone"])
        except InvalidInput as error:
            raise forms.ValidationError(error.message, code=error.code) from error

    def clean(self) -> dict[str, Any]:
        """Take the account's own phone where there is one."""
        values = super().clean() or self.cleaned_data
        return {**values, "phone": self._phone} if self._phone else values
