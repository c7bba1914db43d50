"""The keys of the pretended providers: made once, kept in the state folder, readable by its owner only."""

import base64
import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

SHARED_FILE = "credentials.json"
PLATFORM_KEY_FILE = "platform_key.pem"
ALPHANUMERIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(frozen=True)
class WechatKeys:
    """Both sides' identities, and a key that belongs to neither, to forge with."""

    mchid: str
    appid: str
    merchant_serial: str
    merchant_public_key: rsa.RSAPublicKey
    platform_key_id: str
    platform_private_key: rsa.RSAPrivateKey
    forger_private_key: rsa.RSAPrivateKey
    apiv3_key: bytes


@dataclass(frozen=True)
class Credentials:
    """All keys, and the address they are valid at."""

    base_url: str
    wechat: WechatKeys
    courier_api_key: str
    courier_webhook_secret: str
    express_api_key: str
    express_webhook_secret: str
    messages_api_key: str
    invoices_api_key: str
    wechat_login_app_id: str
    wechat_login_secret: str


def load_credentials(state: Path, base_url: str) -> Credentials:
    """Read the keys from the state folder, making them at the first start; write the addresses of `base_url`."""
    shared_path, key_path = state / SHARED_FILE, state / PLATFORM_KEY_FILE
    if shared_path.exists() and key_path.exists():
        shared = json.loads(shared_path.read_text(encoding="utf-8"))
        platform_key = _read_private(key_path.read_text(encoding="ascii"))
    else:
        platform_key = _new_key()
        _write_private_file(key_path, _private_pem(platform_key))
        shared = _new_shared(platform_key)
    # Keys that were made before there were invoices, or an express company.
    shared.setdefault("invoices", {"api_key": f"sandbox_invoices_{secrets.token_urlsafe(24)}"})
    shared.setdefault("express", _new_carrier("express"))
    shared["wechat"]["base_url"] = base_url
    shared["courier"]["base_url"] = f"{base_url}/courier"
    shared["express"]["base_url"] = f"{base_url}/express"
    shared["messages"]["base_url"] = f"{base_url}/messages"
    shared["invoices"]["base_url"] = f"{base_url}/invoices"
    login = shared.setdefault("wechat_login", _new_login())
    login |= {"base_url": base_url, "authorize_url": f"{base_url}/connect/qrconnect"}
    _write_private_file(shared_path, json.dumps(shared, indent=2) + "\n")
    wechat = shared["wechat"]
    return Credentials(
        base_url=base_url,
        wechat=WechatKeys(
            mchid=wechat["mchid"],
            appid=wechat["appid"],
            merchant_serial=wechat["merchant_serial"],
            merchant_public_key=_read_private(wechat["merchant_private_key_pem"]).public_key(),
            platform_key_id=wechat["platform_public_key_id"],
            platform_private_key=platform_key,
            forger_private_key=_new_key(),
            apiv3_key=wechat["apiv3_key"].encode("ascii"),
        ),
        courier_api_key=shared["courier"]["api_key"],
        courier_webhook_secret=shared["courier"]["webhook_secret"],
        express_api_key=shared["express"]["api_key"],
        express_webhook_secret=shared["express"]["webhook_secret"],
        messages_api_key=shared["messages"]["api_key"],
        invoices_api_key=shared["invoices"]["api_key"],
        wechat_login_app_id=login["app_id"],
        wechat_login_secret=login["secret"],
    )


def _new_shared(platform_key: rsa.RSAPrivateKey) -> dict[str, dict[str, Any]]:
    """Return new keys in the shape of the shared file, without addresses."""
    public_pem = platform_key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return {
        "wechat": {
            "mchid": f"19{secrets.randbelow(10**8):08d}",
            "appid": f"wx{secrets.token_hex(8)}",
            "merchant_serial": secrets.token_hex(20).upper(),
            "merchant_private_key_pem": _private_pem(_new_key()),
            "platform_public_key_id": f"PUB_KEY_ID_{secrets.randbelow(10**24):024d}",
            "platform_public_key_pem": public_pem.decode("ascii"),
            "apiv3_key": "".join(secrets.choice(ALPHANUMERIC) for _ in range(32)),
        },
        "courier": _new_carrier("courier"),
        "messages": {"api_key": f"sandbox_messages_{secrets.token_urlsafe(24)}"},
    }


def _new_carrier(service: str) -> dict[str, str]:
    """Return new keys of an account at a company that carries goods."""
    return {
        "api_key": f"sandbox_{service}_{secrets.token_urlsafe(24)}",
        "webhook_secret": f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode('ascii')}",
    }


def _new_login() -> dict[str, str]:
    """Return a new identity at the platform where people sign in."""
    return {"app_id": f"wx{secrets.token_hex(8)}", "secret": secrets.token_hex(16)}


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _private_pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode("ascii")


def _read_private(pem: str) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(pem.encode("ascii"), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("The kept key is not an RSA key.")
    return key


def _write_private_file(path: Path, text: str) -> None:
    """Replace the file whole, so that a reader or a crash never meets half of it."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
