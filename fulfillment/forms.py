"""The shape of what a store's desk sends."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from fulfillment import queries
from fulfillment.choices import STORE_REJECT_REASONS, RejectReason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import QueryDict

    from fulfillment.queries import TaskLine

# Reasons that say something about the goods: then the form asks which.
GOODS_REASONS = (RejectReason.NOT_FOUND, RejectReason.DAMAGED)


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


class AnswerForm(forms.Form):
    """The store's answer to a wish to cancel."""

    answer = forms.ChoiceField(choices=[("accept", "accept"), ("refuse", "refuse")])


class OutcomeForm(forms.Form):
    """Which pieces a shopper keeps after trying on."""

    kept = forms.TypedMultipleChoiceField(coerce=int, required=False)

    def __init__(self, lines: Sequence[TaskLine], data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.fields["kept"].choices = [(line.line_id, line.name) for line in lines]  # type: ignore[attr-defined]
