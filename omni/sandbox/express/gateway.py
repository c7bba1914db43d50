"""The HTTP interface of the express company."""

import math
from typing import Any

from omni.sandbox.bearer import Answer, BearerService, Call, text_in
from omni.sandbox.courier.gateway import read_text
from omni.sandbox.courier.geometry import Point, great_circle_metres, read_point
from omni.sandbox.express.orders import CALLED_OFF, ORDERED, Order, Orders, city_of, is_in_country
from omni.sandbox.express.walk import Walk, way_seconds
from omni.sandbox.web import Problem, Request, Router
from omni.sandbox.webhooks import Webhooks
from omni.sandbox.world import World

STANDARD = "standard"
BASE_FEE_FEN, STEP_METRES, STEP_FEE_FEN = 800, 500_000.0, 200
MOST_PARCELS, MOST_GRAMS = 20, 50_000


class Express:
    """The company's account of one merchant."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.orders = Orders(world)
        webhooks = Webhooks(world, "express", "parcel.updated", world.credentials.express_webhook_secret)
        self.walk = Walk(world, self.orders, webhooks)
        self._bearer = BearerService(world, "express", world.credentials.express_api_key)

    def add_routes(self, router: Router) -> None:
        """Add the company's own URLs."""
        one = "/express/v1/orders/{order_id}"
        self._add(router, "POST", "/express/v1/quotes", "quote", self._quote)
        self._add(router, "POST", "/express/v1/orders", "create", self._create)
        self._add(router, "GET", one, "get", self._get)
        self._add(router, "POST", f"{one}/cancel", "cancel", self._cancel)

    def _add(self, router: Router, method: str, pattern: str, operation: str, handler: Call) -> None:
        router.add(method, pattern, self._bearer.call(operation, handler, self._subjects))

    def _subjects(self, request: Request) -> list[str]:
        """Return the names of the order this call is about."""
        if "order_id" in request.params:
            try:
                return self.orders.get(request.params["order_id"]).subjects
            except Problem:
                return [request.params["order_id"]]
        return text_in(request, "external_id")

    def _quote(self, request: Request) -> Answer:
        body = request.json()
        metres = _distance(read_point(body, "from"), read_point(body, "to"))
        minutes = math.ceil(way_seconds(metres) / 60)
        return Answer({"offers": [{"id": STANDARD, "fee_fen": _fee_fen(metres), "eta_minutes": minutes}]})

    def _create(self, request: Request) -> Answer:
        body = request.json()
        external_id, callback_url = read_text(body, "external_id", 64), read_text(body, "callback_url", 500)
        metres = _distance(read_point(body, "from"), read_point(body, "to"))
        if not callback_url.startswith(("http://", "https://")):
            raise Problem(400, "invalid", "callback_url must be an http(s) address.", "callback_url")
        if body.get("offer_id", STANDARD) != STANDARD:
            raise Problem(422, "unknown_offer", "There is no such offer.", "offer_id")
        with self._world.database.transaction():
            existing = self.orders.find_external(external_id)
            if existing is not None:
                return Answer(self.walk.facts(existing), 409)
            order = self.orders.add(
                external_id=external_id,
                callback_url=callback_url,
                parcels=_read_parcels(body),
                cities=(_city(body, "from"), _city(body, "to")),
                distance_metres=metres,
                fee_fen=_fee_fen(metres),
            )
            return Answer(self.walk.facts(self.walk.begin(order)), 201)

    def _get(self, request: Request) -> Answer:
        return Answer(self.walk.facts(self._order(request)))

    def _cancel(self, request: Request) -> Answer:
        reason = str(request.json().get("reason") or "")[:200]
        with self._world.database.transaction():
            order = self._order(request)
            if order.state == ORDERED:
                order = self.walk.enter(order, CALLED_OFF, reason=reason)
            if order.state != CALLED_OFF:
                raise Problem(409, "cannot_cancel", "The parcels were collected.")
            return Answer(self.walk.facts(order))

    def _order(self, request: Request) -> Order:
        return self.orders.get(request.params["order_id"])


def _distance(start: Point, end: Point) -> float:
    """:raises Problem: 422 "out_of_reach"."""
    if not (is_in_country(start) and is_in_country(end)):
        raise Problem(422, "out_of_reach", "The company carries within China only.", "to")
    return great_circle_metres(start, end)


def _fee_fen(metres: float) -> int:
    """Return the fee: ¥8, and ¥2 for each further 500 km."""
    return BASE_FEE_FEN + STEP_FEE_FEN * max(0, math.ceil(metres / STEP_METRES) - 1)


def _city(body: dict[str, Any], name: str) -> str:
    return city_of(str(body[name].get("address") or ""))


def _read_parcels(body: dict[str, Any]) -> int:
    """:raises Problem: 400 "invalid" unless there are 1 to 20 parcels of at most 50 kg."""
    parcels = body.get("parcels")
    if not isinstance(parcels, list) or not 1 <= len(parcels) <= MOST_PARCELS:
        raise Problem(400, "invalid", "There are 1 to 20 parcels.", "parcels")
    for parcel in parcels:
        grams = parcel.get("weight_grams", 1) if isinstance(parcel, dict) else None
        if isinstance(grams, bool) or not isinstance(grams, int) or not 0 < grams <= MOST_GRAMS:
            raise Problem(400, "invalid", "A parcel weighs 1 g to 50 kg.", "parcels")
    return len(parcels)
