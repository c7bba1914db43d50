"""Signing in with WeChat: the sandbox answers as the open platform does."""

from urllib.parse import parse_qs, urlsplit

import requests

from tests.sandbox.fixture import SandboxProcess

BACK = "http://shop.invalid/back/"


def ask(sandbox: SandboxProcess, path: str, **query: str) -> requests.Response:
    return requests.get(f"{sandbox.base_url}{path}", params=query, timeout=10, allow_redirects=False)


def code_of(sandbox: SandboxProcess) -> str:
    answer = ask(sandbox, "/connect/agree", redirect_uri=BACK, state="S", scope="snsapi_login", **{"as": "小雨"})
    back = urlsplit(answer.headers["Location"])
    assert (answer.status_code, back.netloc, parse_qs(back.query)["state"]) == (302, "shop.invalid", ["S"])
    return parse_qs(back.query)["code"][0]


def test_code_becomes_a_token_once_and_tells_who_it_is(sandbox: SandboxProcess) -> None:
    login = sandbox.credentials["wechat_login"]
    asked = {"appid": login["app_id"], "secret": login["secret"], "grant_type": "authorization_code"}
    code = code_of(sandbox)

    answer = ask(sandbox, "/sns/oauth2/access_token", code=code, **asked)
    token = answer.json()
    who = ask(sandbox, "/sns/userinfo", access_token=token["access_token"], openid=token["openid"])

    assert answer.headers["Content-Type"] == "text/plain"
    assert (who.json()["openid"], who.json()["unionid"]) == (token["openid"], token["unionid"])
    assert "小雨" in who.content.decode("utf-8")
    again = ask(sandbox, "/sns/oauth2/access_token", code=code, **asked)
    assert (again.status_code, again.json()["errcode"]) == (200, 40029)


def test_wrong_application_secret_token_or_openid_is_refused(sandbox: SandboxProcess) -> None:
    login = sandbox.credentials["wechat_login"]
    code = code_of(sandbox)
    page = ask(
        sandbox, "/connect/qrconnect", appid="wx0", response_type="code", scope="snsapi_login", redirect_uri=BACK
    )
    assert page.status_code == 400
    asked = {"grant_type": "authorization_code", "code": code}
    wrong_app = ask(sandbox, "/sns/oauth2/access_token", appid="wx0", secret=login["secret"], **asked)
    wrong_secret = ask(sandbox, "/sns/oauth2/access_token", appid=login["app_id"], secret="x", **asked)
    assert [wrong_app.json()["errcode"], wrong_secret.json()["errcode"]] == [40013, 40125]
    token = ask(sandbox, "/sns/oauth2/access_token", appid=login["app_id"], secret=login["secret"], **asked).json()
    assert ask(sandbox, "/sns/userinfo", access_token="x", openid=token["openid"]).json()["errcode"] == 40001
    other = ask(sandbox, "/sns/userinfo", access_token=token["access_token"], openid="o2")
    assert other.json()["errcode"] == 40003


def test_page_shows_who_there_is(sandbox: SandboxProcess) -> None:
    login = sandbox.credentials["wechat_login"]
    page = ask(
        sandbox, "/connect/qrconnect", appid=login["app_id"], response_type="code", scope="snsapi_login",
        redirect_uri=BACK, state="S",
    )  # fmt: skip

    assert page.status_code == 200
    assert "Agree as 小雨" in page.text
