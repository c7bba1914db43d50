"""WeChat Pay's side of the wire, for tests: it has its own keys, signs and encrypts notices, and can do it wrongly."""

import base64
import functools
import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PAID_AT = "2026-03-16T12:01:00+08:00"


@functools.cache
def new_key(name: str) -> rsa.RSAPrivateKey:
    """Return the key of that name, made once for all tests."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def private_pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def public_pem(key: rsa.RSAPrivateKey) -> str:
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


@dataclass
class Provider:
    """One provider and the merchant's settings that fit it."""

    apiv3_key: str = "k" * 32
    serial: str = "PUB_KEY_ID_1"
    key: rsa.RSAPrivateKey = field(default_factory=lambda: new_key("platform"))

    @property
    def settings(self) -> dict[str, Any]:
        """Return WECHAT_PAY of the merchant. Nobody listens at the address."""
        return {
            "base_url": "http://127.0.0.1:9",
            "mchid": "1900000001",
            "appid": "wx0000000000000001",
            "merchant_serial": "MERCHANT1",
            "merchant_private_key_pem": private_pem(new_key("merchant")),
            "platform_public_key_id": "PUB_KEY_ID_1",
            "platform_public_key_pem": public_pem(new_key("platform")),
            "platform_keys": {"PUB_KEY_ID_2": public_pem(new_key("next platform"))},
            "apiv3_key": "k" * 32,
            "notify_url": "http://testserver/callbacks/wechat/",
        }

    def sign(self, body: bytes, at: datetime) -> dict[str, str]:
        """Return the headers of a message."""
        timestamp, nonce = str(int(at.timestamp())), secrets.token_hex(8)
        message = f"{timestamp}\n{nonce}\n".encode() + body + b"\n"
        signature = self.key.sign(message, padding.PKCS1v15(), hashes.SHA256())
        return {
            "Wechatpay-Timestamp": timestamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Serial": self.serial,
            "Wechatpay-Signature": base64.b64encode(signature).decode(),
        }

    def notice(self, resource: object, *, event_type: str = "TRANSACTION.SUCCESS", event_id: str = "EV-1") -> bytes:
        """Return the body of a notice with an encrypted resource."""
        nonce = secrets.token_hex(6)
        plain = json.dumps(resource, ensure_ascii=False).encode()
        sealed = AESGCM(self.apiv3_key.encode()).encrypt(nonce.encode(), plain, b"transaction")
        message = {
            "id": event_id,
            "create_time": PAID_AT,
            "resource_type": "encrypt-resource",
            "event_type": event_type,
            "summary": "支付成功",
            "resource": {
                "original_type": "transaction",
                "algorithm": "AEAD_AES_256_GCM",
                "ciphertext": base64.b64encode(sealed).decode(),
                "associated_data": "transaction",
                "nonce": nonce,
            },
        }
        return json.dumps(message, ensure_ascii=False).encode()


def payment_resource(out_trade_no: str, amount_fen: int, **changes: object) -> dict[str, Any]:
    """Return what a notice or query says of a payment that was made; `changes` replace fields."""
    resource: dict[str, Any] = {
        "mchid": "1900000001",
        "appid": "wx0000000000000001",
        "out_trade_no": out_trade_no,
        "transaction_id": "4200000000202603160000000001",
        "trade_type": "NATIVE",
        "trade_state": "SUCCESS",
        "success_time": PAID_AT,
        "payer": {"openid": "o-secret-openid"},
        "amount": {"total": amount_fen, "payer_total": amount_fen, "currency": "CNY", "payer_currency": "CNY"},
    }
    return resource | changes


def refund_resource(out_refund_no: str, out_trade_no: str, amount_fen: int, **changes: object) -> dict[str, Any]:
    """Return what a notice says of a refund."""
    resource: dict[str, Any] = {
        "mchid": "1900000001",
        "out_trade_no": out_trade_no,
        "transaction_id": "4200000000202603160000000001",
        "out_refund_no": out_refund_no,
        "refund_id": "50000000000000000001",
        "refund_status": "SUCCESS",
        "success_time": PAID_AT,
        "user_received_account": "招商银行信用卡0403",
        "amount": {"total": amount_fen, "refund": amount_fen, "payer_total": amount_fen, "payer_refund": amount_fen},
    }
    return resource | changes
