"""Nobody where they do not belong: every address, asked for by everybody, answers as the one table says."""

from collections.abc import Iterator

import pytest
from django.db import connection
from pytest_django.plugin import DjangoDbBlocker

from tests.architecture.admin_routes import declared_routes, existing_routes
from tests.architecture.people import enter
from tests.architecture.routes import CLERK_B, GUEST, MANAGER_A, PAGES, ROLES, Answer
from tests.architecture.scene import PARAMETER, UNKNOWN, Scene
from tests.architecture.stage import staged
from tests.architecture.visitors import Seen, Visitor

# What is made once a module is made by one process.
pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("walk")]
REFUSALS = (401, 403, 404)


@pytest.fixture(scope="module")
def scene(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Scene]:
    """Return the rows to ask for."""
    with staged(django_db_blocker) as scene:
        yield scene


@pytest.fixture
def guest(scene: Scene) -> Visitor:
    """Return the guest who placed the orders; what the basket's forms hold is sent by everybody else too."""
    return enter(GUEST, scene)


def asked(method: str, pattern: str) -> str:
    return f"{method} /{pattern}"


def test_every_address_is_in_the_table_and_no_other() -> None:
    existing = existing_routes()

    assert sorted(existing) == sorted(declared_routes())


@pytest.mark.parametrize("role", ROLES)
def test_everybody_gets_what_the_table_says_and_changes_nothing_else(role: str, scene: Scene, guest: Visitor) -> None:
    visitor = guest if role == GUEST else enter(role, scene)
    declared: dict[str, Answer] = {}
    seen: dict[str, Seen] = {}
    for pattern, route in declared_routes().items():
        for method, answers in (("GET", route.get), ("POST", route.post)):
            declared[asked(method, pattern)] = answers[role]
            seen[asked(method, pattern)] = visitor.ask(
                method, scene.address(pattern, route.row), scene.sent.get(pattern, {})
            )
    writers = {asked("POST", pattern) for pattern, route in declared_routes().items() if role in route.writers}

    assert {name: what.answer for name, what in seen.items()} == declared
    assert {name: what.written for name, what in seen.items() if what.written and name not in writers} == {}
    assert {name for name in writers if not seen[name].written} == set()
    assert visitor.ground.unnoticed() == set()


@pytest.mark.parametrize("role", ROLES)
def test_row_of_somebody_else_is_refused_like_one_that_does_not_exist(role: str, scene: Scene, guest: Visitor) -> None:
    visitor = guest if role == GUEST else enter(role, scene)
    foreign: dict[str, Seen] = {}
    unknown: dict[str, Seen] = {}
    for pattern, route in PAGES.items():
        for method, answers in (("GET", route.get), ("POST", route.post)):
            if PARAMETER.search(pattern) and answers[role] in REFUSALS:
                name, sent = asked(method, pattern), scene.sent.get(pattern, {})
                foreign[name] = visitor.ask(method, scene.address(pattern, route.row), sent)
                unknown[name] = visitor.ask(method, scene.address(pattern, route.row, **UNKNOWN), sent)

    assert foreign == unknown
    assert foreign
    assert visitor.ground.unnoticed() == set()


def test_form_without_the_pages_token_is_refused(scene: Scene) -> None:
    visitor = enter(MANAGER_A, scene)
    visitor.client.cookies.pop("csrftoken")
    open_to_machines = ("api/", "callbacks/")
    forms = {name: route for name, route in declared_routes().items() if not name.startswith(open_to_machines)}

    seen = {
        pattern: visitor.ask("POST", scene.address(pattern, route.row), scene.sent.get(pattern, {}))
        for pattern, route in forms.items()
    }

    assert {pattern: what.answer for pattern, what in seen.items()} == dict.fromkeys(forms, 403)
    assert {pattern for pattern, what in seen.items() if what.written} == set()
    assert visitor.ground.unnoticed() == set()


def test_walk_notices_a_task_that_leaks_and_what_is_done_to_it(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor, pattern = enter(CLERK_B, scene), "desk/tasks/<str:number>/accept/"
    monkeypatch.setattr("fulfillment.queries.desk.desk_store_ids", lambda actor: {scene.world.stores["A"].pk})

    seen = visitor.ask("POST", scene.address(pattern, PAGES[pattern].row), {})

    assert seen.answer == 302
    assert {"fulfillment_fulfillmentorder", "fulfillment_delivery", "kernel_transition"} <= seen.written
    assert visitor.ask("POST", scene.address(pattern, PAGES[pattern].row), {}) == seen


def test_walk_notices_what_a_statement_writes_that_only_selects(scene: Scene) -> None:
    visitor = enter(CLERK_B, scene)
    with connection.cursor() as cursor:
        rename = "UPDATE stores_brand SET name_en = ''"
        cursor.execute(f"CREATE FUNCTION pg_temp.rename() RETURNS void LANGUAGE sql AS $$ {rename} $$")
        with connection.execute_wrapper(visitor.ground.watch):
            cursor.execute("SELECT pg_temp.rename()")

    assert visitor.ground.restore() == frozenset()
    assert "stores_brand" in visitor.ground.unnoticed()
