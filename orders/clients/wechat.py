"""WeChat Pay API v3 over HTTPS: our own thin client. It signs requests, and believes nothing that is not signed.

Every call has a timeout. What the provider said is told apart from what nobody knows: `ProviderRefused` means that
nothing happened, `ProviderUnreachable` that it may have, so the same call is made again under the same number.
"""

from __future__ import annotations

import base64
import functools
import json
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import requests
from cryptography import x509
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from omni.kernel import clock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")

SCHEME = "WECHATPAY2-SHA256-RSA2048"
CURRENCY = "CNY"
# Seconds to connect and to wait for an answer; a shopper is looking at the page meanwhile.
TIMEOUT = (3.0, 7.0)
# A signature older or younger than this is refused, so that a recorded message cannot be played again.
MAX_AGE_SECONDS = 300
# No number, state or link of the provider is longer.
MAX_TEXT = 300
# Refusals that say nothing about the request itself: it may be made again as it is.
PASSING_CODES = frozenset({"SYSTEM_ERROR", "SYSTEMERROR", "BANK_ERROR", "FREQUENCY_LIMITED", "RATELIMIT_EXCEEDED"})


class ProviderUnreachable(Exception):
    """No answer that can be believed: whether the call took effect is unknown."""


class ProviderRefused(Exception):
    """The provider said no, and nothing happened; `code` is its own word for why."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.code = code


class NoticeRejected(Exception):
    """A notice that is not from the provider, not fresh, or not readable; `status` is the HTTP status to answer."""

    def __init__(self, problem: str, *, status: int = 401) -> None:
        super().__init__(problem)
        self.status = status


@dataclass(frozen=True, slots=True)
class ProviderPayment:
    """A payment as the provider sees it. `state` is its own word: NOTPAY, SUCCESS, CLOSED and so on."""

    state: str
    out_trade_no: str
    mchid: str
    appid: str
    transaction_id: str = ""
    amount_fen: int | None = None
    currency: str = ""
    paid_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ProviderRefund:
    """A refund as the provider sees it: PROCESSING, SUCCESS, CLOSED, ABNORMAL."""

    status: str
    out_refund_no: str
    out_trade_no: str
    refund_id: str
    amount_fen: int | None
    refunded_at: datetime | None = None
    mchid: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """An authentic, fresh, decrypted notice; exactly one of payment and refund is set, or none for another kind."""

    event_id: str
    event_type: str
    payment: ProviderPayment | None = None
    refund: ProviderRefund | None = None


class WeChatPayClient:
    """Talks to WeChat Pay for one merchant. Thread-safe; build it with `wechat_pay()`."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.mchid = str(config["mchid"])
        self.appid = str(config["appid"])
        self._base_url = str(config["base_url"]).rstrip("/")
        self._notify_url = str(config["notify_url"])
        self._serial = str(config["merchant_serial"])
        self._private_key = _private_key(str(config["merchant_private_key_pem"]))
        self._platform_keys = _platform_keys(config)
        self._cipher = AESGCM(str(config["apiv3_key"]).encode())
        self._session = requests.Session()
        # A proxy of the environment is for other addresses.
        self._session.trust_env = False

    def create_native(self, out_trade_no: str, *, amount_fen: int, description: str, expires_at: datetime) -> str:
        """Open a payment and return the link to show as a QR code; the same number and figures give the same payment.

        :raises ProviderRefused: e.g. ORDERPAID, ORDER_CLOSED, PARAM_ERROR.
        :raises ProviderUnreachable: the payment may or may not be open.
        """
        answer = self._call(
            "POST",
            "/v3/pay/transactions/native",
            {
                "appid": self.appid,
                "mchid": self.mchid,
                "description": description,
                "out_trade_no": out_trade_no,
                "time_expire": expires_at.astimezone(clock.BUSINESS_ZONE).isoformat(timespec="seconds"),
                "notify_url": self._notify_url,
                "amount": {"total": amount_fen, "currency": CURRENCY},
            },
        )
        return _understood(lambda: _text(answer, "code_url"))

    def query(self, out_trade_no: str) -> ProviderPayment:
        """Ask how a payment stands.

        :raises ProviderRefused: e.g. ORDER_NOT_EXIST.
        :raises ProviderUnreachable: nobody knows.
        """
        path = f"/v3/pay/transactions/out-trade-no/{out_trade_no}?mchid={self.mchid}"
        answer = self._call("GET", path)
        return _understood(lambda: _payment(answer))

    def close(self, out_trade_no: str) -> None:
        """Close a payment, so that nobody can pay it any more.

        :raises ProviderRefused: e.g. ORDERPAID, ORDER_CLOSED, ORDER_NOT_EXIST.
        :raises ProviderUnreachable: it may or may not be closed.
        """
        self._call("POST", f"/v3/pay/transactions/out-trade-no/{out_trade_no}/close", {"mchid": self.mchid})

    def refund(
        self, out_refund_no: str, *, out_trade_no: str, amount_fen: int, paid_fen: int, reason: str
    ) -> ProviderRefund:
        """Send money back; the same number is the same refund, however often it is asked for.

        :raises ProviderRefused: e.g. NOT_ENOUGH, INVALID_REQUEST, FREQUENCY_LIMITED.
        :raises ProviderUnreachable: the refund may or may not be under way.
        """
        answer = self._call(
            "POST",
            "/v3/refund/domestic/refunds",
            {
                "out_trade_no": out_trade_no,
                "out_refund_no": out_refund_no,
                "reason": reason,
                "notify_url": self._notify_url,
                "amount": {"refund": amount_fen, "total": paid_fen, "currency": CURRENCY},
            },
        )
        return _understood(lambda: _refund(answer, status_key="status"))

    def query_refund(self, out_refund_no: str) -> ProviderRefund:
        """Ask how a refund stands.

        :raises ProviderRefused: e.g. RESOURCE_NOT_EXISTS.
        :raises ProviderUnreachable: nobody knows.
        """
        answer = self._call("GET", f"/v3/refund/domestic/refunds/{out_refund_no}")
        return _understood(lambda: _refund(answer, status_key="status"))

    def read_notice(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Notice:
        """Verify, decrypt and read a notice from its raw body; header names in any case.

        :raises NoticeRejected: unsigned, signed by somebody else or under an unknown serial, more than five minutes
            old or ahead, or not what such a message looks like.
        """
        problem = self._signature_problem(headers, body, now.timestamp())
        if problem:
            raise NoticeRejected(problem)
        try:
            message = json.loads(body)
            resource = self._decrypt(message["resource"])
            event_id, event_type = _text(message, "id", 64), _text(message, "event_type", 40)
            if event_type.startswith("TRANSACTION."):
                return Notice(event_id, event_type, payment=_payment(resource))
            if event_type.startswith("REFUND."):
                return Notice(event_id, event_type, refund=_refund(resource, status_key="refund_status"))
            return Notice(event_id, event_type)
        except (ValueError, KeyError, TypeError, AttributeError, InvalidTag) as error:
            raise NoticeRejected(f"unreadable: {type(error).__name__}", status=400) from error

    def _call(self, method: str, path: str, content: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Make one signed call and return the verified answer."""
        body = b"" if content is None else json.dumps(content, ensure_ascii=False).encode()
        try:
            answer = self._session.request(
                method,
                self._base_url + path,
                data=body or None,
                headers=self._headers(method, path, body),
                timeout=TIMEOUT,
                allow_redirects=False,
            )
            status, text, signed = answer.status_code, answer.content, answer.headers
        except requests.RequestException as error:
            raise ProviderUnreachable(type(error).__name__) from error
        problem = self._signature_problem(signed, text, time.time())
        if problem:
            raise ProviderUnreachable(f"HTTP {status}, {problem}")
        if not 200 <= status < 300:
            _refuse(status, text)
        try:
            parsed = json.loads(text) if text else {}
        except ValueError as error:
            raise ProviderUnreachable("the answer is not JSON") from error
        if not isinstance(parsed, dict):
            raise ProviderUnreachable("the answer is not a JSON object")
        return parsed

    def _headers(self, method: str, path: str, body: bytes) -> dict[str, str]:
        """Return the headers of a request, signed over method, path with query, time, nonce and body."""
        timestamp, nonce = str(int(time.time())), secrets.token_hex(16)
        message = f"{method}\n{path}\n{timestamp}\n{nonce}\n".encode() + body + b"\n"
        signature = base64.b64encode(self._private_key.sign(message, padding.PKCS1v15(), hashes.SHA256())).decode()
        credentials = (
            f'mchid="{self.mchid}",nonce_str="{nonce}",signature="{signature}",'
            f'timestamp="{timestamp}",serial_no="{self._serial}"'
        )
        return {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": "omni",
            "Authorization": f"{SCHEME} {credentials}",
            # Asks for answers signed with a key that is known here, while the provider changes keys.
            "Wechatpay-Serial": next(iter(self._platform_keys)),
        }

    def _signature_problem(self, headers: Mapping[str, str], body: bytes, at: float) -> str:
        """Return why these bytes cannot be believed to be the provider's, or nothing."""
        given = {name.lower(): text for name, text in headers.items() if name.lower().startswith("wechatpay-")}
        timestamp = given.get("wechatpay-timestamp", "")
        key = self._platform_keys.get(given.get("wechatpay-serial", ""))
        if given.get("wechatpay-signature-type", SCHEME) != SCHEME:
            return "unknown kind of signature"
        if key is None:
            return "unknown serial"
        if not (timestamp.isascii() and timestamp.isdigit() and abs(at - int(timestamp)) <= MAX_AGE_SECONDS):
            return "stale timestamp"
        message = f"{timestamp}\n{given.get('wechatpay-nonce', '')}\n".encode() + body + b"\n"
        try:
            signature = base64.b64decode(given.get("wechatpay-signature", ""), validate=True)
            key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        except (ValueError, InvalidSignature):
            return "wrong signature"
        return ""

    def _decrypt(self, resource: Mapping[str, str]) -> dict[str, Any]:
        """Decrypt the resource of a notice (AEAD_AES_256_GCM under the APIv3 key)."""
        if resource["algorithm"] != "AEAD_AES_256_GCM":
            raise ValueError("unknown algorithm")
        plain = self._cipher.decrypt(
            resource["nonce"].encode(),
            base64.b64decode(resource["ciphertext"], validate=True),
            resource.get("associated_data", "").encode(),
        )
        parsed: dict[str, Any] = json.loads(plain)
        return parsed


def wechat_pay() -> WeChatPayClient:
    """Return the client of the configured merchant; its keys are read once."""
    return _client(json.dumps(settings.WECHAT_PAY, sort_keys=True))


@functools.lru_cache(maxsize=4)
def _client(config: str) -> WeChatPayClient:
    return WeChatPayClient(json.loads(config))


def _refuse(status: int, text: bytes) -> NoReturn:
    """Turn an authentic answer other than 2xx into the error it means."""
    try:
        refusal = json.loads(text)
        code, message = str(refusal["code"]), str(refusal.get("message", ""))[:100]
    except (ValueError, KeyError, TypeError, AttributeError):
        code, message = f"HTTP_{status}", ""
    if status >= 500 or status == 429 or code in PASSING_CODES:
        raise ProviderUnreachable(f"HTTP {status}, {code}")
    raise ProviderRefused(code, message)


def _understood(read: Callable[[], T]) -> T:
    """Read an authentic answer; one that makes no sense leaves the outcome unknown."""
    try:
        return read()
    except (ValueError, TypeError, AttributeError) as error:
        raise ProviderUnreachable(f"the answer makes no sense: {error}") from error


def _payment(resource: Mapping[str, Any]) -> ProviderPayment:
    """Read a payment from a query's answer or a notice."""
    amount = resource.get("amount") or {}
    return ProviderPayment(
        state=_text(resource, "trade_state"),
        out_trade_no=_text(resource, "out_trade_no"),
        mchid=_text(resource, "mchid"),
        appid=_text(resource, "appid"),
        transaction_id=_text(resource, "transaction_id", 40) if resource.get("transaction_id") else "",
        amount_fen=_fen(amount.get("total")),
        currency=str(amount.get("currency") or ""),
        paid_at=_moment(resource.get("success_time")),
    )


def _refund(resource: Mapping[str, Any], *, status_key: str) -> ProviderRefund:
    """Read a refund from an answer ("status") or a notice ("refund_status")."""
    amount = resource.get("amount") or {}
    return ProviderRefund(
        status=_text(resource, status_key),
        out_refund_no=_text(resource, "out_refund_no"),
        out_trade_no=_text(resource, "out_trade_no"),
        refund_id=_text(resource, "refund_id", 40) if resource.get("refund_id") else "",
        amount_fen=_fen(amount.get("refund")),
        refunded_at=_moment(resource.get("success_time")),
        mchid=str(resource.get("mchid") or ""),
    )


def _text(resource: Mapping[str, Any], key: str, longest: int = MAX_TEXT) -> str:
    """Return a text that must be there.

    :raises ValueError: when it is not.
    """
    text = resource.get(key)
    if not isinstance(text, str) or not 0 < len(text) <= longest or not text.isprintable():
        raise ValueError(f"{key} is missing")
    return text


def _fen(amount: object) -> int | None:
    """Return a whole number of fen, or None for anything else."""
    return amount if type(amount) is int else None


def _moment(text: object) -> datetime | None:
    """Return an RFC 3339 moment in UTC, or None without one.

    :raises ValueError: when it is there and is none.
    """
    if not text:
        return None
    moment = datetime.fromisoformat(str(text))
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone")
    return moment.astimezone(UTC)


def _private_key(pem: str) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("The merchant's key is not an RSA key.")
    return key


def _platform_keys(config: Mapping[str, Any]) -> dict[str, rsa.RSAPublicKey]:
    """Return the provider's public keys by serial: the configured one, and those it had or will have."""
    pems = {str(config["platform_public_key_id"]): str(config["platform_public_key_pem"])}
    pems |= config.get("platform_keys", {})
    return {serial: _public_key(pem) for serial, pem in pems.items()}


def _public_key(pem: str) -> rsa.RSAPublicKey:
    """Read a public key, from a certificate too."""
    if "BEGIN CERTIFICATE" in pem:
        key: object = x509.load_pem_x509_certificate(pem.encode()).public_key()
    else:
        key = serialization.load_pem_public_key(pem.encode())
    if not isinstance(key, rsa.RSAPublicKey):
        raise TypeError("The provider's key is not an RSA key.")
    return key
