"""What stands around every page of the desk: moving about, the camera, and working while the network is weak."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, expect

from tests.cast import World, build_world
from tests.factories.accounts import PASSWORD
from tests.factories.stores import ClerkFactory
from tests.journeys.camera import ean_13, give_camera, qr_code, show

if TYPE_CHECKING:
    from PIL import Image
    from playwright.sync_api import ConsoleMessage
    from pytest_django.live_server_helper import LiveServer

pytestmark = pytest.mark.django_db(transaction=True)

BARCODE = "6901234567892"


@pytest.fixture(scope="session")
def browser_context_args() -> dict[str, Any]:
    """Open pages as the store's tablet does."""
    return {
        "locale": "en",
        "timezone_id": "Asia/Shanghai",
        "viewport": {"width": 1024, "height": 768},
        "has_touch": True,
    }


@pytest.fixture
def world(transactional_db: None) -> World:
    """Return the small world, committed, with a clerk in store A."""
    world = build_world()
    ClerkFactory.create(store=world.stores["A"], user__username="clerk-a")
    return world


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """Collect what the browser complains of."""
    texts: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            texts.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: texts.append(str(error)))
    return texts


@pytest.fixture
def desk(page: Page, live_server: LiveServer, world: World) -> Page:
    """Sign in as a clerk of store A, on a tablet whose camera is ours."""
    give_camera(page)
    page.goto(f"{live_server.url}/desk/")
    sign_in(page)
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    return page


def sign_in(page: Page, user: str = "clerk-a") -> None:
    page.get_by_label("User name").fill(user)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def go_to(page: Page, section: str) -> None:
    """Touch a section of the rail and wait until its page is there."""
    link = page.get_by_role("navigation", name="Main").get_by_role("link", name=section)
    link.tap()
    expect(link).to_have_attribute("aria-current", "page")


def test_clerk_moves_about_and_sees_where_and_who(desk: Page, complaints: list[str]) -> None:
    rail = desk.get_by_role("navigation", name="Main")
    expect(rail.get_by_role("link", name="Tasks")).to_have_attribute("aria-current", "page")
    expect(desk.locator(".desk-where")).to_contain_text("Store A")
    rail.get_by_role("link", name="Returns").tap()
    expect(rail.get_by_role("link", name="Returns")).to_have_attribute("aria-current", "page")
    small = desk.evaluate(
        "[...document.querySelectorAll('.desk-bar a, .desk-bar summary, .desk-rail a, main button, main input')]"
        ".filter((one) => one.offsetHeight < 44).map((one) => one.outerHTML)"
    )
    assert small == []

    desk.locator(".desk-me > summary").tap()
    expect(desk.locator(".desk-person")).to_contain_text("Clerk")
    desk.get_by_role("button", name="中文").tap()
    expect(desk.get_by_role("heading", level=1)).to_have_text("门店退货")
    desk.locator(".desk-me > summary").tap()
    desk.get_by_role("button", name="退出登录").tap()
    expect(desk).to_have_url(re.compile(r"/$"))
    assert complaints == []


@pytest.mark.parametrize(
    ("picture", "text"), [(qr_code("R-7QK2-MZ"), "R-7QK2-MZ"), (ean_13(BARCODE), BARCODE)], ids=["QR", "EAN-13"]
)
def test_camera_reads_a_code_and_sends_the_form(
    desk: Page, complaints: list[str], picture: Image.Image, text: str
) -> None:
    go_to(desk, "Returns")
    asked: list[str] = []
    desk.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    show(desk, picture)
    assert asked == []

    desk.get_by_role("button", name="Scan with the camera").tap()

    expect(desk).to_have_url(re.compile(rf"\?q={text}$"), timeout=15_000)
    expect(desk.locator("#q")).to_have_value(text)
    assert len([name for name in asked if name.endswith(".wasm")]) == 1
    assert complaints == []


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        ("NotAllowedError", "may not be used"),
        ("NotFoundError", "has no camera"),
        ("NotReadableError", "something else"),
    ],
)
def test_camera_that_is_not_to_be_had_says_why(desk: Page, refusal: str, words: str) -> None:
    go_to(desk, "Returns")
    desk.evaluate("(name) => { window.refusal = name }", refusal)

    desk.get_by_role("button", name="Scan with the camera").press("Enter")

    dialog = desk.get_by_role("dialog", name="Hold the code into the frame")
    expect(dialog.get_by_role("status")).to_contain_text(words)
    desk.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(desk.get_by_role("button", name="Scan with the camera")).to_be_focused()


def test_hand_scanner_that_types_needs_no_camera(desk: Page, complaints: list[str]) -> None:
    go_to(desk, "Returns")
    expect(desk.get_by_role("button", name="Scan with the camera")).to_be_visible()

    desk.keyboard.type(BARCODE)
    desk.keyboard.press("Enter")

    expect(desk).to_have_url(re.compile(rf"\?q={BARCODE}$"))
    assert complaints == []
