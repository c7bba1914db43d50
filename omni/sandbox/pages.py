"""The pages of the sandbox: what a person sees and clicks."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from omni.sandbox.control import Control
from omni.sandbox.courier.deliveries import ROUTES, Delivery
from omni.sandbox.courier.gateway import Courier
from omni.sandbox.express.gateway import Express
from omni.sandbox.express.orders import ROUTES as PARCEL_ROUTES
from omni.sandbox.express.orders import Order
from omni.sandbox.faults import CATALOGUE, PARAMETERISED
from omni.sandbox.inbox import Inbox
from omni.sandbox.rendering import Markup, join, moment, render, yuan
from omni.sandbox.web import Problem, Request, Response, Router, page_response, redirect
from omni.sandbox.wechat.errors import WechatError
from omni.sandbox.wechat.gateway import WechatPay
from omni.sandbox.wechat.trades import Trade
from omni.sandbox.words import (
    CHANNEL_WORDS,
    FAULT_WORDS,
    NOTICE_WORDS,
    PARCEL_WORDS,
    REFUND_WORDS,
    SERVICE_WORDS,
    STATE_WORDS,
    TONES,
    TRADE_WORDS,
)
from omni.sandbox.world import World

STYLE = Path(__file__).with_name("static") / "sandbox.css"
SHOWN = 100
NOTHING = Markup("")
PAGES = {
    "wechat": "/payments",
    "courier": "/deliveries",
    "express": "/parcels",
    "messages": "/inbox",
    "invoices": "/inbox",
}


class Pages:
    """Home, payments, deliveries, express parcels and the inbox."""

    def __init__(
        self, world: World, *, wechat: WechatPay, courier: Courier, express: Express, inbox: Inbox, control: Control
    ) -> None:
        self._world = world
        self._wechat = wechat
        self._courier = courier
        self._express = express
        self._inbox = inbox
        self._control = control

    def add_routes(self, router: Router) -> None:
        """Add the pages and the forms on them."""
        router.add("GET", "/", self._home)
        router.add("GET", "/payments", self._payments)
        router.add("POST", "/payments/{out_trade_no}/pay", self._pay)
        router.add("GET", "/deliveries", self._deliveries)
        router.add("POST", "/deliveries/{delivery_id}/advance", self._advance)
        router.add("GET", "/parcels", self._parcels)
        router.add("POST", "/parcels/{order_id}/advance", self._advance_parcel)
        router.add("GET", "/inbox", self._messages)
        router.add("POST", "/faults/{service}", self._switch)
        router.add("GET", "/static/sandbox.css", self._style)

    def _home(self, _request: Request) -> Response:
        trades, deliveries, parcels, messages = (
            self._wechat.trades.newest(SHOWN),
            self._courier.deliveries.newest(SHOWN),
            self._express.orders.newest(SHOWN),
            self._inbox.messages(limit=SHOWN),
        )
        body = render(
            "home",
            unpaid=sum(trade.state == "NOTPAY" for trade in trades),
            payments=len(trades),
            waiting=sum(delivery.state == "AT_STORE" for delivery in deliveries),
            deliveries=len(deliveries),
            labelled=sum(order.state == "101" for order in parcels),
            parcels=len(parcels),
            messages=len(messages),
            newest=messages[0]["text"][:80] if messages else "—",
            scale=f"{self._world.clock.reading()['scale']:g}",
            faults=sum(len(self._world.faults.active(service)) for service in CATALOGUE),
        )
        return _page("沙箱 Sandbox", "/", body)

    def _payments(self, _request: Request) -> Response:
        notices = self._world.callbacks.states("wechat")
        rows = [self._payment_row(trade, notices) for trade in self._wechat.trades.newest(SHOWN)]
        body = render("payments", rows=_rows_or_none(rows, 5), faults=self._faults("wechat"))
        return _page("付款 Payments", "/payments", body)

    def _payment_row(self, trade: Trade, notices: dict[str, str]) -> Markup:
        refunds = [
            render(
                "_badge",
                tone=TONES.get(refund.status, "over"),
                words=f"{yuan(refund.refund_fen)} {REFUND_WORDS[refund.status]}",
            )
            for refund in self._wechat.refunds.of_trade(trade.out_trade_no)
        ]
        notice = notices.get(trade.out_trade_no)
        return render(
            "_payment",
            number=trade.out_trade_no,
            path=quote(trade.out_trade_no, safe=""),
            description=trade.description,
            amount=yuan(trade.total_fen),
            state=_badge(trade.state, TRADE_WORDS),
            notice=_badge(notice, NOTICE_WORDS) if notice else "",
            refunds=join(refunds),
            created_at=moment(trade.created_at),
            act=render("_pay_button", path=quote(trade.out_trade_no, safe="")) if trade.state == "NOTPAY" else "",
        )

    def _pay(self, request: Request) -> Response:
        trade = self._wechat.trades.find(request.params["out_trade_no"])
        if trade is None:
            raise Problem(404, "not_found", "There is no such order.")
        with suppress(WechatError):  # Paid or closed meanwhile: the list shows it.
            self._wechat.pay(trade)
        return redirect("/payments")

    def _deliveries(self, _request: Request) -> Response:
        rows = [self._delivery_row(delivery) for delivery in self._courier.deliveries.newest(SHOWN)]
        body = render("deliveries", rows=_rows_or_none(rows, 5), faults=self._faults("courier"))
        return _page("配送 Deliveries", "/deliveries", body, head=render("_refresh"))

    def _delivery_row(self, delivery: Delivery) -> Markup:
        position = delivery.position(self._world.clock.elapsed())
        return render(
            "_delivery",
            id=delivery.id,
            external_id=delivery.external_id,
            distance=f"{delivery.distance_metres / 1000:.1f} km",
            fee=yuan(delivery.fee_fen + delivery.tip_fen),
            state=_badge(delivery.state, STATE_WORDS),
            reason=delivery.reason,
            courier=f"{delivery.courier['name']} {delivery.courier['phone_masked']}" if delivery.courier else "—",
            position=f"{position.lat:.4f}, {position.lng:.4f}" if position else "",
            updated_at=moment(delivery.updated_at),
            acts=join(
                render("_advance_button", path=f"/deliveries/{delivery.id}", to=state, words=STATE_WORDS[state])
                for state in _next_states(ROUTES, delivery.state)
            ),
        )

    def _advance(self, request: Request) -> Response:
        delivery = self._courier.deliveries.get(request.params["delivery_id"])
        with suppress(Problem):  # It walked on by itself meanwhile: the list shows it.
            self._courier.walk.advance(delivery, request.form().get("to", ""), jump=False)
        return redirect("/deliveries")

    def _parcels(self, _request: Request) -> Response:
        rows = [self._parcel_row(order) for order in self._express.orders.newest(SHOWN)]
        body = render("parcels", rows=_rows_or_none(rows, 5), faults=self._faults("express"))
        return _page("快递 Express", "/parcels", body, head=render("_refresh"))

    def _parcel_row(self, order: Order) -> Markup:
        return render(
            "_parcel",
            waybills=" ".join(order.waybills),
            external_id=order.external_id,
            distance=f"{order.distance_metres / 1000:.0f} km",
            fee=yuan(order.fee_fen),
            state=_badge(order.state, PARCEL_WORDS),
            reason=order.reason,
            cities=" → ".join(filter(None, (order.origin, order.destination))) or "—",
            sort_code=order.sort_code,
            updated_at=moment(order.updated_at),
            acts=join(
                render("_advance_button", path=f"/parcels/{order.id}", to=state, words=PARCEL_WORDS[state])
                for state in _next_states(PARCEL_ROUTES, order.state)
            ),
        )

    def _advance_parcel(self, request: Request) -> Response:
        order = self._express.orders.get(request.params["order_id"])
        with suppress(Problem):  # It went on by itself meanwhile: the list shows it.
            self._express.walk.advance(order, request.form().get("to", ""), jump=False)
        return redirect("/parcels")

    def _messages(self, _request: Request) -> Response:
        rows = [
            render(
                "_message",
                channel=CHANNEL_WORDS[message["channel"]],
                recipient=message["to"],
                text=message["text"],
                at=moment(message["at"]),
            )
            for message in self._inbox.messages()
        ]
        none = render("_none_message")
        body = render(
            "inbox",
            rows=join(rows) if rows else none,
            faults=join([self._faults("messages"), self._faults("invoices")]),
        )
        return _page("收件箱 Inbox", "/inbox", body, head=render("_refresh"))

    def _faults(self, service: str) -> Markup:
        active: dict[str, dict[str, Any]] = {
            fault["fault"]: fault for fault in self._world.faults.active(service) if not fault["subject"]
        }
        chips = [
            render(
                "_fault_on" if name in active else "_fault_number" if name in PARAMETERISED else "_fault_off",
                service=service,
                fault=name,
                words=FAULT_WORDS[name],
                left="" if active.get(name, {}).get("remaining") is None else f"×{active[name]['remaining']}",
            )
            for name in CATALOGUE[service]
        ]
        return render("_faults", words=SERVICE_WORDS[service], chips=join(chips))

    def _switch(self, request: Request) -> Response:
        service, form = request.params["service"], request.form()
        if service not in CATALOGUE:
            raise Problem(404, "not_found", "There is no such service.")
        name, value = form.get("name", ""), form.get("value", "")
        self._control.switch(service, {name: int(value) if value.isdigit() else value == "on"})
        return redirect(PAGES[service])

    def _style(self, _request: Request) -> Response:
        return Response(200, STYLE.read_bytes(), (("Content-Type", "text/css; charset=utf-8"),))


def _page(title: str, here: str, body: Markup, head: Markup = NOTHING) -> Response:
    links = (
        ("/", "首页 Home"),
        ("/payments", "付款 Payments"),
        ("/deliveries", "配送 Deliveries"),
        ("/parcels", "快递 Express"),
        ("/inbox", "收件箱 Inbox"),
    )
    menu = join(render("_link_here" if path == here else "_link", path=path, words=words) for path, words in links)
    return page_response(render("page", title=title, menu=menu, body=body, head=head))


def _badge(state: str, words: dict[str, str]) -> Markup:
    return render("_badge", tone=TONES.get(state, "over"), words=words[state])


def _rows_or_none(rows: list[Markup], columns: int) -> Markup:
    return join(rows) if rows else render("_none", columns=columns)


def _next_states(routes: Iterable[tuple[str, ...]], state: str) -> Iterable[str]:
    """Return the states that follow directly, each once, the usual one first."""
    following = [route[route.index(state) + 1] for route in routes if state in route[:-1]]
    return dict.fromkeys(following)
