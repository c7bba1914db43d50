import pytest
import requests

from tests.sandbox.fixture import SandboxProcess


def send(sandbox: SandboxProcess, channel: str, body: object, *, key: str = "", api_key: str = "") -> requests.Response:
    keys = sandbox.credentials["messages"]
    headers = {"Authorization": f"Bearer {api_key or keys['api_key']}"} | ({"Idempotency-Key": key} if key else {})
    return requests.post(f"{keys['base_url']}/{channel}", json=body, headers=headers, timeout=10)


def test_messages_are_kept_newest_first_with_all_their_fields(sandbox: SandboxProcess) -> None:
    sms = send(sandbox, "sms", {"to": "+8613800138000", "text": "验证码 314159 😀", "template": "otp"})
    send(sandbox, "wechat", {"to": "o123", "text": "已发货"})

    messages = sandbox.messages()

    assert sms.status_code == 201
    assert [(message["channel"], message["text"]) for message in messages] == [
        ("wechat", "已发货"),
        ("sms", "验证码 314159 😀"),
    ]
    assert messages[1]["message_id"] == sms.json()["message_id"]
    assert messages[1]["template"] == "otp"
    assert [message["to"] for message in sandbox.messages("+8613800138000")] == ["+8613800138000"]


def test_message_with_the_same_idempotency_key_is_kept_once(sandbox: SandboxProcess) -> None:
    first = send(sandbox, "sms", {"to": "+8613800138000", "text": "你好"}, key="K1")
    again = send(sandbox, "sms", {"to": "+8613800138000", "text": "你好"}, key="K1")

    assert first.json() == again.json()
    assert len(sandbox.messages()) == 1


@pytest.mark.parametrize(
    ("body", "field"), [({"text": "x"}, "to"), ({"to": "1"}, "text"), ({"to": "1", "text": ""}, "text")]
)
def test_message_without_recipient_or_text_is_refused(
    sandbox: SandboxProcess, body: dict[str, str], field: str
) -> None:
    answer = send(sandbox, "sms", body)

    assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert sandbox.messages() == []


def test_message_with_a_wrong_key_is_refused(sandbox: SandboxProcess) -> None:
    assert send(sandbox, "sms", {"to": "1", "text": "x"}, api_key="wrong").status_code == 401
    assert sandbox.messages() == []


def test_gateway_faults(sandbox: SandboxProcess) -> None:
    sandbox.fault("messages", http_500=1, subject="+8613800138000")

    assert send(sandbox, "sms", {"to": "+8613900139000", "text": "x"}).status_code == 201
    assert send(sandbox, "sms", {"to": "+8613800138000", "text": "x"}).status_code == 500
    assert send(sandbox, "sms", {"to": "+8613800138000", "text": "x"}).status_code == 201
