"""What shoppers and clerks send about returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django import forms
from django.utils.translation import gettext_lazy as _

from omni.kernel import bilingual
from orders import queries
from orders.choices import DESK_CONDITIONS, TAKEN_CONDITIONS, ReturnKind, ReturnReason, ReturnWay
from orders.forms import DoorForm, new_key, refuse_hidden

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from omni.kernel.errors import DomainError
    from stores.models import Store


# The choice among addresses that means the one the order went to.
ORDER_ADDRESS = "order"


class ReturnFormRow(NamedTuple):
    """A line that may come back, with its fields; `swap` is None when nothing else of its product can be had."""

    row: queries.ReturnableLine
    units: forms.BoundField
    swap: forms.BoundField | None
    choices: Sequence[queries.SwapChoice]


class ReturnForm(forms.Form):
    """What a shopper gives back: units of each line, why, how, and what they want for it.

    `rows` are the lines, each with the field of its units and that of what it is exchanged for, if it can be.
    """

    kind = forms.ChoiceField(
        label=_("What would you like for it?"), choices=ReturnKind.choices, initial=ReturnKind.RETURN, required=False
    )
    reason = forms.ChoiceField(
        label=_("Why?"), choices=ReturnReason.choices, error_messages={"required": _("Choose a reason.")}
    )
    way = forms.ChoiceField(
        label=_("How does it come back?"), choices=ReturnWay.choices, initial=ReturnWay.BRING, required=False
    )
    seen = forms.IntegerField(required=False, min_value=0)
    total = forms.IntegerField(required=False, min_value=0)
    key = forms.CharField(required=False, max_length=64)

    def __init__(
        self,
        lines: Sequence[queries.ReturnableLine],
        choices: Mapping[int, Sequence[queries.SwapChoice]],
        *args: Any,  # noqa: ANN401  Django's own
        **kwargs: Any,  # noqa: ANN401  Django's own
    ) -> None:
        super().__init__(*args, **kwargs)
        self._lines = lines
        self._choices = choices
        only = 1 if len(lines) == 1 and lines[0].units == 1 else 0
        for row in lines:
            self.fields[f"line-{row.line.pk}"] = forms.TypedChoiceField(
                label=_("How many?"),
                choices=[(units, str(units)) for units in range(row.units + 1)],
                coerce=int,
                initial=only,
                required=False,
            )
            if choices.get(row.line.pk):
                self.fields[f"swap-{row.line.pk}"] = forms.ChoiceField(
                    label=_("Instead of it"),
                    choices=[("", _("Choose")), *((choice.sku, choice.name) for choice in choices[row.line.pk])],
                    required=False,
                )

    @property
    def rows(self) -> list[ReturnFormRow]:
        """Return the lines that may come back, each with its fields."""
        return [
            ReturnFormRow(
                row,
                self[f"line-{row.line.pk}"],
                self[f"swap-{row.line.pk}"] if self._choices.get(row.line.pk) else None,
                self._choices.get(row.line.pk, ()),
            )
            for row in self._lines
        ]

    @property
    def can_exchange(self) -> bool:
        """Tell whether there is anything to exchange for."""
        return any(self._choices.values())

    @property
    def is_exchange(self) -> bool:
        """Tell whether something else is wanted for it."""
        return str(self.cleaned_data["kind"]) == ReturnKind.EXCHANGE

    @property
    def swaps(self) -> dict[int, str]:
        """Return the SKU that is wanted instead, by line."""
        return {
            row.line.pk: self.cleaned_data[f"swap-{row.line.pk}"]
            for row in self._lines
            if self._choices.get(row.line.pk)
        }

    @property
    def wanted(self) -> dict[int, int]:
        """Return how many units of which line come back."""
        return {row.line.pk: self.cleaned_data[f"line-{row.line.pk}"] or 0 for row in self._lines}

    @property
    def chosen(self) -> list[tuple[str, str]]:
        """Return what was chosen, to be sent again by a form without these fields."""
        names = ["kind", "reason", "way", *(name for name in self.fields if name.startswith(("line-", "swap-")))]
        return [(name, str(self[name].value() or "")) for name in names]

    def clean_kind(self) -> str:
        """Money back is what somebody means who says nothing."""
        return str(self.cleaned_data["kind"] or ReturnKind.RETURN)

    def clean_way(self) -> str:
        """Bringing it is what somebody means who says nothing."""
        return str(self.cleaned_data["way"] or ReturnWay.BRING)

    def clean_key(self) -> str:
        """Whoever sends no key sends each form once."""
        return str(self.cleaned_data["key"] or new_key())

    def show_refusal(self, error: DomainError) -> None:
        """Put a refusal beside the field that it names, if the shopper sees it."""
        is_shown = error.field in self.fields and error.field not in {"seen", "total", "key"}
        self.add_error(error.field if is_shown else None, error.message)


class ReturnDoorForm(DoorForm):
    """Where a courier fetches a return."""

    def clean(self) -> dict[str, Any]:
        """Check a door that is typed, so that all mistakes are shown at once."""
        values = super().clean() or self.cleaned_data
        if not self.chosen_address:
            self.check_door(values)
            self.check_contact(values)
        return values

    def show_refusal(self, error: DomainError) -> bool:
        """Put a refusal beside the field that it names; tell whether it names one of these."""
        if error.field not in self.fields:
            return False
        self.add_error(error.field, error.message)
        return True


class ReceiveForm(forms.Form):
    """At which of the clerk's stores the goods are."""

    def __init__(self, stores: Sequence[Store], *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  Django's own
        super().__init__(*args, **kwargs)
        choices = [(store.pk, bilingual.name_of(store)) for store in stores]
        self.fields["store"] = forms.TypedChoiceField(label=_("Received at"), choices=choices, coerce=int)


class InspectForm(forms.Form):
    """How a clerk finds each piece."""

    def __init__(self, pieces: Sequence[queries.ReturnPieceView], *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  Django's
        super().__init__(*args, **kwargs)
        self._pieces = [piece for piece in pieces if piece.is_live]
        for piece in self._pieces:
            self.fields[f"piece-{piece.id}"] = forms.ChoiceField(
                label=piece.name,
                choices=[(condition.value, condition.label) for condition in DESK_CONDITIONS],
                widget=forms.RadioSelect,
                error_messages={"required": _("Say how this piece is.")},
            )

    @property
    def rows(self) -> list[tuple[queries.ReturnPieceView, forms.BoundField]]:
        """Return the pieces, each with its field."""
        return [(piece, self[f"piece-{piece.id}"]) for piece in self._pieces]

    @property
    def conditions(self) -> dict[int, str]:
        """Return the condition of each piece by its id."""
        return {piece.id: self.cleaned_data[f"piece-{piece.id}"] for piece in self._pieces}


class RefuseForm(forms.Form):
    reason = forms.CharField(
        label=_("Why is it not taken back?"),
        max_length=120,
        validators=[refuse_hidden],
        error_messages={"required": _("Say why; the shopper is told.")},
    )


class FindForm(forms.Form):
    """What was scanned or typed to find a purchase: a number, a code, a link, a phone."""

    text = forms.CharField(
        label=_("Scan the return's code, an order, receipt, parcel or member, or type a number or phone"),
        max_length=300,
        validators=[refuse_hidden],
        error_messages={"required": _("Scan or type something.")},
    )


class TakeBackForm(forms.Form):
    """Which of the pieces that somebody has come back, how each is, and why; what is not chosen stays with them.

    `seen` is what the clerk was shown that comes back; `allow` a manager's word that the time does not matter.
    """

    reason = forms.ChoiceField(
        label=_("Why?"), choices=ReturnReason.choices, error_messages={"required": _("Choose a reason.")}
    )
    allow = forms.BooleanField(label=_("Take it back although the time is over"), required=False)
    seen = forms.IntegerField(required=False, min_value=0, max_value=2**53)
    act = forms.CharField(required=False, max_length=10)

    def __init__(self, pieces: Sequence[queries.HeldPiece], *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  Django's own
        super().__init__(*args, **kwargs)
        self._pieces = pieces
        conditions = [(condition.value, condition.label) for condition in TAKEN_CONDITIONS]
        for piece in pieces:
            self.fields[piece.field] = forms.ChoiceField(
                label=piece.name, choices=[("", _("Stays with the shopper")), *conditions], required=False
            )

    @property
    def rows(self) -> list[tuple[queries.HeldPiece, forms.BoundField]]:
        """Return the pieces, each with its field."""
        return [(piece, self[piece.field]) for piece in self._pieces]

    @property
    def chosen(self) -> list[tuple[str, str]]:
        """Return what was chosen, to be sent again by a form without these fields."""
        return [(name, str(self[name].value() or "")) for name in self.fields if name not in {"seen", "allow", "act"}]

    @property
    def conditions(self) -> dict[queries.UnitKey, str]:
        """Return how each piece is that comes back."""
        return {piece.key: self.cleaned_data[piece.field] for piece in self._pieces if self.cleaned_data[piece.field]}

    def late(self, today: date) -> bool:
        """Tell whether any piece that comes back comes too late for its reason."""
        reason = self.cleaned_data["reason"]
        return any(piece.is_late_for(reason, today) for piece in self._pieces if piece.key in self.conditions)

    def show_refusal(self, error: DomainError) -> None:
        """Put a refusal beside the field that it names, if the clerk sees it."""
        self.add_error(
            error.field if error.field in self.fields and error.field not in {"seen", "act"} else None, error.message
        )
