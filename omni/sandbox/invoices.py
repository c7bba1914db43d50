"""A provider of electronic invoices: it takes a moment, then there is a number and a document to open."""

import re
import secrets
from sqlite3 import Row
from typing import Any

from omni.sandbox.bearer import Answer, BearerService
from omni.sandbox.web import Problem, Request, Response, Router
from omni.sandbox.world import World

SERIAL = re.compile(r"[0-9A-Za-z-]{1,40}")
TAX_NUMBER = re.compile(r"[0-9A-HJ-NPQRTUWXY]{18}")
MAX_LINES = 200
PDF_PAGE = (
    b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
    b" /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>"
)


class Invoices:
    """The seller's account: one invoice a serial, a red one takes a blue one back once."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._bearer = BearerService(world, "invoices", world.credentials.invoices_api_key)

    def add_routes(self, router: Router) -> None:
        """Add the calls, and the documents that anybody may open."""
        router.add("POST", "/invoices/v1/invoices", self._bearer.call("issue", self._issue, _serials))
        router.add("GET", "/invoices/v1/invoices/{serial}", self._bearer.call("query", self._query, _serials))
        router.add("GET", "/invoices/documents/{number}.pdf", self._document)

    def _issue(self, request: Request) -> Answer:
        body = request.json()
        serial = body.get("serial")
        if not isinstance(serial, str) or not SERIAL.fullmatch(serial):
            raise Problem(400, "invalid", "serial is missing or wrong.", "serial")
        known = self._find(serial)
        if known is None:
            self._check(body)
            refuses = bool(self._world.faults.take("invoices", "title_unknown", [serial], "issue"))
            self._world.database.change(
                "INSERT INTO invoice (serial, kind, reverses, title, amount_fen, state, number, reason, at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                serial, body["kind"], body.get("reverses") or "", body["buyer"]["title"], body["amount_fen"],
                "REFUSED" if refuses else "ISSUING", f"26{secrets.randbelow(10**18):018d}",
                "title_unknown" if refuses else "", self._world.clock.stamp(),
            )  # fmt: skip
            known = self._find(serial)
        return Answer(self._content(known), 201)

    def _query(self, request: Request) -> Answer:
        row = self._find(request.params["serial"])
        if row is None:
            raise Problem(404, "not_found", "There is no such invoice.")
        is_slow = self._world.faults.is_on("invoices", "slow")
        if row["state"] == "ISSUING" and not is_slow:
            self._world.database.change("UPDATE invoice SET state = 'ISSUED' WHERE serial = ?", row["serial"])
            row = self._find(row["serial"])
        return Answer(self._content(row))

    def _check(self, body: dict[str, Any]) -> None:
        """:raises Problem: 400 naming what is wrong, 409 "already_reversed"."""
        buyer, lines = body.get("buyer"), body.get("lines")
        if not isinstance(buyer, dict) or not isinstance(buyer.get("title"), str) or not buyer["title"]:
            raise Problem(400, "invalid", "buyer.title is missing.", "buyer.title")
        if buyer.get("kind") == "company" and not TAX_NUMBER.fullmatch(str(buyer.get("tax_number", ""))):
            raise Problem(400, "invalid_tax_number", "A company has a tax number of 18 characters.", "buyer.tax_number")
        if not isinstance(lines, list) or not 1 <= len(lines) <= MAX_LINES:
            raise Problem(400, "invalid", f"lines: 1 to {MAX_LINES}.", "lines")
        for name in ("amount_fen", "tax_fen"):
            if sum(int(line.get(name, 0)) for line in lines) != body.get(name):
                raise Problem(400, "invalid", f"{name} is not the sum of the lines.", name)
        if body.get("kind") not in {"blue", "red"} or (body["kind"] == "red") != (body["amount_fen"] < 0):
            raise Problem(400, "invalid", "kind is blue, or red with an amount below zero.", "kind")
        if body["kind"] == "red":
            self._check_reverses(str(body.get("reverses", "")), body["amount_fen"])

    def _check_reverses(self, number: str, amount_fen: int) -> None:
        database = self._world.database
        blue = database.row("SELECT * FROM invoice WHERE number = ? AND kind = 'blue' AND state = 'ISSUED'", number)
        if blue is None or blue["amount_fen"] != -amount_fen:
            raise Problem(400, "invalid", "reverses names no issued invoice of this amount.", "reverses")
        if database.row("SELECT 1 FROM invoice WHERE reverses = ? AND state <> 'REFUSED'", number) is not None:
            raise Problem(409, "already_reversed", "This invoice was taken back already.", "reverses")

    def _find(self, serial: str) -> Row | None:
        return self._world.database.row("SELECT * FROM invoice WHERE serial = ?", serial)

    def _content(self, row: Row | None) -> dict[str, Any]:
        """Return the JSON shape of an invoice."""
        if row is None:
            raise Problem(404, "not_found", "There is no such invoice.")
        is_issued = row["state"] == "ISSUED"
        base_url = self._world.credentials.base_url
        return {
            "serial": row["serial"],
            "state": row["state"],
            "number": row["number"] if is_issued else "",
            "pdf_url": f"{base_url}/invoices/documents/{row['number']}.pdf" if is_issued else "",
            "issued_at": row["at"] if is_issued else None,
            "reason": row["reason"],
        }

    def _document(self, request: Request) -> Response:
        row = self._world.database.row(
            "SELECT * FROM invoice WHERE number = ? AND state = 'ISSUED'", request.params["number"]
        )
        if row is None:
            raise Problem(404, "not_found", "There is no such document.")
        words = f"Sandbox {row['kind']} invoice {row['number']}: CNY {row['amount_fen'] / 100:.2f}"
        headers = (("Content-Type", "application/pdf"), ("Content-Disposition", "inline"))
        return Response(200, draw_pdf(words), headers)


def draw_pdf(words: str) -> bytes:
    """Return the smallest document that says something."""
    text = words.replace("\\", "").replace("(", "").replace(")", "").encode("ascii", "replace")
    stream = b"BT /F1 14 Tf 40 780 Td (" + text + b") Tj ET"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        PDF_PAGE,
        b"<< /Length " + str(len(stream)).encode() + b" >>\nstream\n" + stream + b"\nendstream",
    ]
    drawn, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(drawn))
        drawn += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    trailer = f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer << /Size {size} /Root 1 0 R >>\n"
    return drawn + f"{trailer}startxref\n{len(drawn)}\n%%EOF\n".encode()


def _serials(request: Request) -> list[str]:
    if "serial" in request.params:
        return [request.params["serial"]]
    try:
        serial = request.json().get("serial")
    except Problem:
        return []
    return [serial] if isinstance(serial, str) else []
