"""Callbacks of WeChat Pay, and every way in which one can go wrong."""

import json
import secrets
import time
import uuid
from typing import Any

from omni.sandbox.callbacks import Callback, Channel
from omni.sandbox.wechat.errors import WechatError
from omni.sandbox.wechat.refunds import Refund, Refunds
from omni.sandbox.wechat.signing import sealed_resource, signed_headers
from omni.sandbox.wechat.trades import Trade, Trades
from omni.sandbox.world import World

MINUTE, HOUR = 60.0, 3600.0
LADDER = (
    15.0, 15.0, 30.0, 3 * MINUTE, 10 * MINUTE, 20 * MINUTE, 30 * MINUTE, 30 * MINUTE, 30 * MINUTE, HOUR,
    3 * HOUR, 3 * HOUR, 3 * HOUR, 6 * HOUR, 6 * HOUR,
)  # fmt: skip
STALE_SECONDS = 31 * 60
# The queue acts on these under names of its own.
QUEUE_FAULTS = {"drop_notify": "drop", "duplicate_notify": "duplicate", "delay_notify": "delay"}
SIGNATURE_FAULTS = ("forge_signature", "unknown_serial", "stale_timestamp")
CONTENT_FAULTS = ("wrong_amount", "wrong_currency", "wrong_mchid", "wrong_appid", "other_order")
SUMMARIES = {
    "TRANSACTION.SUCCESS": "支付成功",
    "REFUND.SUCCESS": "退款成功",
    "REFUND.ABNORMAL": "退款异常",
    "REFUND.CLOSED": "退款关闭",
}


class Notices:
    """Writes and signs notifications."""

    def __init__(self, world: World, trades: Trades, refunds: Refunds) -> None:
        self._world = world
        self._trades = trades
        self._refunds = refunds
        world.callbacks.open_channel("wechat", Channel(self._sign, LADDER))

    def announce_payment(self, trade: Trade) -> None:
        """Notify that an order was paid."""
        faults = self._faults([trade.out_trade_no])
        content = self._falsified(self._trades.content(trade), faults)
        self._enqueue("TRANSACTION.SUCCESS", content, url=trade.notify_url, subject=trade.out_trade_no, faults=faults)

    def announce_refund(self, refund: Refund) -> None:
        """Notify how a refund ended, when it asked for that."""
        if refund.notify_url is None:
            return
        full = self._refunds.content(refund)
        content = {
            "mchid": self._world.credentials.wechat.mchid,
            **{key: full[key] for key in ("out_trade_no", "transaction_id", "out_refund_no", "refund_id")},
            "refund_status": refund.status,
            "user_received_account": full["user_received_account"],
            "amount": {key: full["amount"][key] for key in ("total", "refund", "payer_total", "payer_refund")},
        }
        if refund.success_at is not None:
            content["success_time"] = refund.success_at
        faults = self._faults([refund.out_refund_no, refund.out_trade_no])
        content = self._falsified(content, faults)
        subject = refund.out_refund_no
        self._enqueue(f"REFUND.{refund.status}", content, url=refund.notify_url, subject=subject, faults=faults)

    def probe(self, out_trade_no: str) -> None:
        """Send one signature probe, as the real provider does from time to time; it must be turned away.

        :raises WechatError: 404 when there is no such order, or none at all.
        """
        trade = self._trades.find(out_trade_no) if out_trade_no else next(iter(self._trades.newest(1)), None)
        if trade is None:
            raise WechatError(404, "ORDER_NOT_EXIST", "订单不存在")
        event_id = str(uuid.uuid4())
        body = self._envelope("TRANSACTION.SUCCESS", self._trades.content(trade), event_id)
        self._world.callbacks.send_once(
            Callback(0, "wechat", trade.out_trade_no, event_id, trade.notify_url, body, {"probe": True}, 1)
        )

    def _faults(self, subjects: list[str]) -> dict[str, Any]:
        taken = {
            name: self._world.faults.take("wechat", name, subjects)
            for name in (*QUEUE_FAULTS, *SIGNATURE_FAULTS, *CONTENT_FAULTS)
        }
        return {QUEUE_FAULTS.get(name, name): value for name, value in taken.items() if value}

    def _falsified(self, content: dict[str, Any], faults: dict[str, Any]) -> dict[str, Any]:
        """Return what the notification claims under the content faults."""
        claim = json.loads(json.dumps(content))
        for fault in CONTENT_FAULTS:
            if fault not in faults:
                continue
            if fault == "wrong_amount":
                for key in claim["amount"].keys() & {"total", "payer_total", "refund", "payer_refund"}:
                    claim["amount"][key] += 1
            elif fault == "wrong_currency":
                claim["amount"]["currency"] = claim["amount"]["payer_currency"] = "USD"
            elif fault == "wrong_mchid":
                claim["mchid"] = "1900000001"
            elif fault == "wrong_appid":
                claim["appid"] = "wx0000000000000000"
            else:
                claim["out_trade_no"] = self._another_order(claim["out_trade_no"])
        return dict(claim)

    def _another_order(self, out_trade_no: str) -> str:
        row = self._world.database.row(
            "SELECT out_trade_no FROM trade WHERE out_trade_no <> ? ORDER BY state = 'NOTPAY' DESC, rowid DESC",
            out_trade_no,
        )
        return f"UNKNOWN{secrets.token_hex(8)}" if row is None else str(row["out_trade_no"])

    def _envelope(self, event_type: str, content: dict[str, Any], event_id: str) -> str:
        original_type = "refund" if event_type.startswith("REFUND") else "transaction"
        plain = json.dumps(content, ensure_ascii=False)
        apiv3_key = self._world.credentials.wechat.apiv3_key
        envelope = {
            "id": event_id,
            "create_time": self._world.clock.stamp(),
            "resource_type": "encrypt-resource",
            "event_type": event_type,
            "summary": SUMMARIES[event_type],
            "resource": sealed_resource(plain, original_type=original_type, apiv3_key=apiv3_key),
        }
        return json.dumps(envelope, ensure_ascii=False)

    def _enqueue(
        self, event_type: str, content: dict[str, Any], *, url: str, subject: str, faults: dict[str, Any]
    ) -> None:
        event_id = str(uuid.uuid4())
        body = self._envelope(event_type, content, event_id)
        self._world.callbacks.enqueue(
            service="wechat", subject=subject, event_id=event_id, url=url, body=body, faults=faults
        )

    def _sign(self, callback: Callback) -> dict[str, str]:
        keys = self._world.credentials.wechat
        forged = "forge_signature" in callback.faults or "unknown_serial" in callback.faults
        timestamp = int(self._world.clock.wall().timestamp())
        headers = signed_headers(
            callback.body.encode("utf-8"),
            key=keys.forger_private_key if forged else keys.platform_private_key,
            serial="PUB_KEY_ID_0" if "unknown_serial" in callback.faults else keys.platform_key_id,
            timestamp=timestamp - STALE_SECONDS if "stale_timestamp" in callback.faults else timestamp,
        )
        if "probe" in callback.faults:
            headers["Wechatpay-Signature"] = f"WECHATPAY/SIGNTEST/{headers['Wechatpay-Signature']}"
        return headers | {"User-Agent": "Mozilla/4.0", "Request-ID": f"sandbox-{int(time.time() * 1000):x}"}
