"""The admin's pages of rows, the whole table with them, and the addresses that there are."""

from collections.abc import Iterable, Iterator

from django.apps import apps
from django.contrib.admindocs.views import simplify_regex
from django.urls import URLPattern, URLResolver, get_resolver

from tests.architecture.routes import PAGES, Answer, Route, administrators

# What the administrator may do to rows in the admin: look, change, add, delete.
READ, EDIT = "look", "look change add delete"
ADMIN_MODELS: dict[str, str] = {
    "auth.group": EDIT,
    "account.emailaddress": EDIT,
    "kernel.event": READ,
    "kernel.eventdelivery": READ,
    "kernel.transition": READ,
    "accounts.user": EDIT,
    "accounts.erasure": READ,
    "messaging.message": READ,
    "stores.brand": EDIT,
    "stores.counterparty": EDIT,
    "stores.district": READ,
    "stores.store": EDIT,
    "stores.storecapacity": READ,
    "stores.staff": EDIT,
    "inventory.category": EDIT,
    "inventory.collection": EDIT,
    "inventory.product": EDIT,
    "inventory.variant": EDIT,
    "inventory.sizechart": EDIT,
    "inventory.stocklevel": READ,
    "inventory.stockmovement": READ,
    "inventory.reservation": READ,
    "inventory.counttask": READ,
    "inventory.stockadjustment": READ,
    "inventory.count": READ,
    "inventory.shipment": READ,
    "inventory.receipt": READ,
    "members.member": READ,
    "members.orderfeedback": READ,
    "members.review": READ,
    "members.reviewphoto": READ,
    "members.feedbackticket": READ,
    "members.arrivalnotice": READ,
    "members.promotion": READ,
    "members.coupontemplate": READ,
    "members.coupon": READ,
    "members.offeruse": READ,
    "members.pointsprogram": EDIT,
    "members.tier": EDIT,
    "members.pointsaccount": READ,
    "members.pointsentry": READ,
    "fulfillment.routingrule": EDIT,
    "fulfillment.fulfillment": READ,
    "fulfillment.fulfillmentorder": READ,
    "fulfillment.routingdecision": READ,
    "fulfillment.acceptancerecord": READ,
    "fulfillment.delivery": READ,
    "fulfillment.deliverycallback": READ,
    "fulfillment.collection": READ,
    "fulfillment.pickupcode": READ,
    "fulfillment.pickwave": READ,
    "fulfillment.parcel": READ,
    "fulfillment.escalation": READ,
    "orders.order": READ,
    "orders.paymentintent": READ,
    "orders.paymentnotice": READ,
    "orders.refund": READ,
    "orders.recognition": READ,
    "orders.invoice": READ,
    "orders.tryon": READ,
    "orders.return": READ,
    "orders.returnpolicy": EDIT,
    "orders.counterbasket": READ,
    "orders.drawersession": READ,
    "orders.drawermovement": READ,
    "orders.tillslip": READ,
    "settlement.account": READ,
    "settlement.journalentry": READ,
    "settlement.creditentry": READ,
    "settlement.ruleversion": READ,
    "api.apikey": "look change delete",
}


def admin_routes(model: str, rights: str) -> dict[str, Route]:
    """Return the admin's pages of a model; forms sent empty are refused by themselves (200)."""
    base = f"admin/{model.replace('.', '/')}/"

    def page(right: str) -> Route:
        answer: Answer = 200 if right in rights.split() else 403
        return administrators(200 if right == "change" else answer, answer, row=model)

    return {
        base: page("look"),
        f"{base}add/": page("add"),
        f"{base}<path:object_id>/history/": page("look"),
        f"{base}<path:object_id>/delete/": page("delete"),
        f"{base}<path:object_id>/change/": page("change"),
        f"{base}<path:object_id>/": administrators(302, 302, row=model),
    }


def first_key(label: str) -> str:
    """Return the key of a row of a model ("stores.brand"); there must be one."""
    found = apps.get_model(label)._default_manager.order_by("pk").first()
    assert found is not None, f"no row of {label} to walk to"
    return str(found.pk)


def declared_routes() -> dict[str, Route]:
    """Return the whole table."""
    table = dict(PAGES)
    for model, rights in ADMIN_MODELS.items():
        table |= admin_routes(model, rights)
    return table


def existing_routes() -> list[str]:
    """Return the patterns of all addresses there are."""
    return list(_walk(get_resolver().url_patterns, ""))


def _walk(patterns: Iterable[URLPattern | URLResolver], prefix: str) -> Iterator[str]:
    for pattern in patterns:
        address = prefix + simplify_regex(str(pattern.pattern)).removeprefix("/").replace("\\", "")
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, address)
        else:
            yield address
