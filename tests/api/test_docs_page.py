"""The API reference in a real browser: it lists the resources, and breaks no security policy."""

import pytest
from playwright.sync_api import ConsoleMessage, Page, expect
from pytest_django.live_server_helper import LiveServer

pytestmark = pytest.mark.django_db(transaction=True)


def test_docs_page_lists_the_resources_and_breaks_no_policy(page: Page, live_server: LiveServer) -> None:
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(message.text)

    page.on("console", note)
    page.goto(f"{live_server.url}/api/v1/docs/")
    expect(page.get_by_text("Nearest stores for a basket").first).to_be_visible()
    page.get_by_text("Place an order").first.click()
    expect(page.get_by_text("Idempotency-Key").first).to_be_visible()
    expect(page.get_by_role("button", name="Authorize").first).to_be_visible()
    assert complaints == []
