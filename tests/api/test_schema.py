"""The description: complete, valid OpenAPI, and shown by a page that needs nothing inline."""

import re

import pytest
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from omni.api.urls import urlpatterns

pytestmark = pytest.mark.django_db


def test_schema_describes_every_resource_with_its_key_and_without_warnings() -> None:
    """Warnings of the generator are errors in tests."""
    schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    validate_schema(schema)  # type: ignore[no-untyped-call]
    named = {f"/api/{pattern.pattern}".replace("<str:number>", "{number}") for pattern in urlpatterns if pattern.name}
    assert set(schema["paths"]) == named - {"/api/v1/schema/", "/api/v1/docs/"}
    assert schema["components"]["securitySchemes"]["apiKey"]["scheme"] == "bearer"
    assert schema["paths"]["/api/v1/orders/{number}/"]["get"]["security"] == [{"apiKey": []}]


def test_schema_is_served_to_everybody(client: Client) -> None:
    response = client.get("/api/v1/schema/?format=json")
    assert response.status_code == 200
    assert response.json()["openapi"].startswith("3.")


def test_docs_page_has_nothing_inline_and_nothing_from_elsewhere(client: Client) -> None:
    page = client.get("/api/v1/docs/").content.decode()
    assert 'data-schema="/api/v1/schema/?format=json"' in page
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\bon\w+=|style=|https?://", page) == []
