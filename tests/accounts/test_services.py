import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from django.core.cache import caches
from pytest_django import Settings

from omni.accounts import queries, services
from omni.accounts.models import User
from omni.kernel import sealing
from omni.kernel.errors import InvalidInput
from omni.kernel.transactions import entry
from tests.factories.accounts import ShopperUserFactory, UserFactory

PHONE = "+8613812345678"
OTHER = "+8613812345679"
HOME = "203.0.113.9"


def is_refused(act: Callable[[], None]) -> bool:
    try:
        act()
    except services.TooManyCodes:
        return True
    return False


def ask(phone: str = PHONE, address: str = HOME) -> bool:
    """Ask for a code; False when that is refused."""
    return not is_refused(lambda: services.count_code_request(phone, address))


def forget_minute(phone: str = PHONE) -> None:
    """Let the minute of a phone pass."""
    caches["limits"].delete(f"phone-minute:{sealing.blind_index(phone)}")


def test_codes_of_a_phone_are_one_a_minute_and_five_an_hour() -> None:
    assert [ask(), ask(), ask(OTHER)] == [True, False, True]
    answers = []
    for _minute in range(6):
        forget_minute()
        answers.append(ask())
    assert answers == [True, True, True, True, False, False]


def test_codes_of_a_phone_are_ten_a_day() -> None:
    index = sealing.blind_index(PHONE)
    answers = []
    for _hour in range(11):
        caches["limits"].delete_many([f"phone-minute:{index}", f"phone-hour:{index}"])
        answers.append(ask())
    assert answers == [True] * 10 + [False]


def test_codes_of_an_address_and_in_total_are_limited(settings: Settings) -> None:
    settings.SIGN_IN_CODES_PER_ADDRESS, settings.SIGN_IN_CODES_IN_TOTAL = 2, 3
    phones = [f"+861381234{number:04d}" for number in range(6)]

    assert [ask(phone) for phone in phones[:3]] == [True, True, False]
    assert [ask(phone, "203.0.113.10") for phone in phones[3:5]] == [True, False]


def test_counters_run_out_by_themselves() -> None:
    ask()
    # Seconds to live, as Redis has them.
    client = caches["limits"]._cache.get_client(None)  # type: ignore[attr-defined]  # a RedisCache
    index = sealing.blind_index(PHONE)
    lives = [client.ttl(caches["limits"].make_key(name)) for name in (f"phone-minute:{index}", f"phone-day:{index}")]
    assert 0 < lives[0] <= 60
    assert 86300 < lives[1] <= 86400


def test_without_the_counters_nothing_is_sent_or_tried(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(socket.socket()) as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    dead = settings.CACHES["limits"] | {"LOCATION": f"redis://127.0.0.1:{port}/0"}
    settings.CACHES = settings.CACHES | {"limits": dead}

    with pytest.raises(services.CannotCount):
        services.count_code_request(PHONE, HOME)
    with pytest.raises(services.CannotCount):
        services.count_try("flow")


def test_tries_that_come_at_once_are_counted_one_by_one() -> None:
    with ThreadPoolExecutor(8) as pool:
        refused = list(pool.map(lambda _try: is_refused(lambda: services.count_try("flow")), range(20)))

    assert refused.count(False) == 5


@pytest.mark.django_db
def test_join_makes_one_account_for_a_phone() -> None:
    with entry():
        first = services.join(PHONE, language="en")
    with entry():
        again = services.join(PHONE, language="zh-hans")

    assert again == first
    user = User.objects.get()
    assert (user.language, user.phone_index, user.has_usable_password()) == ("en", sealing.blind_index(PHONE), False)
    assert queries.get_identity(user.pk).phone == PHONE
    assert "13812345678" not in f"{vars(user)}"


@pytest.mark.django_db
@pytest.mark.parametrize("closed", [{"is_active": False}, {"is_staff": True}, {"is_superuser": True}])
def test_join_of_an_account_that_is_closed_or_staff_is_refused(closed: dict[str, bool]) -> None:
    ShopperUserFactory.create(phone=PHONE, **closed)

    with pytest.raises(services.AccountClosed), entry():
        services.join(PHONE, language="en")


@pytest.mark.django_db
def test_change_profile_writes_name_and_language() -> None:
    user = ShopperUserFactory.create()
    with entry():
        services.change_profile(user.pk, name="王小雨", language="en")

    identity = queries.get_identity(user.pk)
    assert (identity.name, identity.language) == ("王小雨", "en")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "language", "field"), [("a" * 61, "en", "name"), ("\0", "en", "name"), ("", "fr", "language")]
)
def test_change_profile_with_bad_input_changes_nothing(name: str, language: str, field: str) -> None:
    user = ShopperUserFactory.create()
    with pytest.raises(InvalidInput) as caught, entry():
        services.change_profile(user.pk, name=name, language=language)

    assert caught.value.field == field
    assert (User.objects.get().first_name, User.objects.get().language) == ("", "zh-hans")


@pytest.mark.django_db
def test_phone_index_of_an_account_without_a_phone_is_no_row() -> None:
    shopper, clerk = ShopperUserFactory.create(), UserFactory.create()

    assert list(queries.phone_index_of(shopper.pk)) == [shopper.phone_index]
    assert list(queries.phone_index_of(clerk.pk)) == []
    assert queries.get_identity(clerk.pk).phone == ""
    assert queries.find_by_phone("+8613900000000") is None
