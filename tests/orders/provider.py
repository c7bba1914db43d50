"""A provider that answers what a test has written down, and remembers what it was asked."""

from collections import defaultdict
from datetime import UTC, datetime
from typing import Any, NoReturn

from orders.clients import ProviderPayment, ProviderRefund
from orders.models import PaymentIntent, Refund

REFUNDED_AT = datetime(2026, 3, 16, 5, 0, tzinfo=UTC)


class ScriptedProvider:
    """Stands in for `WeChatPayClient`: each call takes the next answer of its kind; an exception is raised."""

    mchid = "1900000001"
    appid = "wx0000000000000001"

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self._answers: dict[str, list[object]] = defaultdict(list)

    def script(self, operation: str, *answers: object) -> None:
        """Write down the next answers of an operation: create_native, query, close, refund, query_refund."""
        self._answers[operation].extend(answers)

    def create_native(self, out_trade_no: str, **_rest: object) -> str:
        return str(self._next("create_native", out_trade_no))

    def query(self, out_trade_no: str) -> object:
        return self._next("query", out_trade_no)

    def close(self, out_trade_no: str) -> None:
        self._next("close", out_trade_no)

    def refund(self, out_refund_no: str, **_rest: object) -> object:
        return self._next("refund", out_refund_no)

    def query_refund(self, out_refund_no: str) -> object:
        return self._next("query_refund", out_refund_no)

    def _next(self, operation: str, number: str) -> object:
        self.calls.append((operation, number))
        if not self._answers[operation]:
            self._fail(operation)
        answer = self._answers[operation].pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _fail(self, operation: str) -> NoReturn:
        raise AssertionError(f"nothing is written down for {operation}; asked so far: {self.calls}")


def state_of(intent: PaymentIntent, state: str) -> ProviderPayment:
    """Return what the provider says of a payment that brought no money."""
    return ProviderPayment(state, intent.out_trade_no, "1900000001", "wx0000000000000001")


def refund_of(refund: Refund, status: str, **changes: object) -> ProviderRefund:
    """Return what the provider says of a refund; `changes` make it wrong."""
    values: dict[str, Any] = {
        "status": status,
        "out_refund_no": refund.out_refund_no,
        "out_trade_no": refund.intent.out_trade_no,
        "refund_id": "50000000000000000001",
        "amount_fen": refund.amount_fen,
        "refunded_at": REFUNDED_AT if status == "SUCCESS" else None,
        "mchid": "1900000001",
    }
    return ProviderRefund(**(values | changes))
