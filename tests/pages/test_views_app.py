"""The shop as an app: manifest, service worker, and the pages of failures."""

import json
import re
from http import HTTPStatus
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.test import Client
from PIL import Image

from omni.pages.views.app import built_files

pytestmark = pytest.mark.django_db


def found(address: str) -> Path:
    """Return the file behind a static address."""
    path = finders.find(address.removeprefix("/static/"))
    assert isinstance(path, str), address
    return Path(path)


def size_of(path: Path) -> str:
    with Image.open(path) as image:
        return f"{image.width}x{image.height}"


def test_manifest_names_icons_that_are_as_large_as_they_say(client: Client) -> None:
    manifest = json.loads(client.get("/manifest.webmanifest").content)

    sizes = {icon["src"]: icon["sizes"] for icon in manifest["icons"]}
    assert {src: size_of(found(src)) for src in sizes} == sizes
    assert sorted(icon["purpose"] for icon in manifest["icons"]) == ["any", "any", "maskable"]
    assert (manifest["start_url"], manifest["scope"], manifest["display"]) == ("/", "/", "standalone")
    assert [client.get(one["url"]).status_code for one in manifest["shortcuts"]] == [HTTPStatus.OK] * 2


@pytest.mark.parametrize(("language", "name"), [("zh-hans", "街角衣橱"), ("en", "Corner Wardrobe")])
def test_manifest_speaks_the_shoppers_language(client: Client, language: str, name: str) -> None:
    manifest = json.loads(client.get("/manifest.webmanifest", headers={"accept-language": language}).content)

    assert (manifest["lang"], manifest["name"]) == (language, name)


def test_worker_keeps_the_files_of_this_build_and_no_page_but_the_offline_one(client: Client) -> None:
    answer = client.get("/worker.js")

    listed = re.search(r"const KEPT = (\[.*?\]);", answer.content.decode())
    assert listed
    kept = json.loads(listed[1])
    assert kept == ["/offline/", "/static/favicon.svg", *built_files()]
    assert {Path(name).suffix for name in built_files()} == {".js", ".css"}
    assert all(found(name).exists() for name in kept[1:])
    assert answer["Content-Type"] == "text/javascript"
    assert "no-cache" in answer["Cache-Control"]


def test_built_files_lie_there_compressed() -> None:
    for name in built_files():
        assert found(name).with_name(f"{found(name).name}.gz").exists()


def test_failure_page_needs_nothing_that_is_built() -> None:
    html = render_to_string("500.html")

    assert re.findall(r'(?:href|src)="([^"]+)"', html) == [
        "/static/favicon.svg", "/static/error.css", "/static/favicon.svg", "/",
    ]  # fmt: skip
    assert found("/static/error.css").exists()
    assert not re.search(r"<script|<style|style=", html)
    assert "/static/dist/" not in html


def test_address_of_the_old_icon_leads_to_the_icon(client: Client) -> None:
    answer = client.get("/favicon.ico")

    assert (answer.status_code, answer["Location"]) == (HTTPStatus.MOVED_PERMANENTLY, "/static/favicon.ico")
    assert found("/static/favicon.ico").exists()
