from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from monitoring.health import readiness


@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "healthy"})


@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """Everything it needs answers too; 503 otherwise."""
    is_ready, report = readiness()
    return JsonResponse(report, status=200 if is_ready else 503)
