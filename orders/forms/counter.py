"""What a clerk types into a counter's basket; what it means is checked where it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from django import forms
from django.utils.translation import gettext_lazy as _

from fulfillment import queries as fulfillment_queries
from members import queries as members_queries
from omni.kernel import money
from omni.kernel.errors import InvalidInput
from orders import queries
from orders.choices import TAKEN_CONDITIONS, Condition, CounterLineKind, ManualMode, ReturnReason
from orders.forms import DoorForm, refuse_hidden
from orders.rules import MAX_QUANTITY
from stores import queries as stores_queries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django_stubs_ext import StrOrPromise

MOST_YUAN = 1_000_000
MOST_POINTS = 100_000_000
PPM_OF_PERCENT = 10_000


class YuanField(forms.CharField):
    """An amount in yuan, read as fen."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})

    def __init__(self, *, label: StrOrPromise, required: bool = True) -> None:
        super().__init__(label=label, required=required, max_length=20)

    def clean(self, value: Any) -> int | None:  # noqa: ANN401  Django's own
        """Return fen.

        :raises ValidationError: when it is no amount above zero.
        """
        text = super().clean(value)
        if not text:
            return None
        try:
            amount_fen = money.yuan_to_fen(text)
        except InvalidInput as error:
            raise forms.ValidationError(error.message) from error
        if not 0 < amount_fen <= MOST_YUAN * 100:
            raise forms.ValidationError(_("Enter an amount above zero."))
        return amount_fen


class AddForm(forms.Form):
    """What was scanned or typed: a SKU, a barcode, a style code, or a shopper's pickup code."""

    code = forms.CharField(label=_("Scan or type a product"), max_length=60, strip=True)
    kind = forms.ChoiceField(
        choices=[(kind.value, kind.label) for kind in (CounterLineKind.SALE, CounterLineKind.SEND_HOME)],
        required=False,
    )

    def clean_kind(self) -> str:
        """Return the kind; what says nothing is taken away."""
        return self.cleaned_data["kind"] or CounterLineKind.SALE.value

    @property
    def is_pickup_code(self) -> bool:
        """Tell whether what names no product may be a pickup code: what its QR code holds, or six digits."""
        return fulfillment_queries.looks_like_pickup(self.cleaned_data["code"])


class LineForm(forms.Form):
    """A change of one line: how many, which size, whether it is sent, or sent instead of what is not here."""

    quantity = forms.IntegerField(min_value=0, max_value=MAX_QUANTITY, required=False)
    sku = forms.CharField(max_length=40, required=False)
    kind = forms.CharField(max_length=10, required=False)
    instead = forms.BooleanField(required=False)


class ApprovalForm(forms.Form):
    """A manager of the store who stands beside the clerk: by their PIN, or by name and password."""

    approver = forms.IntegerField(label=_("Manager"), min_value=1, max_value=2**63 - 1, required=False)
    pin = forms.CharField(label=_("PIN"), max_length=12, required=False)
    manager = forms.CharField(label=_("Manager's user name"), max_length=150, required=False)
    password = forms.CharField(
        label=_("Manager's password"),
        max_length=128,
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )


class PinForm(forms.Form):
    """A manager's new PIN, twice, and the password that proves who chooses it."""

    password = forms.CharField(label=_("Your password"), max_length=128, strip=False, widget=forms.PasswordInput)
    pin = forms.CharField(label=_("New PIN, six digits"), max_length=12, widget=forms.PasswordInput)
    again = forms.CharField(label=_("The same once more"), max_length=12, widget=forms.PasswordInput)

    def clean(self) -> dict[str, Any]:
        """Refuse two that differ."""
        values = super().clean() or self.cleaned_data
        if "pin" in values and "again" in values and values["pin"] != values["again"]:
            self.add_error("again", _("The two are not the same."))
        return values


class DiscountForm(ApprovalForm):
    """What staff take off a line, and why."""

    mode = forms.ChoiceField(label=_("Discount"), choices=ManualMode.choices)
    value = forms.CharField(label=_("How much"), max_length=20, widget=forms.TextInput(attrs={"inputmode": "decimal"}))
    reason = forms.CharField(label=_("Reason"), max_length=120, validators=[refuse_hidden])

    def clean(self) -> dict[str, Any]:
        """Read the value by the mode: yuan, or percent."""
        values = super().clean() or self.cleaned_data
        if "value" in values and "mode" in values:
            try:
                hundredths = money.yuan_to_fen(values["value"].strip().removesuffix("%"), field="value")
            except InvalidInput:
                self.add_error("value", _("Enter a number with at most two decimals."))
                return values
            values["cut"] = self._cut(hundredths)
            if not self._is_possible(hundredths):
                self.add_error("value", _("Enter a number that can be taken off."))
        return values

    def _cut(self, hundredths: int) -> queries.ManualCut:
        is_percent = self.cleaned_data["mode"] == ManualMode.PERCENT
        # A hundredth of a percent is a hundred parts per million.
        value = hundredths * PPM_OF_PERCENT // 100 if is_percent else hundredths
        return queries.ManualCut(self.cleaned_data["mode"], value, self.cleaned_data.get("reason", ""))

    def _is_possible(self, hundredths: int) -> bool:
        most = 100 * 100 if self.cleaned_data["mode"] == ManualMode.PERCENT else MOST_YUAN * 100
        least = 0 if self.cleaned_data["mode"] == ManualMode.PRICE else 1
        return least <= hundredths <= most


class MemberForm(forms.Form):
    """A member's code or phone."""

    who = forms.CharField(label=_("Member's code or phone"), max_length=40, strip=True)


class EnrolForm(forms.Form):
    """Somebody who becomes a member on the spot, with what they agree to."""

    phone = forms.CharField(
        label=_("Mobile number"), max_length=30, widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"})
    )
    name = forms.CharField(label=_("Name"), max_length=60, required=False, validators=[refuse_hidden])
    agreed = forms.BooleanField(label=_("Agrees to the membership terms and the privacy policy"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  Django's own
        super().__init__(*args, **kwargs)
        for name, words in members_queries.consent_topics():
            self.fields[name] = forms.BooleanField(label=words, required=False)

    @property
    def topics(self) -> list[forms.BoundField]:
        """Return the fields of what may be agreed to, or not."""
        return [self[name] for name, _words in members_queries.consent_topics()]

    @property
    def given(self) -> list[str]:
        """Return the names of what was agreed to."""
        return [name for name, _words in members_queries.consent_topics() if self.cleaned_data.get(name)]


class OffersForm(forms.Form):
    """Which coupons, and how many points, are to be used."""

    coupon = forms.CharField(max_length=200, required=False)
    coupon_code = forms.CharField(label=_("Coupon code"), max_length=40, required=False)
    points = forms.IntegerField(label=_("Points to spend"), min_value=0, max_value=MOST_POINTS, required=False)

    @property
    def codes(self) -> list[str]:
        """Return the codes that were ticked, and the one that was typed."""
        return [code for code in (*self.data.getlist("coupon")[:5], self.cleaned_data["coupon_code"]) if code]  # type: ignore[attr-defined]


class ParkForm(forms.Form):
    note = forms.CharField(label=_("Note"), max_length=60, required=False, validators=[refuse_hidden])


class FindPiecesForm(forms.Form):
    """The order, receipt or parcel whose goods come back."""

    q = forms.CharField(label=_("Order or receipt"), max_length=40, required=False, strip=True)


class Piece(Protocol):
    """A piece that may be chosen, with the name of its field."""

    @property
    def field(self) -> str:
        """Return the name of its field."""


P = TypeVar("P", bound=Piece)


class PieceChoices(forms.Form, Generic[P]):
    """Which pieces are given back, how each is, and why."""

    def __init__(self, pieces: Sequence[P], *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  Django's own
        super().__init__(*args, **kwargs)
        self.pieces = pieces
        for piece in pieces:
            self.fields[piece.field] = forms.BooleanField(required=False)
            self.fields[f"{piece.field}-condition"] = forms.ChoiceField(
                choices=[(item.value, item.label) for item in TAKEN_CONDITIONS],
                initial=Condition.RESELL.value,
                required=False,
            )
            self.fields[f"{piece.field}-reason"] = forms.ChoiceField(choices=ReturnReason.choices, required=False)

    @property
    def rows(self) -> list[tuple[P, forms.BoundField, forms.BoundField, forms.BoundField]]:
        """Return each piece with its fields."""
        return [
            (piece, self[piece.field], self[f"{piece.field}-condition"], self[f"{piece.field}-reason"])
            for piece in self.pieces
        ]

    def clean(self) -> dict[str, Any]:
        """Check that of each piece it is said how it is and why."""
        values = super().clean() or self.cleaned_data
        for piece in (piece for piece in self.pieces if values.get(piece.field)):
            if not values.get(f"{piece.field}-condition"):
                self.add_error(f"{piece.field}-condition", _("Say how this piece is."))
            if not values.get(f"{piece.field}-reason"):
                self.add_error(f"{piece.field}-reason", _("Choose a reason."))
        return values

    @property
    def chosen(self) -> list[tuple[P, str, str]]:
        """Return each piece that comes back, its condition and the reason."""
        values = self.cleaned_data
        return [
            (piece, values[f"{piece.field}-condition"], values[f"{piece.field}-reason"])
            for piece in self.pieces
            if values.get(piece.field)
        ]


class PiecesForm(PieceChoices[queries.HeldPiece], ApprovalForm):
    """Which of somebody's pieces come back; a manager may allow those that come late."""

    def clean(self) -> dict[str, Any]:
        """Check that something comes back."""
        values = super().clean()
        if not any(values.get(piece.field) for piece in self.pieces):
            raise forms.ValidationError(_("Choose what comes back."))
        return values


class DeclineForm(PieceChoices[queries.WaitingPiece]):
    """Which pieces of a collection the shopper does not keep; it may be none."""


class BeginForm(forms.Form):
    """The net amount that the clerk was shown."""

    seen = forms.IntegerField(min_value=-(10**12), max_value=10**12)


class TenderForm(forms.Form):
    """Money that is taken at a till. `once` makes a cash tender that is sent twice one tender."""

    METHODS = ("cash", "card", "wechat", "mall")

    method = forms.ChoiceField(choices=[(method, method) for method in METHODS])
    amount = YuanField(label=_("Amount"))
    given = YuanField(label=_("Given"), required=False)
    drawer = forms.IntegerField(label=_("Till"), min_value=1, max_value=2**63 - 1, required=False)
    receipt = forms.CharField(label=_("Mall's receipt number"), max_length=40, required=False, strip=True)
    receipt_on = forms.DateField(label=_("Date of the receipt"), required=False)
    once = forms.UUIDField()


class CardForm(forms.Form):
    """What the terminal said of a card: its slip, that it was declined, or nothing."""

    outcome = forms.ChoiceField(choices=[("paid", "paid"), ("declined", "declined"), ("unknown", "unknown")])
    terminal = forms.CharField(label=_("Terminal"), max_length=20, required=False, strip=True)
    batch = forms.CharField(label=_("Batch"), max_length=12, required=False, strip=True)
    trace = forms.CharField(label=_("Trace number"), max_length=12, required=False, strip=True)

    @property
    def slip(self) -> list[forms.BoundField]:
        """Return the fields of the slip."""
        return [self["terminal"], self["batch"], self["trace"]]


class RecipientForm(DoorForm):
    """To whom and where is sent what is sent home. A street that begins with its city and district is enough."""

    typed_place: stores_queries.Place | None = None

    @property
    def chosen_place(self) -> stores_queries.Place | None:
        """Return the place that was chosen, else the one with which the street begins."""
        return super().chosen_place or self.typed_place

    def clean(self) -> dict[str, Any]:
        """Check all of it as sending will."""
        values = super().clean() or self.cleaned_data
        self._read_street(values)
        self.check_contact(values)
        self.check_door(values)
        return values

    def _read_street(self, values: dict[str, Any]) -> None:
        """Take the district off a street that begins with it, unless another one was chosen."""
        found = stores_queries.read_address(values.get("street", ""))
        if found is None:
            return
        district, street = found
        if self.chosen_place is None:
            self.typed_place = stores_queries.Place(district.lat, district.lng, district)
        if self.chosen_place is not None and self.chosen_place.district == district:
            values["street"] = street

    @property
    def recipient(self) -> dict[str, str]:
        """Return what was typed, as it is kept."""
        place = self.chosen_place
        return {
            "name": self.cleaned_data["contact_name"],
            "phone": self.cleaned_data["phone"],
            "district_code": place.district.pk if place else "",
            "street": self.cleaned_data["street"],
        }
