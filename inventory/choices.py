from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class MovementKind(models.TextChoices):
    """Why on_hand changed."""

    OPENING = "opening", _("Opening balance")
    RECEIPT = "receipt", _("Receipt")
    IMPORT = "import", _("Stock import")
    SALE = "sale", pgettext_lazy("movement", "Sale")
    RETURN = "return", _("Return")
    TRANSFER_OUT = "transfer_out", _("Transfer out")
    TRANSFER_IN = "transfer_in", _("Transfer in")
    NOT_FOUND = "not_found", _("Not found")
    FOUND = "found", _("Found")
    COUNT = "count", _("Count")
    ADJUSTMENT = "adjustment", _("Adjustment")


class ReservationStatus(models.TextChoices):
    HELD = "held", _("Held")
    ALLOCATED = "allocated", _("Allocated")
    CONSUMED = "consumed", _("Consumed")
    RELEASED = "released", _("Released")


LIVE_RESERVATIONS = (ReservationStatus.HELD, ReservationStatus.ALLOCATED)

RESERVATION_TRANSITIONS: dict[ReservationStatus, frozenset[ReservationStatus]] = {
    ReservationStatus.HELD: frozenset({ReservationStatus.ALLOCATED, ReservationStatus.RELEASED}),
    ReservationStatus.ALLOCATED: frozenset({ReservationStatus.CONSUMED, ReservationStatus.RELEASED}),
    ReservationStatus.CONSUMED: frozenset(),
    ReservationStatus.RELEASED: frozenset(),
}
