"""A manager chooses a PIN on the tablet, and approves with it what the clerk may not do alone."""

import pytest
from django.core.cache import caches
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from orders.models import CounterLine
from tests.cast import World, build_world
from tests.factories.accounts import PASSWORD
from tests.factories.counter import opened_basket
from tests.factories.stores import ManagerFactory
from tests.journeys.devices import check_accessible, complaints, desk, tablet_of, watched_page

__all__ = ["complaints", "desk"]

pytestmark = pytest.mark.django_db(transaction=True)

PIN = "402917"


@pytest.fixture
def world(transactional_db: None) -> World:
    """Return the small world, committed."""
    return build_world()


def test_manager_chooses_a_pin_and_approves_a_discount_with_it_on_the_clerks_tablet(
    desk: Page, world: World, browser: Browser, live_server: LiveServer, complaints: list[str]
) -> None:
    caches["limits"].clear()
    store = world.stores["A"]
    manager = ManagerFactory.create(store=store, display_name="Li Na")
    context = tablet_of(manager.user, browser, live_server)
    own = watched_page(context, complaints)
    own.goto(f"/desk/stores/{store.pk}/numbers/")
    own.get_by_role("link", name="My PIN for approvals").click()
    check_accessible(own)
    own.get_by_label("Your password").fill(PASSWORD)
    own.get_by_label("New PIN, six digits").fill(PIN)
    own.get_by_label("The same once more").fill(PIN)
    own.get_by_role("button", name="Set the PIN").click()
    expect(own.get_by_text("Your PIN is set.")).to_be_visible()
    context.close()

    basket = opened_basket(world, "S")
    desk.goto(f"/desk/stores/{store.pk}/counter/{basket.number}/lines/{basket.lines.get().pk}/discount/")
    desk.get_by_label("How much").fill("200")
    desk.get_by_label("Reason").fill("last piece")
    desk.get_by_role("button", name="Take it off").click()
    expect(desk.get_by_text("So much a manager of the store has to approve.")).to_be_visible()
    expect(desk.get_by_label("Manager", exact=True)).to_have_text("Li Na")
    check_accessible(desk)
    desk.get_by_label("PIN", exact=True).fill(PIN)
    desk.get_by_role("button", name="Take it off").click()

    expect(desk.get_by_text("last piece")).to_be_visible()
    assert CounterLine.objects.get().approved_by == manager
