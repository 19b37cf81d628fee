from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from sessions_app.models import AnonymousSession


@admin.register(AnonymousSession)
class AnonymousSessionAdmin(admin.ModelAdmin[AnonymousSession]):
    """Staff see that a session is there and can close it for abuse, by its id: no digest, no device, no content."""

    list_display = ("id", "created_at", "last_activity", "expires_at", "language_preference", "is_active")
    list_filter = ("is_active", "language_preference")
    search_fields = ("id__exact",)
    fields = (*list_display, "deleted_at")
    readonly_fields = fields
    ordering = ("-created_at", "id")
    show_full_result_count = False
    actions = ("close",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.action(description=_("Close for abuse"), permissions=["change"])
    def close(self, request: HttpRequest, queryset: QuerySet[AnonymousSession]) -> None:
        count = 0
        for session in queryset.filter(is_active=True):
            session.close()
            count += 1
        text = ngettext(
            "%d session closed. It is purged within the hour.",
            "%d sessions closed. They are purged within the hour.",
            count,
        )
        messages.success(request, text % count)
