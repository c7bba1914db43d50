"""The shape of what a store's desk sends."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from fulfillment import queries
from fulfillment.choices import GOODS_REASONS, STORE_REJECT_REASONS, RejectReason
from fulfillment.services import HEAVIEST_GRAMS, GivenLine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.forms.boundfield import BoundField
    from django.http import QueryDict

    from fulfillment.queries import TaskLine


# How many parcels fit on the form; an order of more is packed by another way.
FORM_PARCELS = 6


class CodeForm(forms.Form):
    """The six digits that a courier or shopper shows, typed or scanned; spaces and full-width digits are understood."""

    code = forms.CharField(max_length=80, error_messages={"required": _("Enter the six digits of the code.")})

    def __init__(self, number: str, data: QueryDict | None = None) -> None:
        super().__init__(data)
        self._number = number

    def clean_code(self) -> str:
        """Return the digits alone."""
        digits = "".join(unicodedata.normalize("NFKC", self.cleaned_data["code"]).split())
        scan = queries.read_pickup_text(digits)
        if scan is not None and scan.number != self._number:
            message = _("This code belongs to another order: %(number)s.")
            raise forms.ValidationError(message, params={"number": scan.number})
        digits = scan.digits if scan is not None else digits
        RegexValidator(r"\A[0-9]{6}\Z", _("Enter the six digits of the code."))(digits)
        return digits


class RejectForm(forms.Form):
    """Why a store gives an order back and, when goods are missing or damaged, how many units of which line."""

    reason = forms.ChoiceField(
        choices=[(reason.value, reason.label) for reason in STORE_REJECT_REASONS],
        error_messages={"required": _("Choose a reason."), "invalid_choice": _("Choose a reason.")},
    )

    def __init__(self, lines: Sequence[TaskLine], data: QueryDict | None = None) -> None:
        super().__init__(data)
        self._lines = lines
        for line in lines:
            self.fields[f"units_{line.line_id}"] = forms.IntegerField(
                min_value=0, max_value=line.quantity, required=False, label=line.name
            )

    def clean(self) -> dict[str, Any]:
        """Return the reason, and `affected`: units by line when the goods are the reason."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        reason = RejectReason(cleaned["reason"]) if cleaned.get("reason") else None
        units = {line.line_id: cleaned.get(f"units_{line.line_id}") or 0 for line in self._lines}
        affected = {line_id: count for line_id, count in units.items() if count}
        if reason in GOODS_REASONS and not affected and not self.errors:
            self.add_error(None, _("Say how many units are missing or damaged."))
        return {"reason": reason, "affected": affected if reason in GOODS_REASONS else None}


class GiveBackForm(forms.Form):
    """Which units of which lines a store gives back, each with its reason; `given` after it was found valid."""

    def __init__(self, lines: Sequence[TaskLine], data: QueryDict | None = None, *, missing: int = 0) -> None:
        super().__init__(data)
        self._lines = lines
        self.given: tuple[GivenLine, ...] = ()
        reasons = [("", _("Choose a reason.")), *((reason.value, reason.label) for reason in STORE_REJECT_REASONS)]
        for line in lines:
            is_missing = line.line_id == missing
            self.fields[f"units_{line.line_id}"] = forms.IntegerField(
                min_value=0,
                max_value=line.quantity,
                required=False,
                initial=line.open_units if is_missing else 0,
                label=_("Pieces given back"),
                widget=forms.NumberInput(attrs={"class": "input input-lg w-20 figure", "inputmode": "numeric"}),
            )
            self.fields[f"reason_{line.line_id}"] = forms.ChoiceField(
                choices=reasons,
                required=False,
                initial=RejectReason.NOT_FOUND.value if is_missing else "",
                label=_("Reason"),
                widget=forms.Select(attrs={"class": "select select-lg w-full"}),
            )
            self.fields[f"none_{line.line_id}"] = forms.BooleanField(
                required=False,
                label=_("None is left on the shelf"),
                widget=forms.CheckboxInput(attrs={"class": "checkbox"}),
            )

    def rows(self) -> list[tuple[TaskLine, BoundField, BoundField, BoundField]]:
        """Return each line with its fields: units, reason, none left."""
        return [
            (line, self[f"units_{line.line_id}"], self[f"reason_{line.line_id}"], self[f"none_{line.line_id}"])
            for line in self._lines
        ]

    def clean(self) -> dict[str, Any]:
        """Put what is given back into `given`; a reason is asked for beside the units."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        given = []
        for line in self._lines:
            units, reason = cleaned.get(f"units_{line.line_id}") or 0, cleaned.get(f"reason_{line.line_id}")
            if units and not reason and f"reason_{line.line_id}" not in self.errors:
                self.add_error(f"reason_{line.line_id}", _("Choose a reason."))
            elif units and reason:
                is_none_left = bool(cleaned.get(f"none_{line.line_id}")) and reason == RejectReason.NOT_FOUND
                given.append(GivenLine(line.line_id, units, RejectReason(reason), is_none_left))
        if not given and not self.errors:
            self.add_error(None, _("Say how many units of which goods are given back."))
        self.given = tuple(given)
        return cleaned


class PackForm(forms.Form):
    """Into how many parcels an order was packed, and what each weighs in grams, as far as somebody weighed it."""

    parcels = forms.IntegerField(
        min_value=1,
        max_value=FORM_PARCELS,
        required=False,
        error_messages={"min_value": _("Pack at least one parcel."), "max_value": _("That is too many parcels.")},
    )

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data)
        for position in range(1, FORM_PARCELS + 1):
            self.fields[f"weight_{position}"] = forms.IntegerField(
                min_value=1,
                max_value=HEAVIEST_GRAMS,
                required=False,
                label=_("Parcel %(position)s, grams") % {"position": position},
                error_messages=dict.fromkeys(("min_value", "max_value", "invalid"), _("A parcel weighs 1 g to 50 kg.")),
            )

    @property
    def weights_grams(self) -> tuple[int | None, ...]:
        """Return the weight of each parcel, None where nobody weighed it."""
        count = self.cleaned_data.get("parcels") or 1
        return tuple(self.cleaned_data.get(f"weight_{position}") for position in range(1, count + 1))


class WaveForm(forms.Form):
    """Which orders are picked together, by their numbers."""

    tasks = forms.MultipleChoiceField(
        error_messages={
            "required": _("Choose the orders."),
            "invalid_choice": _("Somebody else has one of them by now."),
        }
    )

    def __init__(self, numbers: Sequence[str], data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.fields["tasks"].choices = [(number, number) for number in numbers]  # type: ignore[attr-defined]


class LineForm(forms.Form):
    """A line of a wave."""

    line = forms.IntegerField(min_value=1, max_value=2**63 - 1)


class ReassignForm(forms.Form):
    """The store that is asked first; none: the best one."""

    store = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)


class AnswerForm(forms.Form):
    """The store's answer to a wish to cancel."""

    answer = forms.ChoiceField(choices=[("accept", "accept"), ("refuse", "refuse")])
