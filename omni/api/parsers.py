"""What is sent: JSON of a sensible depth. Its size is bounded by DATA_UPLOAD_MAX_MEMORY_SIZE."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

if TYPE_CHECKING:
    from collections.abc import Mapping


class BoundedJSONParser(JSONParser):
    """Refuses JSON that is nested more deeply than Python reads."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return the body.

        :raises ParseError: when it is no JSON.
        """
        try:
            return super().parse(stream, media_type, parser_context)
        except ParseError as error:
            raise ParseError(_("This is not valid JSON.")) from error
        except RecursionError as error:
            raise ParseError(_("The JSON is nested too deeply.")) from error
