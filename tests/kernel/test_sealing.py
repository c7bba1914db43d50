"""Sealing, blind indexes and phones."""

import base64

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from omni.kernel.errors import InvalidInput
from omni.kernel.sealing import CannotUnseal, blind_index, mask_phone, normalise_phone, seal, unseal

OLD_KEY = base64.b64encode(b"o" * 32).decode()
NEW_KEY = base64.b64encode(b"n" * 32).decode()
INDEX_KEY = base64.b64encode(b"i" * 32).decode()


@given(st.text())
def test_unseal_returns_what_was_sealed(text: str) -> None:
    assert unseal(seal(text)) == text


def test_seal_of_the_same_text_differs_and_hides_it() -> None:
    first, second = seal("+8613800138000"), seal("+8613800138000")
    assert first != second
    assert "138" not in first.partition(":")[0]


def test_unseal_after_a_new_key_came_first_reads_both(settings: Settings) -> None:
    settings.SEALING_KEYS = {"2026": OLD_KEY}
    sealed = seal("王小明")
    settings.SEALING_KEYS = {"2027": NEW_KEY, "2026": OLD_KEY}
    assert sealed.startswith("2026:")
    assert unseal(sealed) == "王小明"
    assert seal("王小明").startswith("2027:")


def test_unseal_without_the_key_is_refused(settings: Settings) -> None:
    settings.SEALING_KEYS = {"2026": OLD_KEY}
    sealed = seal("王小明")
    settings.SEALING_KEYS = {"2027": NEW_KEY}
    with pytest.raises(CannotUnseal):
        unseal(sealed)


def test_unseal_under_another_key_id_is_refused(settings: Settings) -> None:
    settings.SEALING_KEYS = {"a": OLD_KEY, "b": OLD_KEY}
    with pytest.raises(CannotUnseal):
        unseal("b" + seal("text")[1:])


@pytest.mark.parametrize("position", [-3, -20, -30])
def test_unseal_of_a_changed_text_is_refused(position: int) -> None:
    sealed = seal("a text to be changed")
    changed = "A" if sealed[position] != "A" else "B"
    with pytest.raises(CannotUnseal):
        unseal(sealed[:position] + changed + sealed[position + 1 :])


@pytest.mark.parametrize("rest", ["", "AAAA", "not base64", "ü"])
def test_unseal_of_rubbish_is_refused(rest: str, settings: Settings) -> None:
    settings.SEALING_KEYS = {"2026": OLD_KEY}
    with pytest.raises(CannotUnseal):
        unseal(f"2026:{rest}")


@pytest.mark.parametrize("key", ["c2hvcnQ=", "no base64!"])
def test_seal_with_a_key_that_is_none_names_the_configuration(key: str, settings: Settings) -> None:
    settings.SEALING_KEYS = {"2026": key}
    with pytest.raises(ImproperlyConfigured):
        seal("text")


def test_blind_index_depends_on_its_own_key_alone(settings: Settings) -> None:
    settings.SEALING_INDEX_KEY = INDEX_KEY
    index = blind_index("+8613800138000")
    settings.SEALING_KEYS = {"2027": NEW_KEY}
    settings.SECRET_KEY = "another"
    assert blind_index("+8613800138000") == index
    assert blind_index("+8613800138001") != index
    settings.SEALING_INDEX_KEY = NEW_KEY
    assert blind_index("+8613800138000") != index


def test_blind_index_is_the_hmac_of_rfc_4231(settings: Settings) -> None:
    # Its first key has 20 bytes; HMAC pads keys with zeros, so 32 bytes that end in zeros are the same key.
    settings.SEALING_INDEX_KEY = base64.b64encode(b"\x0b" * 20 + bytes(12)).decode()
    assert blind_index("Hi There") == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"


@pytest.mark.parametrize(
    "raw",
    [
        "13800138000",
        "+8613800138000",
        "8613800138000",
        "008613800138000",
        "+86 138-0013-8000",
        " 138 0013 8000 ",
        "0086 138 0013 8000",
        "86-13800138000",
        "＋８６１３８００１３８０００",
        "138\u00a00013\u00a08000",
    ],
)
def test_normalise_phone_of_every_way_to_write_it_is_one(raw: str) -> None:
    assert normalise_phone(raw) == "+8613800138000"


def test_normalise_phone_of_another_country_keeps_it() -> None:
    assert normalise_phone("+852 5123 4567") == "+85251234567"


@pytest.mark.parametrize(
    "raw",
    [
        "",
        " ",
        "1380013800",
        "23800138000",
        "138001380000",
        "call me",
        "13800138000 ext 5",
        "1380013800O",
        "+",
        "😀",
        "1" * 60,
        "+999 123456789",
        "138\u00000013800",
    ],
)
def test_normalise_phone_of_no_number_is_refused_naming_the_field(raw: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        normalise_phone(raw)
    assert refusal.value.field == "phone"
    assert raw.strip() == "" or raw not in refusal.value.message


@pytest.mark.parametrize(
    ("e164", "masked"),
    [("+8613800138000", "138****8000"), ("+85251234567", "+852 ****4567"), ("+861012345678", "+86 ****5678")],
)
def test_mask_phone_shows_too_little_to_call(e164: str, masked: str) -> None:
    assert mask_phone(e164) == masked
