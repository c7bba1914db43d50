"""The camera of the desk's tablet: three kinds of codes, the light, the choice of a camera, and none to be had."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Browser, Page, expect

from fulfillment import services
from fulfillment.models import FulfillmentOrderLine
from inventory.models import Variant
from omni.kernel import clock
from omni.kernel.transactions import entry
from tests.browser import LAUNCH_OPTIONS
from tests.cast import World, build_world
from tests.factories.fulfillment import CLERK, accept, offer_share
from tests.factories.stores import ClerkFactory
from tests.journeys.camera import code_128, ean_13, film, give_camera, qr_code, show
from tests.journeys.devices import complaints, desk, tablet_of, watched_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PIL import Image
    from pytest_django.live_server_helper import LiveServer

__all__ = ["complaints", "desk"]

pytestmark = pytest.mark.django_db(transaction=True)

BARCODE = "6901234567892"
# What the QR code on a shelf label holds.
LABEL = "https://shop.example/scan/one/SHIRT-S/"
SCAN = "Scan with the camera"
STAY_ON = "navigator.mediaDevices.getUserMedia({ video: { width: 1280, height: 720 } }).then((one) => { on = one; })"
DIALOG = "Hold the code into the frame"


@pytest.fixture
def world(transactional_db: None) -> World:
    """Return the small world, committed; one of its shirts has a barcode."""
    world = build_world()
    Variant.objects.filter(pk=world.variants["M"].pk).update(barcode=BARCODE)
    return world


@pytest.fixture
def returns(desk: Page, world: World) -> Page:
    """Open the page of returns on a tablet whose camera is ours."""
    give_camera(desk)
    desk.goto(f"/desk/stores/{world.stores['A'].pk}/returns/")
    return desk


@pytest.fixture(scope="module")
def filmed(launch_browser: Callable[..., Browser], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Start a browser whose own camera shows a QR code, an EAN-13 and a Code 128 in turn."""
    pictures = [qr_code(LABEL), ean_13(BARCODE), code_128("SHIRT-S")]
    path = film(pictures, tmp_path_factory.mktemp("film") / "codes.y4m")
    browser = launch_browser(args=[*LAUNCH_OPTIONS, f"--use-file-for-fake-video-capture={path}"])
    yield browser
    browser.close()


def test_wave_is_picked_with_the_camera_by_qr_ean_13_and_code_128(
    filmed: Browser, live_server: LiveServer, world: World, complaints: list[str]
) -> None:
    share = accept(offer_share(world, units={"S": 2, "M": 1}))
    with entry():
        wave = services.start_wave(world.stores["A"].pk, [share.pk], actor=CLERK, now=clock.now())
    clerk = ClerkFactory.create(store=world.stores["A"], user__username="clerk-a")
    context = tablet_of(clerk.user, filmed, live_server)
    page = watched_page(context, complaints)
    page.goto(f"/desk/waves/{wave.number}/")
    # The camera stays on between two scans, or its film would begin anew each time.
    page.evaluate(
        "navigator.mediaDevices.getUserMedia({ video: { width: 1280, height: 720 } }).then((one) => { on = one })"
    )

    read: set[str] = set()
    for _scan in range(20):
        with page.expect_response(re.compile("/scan/$")) as answered:
            page.get_by_role("button", name=SCAN).click()
        read.update(parse_qs(answered.value.request.post_data or "")["code"])
        expect(page.get_by_role("dialog", name=DIALOG)).to_have_count(0)
        if len(read) == 3:
            break

    assert read == {LABEL, BARCODE, "SHIRT-S"}
    expect(page.get_by_text("3 of 3")).to_be_visible()
    lines = FulfillmentOrderLine.objects.filter(fulfillment_order=share)
    assert sorted(lines.values_list("quantity", "picked")) == [(1, 1), (2, 2)]
    context.close()


@pytest.mark.parametrize(
    ("picture", "text"),
    [(qr_code("R-7QK2-MZ"), "R-7QK2-MZ"), (ean_13(BARCODE), BARCODE), (code_128("P-7QK2-MZ-2"), "P-7QK2-MZ-2")],
    ids=["QR", "EAN-13", "Code 128"],
)
def test_camera_reads_a_code_and_sends_the_form(desk: Page, world: World, picture: Image.Image, text: str) -> None:
    give_camera(desk)
    desk.goto(f"/desk/stores/{world.stores['A'].pk}/members/")
    asked: list[str] = []
    desk.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    show(desk, picture)
    assert asked == []

    desk.get_by_role("button", name=SCAN).click()

    expect(desk).to_have_url(re.compile(rf"\?q={text}$"), timeout=15_000)
    expect(desk.locator("#q")).to_have_value(text)
    assert len([name for name in asked if name.endswith(".wasm")]) == 1


def test_clerk_chooses_the_camera_and_it_is_remembered(returns: Page) -> None:
    returns.evaluate("window.cameras.push({ deviceId: 'front', label: 'Front' })")
    returns.get_by_role("button", name=SCAN).click()
    dialog = returns.get_by_role("dialog", name=DIALOG)

    dialog.get_by_label("Camera").select_option(label="Front")

    expect(dialog.get_by_role("status")).to_contain_text("it is read by itself")
    assert returns.evaluate("window.asked") == ["environment", "front"]
    dialog.get_by_role("button", name="Type it instead").click()
    returns.get_by_role("button", name=SCAN).click()
    expect(dialog.get_by_label("Camera")).to_have_value("front")
    assert returns.evaluate("window.asked") == ["environment", "front", "front"]


def test_light_is_offered_where_the_camera_has_one(returns: Page) -> None:
    returns.get_by_role("button", name=SCAN).click()
    dialog = returns.get_by_role("dialog", name=DIALOG)
    expect(dialog.get_by_role("status")).to_contain_text("it is read by itself")
    expect(dialog.get_by_role("button", name="Light")).to_be_hidden()
    expect(dialog.get_by_label("Camera")).to_be_hidden()
    dialog.get_by_role("button", name="Type it instead").click()

    returns.evaluate("window.hasTorch = true")
    returns.get_by_role("button", name=SCAN).click()
    light = dialog.get_by_role("button", name="Light")
    light.click()

    expect(light).to_have_attribute("aria-pressed", "true")
    assert returns.evaluate("window.torch") is True
    returns.evaluate("window.torchIsBroken = true")
    light.click()
    expect(light).to_have_attribute("aria-pressed", "true")
    assert returns.evaluate("window.torch") is True


@pytest.mark.parametrize(
    ("refusal", "words", "chinese"),
    [
        ("NotAllowedError", "may not be used", "没有使用摄像头的权限"),
        ("NotFoundError", "has no camera", "没有摄像头"),
        ("NotReadableError", "something else", "占用"),
    ],
)
def test_camera_that_is_not_to_be_had_says_why_and_the_code_is_typed(
    returns: Page, refusal: str, words: str, chinese: str
) -> None:
    dialog = returns.locator("dialog.scan")
    returns.evaluate("(name) => { window.refusal = name }", refusal)
    returns.get_by_role("button", name=SCAN).press("Enter")
    expect(dialog.get_by_role("status")).to_contain_text(words)
    returns.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(returns.get_by_role("button", name=SCAN)).to_be_focused()

    returns.context.add_cookies([{"name": "django_language", "value": "zh-hans", "url": returns.url}])
    returns.reload()
    returns.evaluate("(name) => { window.refusal = name }", refusal)
    returns.locator(".scan-open").click()
    expect(dialog.get_by_role("status")).to_contain_text(chinese)
    dialog.locator(".scan-close").click()
    returns.locator("#text").fill("R-7QK2-MZ")
    returns.keyboard.press("Enter")
    expect(returns.get_by_text("本品牌没有与此单号")).to_be_visible()


def test_camera_that_is_in_use_leaves_the_choice_of_another(returns: Page) -> None:
    returns.evaluate(
        """() => {
            window.cameras.push({ deviceId: "front", label: "Front" });
            window.localStorage.setItem("desk-camera", "back");
            Object.assign(window, { refusal: "NotReadableError", refusedCamera: "back" });
        }"""
    )
    returns.get_by_role("button", name=SCAN).click()
    dialog = returns.get_by_role("dialog", name=DIALOG)
    expect(dialog.get_by_role("status")).to_contain_text("something else")

    show(returns, code_128("P-7QK2-MZ-2"))
    dialog.get_by_label("Camera").select_option(label="Front")

    expect(dialog).to_be_hidden(timeout=15_000)
    expect(returns.get_by_text("Nothing of your brand has this number")).to_be_visible()
