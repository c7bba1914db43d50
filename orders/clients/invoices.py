"""Electronic invoices over HTTP, in the neutral shape of docs/sandbox.md; a provider's own is another class like this.

The same serial is the same invoice, however often it is asked for. `InvoiceRefused` means that it was not issued,
`InvoiceUnreachable` that nobody knows.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import requests
from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Seconds to connect and to wait for an answer.
INVOICE_TIMEOUT = (3.0, 8.0)
STATES = frozenset({"ISSUING", "ISSUED", "REFUSED"})
MAX_TEXT = 300
BLUE, RED = "blue", "red"


class InvoiceUnreachable(Exception):
    """No usable answer: whether the call took effect is unknown."""


class InvoiceRefused(Exception):
    """The provider said no; `code` is its word for why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class InvoiceBuyer:
    """Whom an invoice is made out to; a company has a tax number."""

    kind: str
    title: str
    tax_number: str


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """Goods or a charge: the amount with its VAT, and the VAT in it. All are below zero on a red invoice."""

    name: str
    quantity: int
    amount_fen: int
    tax_rate_ppm: int
    tax_fen: int


@dataclass(frozen=True, slots=True)
class ProviderInvoice:
    """An invoice as the provider sees it: ISSUING, ISSUED with number and link, REFUSED with the reason."""

    serial: str
    state: str
    number: str = ""
    pdf_url: str = ""
    reason: str = ""
    issued_at: datetime | None = None


class InvoiceClient:
    """One seller's account at the provider."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._base_url = str(config["base_url"]).rstrip("/")
        self._api_key = str(config["api_key"])

    def issue(
        self,
        serial: str,
        *,
        seller: str,
        buyer: InvoiceBuyer,
        lines: Sequence[InvoiceLine],
        reverses: str = "",
    ) -> ProviderInvoice:
        """Ask for an invoice, or with `reverses` (an invoice's number) for the red one that takes it back.

        :raises InvoiceRefused: it was not issued.
        :raises InvoiceUnreachable: it may have been: ask again under the same serial.
        """
        body = {
            "serial": serial,
            "kind": RED if reverses else BLUE,
            "reverses": reverses,
            "seller": seller,
            "buyer": asdict(buyer),
            "lines": [asdict(line) for line in lines],
            "amount_fen": sum(line.amount_fen for line in lines),
            "tax_fen": sum(line.tax_fen for line in lines),
        }
        return self._call("POST", "/v1/invoices", serial, body)

    def query(self, serial: str) -> ProviderInvoice:
        """Ask how an invoice stands.

        :raises InvoiceRefused: "not_found".
        :raises InvoiceUnreachable: nobody knows.
        """
        return self._call("GET", f"/v1/invoices/{quote(serial, safe='')}", serial)

    def _call(self, method: str, path: str, serial: str, body: Mapping[str, object] | None = None) -> ProviderInvoice:
        if not self._base_url:
            raise InvoiceUnreachable("no provider is configured")
        headers = {"Authorization": f"Bearer {self._api_key}"}
        if body is not None:
            headers["Idempotency-Key"] = serial
        try:
            answer = requests.request(
                method, f"{self._base_url}{path}", json=body, headers=headers, timeout=INVOICE_TIMEOUT,
                allow_redirects=False,
            )  # fmt: skip
            content = answer.json()
        except (requests.RequestException, ValueError) as error:
            raise InvoiceUnreachable(type(error).__name__) from error
        if not isinstance(content, dict):
            raise InvoiceUnreachable("The answer is no JSON object.")
        if answer.status_code in {400, 404, 409, 422}:
            raise InvoiceRefused(str(content.get("code", answer.status_code))[:60])
        if answer.status_code not in {200, 201}:
            raise InvoiceUnreachable(f"HTTP {answer.status_code}")
        return _read(serial, content)


def invoice_provider() -> InvoiceClient:
    """Return the client of the account in settings.INVOICES."""
    return InvoiceClient(settings.INVOICES)


def _read(serial: str, content: Mapping[str, Any]) -> ProviderInvoice:
    """Read an answer; one that is not understood, or of another invoice, leaves the outcome open."""
    state, number, url = (content.get(name) for name in ("state", "number", "pdf_url"))
    texts = [number or "", url or "", content.get("reason") or ""]
    if state not in STATES or content.get("serial") != serial:
        raise InvoiceUnreachable("The answer's serial or state is wrong.")
    if not all(isinstance(text, str) and len(text) <= MAX_TEXT and text.isprintable() for text in texts):
        raise InvoiceUnreachable("A text of the answer is wrong.")
    if state == "ISSUED" and (not number or urlsplit(texts[1]).scheme not in {"http", "https"}):
        raise InvoiceUnreachable("The answer lacks number or link.")
    return ProviderInvoice(serial, str(state), texts[0], texts[1], texts[2], _moment(content.get("issued_at")))


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text)) if text else None
    except ValueError as error:
        raise InvoiceUnreachable("The answer's time is wrong.") from error
    return moment if moment is None or moment.tzinfo else None
