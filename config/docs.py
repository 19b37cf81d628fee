"""The OpenAPI document and the pages that show it."""

from typing import Any

from django.conf import settings
from django.utils.csp import CSP
from django.utils.decorators import method_decorator
from django.views.decorators.csp import csp_override
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.renderers import TemplateHTMLRenderer


class DocumentView(SpectacularAPIView):
    """OpenAPI 3.1."""


# Swagger UI writes style attributes; scripts stay limited to our own origin, and nobody signs in on this page.
_docs_csp: dict[str, Any] = settings.SECURE_CSP | {"style-src": [CSP.SELF, CSP.UNSAFE_INLINE]}


@method_decorator(csp_override(_docs_csp), name="dispatch")
class DocsView(SpectacularSwaggerSplitView):
    renderer_classes = [TemplateHTMLRenderer]
