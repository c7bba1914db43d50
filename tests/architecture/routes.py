"""Who gets what at every address: the one table; the admin's pages of rows are in `admin_routes`.

A route is named by its pattern ("desk/tasks/<str:number>/"). Its row says of which kind the row in the address is, and
everybody's answers to GET and to POST with a valid token and good data; `writers` are those whose POST changes rows.
Nobody's GET changes any.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

# The answer that asks to sign in, and the admin's own; a status otherwise.
Answer = int | Literal["sign in", "admin sign in"]
Answers = Mapping[str, Answer]

SIGN_IN: Answer = "sign in"
ADMIN_SIGN_IN: Answer = "admin sign in"

# The cast. Store A is brand one's; the guest placed the orders and filled the basket; brand two is "other".
GUEST, OTHER_GUEST, MEMBER = "guest", "other guest", "member"
CLERK_A, GUIDE_A, MANAGER_A, CLERK_B = "clerk of A", "guide of A", "manager of A", "clerk of B"
FORMER_CLERK_A, OTHER_CLERK = "former clerk of A", "clerk of the other brand"
HQ, REGION, OTHER_HQ = "headquarters", "region", "headquarters of the other brand"
MALL_FINANCE, ADMINISTRATOR = "finance of A's mall", "administrator"
KEY, READ_KEY, WRITE_KEY = "key", "key to read", "key to write"
OTHER_KEY, BARE_KEY = "key of the other brand", "key without scopes"

SIGNED_OUT = ("anonymous", GUEST, OTHER_GUEST)
AT_A = (CLERK_A, GUIDE_A, MANAGER_A)
OF_BRAND = (HQ, REGION)
SIGNED_IN = (
    *(MEMBER, *AT_A, CLERK_B, FORMER_CLERK_A, OTHER_CLERK),
    *(*OF_BRAND, OTHER_HQ, MALL_FINANCE, ADMINISTRATOR),
)
KEYS = (KEY, READ_KEY, WRITE_KEY, OTHER_KEY, BARE_KEY)
PEOPLE = (*SIGNED_OUT, *SIGNED_IN)
ROLES = (*PEOPLE, *KEYS)


@dataclass(frozen=True)
class Route:
    """What everybody gets at an address."""

    get: Answers
    post: Answers
    row: str = ""
    writers: tuple[str, ...] = ()


def answers(default: Answer, *exceptions: tuple[Iterable[str], Answer]) -> Answers:
    """Return one answer for everybody but those named; who is named later counts."""
    given = dict.fromkeys(ROLES, default)
    for roles, answer in exceptions:
        given |= dict.fromkeys(roles, answer)
    return given


NOT_ALLOWED = answers(405)
# A key opens no page: its bearer is nobody there.
OUTSIDE = (*SIGNED_OUT, *KEYS)
FOR_ALL = Route(get=answers(200), post=NOT_ALLOWED)
DESK = answers(404, (OUTSIDE, SIGN_IN), (AT_A, 200))
DESK_SENT = answers(404, (OUTSIDE, SIGN_IN), (AT_A, 302))
MANAGERS = answers(404, (OUTSIDE, SIGN_IN), ([MANAGER_A], 200))
HEADQUARTERS = answers(404, (OUTSIDE, SIGN_IN), (OF_BRAND, 200))
ACCOUNT = answers(200, (OUTSIDE, 302))
AGAIN = Route(get=NOT_ALLOWED, post=answers(302))
OWN_ADDRESS = answers(404, (OUTSIDE, 302), ([MEMBER], 302))
AT_BRAND = (*AT_A, CLERK_B)
SHOP_RETURN = Route(get=answers(404, ([GUEST], 200)), post=NOT_ALLOWED, row="agreed return")
SHOP_ORDER = Route(get=answers(404, ([GUEST], 200)), post=NOT_ALLOWED, row="unpaid order")


def desk_form(row: str) -> Route:
    """Return who may open a form of store A's desk, and send it."""
    return Route(get=DESK, post=desk_act(row).post, row=row, writers=AT_A)


def desk_act(row: str) -> Route:
    """Return who may do something to a task."""
    done = answers(404, (OUTSIDE, SIGN_IN), (AT_A, 302))
    return Route(get=NOT_ALLOWED, post=done, row=row, writers=AT_A)


def counter_form() -> Route:
    """Return who sees a form of the counter's basket, and sends it."""
    return Route(DESK, answers(404, (OUTSIDE, SIGN_IN), (AT_A, 302)), row="counter basket", writers=AT_A)


def administrators(get: Answer, post: Answer, *, row: str = "") -> Route:
    """Return a page of the admin: everybody else is asked to sign in there."""
    return Route(
        answers(ADMIN_SIGN_IN, ([ADMINISTRATOR], get)),
        answers(ADMIN_SIGN_IN, ([ADMINISTRATOR], post)),
        row=row,
    )


STOCK = "desk/stores/<int:store_id>/stock/"
STOCK_PAGES: dict[str, Route] = {
    STOCK: Route(DESK, NOT_ALLOWED, row="store"),
    f"{STOCK}styles/<str:code>/": Route(DESK, NOT_ALLOWED),
    f"{STOCK}items/<int:variant_id>/": Route(DESK, NOT_ALLOWED, row="store"),
    f"{STOCK}items/<int:variant_id>/adjust/": desk_act("store"),
    f"{STOCK}counts/": Route(DESK, NOT_ALLOWED, row="store"),
    f"{STOCK}counts/plan/": desk_act("store"),
    f"{STOCK}counts/<str:number>/": Route(DESK, NOT_ALLOWED, row="count"),
    f"{STOCK}counts/<str:number>/pieces/": desk_act("count"),
    f"{STOCK}counts/<str:number>/act/": desk_act("count"),
    f"{STOCK}shipments/": Route(DESK, NOT_ALLOWED, row="store"),
    f"{STOCK}shipments/new/": Route(DESK, answers(404, (OUTSIDE, SIGN_IN), (AT_A, 302)), row="store", writers=AT_A),
    f"{STOCK}shipments/<str:number>/": Route(DESK, NOT_ALLOWED, row="announced delivery"),
    f"{STOCK}shipments/<str:number>/pieces/": desk_act("announced delivery"),
    f"{STOCK}shipments/<str:number>/lines/": desk_act("announced delivery"),
    f"{STOCK}shipments/<str:number>/act/": desk_act("announced delivery"),
    # Only the manager closes what differs; the others are told so.
    f"{STOCK}shipments/<str:number>/close/": Route(
        NOT_ALLOWED,
        answers(404, (OUTSIDE, SIGN_IN), (AT_A, 422), ([MANAGER_A], 302)),
        row="delivery that differs",
        writers=(MANAGER_A,),
    ),
}

PAGES: dict[str, Route] = {
    "healthz": Route(answers(200), answers(200)),
    "i18n/setlang/": Route(answers(302), answers(302)),
    "accounts/login/": Route(answers(200, (SIGNED_IN, 302)), answers(200, (SIGNED_IN, 302))),
    "accounts/logout/": Route(answers(302, (SIGNED_IN, 200)), answers(302)),
    "callbacks/wechat/": Route(NOT_ALLOWED, answers(401)),
    "callbacks/courier/": Route(NOT_ALLOWED, answers(401)),
    "callbacks/express/": Route(NOT_ALLOWED, answers(401)),
    # The shop.
    "": FOR_ALL,
    "manifest.webmanifest": FOR_ALL,
    "worker.js": FOR_ALL,
    "offline/": FOR_ALL,
    "favicon.ico": Route(get=answers(301), post=answers(301)),
    "products/": FOR_ALL,
    "products/<slug:brand_code>/<str:code>/": FOR_ALL,
    "garments/<shape>/<color>.svg": FOR_ALL,
    "pictures/<path:name>": Route(answers(404), NOT_ALLOWED),
    "robots.txt": FOR_ALL,
    "sitemap.xml": FOR_ALL,
    "scan/<slug:brand_code>/<path:sku>/": Route(answers(302), NOT_ALLOWED),
    "scan/<slug:brand_code>/<path:sku>/code.svg": FOR_ALL,
    "collections/<slug:brand_code>/<slug:code>/": Route(answers(200), NOT_ALLOWED, row="collection"),
    "search/": FOR_ALL,
    "search/suggestions/": FOR_ALL,
    "place/": Route(answers(200), answers(302)),
    "place/districts/": FOR_ALL,
    "stores/": FOR_ALL,
    "stores/<slug:brand_code>/<path:store_code>/": FOR_ALL,
    "basket/": FOR_ALL,
    "basket/add/": Route(NOT_ALLOWED, answers(302), writers=ROLES),
    "basket/count/": FOR_ALL,
    "basket/change/": Route(NOT_ALLOWED, answers(302), writers=(GUEST,)),
    "checkout/<slug:brand_code>/": Route(answers(302, ([GUEST], 200)), answers(302), writers=(GUEST,)),
    "checkout/<slug:brand_code>/bill/": Route(NOT_ALLOWED, answers(404, ([GUEST], 200))),
    "orders/": FOR_ALL,
    "orders/<str:number>/": SHOP_ORDER,
    "orders/<str:number>/status/": SHOP_ORDER,
    "orders/<str:number>/payment/": SHOP_ORDER,
    "orders/<str:number>/pay/qr.svg": SHOP_ORDER,
    "orders/<str:number>/pickup/<str:share>.svg": Route(
        answers(404, ([GUEST], 200)), NOT_ALLOWED, row="order to collect"
    ),
    "invoices/": FOR_ALL,
    "orders/<str:number>/invoice/": Route(
        answers(404, ([GUEST], 200)), answers(404, ([GUEST], 302)), row="order to speak of", writers=(GUEST,)
    ),
    "orders/<str:number>/feedback/": Route(
        answers(404, ([GUEST], 200)), answers(404, ([GUEST], 302)), row="order to speak of", writers=(GUEST,)
    ),
    "orders/<str:number>/feedback/<slug:key>.jpg": Route(
        answers(404, ([GUEST], 200)), NOT_ALLOWED, row="order to speak of"
    ),
    "products/<slug:brand_code>/<str:code>/reviews/": FOR_ALL,
    "reviews/<slug:key>.jpg": FOR_ALL,
    "arrival/": Route(answers(200), answers(302), writers=ROLES),
    "arrival/<str:token>/": Route(answers(200), answers(302), writers=ROLES),
    "orders/<str:number>/pay/": Route(
        answers(404, ([GUEST], 200)), answers(404, ([GUEST], 302)), row="order to pay again", writers=(GUEST,)
    ),
    "orders/<str:number>/cancel/": Route(
        NOT_ALLOWED, answers(404, ([GUEST], 302)), row="unpaid order", writers=(GUEST,)
    ),
    "try-on/": Route(answers(200), answers(302), writers=ROLES),
    "try-ons/": FOR_ALL,
    "try-ons/<str:number>/": Route(answers(404, ([GUEST], 200)), NOT_ALLOWED, row="try-on"),
    "try-ons/<str:number>/code.svg": Route(answers(404, ([GUEST], 200)), NOT_ALLOWED, row="try-on"),
    "try-ons/<str:number>/cancel/": Route(NOT_ALLOWED, answers(404, ([GUEST], 302)), row="try-on", writers=(GUEST,)),
    # Returns: the shopper's pages, and the desk of any store of the brand.
    "orders/<str:number>/return/": Route(
        answers(404, ([GUEST], 200)), answers(404, ([GUEST], 302)), row="delivered order", writers=(GUEST,)
    ),
    "returns/": FOR_ALL,
    "returns/<str:number>/": SHOP_RETURN,
    "returns/<str:number>/status/": SHOP_RETURN,
    "returns/<str:number>/code.svg": SHOP_RETURN,
    "returns/<str:number>/cancel/": Route(
        NOT_ALLOWED, answers(404, ([GUEST], 302)), row="agreed return", writers=(GUEST,)
    ),
    "desk/stores/<int:store_id>/scan/": Route(DESK, NOT_ALLOWED),
    "desk/stores/<int:store_id>/causes/<str:cause>/": Route(
        answers(404, (OUTSIDE, SIGN_IN), (AT_A, 302)), NOT_ALLOWED, row="store"
    ),
    **STOCK_PAGES,
    "desk/stores/<int:store_id>/share/": Route(DESK, NOT_ALLOWED),
    "desk/stores/<int:store_id>/counter/<str:number>/code/": Route(DESK, NOT_ALLOWED, row="counter basket"),
    "desk/stores/<int:store_id>/counter/<str:number>/code.svg": Route(DESK, NOT_ALLOWED, row="counter basket"),
    # The code is the shopper's key: whoever scanned it may look and pay.
    "pay/<str:token>/": Route(answers(200), answers(422), row="code of a basket"),
    "pay/<str:token>/status/": Route(answers(286), NOT_ALLOWED, row="code of a basket"),
    "g/<str:token>/": Route(answers(404), NOT_ALLOWED),
    "g/<str:token>/code.svg": Route(answers(404), NOT_ALLOWED),
    "desk/stores/<int:store_id>/numbers/": Route(DESK, NOT_ALLOWED),
    "desk/stores/<int:store_id>/pin/": Route(
        MANAGERS, answers(404, (OUTSIDE, SIGN_IN), ([MANAGER_A], 302)), writers=(MANAGER_A,)
    ),
    "desk/stores/<int:store_id>/members/": Route(DESK, NOT_ALLOWED),
    "desk/stores/<int:store_id>/members/<str:number>/": Route(DESK, NOT_ALLOWED, row="member at hand"),
    "desk/stores/<int:store_id>/members/<str:number>/guide/": desk_act("member at hand"),
    "desk/stores/<int:store_id>/members/<str:number>/notes/": desk_act("member at hand"),
    "desk/stores/<int:store_id>/members/<str:number>/plans/": desk_act("member at hand"),
    "desk/stores/<int:store_id>/members/<str:number>/plans/<int:follow_up_id>/done/": desk_act("member at hand"),
    "desk/stores/<int:store_id>/members/<str:number>/consent/": desk_act("member at hand"),
    "desk/stores/<int:store_id>/members/<str:number>/phone/": Route(
        NOT_ALLOWED, DESK, row="member at hand", writers=AT_A
    ),
    "desk/stores/<int:store_id>/aisle/": Route(DESK, NOT_ALLOWED),
    "desk/stores/<int:store_id>/aisle/send/": desk_act("store"),
    # The counter of store A: a basket that is open, one that is parked, one that is being paid.
    "desk/stores/<int:store_id>/counter/": Route(DESK, NOT_ALLOWED),
    "desk/stores/<int:store_id>/counter/open/": desk_act("store"),
    "desk/stores/<int:store_id>/counter/collect/": desk_act("store"),
    "desk/stores/<int:store_id>/counter/<str:number>/lines/<int:line_id>/keep/": Route(
        DESK, DESK_SENT, row="basket with collection", writers=AT_A
    ),
    "desk/stores/<int:store_id>/counter/<str:number>/": Route(DESK, NOT_ALLOWED, row="counter basket"),
    "desk/stores/<int:store_id>/counter/<str:number>/add/": counter_form(),
    "desk/stores/<int:store_id>/counter/<str:number>/lines/<int:line_id>/": desk_act("counter basket"),
    "desk/stores/<int:store_id>/counter/<str:number>/lines/<int:line_id>/sizes/": Route(
        DESK, NOT_ALLOWED, row="counter basket"
    ),
    "desk/stores/<int:store_id>/counter/<str:number>/lines/<int:line_id>/discount/": counter_form(),
    "desk/stores/<int:store_id>/counter/<str:number>/member/": counter_form(),
    "desk/stores/<int:store_id>/counter/<str:number>/enrol/": desk_act("counter basket"),
    "desk/stores/<int:store_id>/counter/<str:number>/offers/": desk_act("counter basket"),
    "desk/stores/<int:store_id>/counter/<str:number>/returns/": counter_form(),
    "desk/stores/<int:store_id>/counter/<str:number>/send/": counter_form(),
    "desk/stores/<int:store_id>/counter/<str:number>/seller/": desk_act("counter basket"),
    "desk/stores/<int:store_id>/counter/<str:number>/move/": desk_act("counter basket"),
    "desk/stores/<int:store_id>/counter/<str:number>/begin/": desk_act("counter basket"),
    "desk/stores/<int:store_id>/counter/<str:number>/pay/": Route(DESK, NOT_ALLOWED, row="paying basket"),
    "desk/stores/<int:store_id>/counter/<str:number>/pay/tender/": desk_act("paying basket"),
    "desk/stores/<int:store_id>/counter/<str:number>/pay/card/<int:intent_id>/": desk_act("paying basket"),
    "desk/stores/<int:store_id>/counter/<str:number>/pay/give-up/": desk_act("paying basket"),
    "desk/stores/<int:store_id>/counter/<str:number>/pay/leave/<int:line_id>/": desk_act("paying basket"),
    "desk/stores/<int:store_id>/counter/<str:number>/pay/qr.svg": Route(DESK, NOT_ALLOWED, row="paying basket"),
    "desk/manifest.webmanifest": FOR_ALL,
    "desk/worker.js": FOR_ALL,
    "desk/offline/": FOR_ALL,
    "desk/token/": Route(answers(200, (OUTSIDE, SIGN_IN)), NOT_ALLOWED),
    # Tills, and receipts.
    "desk/stores/<int:store_id>/till/": Route(DESK, NOT_ALLOWED),
    "desk/stores/<int:store_id>/till/open/": desk_act("store"),
    "desk/stores/<int:store_id>/till/sessions/": Route(
        answers(404, (OUTSIDE, SIGN_IN), ([MANAGER_A], 200)), NOT_ALLOWED
    ),
    "desk/stores/<int:store_id>/till/refunds/<int:refund_id>/": desk_form("cash to give back"),
    "desk/stores/<int:store_id>/till/cards/<int:intent_id>/": desk_form("card without a result"),
    "desk/stores/<int:store_id>/till/<int:drawer_id>/": Route(DESK, NOT_ALLOWED, row="open till"),
    "desk/stores/<int:store_id>/till/<int:drawer_id>/move/": desk_act("open till"),
    "desk/stores/<int:store_id>/till/<int:drawer_id>/count/": desk_form("open till"),
    "desk/stores/<int:store_id>/till/<int:drawer_id>/confirm/": Route(
        NOT_ALLOWED,
        answers(404, (OUTSIDE, SIGN_IN), ([MANAGER_A], 302)),
        row="counted till",
        writers=(MANAGER_A,),
    ),
    "desk/stores/<int:store_id>/till/<int:drawer_id>/report/": Route(DESK, NOT_ALLOWED, row="counted till"),
    "desk/receipts/<str:number>/": Route(DESK, NOT_ALLOWED, row="order paid at the till"),
    "desk/receipts/<str:number>/send/": desk_act("order paid at the till"),
    "desk/receipts/<str:number>/code.svg": Route(DESK, NOT_ALLOWED, row="order paid at the till"),
    "orders/<str:number>/receipt/": SHOP_ORDER,
    "orders/<str:number>/receipt/code.svg": SHOP_ORDER,
    "desk/returns/": Route(answers(404, (OUTSIDE, SIGN_IN), ((*AT_BRAND, OTHER_CLERK), 200)), NOT_ALLOWED),
    "desk/returns/<str:number>/": Route(
        answers(404, (OUTSIDE, SIGN_IN), (AT_BRAND, 200)), NOT_ALLOWED, row="agreed return"
    ),
    "desk/stores/<int:store_id>/returns/": Route(DESK, NOT_ALLOWED, row="store"),
    "desk/stores/<int:store_id>/returns/find/": Route(NOT_ALLOWED, DESK_SENT, row="store"),
    "desk/stores/<int:store_id>/returns/orders/<str:number>/": Route(
        DESK, DESK_SENT, row="delivered order", writers=AT_A
    ),
    "desk/stores/<int:store_id>/returns/people/<str:token>/": Route(DESK, DESK_SENT, row="history", writers=AT_A),
    # Collecting and trying on, at the desk.
    "desk/stores/<int:store_id>/try-ons/": Route(DESK, NOT_ALLOWED, row="store"),
    "desk/stores/<int:store_id>/codes/": Route(NOT_ALLOWED, DESK, row="store", writers=AT_A),
    "desk/collect/<str:number>/": desk_act("ready task"),
    "desk/try-ons/<str:number>/": Route(DESK, NOT_ALLOWED, row="try-on"),
    "desk/try-ons/<str:number>/prepare/": desk_act("booked try-on"),
    "desk/try-ons/<str:number>/check-in/": desk_act("try-on"),
    "desk/try-ons/<str:number>/room/": desk_act("arrived try-on"),
    "desk/try-ons/<str:number>/tried/": desk_act("arrived try-on"),
    # At noon nobody is late yet.
    "desk/try-ons/<str:number>/no-show/": Route(NOT_ALLOWED, DESK_SENT, row="try-on"),
    "desk/try-ons/<str:number>/sell/": desk_act("kept try-on"),
    "desk/try-ons/<str:number>/put-back/": desk_act("kept try-on"),
    "desk/returns/<str:number>/receive/": Route(
        NOT_ALLOWED,
        answers(404, (OUTSIDE, SIGN_IN), ([CLERK_B], 422), (AT_A, 302)),
        row="agreed return",
        writers=AT_A,
    ),
    "desk/returns/<str:number>/inspect/": desk_act("received return"),
    "desk/returns/<str:number>/refuse/": desk_act("received return"),
    # The account of a shopper; whoever is signed in has one.
    "sign-in/": Route(answers(200, (SIGNED_IN, 302)), answers(422, (SIGNED_IN, 302))),
    "sign-in/code/": Route(answers(302), answers(302)),
    "sign-in/wechat/": Route(NOT_ALLOWED, answers(404, (SIGNED_IN, 302))),
    "sign-in/wechat/callback/": Route(answers(302), answers(302)),
    "me/security/wechat/link/": AGAIN,
    "me/security/wechat/<int:link_id>/unlink/": AGAIN,
    "sign-in/passkey/": Route(NOT_ALLOWED, answers(302)),
    "sign-in/passkey/question/": Route(NOT_ALLOWED, answers(200)),
    "me/": Route(ACCOUNT, NOT_ALLOWED),
    "me/profile/": Route(ACCOUNT, answers(302), writers=SIGNED_IN),
    "me/addresses/": Route(ACCOUNT, NOT_ALLOWED),
    "me/addresses/add/": Route(ACCOUNT, answers(302), writers=SIGNED_IN),
    "me/addresses/<int:address_id>/": Route(
        answers(404, (OUTSIDE, 302), ([MEMBER], 200)), OWN_ADDRESS, row="address", writers=(MEMBER,)
    ),
    "me/addresses/<int:address_id>/prefer/": Route(NOT_ALLOWED, OWN_ADDRESS, row="address", writers=(MEMBER,)),
    "me/addresses/<int:address_id>/delete/": Route(NOT_ALLOWED, OWN_ADDRESS, row="address", writers=(MEMBER,)),
    "me/consent/": Route(ACCOUNT, answers(404, (OUTSIDE, 302), ([MEMBER], 302)), writers=(MEMBER,)),
    "me/sizes/": Route(ACCOUNT, answers(302), writers=SIGNED_IN),
    "me/wishes/": Route(ACCOUNT, NOT_ALLOWED),
    "me/wishes/add/": Route(NOT_ALLOWED, answers(302), writers=SIGNED_IN),
    "me/wishes/<int:wish_id>/remove/": Route(NOT_ALLOWED, OWN_ADDRESS, row="wish", writers=(MEMBER,)),
    "me/wishes/<int:wish_id>/to-basket/": Route(
        NOT_ALLOWED, answers(404, (OUTSIDE, 302), ([MEMBER], 307)), row="wish", writers=(MEMBER,)
    ),
    "me/code/<slug:brand_code>/": Route(answers(404, (OUTSIDE, 302), ([MEMBER], 200)), NOT_ALLOWED),
    "me/join/<slug:brand_code>/": Route(NOT_ALLOWED, answers(409, (OUTSIDE, 302), ([MEMBER], 302)), writers=(MEMBER,)),
    "me/coupons/": Route(ACCOUNT, NOT_ALLOWED),
    "me/coupons/code/": Route(NOT_ALLOWED, answers(422, (OUTSIDE, 302), ([MEMBER], 302)), writers=(MEMBER,)),
    "me/coupons/claim/<int:template_id>/": Route(NOT_ALLOWED, answers(302), row="coupon to take", writers=(MEMBER,)),
    "me/coupons/<str:coupon_code>/": Route(answers(404, (OUTSIDE, 302), ([MEMBER], 200)), NOT_ALLOWED, row="coupon"),
    "me/points/": Route(ACCOUNT, NOT_ALLOWED),
    "me/points/<slug:brand_code>/": Route(answers(404, (OUTSIDE, 302), ([MEMBER], 200)), NOT_ALLOWED, row="points"),
    # Who has not just proven themselves does so first.
    "me/again/": Route(ACCOUNT, answers(422, (OUTSIDE, 302), ([MEMBER], 302)), writers=(MEMBER,)),
    "me/again/code/": Route(answers(302), answers(302)),
    "me/again/passkey/": Route(NOT_ALLOWED, answers(302)),
    "me/security/": Route(answers(302), NOT_ALLOWED),
    "me/security/passkeys/question/": AGAIN,
    "me/security/passkeys/add/": AGAIN,
    "me/security/passkeys/<int:passkey_id>/rename/": AGAIN,
    "me/security/passkeys/<int:passkey_id>/remove/": AGAIN,
    "me/data/": Route(ACCOUNT, NOT_ALLOWED),
    "me/data/copy/": AGAIN,
    "me/data/copy/<str:number>/": Route(answers(302), NOT_ALLOWED, row="unpaid order"),
    "me/data/erase/": Route(answers(302), answers(302)),
    "me/data/erase/withdraw/": AGAIN,
    # The desk.
    "desk/": Route(answers(200, (OUTSIDE, SIGN_IN), ((*AT_A, CLERK_B, OTHER_CLERK), 302)), NOT_ALLOWED),
    "desk/stores/<int:store_id>/": Route(DESK, NOT_ALLOWED, row="store"),
    "desk/stores/<int:store_id>/wave/": Route(DESK, DESK_SENT, row="store", writers=AT_A),
    "desk/stores/<int:store_id>/escalations/": Route(MANAGERS, NOT_ALLOWED, row="store"),
    "desk/stores/<int:store_id>/van/": Route(DESK, NOT_ALLOWED, row="store"),
    # Nothing waits for the van here: whoever may, is told so.
    "desk/stores/<int:store_id>/van/scan/": Route(NOT_ALLOWED, DESK_SENT, row="store"),
    "desk/waves/<str:number>/": Route(DESK, NOT_ALLOWED, row="wave"),
    "desk/waves/<str:number>/scan/": desk_act("wave"),
    "desk/waves/<str:number>/pick/": desk_act("wave"),
    "desk/waves/<str:number>/put-back/": desk_act("wave"),
    "desk/waves/<str:number>/bin/": desk_act("wave"),
    "desk/waves/<str:number>/finish/": desk_act("wave"),
    "desk/tasks/<str:number>/": Route(DESK, NOT_ALLOWED, row="offered task"),
    "desk/tasks/<str:number>/give-back/": Route(DESK, DESK_SENT, row="offered task", writers=AT_A),
    "desk/tasks/<str:number>/reassign/": Route(
        MANAGERS,
        answers(404, (OUTSIDE, SIGN_IN), ([MANAGER_A], 302)),
        row="offered task",
        writers=(MANAGER_A,),
    ),
    "desk/tasks/<str:number>/label/": Route(DESK, NOT_ALLOWED, row="packed task"),
    "desk/tasks/<str:number>/parcels/": desk_act("packed task"),
    "desk/tasks/<str:number>/accept/": desk_act("offered task"),
    "desk/tasks/<str:number>/reject/": desk_act("offered task"),
    "desk/tasks/<str:number>/pick/": desk_act("accepted task"),
    "desk/tasks/<str:number>/pack/": desk_act("accepted task"),
    "desk/tasks/<str:number>/hand-over/": desk_act("packed task"),
    "desk/tasks/<str:number>/collect/": desk_act("ready task"),
    "desk/tasks/<str:number>/answer/": desk_act("task to cancel"),
    "desk/tasks/<str:number>/returned/": desk_act("returning task"),
    "desk/tasks/<str:number>/lost/": desk_act("returning task"),
    "desk/tasks/<str:number>/arrived/": desk_act("silent parcel"),
    "desk/tasks/<str:number>/restock/": desk_act("uncollected task"),
    # Headquarters.
    "hq/": Route(answers(302), answers(302)),
    "hq/orders/": Route(answers(404, (OUTSIDE, SIGN_IN), ((*OF_BRAND, OTHER_HQ), 200)), NOT_ALLOWED),
    "hq/orders/<str:number>/": Route(
        HEADQUARTERS,
        answers(404, (OUTSIDE, SIGN_IN), (OF_BRAND, 302)),
        row="unpaid order",
        writers=OF_BRAND,
    ),
    "hq/network/": Route(answers(404, (OUTSIDE, SIGN_IN), ((*OF_BRAND, OTHER_HQ), 200)), NOT_ALLOWED),
    "hq/offers/": Route(answers(404, (OUTSIDE, SIGN_IN), ((*OF_BRAND, OTHER_HQ), 200)), NOT_ALLOWED),
    "hq/offers/<slug:kind>/": Route(
        answers(404, (OUTSIDE, SIGN_IN), ((HQ, OTHER_HQ), 200)),
        answers(404, (OUTSIDE, SIGN_IN), ([OTHER_HQ], 422), ([HQ], 302)),
        writers=(HQ,),
    ),
    "hq/offers/<slug:kind>/<int:offer_id>/": Route(
        answers(404, (OUTSIDE, SIGN_IN), ([HQ], 200)),
        answers(404, (OUTSIDE, SIGN_IN), ([HQ], 302)),
        row="promotion",
        writers=(HQ,),
    ),
    "hq/offers/<slug:kind>/<int:offer_id>/start/": Route(
        NOT_ALLOWED, answers(404, (OUTSIDE, SIGN_IN), ([HQ], 302)), row="promotion", writers=(HQ,)
    ),
    "hq/offers/<slug:kind>/<int:offer_id>/stop/": Route(
        NOT_ALLOWED, answers(404, (OUTSIDE, SIGN_IN), ([HQ], 302)), row="promotion of last year", writers=(HQ,)
    ),
    "hq/coupons/<int:template_id>/issue/": Route(
        answers(404, (OUTSIDE, SIGN_IN), ([HQ], 200)),
        answers(404, (OUTSIDE, SIGN_IN), ([HQ], 302)),
        row="coupon to take",
        writers=(HQ,),
    ),
    # The API: people are nobody there.
    "api/v1/orders/": Route(
        answers(401, (KEYS, 405)),
        answers(401, (KEYS, 403), ([OTHER_KEY], 400), ([KEY, WRITE_KEY], 201)),
        writers=(KEY, WRITE_KEY),
    ),
    "api/v1/orders/<str:number>/": Route(
        answers(401, (KEYS, 403), ([OTHER_KEY], 404), ([KEY, READ_KEY], 200)),
        answers(401, (KEYS, 405)),
        row="unpaid order",
    ),
    "api/v1/orders/<str:number>/cancel/": Route(
        answers(401, (KEYS, 405)),
        answers(401, (KEYS, 403), ([OTHER_KEY], 404), ([KEY, WRITE_KEY], 200)),
        row="unpaid order",
        writers=(KEY, WRITE_KEY),
    ),
    "api/v1/stores/nearest": FOR_ALL,
    "api/v1/schema/": FOR_ALL,
    "api/v1/docs/": FOR_ALL,
    "api/": Route(answers(404), answers(404)),
    # The admin, but for its models.
    "admin/": administrators(200, 200),
    "admin/login/": Route(answers(200, ([ADMINISTRATOR], 302)), answers(200)),
    "admin/logout/": Route(answers(302, ([ADMINISTRATOR], 405)), answers(302)),
    "admin/password_change/": administrators(200, 200),
    "admin/password_change/done/": administrators(200, 405),
    "admin/autocomplete/": administrators(403, 405),
    "admin/jsi18n/": administrators(200, 405),
    "admin/r/<path:content_type_id>/<path:object_id>/": administrators(404, 404),
    "admin/<app_label>/": administrators(200, 200),
    "admin/<url>": administrators(404, 404),
    "admin/accounts/user/<id>/password/": administrators(200, 200, row="accounts.user"),
}
