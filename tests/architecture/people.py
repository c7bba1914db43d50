"""Everybody who walks to every address, signed in as they are."""

import re

from django.test import Client

from omni.api.models import ApiKey
from orders import queries as orders_queries
from orders.models import BasketLine
from tests.architecture import routes
from tests.architecture.scene import BACKEND, CHECKOUT, Scene
from tests.architecture.visitors import TOKEN, Visitor
from tests.cast import World
from tests.factories.api import bearer, issue_key
from tests.factories.orders import placed_order


def enter(role: str, scene: Scene) -> Visitor:
    """Return somebody of a role, ready to ask."""
    visitor = Visitor(Client(enforce_csrf_checks=True))
    visitor.client.cookies["csrftoken"] = TOKEN
    if role in routes.KEYS:
        visitor.headers = bearer(_key(role, scene.world))
        visitor.client.get("/api/v1/orders/unknown/", headers=visitor.headers)  # writes when the key was last used
    elif role in routes.SIGNED_IN:
        visitor.client.force_login(scene.accounts[role], backend=BACKEND)
    elif role != "anonymous":
        _shop_as(role, visitor, scene)
    visitor.begin()
    return visitor


def _key(role: str, world: World) -> str:
    scopes = {routes.READ_KEY: ["orders:read"], routes.WRITE_KEY: ["orders:write"]}
    brand = world.other_brand if role == routes.OTHER_KEY else world.brand
    text = issue_key(brand, scopes.get(role, ["orders:read", "orders:write"]))
    if role == routes.BARE_KEY:
        ApiKey.objects.filter(prefix=text.partition(".")[0]).update(scopes=["statements:read"])
    return text


def _shop_as(role: str, visitor: Visitor, scene: Scene) -> None:
    """Let a guest have orders of their own by their signed links.

    The guest has a basket too; what its forms hold is what everybody else sends there as well.
    """
    own = ["unpaid order", "order to pay again", "order to collect", "order to speak of", "try-on", "delivered order"]
    own = [scene.rows[row] for row in own]
    if role != routes.GUEST:
        own = [placed_order(scene.world).number]
    for number in own:
        visitor.client.get(f"/orders/{number}/", {"t": orders_queries.sign_order_token(number)})
    if role == routes.GUEST:
        visitor.client.post("/basket/add/", {"brand": "one", "sku": "SHIRT-S"}, headers={"x-csrftoken": TOKEN})
        page = visitor.client.get("/checkout/one/").content.decode()
        hidden = {name: re.findall(rf'name="{name}" value="([^"]+)"', page)[0] for name in ("key", "seen")}
        scene.sent["checkout/<slug:brand_code>/"] = CHECKOUT | hidden
        scene.sent["basket/change/"] = {"line": str(BasketLine.objects.get().pk), "quantity": "2"}
