"""What the invoice of an order is for, and how it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orders.clients import InvoiceLine
from orders.models import Invoice, Recognition
from orders.queries.access import orders_visible_to
from orders.rules import tax_in

if TYPE_CHECKING:
    from datetime import datetime

    from orders.models import Order
    from stores.permissions import Actor

# A charge is taxed as the goods that it comes with; this where there are none.
USUAL_RATE_PPM = 130_000


@dataclass(frozen=True, slots=True)
class DocumentView:
    kind: str
    kind_label: str
    number: str
    pdf_url: str
    amount_fen: int
    issued_at: datetime


@dataclass(frozen=True, slots=True)
class InvoiceView:
    """The invoice of an order as its shopper sees it."""

    order_number: str
    number: str
    status: str
    status_label: str
    title: str
    title_kind: str
    tax_number: str
    amount_fen: int
    tax_fen: int
    reason: str
    requested_at: datetime
    documents: tuple[DocumentView, ...]


def lines_of(order: Order) -> list[InvoiceLine]:
    """Return what was sold of an order and not returned, line by line, with the VAT in it; names are in Chinese."""
    totals: dict[tuple[str, int], list[int]] = {}
    names: dict[tuple[str, int], tuple[str, int]] = {}
    sales = Recognition.objects.filter(order=order).select_related("order_line", "charge").order_by("pk")
    for sale in sales:
        if sale.order_line is not None:
            key = ("line", sale.order_line.pk)
            names[key] = (sale.order_line.name_zh, sale.order_line.tax_rate_ppm)
        else:
            key = ("charge", sale.charge_id or 0)
            names[key] = ("运费", USUAL_RATE_PPM)
        units, amount_fen = totals.setdefault(key, [0, 0])
        sign = -1 if sale.amount_fen < 0 else 1
        totals[key] = [units + sign * sale.quantity, amount_fen + sale.amount_fen]
    rates = [rate for (kind, _key), (_name, rate) in names.items() if kind == "line"]
    lines = []
    for key, (units, amount_fen) in totals.items():
        name, rate_ppm = names[key]
        if key[0] == "charge" and rates:
            rate_ppm = rates[0]
        if amount_fen > 0:
            lines.append(InvoiceLine(name, max(units, 1), amount_fen, rate_ppm, tax_in(amount_fen, rate_ppm)))
    return lines


def find_invoice(order: Order) -> InvoiceView | None:
    """Return the invoice of an order, if it was ever asked for."""
    invoice = Invoice.objects.filter(order=order).select_related("order").prefetch_related("documents").first()
    return _view(invoice) if invoice is not None else None


def invoices_visible_to(actor: Actor, *, limit: int) -> list[InvoiceView]:
    """Return the newest invoices of the orders that somebody may see."""
    rows = Invoice.objects.filter(order__in=orders_visible_to(actor)).select_related("order")
    return [_view(row) for row in rows.prefetch_related("documents").order_by("-pk")[:limit]]


def _view(invoice: Invoice) -> InvoiceView:
    return InvoiceView(
        order_number=invoice.order.number,
        number=invoice.number,
        status=invoice.status,
        status_label=str(invoice.get_status_display()),
        title=invoice.title,
        title_kind=str(invoice.get_title_kind_display()),
        tax_number=invoice.tax_number,
        amount_fen=invoice.amount_fen,
        tax_fen=invoice.tax_fen,
        reason=invoice.reason,
        requested_at=invoice.requested_at,
        documents=tuple(
            DocumentView(row.kind, str(row.get_kind_display()), row.number, row.pdf_url, row.amount_fen, row.issued_at)
            for row in sorted(invoice.documents.all(), key=lambda row: row.pk)
        ),
    )
