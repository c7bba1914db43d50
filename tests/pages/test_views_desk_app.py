"""The desk as an app: manifest, service worker, and who is signed in on the tablet."""

import json
import re

import pytest
from django.conf import LazySettings
from django.test import Client

from omni.pages.views.app import built_files
from stores.models import Staff
from tests.cast import World

pytestmark = pytest.mark.django_db
BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.mark.parametrize(
    ("language", "name"), [("zh-hans", "街角衣橱 · 门店工作台"), ("en", "Corner Wardrobe · store desk")]
)
def test_manifest_is_the_desks_own_in_both_languages(client: Client, language: str, name: str) -> None:
    manifest = json.loads(client.get("/desk/manifest.webmanifest", headers={"accept-language": language}).content)

    assert (manifest["lang"], manifest["name"]) == (language, name)
    assert (manifest["start_url"], manifest["scope"], manifest["display"]) == ("/desk/", "/desk/", "standalone")
    assert sorted(icon["purpose"] for icon in manifest["icons"]) == ["any", "any", "maskable"]


def test_worker_keeps_the_files_of_the_desk_and_waits_as_long_as_it_is_told(
    client: Client, settings: LazySettings
) -> None:
    settings.DESK_PATIENCE_SECONDS = 4

    answer = client.get("/desk/worker.js")

    script = answer.content.decode()
    listed = re.search(r"const KEPT = (\[.*?\]);", script)
    assert listed
    assert json.loads(listed[1]) == ["/desk/offline/", "/static/favicon.svg", *built_files("frontend/desk.js")]
    assert "const PATIENCE = 4000;" in script
    assert "{{" not in script
    assert answer["Content-Type"] == "text/javascript"


def test_worker_of_the_shop_leaves_what_the_desk_keeps(client: Client) -> None:
    assert 'name !== RELEASE && !name.startsWith("desk-")' in client.get("/worker.js").content.decode()


def test_token_tells_two_people_apart_and_says_nothing_of_them(clerk_a: Staff, clerk_b: Staff) -> None:
    told = []
    for staff in (clerk_a, clerk_a, clerk_b):
        client = Client()
        client.force_login(staff.user, backend=BACKEND)
        told.append(client.get("/desk/token/").json())

    people = [each["person"] for each in told]
    assert (people[0] == people[1], people[1] == people[2]) == (True, False)
    assert all(re.fullmatch(r"[0-9a-f]{16}", each) for each in people)
    assert all(re.fullmatch(r"[0-9A-Za-z]{64}", each["token"]) for each in told)


def test_token_for_somebody_signed_out_is_refused_without_a_redirect(client: Client) -> None:
    answer = client.get("/desk/token/", headers={"X-Desk-Kept": "1"})

    assert (answer.status_code, answer.content) == (401, b"")


def test_page_of_the_desk_says_whose_it_is(client: Client, world: World, clerk_a: Staff) -> None:
    client.force_login(clerk_a.user, backend=BACKEND)

    page = client.get(f"/desk/stores/{world.stores['A'].pk}/")

    assert page["X-Desk-Person"] == client.get("/desk/token/").json()["person"]
    assert f'data-person="{page["X-Desk-Person"]}"' in page.content.decode()
    assert "no-store" in page["Cache-Control"]


def test_kept_touch_that_names_nothing_is_refused_in_words(client: Client, world: World, clerk_a: Staff) -> None:
    client.force_login(clerk_a.user, backend=BACKEND)

    answer = client.post("/desk/tasks/FAAAA-BBBBB-CCCCC/accept/", headers={"X-Desk-Kept": "1", "accept-language": "en"})

    assert (answer.status_code, answer.json()) == (
        404,
        {"outcome": "refused", "code": "not_found", "words": ["Not found."]},
    )
