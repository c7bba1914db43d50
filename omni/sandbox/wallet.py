"""The shopper's phone: the page behind a code_url."""

import time
from contextlib import suppress

from omni.sandbox.rendering import Markup, moment, render, yuan
from omni.sandbox.web import Request, Response, Router, page_response, redirect
from omni.sandbox.wechat.errors import WechatError
from omni.sandbox.wechat.gateway import WechatPay
from omni.sandbox.wechat.trades import Trade
from omni.sandbox.world import World


class Wallet:
    """Shows what is to be paid, and pays it with one click."""

    def __init__(self, world: World, wechat: WechatPay) -> None:
        self._world = world
        self._wechat = wechat

    def add_routes(self, router: Router) -> None:
        """Add the page and its button; without a code the wallet leads to everything there is to pay."""
        router.add("GET", "/wallet", lambda _request: redirect("/payments"))
        router.add("GET", "/wallet/pay/{token}", self._show)
        router.add("POST", "/wallet/pay/{token}", self._pay)

    def _show(self, request: Request) -> Response:
        trade = self._wechat.trades.find_by_token(request.params["token"])
        if trade is None:
            return page_response(render("wallet_gone"), 404)
        page = render(
            "wallet",
            merchant=f"沙箱商户 Sandbox merchant {self._world.credentials.wechat.mchid}",
            description=trade.description,
            amount=yuan(trade.total_fen if trade.paid_fen is None else trade.paid_fen),
            number=trade.out_trade_no,
            foot=_foot(trade),
        )
        return page_response(page)

    def _pay(self, request: Request) -> Response:
        token = request.params["token"]
        trade = self._wechat.trades.find_by_token(token)
        if trade is not None and trade.token_expires_at > time.time():
            with suppress(WechatError):  # Paid or closed meanwhile: the page shows it.
                self._wechat.pay(trade)
        return redirect(f"/wallet/pay/{token}")


def _foot(trade: Trade) -> Markup:
    """Return what the page ends with: the button, or why there is none."""
    if trade.state in {"SUCCESS", "REFUND"}:
        return render("_wallet_paid", paid_at=moment(trade.paid_at or ""))
    if trade.state == "CLOSED":
        return render("_wallet_over", words="订单已关闭，无法支付 · This order is closed")
    if trade.token_expires_at <= time.time():
        return render("_wallet_over", words="二维码已过期，请返回商户重新获取 · This code has expired")
    return render("_wallet_button", token=trade.token, amount=yuan(trade.total_fen))
