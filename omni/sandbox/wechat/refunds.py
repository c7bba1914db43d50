"""Refunds: accepted first (PROCESSING), done later (SUCCESS, or ABNORMAL or CLOSED under a fault)."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from sqlite3 import Row
from typing import Any

from omni.sandbox.wechat.errors import WechatError, param_error
from omni.sandbox.wechat.trades import Trade, Trades, check_fen, check_text, fingerprint_of
from omni.sandbox.world import World

PROCESSING_SECONDS = 30.0
INTERVAL_SECONDS = 60.0
MAX_REFUNDS = 50


@dataclass(frozen=True)
class Refund:
    """One refund under the merchant's number; `outcome` is how it will end."""

    out_refund_no: str
    refund_id: str
    out_trade_no: str
    fingerprint: str
    refund_fen: int
    total_fen: int
    notify_url: str | None
    status: str
    outcome: str
    requested: float
    due: float | None
    created_at: str
    success_at: str | None


class Refunds:
    """Accepts, finds and finishes refunds."""

    def __init__(self, world: World, trades: Trades) -> None:
        self._world = world
        self._database = world.database
        self._trades = trades

    def request(self, params: Mapping[str, Any]) -> Refund:
        """Accept a refund, or find the same one again; one that ended CLOSED is tried again.

        :raises WechatError: wrong parameters; no such payment; more than was paid; too many.
        """
        _check_request(params)
        number = params["out_refund_no"]
        self._suffer_faults(params)
        with self._database.transaction():
            known = self.find(number)
            if known is not None:
                return self._repeated(known, params)
            trade = self._paid_trade(params)
            self._check_limits(trade, params)
            now = self._world.clock.elapsed()
            self._database.change(
                "INSERT INTO refund (out_refund_no, refund_id, out_trade_no, fingerprint, refund_fen, total_fen, "
                "notify_url, status, outcome, requested, due, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                number, f"50{secrets.randbelow(10**26):026d}", trade.out_trade_no, fingerprint_of(params),
                params["amount"]["refund"], params["amount"]["total"], params.get("notify_url"), "PROCESSING",
                self._outcome(trade, number), now, now + PROCESSING_SECONDS, self._world.clock.stamp(),
            )  # fmt: skip
            self._database.change("UPDATE trade SET state = 'REFUND' WHERE out_trade_no = ?", trade.out_trade_no)
        return self.get(number)

    def find(self, out_refund_no: str) -> Refund | None:
        """Return a refund by the merchant's number."""
        row = self._database.row("SELECT * FROM refund WHERE out_refund_no = ?", out_refund_no)
        return None if row is None else _refund(row)

    def get(self, out_refund_no: str) -> Refund:
        """Return a refund.

        :raises WechatError: 404 RESOURCE_NOT_EXISTS.
        """
        refund = self.find(out_refund_no)
        if refund is None:
            raise WechatError(404, "RESOURCE_NOT_EXISTS", "退款单不存在")
        return refund

    def of_trade(self, out_trade_no: str) -> list[Refund]:
        """Return all refunds of one order, oldest first."""
        rows = self._database.rows("SELECT * FROM refund WHERE out_trade_no = ? ORDER BY rowid", out_trade_no)
        return [_refund(row) for row in rows]

    def finish_due(self) -> list[Refund]:
        """End the refunds whose time has come; return them."""
        with self._database.transaction():
            due = self._database.rows(
                "SELECT out_refund_no, outcome FROM refund WHERE due <= ?", self._world.clock.elapsed()
            )
            for row in due:
                stamp = self._world.clock.stamp() if row["outcome"] == "SUCCESS" else None
                self._database.change(
                    "UPDATE refund SET status = outcome, due = NULL, success_at = ? WHERE out_refund_no = ?",
                    stamp, str(row["out_refund_no"]),
                )  # fmt: skip
            return [self.get(row["out_refund_no"]) for row in due]

    def content(self, refund: Refund) -> dict[str, Any]:
        """Return what an answer says of a refund."""
        trade = self._trades.find(refund.out_trade_no)
        content: dict[str, Any] = {
            "refund_id": refund.refund_id,
            "out_refund_no": refund.out_refund_no,
            "transaction_id": trade.transaction_id if trade else None,
            "out_trade_no": refund.out_trade_no,
            "channel": "ORIGINAL",
            "user_received_account": "支付用户零钱",
            "create_time": refund.created_at,
            "status": refund.status,
            "funds_account": "AVAILABLE",
            "amount": {
                "total": refund.total_fen,
                "refund": refund.refund_fen,
                "payer_total": refund.total_fen,
                "payer_refund": refund.refund_fen,
                "settlement_total": refund.total_fen,
                "settlement_refund": refund.refund_fen,
                "discount_refund": 0,
                "currency": "CNY",
            },
        }
        if refund.success_at is not None:
            content["success_time"] = refund.success_at
        return content

    def _repeated(self, refund: Refund, params: Mapping[str, Any]) -> Refund:
        if refund.fingerprint != fingerprint_of(params):
            raise WechatError(400, "INVALID_REQUEST", "订单金额或退款金额与之前请求不一致，请核实后再试")
        if refund.status != "CLOSED":
            return refund
        trade = self._paid_trade(params)
        self._check_limits(trade, params)
        self._database.change(
            "UPDATE refund SET status = 'PROCESSING', outcome = ?, due = ? WHERE out_refund_no = ?",
            self._outcome(trade, refund.out_refund_no),
            self._world.clock.elapsed() + PROCESSING_SECONDS,
            refund.out_refund_no,
        )
        return self.get(refund.out_refund_no)

    def _paid_trade(self, params: Mapping[str, Any]) -> Trade:
        if "transaction_id" in params:
            trade = self._trades.find_by_transaction(params["transaction_id"])
        else:
            trade = self._trades.find(params["out_trade_no"])
        if trade is None:
            raise WechatError(404, "RESOURCE_NOT_EXISTS", "订单不存在")
        if trade.paid_fen is None:
            raise WechatError(400, "INVALID_REQUEST", "订单未支付，不可退款")
        return trade

    def _suffer_faults(self, params: Mapping[str, Any]) -> None:
        """Refuse as a fault wants it; outside the transaction, whose undoing would switch the fault on again."""
        number, order, faults = params["out_refund_no"], str(params.get("out_trade_no", "")), self._world.faults
        since = self._world.clock.elapsed() - INTERVAL_SECONDS
        recent = any(other.requested > since and other.out_refund_no != number for other in self.of_trade(order))
        if recent and faults.take("wechat", "refund_interval", [order, number]):
            raise WechatError(429, "FREQUENCY_LIMITED", "同一笔订单的多次退款须间隔1分钟")
        if faults.take("wechat", "not_enough", [order, number]):
            raise WechatError(403, "NOT_ENOUGH", "基本账户余额不足，请充值后重新发起")

    def _check_limits(self, trade: Trade, params: Mapping[str, Any]) -> None:
        number = params["out_refund_no"]
        earlier = [
            other
            for other in self.of_trade(trade.out_trade_no)
            if other.status != "CLOSED" and other.out_refund_no != number
        ]
        if params["amount"]["total"] != trade.paid_fen:
            raise WechatError(400, "INVALID_REQUEST", "订单金额或退款金额与之前请求不一致，请核实后再试")
        if sum(other.refund_fen for other in earlier) + params["amount"]["refund"] > trade.paid_fen:
            raise WechatError(400, "INVALID_REQUEST", "退款金额大于可退金额")
        if len(earlier) >= MAX_REFUNDS:
            raise WechatError(400, "INVALID_REQUEST", "部分退款次数超过50次")

    def _outcome(self, trade: Trade, number: str) -> str:
        for fault, outcome in (("refund_abnormal", "ABNORMAL"), ("refund_closed", "CLOSED")):
            if self._world.faults.take("wechat", fault, [trade.out_trade_no, number]):
                return outcome
        return "SUCCESS"


def _refund(row: Row) -> Refund:
    return Refund(**dict(row))


def _check_request(params: Mapping[str, Any]) -> None:
    check_text(params, "out_refund_no", 64)
    if "transaction_id" not in params and "out_trade_no" not in params:
        raise param_error("out_trade_no", "transaction_id和out_trade_no二选一")
    for name, longest in (("transaction_id", 32), ("out_trade_no", 32), ("reason", 80), ("notify_url", 256)):
        if name in params:
            check_text(params, name, longest)
    amount = params.get("amount")
    if not isinstance(amount, dict):
        raise param_error("amount", "必填")
    check_fen(amount, "refund", "amount/refund")
    check_fen(amount, "total", "amount/total")
    if amount.get("currency") != "CNY":
        raise param_error("amount/currency", "须为CNY")
