"""How an answer of the express company is read."""

import pytest

from fulfillment.choices import DeliveryState as D
from fulfillment.clients.carrier import NotUnderstood
from fulfillment.clients.express import ExpressClient

CLIENT = ExpressClient(base_url="https://express.example", api_key="key", webhook_secret="", callback_url="")


def answer(state: str, *codes: str, waybills: object = ("SX1000001",)) -> dict[str, object]:
    """Return an order of the company in a state, after stages with these codes; its waybills as JSON has them."""
    stages = [{"seq": at, "state": code, "at": "2026-03-16T04:00:00Z"} for at, code in enumerate(codes)]
    told = {"order_id": "E1", "external_id": "D1", "seq": 3, "fee_fen": 800, "eta_at": None, "stages": stages}
    return {**told, "state": state, "waybills": list(waybills) if isinstance(waybills, tuple) else waybills}


@pytest.mark.parametrize(
    ("state", "codes", "read"),
    [
        ("207", ("101", "207"), D.CREATED),
        ("207", ("101", "1", "207"), D.EXCEPTION),
        ("202", (), D.EXCEPTION),
        ("1", ("101", "1"), D.PICKED_UP),
    ],
    ids=["before it was collected", "after", "stages are not told", "no trouble"],
)
def test_read_report_trouble_before_the_parcel_is_collected_leaves_it_in_the_store(
    state: str, codes: tuple[str, ...], read: D
) -> None:
    assert CLIENT.read_report(answer(state, *codes)).state is read


def test_read_report_waybills_are_read_as_their_bar_codes_are() -> None:
    assert CLIENT.read_report(answer("101", waybills=("sf1234567", "SF1234568"))).waybills == ("SF1234567", "SF1234568")


@pytest.mark.parametrize(
    "waybills",
    [
        (),
        ("SF123",),
        ("SF" + "1" * 39,),
        ("SF-123456",),
        ("ＳＦ１２３４５６",),
        ("sf123456", "SF123456"),
        (7,),
        "SF123456",
    ],
)
def test_read_report_waybill_that_no_scan_could_find_is_not_understood(waybills: object) -> None:
    with pytest.raises(NotUnderstood, match="waybills"):
        CLIENT.read_report(answer("101", waybills=waybills))
