from django.urls import path

from monitoring.views import live, ready

urlpatterns = [
    path("live", live),
    path("ready", ready),
]
