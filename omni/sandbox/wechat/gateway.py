"""The HTTP interface of WeChat Pay v3, and the shopper's side of it."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from omni.sandbox.web import NoAnswer, Problem, Request, Response, Router, json_response
from omni.sandbox.wechat.errors import WechatError
from omni.sandbox.wechat.notices import Notices
from omni.sandbox.wechat.refunds import Refunds
from omni.sandbox.wechat.signing import check_authorization, signed_headers
from omni.sandbox.wechat.trades import Trade, Trades
from omni.sandbox.world import World


class WechatPay:
    """One merchant's account at the provider."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.trades = Trades(world)
        self.refunds = Refunds(world, self.trades)
        self.notices = Notices(world, self.trades, self.refunds)

    def add_routes(self, router: Router) -> None:
        """Add the provider's own URLs."""
        pay, refunds = "/v3/pay/transactions", "/v3/refund/domestic/refunds"
        router.add("POST", f"{pay}/native", self._signed("prepay", self._prepay))
        router.add("GET", f"{pay}/out-trade-no/{{out_trade_no}}", self._signed("query", self._query))
        router.add("GET", f"{pay}/id/{{transaction_id}}", self._signed("query", self._query))
        router.add("POST", f"{pay}/out-trade-no/{{out_trade_no}}/close", self._signed("close", self._close))
        router.add("POST", refunds, self._signed("refund", self._refund))
        router.add("GET", f"{refunds}/{{out_refund_no}}", self._signed("query_refund", self._query_refund))

    def pay(self, trade: Trade, paid_fen: int | None = None) -> Trade:
        """Pay as the shopper, and have the merchant told.

        :raises WechatError: 400 ORDERPAID or ORDER_CLOSED.
        """
        with self._world.database.transaction():
            paid = self.trades.pay(trade, paid_fen)
            self.notices.announce_payment(paid)
        return paid

    def finish_due(self) -> None:
        """End due refunds, and have the merchant told."""
        with self._world.database.transaction():
            for refund in self.refunds.finish_due():
                self.notices.announce_refund(refund)

    def _signed(self, operation: str, handler: Callable[[Request], Response]) -> Callable[[Request], Response]:
        """Wrap a handler in the protocol: signature in, faults, signature out, journal."""

        def answer(request: Request) -> Response:
            subjects = _subjects(request)
            faults = self._world.faults
            try:
                check_authorization(request, self._world.credentials.wechat)
                if faults.take("wechat", "http_500", subjects, operation):
                    response = _error_response(WechatError(500, "SYSTEM_ERROR", "系统异常，请稍后重试"))
                else:
                    response = handler(request)
            except WechatError as error:
                response = _error_response(error)
            hangs = bool(faults.take("wechat", "timeout", subjects, operation))
            self._world.journal.write(
                service="wechat", kind="call", operation=operation, subject=subjects[0] if subjects else "",
                method=request.method, url=request.target, status=None if hangs else response.status,
                request=request.body.decode("utf-8", "replace"), response=response.body.decode("utf-8"),
            )  # fmt: skip
            if hangs:
                raise NoAnswer
            return response.with_headers(self._signature(response.body, subjects, operation).items())

        return answer

    def _signature(self, body: bytes, subjects: list[str], operation: str) -> dict[str, str]:
        keys = self._world.credentials.wechat
        forged = self._world.faults.take("wechat", "forge_answer", subjects, operation)
        return signed_headers(
            body,
            key=keys.forger_private_key if forged else keys.platform_private_key,
            serial=keys.platform_key_id,
            timestamp=int(self._world.clock.wall().timestamp()),
        )

    def _prepay(self, request: Request) -> Response:
        return json_response({"code_url": self.trades.prepay(_body(request))})

    def _query(self, request: Request) -> Response:
        self._check_mchid(request.query.get("mchid"))
        if "transaction_id" in request.params:
            trade = self.trades.find_by_transaction(request.params["transaction_id"])
        else:
            trade = self.trades.find(request.params["out_trade_no"])
        if trade is None:
            raise WechatError(404, "ORDER_NOT_EXIST", "订单不存在")
        return json_response(self.trades.content(trade))

    def _close(self, request: Request) -> Response:
        self._check_mchid(_body(request).get("mchid"))
        number = request.params["out_trade_no"]
        trade = self.trades.find(number)
        if trade and trade.state == "NOTPAY" and self._world.faults.take("wechat", "close_says_paid", [number]):
            self.pay(trade)
        self.trades.close(number)
        return Response(204)

    def _refund(self, request: Request) -> Response:
        return json_response(self.refunds.content(self.refunds.request(_body(request))))

    def _query_refund(self, request: Request) -> Response:
        return json_response(self.refunds.content(self.refunds.get(request.params["out_refund_no"])))

    def _check_mchid(self, mchid: object) -> None:
        if mchid != self._world.credentials.wechat.mchid:
            raise WechatError(400, "PARAM_ERROR", "商户号mchid有误")


def _error_response(error: WechatError) -> Response:
    return json_response({"code": error.code, "message": error.message}, error.status)


def _body(request: Request) -> dict[str, Any]:
    try:
        return request.json()
    except Problem as problem:
        raise WechatError(400, "PARAM_ERROR", "无法将输入源“/body”解析为JSON对象") from problem


def _subjects(request: Request) -> list[str]:
    """Return the numbers this call is about, for the journal and for faults that are meant for one of them."""
    numbers = [*request.params.values()]
    with suppress(Problem):
        body = request.json()
        numbers += [body[key] for key in ("out_refund_no", "out_trade_no") if isinstance(body.get(key), str)]
    return numbers
