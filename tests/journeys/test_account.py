"""A shopper's account on a phone: passkey, WeChat, wishes, consent, sizes, member code, a copy of the data, erasure."""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import LazySettings
from django.core.cache import caches
from playwright.sync_api import Browser, Page, ViewportSize, expect
from pytest_django.live_server_helper import LiveServer

from members.models import Member
from omni.accounts.models import Erasure
from omni.kernel import clock
from omni.messages import services as messages_services
from omni.pages import exporting
from tests.cast import World, build_world
from tests.factories.accounts import ShopperUserFactory
from tests.factories.members import MemberFactory
from tests.factories.orders import placed_order
from tests.messages.conftest import ScriptedGateway, gateway
from tests.orders.wechat import Provider
from tests.pages.again import use_folder
from tests.sandbox.fixture import SandboxProcess

__all__ = ["gateway"]

pytestmark = pytest.mark.django_db(transaction=True)

VIEWPORT: ViewportSize = {"width": 390, "height": 844}


@pytest.fixture
def world(transactional_db: None, settings: LazySettings, tmp_path: Path) -> World:
    """Return the small world, committed, with nobody but the test to send messages or make copies."""
    settings.WECHAT_PAY = Provider().settings
    settings.OUTBOX_HINTS = False
    use_folder(settings, tmp_path)
    caches["limits"].clear()
    return build_world()


@pytest.fixture
def problems() -> list[str]:
    """Return what a page's console says of violations and errors."""
    return []


@pytest.fixture
def phone(browser: Browser, live_server: LiveServer, world: World, problems: list[str]) -> Iterator[Page]:
    """Open a page of an English-speaking shopper's phone; a passkey needs a name for the host, not an address."""
    address = live_server.url.replace("127.0.0.1", "localhost")
    context = browser.new_context(base_url=address, locale="en", viewport=VIEWPORT)
    page = context.new_page()
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    assert [text for text in problems if "Content Security Policy" in text] == []


def code_sent(gateway: ScriptedGateway) -> str:
    """Send what waits, and return the code of the newest message."""
    messages_services.drive_due_messages(now=clock.now())
    (code,) = re.findall(r"(?<!\d)\d{6}(?!\d)", gateway.sent[-1][4])
    return str(code)


def sign_in(page: Page, gateway: ScriptedGateway) -> None:
    """Sign in from wherever the page asks for a phone."""
    page.get_by_label("Mobile number").fill("138 0013 8000")
    page.get_by_role("button", name="Send me a code").click()
    expect(page.get_by_role("heading", name="Enter the code")).to_be_visible()
    page.get_by_label("Code").fill(code_sent(gateway))
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Enter the code")).to_be_hidden()


def sign_out(page: Page) -> None:
    page.goto("/me/")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(re.compile(r"^\w+://[^/]+/$"))


def is_fine(page: Page) -> None:
    """Check that axe finds nothing, and that nothing is wider than the screen."""
    found = [violation["id"] for violation in Axe().run(page).response["violations"]]
    width = page.evaluate("document.documentElement.scrollWidth")
    assert (page.url, found, width <= VIEWPORT["width"]) == (page.url, [], True)


def add_authenticator(page: Page) -> None:
    """Give the phone a fingerprint reader that always agrees."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
                "isUserVerified": True, "automaticPresenceSimulation": True,
            }
        },
    )  # fmt: skip


def test_passkey_is_added_and_signs_in(phone: Page, gateway: ScriptedGateway) -> None:
    phone.goto("/me/security/")
    sign_in(phone, gateway)
    add_authenticator(phone)
    phone.get_by_label("Name of this device").fill("My phone")
    phone.get_by_role("button", name="Add a passkey").click()
    expect(phone.get_by_text("The passkey was added.")).to_be_visible()

    sign_out(phone)
    phone.goto("/sign-in/?next=/me/security/")
    phone.get_by_role("button", name="Sign in with a passkey").click()

    expect(phone.get_by_role("heading", name="Sign-in and security")).to_be_visible()
    phone.get_by_label("Name of the passkey My phone").fill("Work phone")
    phone.get_by_role("button", name="Rename My phone").click()
    expect(phone.get_by_label("Name of the passkey Work phone")).to_be_visible()
    phone.get_by_role("button", name="Remove Work phone").click()
    expect(phone.get_by_text("The passkey was removed.")).to_be_visible()
    sign_out(phone)
    phone.goto("/sign-in/")
    phone.get_by_role("button", name="Sign in with a passkey").click()
    expect(phone.get_by_text("This passkey is not known here.")).to_be_visible()


def test_wechat_opens_the_account_once_the_phone_is_proven(
    phone: Page, gateway: ScriptedGateway, sandbox: SandboxProcess, settings: LazySettings
) -> None:
    login = sandbox.credentials["wechat_login"]
    app = {"client_id": login["app_id"], "secret": login["secret"], "key": ""}
    settings.WECHAT_LOGIN = login
    settings.SOCIALACCOUNT_PROVIDERS = {"weixin": {"APPS": [app], "AUTHORIZE_URL": login["authorize_url"]}}
    directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    settings.CONTENT_SECURITY_POLICY = {
        "DIRECTIVES": {**directives, "form-action": [*directives["form-action"], sandbox.base_url]}
    }
    phone.goto("/sign-in/")
    phone.get_by_role("button", name="Sign in with WeChat").click()
    phone.get_by_role("link", name="Agree as 小雨").click()
    expect(phone.get_by_text("Prove your phone once")).to_be_visible()
    sign_in(phone, gateway)
    expect(phone.get_by_role("heading", name="My account")).to_be_visible()

    sign_out(phone)
    phone.goto("/sign-in/")
    phone.get_by_role("button", name="Sign in with WeChat").click()
    phone.get_by_role("link", name="Agree as 小雨").click()
    expect(phone.get_by_role("heading", name="My account")).to_be_visible()

    # WeChat alone does not open the security of the account: a fresh code does.
    phone.goto("/me/security/")
    expect(phone.get_by_role("heading", name="Is it you?")).to_be_visible()
    caches["limits"].clear()
    phone.get_by_role("button", name="Send me a code").click()
    phone.get_by_label("Code").fill(code_sent(gateway))
    phone.get_by_role("button", name="Go on").click()
    phone.get_by_role("button", name="Unlink 小雨").click()
    phone.get_by_role("button", name="Link WeChat").click()
    phone.get_by_role("link", name="Agree as Emma").click()
    expect(phone.get_by_text("WeChat opens your account from now on.")).to_be_visible()
    expect(phone.get_by_role("button", name="Unlink Emma")).to_be_visible()


def test_wish_of_a_guest_is_kept_and_moves_to_the_basket(phone: Page, world: World, gateway: ScriptedGateway) -> None:
    phone.goto("/products/one/SHIRT/")
    token = phone.locator("input[name=csrfmiddlewaretoken]").first.get_attribute("value")
    phone.evaluate(
        """([token]) => {
            const form = document.createElement("form");
            form.method = "post";
            form.action = "/me/wishes/add/";
            for (const [name, value] of Object.entries(
                {csrfmiddlewaretoken: token, brand: "one", code: "SHIRT", sku: "SHIRT-S"})) {
                const field = document.createElement("input");
                field.name = name;
                field.value = value;
                form.append(field);
            }
            document.body.append(form);
            form.submit();
        }""",
        [token],
    )
    expect(phone.get_by_role("heading", name="Sign in or join")).to_be_visible()
    sign_in(phone, gateway)

    expect(phone.get_by_role("heading", name="Wish list")).to_be_visible()
    expect(phone.get_by_text("In stock")).to_be_visible()
    phone.get_by_role("button", name="Move to the basket").click()
    expect(phone.get_by_role("heading", name="Basket")).to_be_visible()
    expect(phone.get_by_role("link", name="Silk shirt")).to_be_visible()
    phone.goto("/me/wishes/")
    expect(phone.get_by_text("What you would like to remember goes here.")).to_be_visible()


def test_member_says_what_a_brand_may_do_keeps_sizes_and_shows_a_code(
    phone: Page, world: World, gateway: ScriptedGateway
) -> None:
    phone.goto("/me/")
    sign_in(phone, gateway)
    phone.get_by_role("button", name="Join One").click()
    phone.get_by_role("link", name="What brands may do").click()
    phone.get_by_label("You may send me news and offers by SMS.").check()
    phone.get_by_role("button", name="Save One").click()
    expect(phone.get_by_text(re.compile("Agreed on"))).to_be_visible()
    expect(phone.get_by_label("You may send me news and offers by SMS.")).to_be_checked()

    phone.goto("/me/")
    phone.get_by_role("link", name="My sizes").click()
    phone.get_by_label("Height (cm)").fill("1680")
    phone.get_by_role("button", name="Save").click()
    expect(phone.locator("#id_height_cm_error")).to_be_visible()
    phone.get_by_label("Height (cm)").fill("168")
    phone.get_by_role("button", name="Save").click()
    expect(phone.get_by_text("Saved.")).to_be_visible()

    phone.goto("/me/")
    phone.get_by_role("link", name="Member code One").click()
    expect(phone.get_by_role("img", name="QR code of the digits below")).to_be_visible()
    expect(phone.get_by_text(re.compile(r"^(\d{4} ){4}\d{2}$"))).to_be_visible()
    expect(phone.get_by_text(Member.objects.get().number)).to_be_visible()


def test_guests_orders_of_every_channel_join_when_the_phone_is_proven(
    phone: Page, world: World, gateway: ScriptedGateway
) -> None:
    web = placed_order(world, phone="13800138000")
    store = placed_order(world, phone="13800138000", channel="counter")
    other = placed_order(world, phone="13900000009")
    phone.goto("/me/")
    sign_in(phone, gateway)

    for order in (web, store):
        expect(phone.get_by_role("link", name=re.compile(order.number))).to_be_visible()
    expect(phone.get_by_text(other.number)).to_be_hidden()


def test_copy_of_the_data_is_made_and_fetched(
    phone: Page, world: World, gateway: ScriptedGateway, tmp_path: Path
) -> None:
    phone.goto("/me/data/")
    sign_in(phone, gateway)
    phone.get_by_role("button", name="Make a copy").click()
    expect(phone.get_by_text("Being put together")).to_be_visible()
    exporting.drive_due_exports(now=clock.now())
    fetch = phone.get_by_role("link", name="Fetch")
    expect(fetch).to_be_visible()
    with phone.expect_download() as fetched:
        fetch.click()

    kept = tmp_path / "fetched.zip"
    fetched.value.save_as(kept)
    with zipfile.ZipFile(kept) as files:
        assert {"data.json", "index.html", "profile.csv"} <= set(files.namelist())


def test_erasure_is_confirmed_and_taken_back(phone: Page, world: World, gateway: ScriptedGateway) -> None:
    phone.goto("/me/data/")
    sign_in(phone, gateway)
    phone.get_by_role("link", name="Erase my account").click()
    phone.get_by_role("button", name="Erase my account").click()
    expect(phone.get_by_text("Tick this to go on.")).to_be_visible()
    phone.get_by_label("I want my account and my data to be erased.").check()
    phone.get_by_role("button", name="Erase my account").click()
    expect(phone.get_by_text("Until then you can change your mind.")).to_be_visible()
    phone.get_by_role("button", name="Keep my account").click()
    expect(phone.get_by_text("Your account stays.")).to_be_visible()
    assert Erasure.objects.get().status == "cancelled"


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_pages_of_the_account_are_accessible_and_fit_a_phone(
    browser: Browser, live_server: LiveServer, world: World, gateway: ScriptedGateway, language: str
) -> None:
    user = ShopperUserFactory.create(phone="+8613800138000")
    MemberFactory.create(brand=world.brand, user=user, phone="+8613800138000")
    context = browser.new_context(base_url=live_server.url, locale="en", viewport=VIEWPORT, bypass_csp=True)
    page = context.new_page()
    page.goto("/me/wishes/")
    sign_in(page, gateway)
    context.add_cookies([{"name": "django_language", "value": "zh-hans", "url": live_server.url}] * (language != "en"))
    for address in (
        "/me/", "/me/wishes/", "/me/sizes/", "/me/consent/", "/me/code/one/", "/me/security/", "/me/data/",
        "/me/data/erase/", "/me/again/",
    ):  # fmt: skip
        page.goto(address)
        is_fine(page)
    context.close()


def test_pages_work_with_scripts_off(
    browser: Browser, live_server: LiveServer, world: World, gateway: ScriptedGateway
) -> None:
    context = browser.new_context(base_url=live_server.url, locale="en", viewport=VIEWPORT, java_script_enabled=False)
    page = context.new_page()
    page.goto("/me/security/")
    sign_in(page, gateway)
    expect(page.get_by_text("This browser offers no passkeys at this address.")).to_be_visible()
    page.goto("/me/data/")
    page.get_by_role("button", name="Make a copy").click()
    expect(page.get_by_text("Being put together")).to_be_visible()
    context.close()
