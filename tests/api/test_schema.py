"""The description: complete, valid OpenAPI, and shown by a page that needs nothing inline."""

import json
import re
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client

from omni.api.urls import urlpatterns

pytestmark = pytest.mark.django_db


def test_schema_describes_every_resource_with_its_key_and_without_warnings(tmp_path: Path) -> None:
    path = tmp_path / "openapi.json"
    call_command("spectacular", format="openapi-json", file=str(path), validate=True, fail_on_warn=True)
    schema = json.loads(path.read_text(encoding="utf-8"))
    named = {f"/api/{pattern.pattern}".replace("<str:number>", "{number}") for pattern in urlpatterns if pattern.name}
    assert set(schema["paths"]) == named - {"/api/v1/schema/", "/api/v1/docs/"}
    assert schema["components"]["securitySchemes"]["apiKey"]["scheme"] == "bearer"
    assert schema["paths"]["/api/v1/orders/{number}/"]["get"]["security"] == [{"apiKey": []}]
    nearest = schema["paths"]["/api/v1/stores/nearest"]["get"]
    assert "security" not in nearest or nearest["security"] == []
    assert {(one["name"], one.get("required", False)) for one in nearest["parameters"]} == {
        ("brand", True),
        ("lat", True),
        ("lng", True),
        ("lines", True),
        ("limit", False),
    }


def test_schema_is_served_to_everybody(client: Client) -> None:
    response = client.get("/api/v1/schema/?format=json")
    assert response.status_code == 200
    assert response.json()["openapi"].startswith("3.")


def test_docs_page_has_nothing_inline_and_nothing_from_elsewhere(client: Client) -> None:
    page = client.get("/api/v1/docs/").content.decode()
    assert 'data-schema="/api/v1/schema/?format=json"' in page
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\bon\w+=|style=|https?://", page) == []
