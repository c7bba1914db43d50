"""How a parcel goes from stage to stage by itself, and what the faults do to it."""

from omni.sandbox.express.orders import (
    ARRIVED,
    BACK,
    CALLED_OFF,
    COLLECTED,
    COMING_BACK,
    LOST,
    ON_THE_ROAD,
    ORDERED,
    OUT,
    REFUSED,
    ROUTES,
    SIGNED,
    UNREACHABLE,
    Order,
    Orders,
)
from omni.sandbox.web import Problem
from omni.sandbox.webhooks import News, Webhooks
from omni.sandbox.world import World

HOUR, DAY = 3600.0, 86_400.0
# Until the van comes, in the depot, from the depot to the round, and on the round.
VAN_SECONDS, DEPOT_SECONDS, MORNING_SECONDS, ROUND_SECONDS = 4 * HOUR, 2 * HOUR, 8 * HOUR, 3 * HOUR
NO_VAN_CHECK_SECONDS = HOUR
ROAD_METRES_PER_SECOND = 14.0
WORDS = {
    ORDERED: "已下单，等待揽收",
    COLLECTED: "【{origin}】快递员已揽收",
    ON_THE_ROAD: "【{origin}转运中心】已发出，下一站 {destination}",
    ARRIVED: "快件到达【{destination}转运中心】",
    OUT: "【{destination}】快递员正在派送",
    SIGNED: "已签收，签收人：本人",
    REFUSED: "收件人拒收，联系发件人处理",
    UNREACHABLE: "无法联系到收件人",
    COMING_BACK: "快件正退回【{origin}】",
    BACK: "已退回发件人",
    CALLED_OFF: "运单已取消",
    LOST: "快件遗失，理赔处理中",
}
FAILED_ROUNDS = {"refuse": (REFUSED, "REFUSED"), "unreachable": (UNREACHABLE, "UNREACHABLE")}


class Walk:
    """Moves orders; every stage is told to the merchant, but for the first, which the answer says."""

    def __init__(self, world: World, orders: Orders, webhooks: Webhooks) -> None:
        self._world = world
        self._orders = orders
        self._webhooks = webhooks

    def begin(self, order: Order) -> Order:
        """Set a new order going."""
        changed = self._orders.add_stage(order, ORDERED, WORDS[ORDERED])
        self._set_leg(changed, self._world.clock.elapsed())
        return self._orders.get(order.id)

    def walk_due(self) -> None:
        """Take every step whose time has come."""
        with self._world.database.transaction():
            for order in self._orders.due(self._world.clock.elapsed()):
                self._step(order)

    def advance(self, order: Order, to: str, *, reason: str = "", jump: bool) -> Order:
        """Go on to a state at once, through the states between, or straight with `jump`.

        :raises Problem: 409 "state_conflict" when no way leads there.
        """
        if jump:
            return self.enter(order, to, reason=reason)
        for route in ROUTES:
            if order.state in route and to in route and route.index(order.state) < route.index(to):
                with self._world.database.transaction():
                    for state in route[route.index(order.state) + 1 : route.index(to) + 1]:
                        order = self.enter(order, state, reason=reason)
                return order
        raise Problem(409, "state_conflict", f"No way leads from {order.state} to {to}.", "to")

    def enter(self, order: Order, state: str, *, reason: str = "", at: float | None = None) -> Order:
        """Put an order in a state, write the stage, start the leg, and tell the merchant."""
        names = {"origin": order.origin or "发件地", "destination": order.destination or "收件地"}
        if state in {COMING_BACK, BACK}:
            reason = reason or order.reason
        with self._world.database.transaction():
            changed = self._orders.add_stage(order, state, WORDS[state].format(**names), reason=reason)
            self._set_leg(changed, self._world.clock.elapsed() if at is None else at)
            changed = self._orders.get(order.id)
            facts = self.facts(changed)
            self._webhooks.announce(News(changed.subjects, changed.callback_url, facts, changed.updated_at))
        return changed

    def facts(self, order: Order) -> dict[str, object]:
        """Return what is told of an order."""
        remaining = self._remaining_seconds(order)
        return self._orders.facts(order, None if remaining is None else self._world.clock.stamp_after(remaining))

    def _step(self, order: Order) -> None:
        """Take the next step of one order, as the faults would have it."""
        at = order.due
        if order.state == ORDERED:
            self._step_to_van(order)
        elif order.state == ON_THE_ROAD and self._takes("lost", order):
            self.enter(order, LOST, reason="LOST", at=at)
        elif order.state == OUT:
            failure = next((name for name in FAILED_ROUNDS if self._takes(name, order)), None)
            state, reason = FAILED_ROUNDS[failure] if failure else (SIGNED, "")
            self.enter(order, state, reason=reason, at=at)
        else:
            following = {
                COLLECTED: ON_THE_ROAD,
                ON_THE_ROAD: ARRIVED,
                ARRIVED: OUT,
                REFUSED: COMING_BACK,
                UNREACHABLE: COMING_BACK,
                COMING_BACK: BACK,
            }
            self.enter(order, following[order.state], at=at)

    def _step_to_van(self, order: Order) -> None:
        if self._takes("no_van", order):
            self._orders.set_due(order, self._world.clock.elapsed() + NO_VAN_CHECK_SECONDS)
        elif self._takes("called_off", order):
            self.enter(order, CALLED_OFF, reason="NO_CAPACITY", at=order.due)
        else:
            self.enter(order, COLLECTED, at=order.due)

    def _takes(self, fault: str, order: Order) -> bool:
        return bool(self._world.faults.take("express", fault, order.subjects))

    def _set_leg(self, order: Order, now: float) -> None:
        """Start the leg of the present state; a state without one is the end."""
        seconds = _leg_seconds(order.state, order.distance_metres)
        self._orders.set_due(order, None if seconds is None else now + seconds)

    def _remaining_seconds(self, order: Order) -> float | None:
        """Return the sandbox seconds left until the door, or None when it is not on the way there."""
        way = ROUTES[0]
        if order.state not in way[:-1]:
            return None
        left = max(0.0, (order.due or 0.0) - self._world.clock.elapsed())
        further = way[way.index(order.state) + 1 : -1]
        return left + sum(_leg_seconds(state, order.distance_metres) or 0.0 for state in further)


def way_seconds(distance_metres: float) -> float:
    """Return how long the whole way takes, from the order to the door."""
    return sum(_leg_seconds(state, distance_metres) or 0.0 for state in ROUTES[0][:-1])


def _leg_seconds(state: str, distance_metres: float) -> float | None:
    """Return how long the leg of a state takes."""
    road = DEPOT_SECONDS + distance_metres / ROAD_METRES_PER_SECOND
    legs = {
        ORDERED: VAN_SECONDS,
        COLLECTED: DEPOT_SECONDS,
        ON_THE_ROAD: road,
        ARRIVED: MORNING_SECONDS,
        OUT: ROUND_SECONDS,
        REFUSED: DEPOT_SECONDS,
        UNREACHABLE: DAY,
        COMING_BACK: road,
    }
    return legs.get(state)
