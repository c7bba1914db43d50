"""The camera of the desk's tablet: three kinds of codes, the light, the choice of a camera, and none to be had."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Browser, Page, expect

from fulfillment import services
from fulfillment.models import FulfillmentOrderLine
from inventory.models import CountEntry, Variant
from omni.kernel import clock
from omni.kernel.transactions import entry
from tests.browser import LAUNCH_OPTIONS
from tests.cast import World, build_world
from tests.factories.fulfillment import CLERK, accept, offer_share
from tests.factories.stock import planned_count
from tests.factories.stores import ClerkFactory
from tests.journeys.camera import code_128, ean_13, film, give_camera, hide, look, qr_code, show
from tests.journeys.devices import (
    check_accessible,
    complaints,
    desk,
    tablet_of,
    wait_until,
    watched_page,
    with_worker,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PIL import Image
    from pytest_django.live_server_helper import LiveServer

    from fulfillment.models import FulfillmentOrder, PickWave

__all__ = ["complaints", "desk"]

pytestmark = pytest.mark.django_db(transaction=True)

BARCODE = "6901234567892"
# What the QR code on a shelf label holds.
LABEL = "https://shop.example/scan/one/SHIRT-S/"
SCAN = "Scan with the camera"
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
    """Start a browser whose own camera shows a QR code, an EAN-13 and a Code 128 in turn, each for two seconds."""
    pictures = [qr_code(LABEL), ean_13(BARCODE), code_128("SHIRT-S")]
    path = film(
        [picture for picture in pictures for _second in range(2)], tmp_path_factory.mktemp("film") / "codes.y4m"
    )
    browser = launch_browser(args=[*LAUNCH_OPTIONS, f"--use-file-for-fake-video-capture={path}"])
    yield browser
    browser.close()


def test_wave_is_picked_with_the_camera_by_qr_ean_13_and_code_128(
    filmed: Browser, live_server: LiveServer, world: World, complaints: list[str]
) -> None:
    share = accept(offer_share(world, units={"S": 2, "M": 1}))
    wave = begin_wave(world, share)
    clerk = ClerkFactory.create(store=world.stores["A"], user__username="clerk-a")
    context = tablet_of(clerk.user, filmed, live_server)
    page = watched_page(context, complaints)
    page.goto(f"/desk/waves/{wave.number}/")
    read: set[str] = set()
    page.on("request", lambda request: read.update(parse_qs(request.post_data or "").get("code", [])))

    page.get_by_role("button", name=SCAN).click()

    dialog = page.get_by_role("dialog", name=DIALOG)
    expect(dialog.get_by_role("status")).to_contain_text("3 of 3", timeout=60_000)
    # The film goes on: a look at each of its pictures, whatever a slow machine has missed.
    wait_until(page, lambda: read == {LABEL, BARCODE, "SHIRT-S"})
    dialog.get_by_role("button", name="Done").click()
    expect(dialog).to_have_count(0)
    expect(page.locator("#wave")).to_contain_text("3 of 3")
    lines = FulfillmentOrderLine.objects.filter(fulfillment_order=share)
    assert sorted(lines.values_list("quantity", "picked")) == [(1, 1), (2, 2)]
    context.close()


def test_code_that_is_held_still_is_counted_once(desk: Page, world: World) -> None:
    wave = begin_wave(world, accept(offer_share(world, units={"S": 2, "M": 1})))
    give_camera(desk)
    desk.goto(f"/desk/waves/{wave.number}/")
    show(desk, code_128("SHIRT-S"))
    desk.get_by_role("button", name=SCAN).click()
    dialog = desk.get_by_role("dialog", name=DIALOG)
    said, again = dialog.get_by_role("status"), dialog.get_by_role("button", name="Again")
    expect(said).to_contain_text("SHIRT-S: into basket 1. Still to fetch of it: 1. 1 of 3", timeout=20_000)
    look(desk, 20)
    assert picked(wave) == [("SHIRT-M", 0), ("SHIRT-S", 1)]
    check_accessible(desk)

    hide(desk)
    expect(again).to_be_disabled(timeout=20_000)
    show(desk, code_128("SHIRT-S"))
    expect(said).to_contain_text("All of it is here. 2 of 3", timeout=20_000)

    again.click()
    expect(said).to_contain_text("Not accepted: SHIRT-S", timeout=20_000)
    expect(said).to_contain_text("put this one back on the shelf. 2 of 3")
    assert picked(wave) == [("SHIRT-M", 0), ("SHIRT-S", 2)]
    desk.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(desk.get_by_role("button", name=SCAN)).to_be_focused()


def test_camera_that_stays_on_counts_and_tells_what_is_kept_without_a_network(desk: Page, world: World) -> None:
    count = planned_count(world)
    give_camera(desk)
    desk.goto(f"/desk/stores/{world.stores['A'].pk}/stock/counts/{count.number}/")
    desk.context.add_cookies([{"name": "django_language", "value": "zh-hans", "url": desk.url}])
    with_worker(desk)
    desk.get_by_role("button", name="用摄像头扫码").click()
    dialog = desk.locator("dialog.scan")
    said = dialog.get_by_role("status")
    show(desk, ean_13(BARCODE))
    expect(said).to_contain_text("已通过： +1 件 · 真丝衬衫", timeout=20_000)
    show(desk, ean_13("6901234567915"))
    expect(said).to_contain_text("未通过： 6901234567915 · 本品牌没有", timeout=20_000)

    desk.context.set_offline(True)
    show(desk, code_128("SHIRT-S"))
    expect(said).to_contain_text("已保存，网络恢复后自动发送： SHIRT-S", timeout=20_000)
    expect(desk.locator("#kept-chip")).to_have_text(re.compile("1"))
    assert counted() == [("SHIRT-M", 1)]

    desk.context.set_offline(False)
    wait_until(desk, lambda: counted() == [("SHIRT-M", 1), ("SHIRT-S", 1)])
    dialog.get_by_role("button", name="完成", exact=True).click()
    expect(desk.locator(".stock-sum b")).to_have_text("2", timeout=30_000)


def begin_wave(world: World, share: FulfillmentOrder) -> PickWave:
    """Begin to pick an order of store A."""
    with entry():
        return services.start_wave(world.stores["A"].pk, [share.pk], actor=CLERK, now=clock.now())


def picked(wave: PickWave) -> list[tuple[str, int]]:
    """Return how many of each SKU of a wave are picked."""
    lines = FulfillmentOrderLine.objects.filter(fulfillment_order__wave=wave)
    return sorted(lines.values_list("fulfillment_line__variant__sku", "picked"))


def counted() -> list[tuple[str, int]]:
    """Return what was counted, in turn."""
    return list(CountEntry.objects.order_by("pk").values_list("line__level__variant__sku", "quantity"))


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
