"""A person's browser without the picture: follows links, fills in forms, keeps cookies."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

import requests

TIMEOUT_SECONDS = 20
UNPROCESSABLE = 422
VOID = frozenset({"input", "img", "br", "meta", "link", "hr", "source"})


@dataclass
class Form:
    """A form as it stands on the page; `buttons` are the values that sending it may add."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class Page(HTMLParser):
    """What the story needs of a page: its forms, links and texts by class."""

    def __init__(self, url: str, html: str) -> None:
        super().__init__()
        self.url = url
        self.html = html
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[tuple[str, list[str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a form, a field, a link, and where texts of a class begin."""
        values = {name: value or "" for name, value in attrs}
        classes = values.get("class", "").split()
        for name in classes:
            self.texts.setdefault(name, []).append("")
        if tag not in VOID:
            self._open.append((tag, classes))
        if tag == "form":
            self.forms.append(Form(urljoin(self.url, values.get("action") or self.url), values.get("method", "get")))
        elif tag == "a" and "href" in values:
            self.links.append(urljoin(self.url, values["href"]))
        elif tag in {"input", "button"} and self.forms and not ("disabled" in values and tag == "input"):
            self._note_field(tag, values)

    def _note_field(self, tag: str, values: dict[str, str]) -> None:
        form, name = self.forms[-1], values.get("name", "")
        if tag == "button":
            form.buttons.append((name, values.get("value", "")))
        elif name and (values.get("type") not in {"radio", "checkbox"} or "checked" in values):
            form.fields[name] = values.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost element of the name."""
        while self._open:
            name, _classes = self._open.pop()
            if name == tag:
                return

    def handle_data(self, text: str) -> None:
        """Add a text to every class it stands in."""
        for _tag, classes in self._open:
            for name in classes:
                self.texts[name][-1] += text

    def words(self, name: str) -> list[str]:
        """Return the texts of a class, each on one line."""
        return [" ".join(text.split()) for text in self.texts.get(name, [])]

    def form(self, *, action: str = "", having: str = "") -> Form | None:
        """Return the first form whose address holds `action` and that has the field or button `having`."""
        for form in self.forms:
            names = {*form.fields, *(name for name, _value in form.buttons)}
            if action in form.action and (not having or having in names):
                return form
        return None


class Browser:
    """One person's session."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self._session = requests.Session()
        self._session.headers["Accept-Language"] = "en"

    def open(self, address: str) -> Page:
        """Open a page of the site, or of another one by its full address.

        :raises requests.HTTPError: when the answer is an error.
        """
        return self._page(self._session.get(urljoin(self.base_url, address), timeout=TIMEOUT_SECONDS))

    def send(self, form: Form, **values: str) -> Page:
        """Fill in a form and send it.

        :raises requests.HTTPError: when the answer is an error.
        """
        filled = {**form.fields, **values}
        headers = {"Referer": form.action, "Origin": "/".join(form.action.split("/")[:3])}
        answer = self._session.post(form.action, data=filled, headers=headers, timeout=TIMEOUT_SECONDS)
        return self._page(answer)

    def _page(self, answer: requests.Response) -> Page:
        if answer.status_code != UNPROCESSABLE:  # a form with its errors beside the fields
            answer.raise_for_status()
        return Page(answer.url, answer.text)
