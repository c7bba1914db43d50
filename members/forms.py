"""What shoppers type about themselves, and headquarters about offers; its meaning is checked where it is written."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol, cast

from django import forms
from django.conf import settings
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from inventory import queries as inventory_queries
from members.choices import Benefit, RestorePolicy
from members.models import SizeProfile
from members.queries import SIZE_FIELDS
from members.services import MAX_NAME_LENGTH, MAX_STREET_LENGTH, CouponDraft, NewAddress, OfferDraft
from omni.kernel import bilingual, money, sealing
from omni.kernel.errors import DomainError, InvalidInput
from stores import choices as stores_choices
from stores import queries as stores_queries

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

MOST_FEN = 100_000_000

# No control characters, and none that turn the direction or have no width.
VISIBLE = RegexValidator(
    "[\\x00-\\x1f\\x7f-\\x9f\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u2069\\ufeff]",
    _("Leave out characters that cannot be seen."),
    inverse_match=True,
)


class Named(bilingual.Named, Protocol):
    """A brand to choose."""

    pk: int


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


class YuanField(forms.CharField):
    """An amount typed in yuan; its value is in fen."""

    widget = forms.TextInput(attrs={"class": "input w-full", "inputmode": "decimal", "autocomplete": "off"})

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401  as Django's
        super().__init__(max_length=20, **kwargs)

    def clean(self, value: str | None) -> int | None:
        """Return fen, or None when nothing was typed."""
        text = super().clean(value)
        if not text:
            return None
        try:
            amount_fen = money.yuan_to_fen(text)
        except InvalidInput as error:
            raise forms.ValidationError(error.message, code=error.code) from error
        if not 0 <= amount_fen <= MOST_FEN:
            raise forms.ValidationError(_("Enter an amount between 0 and 1,000,000 yuan."), code="range")
        return amount_fen

    def prepare_value(self, value: object) -> object:
        """Show fen as yuan, and what was typed as it was."""
        return money.format_fen(value).lstrip("¥").replace(",", "") if isinstance(value, int) else value


class PercentField(forms.DecimalField):
    """A share typed in per cent; its value is in parts per million."""

    widget = forms.TextInput(attrs={"class": "input w-full", "inputmode": "decimal", "autocomplete": "off"})

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401  as Django's
        super().__init__(min_value=0, max_value=100, max_digits=6, decimal_places=3, **kwargs)

    def clean(self, value: object) -> Any:  # noqa: ANN401  fewer types than the base class returns
        """Return parts per million, or None when nothing was typed."""
        percent = super().clean(value)
        return None if percent is None else int(percent * 10_000)

    def prepare_value(self, value: object) -> object:
        """Show parts per million as per cent, and what was typed as it was."""
        return f"{value / 10_000:g}" if isinstance(value, int) else value


class CodesField(forms.CharField):
    """Codes, one on each line or divided by commas."""

    widget = forms.Textarea(attrs={"class": "textarea w-full", "rows": 3, "spellcheck": "false"})

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401  as Django's
        super().__init__(required=False, max_length=20_000, **kwargs)

    def clean(self, value: str | None) -> Any:  # noqa: ANN401  another type than the base class returns
        """Return the codes, each once."""
        return tuple(dict.fromkeys(super().clean(value).replace(",", " ").replace("，", " ").split()))

    def prepare_value(self, value: object) -> object:
        """Show codes one on each line, and what was typed as it was."""
        return "\n".join(value) if isinstance(value, list) else value


def _whole(
    label: StrOrPromise, help_text: StrOrPromise = "", *, most: int = 1_000_000, least: int = 0
) -> forms.IntegerField:
    widget = forms.TextInput(attrs={"class": "input w-full", "inputmode": "numeric", "autocomplete": "off"})
    return forms.IntegerField(
        label=label, help_text=help_text, min_value=least, max_value=most, required=False, widget=widget
    )


def _moment(label: StrOrPromise) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"class": "input w-full", "type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(label=label, widget=widget)


class OfferTermsForm(RefusableForm):
    """A promotion as headquarters writes it: yuan, per cent and codes; what cannot be is said beside its field."""

    brand = forms.TypedChoiceField(label=_("Brand"), coerce=int, widget=forms.Select(attrs={"class": "select w-full"}))
    name_zh = forms.CharField(
        label=_("Name in Chinese"),
        max_length=40,
        validators=[VISIBLE],
        widget=forms.TextInput(attrs={"class": "input w-full"}),
    )
    name_en = forms.CharField(
        label=_("Name in English"),
        max_length=60,
        validators=[VISIBLE],
        widget=forms.TextInput(attrs={"class": "input w-full"}),
    )
    benefit = forms.ChoiceField(
        label=_("Kind of offer"), choices=Benefit.choices, widget=forms.Select(attrs={"class": "select w-full"})
    )
    amount_fen = YuanField(label=_("Amount off (yuan)"), required=False)
    percent_ppm = PercentField(
        label=_("Per cent off"), required=False, help_text=_("15 means that 85% are paid (8.5折).")
    )
    cap_fen = YuanField(label=_("At most (yuan)"), required=False, help_text=_("Empty: no limit."))
    threshold_fen = YuanField(label=_("From an amount of (yuan)"), required=False)
    threshold_units = _whole(_("From so many items"), most=99)
    starts_at = _moment(_("Begins"))
    ends_at = _moment(_("Ends"))
    category_ids = forms.TypedMultipleChoiceField(
        label=_("Categories"),
        coerce=int,
        required=False,
        help_text=_("With those below them. None chosen: all."),
        widget=forms.CheckboxSelectMultiple(attrs={"class": "checkbox checkbox-sm"}),
    )
    product_codes = CodesField(label=_("Style codes"), help_text=_("Besides the categories."))
    excludes_marked_down = forms.BooleanField(
        label=_("Not for marked-down goods"), required=False, widget=forms.CheckboxInput(attrs={"class": "checkbox"})
    )
    channels = forms.MultipleChoiceField(
        label=_("Channels"),
        choices=stores_choices.Channel.choices,
        required=False,
        help_text=_("None chosen: all."),
        widget=forms.CheckboxSelectMultiple(attrs={"class": "checkbox checkbox-sm"}),
    )
    store_codes = CodesField(label=_("Stores by code"), help_text=_("Empty: everywhere."))
    group = forms.CharField(
        label=_("Stacking group"),
        max_length=30,
        required=False,
        help_text=_("Of one group, a basket gets one."),
        widget=forms.TextInput(attrs={"class": "input w-full"}),
    )
    is_exclusive = forms.BooleanField(
        label=_("Not together with others"), required=False, widget=forms.CheckboxInput(attrs={"class": "checkbox"})
    )
    priority = _whole(_("Priority"), _("The higher is applied first."), most=1000, least=-1000)
    total_limit = _whole(_("Limit in all"), _("Empty: no limit."), most=100_000_000)
    per_member_limit = _whole(_("Limit per member"), _("Empty: no limit."), most=1000)
    store_ppm = PercentField(label=_("Borne by the store (%)"), required=False)
    mall_ppm = PercentField(label=_("Borne by the mall (%)"), required=False)
    platform_ppm = PercentField(
        label=_("Borne by the platform (%)"), required=False, help_text=_("The brand bears the rest.")
    )

    def __init__(self, *args: Any, brands: Iterable[Named], now: datetime, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        brand = cast("forms.TypedChoiceField", self.fields["brand"])
        brand.choices = [(row.pk, bilingual.name_of(row)) for row in brands]
        brand.required = not self.initial
        categories = cast("forms.TypedMultipleChoiceField", self.fields["category_ids"])
        categories.choices = [(row.pk, bilingual.name_of(row)) for row in inventory_queries.category_tree()]
        if not self.initial:
            self.initial = {"starts_at": now, "ends_at": now + timedelta(days=30), "benefit": Benefit.AMOUNT}

    @property
    def brand_id(self) -> int:
        """Return the brand that a valid form is for."""
        return int(self.cleaned_data["brand"])

    @property
    def draft(self) -> OfferDraft:
        """Return what a valid form says."""
        return OfferDraft(**self._terms())

    def _terms(self) -> dict[str, Any]:
        values = {name: self.cleaned_data[name] for name in OfferTermsForm.base_fields if name != "brand"}
        for name in ("threshold_fen", "threshold_units", "priority", "store_ppm", "mall_ppm", "platform_ppm"):
            values[name] = values[name] or 0
        is_amount = values["benefit"] == Benefit.AMOUNT
        # What belongs to the other benefit is left over from before.
        values["percent_ppm" if is_amount else "amount_fen"] = None
        return values | {name: tuple(values[name]) for name in ("category_ids", "channels")}


class CouponTermsForm(OfferTermsForm):
    """A coupon template as headquarters writes it."""

    validity_days = _whole(
        _("Usable for days"), _("Counted from when somebody gets it. Empty: until it ends."), most=3650
    )
    is_claimable = forms.BooleanField(
        label=_("In the coupon centre"), required=False, widget=forms.CheckboxInput(attrs={"class": "checkbox"})
    )
    is_welcome = forms.BooleanField(
        label=_("Issued on joining"), required=False, widget=forms.CheckboxInput(attrs={"class": "checkbox"})
    )
    public_code = forms.CharField(
        label=_("Code to type"),
        max_length=20,
        required=False,
        help_text=_("Letters and digits; for leaflets and messages."),
        widget=forms.TextInput(attrs={"class": "input w-full", "autocomplete": "off"}),
    )
    restore_policy = forms.ChoiceField(
        label=_("After a full cancellation"),
        choices=RestorePolicy.choices,
        widget=forms.Select(attrs={"class": "select w-full"}),
    )
    extra_days = _whole(_("Usable for days after it came back"), most=365)

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        is_new = not kwargs.get("initial")
        super().__init__(*args, **kwargs)
        if is_new:
            self.initial.update(per_member_limit=1, extra_days=7, restore_policy=RestorePolicy.RESTORE)

    @property
    def coupon_draft(self) -> CouponDraft:
        """Return what a valid form says."""
        own = {name: self.cleaned_data[name] for name in self.base_fields if name not in OfferTermsForm.base_fields}
        return CouponDraft(**self._terms(), **own | {"extra_days": own["extra_days"] or 0})


class IssueForm(forms.Form):
    """To which member a coupon goes."""

    member = forms.CharField(
        label=_("Member number or phone"),
        max_length=40,
        widget=forms.TextInput(attrs={"class": "input w-full", "autocomplete": "off"}),
    )

    def show_refusal(self, error: DomainError) -> None:
        """Put a refusal beside the field; why a coupon is not given out concerns it too."""
        self.add_error("member", error.message)
