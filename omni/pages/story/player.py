"""Plays the story: a shopper, headquarters and a clerk, each in a browser of their own."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from omni.pages.demo import BRANDS, PASSWORD, SIGN_INS
from omni.pages.story.browser import Browser, Form, Page

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

PATIENCE_SECONDS = 90.0
SHANGHAI_JINGAN = "310106"
SHOPPER = {"contact_name": "王小雨", "phone": "138 0013 8000", "street": "南京西路 1266 号 20 楼"}
DESK_STEPS = ("accept", "pick", "pack")


class StoryBroken(Exception):
    """A step did not lead where it should; the text says which and what was seen."""


class Step(NamedTuple):
    """What happened, and what it showed."""

    title: str
    details: tuple[str, ...] = ()


class Teller:
    """Prints each step with the time it took."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._began = self._last = time.monotonic()

    def tell(self, step: Step) -> None:
        """Print a step and how long it took since the one before."""
        now = time.monotonic()
        self._write(f"{now - self._began:6.1f} s  (+{now - self._last:.1f})  {step.title}")
        for detail in step.details:
            self._write(f"                    {detail}")
        self._last = now


def play(base_url: str, write: Callable[[str], object]) -> str:
    """Play one order from the basket to the credited sale, print each step, and return the order's number.

    :raises StoryBroken: when a step does not lead where it should.
    """
    teller = Teller(write)
    shopper, headquarters, clerk = Browser(base_url), Browser(base_url), Browser(base_url)
    _choose_place(shopper, teller)
    sku = _fill_basket(shopper, teller)
    number = _place_order(shopper, teller)
    _pay(shopper, number, teller)
    _sign_in(headquarters, "/hq/", "Headquarters")
    order_page = _await_offer(headquarters, number, teller)
    _work_at_desk(clerk, order_page, teller)
    _await_delivery(shopper, number, teller)
    _show_credit(headquarters, number, teller)
    teller.tell(Step(f"The end: order {number} ({sku}) is delivered and its sale credited."))
    return number


def _choose_place(shopper: Browser, teller: Teller) -> None:
    page = shopper.open("/place/?q=310106")
    form = page.form(action="/place/", having="lat")
    if form is None:
        raise StoryBroken(f"no form to choose a place on {page.url}")
    home = shopper.send(form, district_code=SHANGHAI_JINGAN)
    teller.tell(Step("The shopper chooses a place", tuple(home.words("shop-place")[:1])))


def _fill_basket(shopper: Browser, teller: Teller) -> str:
    """Open products until one can be bought, and put its first size into the basket."""
    brand = BRANDS[0].code
    listing = shopper.open(f"/products/?brand={brand}")
    products = list(dict.fromkeys(link for link in listing.links if re.search(r"/products/[^/?]+/[^/?]+/$", link)))
    for link in products:
        product = shopper.open(link)
        form = product.form(action="/basket/add/", having="sku")
        if form is None or not form.fields.get("sku"):
            continue
        near = product.words("near-list")
        teller.tell(
            Step(f"A product: {product.words('product-facts')[0][:60]}", tuple(text[:110] for text in near[:1]))
        )
        shopper.send(form)
        teller.tell(Step(f"In the basket: {form.fields['sku']}"))
        return form.fields["sku"]
    raise StoryBroken(f"nothing to buy among {len(products)} products of {brand}")


def _place_order(shopper: Browser, teller: Teller) -> str:
    basket = shopper.open("/basket/")
    link = next((link for link in basket.links if "/checkout/" in link), "")
    form = shopper.open(link).form(having="contact_name") if link else None
    if form is None:
        raise StoryBroken("the basket leads to no checkout")
    paying = shopper.send(form, way="courier", **SHOPPER)
    found = re.search(r"/orders/([^/]+)/pay/", paying.url)
    if found is None:
        raise StoryBroken(f"the checkout was refused: {paying.words('field-error') or paying.words('alert')}")
    teller.tell(Step(f"The order is placed: {found[1]}", (f"to pay {paying.words('pay-amount')[0]}",)))
    return found[1]


def _pay(shopper: Browser, number: str, teller: Teller) -> None:
    def payment_link() -> str:
        page = shopper.open(f"/orders/{number}/pay/")
        return next((link for link in page.links if not link.startswith(shopper.base_url)), "")

    link = _await("the payment's QR code", payment_link)
    wallet = Browser(link)
    button = wallet.open(link).form(action="/pay/")
    if button is None:
        raise StoryBroken(f"no button to pay at {link}")
    wallet.send(button)
    teller.tell(Step("The shopper scans the QR code and pays", (link,)))

    def paid() -> str:
        return next(iter(shopper.open(f"/orders/{number}/").words("parcel")), "")

    _await("the signed notice of the payment", paid)
    teller.tell(Step("The provider's signed notice has arrived: paid"))


def _sign_in(person: Browser, address: str, audience: str, *, user: str = "") -> Page:
    page = person.open(address)
    form = page.form(having="password")
    if form is None:
        raise StoryBroken(f"no sign-in form at {page.url}")
    name = user or next(user for who, _path, user, _password in SIGN_INS if who == audience)
    login = "login" if "login" in form.fields else "username"
    return person.send(form, **{login: name, "password": PASSWORD})


def _await_offer(headquarters: Browser, number: str, teller: Teller) -> Page:
    def offered() -> Page | None:
        page = headquarters.open(f"/hq/orders/{number}/")
        return page if page.words("parcel-store") and len(page.words("decision")) > 1 else None

    page = _await("the routing of the order", offered)
    if page is None:
        raise StoryBroken("the order was not routed")
    store = page.words("parcel-store")[0]
    teller.tell(Step(f"Routed to {store}", tuple(page.words("decision-outcome"))))
    reasons = page.words("decision-line")
    teller.tell(Step("Why this store", tuple(reasons[:6])))
    return page


def _work_at_desk(clerk: Browser, order_page: Page, teller: Teller) -> None:
    store, task = order_page.words("parcel-store-code")[0], order_page.words("parcel-number")[0]
    _sign_in(clerk, "/desk/", "Store clerk", user=f"{BRANDS[0].code}-{store.lower()}-clerk")
    page = clerk.open(f"/desk/tasks/{task}/")
    for step in DESK_STEPS:
        page = _press(clerk, page, f"/{step}/")
        teller.tell(Step(f"The clerk at {store}: {step}", tuple(page.words("state")[:1])))

    def code() -> str:
        return next(iter(clerk.open(f"/desk/tasks/{task}/").words("code-shown")), "")

    digits = _await("the courier at the store", lambda: code() if _courier_is_here(clerk, task) else "")
    form = clerk.open(f"/desk/tasks/{task}/").form(action="/hand-over/")
    if form is None:
        raise StoryBroken("the desk does not ask for the courier's code")
    clerk.send(form, code=digits)
    teller.tell(Step("The courier shows the code; the clerk hands the parcel over"))


def _courier_is_here(clerk: Browser, task: str) -> bool:
    return 'data-courier-state="at_store"' in clerk.open(f"/desk/tasks/{task}/").html


def _press(clerk: Browser, page: Page, action: str) -> Page:
    form: Form | None = page.form(action=action)
    if form is None:
        raise StoryBroken(f"no button for {action} at {page.url}")
    return clerk.send(form)


def _await_delivery(shopper: Browser, number: str, teller: Teller) -> None:
    def delivered() -> bool:
        return 'data-status="completed"' in shopper.open(f"/orders/{number}/").html

    _await("the delivery", delivered)
    teller.tell(Step("The courier has delivered; the order is completed"))


def _show_credit(headquarters: Browser, number: str, teller: Teller) -> None:
    rows = _await("the sales credit", lambda: headquarters.open(f"/hq/orders/{number}/").words("credit-row"))
    teller.tell(Step("The sale is recognised and credited", tuple(rows)))


def _await(what: str, look: Callable[[], T]) -> T:
    """Look again and again until there is something to see.

    :raises StoryBroken: when there is nothing after a minute and a half.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise StoryBroken(f"waited {PATIENCE_SECONDS:.0f} seconds in vain for {what}")
        time.sleep(0.3)
