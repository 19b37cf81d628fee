"""Releases: prepare, look at what changed, approve by another, roll back."""

import json
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from safety.models import LexiconRelease
from safety.services import releases
from safety.services.releases import ReleaseError
from safety.signature import SigningKeyError

STATES = {
    "prepared": _("waits for another's approval"),
    "approved": _("approved, waits for its signature"),
    "published": _("published"),
    "expired": _("published, has ended"),
    "discarded": _("given up"),
}
MAX_SHOWN = 200


def differences(new: LexiconRelease, old: LexiconRelease | None) -> dict[str, list[str]]:
    """Keywords and hotlines that `new` adds, drops and changes against `old`."""
    before, after = _entries(old), _entries(new)
    return {
        "added": sorted(after.keys() - before.keys()),
        "dropped": sorted(before.keys() - after.keys()),
        "changed": sorted(name for name in after.keys() & before.keys() if after[name] != before[name]),
    }


def _entries(release: LexiconRelease | None) -> dict[str, Any]:
    if release is None:
        return {}
    bundle = json.loads(bytes(release.bundle))
    words = [dict(zip(bundle["lexicon"]["columns"], row, strict=True)) for row in bundle["lexicon"]["rows"]]
    named = {
        f"{word['keyword']} ({word['kind']}, {word['category']}, {word.get('language', '')})": word for word in words
    }
    return named | {f"☎ {entry['number']} {entry['name']['vi']}": entry for entry in bundle["resources"]}


@admin.register(LexiconRelease)
class ReleaseAdmin(admin.ModelAdmin[LexiconRelease]):
    list_display = ("version", "state_name", "keyword_count", "prepared_by", "approved_by", "published_at", "not_after")
    list_display_links = ("version",)
    change_list_template = "safety/release_list.html"
    show_full_result_count = False
    actions = None

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("bundle").select_related("prepared_by", "approved_by")

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("prepare/", wrap(require_POST(self.prepare_view)), name="safety_prepare"),
            path("<int:version>/decide/", wrap(require_POST(self.decide_view)), name="safety_decide_release"),
            *super().get_urls(),
        ]

    @admin.display(description=_("state"))
    def state_name(self, release: LexiconRelease) -> str:
        return str(STATES[release.state])

    # Rows are made by preparing alone.
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def _may(self, request: HttpRequest, act: str) -> bool:
        return bool(request.user.has_perm(f"safety.{act}_lexiconrelease"))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, (extra_context or {}) | {"may_prepare": self._may(request, "add")})

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """What the release holds against what is published, and what this member of staff may do with it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        release = get_object_or_404(LexiconRelease, pk=object_id)
        current = releases.current_release()
        is_own = release.prepared_by_id == request.user.pk
        context = self.admin_site.each_context(request) | {
            "title": _("Release %d") % release.version,
            "opts": self.opts,
            "release": release,
            "state_name": STATES[release.state],
            "current": current,
            "differences": differences(release, current),
            "max_shown": MAX_SHOWN,
            "is_own": is_own,
            "may_approve": release.state == "prepared" and self._may(request, "approve") and not is_own,
            "may_discard": release.state in ("prepared", "approved")
            and (self._may(request, "add") or self._may(request, "approve")),
            "may_roll_back": release.published_at is not None
            and current is not None
            and release.version != current.version
            and self._may(request, "add"),
        }
        return TemplateResponse(request, "safety/release.html", context)

    def prepare_view(self, request: HttpRequest) -> HttpResponse:
        if not self._may(request, "add"):
            raise PermissionDenied
        release = releases.prepare_release(staff=request.user, note=request.POST.get("note", "")[:500])
        self.log_addition(request, release, "prepared")
        return redirect("admin:safety_lexiconrelease_change", release.version)

    def decide_view(self, request: HttpRequest, version: int) -> HttpResponse:
        """POST act = approve, discard or roll_back."""
        act = request.POST.get("act", "")
        needed = {"approve": ("approve",), "discard": ("add", "approve"), "roll_back": ("add",)}.get(act, ())
        if not any(self._may(request, name) for name in needed):
            raise PermissionDenied
        try:
            release = self._act(request, act, version)
        except (ReleaseError, SigningKeyError) as error:
            messages.error(request, str(error))
            return redirect("admin:safety_lexiconrelease_change", version)
        self.log_change(request, release, act)
        messages.success(
            request, _("Release %(version)d: %(state)s.") % {"version": release.version, "state": STATES[release.state]}
        )
        return redirect("admin:safety_lexiconrelease_change", release.version)

    def _act(self, request: HttpRequest, act: str, version: int) -> LexiconRelease:
        if act == "approve":
            return releases.approve_release(version=version, staff=request.user)
        if act == "discard":
            return releases.discard_release(version=version)
        return releases.prepare_rollback(staff=request.user, to_version=version)
