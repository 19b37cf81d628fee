from datetime import timedelta
from io import StringIO

from django.core.management import call_command
from django.utils import timezone

from messaging.models import ConversationContext, Message
from privacy.serializers import utc
from tests.api import Api, envelope, new_message


def test_it_takes_messages_and_contexts_past_their_own_end_only(api: Api) -> None:
    ends = utc(timezone.now() + timedelta(hours=1))
    api.post("messages/", new_message())
    ending = api.post("messages/", new_message(expires_at=ends)).json()
    later = api.post("messages/", new_message(expires_at=ends)).json()
    api.put("context/", {"envelope": envelope(), "expires_at": ends}, If_None_Match="*")
    Message.objects.filter(id=ending["id"]).update(expires_at="2020-01-01T00:00:00Z")
    ConversationContext.objects.update(expires_at="2020-01-01T00:00:00Z")
    out = StringIO()
    call_command("expire_messages", stdout=out)
    assert out.getvalue() == "2 rows deleted\n"
    assert {row["id"] for row in api.get("messages/").json()["results"]} >= {later["id"]}
    assert Message.objects.count() == 2
