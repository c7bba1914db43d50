"""Where the courier company reports: authenticated by its signature over the raw body, by nothing else."""

from __future__ import annotations

import logging

from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from fulfillment import services
from omni.kernel import clock
from omni.kernel.errors import DomainError
from omni.kernel.transactions import entry

logger = logging.getLogger(__name__)


@csrf_exempt
@require_POST
def receive_courier_callback(request: HttpRequest) -> JsonResponse:
    """Take one callback; 404 for a delivery that is not ours, 401 when it is forged or old, 400 when malformed."""
    try:
        with entry():
            outcome = services.receive_callback(request.headers, request.body, now=clock.now())
    except DomainError as error:
        logger.warning("A courier callback was refused: %s", error.code)
        content: dict[str, object] = {"code": error.code, "message": error.message, "field": error.field}
        return JsonResponse({"error": content}, status=error.status)
    return JsonResponse({"outcome": outcome}, status=404 if outcome is services.Outcome.UNKNOWN_DELIVERY else 200)
