from django.urls import path

from sessions_app.views import CurrentSessionView, SessionsView

urlpatterns = [
    path("sessions/", SessionsView.as_view()),
    path("sessions/current/", CurrentSessionView.as_view()),
]
