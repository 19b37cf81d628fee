"""The keyword list, its form with a preview, CSV in and out, and the test bench."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from safety.admin.history import HistoryMixin
from safety.models import BlockedKeyword
from safety.services import bench, lexicon
from safety.services.preview import MAX_EXAMPLES, Effect, preview

MAX_FILE_BYTES = 4 * 1024 * 1024


class KeywordForm(forms.ModelForm[BlockedKeyword]):
    """Takes a change only once staff have seen its effect, and never one that fires on harmless messages."""

    effect: Effect | None = None

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if self.effect is not None and self.effect.is_refused:
            raise ValidationError(_("Not saved: this would fire on harmless messages. They are shown below."))
        if self.effect is not None and self.data.get("seen_effect") != self.effect.digest:
            raise ValidationError(_("Not saved yet: look below at what this changes, then save again."))
        return values


class ImportForm(forms.Form):
    file = forms.FileField(label=_("CSV file"), help_text=_("UTF-8, with the columns of an export. At most 4 MB."))
    is_dry_run = forms.BooleanField(label=_("Dry run: only say what would change"), required=False, initial=True)

    def clean_file(self) -> str:
        file = self.cleaned_data["file"]
        if file.size > MAX_FILE_BYTES:
            raise ValidationError(_("The file is too large."))
        try:
            return str(file.read().decode("utf-8-sig"))
        except UnicodeDecodeError:
            raise ValidationError(_("The file is not UTF-8.")) from None


class BenchForm(forms.Form):
    text = forms.CharField(
        label=_("Messages, one a line"),
        widget=forms.Textarea(
            attrs={"rows": 6, "class": "vLargeTextField", "autocomplete": "off", "spellcheck": "false"}
        ),
        max_length=bench.MAX_CHARACTERS * 20,
        help_text=_("At most 200 lines. Nothing you paste here is kept."),
    )
    lexicon = forms.ChoiceField(
        label=_("Detect with"),
        choices=[("draft", _("the keywords as they are now")), ("published", _("the published release"))],
        widget=forms.RadioSelect,
        initial="draft",
    )


@admin.register(BlockedKeyword)
class KeywordAdmin(HistoryMixin):
    form = KeywordForm
    list_display = ("keyword", "kind", "category", "severity", "language", "is_active", "is_ambiguous", "updated_on")
    list_filter = ("kind", "severity", "category", "language", "is_active", "is_ambiguous", "is_exact_match", "fold")
    search_fields = ("keyword", "note")
    ordering = ("-updated_at", "id")
    list_per_page = 50
    show_full_result_count = False
    fields = (
        ("keyword", "language"),
        ("kind", "category", "severity"),
        ("is_exact_match", "is_case_sensitive", "is_ambiguous", "fold"),
        "is_active",
        "note",
    )
    change_list_template = "safety/keyword_list.html"
    change_form_template = "safety/keyword_form.html"
    actions = ("deactivate",)

    @admin.display(description=_("updated at"), ordering="updated_at")
    def updated_on(self, word: BlockedKeyword) -> str:
        return f"{word.updated_at:%Y-%m-%d}"

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("bench/", wrap(self.bench_view), name="safety_bench"),
            path("import/", wrap(self.import_view), name="safety_import"),
            path("export/", wrap(self.export_view), name="safety_export"),
            *super().get_urls(),
        ]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        form.effect = getattr(request, "keyword_effect", None)
        return form

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        # Before and not inside the admin's transaction: it takes seconds, and an idle transaction is ended after ten.
        effect = self._effect(request, object_id) if request.method == "POST" else None
        request.keyword_effect = effect  # type: ignore[attr-defined]
        context = (extra_context or {}) | {"effect": effect, "max_examples": MAX_EXAMPLES}
        return super().changeform_view(request, object_id, form_url, context)

    def _effect(self, request: HttpRequest, object_id: str | None) -> Effect | None:
        """What the submitted form would change; None if it is not valid or not allowed, which the admin then says."""
        row = self.get_object(request, object_id) if object_id else None
        allowed = self.has_change_permission(request, row) if object_id else self.has_add_permission(request)
        if not allowed or (object_id and row is None):
            return None
        form = self.get_form(request, row, change=row is not None)(request.POST, instance=row)
        return preview(form.instance) if form.is_valid() else None

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.created_by = request.user
        super().save_model(request, obj, form, change)

    @admin.action(description=_("Deactivate"), permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: Any) -> None:
        """One at a time in the form shows the effect; in bulk only taking away is allowed."""
        count = 0
        for word in queryset.filter(is_active=True):
            word.is_active, word._history_user = False, request.user
            word.save(update_fields=["is_active", "updated_at"])
            self.log_change(request, word, "deactivated")
            count += 1
        text = ngettext("%d keyword deactivated.", "%d keywords deactivated.", count)
        messages.success(request, text % count)

    def bench_view(self, request: HttpRequest) -> HttpResponse:
        """Paste messages, see level, reasons and spans. By POST, so that no address or log holds them."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = BenchForm(request.POST or None)
        context: dict[str, Any] = {"form": form, "title": _("Test bench")}
        if form.is_valid():
            is_draft = form.cleaned_data["lexicon"] == "draft"
            detector = bench.draft_detector() if is_draft else bench.published_detector()
            found = bench.split_messages(form.cleaned_data["text"])
            context["trials"] = bench.try_messages(found, detector) if detector else []
            context["is_unpublished"] = detector is None
        return self._page(request, "safety/bench.html", context)

    def import_view(self, request: HttpRequest) -> HttpResponse:
        """A CSV, tried first and then taken, all or nothing."""
        if not (self.has_add_permission(request) and self.has_change_permission(request)):
            raise PermissionDenied
        form = ImportForm(request.POST or None, request.FILES or None)
        context: dict[str, Any] = {"form": form, "title": _("Import keywords")}
        if form.is_valid():
            is_dry_run = form.cleaned_data["is_dry_run"]
            result = lexicon.import_keywords(text=form.cleaned_data["file"], staff=request.user, is_dry_run=is_dry_run)
            if not is_dry_run and not result.errors:
                counts = {"added": len(result.added), "changed": len(result.changed)}
                messages.success(request, _("%(added)d keywords added, %(changed)d changed.") % counts)
                return redirect("admin:safety_blockedkeyword_changelist")
            context |= {"result": result, "is_dry_run": is_dry_run}
        return self._page(request, "safety/import.html", context)

    def export_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        headers = {"Content-Disposition": 'attachment; filename="keywords.csv"'}
        return HttpResponse(
            "\ufeff" + lexicon.export_keywords(), content_type="text/csv; charset=utf-8", headers=headers
        )

    def _page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        common = self.admin_site.each_context(request) | {"opts": self.opts}
        return TemplateResponse(request, template, common | context)
