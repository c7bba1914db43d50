"""Stores' shares of paid demands, with allocated stock and taken capacity, at any point of their way."""

from collections.abc import Mapping
from datetime import timedelta

from fulfillment import services
from fulfillment.choices import FulfillmentOrderStatus, FulfillmentStatus, PickupCodePurpose, PickupCodeStatus, Way
from fulfillment.models import (
    Delivery,
    Fulfillment,
    FulfillmentLine,
    FulfillmentOrder,
    FulfillmentOrderLine,
    PickupCode,
)
from inventory import services as inventory_services
from inventory.services import StockWant
from omni.kernel import numbers, sealing
from omni.kernel.clock import business_date
from omni.kernel.transactions import entry
from stores import services as stores_services
from tests.cast import HOME, NOON, World

CLERK = "user:7"
OFFER_MINUTES = 30


def make_demand(world: World, *, way: Way = Way.COURIER) -> Fulfillment:
    """Make a paid demand without lines."""
    return Fulfillment.objects.create(
        brand=world.brand,
        owner="test",
        way=way,
        status=FulfillmentStatus.ACTIVE,
        recipient_name="王小雨",
        recipient_phone_sealed=sealing.seal("+8613800138000"),
        district_id="310106",
        street="南京西路 1 号",
        lat=HOME[0],
        lng=HOME[1],
        promised_on=business_date(NOON),
        created_at=NOON,
    )


def offer_share(
    world: World, *, store: str = "A", units: Mapping[str, int] | None = None, demand: Fulfillment | None = None,
    way: Way = Way.COURIER,
) -> FulfillmentOrder:  # fmt: skip
    """Offer one store a share (one S unless told otherwise) of a paid demand."""
    demand = demand or make_demand(world, way=way)
    wanted = {"S": 1} if units is None else units
    place = world.stores[store]
    share = FulfillmentOrder.objects.create(
        fulfillment=demand,
        number=numbers.public_number("F"),
        store=place,
        status=FulfillmentOrderStatus.OFFERED,
        capacity_on=business_date(NOON),
        offered_at=NOON,
        deadline_at=NOON + timedelta(minutes=OFFER_MINUTES),
        created_at=NOON,
    )
    wants = [StockWant(place.pk, world.variants[size].pk, quantity) for size, quantity in wanted.items()]
    with entry():
        stores_services.take_capacity(place.pk, business_date(NOON))
        reservations = inventory_services.allocate_stock(wants, owner=f"fulfillment_order:{share.pk}", now=NOON)
    for want, reservation_id in zip(wants, reservations, strict=True):
        line = FulfillmentLine.objects.create(
            fulfillment=demand, variant_id=want.variant_id, quantity=want.quantity, declared_value_fen=49900
        )
        FulfillmentOrderLine.objects.create(
            fulfillment_order=share, fulfillment_line=line, reservation_id=reservation_id, quantity=want.quantity
        )
    return share


def accept(share: FulfillmentOrder) -> FulfillmentOrder:
    """Let the store accept a share."""
    with entry():
        services.accept_offer(share.pk, actor=CLERK, now=NOON)
    return fresh(share)


def accept_and_pack(share: FulfillmentOrder) -> FulfillmentOrder:
    """Let the store accept and pack a share."""
    accept(share)
    with entry():
        services.pack(share.pk, actor=CLERK, now=NOON)
    return fresh(share)


def fresh(share: FulfillmentOrder) -> FulfillmentOrder:
    """Return a share as it is now."""
    return FulfillmentOrder.objects.get(pk=share.pk)


def status_of(share: FulfillmentOrder) -> str:
    """Return the status of a share as it is now."""
    return fresh(share).status


def delivery_of(share: FulfillmentOrder) -> Delivery:
    """Return the newest delivery of a share as it is now."""
    return Delivery.objects.filter(fulfillment_order=share).order_by("-pk")[0]


def code_of(share: FulfillmentOrder, purpose: PickupCodePurpose = PickupCodePurpose.COURIER) -> str:
    """Return the digits of a share's live code."""
    code = PickupCode.objects.get(fulfillment_order=share, purpose=purpose, status=PickupCodeStatus.ISSUED)
    return sealing.unseal(code.code_sealed)


def wrong_code(share: FulfillmentOrder, purpose: PickupCodePurpose = PickupCodePurpose.COURIER) -> str:
    """Return six digits that are not the share's code."""
    return "000000" if code_of(share, purpose) != "000000" else "000001"
