"""WECHATPAY2-SHA256-RSA2048 signatures and AEAD_AES_256_GCM resources, after the public protocol."""

import base64
import re
import secrets
import time

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from omni.sandbox.credentials import WechatKeys
from omni.sandbox.web import Request
from omni.sandbox.wechat.errors import WechatError

SCHEME = "WECHATPAY2-SHA256-RSA2048"
TOLERANCE_SECONDS = 300
FIELD = re.compile(r'(\w+)="([^"]*)"')


def check_authorization(request: Request, keys: WechatKeys) -> None:
    """Verify that the merchant signed exactly this request, now.

    :raises WechatError: 401 SIGN_ERROR otherwise.
    """
    scheme, _, rest = request.headers.get("authorization", "").partition(" ")
    given = dict(FIELD.findall(rest))
    if scheme != SCHEME or not {"mchid", "nonce_str", "signature", "timestamp", "serial_no"} <= given.keys():
        raise WechatError(401, "SIGN_ERROR", "Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》")
    if given["mchid"] != keys.mchid or given["serial_no"] != keys.merchant_serial:
        raise WechatError(401, "SIGN_ERROR", "商户证书序列号有误，或商户号不匹配")
    if not given["timestamp"].isdigit() or abs(time.time() - int(given["timestamp"])) > TOLERANCE_SECONDS:
        raise WechatError(401, "SIGN_ERROR", "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟")
    head = f"{request.method}\n{request.target}\n{given['timestamp']}\n{given['nonce_str']}\n"
    try:
        signature = base64.b64decode(given["signature"], validate=True)
        keys.merchant_public_key.verify(
            signature, head.encode("utf-8") + request.body + b"\n", padding.PKCS1v15(), hashes.SHA256()
        )
    except (ValueError, InvalidSignature) as error:
        raise WechatError(401, "SIGN_ERROR", "错误的签名，验签失败") from error


def signed_headers(body: bytes, *, key: rsa.RSAPrivateKey, serial: str, timestamp: int) -> dict[str, str]:
    """Return the Wechatpay-* headers over one answer or callback."""
    nonce = secrets.token_hex(16)
    message = f"{timestamp}\n{nonce}\n".encode() + body + b"\n"
    signature = key.sign(message, padding.PKCS1v15(), hashes.SHA256())
    return {
        "Wechatpay-Timestamp": str(timestamp),
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Signature": base64.b64encode(signature).decode("ascii"),
        "Wechatpay-Signature-Type": SCHEME,
        "Wechatpay-Serial": serial,
    }


def sealed_resource(plain: str, *, original_type: str, apiv3_key: bytes) -> dict[str, str]:
    """Return the `resource` of a callback: the plain JSON, encrypted under the APIv3 key."""
    nonce = secrets.token_hex(6)
    sealed = AESGCM(apiv3_key).encrypt(nonce.encode("ascii"), plain.encode("utf-8"), original_type.encode("ascii"))
    return {
        "original_type": original_type,
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": base64.b64encode(sealed).decode("ascii"),
        "associated_data": original_type,
        "nonce": nonce,
    }
