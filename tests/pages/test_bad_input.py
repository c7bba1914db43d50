"""Hostile addresses, queries and forms of every page: refused in words, no breakdown, and nothing of them stays."""

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from pytest_django.plugin import DjangoDbBlocker

from tests.architecture.people import enter
from tests.architecture.routes import GUEST, HQ, MANAGER_A, MEMBER, PAGES, SIGN_IN, Answer, Answers
from tests.architecture.scene import Scene
from tests.architecture.stage import staged
from tests.architecture.visitors import Seen, Visitor

# What is made once a module is made by one process.
pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("hostile")]
TEXTS = {
    "NUL": "a\0b",
    "control character": "李\x07雷",
    "right to left": "李\u202e雷",
    "private use": "李\ue000",
    "emoji": "🌸",
    "digits of another script": "１٣",
    "20,000 characters": "李" * 20_000,
    "20,000 digits": "9" * 20_000,
    "markup": "<script>'\"; DROP TABLE orders_order; --",
    "paths": "../../etc/passwd",
    "no UTF-8": "%ff%fe",
}
# What any page reads from its address.
QUERIES = (
    *("q", "brand", "category", "after", "color", "place", "pickup_store", "next", "v", "seen", "tab"),
    *("status", "before", "lat", "lng", "city", "page", "o", "e"),
)
# What stands as text in an address.
NAMES = ("number", "code", "share", "token", "coupon_code", "cause")
VISITORS = (GUEST, MEMBER, MANAGER_A, HQ)
# Characters that stand in no field at all.
NEVER_RIGHT = {"NUL", "control character", "right to left"}
# 400: an address that is too long to be led on from.
ANSWERED: frozenset[Answer] = frozenset({200, 286, 301, 302, 400})
REFUSED: frozenset[Answer] = frozenset({404, 405, SIGN_IN})


@pytest.fixture(scope="module")
def scene(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Scene]:
    """Return the rows to ask for."""
    with staged(django_db_blocker) as scene:
        yield scene


@pytest.fixture
def visitors(scene: Scene) -> Iterator[dict[str, Visitor]]:
    """Return one of every audience; nobody wrote anything that was not seen."""
    visitors = {role: enter(role, scene) for role in VISITORS}
    ground = visitors[VISITORS[-1]].ground
    for visitor in visitors.values():
        visitor.ground = ground
    yield visitors
    assert ground.unnoticed() == set()


@pytest.fixture(scope="module")
def unread() -> set[str]:
    """Return the addresses of which nobody reads what follows the ?, as they are found: one text is as good as any."""
    return set()


def ask(visitors: dict[str, Visitor], answers: Answers, method: str, address: str, sent: dict[str, str]) -> Seen:
    """Let somebody ask who is welcome there, if anybody here is."""
    role = next((role for answer in (200, 302) for role in VISITORS if answers[role] == answer), GUEST)
    return visitors[role].ask(method, address, sent)


@pytest.mark.parametrize("name", TEXTS)
def test_hostile_address_is_refused_and_changes_nothing(scene: Scene, visitors: dict[str, Visitor], name: str) -> None:
    text, seen = TEXTS[name].replace("/", "").replace("%ff%fe", "\udcff\udcfe"), {}
    hostile = quote(text, safe="", errors="surrogateescape")
    for pattern, route in PAGES.items():
        if "<str:" in pattern and not pattern.startswith(("admin/", "api/")):
            address = scene.address(pattern, route.row, **dict.fromkeys(NAMES, hostile))
            for method, answers in (("GET", route.get), ("POST", route.post)):
                if {answers[role] for role in VISITORS} == {302}:
                    continue  # everybody has to prove first who they are: the address is not looked at
                sent = scene.sent.get(pattern, {}) if method == "POST" else {}
                seen[f"{method} {pattern}"] = ask(visitors, answers, method, address, sent)

    assert {key: what.answer for key, what in seen.items() if what.answer not in REFUSED} == {}
    assert {key: what.written for key, what in seen.items() if what.written} == {}


@pytest.mark.parametrize("name", TEXTS)
def test_hostile_query_is_answered_and_changes_nothing(
    scene: Scene, visitors: dict[str, Visitor], unread: set[str], name: str
) -> None:
    seen = {}
    for pattern, route in PAGES.items():
        if pattern.startswith(("admin/", "api/")) or pattern in unread:
            continue
        address = scene.address(pattern, route.row)
        # Alone what would end the reading: a token that opens nothing.
        for names in (QUERIES, ("t",)):
            sent = dict.fromkeys(names, TEXTS[name])
            seen[f"{pattern} {names[0]}"] = found = ask(visitors, route.get, "GET", address, sent)
            if not found.is_query_read:
                unread.add(pattern)
                break

    unexpected = {key: what.answer for key, what in seen.items() if what.answer not in {*REFUSED, *ANSWERED}}
    assert unexpected == {}
    assert {key: what.written for key, what in seen.items() if what.written} == {}


@pytest.mark.parametrize("name", TEXTS)
def test_hostile_form_is_answered_in_words(scene: Scene, visitors: dict[str, Visitor], name: str) -> None:
    seen = {}
    for pattern, route in PAGES.items():
        if not pattern.startswith(("admin/", "api/")):
            # A box that is ticked may be sent with any value.
            for field in (name for name, value in scene.sent.get(pattern, {}).items() if value != "on"):
                sent = scene.sent[pattern] | {field: TEXTS[name]}
                address = scene.address(pattern, route.row)
                seen[f"{pattern} {field}"] = ask(visitors, route.post, "POST", address, sent)

    unexpected = {key: what.answer for key, what in seen.items() if what.answer not in {*REFUSED, 200, 302, 409, 422}}
    assert unexpected == {}
    if name in NEVER_RIGHT:
        assert {key: what.written for key, what in seen.items() if what.written} == {}
