"""The REST resources of orders, and the address at which WeChat Pay reports payments and refunds."""

from __future__ import annotations

import hashlib
import json
import logging
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotAuthenticated, PermissionDenied
from rest_framework.response import Response
from rest_framework.views import APIView

from members import queries as members_queries
from omni.kernel import clock
from omni.kernel.errors import DomainError
from omni.kernel.transactions import Idempotency, entry, run_once
from orders import permissions, queries, services
from orders.serializers import CancelOrderInput, OrderOutput, PlaceOrderInput
from stores import permissions as stores_permissions
from stores import queries as stores_queries

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rest_framework.request import Request

logger = logging.getLogger(__name__)

# What the service calls otherwise than a request does.
API_FIELDS = {"pickup_store_id": "pickup_store_code", "coupon": "coupon_codes"}
# What a request says otherwise than the service takes it.
RESOLVED = frozenset({"lines", "pickup_store_code", "member_number", "coupon_codes"})
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    required=True,
    description="1 to 255 characters; the same key with the same body gives the same order.",
)


class OrderListApi(APIView):
    """The orders of the key's brand."""

    @extend_schema(
        operation_id="orders_place",
        summary="Place an order",
        parameters=[IDEMPOTENCY_KEY],
        request=PlaceOrderInput,
        responses={201: OrderOutput},
    )
    def post(self, request: Request) -> Response:
        """Place an order and hold its stock; a repetition with the same key answers with the same order (200)."""
        actor = _actor(request, permissions.may_write_by_key)
        shape = PlaceOrderInput(data=request.data)
        shape.is_valid(raise_exception=True)
        wanted = _wanted(actor, shape.validated_data)
        fingerprint = hashlib.sha256(json.dumps(request.data, sort_keys=True).encode()).hexdigest()
        idempotency = Idempotency(actor.label, request.headers.get("Idempotency-Key", ""), fingerprint)
        content, is_replayed = run_once(idempotency, lambda: _place(actor, wanted))
        return Response(content, status=200 if is_replayed else 201)


class OrderApi(APIView):
    """One order."""

    @extend_schema(operation_id="orders_read", summary="Read an order", responses={200: OrderOutput})
    def get(self, request: Request, number: str) -> Response:
        """Return an order of the key's brand, with the statuses that are derived."""
        order = queries.get_order_for(_actor(request, permissions.may_read_by_key), number)
        return Response(OrderOutput(queries.order_view(order)).data)


class OrderCancelApi(APIView):
    """The cancellation of one order."""

    @extend_schema(
        operation_id="orders_cancel",
        summary="Cancel an order",
        request=CancelOrderInput,
        responses={200: OrderOutput},
    )
    def post(self, request: Request, number: str) -> Response:
        """Cancel an order, or ask its stores to; asking again changes nothing."""
        actor = _actor(request, permissions.may_write_by_key)
        shape = CancelOrderInput(data=request.data)
        shape.is_valid(raise_exception=True)
        order = queries.get_order_for(actor, number)
        with entry():
            services.cancel_order(order.pk, actor=actor.label, reason=shape.validated_data["reason"], now=clock.now())
        return Response(OrderOutput(queries.order_view(queries.get_order_for(actor, number))).data)


@csrf_exempt
@require_POST
def receive_wechat_notice(request: HttpRequest) -> HttpResponse:
    """Take a notice of WeChat Pay; anything but a success makes it try again later."""
    try:
        services.drive_notice(request.headers, request.body, now=clock.now())
    except services.NoticeRejected as error:
        logger.warning("A payment notice was rejected: %s", error)
        return JsonResponse({"code": "FAIL", "message": str(error)}, status=error.status)
    except DomainError as error:
        logger.warning("A payment notice must come again: %s", error.code)
        return JsonResponse({"code": "FAIL", "message": error.code}, status=503)
    return HttpResponse(status=204)


def _actor(request: Request, may: Callable[[stores_permissions.Actor], bool]) -> stores_permissions.Actor:
    """Return the API key's actor, if it may do this."""
    if not isinstance(request.auth, stores_permissions.Actor):
        raise NotAuthenticated
    if not may(request.auth):
        raise PermissionDenied
    return request.auth


def _wanted(actor: stores_permissions.Actor, values: Mapping[str, Any]) -> services.PlaceOrder:
    """Return what a request asks for, of the key's brand."""
    code, member = values["pickup_store_code"], values["member_number"]
    stores = stores_queries.stores_visible_to(actor).filter(code=code).values_list("pk", flat=True)
    return services.PlaceOrder(
        brand_id=actor.api_brand_id or 0,
        lines=tuple(
            services.WantedLine(line["sku"], line["quantity"], line["unit_price_fen"]) for line in values["lines"]
        ),
        pickup_store_id=stores.first() if code else None,
        member_id=members_queries.get_member_id(actor.api_brand_id or 0, member) if member else None,
        coupon_codes=tuple(values["coupon_codes"]),
        **{name: value for name, value in values.items() if name not in RESOLVED},
    )


def _place(actor: stores_permissions.Actor, wanted: services.PlaceOrder) -> dict[str, Any]:
    """Place the order and return it as the API shows it."""
    try:
        placed = services.place_order(wanted, now=clock.now())
    except DomainError as error:
        error.field = API_FIELDS.get(error.field or "", error.field)
        raise
    return dict(OrderOutput(queries.order_view(queries.get_order_for(actor, placed.number))).data)
