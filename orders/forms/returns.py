"""What shoppers and clerks send about returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from omni.kernel import bilingual
from orders import queries
from orders.choices import DESK_CONDITIONS, ReturnReason, ReturnWay
from orders.forms import new_key, refuse_hidden

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omni.kernel.errors import DomainError
    from stores.models import Store


# No courier company is asked to collect at the shopper's door yet.
OFFERED_WAYS = [(ReturnWay.BRING.value, ReturnWay.BRING.label)]


class ReturnForm(forms.Form):
    """What a shopper gives back: units of each line, why, and how. `rows` are the lines with their fields."""

    reason = forms.ChoiceField(
        label=_("Why?"), choices=ReturnReason.choices, error_messages={"required": _("Choose a reason.")}
    )
    way = forms.ChoiceField(
        label=_("How does it come back?"), choices=OFFERED_WAYS, initial=ReturnWay.BRING, required=False
    )
    seen = forms.IntegerField(required=False, min_value=0)
    key = forms.CharField(required=False, max_length=64)

    def __init__(self, lines: Sequence[queries.ReturnableLine], *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  Django's own
        super().__init__(*args, **kwargs)
        self._lines = lines
        only = 1 if len(lines) == 1 and lines[0].units == 1 else 0
        for row in lines:
            self.fields[f"line-{row.line.pk}"] = forms.TypedChoiceField(
                label=_("How many?"),
                choices=[(units, str(units)) for units in range(row.units + 1)],
                coerce=int,
                initial=only,
                required=False,
            )

    @property
    def rows(self) -> list[tuple[queries.ReturnableLine, forms.BoundField]]:
        """Return the lines that may come back, each with the field that says how many."""
        return [(row, self[f"line-{row.line.pk}"]) for row in self._lines]

    @property
    def wanted(self) -> dict[int, int]:
        """Return how many units of which line come back."""
        return {row.line.pk: self.cleaned_data[f"line-{row.line.pk}"] or 0 for row in self._lines}

    @property
    def chosen(self) -> list[tuple[str, str]]:
        """Return what was chosen, to be sent again by a form without these fields."""
        names = ["reason", "way", *(f"line-{row.line.pk}" for row in self._lines)]
        return [(name, str(self[name].value() or "")) for name in names]

    def clean_way(self) -> str:
        """Bringing it is what somebody means who says nothing."""
        return str(self.cleaned_data["way"] or ReturnWay.BRING)

    def clean_key(self) -> str:
        """Whoever sends no key sends each form once."""
        return str(self.cleaned_data["key"] or new_key())

    def show_refusal(self, error: DomainError) -> None:
        """Put a refusal beside the field that it names, if the shopper sees it."""
        is_shown = error.field in self.fields and error.field not in {"seen", "key"}
        self.add_error(error.field if is_shown else None, error.message)


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
