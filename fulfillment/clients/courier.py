"""The courier company over HTTP. The interface is the neutral one of docs/sandbox.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fulfillment.choices import DeliveryState
from fulfillment.clients.carrier import (
    COURIER,
    MAX_COUNT,
    MAX_FEE_FEN,
    CancelQuote,
    Carriage,
    CarrierClient,
    CourierReport,
    NotUnderstood,
    read_answer,
    read_count,
    read_degrees,
    read_moment,
    read_object,
    read_text,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


class CourierClient(CarrierClient):
    """One merchant account at the courier company."""

    provider = "courier"
    message_type = "delivery.updated"
    path = "/v1/deliveries"

    def create(self, asked: Carriage) -> CourierReport:
        """Ask for a courier; asking again with the same `external_id` returns the delivery that exists.

        :raises CourierUnreachable: it may or may not have been created: ask again.
        :raises CourierRefused: "offer_expired" when a new quote is needed; "out_of_reach".
        """
        body = {
            "external_id": asked.external_id,
            "offer_id": asked.offer_id,
            "callback_url": self._callback_url,
            "pickup_code": asked.pickup_code,
            "from": asked.origin.as_json(),
            "to": asked.destination.as_json(),
        }
        if asked.code_from != COURIER:
            body["code_from"] = asked.code_from
        answer = self._call("POST", self.path, body, idempotency_key=asked.external_id, existing_is_fine=True)
        return read_answer(self.read_report, answer)

    def cancel_quote(self, provider_id: str) -> CancelQuote:
        """Ask what cancelling now would cost."""
        return read_answer(_cancel_quote, self._call("POST", self._path(provider_id, "cancel-quote"), {}))

    def pickup(self, provider_id: str, *, code: str) -> CourierReport:
        """Confirm that the store gave the goods to the courier who showed the code; repeating it is harmless."""
        return self._act(provider_id, "pickup", {"code": code})

    def send_code(self, provider_id: str, *, code: str) -> CourierReport:
        """Replace the code that the courier shows at the store."""
        return self._act(provider_id, "pickup-code", {"pickup_code": code})

    def confirm_return(self, provider_id: str) -> CourierReport:
        """Confirm that goods which came back are in the store; repeating it is harmless."""
        return self._act(provider_id, "confirm-return", {})

    def read_report(self, answer: object) -> CourierReport:
        """Read a delivery as answers and callbacks tell of it."""
        return _report(answer)


def _report(answer: object) -> CourierReport:
    """Read a delivery as answers and callbacks tell of it."""
    content = read_object(answer)
    courier, position = content.get("courier"), content.get("position")
    courier = courier if isinstance(courier, dict) else {}
    position = position if isinstance(position, dict) else {}
    return CourierReport(
        delivery_id=read_text(content, "delivery_id", 60),
        external_id=read_text(content, "external_id", 40),
        state=_state(content),
        seq=read_count(content, "seq", 2_000_000_000),
        assignment=max(1, read_count(content, "attempt", MAX_COUNT)),
        fee_fen=read_count(content, "fee_fen", MAX_FEE_FEN),
        cancel_fee_fen=read_count(content, "cancel_fee_fen", MAX_FEE_FEN),
        eta_at=read_moment(content, "eta_at"),
        courier_name=str(courier.get("name") or "")[:40],
        courier_phone_masked=str(courier.get("phone_masked") or "")[:30],
        courier_lat=read_degrees(position, "lat", 90),
        courier_lng=read_degrees(position, "lng", 180),
        reason=str(content.get("reason") or "")[:60],
    )


def _state(content: Mapping[str, Any]) -> DeliveryState:
    """Return the neutral state; REQUESTED is ours alone."""
    word = content.get("state")
    if not isinstance(word, str) or word != word.upper() or word.lower() not in DeliveryState.values:
        raise NotUnderstood("state")
    state = DeliveryState(word.lower())
    if state is DeliveryState.REQUESTED:
        raise NotUnderstood("state")
    return state


def _cancel_quote(answer: object) -> CancelQuote:
    """Read what cancelling would cost."""
    content = read_object(answer)
    return CancelQuote(is_allowed=content.get("allowed") is True, fee_fen=read_count(content, "fee_fen", MAX_FEE_FEN))
