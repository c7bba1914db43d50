"""Orders at WeChat Pay: NOTPAY until paid (SUCCESS, then REFUND) or closed (CLOSED)."""

import hashlib
import json
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from sqlite3 import Row
from typing import Any

from omni.sandbox.wechat.errors import WechatError, param_error
from omni.sandbox.world import World

CODE_URL_SECONDS = 2 * 3600
ORDER_SECONDS = 7 * 24 * 3600
NUMBER = re.compile(r"^[0-9A-Za-z_\-|*]{6,32}$")
STATE_NAMES = {"NOTPAY": "订单未支付", "SUCCESS": "支付成功", "REFUND": "订单发生过退款", "CLOSED": "订单已关闭"}


@dataclass(frozen=True)
class Trade:
    """One order; `paid_fen` is what the shopper really paid."""

    out_trade_no: str
    token: str
    token_expires_at: float
    fingerprint: str
    description: str
    attach: str | None
    notify_url: str
    total_fen: int
    deadline: float
    state: str
    created_at: str
    transaction_id: str | None
    paid_fen: int | None
    paid_at: str | None


class Trades:
    """Creates, finds, closes and pays orders."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._database = world.database

    def prepay(self, params: Mapping[str, Any]) -> str:
        """Create the order, or find the same one again; return its code_url.

        :raises WechatError: wrong parameters; an order that is paid, closed, or has other parameters.
        """
        deadline = check_prepay(params, self._world)
        number, total = params["out_trade_no"], params["amount"]["total"]
        fingerprint = fingerprint_of(params)
        with self._database.transaction():
            trade = self.find(number)
            token, expires_at = secrets.token_urlsafe(18), time.time() + CODE_URL_SECONDS
            if trade is None:
                self._database.change(
                    "INSERT INTO trade (out_trade_no, token, token_expires_at, fingerprint, description, attach, "
                    "notify_url, total_fen, deadline, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    number, token, expires_at, fingerprint, params["description"], params.get("attach"),
                    params["notify_url"], total, deadline, self._world.clock.stamp(),
                )  # fmt: skip
                return self.code_url(token)
            if trade.state in {"SUCCESS", "REFUND"}:
                raise WechatError(400, "ORDERPAID", "该订单已支付")
            if trade.fingerprint != fingerprint:
                raise WechatError(403, "OUT_TRADE_NO_USED", "商户订单号重复")
            if trade.state == "CLOSED":
                raise WechatError(400, "ORDER_CLOSED", "该订单已关闭")
            if trade.token_expires_at > time.time():
                return self.code_url(trade.token)
            self._database.change(
                "UPDATE trade SET token = ?, token_expires_at = ? WHERE out_trade_no = ?", token, expires_at, number
            )
            return self.code_url(token)

    def code_url(self, token: str) -> str:
        """Return the address a wallet opens."""
        return f"{self._world.credentials.base_url}/wallet/pay/{token}"

    def find(self, out_trade_no: str) -> Trade | None:
        """Return the order as it stands now: an unpaid one past its deadline is closed."""
        return self._standing("SELECT * FROM trade WHERE out_trade_no = ?", out_trade_no)

    def find_by_transaction(self, transaction_id: str) -> Trade | None:
        """Return the order of a payment."""
        return self._standing("SELECT * FROM trade WHERE transaction_id = ?", transaction_id)

    def find_by_token(self, token: str) -> Trade | None:
        """Return the order a code_url leads to."""
        return self._standing("SELECT * FROM trade WHERE token = ?", token)

    def newest(self, limit: int) -> list[Trade]:
        """Return the newest orders first."""
        self._database.change("UPDATE trade SET state = 'CLOSED' WHERE state = 'NOTPAY' AND deadline <= ?", time.time())
        return [_trade(row) for row in self._database.rows("SELECT * FROM trade ORDER BY rowid DESC LIMIT ?", limit)]

    def close(self, out_trade_no: str) -> None:
        """Close an unpaid order for good.

        :raises WechatError: 404 ORDER_NOT_EXIST; 400 ORDERPAID or ORDER_CLOSED.
        """
        with self._database.transaction():
            trade = self.find(out_trade_no)
            if trade is None:
                raise WechatError(404, "ORDER_NOT_EXIST", "订单不存在")
            if trade.state == "CLOSED":
                raise WechatError(400, "ORDER_CLOSED", "订单已关闭，无法重复关闭")
            if trade.state != "NOTPAY":
                raise WechatError(400, "ORDERPAID", "订单已支付，不能发起关单")
            self._database.change("UPDATE trade SET state = 'CLOSED' WHERE out_trade_no = ?", out_trade_no)

    def pay(self, trade: Trade, paid_fen: int | None = None) -> Trade:
        """Take the shopper's money, once; return the order as paid.

        :raises WechatError: 400 ORDERPAID or ORDER_CLOSED.
        """
        with self._database.transaction():
            current = self.find(trade.out_trade_no)
            if current is None or current.state == "CLOSED":
                raise WechatError(400, "ORDER_CLOSED", "该订单已关闭")
            if current.state != "NOTPAY":
                raise WechatError(400, "ORDERPAID", "该订单已支付")
            self._database.change(
                "UPDATE trade SET state = 'SUCCESS', transaction_id = ?, paid_fen = ?, paid_at = ? "
                "WHERE out_trade_no = ?",
                f"42000{secrets.randbelow(10**23):023d}",
                trade.total_fen if paid_fen is None else paid_fen,
                self._world.clock.stamp(),
                trade.out_trade_no,
            )
            paid = self.find(trade.out_trade_no)
        if paid is None:
            raise LookupError(trade.out_trade_no)
        return paid

    def content(self, trade: Trade) -> dict[str, Any]:
        """Return what a query, or the plain text of a callback, says of an order."""
        keys = self._world.credentials.wechat
        content: dict[str, Any] = {
            "appid": keys.appid,
            "mchid": keys.mchid,
            "out_trade_no": trade.out_trade_no,
            "trade_state": trade.state,
            "trade_state_desc": STATE_NAMES[trade.state],
            "amount": {"total": trade.total_fen, "currency": "CNY"},
        }
        if trade.attach is not None:
            content["attach"] = trade.attach
        if trade.transaction_id is not None:
            content |= {
                "transaction_id": trade.transaction_id,
                "trade_type": "NATIVE",
                "bank_type": "OTHERS",
                "success_time": trade.paid_at,
                "payer": {"openid": f"o{hashlib.sha256(keys.appid.encode()).hexdigest()[:27]}"},
                "amount": {
                    "total": trade.paid_fen,
                    "payer_total": trade.paid_fen,
                    "currency": "CNY",
                    "payer_currency": "CNY",
                },
            }
        return content

    def _standing(self, sql: str, value: str) -> Trade | None:
        with self._database.transaction():
            row = self._database.row(sql, value)
            if row is None:
                return None
            if row["state"] == "NOTPAY" and row["deadline"] <= time.time():
                self._database.change(
                    "UPDATE trade SET state = 'CLOSED' WHERE out_trade_no = ?", str(row["out_trade_no"])
                )
                row = self._database.row(sql, value)
            return None if row is None else _trade(row)


def _trade(row: Row) -> Trade:
    return Trade(**dict(row))


def fingerprint_of(params: Mapping[str, Any]) -> str:
    """Return what tells whether two requests are the same."""
    return hashlib.sha256(json.dumps(params, sort_keys=True).encode("utf-8")).hexdigest()


def check_prepay(params: Mapping[str, Any], world: World) -> float:
    """Check the parameters of a Native order; return until when (Unix time) it can be paid.

    :raises WechatError: 400 PARAM_ERROR naming the field, or APPID_MCHID_NOT_MATCH.
    """
    keys = world.credentials.wechat
    check_text(params, "description", 127)
    check_text(params, "notify_url", 255)
    check_text(params, "appid", 32)
    check_text(params, "mchid", 32)
    if not isinstance(params.get("out_trade_no"), str) or not NUMBER.match(params["out_trade_no"]):
        raise param_error("out_trade_no", "须为6至32个字符的数字、大小写字母或_-|*")
    if (params["appid"], params["mchid"]) != (keys.appid, keys.mchid):
        raise WechatError(400, "APPID_MCHID_NOT_MATCH", "AppID和mch_id不匹配")
    if not params["notify_url"].startswith(("http://", "https://")) or "?" in params["notify_url"]:
        raise param_error("notify_url", "须为不带参数的URL")
    if "attach" in params:
        check_text(params, "attach", 128)
    amount = params.get("amount")
    if not isinstance(amount, dict):
        raise param_error("amount", "必填")
    check_fen(amount, "total", "amount/total")
    if amount.get("currency", "CNY") != "CNY":
        raise param_error("amount/currency", "境内商户号仅支持人民币CNY")
    return _deadline(params.get("time_expire"))


def _deadline(time_expire: object) -> float:
    now = time.time()
    if time_expire is None:
        return now + ORDER_SECONDS
    try:
        moment = datetime.fromisoformat(str(time_expire))
    except ValueError as error:
        raise param_error("time_expire", "须为RFC 3339格式") from error
    if moment.tzinfo is None:
        raise param_error("time_expire", "须带时区")
    if not now < moment.timestamp() <= now + timedelta(days=7, minutes=1).total_seconds():
        raise param_error("time_expire", "须晚于当前时间，且不超过7天")
    return moment.timestamp()


def check_text(params: Mapping[str, Any], name: str, longest: int) -> None:
    """:raises WechatError: 400 PARAM_ERROR unless this is a text of 1 to `longest` characters."""
    text = params.get(name)
    if not isinstance(text, str) or not 1 <= len(text) <= longest:
        raise param_error(name, f"须为1至{longest}个字符")


def check_fen(amount: Mapping[str, Any], name: str, path: str) -> None:
    """:raises WechatError: 400 PARAM_ERROR unless this is a whole, positive number of fen."""
    fen = amount.get(name)
    if not isinstance(fen, int) or isinstance(fen, bool) or not 1 <= fen <= 10**12:
        raise param_error(path, "须为大于0的整数，单位为分")
