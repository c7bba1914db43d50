"""The contract of whoever carries goods: calls with a timeout, answers and signed callbacks as `CourierReport`.

A courier company and an express company are two classes with the same methods; another company's would be a third.
The rest of fulfillment knows a company by its `provider` alone.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self, TypeVar
from urllib.parse import quote as url_quote

import requests
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook, WebhookVerificationError

from omni.kernel.errors import DomainError, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fulfillment.choices import DeliveryState

R = TypeVar("R")

CONNECT_SECONDS, ANSWER_SECONDS = 3.0, 8.0
MAX_MESSAGE_ID = 80
MAX_FEE_FEN = 10_000_000
MAX_COUNT = 32_000
# Who has the code of a pick-up: the courier shows it at the store, or asks the sender for it at the door.
COURIER, SENDER = "courier", "sender"


class CourierUnreachable(Exception):
    """Nobody answered, or not in a way that can be understood: whether the call took effect is unknown."""


class CourierRefused(Exception):
    """The company answered no; `code` is its word for why."""

    def __init__(self, code: str, *, status: int, message: str = "") -> None:
        super().__init__(f"{code} ({status}): {message}")
        self.code = code
        self.status = status


class CallbackNotAuthentic(DomainError):
    """A callback is not signed by the company, or is older or newer than five minutes."""

    code = "bad_signature"
    status = 401


@dataclass(frozen=True, slots=True)
class Place:
    """An end of a ride; the point is WGS-84, the phone E.164."""

    name: str
    phone: str
    address: str
    lat: float
    lng: float

    def as_json(self) -> dict[str, object]:
        """Return the shape used on the wire; what is empty is left out."""
        fields = {"name": self.name, "phone": self.phone, "address": self.address, "lat": self.lat, "lng": self.lng}
        return {name: value for name, value in fields.items() if value != ""}


@dataclass(frozen=True, slots=True)
class CourierOffer:
    """What carrying it would cost and how long it would take to the door."""

    offer_id: str
    fee_fen: int
    eta_minutes: int


@dataclass(frozen=True, slots=True)
class CancelQuote:
    """Whether a delivery may be cancelled now, and what that costs."""

    is_allowed: bool
    fee_fen: int


@dataclass(frozen=True, slots=True)
class Carriage:
    """What a company is asked to carry. `external_id` is our name for it, `offer_id` the company's for its terms.

    `code_from` says who has the code: with SENDER the courier takes the goods from whoever tells it. There are as many
    parcels as weights (grams, None: not weighed).
    """

    external_id: str
    origin: Place
    destination: Place
    offer_id: str = ""
    pickup_code: str = ""
    code_from: str = COURIER
    weights_grams: tuple[int | None, ...] = (None,)


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of a parcel's way as an express company tells it, in the company's words; `seq` counts from 1."""

    seq: int
    state: DeliveryState
    words: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CourierReport:
    """Where a delivery stands at the company. `assignment` counts the couriers it was given to.

    Of an express company: its name, the waybill of the whole and that of each parcel, the code by which its depots
    sort, and every stage so far, the first first.
    """

    delivery_id: str
    external_id: str
    state: DeliveryState
    seq: int
    assignment: int
    fee_fen: int
    cancel_fee_fen: int
    eta_at: datetime | None
    courier_name: str
    courier_phone_masked: str
    courier_lat: float | None
    courier_lng: float | None
    reason: str
    carrier: str = ""
    waybills: tuple[str, ...] = ()
    sort_code: str = ""
    stages: tuple[Stage, ...] = ()

    @property
    def waybill(self) -> str:
        """Return the number by which the whole is known, which is that of its first parcel; empty without one."""
        return self.waybills[0] if self.waybills else ""


@dataclass(frozen=True, slots=True)
class CourierEvent:
    """An authentic callback: its unique message id, its body as it came, and what it says."""

    message_id: str
    body: dict[str, Any]
    report: CourierReport


class CarrierClient(ABC):
    """One merchant account at a company that carries goods."""

    provider: ClassVar[str]
    message_type: ClassVar[str]
    # Where its deliveries are: the path of all of them.
    path: ClassVar[str]

    def __init__(self, *, base_url: str, api_key: str, webhook_secret: str, callback_url: str) -> None:
        self._base_url = base_url.rstrip("/")
        self._api_key = api_key
        self._webhook_secret = webhook_secret
        self._callback_url = callback_url

    @classmethod
    def from_settings(cls) -> Self:
        """Return the client of the account in the settings: settings.COURIER, settings.EXPRESS."""
        account = getattr(settings, cls.provider.upper())
        return cls(**{name: account[name] for name in ("base_url", "api_key", "webhook_secret", "callback_url")})

    def quote(self, origin: Place, destination: Place) -> list[CourierOffer]:
        """Ask for offers, cheapest first; [] when the company has none.

        :raises CourierUnreachable: no usable answer.
        :raises CourierRefused: "out_of_reach" when it does not carry there.
        """
        ends = {"from": point_of(origin), "to": point_of(destination)}
        offers = read_answer(read_offers, self._call("POST", "/v1/quotes", ends))
        return sorted(offers, key=lambda offer: (offer.fee_fen, offer.eta_minutes))

    @abstractmethod
    def create(self, asked: Carriage) -> CourierReport:
        """Ask for a carriage; asking again with the same `external_id` returns the delivery that exists.

        :raises CourierUnreachable: it may or may not have been created: ask again.
        :raises CourierRefused: "offer_expired" when a new quote is needed; "out_of_reach".
        """

    def get(self, provider_id: str) -> CourierReport:
        """Ask where a delivery stands.

        :raises CourierUnreachable: no usable answer.
        :raises CourierRefused: "not_found".
        """
        return read_answer(self.read_report, self._call("GET", self._path(provider_id)))

    @abstractmethod
    def cancel_quote(self, provider_id: str) -> CancelQuote:
        """Ask what cancelling now would cost.

        :raises CourierUnreachable: no usable answer.
        :raises CourierRefused: "not_found".
        """

    def cancel(self, provider_id: str, *, reason: str) -> CourierReport:
        """Cancel a delivery; repeating it is harmless.

        :raises CourierUnreachable: it may or may not be cancelled: ask again.
        :raises CourierRefused: "cannot_cancel" once the goods were picked up.
        """
        return self._act(provider_id, "cancel", {"reason": reason})

    @abstractmethod
    def pickup(self, provider_id: str, *, code: str) -> CourierReport:
        """Confirm that the store gave the goods to the courier who showed the code; repeating it is harmless.

        :raises CourierUnreachable: it may or may not be confirmed: ask again.
        :raises CourierRefused: "wrong_code", "too_many_tries", "state_conflict" (no courier at the store).
        """

    @abstractmethod
    def send_code(self, provider_id: str, *, code: str) -> CourierReport:
        """Replace the code that the courier shows at the store.

        :raises CourierUnreachable: it may or may not be replaced: ask again.
        :raises CourierRefused: "state_conflict" once the goods were picked up.
        """

    @abstractmethod
    def confirm_return(self, provider_id: str) -> CourierReport:
        """Confirm that goods which came back are in the store; repeating it is harmless.

        :raises CourierUnreachable: it may or may not be confirmed: ask again.
        :raises CourierRefused: "state_conflict" when the company has not brought them back.
        """

    @abstractmethod
    def read_report(self, answer: object) -> CourierReport:
        """Read a delivery as answers and callbacks tell of it.

        :raises NotUnderstood: naming the field that is missing or wrong.
        """

    def parse_callback(self, headers: Mapping[str, str], raw: bytes) -> CourierEvent:
        """Check a callback's signature and age (Standard Webhooks, five minutes) and read it.

        :raises CallbackNotAuthentic: signature, id or timestamp is missing, wrong or old.
        :raises InvalidInput: it is authentic but not understood; `field` names what.
        """
        try:
            Webhook(self._webhook_secret).verify(raw, dict(headers), json_parse=False)
        # Not only its own errors: a signature that is no base64, or a body that is no UTF-8, is a ValueError. Without a
        # secret there is no such company, and nobody who could report for it.
        except (WebhookVerificationError, EmptyWebhookSecretError, ValueError) as error:
            raise CallbackNotAuthentic(_("The signature of this callback is missing, wrong or too old.")) from error
        message_id = {name.lower(): value for name, value in headers.items()}["webhook-id"]
        if len(message_id) > MAX_MESSAGE_ID:
            raise InvalidInput(_("The message id is too long."), field="webhook-id")
        body = read_callback(raw, self.message_type)
        try:
            return CourierEvent(message_id, body, self.read_report(body.get("data")))
        except NotUnderstood as error:
            raise InvalidInput(_("This field is missing or wrong."), field=f"data.{error.field}") from error

    def _act(self, provider_id: str, action: str, body: Mapping[str, object]) -> CourierReport:
        """Do something to a delivery and return where it stands then."""
        return read_answer(self.read_report, self._call("POST", self._path(provider_id, action), body))

    def _path(self, provider_id: str, action: str = "") -> str:
        """Return the path of a delivery, or of something done to it."""
        path = f"{self.path}/{url_quote(provider_id, safe='')}"
        return f"{path}/{action}" if action else path

    def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        *,
        idempotency_key: str = "",
        existing_is_fine: bool = False,
    ) -> object:
        """Send a request and return the JSON of a good answer; a 409 with the existing body counts as one if asked."""
        headers = {"Authorization": f"Bearer {self._api_key}"}
        if idempotency_key:
            headers["Idempotency-Key"] = idempotency_key
        try:
            answer = requests.request(
                method,
                f"{self._base_url}{path}",
                json=body,
                headers=headers,
                timeout=(CONNECT_SECONDS, ANSWER_SECONDS),
                allow_redirects=False,
            )
            content: object = answer.json()
        except requests.RequestException as error:
            raise CourierUnreachable(type(error).__name__) from error
        is_existing = answer.status_code == 409 and isinstance(content, dict) and "external_id" in content
        if answer.status_code not in {200, 201} and not (existing_is_fine and is_existing):
            _refuse(answer.status_code, content)
        return content


class NotUnderstood(Exception):
    """A field of the courier's JSON is missing or of the wrong kind."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def _refuse(status: int, content: object) -> NoReturn:
    """Raise what an answer other than 2xx means: a 4xx is a refusal, anything else leaves the outcome open."""
    if 400 <= status < 500 and status != 408 and isinstance(content, dict) and isinstance(content.get("code"), str):
        raise CourierRefused(content["code"], status=status, message=str(content.get("message", ""))[:200])
    raise CourierUnreachable(f"HTTP {status}")


def read_answer(reader: Callable[[object], R], content: object) -> R:
    """Read an answer; one that is not understood leaves the outcome open."""
    try:
        return reader(content)
    except NotUnderstood as error:
        raise CourierUnreachable(f"The answer's {error.field} is missing or wrong.") from error


def read_callback(raw: bytes, message_type: str) -> dict[str, Any]:
    """Parse a callback into what PostgreSQL can keep: no NaN, no NUL, no lone surrogates, not too deep."""
    try:
        body = json.loads(raw, parse_constant=_no_constant)
        json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise InvalidInput(_("This is not JSON."), field="body") from error
    if not isinstance(body, dict) or b"\\u0000" in raw:
        raise InvalidInput(_("This is not a JSON object."), field="body")
    if body.get("type") != message_type:
        raise InvalidInput(_("This kind of message is not known."), field="type")
    return body


def _no_constant(name: str) -> NoReturn:
    """Refuse NaN and the infinities, which are no JSON."""
    raise ValueError(name)


def read_text(content: Mapping[str, Any], name: str, longest: int) -> str:
    """Return a text that must be there."""
    text = content.get(name)
    if not isinstance(text, str) or not 0 < len(text) <= longest:
        raise NotUnderstood(name)
    return text


def read_count(content: Mapping[str, Any], name: str, most: int) -> int:
    """Return a whole number from 0 to `most`; 0 when it is not there."""
    value = content.get(name, 0)
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise NotUnderstood(name)
    return value


def read_moment(content: Mapping[str, Any], name: str) -> datetime | None:
    """Return an aware moment, or None when it is not there."""
    text = content.get(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise NotUnderstood(name) from error
    if moment.tzinfo is None or not 2000 < moment.year < 9000:
        raise NotUnderstood(name)
    return moment


def read_degrees(position: Mapping[str, Any], name: str, limit: int) -> float | None:
    """Return a coordinate, or None when it is not there or impossible."""
    value = position.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not -limit <= value <= limit:
        return None
    return float(value)


def read_offers(answer: object) -> list[CourierOffer]:
    """Read the offers of a quote."""
    offers = read_object(answer).get("offers")
    if not isinstance(offers, list):
        raise NotUnderstood("offers")
    return [
        CourierOffer(
            read_text(offer, "id", 60),
            read_count(offer, "fee_fen", MAX_FEE_FEN),
            read_count(offer, "eta_minutes", MAX_COUNT),
        )
        for offer in map(read_object, offers)
    ]


def read_object(content: object) -> Mapping[str, Any]:
    """Return a JSON object."""
    if not isinstance(content, dict):
        raise NotUnderstood("body")
    return content


def point_of(place: Place) -> dict[str, float]:
    """Return only where a place is: a quote needs to know no one's name."""
    return {"lat": place.lat, "lng": place.lng}
