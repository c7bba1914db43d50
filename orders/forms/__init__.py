from __future__ import annotations

import re
import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from fulfillment import choices as fulfillment_choices
from members import choices as members_choices
from members import services as members_services
from omni.kernel import sealing
from omni.kernel.errors import InvalidInput
from orders import queries, rules
from orders.choices import TitleKind
from orders.rules import MAX_NAME_LENGTH, MAX_QUANTITY, MAX_STREET_LENGTH
from stores import queries as stores_queries

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from django.core.files.uploadedfile import UploadedFile
    from django.http import QueryDict
    from django.utils.datastructures import MultiValueDict

    from omni.kernel.errors import DomainError
    from orders.models import Order

# What a shopper says: one to five stars, so many words and photos a garment.
STARS = [(number, str(number)) for number in range(1, 6)]
MOST_WORDS = 1000
MOST_PHOTOS = 4
# A refusal of a line names it so: "lines.0", "lines.0.quantity".
LINE_FIELD = re.compile(r"lines\.(\d+)(\..*)?", re.ASCII)
# What the service calls otherwise than the page does.
PAGE_FIELDS = {
    "district_code": "place",
    "lat": "place",
    "lng": "place",
    "pickup_store_id": "pickup_store",
    "coupon": "coupon_code",
}


def refuse_hidden(text: str) -> None:
    """Refuse characters that nobody sees; lines may end.

    :raises ValidationError: there is one.
    """
    if rules.has_hidden_characters(" ".join(text.split())):
        raise forms.ValidationError(_("Leave out characters that cannot be seen."))


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


NEW_ADDRESS = "new"


class DoorForm(forms.Form):
    """Somebody's door: an address of the account's book, or one that is typed."""

    address = forms.CharField(label=_("Address"), required=False, max_length=20)
    place = forms.CharField(label=_("District"), required=False, max_length=40)
    street = forms.CharField(
        label=_("Street and number"),
        max_length=MAX_STREET_LENGTH,
        required=False,
        widget=forms.TextInput(attrs={"class": "input w-full", "autocomplete": "street-address"}),
    )
    contact_name = forms.CharField(
        label=_("Name"),
        max_length=MAX_NAME_LENGTH,
        required=False,
        widget=forms.TextInput(attrs={"class": "input w-full", "autocomplete": "name"}),
    )
    phone = forms.CharField(
        label=_("Mobile number"),
        max_length=30,
        required=False,
        widget=forms.TextInput(attrs={"class": "input w-full", "autocomplete": "tel", "type": "tel"}),
    )

    @property
    def chosen_address(self) -> str:
        """Return the address of the book that the form shows as chosen; empty for a new one."""
        chosen = str(self["address"].value() or "")
        return "" if chosen == NEW_ADDRESS else chosen

    @property
    def chosen_place(self) -> stores_queries.Place | None:
        """Return the place that the form shows as chosen."""
        return stores_queries.find_place(str(self["place"].value() or ""))

    def check_door(self, values: dict[str, Any]) -> None:
        """Check a district and a street that are typed as sending will."""
        if self.chosen_place is None:
            self.add_error("place", _("Choose your district."))
        self._check("street", rules.clean_street, values.get("street", ""))

    def check_contact(self, values: dict[str, Any]) -> None:
        """Check who is there as sending will; it is passed on as typed."""
        if not values.get("contact_name", "").strip() and not self.has_error("contact_name"):
            self.add_error("contact_name", _("Enter your name."))
        self._check("contact_name", rules.clean_name, values.get("contact_name", ""))
        if not values.get("phone", "").strip() and not self.has_error("phone"):
            self.add_error("phone", _("Enter your mobile number."))
        self._check("phone", sealing.normalise_phone, values.get("phone", ""))

    def _check(self, name: str, check: Callable[[str], str], value: str) -> None:
        """Put what a check of the domain says beside a field, unless something stands there."""
        if self.has_error(name):
            return
        try:
            check(value)
        except InvalidInput as error:
            self.add_error(name, error.message)


class CheckoutForm(DoorForm):
    """What the shopper chooses and types at checkout; what it means is checked where the order is placed."""

    field_order = ("key", "seen", "seen_total", "seen_promise", "way", "address", "place", "pickup_store", "street")

    key = forms.CharField(widget=forms.HiddenInput, initial=new_key, max_length=64)
    seen = forms.CharField(widget=forms.HiddenInput, max_length=4000)
    seen_total = forms.CharField(widget=forms.HiddenInput, required=False, max_length=40)
    seen_promise = forms.CharField(widget=forms.HiddenInput, required=False, max_length=100)
    way = forms.ChoiceField(
        label=_("How"),
        # By which way it is brought, courier or express, follows from where the goods are.
        choices=[(way.value, way.label) for way in (fulfillment_choices.Way.COURIER, fulfillment_choices.Way.PICKUP)],
        initial=fulfillment_choices.Way.COURIER,
        widget=forms.RadioSelect(attrs={"class": "radio"}),
    )
    pickup_store = forms.IntegerField(label=_("Store"), required=False)
    coupon = forms.CharField(label=_("Coupon"), required=False, max_length=40)
    coupon_code = forms.CharField(
        label=_("Coupon code"),
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"class": "input w-full", "autocomplete": "off", "autocapitalize": "characters"}),
    )
    points = forms.IntegerField(
        label=_("Points to spend"),
        required=False,
        min_value=0,
        max_value=10**9,
        error_messages={"invalid": _("Enter a whole number."), "min_value": _("Choose how many points to spend.")},
        widget=forms.NumberInput(attrs={"class": "input w-full", "inputmode": "numeric", "min": "0"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  as Form takes them
        super().__init__(*args, **kwargs)
        self._line_errors: dict[int, str] = {}

    @property
    def chosen_way(self) -> fulfillment_choices.Way:
        """Return the way that the form shows as chosen."""
        way, ways = self["way"].value(), fulfillment_choices.Way
        return ways(way) if way in ways.values else ways.COURIER

    @property
    def chosen_store(self) -> int | None:
        """Return the store to collect at that the form shows as chosen."""
        return _whole(self["pickup_store"].value())

    @property
    def chosen_coupons(self) -> tuple[str, ...]:
        """Return the coupon that the form asks for: the code that was typed, else the one chosen."""
        code = str(self["coupon_code"].value() or "").strip() or str(self["coupon"].value() or "").strip()
        return (code[:40],) if code else ()

    @property
    def chosen_points(self) -> int:
        """Return how many points the form asks for."""
        return _whole(self["points"].value()) or 0

    @property
    def line_errors(self) -> dict[int, str]:
        """Return what is wrong with lines of the basket, by their position."""
        return self._line_errors

    def clean(self) -> dict[str, Any]:
        """Ask for what the chosen way needs, so that all mistakes are shown at once."""
        values = super().clean() or self.cleaned_data
        is_pickup = values.get("way") == fulfillment_choices.Way.PICKUP
        if is_pickup and not values.get("pickup_store") and not self.has_error("pickup_store"):
            self.add_error("pickup_store", _("Choose the store where you collect."))
        if is_pickup or not self.chosen_address:
            self.check_contact(values)
        if values.get("way") == fulfillment_choices.Way.COURIER and not self.chosen_address:
            self.check_door(values)
        return values

    def show_refusal(self, error: DomainError) -> None:
        """Put a refusal beside the field or the line that it names."""
        line = LINE_FIELD.fullmatch(error.field or "")
        if line:
            self._line_errors[int(line[1])] = error.message
            self.add_error(None, _("Something in your basket has changed: see below."))
            return
        name = PAGE_FIELDS.get(error.field or "", error.field)
        self.add_error(name if name in self.fields else None, error.message)

    def point_at_mistake(self) -> str:
        """Let the browser begin at the first field with a mistake; return its name, empty when there is none."""
        first = next((name for name in self.fields if self.has_error(name)), "")
        if first:
            self.fields[first].widget.attrs["autofocus"] = True
        return first


class ManyFilesInput(forms.FileInput):
    """An input that takes several files."""

    allow_multiple_selected = True


class PhotosField(forms.FileField):
    """Up to four photos; what is in them is checked where they are drawn anew."""

    widget = ManyFilesInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile[Any]]:  # noqa: ANN401
        """Return the files sent."""
        files = [super(PhotosField, self).clean(file, initial) for file in data or []]
        if len(files) > MOST_PHOTOS:
            raise forms.ValidationError(_("A garment has room for four photos."), code="too_many_photos")
        return files


class FeedbackForm(forms.Form):
    """Stars and words for an order, its service, and each line that somebody likes to say something of."""

    order_stars = forms.TypedChoiceField(
        label=_("How was the order?"), choices=STARS, coerce=int, error_messages={"required": _("Choose the stars.")}
    )
    service_stars = forms.TypedChoiceField(
        label=_("How was the service?"), choices=STARS, coerce=int, error_messages={"required": _("Choose the stars.")}
    )
    text = forms.CharField(
        label=_("Anything to tell us?"),
        required=False,
        max_length=MOST_WORDS,
        validators=[refuse_hidden],
        widget=forms.Textarea(attrs={"class": "textarea w-full", "rows": 3}),
    )

    def __init__(
        self,
        lines: Sequence[queries.FeedbackLine],
        word: queries.OrderWord | None,
        data: QueryDict | None = None,
        files: MultiValueDict[str, UploadedFile[Any]] | None = None,
    ) -> None:
        initial: dict[str, object] = {}
        if word is not None:
            initial |= {"order_stars": word.order_stars, "service_stars": word.service_stars, "text": word.text}
        super().__init__(data, files, initial=initial)
        self._lines = lines
        for line in lines:
            self._add_line(line)

    def _add_line(self, line: queries.FeedbackLine) -> None:
        said, key = line.review, line.line_id
        photos = [(str(photo.id), photo.key) for photo in said.photos] if said else []
        self.fields |= {
            f"stars_{key}": forms.TypedChoiceField(choices=STARS, coerce=int, required=False, empty_value=None),
            f"fit_{key}": forms.ChoiceField(choices=[("", ""), *members_choices.Fit.choices], required=False),
            f"text_{key}": forms.CharField(required=False, max_length=MOST_WORDS, validators=[refuse_hidden]),
            f"photos_{key}": PhotosField(required=False),
            f"removed_{key}": forms.TypedMultipleChoiceField(choices=photos, coerce=int, required=False),
        }
        if said is not None:
            self.initial = {
                **self.initial,
                f"stars_{key}": said.stars,
                f"fit_{key}": said.fit,
                f"text_{key}": said.text,
            }

    def clean(self) -> dict[str, Any]:
        """Ask for stars where anything else was said."""
        values = super().clean() or self.cleaned_data
        for line in self._lines:
            key = line.line_id
            said = any(values.get(f"{name}_{key}") for name in ("fit", "text", "photos"))
            if said and not values.get(f"stars_{key}") and not self.has_error(f"stars_{key}"):
                self.add_error(f"stars_{key}", _("Choose the stars."))
        return values

    star_choices = STARS

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Return each line with its fields, for the page."""
        names = ("stars", "fit", "text", "photos", "removed")
        shared = {"fits": members_choices.Fit.choices}
        return [
            {"line": line, **shared, **{name: self[f"{name}_{line.line_id}"] for name in names}} for line in self._lines
        ]

    @property
    def uploads(self) -> dict[int, list[UploadedFile[Any]]]:
        """Return the files of each line of a valid form."""
        return {line.line_id: self.cleaned_data[f"photos_{line.line_id}"] for line in self._lines}

    def feedback(
        self,
        order: Order,
        photos: Mapping[int, tuple[members_services.StoredPhoto, ...]],
        *,
        store_id: int | None,
    ) -> members_services.NewFeedback:
        """Return what a valid form says, with the photos that are stored."""
        values = self.cleaned_data
        return members_services.NewFeedback(
            owner=queries.order_owner(order),
            brand_id=order.brand_id,
            store_id=store_id,
            member_id=order.member_id,
            author=order.contact_name,
            order_stars=values["order_stars"],
            service_stars=values["service_stars"],
            text=values["text"],
            reviews=tuple(
                members_services.NewReview(
                    owner=line.owner,
                    product_id=line.product_id,
                    variant_id=line.variant_id,
                    stars=values[f"stars_{line.line_id}"],
                    fit=values[f"fit_{line.line_id}"],
                    text=values[f"text_{line.line_id}"],
                    photos=photos.get(line.line_id, ()),
                    removed=tuple(values[f"removed_{line.line_id}"]),
                )
                for line in self._lines
                if values[f"stars_{line.line_id}"]
            ),
        )

    def show_refusal(self, error: DomainError) -> None:
        """Put a refusal beside the field that it names."""
        self.add_error(error.field if error.field in self.fields else None, error.message)


class InvoiceForm(forms.Form):
    """Whom an invoice is made out to; the tax number is checked where it is written."""

    title_kind = forms.ChoiceField(
        label=_("Made out to"),
        choices=TitleKind.choices,
        initial=TitleKind.PERSON,
        widget=forms.RadioSelect(attrs={"class": "radio"}),
        error_messages={"required": _("Choose a person or a company.")},
    )
    title = forms.CharField(
        label=_("Name or company"),
        max_length=100,
        validators=[refuse_hidden],
        error_messages={"required": _("Enter whom the invoice is made out to.")},
        widget=forms.TextInput(attrs={"class": "input w-full"}),
    )
    tax_number = forms.CharField(
        label=_("Tax number (companies)"),
        max_length=30,
        required=False,
        widget=forms.TextInput(attrs={"class": "input w-full figure", "autocomplete": "off", "spellcheck": "false"}),
    )
    email = forms.EmailField(
        label=_("E-mail (if you like a copy)"),
        max_length=120,
        required=False,
        widget=forms.EmailInput(attrs={"class": "input w-full", "autocomplete": "email"}),
    )

    def clean(self) -> dict[str, Any]:
        """Check a company's tax number, so that all mistakes are shown at once."""
        values = super().clean() or self.cleaned_data
        if values.get("title_kind") == TitleKind.COMPANY and not self.has_error("tax_number"):
            try:
                rules.clean_tax_number(values.get("tax_number", ""))
            except InvalidInput as error:
                self.add_error("tax_number", error.message)
        return values

    def show_refusal(self, error: DomainError) -> None:
        """Put a refusal beside the field that it names."""
        self.add_error(error.field if error.field in self.fields else None, error.message)


class TryOnForm(forms.Form):
    """Where, when and who: what it means is checked where the booking is made."""

    key = forms.CharField(widget=forms.HiddenInput, initial=new_key, max_length=64)
    store = forms.IntegerField(
        label=_("Store"), min_value=1, max_value=2**63 - 1, error_messages={"required": _("Choose one of the stores.")}
    )
    slot = forms.CharField(label=_("Time"), max_length=40, error_messages={"required": _("Choose one of the times.")})
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

    def clean_slot(self) -> datetime:
        """Read the moment at which the half-hour begins."""
        try:
            slot = datetime.fromisoformat(self.cleaned_data["slot"])
        except ValueError as error:
            raise forms.ValidationError(_("Choose one of the times.")) from error
        if slot.tzinfo is None:
            raise forms.ValidationError(_("Choose one of the times."))
        return slot

    def clean_contact_name(self) -> str:
        """Check the name as booking will, so that all mistakes are shown at once."""
        try:
            return rules.clean_name(self.cleaned_data["contact_name"])
        except InvalidInput as error:
            raise forms.ValidationError(error.message) from error

    def clean_phone(self) -> str:
        """Check the phone likewise; it is passed on as typed."""
        try:
            sealing.normalise_phone(self.cleaned_data["phone"])
        except InvalidInput as error:
            raise forms.ValidationError(error.message) from error
        return str(self.cleaned_data["phone"])

    def show_refusal(self, error: DomainError) -> None:
        """Put a refusal beside the field that it names."""
        self.add_error(error.field if error.field in self.fields else None, error.message)


def _whole(value: object) -> int | None:
    """Read a whole number that somebody sent; None when it is none that a row could have."""
    text = str(value or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
