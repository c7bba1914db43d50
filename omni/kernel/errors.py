"""The errors a person or an API client may see; the edges translate them to HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

NOT_FOUND = _("Not found.")


class DomainError(Exception):
    """A refusal that the caller can understand and act on; nothing was changed.

    Concrete errors live beside the function that raises them. `code` is stable and part of the API; `status` is the
    HTTP status. The message may hold `%(name)s` placeholders, filled from the keyword parameters in the language of
    the reader; a literal per cent sign is then written `%%`. Messages and parameters hold no personal data.
    """

    code: str = "error"
    status: int = 409

    def __init__(self, message: StrOrPromise, *, field: str | None = None, **params: object) -> None:
        super().__init__(message)
        self._template = message
        self.field = field
        self.params = params

    @property
    def message(self) -> str:
        """The text in the language active now."""
        text = str(self._template)
        return text % self.params if self.params else text

    def __str__(self) -> str:
        return self.message


class InvalidInput(DomainError):
    """What was sent cannot be understood or is out of range; `field` names the input."""

    code = "invalid"
    status = 400


class NotFound(DomainError):
    """There is no such thing, or not for this actor; the two are never told apart."""

    code = "not_found"
    status = 404

    def __init__(self, message: StrOrPromise = NOT_FOUND, *, field: str | None = None, **params: object) -> None:
        super().__init__(message, field=field, **params)


class Conflict(DomainError):
    """The request was fine but does not fit the present state."""

    code = "conflict"
    status = 409
