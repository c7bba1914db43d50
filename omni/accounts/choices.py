"""The words of erasures, and how an erasure's status may change."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class ErasureStatus(models.TextChoices):
    REQUESTED = "requested", pgettext_lazy("erasure", "Waiting")
    RUNNING = "running", pgettext_lazy("erasure", "Under way")
    HELD = "held", pgettext_lazy("erasure", "Has to wait")
    DONE = "done", pgettext_lazy("erasure", "Done")
    CANCELLED = "cancelled", pgettext_lazy("erasure", "Withdrawn")


ERASURE_TRANSITIONS: dict[str, frozenset[str]] = {
    ErasureStatus.REQUESTED: frozenset({ErasureStatus.RUNNING, ErasureStatus.CANCELLED}),
    ErasureStatus.RUNNING: frozenset({ErasureStatus.HELD, ErasureStatus.DONE}),
    ErasureStatus.HELD: frozenset({ErasureStatus.RUNNING, ErasureStatus.CANCELLED}),
    ErasureStatus.DONE: frozenset(),
    ErasureStatus.CANCELLED: frozenset(),
}
OPEN_ERASURES = frozenset({ErasureStatus.REQUESTED, ErasureStatus.RUNNING, ErasureStatus.HELD})


class HoldReason(models.TextChoices):
    """Why an app cannot erase yet."""

    OPEN_ORDERS = "open_orders", _("An order is still on its way, or money is still to go back.")
    WORKS_HERE = "works_here", _("The account works in a store or for a brand.")


class KeptReason(models.TextChoices):
    """What stays without a name, and why."""

    ORDERS = "orders", _("What was sold and what it cost, without your name, phone and address: the law on accounts.")
    INVOICES = (
        "invoices",
        _("What was sold and what it cost, without your phone and address, and issued invoices as they are: tax law."),
    )
    LEDGER = "ledger", _("Booked amounts, without your name: the law on accounts, for ten years.")
    CONSENT = "consent", _("The record of what you agreed to, without your name: proof that messages were wanted.")
