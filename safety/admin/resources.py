"""Hotlines: those whose verification has ended or soon will are marked in words and in red."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from safety.admin.history import HistoryMixin
from safety.models import CrisisResource
from safety.models.keywords import LANGUAGES
from safety.models.resources import VERIFIED_DAYS

# What a caller relies on: changing it means telephoning again.
VERIFIED_FIELDS = frozenset({"name", "number", "hours", "cost", "audience", "languages"})
URGENCIES = {"expired": _("verification has ended: not shown"), "due": _("verification ends soon")}


class ResourceForm(forms.ModelForm[CrisisResource]):
    languages = forms.MultipleChoiceField(
        label=_("Languages spoken"), choices=list(LANGUAGES.items()), widget=forms.CheckboxSelectMultiple
    )


@admin.register(CrisisResource)
class ResourceAdmin(HistoryMixin):
    form = ResourceForm
    list_display = ("name", "number", "minimum_level", "state", "expires_on", "verified_by")
    list_filter = ("is_active", "is_rejected", "minimum_level", "cost")
    search_fields = ("name", "name_en", "number")
    readonly_fields = ("is_active", "verified_at", "verified_by", "expires_at")
    fields = (
        "name",
        "name_en",
        ("number", "cost", "hours"),
        "languages",
        "audience",
        "audience_en",
        ("minimum_level", "sort_order"),
        "source",
        "note",
        "is_rejected",
        ("is_active", "verified_at", "verified_by", "expires_at"),
    )
    change_list_template = "safety/resource_list.html"
    actions = ("verify", "hide")

    @admin.display(description=_("shown to users"))
    def state(self, resource: CrisisResource) -> str:
        if resource.is_rejected:
            return str(_("never"))
        if not resource.is_active:
            return str(_("no: not verified"))
        if urgency := resource.urgency:
            return format_html('<strong class="{}">{}</strong>', urgency, URGENCIES[urgency])
        return str(_("yes"))

    @admin.display(description=_("verification ends"), ordering="expires_at")
    def expires_on(self, resource: CrisisResource) -> str:
        return f"{resource.expires_at:%Y-%m-%d}" if resource.expires_at else "—"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        due = list(CrisisResource.objects.due()) if self.has_view_permission(request) else []
        return super().changelist_view(request, (extra_context or {}) | {"due": due, "verified_days": VERIFIED_DAYS})

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if VERIFIED_FIELDS & set(form.changed_data) or obj.is_rejected:
            if obj.is_active:
                messages.warning(request, _("Not shown any more: telephone again and verify what you changed."))
            obj.is_active, obj.verified_at, obj.verified_by, obj.expires_at = False, None, None, None
        super().save_model(request, obj, form, change)

    @admin.action(description=_("Verify: I telephoned and everything is right"), permissions=["change"])
    def verify(self, request: HttpRequest, queryset: QuerySet[CrisisResource]) -> None:
        if queryset.filter(is_rejected=True).exists():
            messages.error(request, _("A number marked as never to be shown cannot be verified."))
            return
        for resource in queryset:
            resource.verify(staff=request.user)
            self.log_change(request, resource, "verified")
        count = len(queryset)
        text = ngettext("%d hotline verified and shown.", "%d hotlines verified and shown.", count)
        messages.success(request, text % count)

    @admin.action(description=_("Hide from users"), permissions=["change"])
    def hide(self, request: HttpRequest, queryset: QuerySet[CrisisResource]) -> None:
        for resource in queryset.filter(is_active=True):
            resource.is_active, resource._history_user = False, request.user
            resource.save(update_fields=["is_active"])
            self.log_change(request, resource, "hidden")
        messages.success(request, _("Hidden. The next release of the bundle leaves them out as well."))
