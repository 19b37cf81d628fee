from django.urls import path

from messaging.export import ExportView
from messaging.views import ContextView, FeedbackView, MessageBatchView, MessagesView, MessageView

urlpatterns = [
    path("messages/", MessagesView.as_view()),
    path("messages/batch/", MessageBatchView.as_view()),
    path("messages/<uuid:message_id>/", MessageView.as_view()),
    path("context/", ContextView.as_view()),
    path("feedback/", FeedbackView.as_view()),
    path("export/", ExportView.as_view()),
]
