"""The merchant's side, by an implementation of WeChat Pay that is not ours (wechatpayv3)."""

import json
from typing import Any

from wechatpayv3 import WeChatPay, WeChatPayType

from tests.sandbox.fixture import SandboxProcess
from tests.sandbox.receiver import Received


class Merchant:
    """Calls the sandbox and reads its callbacks; every 2xx answer's signature is verified on the way."""

    def __init__(self, sandbox: SandboxProcess, notify_url: str) -> None:
        keys = sandbox.credentials["wechat"]
        self.notify_url = notify_url
        self.mchid, self.appid = keys["mchid"], keys["appid"]
        self.client = WeChatPay(
            wechatpay_type=WeChatPayType.NATIVE,
            mchid=keys["mchid"],
            private_key=keys["merchant_private_key_pem"],
            cert_serial_no=keys["merchant_serial"],
            appid=keys["appid"],
            apiv3_key=keys["apiv3_key"],
            notify_url=notify_url,
            public_key=keys["platform_public_key_pem"],
            public_key_id=keys["platform_public_key_id"],
            timeout=10,
        )
        self.client._core._gate_way = keys["base_url"]

    def prepay(self, number: str, total: int = 19900, description: str = "亚麻衬衫", **more: object) -> tuple[int, Any]:
        """Order a Native payment."""
        return _read(self.client.pay(description, number, {"total": total, "currency": "CNY"}, **more))

    def query(self, number: str) -> tuple[int, Any]:
        """Ask how an order stands."""
        return _read(self.client.query(out_trade_no=number))

    def close(self, number: str) -> tuple[int, Any]:
        """Close an order."""
        return _read(self.client.close(number))

    def refund(self, number: str, refund: int, *, total: int = 19900, order: str, **more: object) -> tuple[int, Any]:
        """Ask for a refund."""
        amount = {"refund": refund, "total": total, "currency": "CNY"}
        return _read(self.client.refund(number, amount, out_trade_no=order, **more))

    def query_refund(self, number: str) -> tuple[int, Any]:
        """Ask how a refund stands."""
        return _read(self.client.query_refund(number))

    def open(self, received: Received) -> dict[str, Any] | None:
        """Verify and decrypt a callback; None when its signature is wrong."""
        opened: dict[str, Any] | None = self.client.callback(received.headers, received.body)
        return opened


def _read(answer: tuple[int, str | bytes]) -> tuple[int, Any]:
    status, text = answer
    return status, json.loads(text) if text else None
