"""What a shopper types to sign in."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from members import choices as members_choices
from omni.kernel import sealing
from omni.kernel.errors import InvalidInput


class PhoneForm(forms.Form):
    """The phone to sign in with; cleaned, it is E.164."""

    phone = forms.CharField(
        label=_("Mobile number"),
        max_length=30,
        error_messages={"required": _("Enter your mobile number.")},
        widget=forms.TextInput(
            attrs={"class": "input input-lg w-full", "autocomplete": "tel", "type": "tel", "autofocus": True}
        ),
    )

    def clean_phone(self) -> str:
        """Return the phone in E.164."""
        try:
            return sealing.normalise_phone(self.cleaned_data["phone"])
        except InvalidInput as error:
            raise forms.ValidationError(error.message, code=error.code) from error


class CodeForm(forms.Form):
    """The code that was sent."""

    code = forms.RegexField(
        r"\A[0-9]{6}\Z",
        label=_("Code"),
        error_messages={"required": _("Enter the six digits."), "invalid": _("Enter the six digits.")},
        widget=forms.TextInput(
            attrs={
                "class": "input input-lg w-full", "autocomplete": "one-time-code", "inputmode": "numeric",
                "maxlength": 6, "autofocus": True,
            }
        ),
    )  # fmt: skip


class NoteForm(forms.Form):
    """What a store's staff want to remember of a member."""

    text = forms.CharField(
        label=_("Note"),
        max_length=300,
        error_messages={"required": _("Write something.")},
        widget=forms.TextInput(attrs={"class": "input input-lg w-full", "autocomplete": "off"}),
    )


class FollowUpForm(forms.Form):
    """What one means to do for a member, and when."""

    text = forms.CharField(
        label=_("What to do"),
        max_length=200,
        error_messages={"required": _("Write something.")},
        widget=forms.TextInput(attrs={"class": "input input-lg w-full", "autocomplete": "off"}),
    )
    due_on = forms.DateField(
        label=_("On"),
        error_messages={"required": _("Choose a day."), "invalid": _("Choose a day.")},
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"class": "input input-lg", "type": "date"}),
    )


class RevealForm(forms.Form):
    """Why somebody needs the whole phone number."""

    reason = forms.ChoiceField(
        label=_("Why do you need the number?"),
        choices=[("", _("Choose a reason")), *members_choices.RevealReason.choices],
        error_messages={
            "required": _("Say why you need the number."),
            "invalid_choice": _("Say why you need the number."),
        },
        widget=forms.Select(attrs={"class": "select select-lg w-full"}),
    )
