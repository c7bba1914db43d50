"""What stands around every page of the desk: moving about, and working while the network is weak."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Error, Page, expect

from fulfillment import services
from fulfillment.choices import FulfillmentOrderStatus, PickupCodePurpose, Way
from fulfillment.models import FulfillmentOrder, FulfillmentOrderLine, PickWave
from inventory.models import CountEntry
from omni.accounts.models import User
from omni.kernel import clock
from omni.kernel.models import IdempotencyRecord, Transition
from omni.kernel.transactions import entry
from tests.cast import World, build_world
from tests.factories.accounts import PASSWORD
from tests.factories.fulfillment import CLERK, accept, accept_and_pack, code_of, offer_share, status_of
from tests.factories.stock import planned_count
from tests.factories.stores import ClerkFactory
from tests.journeys.devices import listen, wait_until, with_worker

if TYPE_CHECKING:
    from pytest_django.live_server_helper import LiveServer

pytestmark = pytest.mark.django_db(transaction=True)

S = FulfillmentOrderStatus
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
    listen(page, texts)
    return texts


@pytest.fixture
def desk(page: Page, live_server: LiveServer, world: World) -> Page:
    """Sign in as a clerk of store A, on a tablet."""
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
        "[...document.querySelectorAll('.desk-bar a, .desk-bar summary, .desk-rail a, main button,"
        " main input:not([type=hidden])')]"
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


def test_hand_scanner_that_types_needs_no_camera(desk: Page, complaints: list[str]) -> None:
    go_to(desk, "Members")
    expect(desk.get_by_role("button", name="Scan with the camera")).to_be_visible()

    desk.keyboard.type(BARCODE)
    desk.keyboard.press("Enter")

    expect(desk).to_have_url(re.compile(rf"\?q={BARCODE}$"))
    assert complaints == []


# The weak network


def accepted_times(share: FulfillmentOrder) -> int:
    """Count how often a task was accepted, by what the log says."""
    rows = Transition.objects.filter(entity="fulfillment.fulfillmentorder", entity_id=share.pk)
    return rows.filter(to_status=S.ACCEPTED).count()


def visit(desk: Page, address: str) -> None:
    """Go to an address, though the page may be renewing itself just now, which ends a visit that has begun."""
    try:
        desk.goto(address)
    except Error as error:
        assert "ERR_ABORTED" in error.message  # noqa: PT017
        desk.wait_for_load_state()
        desk.goto(address)


def test_desk_is_an_app_of_its_own(desk: Page, live_server: LiveServer) -> None:
    with_worker(desk)

    found = desk.evaluate("fetch(document.querySelector('link[rel=manifest]').href).then((answer) => answer.json())")
    scope = desk.evaluate("navigator.serviceWorker.getRegistration().then((one) => one?.scope)")

    assert (found["scope"], found["start_url"], found["display"]) == ("/desk/", "/desk/", "standalone")
    assert found["name"] == "Corner Wardrobe · store desk"
    assert scope == f"{live_server.url}/desk/"
    session = desk.context.new_cdp_session(desk)
    assert session.send("Page.getAppManifest")["errors"] == []
    errors = session.send("Page.getInstallabilityErrors")["installabilityErrors"]
    # The tests' own windows are private ones, where nothing can be installed.
    assert {error["errorId"] for error in errors} <= {"in-incognito"}


def test_touch_without_a_network_is_kept_seen_and_sent_once(desk: Page, world: World) -> None:
    share = offer_share(world)
    desk.goto(f"{desk.url.split('/desk/')[0]}/desk/tasks/{share.number}/")
    with_worker(desk)
    desk.context.set_offline(True)

    desk.reload()
    expect(desk.get_by_role("heading", name=share.number)).to_be_visible()
    expect(desk.locator("#offline")).to_contain_text("No network. This is as of")
    desk.get_by_role("button", name="Accept").tap()

    chip = desk.get_by_role("button", name="not yet through")
    expect(chip).to_have_text(re.compile("^1"))
    expect(desk.get_by_role("button", name="Accept")).to_be_disabled()
    chip.tap()
    line = desk.get_by_role("dialog", name="Not yet through").get_by_role("listitem")
    expect(line).to_contain_text(f"Accept · {share.number}")
    expect(line).to_contain_text("waits for the network")
    assert status_of(share) == S.OFFERED
    desk.get_by_role("button", name="Close").tap()

    desk.context.set_offline(False)
    wait_until(desk, lambda: status_of(share) == S.ACCEPTED)
    expect(chip).to_be_hidden()
    expect(desk.get_by_role("button", name="Start picking")).to_be_visible(timeout=15_000)
    assert accepted_times(share) == 1
    assert IdempotencyRecord.objects.filter(client__startswith="desk:").count() == 1


def test_touches_are_sent_in_order_and_a_refused_one_says_why(desk: Page, world: World) -> None:
    first, second = offer_share(world), offer_share(world)
    desk.reload()
    with_worker(desk)
    desk.context.set_offline(True)
    for share in (first, second):
        desk.reload()
        desk.locator(".desk-card").filter(has_text=share.number).get_by_role("button", name="Accept").tap()
        expect(desk.locator(".desk-card").filter(has_text=share.number).get_by_role("button")).to_be_disabled()
    FulfillmentOrder.objects.filter(pk=first.pk).update(status=S.CANCELLED, finished_at=clock.now())

    desk.context.set_offline(False)
    wait_until(desk, lambda: status_of(second) == S.ACCEPTED)
    chip = desk.get_by_role("button", name="not yet through")
    expect(chip).to_have_text(re.compile("^1"))
    expect(chip).to_have_class(re.compile("is-refused"))
    expect(desk.locator("body[data-as-of]")).to_have_count(0, timeout=20_000)
    chip.tap()
    line = desk.get_by_role("dialog", name="Not yet through").get_by_role("listitem")
    expect(line).to_contain_text("not accepted")
    expect(line.locator("[data-said]")).not_to_be_empty()
    line.get_by_role("button", name="Discard").tap()
    expect(chip).to_be_hidden()
    assert (status_of(first), accepted_times(first)) == (S.CANCELLED, 0)


def test_kept_pages_and_touches_are_nobody_elses(desk: Page, world: World) -> None:
    share = offer_share(world)
    ClerkFactory.create(store=world.stores["A"], user__username="clerk-b")
    task = f"{desk.url.split('/desk/')[0]}/desk/tasks/{share.number}/"
    desk.goto(task)
    with_worker(desk)
    desk.context.set_offline(True)
    desk.get_by_role("button", name="Accept").tap()
    expect(desk.get_by_role("button", name="not yet through")).to_be_visible()
    # Signed out on the server before it could be sent; the page finds out by itself.
    Session.objects.all().delete()
    desk.context.set_offline(False)
    expect(desk).to_have_url(re.compile("/accounts/login/"), timeout=20_000)
    wait_until(
        desk, lambda: not desk.evaluate("caches.keys().then((all) => all.filter((one) => /pages/.test(one)).length)")
    )

    sign_in(desk, "clerk-b")
    expect(desk.locator(".desk-person")).to_contain_text("clerk-b")
    chip = desk.get_by_role("button", name="not yet through")
    chip.tap()
    expect(desk.get_by_text("of somebody else")).to_be_visible()
    expect(desk.get_by_role("dialog").get_by_role("listitem")).to_have_count(0)
    desk.get_by_role("button", name="Close").tap()
    assert status_of(share) == S.OFFERED

    desk.locator(".desk-me > summary").tap()
    desk.get_by_role("button", name="Sign out").tap()
    expect(desk).to_have_url(re.compile(r"^\w+://[^/]+/$"))
    desk.wait_for_load_state()
    desk.context.set_offline(True)
    desk.goto(task)
    expect(desk.get_by_role("heading", name="No network")).to_be_visible()
    desk.context.set_offline(False)
    visit(desk, task)
    sign_in(desk)
    wait_until(desk, lambda: status_of(share) == S.ACCEPTED)
    assert accepted_times(share) == 1
    assert Transition.objects.get(entity_id=share.pk, to_status=S.ACCEPTED).actor == f"user:{clerk_id('clerk-a')}"


def clerk_id(name: str) -> int:
    return User.objects.get(username=name).pk


def test_form_that_must_be_answered_at_once_is_not_kept(desk: Page, world: World) -> None:
    share = accept_and_pack(offer_share(world, way=Way.PICKUP))
    desk.goto(f"{desk.url.split('/desk/')[0]}/desk/tasks/{share.number}/")
    with_worker(desk)
    desk.context.set_offline(True)

    desk.get_by_label("The shopper's six digits").fill(code_of(share, PickupCodePurpose.SHOPPER))
    desk.get_by_role("button", name="Hand over").tap()

    expect(desk.get_by_role("heading", name="No network")).to_be_visible()
    expect(desk.get_by_text("Nothing was sent.")).to_be_visible()
    assert (
        desk.evaluate(
            "new Promise((resolve) => { indexedDB.open('desk', 1).onsuccess = ({ target }) => {"
            " target.result.transaction('touches').objectStore('touches').count().onsuccess = (one) =>"
            " resolve(one.target.result) } })"
        )
        == 0
    )
    assert status_of(share) == S.READY_FOR_PICKUP


def scan(desk: Page, text: str) -> None:
    """Type as a hand scanner does."""
    desk.keyboard.type(text)
    desk.keyboard.press("Enter")


def test_scans_of_a_wave_without_a_network_are_kept_shown_at_their_lines_and_sent_in_order(
    desk: Page, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrived: list[str] = []
    pick = services.pick_unit

    def note(wave: PickWave, code: str) -> services.Picked:
        arrived.append(code)
        return pick(wave, code)

    monkeypatch.setattr(services, "pick_unit", note)
    share = accept(offer_share(world, units={"S": 2, "M": 1}))
    with entry():
        wave = services.start_wave(world.stores["A"].pk, [share.pk], actor=CLERK, now=clock.now())
    desk.goto(f"{desk.url.split('/desk/')[0]}/desk/waves/{wave.number}/")
    with_worker(desk)
    scan(desk, "SHIRT-S")
    expect(desk.get_by_text("1 of 3")).to_be_visible()

    desk.context.set_offline(True)
    for code in ("SHIRT-M", "SHIRT-S", "SHIRT-S"):
        scan(desk, code)
    chip = desk.get_by_role("button", name="not yet through")
    expect(chip).to_have_text(re.compile("^3"))
    marks = desk.locator(".desk-wave-rows .kept-mark:visible")
    expect(marks).to_have_text(["2 not yet through", "1 not yet through"])
    desk.reload()
    expect(marks).to_have_text(["2 not yet through", "1 not yet through"])
    expect(desk.get_by_text("1 of 3")).to_be_visible()
    desk.get_by_role("button", name="End here").tap()
    expect(desk.get_by_text("Nothing was sent.")).to_be_visible()
    desk.get_by_role("link", name="Try again").tap()
    expect(marks).to_have_count(2)
    assert arrived == ["SHIRT-S"]

    desk.context.set_offline(False)
    expect(desk.get_by_text("3 of 3")).to_be_visible(timeout=20_000)
    expect(marks).to_have_count(0)
    expect(chip).to_have_text(re.compile("^1"))
    chip.tap()
    line = desk.get_by_role("dialog", name="Not yet through").get_by_role("listitem")
    expect(line).to_contain_text(f"Picked · SHIRT-S · {wave.number}")
    expect(line).to_contain_text("All of it is picked: put this one back on the shelf.")
    assert arrived == ["SHIRT-S", "SHIRT-M", "SHIRT-S", "SHIRT-S"]
    lines = FulfillmentOrderLine.objects.filter(fulfillment_order=share)
    assert sorted(lines.values_list("quantity", "picked")) == [(1, 1), (2, 2)]


def test_pieces_counted_without_a_network_are_each_counted_once(desk: Page, world: World) -> None:
    count = planned_count(world)
    desk.goto(f"{desk.url.split('/desk/')[0]}/desk/stores/{world.stores['A'].pk}/stock/counts/{count.number}/")
    with_worker(desk)
    desk.context.set_offline(True)

    for times in (1, 2, 3):
        scan(desk, "SHIRT-S")
        expect(desk.locator(".kept-mark:visible")).to_have_text(f"{times} not yet through")

    desk.context.set_offline(False)
    wait_until(desk, lambda: CountEntry.objects.count() == 3)
    expect(desk.locator(".kept-mark:visible")).to_have_count(0)
    assert list(CountEntry.objects.values_list("line__level__variant__sku", "quantity")) == [("SHIRT-S", 1)] * 3
