"""The electronic invoice of an order: asked for, issued, and after a return taken back and issued for the rest."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import connection
from django.utils.translation import gettext_lazy as _

from omni.kernel import bilingual, sealing
from omni.kernel.errors import Conflict, InvalidInput
from omni.kernel.numbers import public_number
from omni.kernel.outbox import hint, publish
from omni.kernel.states import transition
from omni.kernel.transactions import drive, entry, step
from orders import clients, locks, rules, sql
from orders.choices import OPEN_INVOICES, InvoiceKind, InvoiceStatus, OrderStatus, TitleKind
from orders.events import InvoiceIssued, InvoiceNotIssued, InvoiceReversed
from orders.models import Invoice, InvoiceDocument
from orders.queries import invoicing

if TYPE_CHECKING:
    from datetime import datetime

logger = logging.getLogger(__name__)

ACTOR = "system:invoices"
MAX_TITLE = 100
RETRY_SECONDS = 5
LONGEST_RETRY_SECONDS = 3600


class OrderNotInvoiceable(Conflict):
    """Nothing was sold yet, or everything came back."""

    code = "order_not_invoiceable"


class InvoiceExists(Conflict):
    """The order has an invoice, or one is under way."""

    code = "invoice_exists"


class InvalidTitle(InvalidInput):
    """A title that no invoice can be made out to."""

    code = "invalid_title"


@step
def request_invoice(
    order_id: int, *, title_kind: str, title: str, tax_number: str, email: str, actor: str, now: datetime
) -> int:
    """Ask for the invoice of a completed order, or after a refusal ask again with a better title; return its id.

    Locks Checkout, its payments, Order.

    :raises OrderNotInvoiceable: before everything has arrived, or when nothing was kept.
    :raises InvoiceExists: there is one.
    :raises InvalidTitle: InvalidTaxNumber for a company's number; `field` names it.
    """
    title, tax_number = _checked(title_kind, title, tax_number)
    order = locks.lock_order(order_id).order
    lines = invoicing.lines_of(order)
    if order.status != OrderStatus.COMPLETED or sum(line.amount_fen for line in lines) <= 0:
        raise OrderNotInvoiceable(_("An invoice can be asked for once everything has arrived."), field="order")
    invoice = Invoice.objects.filter(order=order).first()
    if invoice is not None and invoice.status != InvoiceStatus.REFUSED:
        raise InvoiceExists(_("There is an invoice for this order."), field="order")
    said = {
        "title_kind": title_kind,
        "title": title,
        "tax_number": tax_number,
        "email_sealed": sealing.seal(email) if email else "",
        "requested_at": now,
        "reason": "",
    }
    if invoice is None:
        invoice = Invoice(order=order, number=public_number("V"), **said)
    else:
        transition(invoice, to=InvoiceStatus.REQUESTED, actor=actor, now=now)
        invoice.round += 1
        for name, value in said.items():
            setattr(invoice, name, value)
    _freeze(invoice, lines, now)
    return invoice.pk


@step
def review_invoice(order_id: int, *, now: datetime) -> None:
    """Take the invoice of an order back when it is no longer for what was sold and kept. Locks as `lock_order`."""
    order = locks.lock_order(order_id).order
    invoice = Invoice.objects.filter(order=order, status=InvoiceStatus.ISSUED).first()
    if invoice is None or invoice.amount_fen == sum(line.amount_fen for line in invoicing.lines_of(order)):
        return
    transition(invoice, to=InvoiceStatus.REVERSING, actor=ACTOR, now=now, reason="returned")
    Invoice.objects.filter(pk=invoice.pk).update(next_attempt_at=now, attempts=0, last_error="")
    hint("orders.drive_invoice", invoice_id=invoice.pk)


@drive
def drive_invoice(invoice_id: int, *, now: datetime) -> bool:
    """Take a due invoice one step on at the provider; False when the provider could not be reached.

    Three steps: the attempt is committed before, the provider is called, the answer is written. A call that dies is
    made again under the same serial, which is the same invoice.
    """
    with entry():
        invoice = _claim(invoice_id, now)
    if invoice is None:
        return True
    try:
        answer = _call_provider(invoice)
    except clients.InvoiceUnreachable as error:
        with entry():
            _put_off(invoice_id, str(error), now=now)
        return False
    except clients.InvoiceRefused as error:
        answer = clients.ProviderInvoice(serial_of(invoice), "REFUSED", reason=error.code)
    with entry():
        apply_answer(invoice_id, answer, now=now)
    return True


@step
def apply_answer(invoice_id: int, answer: clients.ProviderInvoice, *, now: datetime) -> None:
    """Write what the provider says of an invoice; what is late or of another serial changes nothing.

    Locks Checkout, its payments, Order. Emits InvoiceIssued, InvoiceNotIssued or InvoiceReversed.
    """
    order_id = Invoice.objects.values_list("order_id", flat=True).get(pk=invoice_id)
    locks.lock_order(order_id)
    invoice = Invoice.objects.get(pk=invoice_id)
    if invoice.status not in OPEN_INVOICES or answer.serial != serial_of(invoice):
        return
    if answer.state == "ISSUING":
        if invoice.status == InvoiceStatus.REQUESTED:
            transition(invoice, to=InvoiceStatus.ISSUING, actor=ACTOR, now=now)
        _put_off(invoice_id, "", now=now)
    elif answer.state == "REFUSED":
        _record_refusal(invoice, answer, now)
    elif invoice.status == InvoiceStatus.REVERSING:
        _record_red(invoice, answer, now)
    else:
        _record_blue(invoice, answer, now)


def serial_of(invoice: Invoice) -> str:
    """Return the name under which the provider knows what is now asked of it."""
    letter = "R" if invoice.status in {InvoiceStatus.REVERSING, InvoiceStatus.REVERSED} else "B"
    return f"{invoice.number}-{letter}{invoice.round}"


def _checked(title_kind: str, title: str, tax_number: str) -> tuple[str, str]:
    title = " ".join(title.split())
    if not 1 <= len(title) <= MAX_TITLE or not title.isprintable() or not any(map(str.isalnum, title)):
        raise InvalidTitle(_("Enter whom the invoice is made out to."), field="title")
    if title_kind not in TitleKind.values:
        raise InvalidTitle(_("Choose a person or a company."), field="title_kind")
    return title, rules.clean_tax_number(tax_number) if title_kind == TitleKind.COMPANY else ""


def _freeze(invoice: Invoice, lines: list[clients.InvoiceLine], now: datetime) -> None:
    """Write down what is to be invoiced, due at once."""
    invoice.lines = [[line.name, line.quantity, line.amount_fen, line.tax_rate_ppm, line.tax_fen] for line in lines]
    invoice.amount_fen = sum(line.amount_fen for line in lines)
    invoice.tax_fen = sum(line.tax_fen for line in lines)
    invoice.next_attempt_at, invoice.attempts, invoice.last_error, invoice.issued_at = now, 0, "", None
    invoice.save()
    hint("orders.drive_invoice", invoice_id=invoice.pk)


def _claim(invoice_id: int, now: datetime) -> Invoice | None:
    """Take a due invoice for as long as the call may last."""
    with connection.cursor() as cursor:
        cursor.execute(sql.CLAIM_INVOICE, {"id": invoice_id, "now": now})
        if cursor.rowcount == 0:
            return None
    return Invoice.objects.select_related("order__brand").get(pk=invoice_id)


def _call_provider(invoice: Invoice) -> clients.ProviderInvoice:
    """Ask for the invoice, or for the red one; ask how it stands once the provider has it."""
    provider, serial = clients.invoice_provider(), serial_of(invoice)
    if invoice.status == InvoiceStatus.ISSUING:
        return provider.query(serial)
    is_red = invoice.status == InvoiceStatus.REVERSING
    if is_red and invoice.attempts > 1:
        with suppress(clients.InvoiceRefused):  # The provider never heard of it.
            return provider.query(serial)
    sign = -1 if is_red else 1
    return provider.issue(
        serial,
        seller=invoice.order.brand.legal_entity or bilingual.name_of(invoice.order.brand),
        buyer=clients.InvoiceBuyer(invoice.title_kind, invoice.title, invoice.tax_number),
        lines=[
            clients.InvoiceLine(name, sign * units, sign * amount_fen, rate_ppm, sign * tax_fen)
            for name, units, amount_fen, rate_ppm, tax_fen in invoice.lines
        ],
        reverses=_blue(invoice).number if is_red else "",
    )


def _blue(invoice: Invoice) -> InvoiceDocument:
    return invoice.documents.filter(kind=InvoiceKind.BLUE).latest("pk")


def _document(invoice: Invoice, kind: InvoiceKind, answer: clients.ProviderInvoice, now: datetime) -> InvoiceDocument:
    sign = 1 if kind == InvoiceKind.BLUE else -1
    return InvoiceDocument.objects.create(
        invoice=invoice,
        kind=kind,
        serial=answer.serial,
        number=answer.number[:40],
        pdf_url=answer.pdf_url,
        amount_fen=sign * invoice.amount_fen,
        tax_fen=sign * invoice.tax_fen,
        issued_at=answer.issued_at or now,
    )


def _record_blue(invoice: Invoice, answer: clients.ProviderInvoice, now: datetime) -> None:
    document = _document(invoice, InvoiceKind.BLUE, answer, now)
    transition(invoice, to=InvoiceStatus.ISSUED, actor=ACTOR, now=now)
    Invoice.objects.filter(pk=invoice.pk).update(
        next_attempt_at=None, attempts=0, last_error="", issued_at=document.issued_at
    )
    publish(InvoiceIssued(invoice.order_id, document.pk, document.issued_at, document.amount_fen), now=now)
    # Something may have come back while it was being issued.
    review_invoice(invoice.order_id, now=now)


def _record_red(invoice: Invoice, answer: clients.ProviderInvoice, now: datetime) -> None:
    document = _document(invoice, InvoiceKind.RED, answer, now)
    transition(invoice, to=InvoiceStatus.REVERSED, actor=ACTOR, now=now)
    publish(InvoiceReversed(invoice.order_id, document.pk, document.issued_at, document.amount_fen), now=now)
    lines = invoicing.lines_of(invoice.order)
    if sum(line.amount_fen for line in lines) > 0:
        transition(invoice, to=InvoiceStatus.REQUESTED, actor=ACTOR, now=now, reason="the rest")
        invoice.round += 1
        _freeze(invoice, lines, now)
    else:
        Invoice.objects.filter(pk=invoice.pk).update(next_attempt_at=None, attempts=0, last_error="")


def _record_refusal(invoice: Invoice, answer: clients.ProviderInvoice, now: datetime) -> None:
    """Let the shopper mend a refused invoice; a red one that is refused is tried again, and shown to somebody."""
    if invoice.status == InvoiceStatus.REVERSING:
        logger.error("The red invoice %s was refused (%s): it needs somebody's attention", answer.serial, answer.reason)
        _put_off(invoice.pk, answer.reason, now=now)
        return
    transition(invoice, to=InvoiceStatus.REFUSED, actor=ACTOR, now=now, reason=answer.reason[:120])
    Invoice.objects.filter(pk=invoice.pk).update(next_attempt_at=None, attempts=0, reason=answer.reason[:120])
    publish(InvoiceNotIssued(invoice.order_id, invoice.pk, now), now=now)


def _put_off(invoice_id: int, error: str, *, now: datetime) -> None:
    """Ask again later, a little later each time."""
    attempts = Invoice.objects.values_list("attempts", flat=True).get(pk=invoice_id)
    seconds = rules.retry_seconds(attempts, first=RETRY_SECONDS, longest=LONGEST_RETRY_SECONDS)
    Invoice.objects.filter(pk=invoice_id, next_attempt_at__isnull=False).update(
        next_attempt_at=now + timedelta(seconds=seconds), last_error=error[:200]
    )
