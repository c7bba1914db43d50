"""What follows the orders of the history: people who wait for a size, and an invoice."""

from members import services
from omni.kernel.transactions import entry
from orders import clients
from orders import services as orders_services
from orders.models import Order
from orders.services import invoices
from tests.cast import NOON, World


def wait_for_size(world: World) -> None:
    """Let one person be told, and another wait."""
    for phone, place in (("13900000001", "310106"), ("13900000002", "330102")):
        with entry():
            services.subscribe_arrival(
                world.brand.pk, "SHIRT-S", place=place, phone=phone, member_id=None, language="en", now=NOON
            )
    services.drive_due_arrivals(now=NOON)


def invoice(order: Order) -> None:
    """Let the invoice of a delivered order be issued."""
    with entry():
        invoice_id = orders_services.request_invoice(
            order.pk, title_kind="person", title="王小雨", tax_number="", email="", actor="guest", now=NOON
        )
    serial = f"{order.invoice.number}-B1"
    with entry():
        answer = clients.ProviderInvoice(serial, "ISSUED", "26", "https://invoices.example/26.pdf")
        invoices.apply_answer(invoice_id, answer, now=NOON)
