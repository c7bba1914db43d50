"""The nearest stores for a basket; and where couriers and express report, by their signature alone."""

from __future__ import annotations

import logging

from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from fulfillment import queries, services
from fulfillment.serializers import NearestStoresInput, NearestStoresOutput
from omni.kernel import clock
from omni.kernel.errors import DomainError
from omni.kernel.transactions import entry

logger = logging.getLogger(__name__)


class NearestStoresApi(APIView):
    """Which stores near a point have a basket."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="stores_nearest",
        summary="Nearest stores for a basket",
        parameters=[NearestStoresInput],
        responses={200: NearestStoresOutput},
        auth=[],
    )
    def get(self, request: Request) -> Response:
        """Return the nearest stores that have every line now; an empty list when none has."""
        shape = NearestStoresInput(data=request.query_params)
        shape.is_valid(raise_exception=True)
        asked = shape.validated_data
        found = queries.nearest_stores(
            asked["brand"],
            asked["lines"],
            lat=asked["lat"],
            lng=asked["lng"],
            limit=asked["limit"],
            now=clock.now(),
        )
        return Response(NearestStoresOutput({"stores": found}).data)


@csrf_exempt
@require_POST
def receive_courier_callback(request: HttpRequest) -> JsonResponse:
    """Take one callback of the courier company (see `_receive`)."""
    return _receive(request, "courier")


@csrf_exempt
@require_POST
def receive_express_callback(request: HttpRequest) -> JsonResponse:
    """Take one callback of the express company (see `_receive`)."""
    return _receive(request, "express")


def _receive(request: HttpRequest, provider: str) -> JsonResponse:
    """Take one callback; 404 for a delivery that is not ours, 401 when it is forged or old, 400 when malformed."""
    try:
        with entry():
            outcome = services.receive_callback(request.headers, request.body, provider=provider, now=clock.now())
    except DomainError as error:
        logger.warning("A callback of the %s company was refused: %s", provider, error.code)
        content: dict[str, object] = {"code": error.code, "message": error.message, "field": error.field}
        return JsonResponse({"error": content}, status=error.status)
    return JsonResponse({"outcome": outcome}, status=404 if outcome is services.Outcome.UNKNOWN_DELIVERY else 200)
