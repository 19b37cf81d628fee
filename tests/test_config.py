import pytest
from django.test import Client

from config.version import VERSION
from tests.api import Api


def test_config_tells_a_client_what_this_server_takes(anonymous: Api) -> None:
    body = anonymous.get("config/").json()
    assert (body["protocol"], body["version"]) == ("cbln/1", VERSION)
    assert body["lifetimes_days"] == [1, 7, 30]
    assert body["languages"] == ["vi", "en"]
    assert body["limits"]["envelope_bytes_max"] == 16416
    assert body["replies"] == {"is_offered": False, "provider": None}


def test_no_answer_may_be_kept_by_a_cache_or_sets_a_cookie(api: Api) -> None:
    for path in ("config/", "sessions/current/", "messages/", "context/", "nowhere/"):
        answer = api.get(path)
        assert answer["Cache-Control"] == "no-store"
        assert not answer.cookies


def test_other_origins_are_answered_only_from_the_list(anonymous: Api, settings: object) -> None:
    asked = {"Origin": "https://front.example", "Access-Control-Request-Method": "POST"}
    refused = anonymous.call("OPTIONS", "config/", **asked)
    assert "Access-Control-Allow-Origin" not in refused
    settings.CORS_ALLOWED_ORIGINS = ["https://front.example"]  # type: ignore[attr-defined]
    answer = anonymous.call("OPTIONS", "config/", **asked)
    assert answer["Access-Control-Allow-Origin"] == "https://front.example"
    assert "Access-Control-Allow-Credentials" not in answer
    assert "if-match" in answer["Access-Control-Allow-Headers"]


@pytest.mark.parametrize("path", ["/api/docs/", "/admin/login/"])
def test_pages_carry_a_policy_without_foreign_sources(db: None, path: str) -> None:
    answer = Client().get(path)
    assert answer.status_code == 200
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "http" not in policy
    assert "script-src 'self'" in policy


def test_a_request_for_another_host_is_refused_without_an_echo(anonymous: Api) -> None:
    answer = anonymous.get("config/", Host="canary.example")
    assert answer.status_code in (200, 400)
    assert b"canary" not in answer.content
