from django.urls import path

from safety.views import BundleView, DonationsView, ResourcesView, WithdrawalsView

urlpatterns = [
    path("safety/bundle/", BundleView.as_view()),
    path("safety/resources/", ResourcesView.as_view()),
    path("training-donations/", DonationsView.as_view()),
    path("training-donations/withdrawals/", WithdrawalsView.as_view()),
]
