"""The base template in a real browser: the built styles load, and the security policy lets htmx work."""

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.journeys.devices import listen

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.platform.routes")]


def test_base_template_breaks_no_security_policy(page: Page, live_server: LiveServer) -> None:
    complaints: list[str] = []
    listen(page, complaints)
    page.goto(live_server.url)
    page.evaluate("navigator.serviceWorker.ready.then(() => undefined)")
    assert page.evaluate("[htmx.config.allowEval, htmx.config.includeIndicatorStyles]") == [False, False]
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(246, 241, 232)"
    assert complaints == []


def test_language_switch_changes_the_language_and_stays_on_the_page(page: Page, live_server: LiveServer) -> None:
    page.goto(f"{live_server.url}/?page=2")
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    page.get_by_role("button", name="EN").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert page.url == f"{live_server.url}/?page=2"


def test_inline_script_is_refused(page: Page, live_server: LiveServer) -> None:
    page.goto(live_server.url)
    page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "window.wasRun = true";
            document.body.append(script);
        }"""
    )
    assert page.evaluate("window.wasRun === undefined")
