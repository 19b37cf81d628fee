"""The change history of one row, out of django-simple-history, without its templates: they carry inline styles."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

MAX_ENTRIES = 200
KINDS = {"+": _("added"), "~": _("changed"), "-": _("deleted")}


class HistoryMixin(admin.ModelAdmin[Any]):
    """Keeps who changed what; nothing is deleted through the admin."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj._history_user = request.user
        super().save_model(request, obj, form, change)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        if not self.has_view_or_change_permission(request, row):
            raise PermissionDenied
        records = list(row.history.select_related("history_user")[:MAX_ENTRIES])
        context = self.admin_site.each_context(request) | {
            "title": _("History"),
            "opts": self.opts,
            "object": row,
            "entries": [
                self._entry(record, older) for record, older in zip(records, [*records[1:], None], strict=True)
            ],
        }
        return TemplateResponse(request, "safety/history.html", context)

    def _entry(self, record: Any, older: Any) -> dict[str, Any]:
        changes = [] if older is None else record.diff_against(older).changes
        return {
            "at": record.history_date,
            "by": record.history_user,
            "kind": KINDS[record.history_type],
            "changes": [
                {
                    "field": self.opts.get_field(change.field).verbose_name,  # type: ignore[union-attr]
                    "old": change.old,
                    "new": change.new,
                }
                for change in changes
                if change.field != "updated_at"
            ],
        }
