"""Where everything hangs together."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from config.docs import DocsView, DocumentView
from config.views import ConfigView, not_found_in_api

urlpatterns = [
    path("api/v1/config/", ConfigView.as_view()),
    path("api/v1/", include("sessions_app.urls")),
    path("api/v1/", include("messaging.urls")),
    path("api/v1/", include("safety.urls")),
    path("api/schema/", DocumentView.as_view(), name="schema"),
    path("api/docs/", DocsView.as_view(url_name="schema"), name="docs"),
    re_path("^api/", not_found_in_api),
    path("healthz/", include("monitoring.urls")),
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", RedirectView.as_view(pattern_name="docs")),
]

handler400 = "config.exceptions.bad_request"
handler403 = "config.exceptions.forbidden"
handler404 = "config.exceptions.not_found"
handler500 = "config.exceptions.server_error"
