"""Takes the pictures of docs/screens: one order on its way through the shop, the desk and headquarters.

Run by `bin/screens` beside a running platform with the demo data.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import django
from django.conf import settings
from PIL import Image
from playwright.sync_api import TimeoutError, sync_playwright  # noqa: A004  its own kind

from tests.browser import LAUNCH_OPTIONS, find_browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, ViewportSize

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "screens"
PHONE: ViewportSize = {"width": 390, "height": 844}
TABLET: ViewportSize = {"width": 1024, "height": 768}
DESKTOP: ViewportSize = {"width": 1280, "height": 900}
# A member of the demo; the code that signs them in comes to the sandbox's inbox.
MEMBER = "166 0000 0001"
# The store whose day the demo makes.
CLERK = "tingwei-sh001-clerk"
PAPER = (246, 241, 232)
COLORS = 256


def main() -> None:
    """Take every picture, and put three of them side by side for the README."""
    django.setup()
    FOLDER.mkdir(parents=True, exist_ok=True)
    path, environment = find_browser()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=LAUNCH_OPTIONS, env={**environment})
        number = shop(browser)
        member(browser)
        headquarters(browser, number)
        desk(browser)
        browser.close()
    overview(["shop-product", "desk-task", "hq-order"])


def shop(browser: Browser) -> str:
    """Order a garment in the shop, pay for it, and return the order's number."""
    page = browser.new_context(viewport=PHONE, locale="zh-CN", device_scale_factor=2).new_page()
    visit(page, "/", "shop-home")
    visit(page, "/place/?q=静安", "shop-place")
    page.locator(".place-option").first.click()
    visit(page, "/stores/", "shop-stores")
    visit(page, "/search/?q=红色连衣裙", "shop-search")
    visit(page, "/products/?brand=tingwei", "shop-products")
    page.locator("a.product-card").first.click()
    save(page, "shop-product")
    page.locator("form[action='/basket/add/'] button").click()
    save(page, "shop-basket")
    page.locator("a[href^='/checkout/']").click()
    page.fill("[name=contact_name]", "王小雨")
    page.fill("[name=phone]", "138 0013 8000")
    page.fill("[name=street]", "南京西路 1266 号 20 楼")
    save(page, "shop-checkout")
    page.locator("form.checkout-form button.btn-primary").last.click()
    page.wait_for_selector("img.pay-qr", timeout=20_000)
    save(page, "shop-pay")
    wallet = page.context.new_page()
    wallet.goto(page.locator(".pay-box a").first.get_attribute("href") or "")
    wallet.locator("button.pay").click()
    wallet.close()
    page.wait_for_selector("#track .parcel", timeout=30_000)
    page.wait_for_timeout(4_000)
    save(page, "shop-order")
    found = re.search(r"/orders/([^/]+)/", page.url)
    if found is None:
        raise SystemExit(f"the payment did not lead to the order: {page.url}")
    return found[1]


def member(browser: Browser) -> None:
    """Look at what a member of the demo has: the account, coupons and points."""
    page = browser.new_context(viewport=PHONE, locale="zh-CN", device_scale_factor=2).new_page()
    visit(page, "/sign-in/?next=/me/", "sign-in")
    page.fill("[name=phone]", MEMBER)
    page.locator("main form button").first.click()
    page.wait_for_url("**/sign-in/code/**")
    inbox = page.context.new_page()
    inbox.goto(f"http://127.0.0.1:{os.environ['OMNI_SANDBOX_PORT']}/inbox")
    code = re.search(r"\b\d{6}\b", inbox.inner_text("body"))
    inbox.close()
    if code is None:
        raise SystemExit("no code came")
    page.fill("[name=code]", code[0])
    page.locator("main form button").first.click()
    page.wait_for_url("**/me/")
    save(page, "member-account")
    visit(page, "/me/coupons/", "member-coupons")
    visit(page, "/me/points/", "member-points")


def headquarters(browser: Browser, number: str) -> None:
    """Look at the order at headquarters."""
    page = browser.new_context(viewport=DESKTOP, locale="zh-CN").new_page()
    sign_in(page, "/hq/", "tingwei-hq")
    visit(page, "/hq/orders/", "hq-orders")
    visit(page, "/hq/network/", "hq-network")
    visit(page, f"/hq/orders/{number}/", "hq-order")


def desk(browser: Browser) -> None:
    """Look at the day of a store: the queue, a task, the first page of each part, something scanned, a basket."""
    page = browser.new_context(viewport=TABLET, locale="zh-CN", has_touch=True).new_page()
    sign_in(page, "/desk/", CLERK)
    save(page, "desk-queue")
    queue = urlsplit(page.url).path
    parts = page.locator(".desk-rail a").evaluate_all("(links) => links.map((link) => link.getAttribute('href'))")
    page.locator("a[href^='/desk/tasks/']").first.click()
    save(page, "desk-task")
    sku = re.search(r"SKU (\S+)", page.inner_text("main"))
    for address in (part for part in parts if part != queue):
        visit(page, address, f"desk-{address.rstrip('/').rpartition('/')[2]}")
    visit(page, f"{queue}scan/?code={sku[1] if sku else ''}", "desk-scan")
    page.goto(f"{settings.PUBLIC_URL}{queue}counter/")
    page.locator(".counter-card").first.click()
    save(page, "desk-basket")


def sign_in(page: Page, address: str, user: str) -> None:
    """Sign a demo account in."""
    from omni.pages.demo import PASSWORD

    page.goto(settings.PUBLIC_URL + address)
    page.fill("[name=login]", user)
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_load_state("networkidle")


def visit(page: Page, address: str, name: str) -> None:
    """Open a page and take its picture."""
    page.goto(settings.PUBLIC_URL + address)
    save(page, name)


def save(page: Page, name: str) -> None:
    """Take a picture of what the window shows, with few colours: it is kept in the repository."""
    with suppress(TimeoutError):  # a page that follows something never falls silent
        page.wait_for_load_state("networkidle", timeout=5_000)
    target = FOLDER / f"{name}.png"
    page.screenshot(path=target)
    with Image.open(target) as picture:
        picture.convert("RGB").quantize(COLORS).save(target, optimize=True)
    print(target.relative_to(FOLDER.parents[1]))  # noqa: T201  a command's output


def overview(names: list[str], height: int = 620, gap: int = 24) -> None:
    """Put pictures side by side."""
    pictures = []
    for name in names:
        with Image.open(FOLDER / f"{name}.png") as picture:
            width = round(picture.width * height / picture.height)
            pictures.append(picture.convert("RGB").resize((width, height), Image.Resampling.LANCZOS))
    total = sum(resized.width for resized in pictures) + gap * (len(pictures) + 1)
    sheet = Image.new("RGB", (total, height + 2 * gap), PAPER)
    x = gap
    for resized in pictures:
        sheet.paste(resized, (x, gap))
        x += resized.width + gap
    sheet.quantize(COLORS).save(FOLDER / "overview.png", optimize=True)


if __name__ == "__main__":
    main()
