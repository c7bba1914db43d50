"""Proving oneself again, passkeys and WeChat: what is refused, and that nothing changed then."""

import json
import re
import time
from typing import Any
from unittest.mock import Mock
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal import auth
from allauth.socialaccount.models import SocialAccount
from django.core.cache import caches
from django.test import Client
from pytest_django import Settings

from omni.accounts.models import User
from omni.kernel import clock
from omni.messages import services as messages_services
from omni.messages.models import Message
from omni.pages import passkeys
from tests.factories.accounts import ShopperUserFactory, UserFactory
from tests.messages.conftest import ScriptedGateway, gateway
from tests.pages.again import proven

__all__ = ["gateway"]

pytestmark = pytest.mark.django_db

PHONE = "+8613800138000"
BACKEND = "django.contrib.auth.backends.ModelBackend"
ENGLISH = {"accept-language": "en"}
NAMELESS: dict[str, Any] = {"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": {}}


@pytest.fixture(autouse=True)
def _counters(settings: Settings) -> None:
    settings.OUTBOX_HINTS = False
    settings.WECHAT_LOGIN = {
        "app_id": "wx1", "secret": "s", "base_url": "https://wechat.invalid", "authorize_url": "https://open.invalid/q",
    }  # fmt: skip
    settings.SOCIALACCOUNT_PROVIDERS = {
        "weixin": {
            "APPS": [{"client_id": "wx1", "secret": "s", "key": ""}],
            "AUTHORIZE_URL": "https://open.invalid/q",
        }
    }
    caches["limits"].clear()


@pytest.fixture
def shopper() -> User:
    return ShopperUserFactory.create(phone=PHONE)


def passkey(user: User, name: str = "Phone") -> Authenticator:
    created: Authenticator = Authenticator.objects.create(
        user=user, type=Authenticator.Type.WEBAUTHN, data={"name": name, "credential": {}}
    )
    return created


def code_sent(gateway: ScriptedGateway) -> str:
    messages_services.drive_due_messages(now=clock.now())
    (code,) = re.findall(r"(?<!\d)\d{6}(?!\d)", gateway.sent[-1][4])
    return str(code)


def test_fresh_code_opens_security_for_five_minutes(client: Client, shopper: User, gateway: ScriptedGateway) -> None:
    client.force_login(shopper, backend=BACKEND)
    assert client.get("/me/security/").headers["Location"] == "/me/again/?next=%2Fme%2Fsecurity%2F"
    location = client.post("/me/again/", {"next": "/me/security/"}).headers["Location"]
    assert "138****8000" in client.get(location).content.decode()

    assert client.post(location, {"code": "000000"}, headers=ENGLISH).status_code in {422, 302}
    answer = client.post(location, {"code": code_sent(gateway), "next": "/me/security/"})

    assert answer.headers["Location"] == "/me/security/"
    assert client.get("/me/security/").status_code == 200
    proven(client, shopper, seconds_ago=301)
    assert client.get("/me/security/").status_code == 302


def test_wrong_fresh_codes_end_it_at_the_fifth(client: Client, shopper: User, gateway: ScriptedGateway) -> None:
    client.force_login(shopper, backend=BACKEND)
    location = client.post("/me/again/", {"next": "/me/security/"}).headers["Location"]
    code = code_sent(gateway)
    wrong = "000000" if code != "000000" else "111111"
    for _try in range(5):
        assert client.post(location, {"code": wrong}).status_code == 422

    assert client.post(location, {"code": code}).headers["Location"].startswith("/me/again/?")
    assert client.get("/me/security/").status_code == 302


def test_fresh_code_is_limited_like_every_code(client: Client, shopper: User) -> None:
    client.force_login(shopper, backend=BACKEND)
    client.post("/me/again/")

    answer = client.post("/me/again/", headers=ENGLISH)

    assert answer.status_code == 422
    assert "That was too often." in answer.content.decode()
    assert Message.objects.count() == 1


def test_fresh_code_needs_a_phone(client: Client) -> None:
    client.force_login(UserFactory.create(), backend=BACKEND)

    assert client.post("/me/again/").status_code == 422
    assert not Message.objects.exists()


def test_session_that_wechat_opened_is_no_proof(client: Client, shopper: User) -> None:
    proven(client, shopper)
    session = client.session
    session["account_authentication_methods"] = [{"method": "socialaccount", "at": time.time()}]
    session.save()

    answer = client.get("/me/security/")
    assert (answer.status_code, answer["Location"]) == (302, "/me/again/?next=%2Fme%2Fsecurity%2F")


@pytest.mark.parametrize(
    "credential", ["", "x", "{}", "[]", "1", json.dumps(NAMELESS), '{"response": {"userHandle": 7}}']
)
def test_broken_answer_of_a_device_signs_nobody_in(client: Client, shopper: User, credential: str) -> None:
    passkey(shopper)
    assert client.post("/sign-in/passkey/question/").json()["publicKey"]["userVerification"] == "required"

    answer = client.post("/sign-in/passkey/", {"credential": credential})

    assert answer.headers["Location"].startswith("/sign-in/?")
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("credential", ["", "{}", json.dumps(NAMELESS)])
def test_broken_answer_of_a_device_adds_no_passkey(client: Client, shopper: User, credential: str) -> None:
    proven(client, shopper)
    assert client.post("/me/security/passkeys/question/").json()["publicKey"]["user"]["name"] == "138****8000"

    client.post("/me/security/passkeys/add/", {"credential": credential, "name": "x"})

    assert not Authenticator.objects.exists()


def test_question_for_a_passkey_tells_nobodys_accounts(client: Client, shopper: User) -> None:
    passkey(shopper)

    question = client.post("/sign-in/passkey/question/").json()["publicKey"]

    assert not question.get("allowCredentials")


def test_passkey_of_a_closed_account_opens_nothing(shopper: User, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = passkey(shopper)
    shopper.is_active = False
    shopper.save()
    monkeypatch.setattr(auth, "parse_authentication_response", lambda _answer: None)
    monkeypatch.setattr(auth, "extract_user_from_response", lambda _answer: shopper)
    monkeypatch.setattr(auth, "complete_authentication", lambda _user, _answer: mine)

    with pytest.raises(passkeys.PasskeyRefused):
        passkeys.sign_in(Mock(), {}, redirect_url="/")


def test_passkeys_are_named_and_removed_by_their_owner_alone(client: Client, shopper: User) -> None:
    mine, strange = passkey(shopper), passkey(ShopperUserFactory.create(), "Theirs")
    proven(client, shopper)

    client.post(f"/me/security/passkeys/{mine.pk}/rename/", {"name": "  My   phone "})
    client.post(f"/me/security/passkeys/{mine.pk}/rename/", {"name": "x" * 41})
    assert client.post(f"/me/security/passkeys/{strange.pk}/rename/", {"name": "Mine"}).status_code == 404
    assert client.post(f"/me/security/passkeys/{strange.pk}/remove/").status_code == 404
    assert [row.data["name"] for row in Authenticator.objects.order_by("pk")] == ["My phone", "Theirs"]
    assert client.post(f"/me/security/passkeys/{mine.pk}/remove/").status_code == 302
    assert list(Authenticator.objects.all()) == [strange]


def answer_as(monkeypatch: pytest.MonkeyPatch, *answers: dict[str, object]) -> list[tuple[str, dict[str, str]]]:
    """Let WeChat answer so, one call after the other; return what it is asked."""
    asked, left = [], list(answers)

    def request(_session: requests.Session, _method: str, url: str, **kwargs: Any) -> requests.Response:  # noqa: ANN401
        asked.append((url, kwargs["params"]))
        answer = requests.Response()
        answer.status_code, answer._content = 200, json.dumps(left.pop(0), ensure_ascii=False).encode()
        answer.headers["Content-Type"] = "text/plain"
        return answer

    monkeypatch.setattr(requests.Session, "request", request)
    return asked


TOKEN: dict[str, object] = {"access_token": "T", "expires_in": 7200, "refresh_token": "R", "openid": "o1"}
PERSON: dict[str, object] = {"openid": "o1", "nickname": "小雨", "unionid": "u1", "city": "Shanghai", "sex": 2}


def come_back(client: Client, start: str = "/sign-in/wechat/") -> str:
    """Go to WeChat and come back; return where that leads."""
    away = urlsplit(client.post(start).headers["Location"])
    query = parse_qs(away.query)
    assert (away.netloc, query["appid"], query["scope"]) == ("open.invalid", ["wx1"], ["snsapi_login"])
    answer = client.get("/sign-in/wechat/callback/", {"code": "C", "state": query["state"][0]})
    assert answer.status_code == 302
    return str(answer.headers["Location"])


def test_newcomer_from_wechat_proves_a_phone_first(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answer_as(monkeypatch, TOKEN, PERSON)

    assert come_back(client) == "/sign-in/?next=%2Fme%2F"

    assert [url for url, _query in asked] == [
        "https://wechat.invalid/sns/oauth2/access_token", "https://wechat.invalid/sns/userinfo",
    ]  # fmt: skip
    assert asked[0][1]["secret"] == "s"
    assert client.session["wechat"]["said"] == {"openid": "o1", "unionid": "u1", "nickname": "小雨"}
    assert not SocialAccount.objects.exists()
    assert not User.objects.exists()


def test_known_wechat_signs_in(client: Client, shopper: User, monkeypatch: pytest.MonkeyPatch) -> None:
    SocialAccount.objects.create(user=shopper, provider="weixin", uid="o1", extra_data={})
    answer_as(monkeypatch, TOKEN, PERSON)

    assert come_back(client) == "/me/"
    assert client.session["_auth_user_id"] == str(shopper.pk)


def test_wechat_of_a_closed_account_opens_nothing(
    client: Client, shopper: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    shopper.is_active = False
    shopper.save()
    SocialAccount.objects.create(user=shopper, provider="weixin", uid="o1", extra_data={})
    answer_as(monkeypatch, TOKEN, PERSON)

    assert come_back(client).startswith("/sign-in/?")
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("answers", [[{"errcode": 40029, "errmsg": "invalid code"}], [TOKEN, {"errcode": 40001}]])
def test_refusal_of_wechat_leads_back_to_the_sign_in(
    client: Client, monkeypatch: pytest.MonkeyPatch, answers: list[dict[str, object]]
) -> None:
    answer_as(monkeypatch, *answers)

    assert come_back(client).startswith("/sign-in/?")
    assert not SocialAccount.objects.exists()


def test_answer_for_another_browser_is_refused(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answer_as(monkeypatch, TOKEN, PERSON)

    answer = client.get("/sign-in/wechat/callback/", {"code": "C", "state": "stolen"})

    assert answer.headers["Location"].startswith("/sign-in/?")
    assert asked == []


def test_wechat_is_linked_to_one_account_only(client: Client, shopper: User, monkeypatch: pytest.MonkeyPatch) -> None:
    other = ShopperUserFactory.create()
    SocialAccount.objects.create(user=other, provider="weixin", uid="o1", extra_data={})
    proven(client, shopper)
    answer_as(monkeypatch, TOKEN, PERSON, TOKEN, {**PERSON, "openid": "o2"})

    assert come_back(client, "/me/security/wechat/link/") == "/me/security/"
    assert SocialAccount.objects.get().user == other
    assert come_back(client, "/me/security/wechat/link/") == "/me/security/"
    link = SocialAccount.objects.get(uid="o2")
    assert link.user == shopper
    client.post(f"/me/security/wechat/{link.pk}/unlink/")
    assert SocialAccount.objects.get().user == other


def test_wechat_is_off_without_an_identity_there(client: Client, settings: Settings) -> None:
    settings.WECHAT_LOGIN = {**settings.WECHAT_LOGIN, "app_id": ""}

    assert client.post("/sign-in/wechat/").status_code == 404
    assert "WeChat" not in client.get("/sign-in/", headers=ENGLISH).content.decode()
