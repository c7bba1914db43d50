"""The labels of parcels: who they are for, as far as a label may say, and their codes as drawings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import qrcode
from barcode.codex import Code128

from fulfillment.models import Parcel
from fulfillment.queries.scans import parcel_text

if TYPE_CHECKING:
    from fulfillment.models import FulfillmentOrder

QR_BORDER = 4
# Light modules that a scanner needs on either side of a bar code.
QUIET = 10


@dataclass(frozen=True, slots=True)
class Drawing:
    """Dark squares or bars as one SVG path in a box of so many modules."""

    path: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Label:
    """A parcel's label: its bar code holds the waybill of what goes by express, else the parcel's own number."""

    number: str
    waybill: str
    position: int
    weight_grams: int | None
    bars: Drawing
    square: Drawing


def load_labels(share: FulfillmentOrder) -> tuple[Label, ...]:
    """Return the labels of the parcels that a share was packed into, in their order."""
    return tuple(
        Label(
            number=parcel.number,
            waybill=parcel.waybill,
            position=parcel.position,
            weight_grams=parcel.weight_grams,
            bars=draw_bars(parcel.waybill or parcel.number),
            square=draw_qr(parcel.number),
        )
        for parcel in Parcel.objects.filter(fulfillment_order=share).order_by("position")
    )


def draw_bars(number: str) -> Drawing:
    """Draw a parcel's number or waybill as Code 128: bars of modules, one module high."""
    (modules,) = Code128(number).build()
    bars = [f"M{QUIET + place} 0h1v1h-1z" for place, module in enumerate(modules) if module == "1"]
    return Drawing("".join(bars), len(modules) + 2 * QUIET, 1)


def draw_qr(number: str) -> Drawing:
    """Draw the QR code that the desk scans."""
    code = qrcode.QRCode(border=QR_BORDER, error_correction=qrcode.constants.ERROR_CORRECT_M)
    code.add_data(parcel_text(number))
    rows = code.get_matrix()
    squares = [f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, is_dark in enumerate(row) if is_dark]
    return Drawing("".join(squares), len(rows), len(rows))
