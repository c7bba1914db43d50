"""A courier company and a payment provider kept in memory, which answer as real ones might, or not at all."""

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import NoReturn

from fulfillment.choices import DELIVERY_RANKS, FINAL_DELIVERY_STATES
from fulfillment.choices import DeliveryState as D
from fulfillment.clients import (
    CancelQuote,
    Carriage,
    CourierOffer,
    CourierRefused,
    CourierReport,
    CourierUnreachable,
    Place,
)
from orders.clients import ProviderPayment, ProviderRefund, ProviderRefused, ProviderUnreachable
from tests.cast import NOON

MERCHANT, APPLICATION = "1900000001", "wx0000000000000001"
PICKED_UP = DELIVERY_RANKS[D.PICKED_UP]
NEXT = {
    D.CREATED: (D.DISPATCHING,),
    D.DISPATCHING: (D.ASSIGNED, D.ASSIGNED, D.ASSIGNED, D.CANCELLED),
    D.ASSIGNED: (D.AT_STORE, D.AT_STORE, D.AT_STORE, D.DISPATCHING, D.CANCELLED),
    D.AT_STORE: (D.PICKED_UP,),
    D.PICKED_UP: (D.IN_TRANSIT,),
    D.IN_TRANSIT: (D.OUT_FOR_DELIVERY, D.OUT_FOR_DELIVERY, D.OUT_FOR_DELIVERY, D.EXCEPTION, D.LOST),
    D.EXCEPTION: (D.RETURNING, D.OUT_FOR_DELIVERY),
    D.OUT_FOR_DELIVERY: (D.DELIVERED, D.DELIVERED, D.DELIVERED, D.RETURNING),
    D.RETURNING: (D.RETURNED, D.RETURNED, D.RETURNED, D.LOST),
}


@dataclass
class Ride:
    """A delivery at the company."""

    provider_id: str
    external_id: str
    state: D = D.CREATED
    seq: int = 1
    assignment: int = 1


class Couriers:
    """Stands in for `CourierClient`. While `is_calm` every answer arrives and every store is within reach."""

    provider = "sandbox"

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.rides: dict[str, Ride] = {}
        self.is_calm = False
        self.now = NOON

    def report(self, ride: Ride) -> CourierReport:
        """Return what the company says of a ride."""
        return CourierReport(
            ride.provider_id, ride.external_id, ride.state, ride.seq, ride.assignment, 600, 0,
            self.now + timedelta(minutes=40), "", "", None, None, "",
        )  # fmt: skip

    def move(self, ride: Ride, state: D) -> None:
        """Let a ride come to a state."""
        ride.assignment += state is D.DISPATCHING and ride.state is D.ASSIGNED
        ride.state, ride.seq = state, ride.seq + 1

    def quote(self, _origin: Place, _destination: Place) -> list[CourierOffer]:
        self._answer()
        if not self.is_calm and self.dice.random() < 0.05:
            raise CourierRefused("out_of_reach", status=422)
        return [CourierOffer("offer", 600, 40)]

    def create(self, asked: Carriage) -> CourierReport:
        known = [ride for ride in self.rides.values() if ride.external_id == asked.external_id]
        ride = known[0] if known else Ride(f"c-{len(self.rides) + 1}", asked.external_id)
        self.rides[ride.provider_id] = ride
        self._answer()
        return self.report(ride)

    def get(self, provider_id: str) -> CourierReport:
        self._answer()
        return self.report(self.rides[provider_id])

    def cancel_quote(self, provider_id: str) -> CancelQuote:
        self._answer()
        ride = self.rides[provider_id]
        return CancelQuote(DELIVERY_RANKS[ride.state] < PICKED_UP or ride.state is D.IN_TRANSIT, 0)

    def cancel(self, provider_id: str, **_rest: object) -> CourierReport:
        ride = self.rides[provider_id]
        if ride.state in FINAL_DELIVERY_STATES:
            raise CourierRefused("cannot_cancel", status=409)
        self.move(ride, D.CANCELLED if DELIVERY_RANKS[ride.state] < PICKED_UP else D.RETURNING)
        self._answer()
        return self.report(ride)

    def send_code(self, provider_id: str, **_rest: object) -> CourierReport:
        return self.get(provider_id)

    def pickup(self, provider_id: str, **_rest: object) -> CourierReport:
        ride = self.rides[provider_id]
        if DELIVERY_RANKS[ride.state] < DELIVERY_RANKS[D.AT_STORE]:
            raise CourierRefused("state_conflict", status=409)
        if ride.state is D.AT_STORE:
            self.move(ride, D.PICKED_UP)
        return self.get(provider_id)

    def confirm_return(self, provider_id: str) -> CourierReport:
        ride = self.rides[provider_id]
        if ride.state is D.RETURNED:
            self.move(ride, D.RETURN_CONFIRMED)
        return self.get(provider_id)

    def _answer(self) -> None:
        """Answer, or let the answer be lost after what was asked has been done."""
        if not self.is_calm and self.dice.random() < 0.15:
            raise CourierUnreachable("lost")


class Provider:
    """Stands in for `WeChatPayClient`; `pay` is what a shopper does. While `is_calm` every answer arrives."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.amounts: dict[str, int] = {}
        self.states: dict[str, str] = {}
        self.refunds: dict[str, tuple[str, int, str]] = {}
        self.is_calm = False
        self.now = NOON

    def pay(self, out_trade_no: str) -> bool:
        """Pay what is open; False when nothing is."""
        if self.states.get(out_trade_no) != "NOTPAY":
            return False
        self.states[out_trade_no] = "SUCCESS"
        return True

    def create_native(self, out_trade_no: str, *, amount_fen: int, **_rest: object) -> str:
        if self.states.get(out_trade_no) == "SUCCESS":
            self._refuse("ORDERPAID")
        if self.states.get(out_trade_no) == "CLOSED":
            self._refuse("ORDER_CLOSED")
        self.amounts[out_trade_no], self.states[out_trade_no] = amount_fen, "NOTPAY"
        self._answer()
        return "weixin://pay"

    def query(self, out_trade_no: str) -> ProviderPayment:
        self._answer()
        if out_trade_no not in self.states:
            self._refuse("ORDER_NOT_EXIST")
        return self.payment(out_trade_no)

    def payment(self, out_trade_no: str) -> ProviderPayment:
        """Return how a payment stands."""
        state = self.states[out_trade_no]
        if state != "SUCCESS":
            return ProviderPayment(state, out_trade_no, MERCHANT, APPLICATION)
        return ProviderPayment(
            state=state, out_trade_no=out_trade_no, mchid=MERCHANT, appid=APPLICATION,
            transaction_id=f"42{out_trade_no}", amount_fen=self.amounts[out_trade_no], currency="CNY", paid_at=self.now,
        )  # fmt: skip

    def close(self, out_trade_no: str) -> None:
        state = self.states.get(out_trade_no)
        if state == "SUCCESS":
            self._refuse("ORDERPAID")
        if state is None:
            self._refuse("ORDER_NOT_EXIST")
        self.states[out_trade_no] = "CLOSED"
        self._answer()

    def refund(self, out_refund_no: str, *, out_trade_no: str, amount_fen: int, **_rest: object) -> ProviderRefund:
        paid = self.amounts[out_trade_no] if self.states[out_trade_no] == "SUCCESS" else 0
        back = sum(
            fen
            for number, (trade, fen, _s) in self.refunds.items()
            if trade == out_trade_no and number != out_refund_no
        )
        assert back + amount_fen <= paid, "more is refunded than was paid"
        if self.refunds.get(out_refund_no, ("", 0, ""))[2] != "SUCCESS":
            self.refunds[out_refund_no] = (out_trade_no, amount_fen, "PROCESSING")
        self._answer()
        return self._refund(out_refund_no)

    def query_refund(self, out_refund_no: str) -> ProviderRefund:
        self._answer()
        if out_refund_no not in self.refunds:
            self._refuse("RESOURCE_NOT_EXISTS")
        state = self.dice.choice(
            ["SUCCESS", "PROCESSING"] if self.is_calm else ["SUCCESS", "PROCESSING", "CLOSED", "ABNORMAL"]
        )
        if self.refunds[out_refund_no][2] != "SUCCESS":
            self.refunds[out_refund_no] = (*self.refunds[out_refund_no][:2], state)
        return self._refund(out_refund_no)

    def _refund(self, out_refund_no: str) -> ProviderRefund:
        trade, fen, state = self.refunds[out_refund_no]
        return ProviderRefund(
            status=state, out_refund_no=out_refund_no, out_trade_no=trade, refund_id=f"50{out_refund_no}",
            amount_fen=fen, refunded_at=self.now if state == "SUCCESS" else None, mchid=MERCHANT,
        )  # fmt: skip

    @staticmethod
    def _refuse(code: str) -> NoReturn:
        raise ProviderRefused(code)

    def _answer(self) -> None:
        if not self.is_calm and self.dice.random() < 0.15:
            raise ProviderUnreachable("lost")
