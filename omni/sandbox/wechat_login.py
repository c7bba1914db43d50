"""Signing in with WeChat, as its open platform does it: the page where a person agrees, and two calls of the shop.

The answers are JSON under `text/plain`, errors included, with status 200, as the real ones are.
"""

import hashlib
import json
import secrets
import time
from dataclasses import dataclass
from threading import Lock
from urllib.parse import urlencode

from omni.sandbox.rendering import join, render
from omni.sandbox.web import Request, Response, Router, page_response
from omni.sandbox.world import World

CODE_SECONDS = 600
TOKEN_SECONDS = 7200
PEOPLE = ("小雨", "阿明", "Emma")


@dataclass(frozen=True)
class Grant:
    """What a code or token stands for."""

    nickname: str
    scope: str
    expires_at: float


class WechatLogin:
    """Shows who there is to sign in as, and answers the shop."""

    def __init__(self, world: World) -> None:
        self._app_id = world.credentials.wechat_login_app_id
        self._secret = world.credentials.wechat_login_secret
        self._lock = Lock()
        self._codes: dict[str, Grant] = {}
        self._tokens: dict[str, Grant] = {}

    def add_routes(self, router: Router) -> None:
        """Add the page and the calls."""
        router.add("GET", "/connect/qrconnect", self._show)
        router.add("GET", "/connect/agree", self._agree)
        router.add("GET", "/sns/oauth2/access_token", self._give_token)
        router.add("GET", "/sns/userinfo", self._tell_who)

    def _show(self, request: Request) -> Response:
        query = request.query
        if query.get("appid") != self._app_id or query.get("response_type") != "code":
            return page_response(render("login_refused", words="AppID 参数错误 · Unknown application"), 400)
        if query.get("scope") != "snsapi_login" or not query.get("redirect_uri"):
            return page_response(render("login_refused", words="Scope 或 redirect_uri 参数错误 · Bad parameters"), 400)
        kept = {name: query.get(name, "") for name in ("redirect_uri", "state", "scope")}
        people = [
            render("_login_person", nickname=nickname, address=f"/connect/agree?{urlencode({**kept, 'as': nickname})}")
            for nickname in PEOPLE
        ]
        return page_response(render("login", people=join(people)))

    def _agree(self, request: Request) -> Response:
        """Send the person back to the shop with a code that works once."""
        query, code = request.query, secrets.token_hex(16)
        with self._lock:
            self._codes[code] = Grant(query.get("as", ""), query.get("scope", ""), time.time() + CODE_SECONDS)
        back = query.get("redirect_uri", "")
        joint = "&" if "?" in back else "?"
        address = f"{back}{joint}{urlencode({'code': code, 'state': query.get('state', '')})}"
        return Response(302, b"", (("Location", address),))

    def _give_token(self, request: Request) -> Response:
        query = request.query
        if query.get("appid") != self._app_id:
            return _plain({"errcode": 40013, "errmsg": "invalid appid"})
        if query.get("secret") != self._secret:
            return _plain({"errcode": 40125, "errmsg": "invalid appsecret"})
        with self._lock:
            grant = self._codes.pop(query.get("code", ""), None)
            if query.get("grant_type") != "authorization_code" or grant is None or grant.expires_at < time.time():
                return _plain({"errcode": 40029, "errmsg": "invalid code"})
            token = secrets.token_urlsafe(48)
            self._tokens[token] = Grant(grant.nickname, grant.scope, time.time() + TOKEN_SECONDS)
        return _plain(
            {
                "access_token": token,
                "expires_in": TOKEN_SECONDS,
                "refresh_token": secrets.token_urlsafe(48),
                "openid": self._openid(grant.nickname),
                "scope": grant.scope,
                "unionid": _unionid(grant.nickname),
            }
        )

    def _tell_who(self, request: Request) -> Response:
        grant = self._tokens.get(request.query.get("access_token", ""))
        if grant is None or grant.expires_at < time.time():
            return _plain({"errcode": 40001, "errmsg": "invalid credential, access_token is invalid or not latest"})
        if request.query.get("openid") != self._openid(grant.nickname):
            return _plain({"errcode": 40003, "errmsg": "invalid openid"})
        return _plain(
            {
                "openid": self._openid(grant.nickname),
                "nickname": grant.nickname,
                "sex": 0,
                "province": "",
                "city": "",
                "country": "",
                "headimgurl": "",
                "privilege": [],
                "unionid": _unionid(grant.nickname),
            }
        )

    def _openid(self, nickname: str) -> str:
        """Return who somebody is to this application alone."""
        return "o" + hashlib.sha256(f"{self._app_id}:{nickname}".encode()).hexdigest()[:27]


def _unionid(nickname: str) -> str:
    return "u" + hashlib.sha256(nickname.encode()).hexdigest()[:27]


def _plain(content: dict[str, object]) -> Response:
    body = json.dumps(content, ensure_ascii=False).encode("utf-8")
    return Response(200, body, (("Content-Type", "text/plain"),))
