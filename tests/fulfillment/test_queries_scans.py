import pytest

from fulfillment.forms import CodeForm
from fulfillment.queries import Scan, pickup_text, read_pickup_text

NUMBER = "F7K2M-9QX4T-3HB8W"


def test_pickup_text_is_read_back() -> None:
    assert pickup_text(NUMBER, "012345") == f"OMNI:PICKUP:1:{NUMBER}:012345"
    assert read_pickup_text(f" {pickup_text(NUMBER, '012345').lower()}\n") == Scan(NUMBER, "012345")


@pytest.mark.parametrize("text", ["", "012345", "OMNI:PICKUP:2:F:012345", "OMNI:PICKUP:1::012345", "https://a/012345"])
def test_read_pickup_text_knows_nothing_else(text: str) -> None:
    assert read_pickup_text(text) is None


@pytest.mark.parametrize("typed", ["012345", " 012 345 ", "０１２３４５", f"OMNI:PICKUP:1:{NUMBER}:012345"])
def test_code_form_takes_digits_or_what_was_scanned(typed: str) -> None:
    form = CodeForm(NUMBER, {"code": typed})  # type: ignore[arg-type]  # a plain dict will do
    assert form.is_valid()
    assert form.cleaned_data["code"] == "012345"


def test_code_form_refuses_the_code_of_another_order() -> None:
    form = CodeForm("F22222-22222", {"code": pickup_text(NUMBER, "012345")})  # type: ignore[arg-type]  # as above
    assert not form.is_valid()
    assert NUMBER in form.errors["code"][0]
