from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class MediaKind(models.TextChoices):
    """What a picture of a product shows."""

    FRONT = "front", _("Front")
    BACK = "back", _("Back")
    DETAIL = "detail", _("Fabric in detail")
    FIGURE = "figure", _("Worn")


class CareSymbol(models.TextChoices):
    """The care symbols of the label (GB/T 8685, ISO 3758) that garments of the shop need."""

    WASH_30 = "wash_30", _("Machine wash at 30 °C")
    WASH_HAND = "wash_hand", _("Wash by hand")
    WASH_NONE = "wash_none", _("Do not wash")
    BLEACH_NONE = "bleach_none", _("Do not bleach")
    TUMBLE_LOW = "tumble_low", _("Tumble dry on low heat")
    TUMBLE_NONE = "tumble_none", _("Do not tumble dry")
    DRY_LINE = "dry_line", _("Dry on a line")
    DRY_FLAT = "dry_flat", _("Dry flat")
    IRON_LOW = "iron_low", _("Iron on low, up to 110 °C")
    IRON_MEDIUM = "iron_medium", _("Iron on medium, up to 150 °C")
    IRON_NONE = "iron_none", _("Do not iron")
    CLEAN_DRY = "clean_dry", _("Dry clean")
    CLEAN_NONE = "clean_none", _("Do not dry clean")


class Measure(models.TextChoices):
    """What a size chart tells, in centimetres."""

    HEIGHT = "height", pgettext_lazy("measure", "Height")
    BUST = "bust", pgettext_lazy("measure", "Chest")
    WAIST = "waist", pgettext_lazy("measure", "Waist")
    HIP = "hip", pgettext_lazy("measure", "Hips")
    SHOULDER = "shoulder", pgettext_lazy("measure", "Shoulders")
    SLEEVE = "sleeve", pgettext_lazy("measure", "Sleeve")
    LENGTH = "length", pgettext_lazy("measure", "Length")
    INSEAM = "inseam", pgettext_lazy("measure", "Inside leg")
    HEM = "hem", pgettext_lazy("measure", "Hem")
    WIDTH = "width", pgettext_lazy("measure", "Width")
    DEPTH = "depth", pgettext_lazy("measure", "Depth")


HOW_TO_MEASURE: dict[Measure, str | Promise] = {
    Measure.HEIGHT: _("Stand straight, without shoes."),
    Measure.BUST: _("Around the fullest part of the chest, the tape level and not tight."),
    Measure.WAIST: _("Around the narrowest part, above the navel."),
    Measure.HIP: _("Around the widest part of the hips, feet together."),
    Measure.SHOULDER: _("Across the back, from one shoulder seam to the other."),
    Measure.SLEEVE: _("From the shoulder seam to the end of the cuff."),
    Measure.LENGTH: _("From the highest point of the shoulder to the hem; trousers and skirts from the waistband."),
    Measure.INSEAM: _("From the crotch to the hem."),
    Measure.HEM: _("Once around the hem, laid flat and doubled."),
    Measure.WIDTH: _("The longer side, laid flat."),
    Measure.DEPTH: _("The shorter side, laid flat."),
}


class MovementKind(models.TextChoices):
    """Why on_hand changed."""

    OPENING = "opening", _("Opening balance")
    RECEIPT = "receipt", _("Receipt")
    IMPORT = "import", _("Stock import")
    SALE = "sale", pgettext_lazy("movement", "Sale")
    RETURN = "return", pgettext_lazy("movement", "Return")
    TRANSFER_OUT = "transfer_out", _("Transfer out")
    TRANSFER_IN = "transfer_in", _("Transfer in")
    NOT_FOUND = "not_found", _("Not found")
    FOUND = "found", _("Found")
    COUNT = "count", _("Count")
    ADJUSTMENT = "adjustment", _("Adjustment")
    SCRAP = "scrap", _("Scrapped")
    WRITE_OFF = "write_off", _("Written off")


# These put the books right and moved no piece: what was counted before them must be counted again.
CORRECTIVE_MOVEMENTS = (
    MovementKind.IMPORT,
    MovementKind.NOT_FOUND,
    MovementKind.FOUND,
    MovementKind.COUNT,
    MovementKind.ADJUSTMENT,
)


# Why a count task was opened that puts in doubt whether the goods are there at all.
DAMAGED = "damaged"
DOUBTFUL = (MovementKind.NOT_FOUND.value, DAMAGED)


class Shelf(models.TextChoices):
    """Where a piece goes that came back."""

    SALE = "sale", _("Back on sale")
    ASIDE = "aside", _("Set aside, unsellable")
    SCRAP = "scrap", _("Thrown away")


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


class ColorFamily(models.TextChoices):
    """The families that colours are found by; the value of a family stands in the address."""

    BLACK = "black", _("Black")
    WHITE = "white", _("White")
    GREY = "grey", _("Grey")
    BEIGE = "beige", _("Beige")
    BROWN = "brown", _("Brown")
    RED = "red", _("Red")
    PINK = "pink", _("Pink")
    ORANGE = "orange", _("Orange")
    YELLOW = "yellow", _("Yellow")
    GREEN = "green", _("Green")
    BLUE = "blue", _("Blue")
    PURPLE = "purple", _("Purple")


# The colour a family is shown by, and the words that shoppers look for it with.
FAMILY_HEX: dict[ColorFamily, str] = {
    ColorFamily.BLACK: "#1b1b1f",
    ColorFamily.WHITE: "#f7f6f2",
    ColorFamily.GREY: "#8b8d91",
    ColorFamily.BEIGE: "#d8c8ae",
    ColorFamily.BROWN: "#7b4a2a",
    ColorFamily.RED: "#a3222f",
    ColorFamily.PINK: "#d9a3a5",
    ColorFamily.ORANGE: "#e0763a",
    ColorFamily.YELLOW: "#e6c34f",
    ColorFamily.GREEN: "#4d7a55",
    ColorFamily.BLUE: "#33598c",
    ColorFamily.PURPLE: "#6f5189",
}
FAMILY_WORDS: dict[ColorFamily, str] = {
    ColorFamily.BLACK: "黑色 black",
    ColorFamily.WHITE: "白色 white",
    ColorFamily.GREY: "灰色 grey gray",
    ColorFamily.BEIGE: "米色 杏色 beige",
    ColorFamily.BROWN: "棕色 褐色 咖啡色 brown",
    ColorFamily.RED: "红色 red",
    ColorFamily.PINK: "粉色 粉红色 pink",
    ColorFamily.ORANGE: "橙色 橘色 orange",
    ColorFamily.YELLOW: "黄色 yellow",
    ColorFamily.GREEN: "绿色 green",
    ColorFamily.BLUE: "蓝色 blue",
    ColorFamily.PURPLE: "紫色 purple",
}


class SortOrder(models.TextChoices):
    """How a list of products is sorted; the value stands in the address."""

    NEWEST = "newest", _("Newest")
    PRICE_UP = "price-up", _("Price, low to high")
    PRICE_DOWN = "price-down", _("Price, high to low")
    MOST_OFF = "most-off", _("Biggest markdown")
    BEST = "best", _("Best match")


class AdjustmentReason(models.TextChoices):
    """Why somebody puts the books right by hand, and with that what it changes; see `rules.adjusted`."""

    FOUND = "found", _("Found, the books lacked it")
    MISSING = "missing", _("Missing")
    THEFT = "theft", _("Stolen")
    DAMAGED = "damaged", _("Damaged, set aside")
    SAMPLE = "sample", _("Sample or display")
    BACK_ON_SALE = "back_on_sale", _("Back on sale")
    SCRAPPED = "scrapped", _("Thrown away")
    CORRECTION = "correction", _("Booked wrongly")


class CountScope(models.TextChoices):
    """What a count is of."""

    TASKS = "tasks", _("What was asked to be counted")
    STYLE = "style", _("A style")
    CATEGORY = "category", _("A category")
    SHELF = "shelf", _("A shelf")
    STORE = "store", _("The whole store")


class CountStatus(models.TextChoices):
    COUNTING = "counting", _("Being counted")
    REVIEW = "review", _("To be looked at")
    APPROVED = "approved", _("Approved")
    CANCELLED = "cancelled", pgettext_lazy("count", "Given up")


COUNT_TRANSITIONS: dict[CountStatus, frozenset[CountStatus]] = {
    CountStatus.COUNTING: frozenset({CountStatus.REVIEW, CountStatus.CANCELLED}),
    CountStatus.REVIEW: frozenset({CountStatus.COUNTING, CountStatus.APPROVED, CountStatus.CANCELLED}),
    CountStatus.APPROVED: frozenset(),
    CountStatus.CANCELLED: frozenset(),
}


class ShipmentKind(models.TextChoices):
    ASN = "asn", _("Delivery announced")
    TRANSFER = "transfer", _("Transfer")


class ShipmentStatus(models.TextChoices):
    DRAFT = "draft", _("Being put together")
    REQUESTED = "requested", _("Asked for")
    EXPECTED = "expected", pgettext_lazy("goods", "On its way")
    RECEIVING = "receiving", _("Partly received")
    DIFFERENT = "different", _("Differs")
    RECEIVED = "received", _("Received")
    CLOSED = "closed", _("Differences closed")
    DECLINED = "declined", _("Declined")
    CANCELLED = "cancelled", pgettext_lazy("shipment", "Called off")


SHIPMENT_TRANSITIONS: dict[ShipmentStatus, frozenset[ShipmentStatus]] = {
    ShipmentStatus.DRAFT: frozenset({ShipmentStatus.REQUESTED, ShipmentStatus.EXPECTED, ShipmentStatus.CANCELLED}),
    ShipmentStatus.REQUESTED: frozenset({ShipmentStatus.EXPECTED, ShipmentStatus.DECLINED, ShipmentStatus.CANCELLED}),
    ShipmentStatus.EXPECTED: frozenset({ShipmentStatus.RECEIVING, ShipmentStatus.RECEIVED, ShipmentStatus.DIFFERENT}),
    ShipmentStatus.RECEIVING: frozenset({ShipmentStatus.RECEIVED, ShipmentStatus.DIFFERENT}),
    # Late pieces may still come, and take the difference away.
    ShipmentStatus.DIFFERENT: frozenset({ShipmentStatus.RECEIVED, ShipmentStatus.CLOSED}),
    ShipmentStatus.RECEIVED: frozenset(),
    ShipmentStatus.CLOSED: frozenset(),
    ShipmentStatus.DECLINED: frozenset(),
    ShipmentStatus.CANCELLED: frozenset(),
}
# Goods of it may still be received.
RECEIVABLE = (ShipmentStatus.EXPECTED, ShipmentStatus.RECEIVING, ShipmentStatus.DIFFERENT)


class ReceiptStatus(models.TextChoices):
    OPEN = "open", pgettext_lazy("receipt", "Being counted in")
    BOOKED = "booked", _("Booked in")
    DROPPED = "dropped", pgettext_lazy("receipt", "Given up")


RECEIPT_TRANSITIONS: dict[ReceiptStatus, frozenset[ReceiptStatus]] = {
    ReceiptStatus.OPEN: frozenset({ReceiptStatus.BOOKED, ReceiptStatus.DROPPED}),
    ReceiptStatus.BOOKED: frozenset(),
    ReceiptStatus.DROPPED: frozenset(),
}


class DifferenceReason(models.TextChoices):
    """Why what came is not what was announced, as somebody found out."""

    SHORT_SHIPPED = "short_shipped", _("The sender packed too little")
    OVER_SHIPPED = "over_shipped", _("The sender packed too much")
    WRONG_GOODS = "wrong_goods", _("The sender packed other goods")
    LOST = "lost", _("Lost on the way")
    DAMAGED_ON_WAY = "damaged", _("Damaged on the way")
    MISCOUNTED = "miscounted", _("Counted wrongly")
