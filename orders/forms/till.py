"""What is typed at a till."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from omni.kernel import clock, money
from omni.kernel.errors import InvalidInput
from orders import rules
from orders.choices import MovementKind, PaymentMethod
from orders.forms import refuse_hidden

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omni.kernel.errors import DomainError
    from orders.models import DrawerSession

WIDE = {"class": "input input-lg w-full", "autocomplete": "off"}
MOST_PIECES = 100_000


class TextField(forms.CharField):
    """A line of text that shows all that it holds."""

    def __init__(self, *, attrs: dict[str, str] | None = None, **kwargs: Any) -> None:  # noqa: ANN401  as Django's
        widget = forms.TextInput(attrs={**WIDE, **(attrs or {})})
        super().__init__(validators=[refuse_hidden], widget=widget, **kwargs)


class CashField(forms.CharField):
    """An amount typed in yuan; its value is in fen, None when nothing was typed."""

    widget = forms.TextInput(attrs={**WIDE, "class": "input input-lg w-full figure", "inputmode": "decimal"})

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401  as Django's
        super().__init__(max_length=20, **kwargs)

    def clean(self, value: str | None) -> int | None:
        """Return fen."""
        text = super().clean(value)
        if not text:
            return None
        try:
            return money.yuan_to_fen(text)
        except InvalidInput as error:
            raise forms.ValidationError(error.message, code=error.code) from error


class DeskForm(forms.Form):
    """A form of the till: what a service refuses stands beside its field."""

    def put_error(self, error: DomainError) -> None:
        """Show a refusal at the field it names, or above the form."""
        self.add_error(error.field if error.field in self.fields else None, error.message)


class OpenForm(DeskForm):
    """A till, and the cash that lies in it."""

    till = TextField(
        label=pgettext_lazy("drawer", "Till"),
        max_length=20,
        initial="1",
    )
    float = CashField(label=_("Change in the drawer (yuan)"), initial="0")


class MoveForm(DeskForm):
    """Cash that is paid in or out."""

    kind = forms.ChoiceField(
        label=_("What happens"),
        choices=[(kind.value, kind.label) for kind in (MovementKind.PAID_IN, MovementKind.PAID_OUT)],
        widget=forms.RadioSelect,
    )
    amount = CashField(label=_("Amount (yuan)"))
    reason = TextField(label=_("Why"), max_length=120)


class CountForm(DeskForm):
    """How many pieces of each note and coin lie in the drawer; empty is none."""

    note = TextField(label=_("Note"), max_length=120, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  as Django's
        super().__init__(*args, **kwargs)
        for fen in rules.DENOMINATIONS:
            self.fields[f"count-{fen}"] = forms.IntegerField(
                label=money.format_fen(fen),
                required=False,
                min_value=0,
                max_value=MOST_PIECES,
                widget=forms.TextInput(
                    attrs={"class": "input input-lg figure", "inputmode": "numeric", "autocomplete": "off"}
                ),
            )

    @property
    def counted(self) -> list[forms.BoundField]:
        """Return the fields of the pieces, the largest note first."""
        return [self[f"count-{fen}"] for fen in rules.DENOMINATIONS]

    @property
    def counts(self) -> dict[int, int]:
        """Return the pieces by denomination, once the form is valid."""
        return {fen: self.cleaned_data[f"count-{fen}"] or 0 for fen in rules.DENOMINATIONS}


class ConfirmForm(DeskForm):
    """The manager's word about a difference."""

    note = TextField(label=_("What the difference is"), max_length=120)


class SlipFields(DeskForm):
    """The three numbers of a card terminal's slip."""

    terminal = TextField(label=_("Terminal"), max_length=20)
    batch = TextField(label=_("Batch"), max_length=12, attrs={"inputmode": "numeric"})
    trace = TextField(label=_("Trace number"), max_length=12, attrs={"inputmode": "numeric"})


class RefundForm(DeskForm):
    """A refund that is given back at a till: which one, and what the slip says where there is one."""

    drawer = forms.TypedChoiceField(
        label=pgettext_lazy("drawer", "Till"),
        coerce=int,
        widget=forms.Select(attrs={"class": "select select-lg w-full"}),
    )

    def __init__(self, method: str, drawers: Sequence[DrawerSession], *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  as Django's
        super().__init__(*args, **kwargs)
        self.method = method
        choice = self.fields["drawer"]
        choice.choices = [(drawer.pk, drawer.till) for drawer in drawers]  # type: ignore[attr-defined]  # it is a choice
        if method == PaymentMethod.CARD:
            self.fields |= SlipFields().fields
        elif method == PaymentMethod.MALL_TILL:
            self.fields["receipt"] = TextField(label=_("Receipt number of the mall"), max_length=40)
            self.fields["receipt_on"] = forms.DateField(
                label=_("Date of the receipt"),
                initial=lambda: clock.business_date(clock.now()),
                widget=forms.DateInput(attrs={**WIDE, "type": "date"}, format="%Y-%m-%d"),
            )


class SendForm(DeskForm):
    """Where a receipt is sent; with no number typed it goes to the phone of the order."""

    phone = TextField(
        label=_("Phone"),
        max_length=30,
        required=False,
        attrs={"inputmode": "tel", "maxlength": "30"},
    )
    language = forms.ChoiceField(
        label=_("Language"), choices=settings.LANGUAGES, widget=forms.Select(attrs={"class": "select select-lg w-full"})
    )
