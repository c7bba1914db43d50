"""What the desk sends about codes, and about pieces that were tried on."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from fulfillment import choices as fulfillment_choices
from orders.forms import refuse_hidden

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orders.queries import AppointmentPiece


class CodeForm(forms.Form):
    """A shopper's code: six digits, or what their QR code holds."""

    code = forms.CharField(
        label=_("Scan the shopper's code, or type its six digits"),
        max_length=80,
        validators=[refuse_hidden],
        error_messages={"required": _("Enter the six digits of the code.")},
    )

    def clean_code(self) -> str:
        """Return it without spaces, in everyday digits."""
        return unicodedata.normalize("NFKC", "".join(self.cleaned_data["code"].split()))


class TriedForm(forms.Form):
    """Which pieces are kept, and of each other one why not."""

    def __init__(self, pieces: Sequence[AppointmentPiece], *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  Django's own
        super().__init__(*args, **kwargs)
        self._pieces = pieces
        for piece in pieces:
            self.fields[f"line-{piece.line_id}"] = forms.ChoiceField(
                label=piece.name,
                choices=[("kept", _("Keeps it")), *fulfillment_choices.DeclineReason.choices],
                error_messages={"required": _("Say whether they keep it, and if not, why.")},
            )

    @property
    def rows(self) -> list[tuple[AppointmentPiece, forms.BoundField]]:
        """Return the pieces, each with its field."""
        return [(piece, self[f"line-{piece.line_id}"]) for piece in self._pieces]

    @property
    def kept_ids(self) -> list[int]:
        """Return the lines that are kept."""
        return [piece.line_id for piece in self._pieces if self.cleaned_data[f"line-{piece.line_id}"] == "kept"]

    @property
    def reasons(self) -> dict[int, str]:
        """Return why each other line is not."""
        said = {piece.line_id: self.cleaned_data[f"line-{piece.line_id}"] for piece in self._pieces}
        return {line_id: reason for line_id, reason in said.items() if reason != "kept"}
