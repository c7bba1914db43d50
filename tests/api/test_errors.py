"""Every refusal has one shape, whoever refuses."""

import json

import pytest
from django.conf import LazySettings
from django.test import Client
from rest_framework.exceptions import ErrorDetail, ValidationError

from omni.api.errors import exception_handler
from omni.kernel.errors import InvalidInput
from tests.factories.api import bearer, issue_key
from tests.factories.stores import BrandFactory

pytestmark = pytest.mark.django_db
ORDERS = "/api/v1/orders/"


@pytest.fixture
def key() -> dict[str, str]:
    return {**bearer(issue_key(BrandFactory.create())), "accept-language": "en"}


def post(
    client: Client, key: dict[str, str], body: bytes, content_type: str = "application/json"
) -> tuple[int, dict[str, object]]:
    response = client.post(ORDERS, body, content_type=content_type, headers=key)
    return response.status_code, response.json()["error"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"lines": [',
        b"{'lines': []}",
        b"\xff\xfe",
        b'{"lines": NaN}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'{"quantity": ' + b"9" * 5000 + b"}",
    ],
    ids=["empty", "open", "cut", "quotes", "bytes", "nan", "deep list", "deep object", "long number"],
)
def test_json_that_is_malformed_is_a_clear_refusal(client: Client, key: dict[str, str], body: bytes) -> None:
    status, error = post(client, key, body)
    assert (status, error["code"]) in {(400, "malformed_json"), (400, "required")}


@pytest.mark.parametrize("body", [b"[]", b'"lines"', b"12", b"null", b"true"])
def test_json_that_is_no_object_is_a_clear_refusal(client: Client, key: dict[str, str], body: bytes) -> None:
    status, error = post(client, key, body)
    assert (status, set(error)) == (400, {"code", "message", "field", "params"})


def test_body_that_is_too_large_is_refused_unread(client: Client, key: dict[str, str], settings: LazySettings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    status, error = post(client, key, json.dumps({"street": "x" * 100}).encode())
    assert (status, error["code"]) == (413, "request_too_large")


def test_other_kinds_of_body_are_refused(client: Client, key: dict[str, str]) -> None:
    status, error = post(client, key, b"<order/>", "application/xml")
    assert (status, error["code"]) == (415, "unsupported_media_type")


def test_other_methods_are_refused(client: Client, key: dict[str, str]) -> None:
    response = client.delete(ORDERS, headers=key)
    assert (response.status_code, response.json()["error"]["code"]) == (405, "method_not_allowed")


@pytest.mark.parametrize("path", ["/api/", "/api/v1/", "/api/v1/magic/", "/api/v2/orders/", "/api/v1/orders/a/b/c"])
@pytest.mark.parametrize("method", ["get", "post", "delete", "patch"])
def test_path_that_does_not_exist_is_not_found_in_the_same_shape(client: Client, path: str, method: str) -> None:
    response = getattr(client, method)(path, headers={"accept-language": "en"})
    assert response.status_code == 404
    assert response.json() == {"error": {"code": "not_found", "message": "Not found.", "field": None, "params": {}}}


def test_refusal_is_in_the_language_of_the_reader(client: Client) -> None:
    messages = {
        client.get("/api/", headers={"accept-language": language}).json()["error"]["message"]
        for language in ("en", "zh-hans")
    }
    assert len(messages) == 2


@pytest.mark.parametrize(
    ("detail", "field", "code"),
    [
        ({"lines": [{}, {"quantity": [ErrorDetail("No.", "invalid")]}]}, "lines.1.quantity", "invalid"),
        ({"lines": {"non_field_errors": [ErrorDetail("No.", "not_a_list")]}}, "lines", "not_a_list"),
        ({"non_field_errors": [ErrorDetail("No.", "invalid")]}, None, "invalid"),
        ([ErrorDetail("No.", "wrong")], None, "wrong"),
    ],
)
def test_exception_handler_names_the_first_wrong_field(detail: object, field: str | None, code: str) -> None:
    response = exception_handler(ValidationError(detail), {})  # type: ignore[arg-type]
    assert response is not None
    assert response.data == {"error": {"code": code, "message": "No.", "field": field, "params": {}}}


def test_exception_handler_leaves_mistakes_of_ours_alone() -> None:
    assert exception_handler(KeyError("x"), {}) is None


def test_exception_handler_passes_a_domain_error_on() -> None:
    response = exception_handler(InvalidInput("At most %(most)s.", field="quantity", most=99), {})
    assert response is not None
    assert (response.status_code, response.data) == (
        400,
        {"error": {"code": "invalid", "message": "At most 99.", "field": "quantity", "params": {"most": 99}}},
    )
