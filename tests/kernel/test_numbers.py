"""Public numbers and secret digits."""

import string

import pytest

from omni.kernel.numbers import ALPHABET, is_valid_number, public_number, secret_digits

ALL_SYMBOLS = string.digits + string.ascii_uppercase


@pytest.mark.parametrize("prefix", ["O", "R", "IL", "FO", "STMT"])
def test_public_number_starts_with_its_prefix_and_is_valid(prefix: str) -> None:
    number = public_number(prefix)
    assert number.startswith(prefix)
    assert [len(group) for group in number.split("-")] == [5, 5, 5]
    assert set(number.replace("-", "")[len(prefix) :]) <= set(ALPHABET)
    assert is_valid_number(number)


def test_public_numbers_in_a_thousand_do_not_repeat() -> None:
    assert len({public_number("O") for _number in range(1000)}) == 1000


@pytest.mark.parametrize("prefix", ["", "o", "ABCDE", "O1", "-", "Ö"])
def test_public_number_with_another_prefix_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match="prefix"):
        public_number(prefix)


@pytest.mark.parametrize("prefix", ["O", "STMT"])
def test_every_single_wrong_character_is_found(prefix: str) -> None:
    number = public_number(prefix)
    for position, symbol in enumerate(number):
        for wrong in set(ALL_SYMBOLS + "-") - {symbol}:
            assert not is_valid_number(number[:position] + wrong + number[position + 1 :])


@pytest.mark.parametrize("prefix", ["O", "STMT"])
def test_every_exchange_of_two_characters_is_found(prefix: str) -> None:
    for _round in range(20):
        number = public_number(prefix)
        for first in range(len(number)):
            for second in range(first + 1, len(number)):
                if number[first] != number[second]:
                    symbols = list(number)
                    symbols[first], symbols[second] = symbols[second], symbols[first]
                    assert not is_valid_number("".join(symbols))


@pytest.mark.parametrize(
    "text", ["", "-", "--", "O", "é" * 15, "O7K2M-9QX4T", "00000-00000-00000", "AAAAA-AAAAA-AAAAA "]
)
def test_other_texts_are_no_numbers(text: str) -> None:
    assert not is_valid_number(text)


def test_number_without_its_hyphens_or_in_lower_case_is_not_the_same_text() -> None:
    number = public_number("O")
    assert not is_valid_number(number.replace("-", ""))
    assert not is_valid_number(number.lower())


def test_secret_digits_are_as_many_and_keep_leading_zeros() -> None:
    codes = [secret_digits(6) for _code in range(500)]
    assert all(len(code) == 6 and set(code) <= set(string.digits) for code in codes)
    assert any(code.startswith("0") for code in codes)
    assert len(set(codes)) > 490
