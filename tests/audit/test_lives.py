"""Orders live through whatever chance brings, one thing after the other; the audit holds at any time, and all end."""

import random
from datetime import timedelta

import pytest

from fulfillment import services as fulfillment_services
from fulfillment.choices import STORE_REJECT_REASONS, CollectionStatus, PickupCodePurpose, Way
from fulfillment.choices import DeliveryState as D
from fulfillment.choices import FulfillmentOrderStatus as S
from fulfillment.clients import CourierReport
from fulfillment.models import Delivery, Fulfillment, FulfillmentOrder
from fulfillment.services import courier, progress
from inventory import locks as inventory_locks
from inventory.choices import MovementKind
from inventory.models import StockLevel
from inventory.services.corrections import Figure, correct_levels
from omni.kernel.errors import DomainError
from omni.kernel.models import EventDelivery
from omni.kernel.outbox import run_due_deliveries
from omni.kernel.transactions import entry
from orders import queries, services
from orders.choices import (
    DESK_CONDITIONS,
    FINAL_RETURNS,
    OrderStatus,
    PaymentMethod,
    ReturnReason,
    ReturnStatus,
    ReturnWay,
)
from orders.models import Order, PaymentIntent, Refund, Return
from orders.services import payment, refunds
from tests.audit.companies import NEXT, Couriers, Provider, Ride
from tests.audit_fixture import broken_claims
from tests.cast import NOON, World
from tests.factories.fulfillment import code_of
from tests.factories.orders import wish
from tests.factories.returns import DOOR

pytestmark = pytest.mark.django_db

CLERK = "user:7"
TURNS = 300
RETURN_TURNS = 120
FINAL = {OrderStatus.COMPLETED, OrderStatus.CANCELLED, OrderStatus.EXPIRED}


class Life:
    """A world in which things happen by the throw of dice: each method is one thing that may happen."""

    def __init__(self, world: World, dice: random.Random, couriers: Couriers, provider: Provider) -> None:
        self.world, self.dice, self.couriers, self.provider = world, dice, couriers, provider
        self.now = NOON
        self.stale: list[CourierReport] = []
        self.log: list[str] = []
        self.count = 0

    def pass_time(self, minutes: float) -> None:
        self.now += timedelta(minutes=minutes)
        self.couriers.now = self.provider.now = self.now

    def any(self, *statuses: S) -> FulfillmentOrder | None:
        rows = list(FulfillmentOrder.objects.filter(status__in=statuses).order_by("pk"))
        return self.dice.choice(rows) if rows else None

    def any_order(self) -> Order | None:
        rows = list(Order.objects.exclude(status__in=FINAL).order_by("pk"))
        return self.dice.choice(rows) if rows else None

    # Shoppers

    def place(self) -> None:
        if Order.objects.exclude(status__in=FINAL).count() > 4:
            return
        sizes = self.dice.sample(["S", "M", "L"], self.dice.randint(1, 3))
        lines = [(size, self.dice.randint(1, 4)) for size in sizes]
        more = {"way": Way.PICKUP, "pickup_store_id": self.world.stores[self.dice.choice("AB")].pk}
        with entry():
            placed = services.place_order(
                wish(self.world, *lines, **(more if self.dice.random() < 0.3 else {})), now=self.now
            )
        if self.dice.random() < 0.8:
            with entry():
                services.start_payment(placed.order_id, PaymentMethod.WECHAT_NATIVE, now=self.now)
            self.sweep_orders()
            self.pay()

    def start_payment(self) -> None:
        order = self.any_order()
        if order:
            with entry():
                services.start_payment(order.pk, PaymentMethod.WECHAT_NATIVE, now=self.now)

    def pay(self) -> None:
        for intent in PaymentIntent.objects.order_by("-pk")[:6]:
            if self.provider.pay(intent.out_trade_no):
                if self.dice.random() < 0.6:
                    with entry():
                        payment.record_payment(
                            intent.pk, self.provider.payment(intent.out_trade_no), actor="provider", now=self.now
                        )
                return

    def cancel(self) -> None:
        order = self.any_order()
        if order and self.dice.random() < 0.3:
            with entry():
                services.cancel_order(order.pk, actor="guest", now=self.now)

    # Goods that come back, fetched by a courier

    def give_back(self) -> None:
        orders = list(Order.objects.filter(status=OrderStatus.COMPLETED).order_by("pk"))
        if orders and Return.objects.exclude(status__in=FINAL_RETURNS).count() < 4:
            order = self.dice.choice(orders)
            lines = queries.returnable_lines(order, now=self.now)
            wanted = {row.line.pk: self.dice.randint(0, row.units) for row in lines}
            reason = self.dice.choice(list(ReturnReason))
            wish_back = services.RequestReturn(wanted, reason, ReturnWay.COLLECT, door=DOOR)
            with entry():
                services.request_return(order.pk, wish_back, actor="guest", now=self.now)

    def any_return(self, *statuses: ReturnStatus) -> Return | None:
        rows = list(Return.objects.filter(status__in=statuses).order_by("pk"))
        return self.dice.choice(rows) if rows else None

    def call_off_return(self) -> None:
        case = self.any_return(ReturnStatus.APPROVED)
        if case and self.dice.random() < 0.3:
            with entry():
                services.cancel_return(case.pk, actor="guest", now=self.now)

    def receive(self) -> None:
        """Take in what a courier has brought, or the shopper, whose courier did not come."""
        case = self.any_return(ReturnStatus.IN_TRANSIT, ReturnStatus.APPROVED)
        if case and case.collection is not None:
            is_brought = case.status == ReturnStatus.APPROVED and case.way == ReturnWay.BRING
            if is_brought or case.collection.status == CollectionStatus.DELIVERED:
                with entry():
                    services.receive_return(case.pk, case.collection.store_id, actor=CLERK, now=self.now)

    def inspect(self) -> None:
        case = self.any_return(ReturnStatus.RECEIVED)
        if case:
            pieces = case.lines.filter(is_live=True).values_list("pk", flat=True)
            found = {piece: self.dice.choice(list(DESK_CONDITIONS)) for piece in pieces}
            with entry():
                services.inspect_return(case.pk, found, actor=CLERK, now=self.now)

    # Stores

    def accept(self) -> None:
        share = self.any(S.OFFERED)
        if share:
            with entry():
                fulfillment_services.accept_offer(share.pk, actor=CLERK, now=self.now)

    def reject(self) -> None:
        share = self.any(S.OFFERED, S.ACCEPTED, S.PICKING)
        if share and self.dice.random() < 0.5:
            with entry():
                fulfillment_services.reject_task(
                    share.pk, reason=self.dice.choice(STORE_REJECT_REASONS), actor=CLERK, now=self.now
                )

    def pick(self) -> None:
        share = self.any(S.ACCEPTED)
        if share:
            with entry():
                fulfillment_services.start_picking(share.pk, actor=CLERK, now=self.now)

    def pack(self) -> None:
        share = self.any(S.ACCEPTED, S.PICKING)
        if share:
            with entry():
                fulfillment_services.pack(share.pk, actor=CLERK, now=self.now)

    def hand_over(self) -> None:
        share = self.any(S.AWAITING_COURIER)
        if share and self.ride_of(share, D.AT_STORE):
            code = code_of(share)
            fulfillment_services.drive_hand_over(share.pk, code=code, actor=CLERK, now=self.now)

    def collect(self) -> None:
        share = self.any(S.READY_FOR_PICKUP)
        if share:
            code = code_of(share, PickupCodePurpose.SHOPPER)
            fulfillment_services.drive_collect(share.pk, code=code, actor=CLERK, now=self.now)

    def answer_cancel(self) -> None:
        share = self.any(S.CANCEL_REQUESTED)
        if share:
            with entry():
                fulfillment_services.answer_cancel(share.pk, accept=self.dice.random() < 0.6, actor=CLERK, now=self.now)

    def take_back(self) -> None:
        share = self.any(S.RETURNING)
        if share and not any(
            ride.state in {D.PICKED_UP, D.IN_TRANSIT, D.OUT_FOR_DELIVERY, D.RETURNING}
            for ride in self.couriers.rides.values()
            if ride.external_id.startswith(share.number)
        ):
            with entry():
                fulfillment_services.confirm_return(share.pk, actor=CLERK, now=self.now)

    def restock(self) -> None:
        share = self.any(S.PICKUP_EXPIRED)
        if share:
            with entry():
                fulfillment_services.restock(share.pk, actor=CLERK, now=self.now)

    def count_stock(self) -> None:
        level = self.dice.choice(list(StockLevel.objects.filter(store__brand=self.world.brand).order_by("pk")))
        self.count += 1
        with entry():
            inventory_locks.lock_levels([level.pk])
            figure = Figure(level.pk, self.dice.choice([0, 2, 5, 9, 20]), 0)
            correct_levels([figure], kind=MovementKind.COUNT, cause=f"count:{self.count}", actor="user:9", now=self.now)

    def fill_shelves(self) -> None:
        levels = list(StockLevel.objects.filter(store__brand=self.world.brand).order_by("pk"))
        with entry():
            inventory_locks.lock_levels([level.pk for level in levels])
            figures = [Figure(level.pk, 30, 0) for level in levels]
            correct_levels(figures, kind=MovementKind.COUNT, cause="count:all", actor="user:9", now=self.now)

    def decide_parked(self) -> None:
        share = self.any(S.UNFILLABLE)
        if share:
            order = Order.objects.get(fulfillment=share.fulfillment_id)
            decide = self.dice.choice([services.retry_parked, services.cancel_unfillable])
            with entry():
                decide(order.pk, actor="user:1", now=self.now)

    # Couriers

    def ride_of(self, share: FulfillmentOrder, *states: D) -> Ride | None:
        delivery = Delivery.objects.filter(fulfillment_order=share).order_by("-pk").first()
        ride = self.couriers.rides.get(delivery.provider_id) if delivery else None
        return ride if ride and ride.state in states else None

    def move_ride(self) -> None:
        rides = [ride for ride in self.couriers.rides.values() if ride.state in NEXT]
        if not rides:
            return
        ride = self.dice.choice(rides)
        state = self.dice.choice(NEXT[ride.state])
        if (
            self.couriers.is_calm
            and state in {D.DISPATCHING, D.CANCELLED, D.LOST, D.EXCEPTION}
            and ride.state is not D.CREATED
        ):
            return
        if (
            state is D.PICKED_UP
            and not Delivery.objects.filter(external_id=ride.external_id, collection__isnull=False).exists()
        ):
            share = FulfillmentOrder.objects.get(deliveries__external_id=ride.external_id)
            live = Delivery.objects.filter(fulfillment_order=share).order_by("-pk").first()
            is_packed = share.status in {S.AWAITING_COURIER, S.HANDED_OVER} or (
                share.status == S.CANCEL_REQUESTED and share.held_status == S.AWAITING_COURIER
            )
            if not is_packed or live is None or live.external_id != ride.external_id:
                return
        self.couriers.move(ride, state)
        report = self.couriers.report(ride)
        self.stale.append(report)
        if self.dice.random() < 0.6:
            self.hear(report)

    def hear_again(self) -> None:
        if self.stale:
            self.hear(self.dice.choice(self.stale[-12:]))

    def hear(self, report: CourierReport) -> None:
        delivery = Delivery.objects.get(external_id=report.external_id)
        with entry():
            share, row = courier._lock(delivery.pk, delivery.fulfillment_order_id)
            progress.apply_report(share, row, report, now=self.now)

    # Machines

    def deliver_events(self) -> None:
        run_due_deliveries(self.dice.randint(1, 8), now=self.now)

    def sweep_fulfillment(self) -> None:
        fulfillment_services.drive_due_routing(50, now=self.now)
        fulfillment_services.drive_due_pickups(50, now=self.now)

    def drive_couriers(self) -> None:
        fulfillment_services.drive_due_deliveries(50, now=self.now)

    def sweep_orders(self) -> None:
        services.drive_due_rows(now=self.now)

    def help_refunds(self) -> None:
        refund = Refund.objects.filter(status="abnormal").first()
        if refund:
            with entry():
                refunds.retry_refund(refund.pk, actor="user:1", now=self.now)

    def let_machines_work(self) -> None:
        for _round in range(4):
            run_due_deliveries(1000, now=self.now)
            self.sweep_fulfillment()
            self.drive_couriers()
            self.sweep_orders()
            run_due_deliveries(1000, now=self.now)
            self.now += timedelta(seconds=1)

    def do(self, name: str) -> None:
        try:
            getattr(self, name)()
        except DomainError as refusal:
            self.log.append(f"{name}: {refusal.code}")
        else:
            self.log.append(name)


# How often each thing happens, compared to the others.
CHANCES = {
    "place": 2, "start_payment": 2, "pay": 2, "cancel": 1, "accept": 3, "reject": 1, "pick": 1, "pack": 2,
    "hand_over": 1, "collect": 1, "answer_cancel": 1, "take_back": 1, "restock": 1, "count_stock": 1,
    "decide_parked": 1, "move_ride": 4, "hear_again": 1, "deliver_events": 3, "sweep_fulfillment": 1,
    "drive_couriers": 1, "sweep_orders": 1, "help_refunds": 1, "give_back": 1, "receive": 1, "inspect": 1,
}  # fmt: skip
# And once the orders are done, when couriers fetch what comes back.
RETURN_CHANCES = {
    "give_back": 3, "call_off_return": 1, "receive": 1, "inspect": 1, "move_ride": 6, "hear_again": 1,
    "deliver_events": 2, "sweep_fulfillment": 1, "drive_couriers": 3, "sweep_orders": 1, "help_refunds": 1,
}  # fmt: skip
# In the end everybody does the rest of the work, and nothing goes wrong any more.
CALM = (
    "accept", "pack", "hand_over", "collect", "answer_cancel", "take_back", "restock", "decide_parked", "move_ride",
    "move_ride", "move_ride", "move_ride", "help_refunds", "receive", "inspect",
)  # fmt: skip


def unfinished_returns() -> list[tuple[str, str]]:
    return list(Return.objects.exclude(status__in=FINAL_RETURNS).values_list("number", "status"))


def unfinished_refunds() -> list[tuple[str, str]]:
    return list(Refund.objects.exclude(status="succeeded").values_list("status", "last_error"))


def live(life: Life, chances: dict[str, int], turns: int) -> None:
    """Let things happen; now and then the machines do what is left, and nothing may be wrong."""
    life.couriers.is_calm = life.provider.is_calm = False
    for turn in range(turns):
        life.do(*life.dice.choices(list(chances), list(chances.values())))
        life.pass_time(life.dice.choice([0, 0, 0, 0, 0.1, 1, 3]))
        if turn % 40 == 39:
            life.let_machines_work()
            assert broken_claims(life.now) == {}, life.log[-60:]


def calm_down(life: Life) -> None:
    """Let everybody do the rest of the work, until nothing is left."""
    life.couriers.is_calm = life.provider.is_calm = True
    for _turn in range(TURNS):
        for name in CALM:
            life.do(name)
        life.let_machines_work()
        life.pass_time(10)
        if not (Order.objects.exclude(status__in=FINAL).exists() or unfinished_refunds() or unfinished_returns()):
            break
    assert list(Order.objects.exclude(status__in=FINAL).values_list("number", "status")) == [], life.log[-80:]
    demands = Fulfillment.objects.filter(status__in=["planned", "active"])
    assert list(demands.values_list("orders__number", "orders__status")) == [], life.log[-80:]
    assert (unfinished_refunds(), unfinished_returns()) == ([], []), life.log[-80:]
    assert list(EventDelivery.objects.exclude(state="done").values_list("subscriber", "error")) == []
    assert broken_claims(life.now) == {}


@pytest.mark.parametrize("seed", range(3))
def test_orders_and_returns_live_through_anything_and_all_end(
    world: World, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    dice = random.Random(seed)
    couriers, provider = Couriers(dice), Provider(dice)
    monkeypatch.setattr("orders.clients.wechat_pay", lambda: provider)
    monkeypatch.setattr("fulfillment.clients.CourierClient.from_settings", lambda: couriers)
    life = Life(world, dice, couriers, provider)
    life.pass_time(0)

    live(life, CHANCES, TURNS)
    calm_down(life)
    life.fill_shelves()
    for _order in range(4):
        life.do("place")
    calm_down(life)
    live(life, RETURN_CHANCES, RETURN_TURNS)
    calm_down(life)

    fetched = Return.objects.filter(collection__status=CollectionStatus.DELIVERED)
    assert Return.objects.count() > 3
    assert fetched.filter(status=ReturnStatus.CLOSED).exists()
