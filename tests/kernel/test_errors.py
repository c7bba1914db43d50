"""Domain errors."""

import pytest
from django.utils import translation
from django.utils.translation import gettext_lazy

from omni.kernel.errors import Conflict, DomainError, InvalidInput, NotFound


def test_message_with_parameters_is_filled_in() -> None:
    error = Conflict("Only %(left)s of %(sku)s are left.", field="lines", left=2, sku="A-1")
    assert error.message == "Only 2 of A-1 are left."
    assert str(error) == "Only 2 of A-1 are left."
    assert error.params == {"left": 2, "sku": "A-1"}
    assert error.field == "lines"


def test_message_without_parameters_keeps_its_per_cent_sign() -> None:
    assert InvalidInput("At most 100% may be shared.").message == "At most 100% may be shared."


def test_message_is_translated_for_whoever_reads_it() -> None:
    error = DomainError(gettext_lazy("Yes"))
    with translation.override("en"):
        assert error.message == "Yes"
    with translation.override("zh-hans"):
        assert error.message == "是"


@pytest.mark.parametrize(
    ("error_class", "code", "status"),
    [(InvalidInput, "invalid", 400), (NotFound, "not_found", 404), (Conflict, "conflict", 409)],
)
def test_error_class_has_its_code_and_status(error_class: type[DomainError], code: str, status: int) -> None:
    assert (error_class.code, error_class.status) == (code, status)


def test_not_found_says_so_by_itself() -> None:
    with translation.override("en"):
        assert NotFound().message == "Not found."
