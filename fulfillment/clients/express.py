"""The express company over HTTP: what goes farther than a courier rides. The interface is that of docs/sandbox.md.

It tells where a parcel is in the words of the table that Chinese tracking services share, a code of one to four digits
(kuaidi100, found in eight public repositories, e.g. kuaidi100-api/java-demo, QueryTrackResp.java). The table has no
word for a parcel that is lost: the company says `lost`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fulfillment.choices import DeliveryState
from fulfillment.clients.carrier import (
    MAX_FEE_FEN,
    CancelQuote,
    Carriage,
    CarrierClient,
    CourierReport,
    CourierUnreachable,
    NotUnderstood,
    Stage,
    read_answer,
    read_count,
    read_moment,
    read_object,
    read_text,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

D = DeliveryState
# What each code means: 揽收, 在途, 派件, 签收, 退回, 退签, 拒签, 转投, 疑难, 清关 and their kinds.
STATES: dict[str, DeliveryState] = {
    "101": D.CREATED,  # 已下单
    "102": D.CREATED,  # 待揽收
    "1": D.PICKED_UP,  # 揽收
    "103": D.PICKED_UP,  # 已揽收
    "0": D.IN_TRANSIT,  # 在途
    "1001": D.IN_TRANSIT,  # 到达派件城市
    "1002": D.IN_TRANSIT,  # 干线
    "1003": D.IN_TRANSIT,  # 转递
    "7": D.IN_TRANSIT,  # 转投
    "5": D.OUT_FOR_DELIVERY,  # 派件
    "501": D.OUT_FOR_DELIVERY,  # 投柜或驿站
    "3": D.DELIVERED,  # 签收
    "301": D.DELIVERED,  # 本人签收
    "302": D.DELIVERED,  # 派件异常后签收
    "303": D.DELIVERED,  # 代签
    "304": D.DELIVERED,  # 投柜或站签收
    "6": D.RETURNING,  # 退回
    "4": D.RETURNED,  # 退签
    "401": D.CANCELLED,  # 已销单
    "210": D.CANCELLED,  # 销单
    "14": D.EXCEPTION,  # 拒签
    "2": D.EXCEPTION,  # 疑难
    "201": D.EXCEPTION,  # 超时未签收
    "202": D.EXCEPTION,  # 超时未更新
    "203": D.EXCEPTION,  # 拒收
    "204": D.EXCEPTION,  # 派件异常
    "205": D.EXCEPTION,  # 柜或驿站超时未取
    "206": D.EXCEPTION,  # 无法联系
    "207": D.EXCEPTION,  # 超区
    "208": D.EXCEPTION,  # 滞留
    "209": D.EXCEPTION,  # 破损
    "lost": D.LOST,
}
# What a stage tells by which it is sure that the company has the parcel.
COLLECTED = frozenset({D.PICKED_UP, D.IN_TRANSIT, D.OUT_FOR_DELIVERY, D.DELIVERED, D.RETURNING, D.RETURNED})
SHORTEST_WAYBILL, LONGEST_WAYBILL = 6, 40
MOST_PARCELS = 20
MOST_STAGES = 200


class ExpressClient(CarrierClient):
    """One merchant account at the express company. It has no codes: its driver scans the waybill on the label."""

    provider = "express"
    message_type = "parcel.updated"
    path = "/v1/orders"

    def create(self, asked: Carriage) -> CourierReport:
        """Ask for a waybill for each parcel; asking again with the same `external_id` returns the same ones.

        :raises CourierUnreachable: it may or may not have been created: ask again.
        :raises CourierRefused: "unknown_offer" when a new quote is needed; "out_of_reach".
        """
        body = {
            "external_id": asked.external_id,
            "offer_id": asked.offer_id,
            "callback_url": self._callback_url,
            "from": asked.origin.as_json(),
            "to": asked.destination.as_json(),
            "parcels": [{} if grams is None else {"weight_grams": grams} for grams in asked.weights_grams],
        }
        answer = self._call("POST", self.path, body, idempotency_key=asked.external_id, existing_is_fine=True)
        report = read_answer(self.read_report, answer)
        if len(report.waybills) != len(asked.weights_grams):
            raise CourierUnreachable("The answer has not one waybill for each parcel.")
        return report

    def cancel_quote(self, _provider_id: str) -> CancelQuote:
        """Say that a waybill costs nothing as long as nothing was collected; whether it was, cancelling shows."""
        return CancelQuote(is_allowed=True, fee_fen=0)

    def pickup(self, provider_id: str, *, code: str) -> CourierReport:
        """Ask where it is: nobody is told of a code."""
        return self.get(provider_id)

    def send_code(self, provider_id: str, *, code: str) -> CourierReport:
        """Ask where it is: nobody is told of a code."""
        return self.get(provider_id)

    def confirm_return(self, provider_id: str) -> CourierReport:
        """Take what the company says it brought back as confirmed: it asks for no more."""
        report = self.get(provider_id)
        return replace(report, state=D.RETURN_CONFIRMED) if report.state is D.RETURNED else report

    def read_report(self, answer: object) -> CourierReport:
        """Read an order as answers and callbacks tell of it."""
        content = read_object(answer)
        stages = _stages(content)
        return CourierReport(
            delivery_id=read_text(content, "order_id", 60),
            external_id=read_text(content, "external_id", 40),
            state=_state_after(stages, _state(content)),
            seq=read_count(content, "seq", 2_000_000_000),
            assignment=1,
            fee_fen=read_count(content, "fee_fen", MAX_FEE_FEN),
            cancel_fee_fen=0,
            eta_at=read_moment(content, "eta_at"),
            courier_name="",
            courier_phone_masked="",
            courier_lat=None,
            courier_lng=None,
            reason=str(content.get("reason") or "")[:60],
            carrier=str(content.get("carrier") or "")[:40],
            waybills=_waybills(content),
            sort_code=str(content.get("sort_code") or "")[:30],
            stages=stages,
        )


def _state(content: Mapping[str, Any]) -> DeliveryState:
    """Return what a code of the table means."""
    state = STATES.get(str(content.get("state")))
    if state is None:
        raise NotUnderstood("state")
    return state


def _state_after(stages: tuple[Stage, ...], state: DeliveryState) -> DeliveryState:
    """Return a state; trouble that comes before the parcel was collected leaves it waiting in the store."""
    is_in_store = bool(stages) and not any(stage.state in COLLECTED for stage in stages)
    return D.CREATED if state is D.EXCEPTION and is_in_store else state


def _waybills(content: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the waybill of each parcel, in their order, in capitals: so a scan of its bar code is read."""
    rows = content.get("waybills")
    if not isinstance(rows, list) or not 0 < len(rows) <= MOST_PARCELS:
        raise NotUnderstood("waybills")
    if not all(isinstance(row, str) and row.isascii() and row.isalnum() for row in rows):
        raise NotUnderstood("waybills")
    waybills = tuple(row.upper() for row in rows)
    if len(set(waybills)) < len(rows) or not all(SHORTEST_WAYBILL <= len(row) <= LONGEST_WAYBILL for row in waybills):
        raise NotUnderstood("waybills")
    return waybills


def _stages(content: Mapping[str, Any]) -> tuple[Stage, ...]:
    """Return the stages so far, the first first; none when they are not told."""
    rows = content.get("stages") or []
    if not isinstance(rows, list) or len(rows) > MOST_STAGES:
        raise NotUnderstood("stages")
    stages = []
    for row in map(read_object, rows):
        at = read_moment(row, "at")
        if at is None:
            raise NotUnderstood("at")
        seq = read_count(row, "seq", 2_000_000_000)
        stages.append(Stage(seq, _state(row), str(row.get("words") or "")[:200], at))
    return tuple(sorted(stages, key=lambda stage: stage.seq))
