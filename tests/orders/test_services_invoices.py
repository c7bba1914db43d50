from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import LazySettings

from fulfillment.services import handover
from omni.kernel.errors import DomainError
from omni.kernel.models import Event
from omni.kernel.transactions import entry
from orders import clients, rules, services
from orders.choices import InvoiceStatus
from orders.models import Invoice, InvoiceDocument, Order, Recognition
from orders.services import invoices
from tests.cast import NOON, World
from tests.factories import returns
from tests.factories.orders import carried_order, move_share, run_deliveries, shares_of
from tests.sandbox.fixture import SandboxProcess

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(hours=1)
TAX_NUMBER = "91350100M000100Y43"
COMPANY = {"title_kind": "company", "title": "上海某某贸易有限公司", "tax_number": TAX_NUMBER, "email": "a@example.com"}


class Scripted:
    """A provider that answers what the test says, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int, str]] = []
        self.answers: list[str | Exception] = []

    def issue(self, serial: str, *, lines: list[clients.InvoiceLine], reverses: str, **_rest: object) -> object:
        self.asked.append((serial, sum(line.amount_fen for line in lines), reverses))
        return self._answer(serial)

    def query(self, serial: str) -> object:
        self.asked.append((serial, 0, "query"))
        return self._answer(serial)

    def _answer(self, serial: str) -> object:
        state = self.answers.pop(0) if self.answers else "ISSUED"
        if isinstance(state, Exception):
            raise state
        return clients.ProviderInvoice(serial, state, f"26-{serial}", "https://invoices.example/1.pdf", "")


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Scripted:
    scripted = Scripted()
    monkeypatch.setattr("orders.clients.invoice_provider", lambda: scripted)
    return scripted


@pytest.fixture
def order(world: World) -> Order:
    """A delivered order of two shirts, 998 yuan, delivery free."""
    order = carried_order(world, ("S", 2))
    move_share(shares_of(order)[0], handover.mark_delivered)
    order.refresh_from_db()
    return order


def request(order: Order, **changes: str) -> Invoice:
    with entry():
        services.request_invoice(order.pk, **{**COMPANY, **changes}, actor="guest", now=NOON)
    return Invoice.objects.get(order=order)


def drive(invoice: Invoice, minutes: int = 0) -> Invoice:
    services.drive_invoice(invoice.pk, now=LATER + timedelta(minutes=minutes))
    return Invoice.objects.get(pk=invoice.pk)


def give_back(order: Order, amount_fen: int, number: int = 1) -> None:
    """Take a part of a sale back, as a return will."""
    sale = Recognition.objects.filter(order=order, order_line__isnull=False).order_by("pk")[0]
    Recognition.objects.create(
        order=order, order_line=sale.order_line, fulfilling_store=sale.fulfilling_store, quantity=1,
        amount_fen=-amount_fen, cause=f"return_line:{number}", recognised_at=LATER, business_on=sale.business_on,
    )  # fmt: skip
    with entry():
        services.review_invoice(order.pk, now=LATER)


def told() -> list[str]:
    names = Event.objects.filter(name__startswith="orders.Invoice").order_by("pk").values_list("name", flat=True)
    return [name.removeprefix("orders.") for name in names]


@pytest.mark.parametrize(
    "text", [TAX_NUMBER, TAX_NUMBER.lower(), "9135 0100 M000 100Y 43", "９１３５０１００Ｍ０００１００Ｙ４３"]
)
def test_clean_tax_number_reads_it_as_people_write_it(text: str) -> None:
    assert rules.clean_tax_number(text) == TAX_NUMBER


@pytest.mark.parametrize(
    "text",
    ["", "91350100M000100Y4", "91350100M000100Y44", "91350100M000100Y4O", "19350100M000100Y43", "9" * 18, "a" * 99],
)
def test_clean_tax_number_refuses_what_its_check_does_not_fit(text: str) -> None:
    with pytest.raises(rules.InvalidTaxNumber) as refusal:
        rules.clean_tax_number(text)
    assert refusal.value.field == "tax_number"


@pytest.mark.parametrize(("amount_fen", "tax_fen"), [(11300, 1300), (99800, 11481), (1, 0), (0, 0)])
def test_tax_in_is_the_vat_inside(amount_fen: int, tax_fen: int) -> None:
    assert rules.tax_in(amount_fen, 130_000) == tax_fen


def test_request_invoice_freezes_what_was_sold(order: Order) -> None:
    invoice = request(order)
    assert (invoice.status, invoice.amount_fen, invoice.tax_fen) == (InvoiceStatus.REQUESTED, 99800, 11481)
    assert invoice.lines == [["真丝衬衫 白色 S", 2, 99800, 130000, 11481]]
    assert "a@example.com" not in invoice.email_sealed


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "x" * 101}, "title"),
        ({"tax_number": "123"}, "tax_number"),
        ({"title_kind": "club"}, "title_kind"),
    ],
)
def test_request_invoice_refuses_a_bad_title_and_writes_nothing(
    order: Order, changes: dict[str, str], field: str
) -> None:
    with pytest.raises(DomainError) as refusal:
        request(order, **changes)
    assert (refusal.value.field, Invoice.objects.count()) == (field, 0)


def test_request_invoice_is_once_an_order_and_only_of_what_arrived(world: World, order: Order) -> None:
    request(order)
    with pytest.raises(services.InvoiceExists):
        request(order)
    with pytest.raises(services.OrderNotInvoiceable):
        request(carried_order(world))
    assert Invoice.objects.count() == 1


def test_drive_invoice_asks_then_polls_until_it_is_issued(order: Order, provider: Scripted) -> None:
    provider.answers = ["ISSUING", "ISSUING", "ISSUED"]
    invoice = request(order)
    assert drive(invoice).status == InvoiceStatus.ISSUING
    assert drive(invoice, 1).status == InvoiceStatus.ISSUING
    invoice = drive(invoice, 5)
    assert (invoice.status, invoice.next_attempt_at) == (InvoiceStatus.ISSUED, None)
    assert [asked[2] for asked in provider.asked] == ["", "query", "query"]
    document = InvoiceDocument.objects.get()
    assert (document.kind, document.amount_fen, document.tax_fen) == ("blue", 99800, 11481)
    assert told() == ["InvoiceIssued"]
    assert drive(invoice, 9).status == InvoiceStatus.ISSUED
    assert len(provider.asked) == 3


def test_drive_invoice_without_answer_asks_again_under_the_same_serial(order: Order, provider: Scripted) -> None:
    provider.answers = [clients.InvoiceUnreachable("ReadTimeout")]
    invoice = request(order)
    assert services.drive_invoice(invoice.pk, now=LATER) is False
    assert drive(invoice, 1).status == InvoiceStatus.ISSUED
    assert [asked[0] for asked in provider.asked] == [f"{invoice.number}-B1"] * 2


def test_refused_invoice_is_mended_and_asked_for_again(order: Order, provider: Scripted) -> None:
    provider.answers = [clients.InvoiceRefused("title_unknown")]
    invoice = drive(request(order))
    assert (invoice.status, invoice.reason, invoice.next_attempt_at) == ("refused", "title_unknown", None)
    invoice = drive(request(order, title_kind="person", title="王小雨", tax_number=""))
    assert (invoice.status, invoice.title, invoice.tax_number) == ("issued", "王小雨", "")
    assert [asked[0] for asked in provider.asked] == [f"{invoice.number}-B1", f"{invoice.number}-B2"]
    assert told() == ["InvoiceNotIssued", "InvoiceIssued"]


def test_part_that_comes_back_is_reversed_whole_and_the_rest_issued_anew(order: Order, provider: Scripted) -> None:
    invoice = drive(request(order))
    give_back(order, 49900)
    assert Invoice.objects.get().status == InvoiceStatus.REVERSING
    invoice = drive(invoice, 1)
    assert (invoice.status, invoice.amount_fen) == (InvoiceStatus.REQUESTED, 49900)
    assert drive(invoice, 2).status == InvoiceStatus.ISSUED
    number = invoice.number
    assert provider.asked == [
        (f"{number}-B1", 99800, ""), (f"{number}-R1", -99800, f"26-{number}-B1"), (f"{number}-B2", 49900, ""),
    ]  # fmt: skip
    assert [row.amount_fen for row in InvoiceDocument.objects.order_by("pk")] == [99800, -99800, 49900]
    assert told() == ["InvoiceIssued", "InvoiceReversed", "InvoiceIssued"]


def test_all_that_comes_back_leaves_nothing_invoiced(order: Order, provider: Scripted) -> None:
    invoice = drive(request(order))
    give_back(order, 99800)
    invoice = drive(invoice, 1)
    assert (invoice.status, invoice.next_attempt_at, len(provider.asked)) == ("reversed", None, 2)


def test_return_while_it_is_being_issued_is_seen_once_it_is(order: Order, provider: Scripted) -> None:
    provider.answers = ["ISSUING"]
    invoice = drive(request(order))
    give_back(order, 49900)
    assert Invoice.objects.get().status == InvoiceStatus.ISSUING
    assert drive(invoice, 1).status == InvoiceStatus.REVERSING


def test_refused_red_invoice_is_tried_again(order: Order, provider: Scripted) -> None:
    invoice = drive(request(order))
    give_back(order, 99800)
    provider.answers = [clients.InvoiceRefused("busy")]
    assert drive(invoice, 1).status == InvoiceStatus.REVERSING
    assert drive(invoice, 5).status == InvoiceStatus.REVERSED


def test_answer_of_another_serial_changes_nothing(order: Order) -> None:
    invoice = request(order)
    with entry():
        invoices.apply_answer(invoice.pk, clients.ProviderInvoice("V-other-B1", "ISSUED", "1", "https://a/1"), now=NOON)
    assert Invoice.objects.get().status == InvoiceStatus.REQUESTED


def test_goods_taken_back_in_a_store_reverse_the_invoice(world: World, provider: Scripted) -> None:
    order = returns.delivered_order(world, ("S", 2))
    invoice = drive(request(order))
    inspected = returns.refunded_return(world, order, 1)
    run_deliveries(returns.NEXT_DAY)
    assert inspected.order_id == order.pk
    invoice.refresh_from_db()
    assert (invoice.status, invoice.amount_fen) == (InvoiceStatus.REVERSING, 99800)
    services.drive_invoice(invoice.pk, now=returns.NEXT_DAY)
    invoice.refresh_from_db()
    assert (invoice.status, invoice.amount_fen) == (InvoiceStatus.REQUESTED, 49900)


# With the real counterpart


@pytest.fixture
def company(sandbox: SandboxProcess, settings: LazySettings) -> SandboxProcess:
    sandbox.reset()
    sandbox.clear_faults("invoices")
    settings.INVOICES = sandbox.credentials["invoices"]
    return sandbox


def finish(invoice: Invoice) -> Invoice:
    for minutes in range(0, 200, 20):
        invoice = drive(invoice, minutes)
    return invoice


def dropped_answer(company: SandboxProcess) -> None:
    company.fault("invoices", http_500=2)


def slow_at_first(company: SandboxProcess) -> None:
    company.fault("invoices", slow=True)


@pytest.mark.parametrize("trouble", [dropped_answer, slow_at_first])
def test_invoice_is_issued_once_whatever_happens_on_the_way(
    order: Order, company: SandboxProcess, trouble: Callable[[SandboxProcess], None]
) -> None:
    trouble(company)
    invoice = request(order)
    drive(invoice)
    drive(invoice, 10)
    assert InvoiceDocument.objects.count() == 0
    company.clear_faults("invoices")
    invoice = finish(invoice)
    assert invoice.status == InvoiceStatus.ISSUED
    document = InvoiceDocument.objects.get()
    assert document.pdf_url.endswith(f"/invoices/documents/{document.number}.pdf")


def test_invoice_that_the_provider_refuses_is_refused(order: Order, company: SandboxProcess) -> None:
    company.fault("invoices", title_unknown=1)
    assert finish(request(order)).status == InvoiceStatus.REFUSED
    assert finish(request(order)).status == InvoiceStatus.ISSUED


def test_returned_order_is_reversed_at_the_provider(order: Order, company: SandboxProcess) -> None:
    invoice = finish(request(order))
    give_back(order, 49900)
    invoice = finish(invoice)
    assert (invoice.status, invoice.amount_fen) == (InvoiceStatus.ISSUED, 49900)
    assert [row.kind for row in InvoiceDocument.objects.order_by("pk")] == ["blue", "red", "blue"]
