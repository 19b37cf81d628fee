"""Training examples: a list without words, and the four-eyes queue where they are read."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from safety.admin.history import HistoryMixin
from safety.at_rest import FieldKeysError
from safety.models import TrainingData
from safety.models.keywords import SEVERITIES
from safety.services import verification
from safety.services.verification import VerificationError


@admin.register(TrainingData)
class TrainingAdmin(HistoryMixin):
    """No words here: neither list nor row opens a sealed value."""

    list_display = (
        "id",
        "source",
        "language",
        "crisis_level",
        "is_verified",
        "labelled_by",
        "verified_by",
        "created_at",
    )
    list_filter = ("is_verified", "crisis_level", "source", "language", "is_active")
    fields = (
        "source",
        "language",
        "crisis_level",
        "labelled_by",
        "disputed_level",
        "disputed_by",
        "is_verified",
        "verified_by",
        "verified_at",
        "age_group",
        "school_type",
        "location",
        "created_at",
        "is_active",
    )
    readonly_fields = fields[:-1]
    ordering = ("-id",)
    show_full_result_count = False
    actions = None
    change_list_template = "safety/training_list.html"

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("content_encrypted", "encryption_iv")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        return [
            path("queue/", self.admin_site.admin_view(self.queue_view), name="safety_queue"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {"may_verify": self._may_verify(request), "progress": verification.progress(staff=request.user)}
        return super().changelist_view(request, (extra_context or {}) | context)

    def _may_verify(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("safety.verify_trainingdata"))

    def queue_view(self, request: HttpRequest) -> HttpResponse:
        if not self._may_verify(request):
            raise PermissionDenied
        if request.method == "POST":
            return self._decide(request)
        row = verification.next_row(staff=request.user, after=_number(request.GET.get("after")))
        context = self.admin_site.each_context(request) | {
            "title": _("Verify training examples"),
            "opts": self.opts,
            "row": row,
            "levels": list(enumerate(SEVERITIES.items(), 1)),
            "progress": verification.progress(staff=request.user),
        }
        try:
            context["text"] = row.open_content() if row else ""
        except FieldKeysError as error:
            return self._without_key(request, error)
        return TemplateResponse(request, "safety/queue.html", context)

    def _decide(self, request: HttpRequest) -> HttpResponse:
        pk, level = _number(request.POST.get("row")), request.POST.get("level", "")
        try:
            row = verification.decide(pk=pk, staff=request.user, level=level, seen_stage=request.POST.get("stage", ""))
            self.log_change(request, row, f"{row.stage}: {level}")
        except VerificationError as error:
            messages.warning(request, str(error))
        return redirect(f"{reverse('admin:safety_queue')}?{urlencode({'after': pk})}")

    def _without_key(self, request: HttpRequest, error: FieldKeysError) -> HttpResponse:
        """A page that names the key to look for. The error's text holds key ids at most."""
        context = self.admin_site.each_context(request) | {
            "title": _("The key is missing"),
            "opts": self.opts,
            "reason": str(error),
        }
        return TemplateResponse(request, "safety/keys_missing.html", context, status=503)


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 18 else 0
