"""Returns in the states that tests need, made by the use cases themselves."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from fulfillment import locks
from fulfillment.choices import DeliveryState
from fulfillment.clients import CourierReport
from fulfillment.models import Delivery
from fulfillment.services import handover, progress
from omni.kernel.transactions import entry
from orders import queries, services
from orders.choices import Condition, ReturnReason, ReturnWay
from orders.clients import ProviderRefund
from orders.models import Order, Refund, Return
from orders.services import refunds
from tests.cast import HOME, NOON, World
from tests.factories.orders import carried_order, move_share, run_deliveries, shares_of

# Where a courier fetches a return; store A is the nearest.
DOOR = queries.Door("王芳", "13800138000", "310106", "南京西路 1 号", *HOME)
# The day after the goods arrived.
NEXT_DAY = NOON + timedelta(days=1)


def delivered_order(world: World, *lines: tuple[str, int], now: datetime = NOON, **changes: object) -> Order:
    """Return an order that its shopper has; its sale is booked and credited."""
    order = carried_order(world, *lines, now=now, **changes)
    for share in shares_of(order):
        move_share(share, handover.mark_delivered, now)
        share.deliveries.update(state=DeliveryState.DELIVERED, next_attempt_at=None)
    order.refresh_from_db()
    return order


def wish_to_return(order: Order, *units: int, **changes: object) -> services.RequestReturn:
    """Return a wish to bring back units of an order's lines (none said: one of each) that are not wanted."""
    lines = list(order.lines.order_by("pk").values_list("pk", flat=True))
    wanted: dict[str, object] = {
        "lines": dict(zip(lines, units or [1] * len(lines), strict=False)),
        "reason": ReturnReason.NOT_WANTED,
        "way": ReturnWay.BRING,
    }
    if changes.get("way") == ReturnWay.COLLECT:
        wanted["door"] = DOOR
    return services.RequestReturn(**(wanted | changes))  # type: ignore[arg-type]  # whatever a test wants


def report_ride(case: Return, *states: DeliveryState, reason: str = "", now: datetime = NEXT_DAY) -> Return:
    """Let the courier company report where the courier of a return is, one state after the other."""
    for state in states:
        delivery = Delivery.objects.filter(collection=case.collection_id).order_by("-pk")[0]
        report = CourierReport(
            delivery_id=f"D{delivery.pk}",
            external_id=delivery.external_id,
            state=state,
            seq=delivery.last_seq + 1,
            assignment=1,
            fee_fen=600,
            cancel_fee_fen=0,
            eta_at=now + timedelta(minutes=20),
            courier_name="王师傅",
            courier_phone_masked="138****0000",
            courier_lat=31.2,
            courier_lng=121.4,
            reason=reason,
        )
        with entry():
            progress.apply_report(locks.lock_collection(case.collection_id or 0), delivery, report, now=now)
    run_deliveries(now)
    return Return.objects.get(pk=case.pk)


def collected_return(order: Order, *units: int, now: datetime = NEXT_DAY, **changes: object) -> Return:
    """Return a return that a courier has brought to the store, where nobody has scanned it."""
    case = agreed_return(order, *units, now=now, way=ReturnWay.COLLECT, **changes)
    return report_ride(case, DeliveryState.PICKED_UP, DeliveryState.DELIVERED, now=now)


def agreed_return(order: Order, *units: int, now: datetime = NEXT_DAY, **changes: object) -> Return:
    """Return a return that its shopper may bring."""
    with entry():
        case = services.request_return(order.pk, wish_to_return(order, *units, **changes), actor="guest", now=now)
    run_deliveries(now)
    return Return.objects.get(pk=case.pk)


def received_return(
    world: World, order: Order, *units: int, store: str = "B", now: datetime = NEXT_DAY, **changes: object
) -> Return:
    """Return a return that a store (not the one that sold, unless told) has received."""
    case = agreed_return(order, *units, now=now, **changes)
    with entry():
        services.receive_return(case.pk, world.stores[store].pk, actor="user:1", now=now)
    run_deliveries(now)
    return Return.objects.get(pk=case.pk)


def inspect(case: Return, *conditions: str, now: datetime = NEXT_DAY) -> Return:
    """Look at the pieces of a return (none said: all as new), and report it to those above."""
    pieces = list(case.lines.filter(is_live=True).order_by("pk").values_list("pk", flat=True))
    found: Mapping[int, str] = dict(zip(pieces, conditions or [Condition.RESELL] * len(pieces), strict=True))
    with entry():
        services.inspect_return(case.pk, found, actor="user:1", now=now)
    run_deliveries(now)
    return Return.objects.get(pk=case.pk)


def confirm_refunds(order: Order, now: datetime = NEXT_DAY) -> None:
    """Let the provider say that the refunds of an order have arrived."""
    for refund in Refund.objects.filter(order=order).exclude(status="succeeded"):
        with entry():
            refunds.apply_refund(refund.pk, arrival_of(refund, now), now=now)
    run_deliveries(now)


def arrival_of(refund: Refund, now: datetime = NEXT_DAY) -> ProviderRefund:
    """Return what the provider says of a refund that has arrived."""
    return ProviderRefund(
        status="SUCCESS",
        out_refund_no=refund.out_refund_no,
        out_trade_no=refund.provider_intent.out_trade_no,
        refund_id=f"5000000000000000000{refund.pk}",
        amount_fen=refund.amount_fen,
        refunded_at=now,
        mchid="1900000001",
    )


def refunded_return(
    world: World, order: Order, *units: int, store: str = "B", now: datetime = NEXT_DAY, **changes: object
) -> Return:
    """Return a return that is over: received as new, its money back."""
    case = inspect(received_return(world, order, *units, store=store, now=now, **changes), now=now)
    confirm_refunds(order, now)
    case.refresh_from_db()
    return case
