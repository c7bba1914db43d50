"""The URLs that tests, and people, drive the sandbox with."""

from collections.abc import Callable

from omni.sandbox.courier.deliveries import STATES
from omni.sandbox.courier.gateway import Courier
from omni.sandbox.express.gateway import Express
from omni.sandbox.express.orders import STATES as PARCEL_STATES
from omni.sandbox.faults import CATALOGUE, UnknownFault
from omni.sandbox.web import Problem, Request, Response, Router, json_response
from omni.sandbox.wechat.errors import WechatError
from omni.sandbox.wechat.gateway import WechatPay
from omni.sandbox.wechat.trades import Trade
from omni.sandbox.world import World

SCOPE = frozenset({"subject", "operation", "times"})
MAX_SCALE = 100_000
MAX_SECONDS = 1_000_000_000
MAX_FEN = 10**12


class Control:
    """Faults, clock, log, reset, and acts of the outside world."""

    def __init__(self, world: World, wechat: WechatPay, courier: Courier, express: Express) -> None:
        self._world = world
        self._wechat = wechat
        self._courier = courier
        self._express = express

    def add_routes(self, router: Router) -> None:
        """Add everything under /_sim, and what the courier's contract has under its own prefix."""
        for service in CATALOGUE:
            for prefix in (f"/_sim/{service}", *(["/courier/_sim"] if service == "courier" else [])):
                router.add("POST", f"{prefix}/faults", self._switch(service))
                router.add("GET", f"{prefix}/faults", self._list(service))
                router.add("DELETE", f"{prefix}/faults", self._clear(service))
        for prefix in ("/_sim", "/courier/_sim"):
            router.add("POST", f"{prefix}/clock", self._set_clock)
            router.add("GET", f"{prefix}/clock", self._read_clock)
        router.add("GET", "/_sim/log", self._log(""))
        router.add("GET", "/courier/_sim/log", self._log("courier"))
        router.add("POST", "/_sim/reset", self._reset)
        router.add("POST", "/_sim/wechat/pay", self._pay)
        router.add("POST", "/courier/_sim/deliveries/{delivery_id}/advance", self._advance)
        router.add("POST", "/express/_sim/orders/{order_id}/advance", self._advance_parcel)

    def switch(self, service: str, body: dict[str, object]) -> None:
        """Switch the faults of a request on or off.

        :raises Problem: 400 naming what is unknown; then nothing is switched.
        """
        subject, operation, times = body.get("subject", ""), body.get("operation", ""), body.get("times")
        if not isinstance(subject, str) or not isinstance(operation, str):
            raise Problem(400, "invalid", "subject and operation are texts.", "subject")
        if times is not None and (not isinstance(times, int) or isinstance(times, bool) or times < 1):
            raise Problem(400, "invalid", "times is a number of at least 1.", "times")
        with self._world.database.transaction():
            for name, value in body.items():
                if name in SCOPE:
                    continue
                if name == "probe" and service == "wechat":
                    self._probe(subject)
                    continue
                try:
                    self._world.faults.switch(service, name, value, subject=subject, operation=operation, times=times)
                except UnknownFault as error:
                    raise Problem(400, "unknown_fault", str(error), name) from error

    def _probe(self, subject: str) -> None:
        try:
            self._wechat.notices.probe(subject)
        except WechatError as error:
            raise Problem(404, "not_found", error.message, "subject") from error

    def _switch(self, service: str) -> Callable[[Request], Response]:
        def handler(request: Request) -> Response:
            self.switch(service, request.json())
            return json_response({"faults": self._world.faults.active(service)})

        return handler

    def _list(self, service: str) -> Callable[[Request], Response]:
        def handler(_request: Request) -> Response:
            return json_response({"faults": self._world.faults.active(service), "known": CATALOGUE[service]})

        return handler

    def _clear(self, service: str) -> Callable[[Request], Response]:
        def handler(_request: Request) -> Response:
            self._world.faults.clear(service)
            return json_response({"faults": []})

        return handler

    def _set_clock(self, request: Request) -> Response:
        body = request.json()
        for name in ("scale", "advance_s", "skew_s"):
            value = body.get(name)
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= MAX_SECONDS:
                raise Problem(400, "invalid", f"{name} is a number of at most {MAX_SECONDS}.", name)
        scale, advance = body.get("scale"), body.get("advance_s") or 0
        if scale is not None and not 0 < scale <= MAX_SCALE:
            raise Problem(400, "invalid", f"scale is above 0 and at most {MAX_SCALE}.", "scale")
        if advance < 0:
            raise Problem(400, "invalid", "Time does not go back.", "advance_s")
        self._world.clock.change(scale=scale, advance=advance, skew=body.get("skew_s"))
        return self._read_clock(request)

    def _read_clock(self, _request: Request) -> Response:
        return json_response(self._world.clock.reading())

    def _log(self, service: str) -> Callable[[Request], Response]:
        def handler(request: Request) -> Response:
            query = request.query
            try:
                after, limit = int(query.get("after", 0)), int(query.get("limit", 500))
            except ValueError as error:
                raise Problem(400, "invalid", "after and limit are numbers.", "after") from error
            entries = self._world.journal.entries(
                service=service or query.get("service", ""),
                kind=query.get("kind", ""),
                subject=query.get("subject", ""),
                after=after,
                limit=min(limit, 5000),
            )
            return json_response({"entries": entries})

        return handler

    def _reset(self, _request: Request) -> Response:
        self._world.database.forget()
        self._world.callbacks.await_rest()
        self._world.database.forget()
        self._world.clock.restart()
        return json_response({"status": "ok"})

    def _pay(self, request: Request) -> Response:
        body = request.json()
        amount = body.get("amount")
        if amount is not None and (
            not isinstance(amount, int) or isinstance(amount, bool) or not 1 <= amount <= MAX_FEN
        ):
            raise Problem(400, "invalid", "amount is a whole number of fen.", "amount")
        try:
            paid = self._wechat.pay(self._trade(body), amount)
        except WechatError as error:
            raise Problem(409, error.code, error.message) from error
        return json_response(self._wechat.trades.content(paid))

    def _trade(self, body: dict[str, object]) -> Trade:
        number, code_url = body.get("out_trade_no"), body.get("code_url")
        if isinstance(number, str):
            trade = self._wechat.trades.find(number)
        elif isinstance(code_url, str):
            trade = self._wechat.trades.find_by_token(code_url.rpartition("/")[2])
        else:
            raise Problem(400, "invalid", "out_trade_no or code_url is needed.", "out_trade_no")
        if trade is None:
            raise Problem(404, "not_found", "There is no such order.", "out_trade_no")
        return trade

    def _advance(self, request: Request) -> Response:
        body = request.json()
        to = body.get("to")
        if to not in STATES:
            raise Problem(400, "invalid", f"to is one of {', '.join(sorted(STATES))}.", "to")
        with self._world.database.transaction():
            moved = self._courier.walk.advance(
                self._courier.deliveries.get(request.params["delivery_id"]),
                str(to),
                reason=str(body.get("reason") or ""),
                by=str(body.get("by") or "SYSTEM"),
                jump=bool(body.get("jump")),
            )
        return json_response(self._courier.deliveries.content(moved))

    def _advance_parcel(self, request: Request) -> Response:
        body = request.json()
        to = body.get("to")
        if to not in PARCEL_STATES:
            raise Problem(400, "invalid", f"to is one of {', '.join(sorted(PARCEL_STATES))}.", "to")
        moved = self._express.walk.advance(
            self._express.orders.get(request.params["order_id"]),
            str(to),
            reason=str(body.get("reason") or ""),
            jump=bool(body.get("jump")),
        )
        return json_response(self._express.walk.facts(moved))
