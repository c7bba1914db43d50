"""What the desk sends about stock: pieces, counts, shipments, adjustments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from inventory.choices import AdjustmentReason, CountScope, DifferenceReason
from inventory.queries import categories

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.http import QueryDict
    from django_stubs_ext import StrOrPromise

MOST_PIECES = 9_999


class WordsField(forms.CharField):
    """Words that can be read: no control characters."""

    def __init__(self, longest: int, *, required: StrOrPromise = "") -> None:
        messages = {"max_length": _("This is too long."), "required": required}
        super().__init__(max_length=longest, required=bool(required), error_messages=messages)

    def validate(self, value: str) -> None:
        """Refuse what cannot be printed."""
        super().validate(value)
        if not value.isprintable():
            raise forms.ValidationError(_("This holds a character that cannot be read."), code="unprintable")


class CodeField(WordsField):
    """A SKU, barcode or scanned address, as a scanner or somebody types it."""

    def __init__(self) -> None:
        super().__init__(200, required=_("Scan or type a SKU or barcode."))


class NoteField(WordsField):
    """A few words for whoever reads it later."""

    def __init__(self) -> None:
        super().__init__(200)


class UnitsField(forms.IntegerField):
    """A number of pieces."""

    def __init__(self, least: int, most: int, *, required: bool = True) -> None:
        wrong = _("Enter how many pieces.")
        messages = {"required": wrong, "invalid": wrong, "min_value": wrong, "max_value": wrong}
        super().__init__(min_value=least, max_value=most, error_messages=messages, required=required)


class PieceForm(forms.Form):
    """Pieces of a variant that are scanned or typed; below zero: taken back. Empty is one."""

    code = CodeField()
    quantity = UnitsField(-MOST_PIECES, MOST_PIECES, required=False)

    def clean_quantity(self) -> int:
        """Take one where nothing is said."""
        given: int | None = self.cleaned_data["quantity"]
        return 1 if given is None else given


class ReceivedForm(forms.Form):
    """How many pieces of a variant came, and how many of those are damaged."""

    code = CodeField()
    quantity = UnitsField(0, MOST_PIECES)
    damaged = UnitsField(0, MOST_PIECES)


class AdjustForm(forms.Form):
    reason = forms.ChoiceField(choices=AdjustmentReason.choices, error_messages={"required": _("Choose a reason.")})
    units = UnitsField(-MOST_PIECES, MOST_PIECES)
    note = NoteField()


class PlanForm(forms.Form):
    """What is to be counted: a scope, with the style, category or shelf that it names."""

    scope = forms.ChoiceField(
        choices=CountScope.choices, error_messages={"required": _("Choose what is to be counted.")}
    )
    category = forms.ModelChoiceField(
        categories(), required=False, to_field_name="code", empty_label=_("Choose a category")
    )
    style = WordsField(200)
    shelf = WordsField(20)

    def clean(self) -> dict[str, Any]:
        """Ask for what the scope is of."""
        given = super().clean() or {}
        if given.get("scope") == CountScope.CATEGORY and not given.get("category"):
            self.add_error("category", _("Choose a category."))
        if given.get("scope") == CountScope.STYLE and not given.get("style"):
            self.add_error("style", _("Scan a piece, or type the style code."))
        if given.get("scope") == CountScope.SHELF and not given.get("shelf"):
            self.add_error("shelf", _("Scan or type the place on the shelf."))
        return given


class CountActForm(forms.Form):
    """What is done with a count."""

    ACTS = ("submit", "none", "recount", "approve", "cancel")

    act = forms.ChoiceField(choices=[(act, act) for act in ACTS])
    lines = forms.TypedMultipleChoiceField(coerce=int, required=False)

    def __init__(self, level_ids: Iterable[int], given: QueryDict) -> None:
        super().__init__(given)
        field = self.fields["lines"]
        assert isinstance(field, forms.TypedMultipleChoiceField)  # noqa: S101  told to the type checker
        field.choices = [(level_id, str(level_id)) for level_id in level_ids]


class ShipmentActForm(forms.Form):
    """What is done with a shipment."""

    ACTS = ("all", "blind", "book", "finish", "drop", "request", "send", "decline", "cancel")

    act = forms.ChoiceField(choices=[(act, act) for act in ACTS])
    reason = NoteField()


class CloseForm(forms.Form):
    reason = forms.ChoiceField(choices=DifferenceReason.choices, error_messages={"required": _("Choose a reason.")})
    note = NoteField()


class NewTransferForm(forms.Form):
    """The other store, which way the goods go, and what to begin with."""

    store = forms.IntegerField(min_value=1, max_value=2**62)
    way = forms.ChoiceField(choices=[("send", "send"), ("ask", "ask")])
    code = WordsField(200)
