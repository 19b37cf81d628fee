import hashlib
import itertools
from typing import Any

import pytest
import redis
from django.conf import settings as django_settings

from sessions_app.limits import Proof, admit_creation, client_network
from tests.api import Api


def solve(task: dict[str, Any], *, is_right: bool = True) -> dict[str, str]:
    for number in itertools.count():
        digest = hashlib.sha256(f"{task['challenge']}:{number}".encode()).digest()
        if (int.from_bytes(digest, "big") >> (256 - task["bits"]) == 0) is is_right:
            return {"challenge": task["challenge"], "nonce": str(number)}
    raise AssertionError


@pytest.fixture
def strict(settings: Any) -> None:
    settings.SESSION_CREATIONS_PER_HOUR = 2
    settings.PROOF_OF_WORK_BITS = 8


@pytest.mark.usefixtures("strict")
class TestBeyondTheAllowance:
    def exhausted(self, anonymous: Api) -> dict[str, Any]:
        assert [anonymous.post("sessions/").status_code for _ in range(2)] == [201, 201]
        answer = anonymous.post("sessions/")
        assert (answer.status_code, answer.json()["code"]) == (429, "proof_of_work_required")
        task: dict[str, Any] = answer.json()["proof_of_work"]
        return task

    def test_work_opens_the_door_once(self, anonymous: Api) -> None:
        proof = solve(self.exhausted(anonymous))
        assert anonymous.post("sessions/", {"proof_of_work": proof}).status_code == 201
        assert anonymous.post("sessions/", {"proof_of_work": proof}).status_code == 429

    def test_a_session_that_is_open_opens_again_without_work(self, anonymous: Api) -> None:
        token = "cbln_" + "A" * 43
        anonymous.post("sessions/", {"session_token": token})
        anonymous.post("sessions/")
        assert anonymous.post("sessions/").status_code == 429
        assert anonymous.post("sessions/", {"session_token": token}).status_code == 200

    def test_no_work_wrong_work_and_forged_work_do_not(self, anonymous: Api) -> None:
        task = self.exhausted(anonymous)
        good = solve(task)
        wrong = solve(task, is_right=False)
        forged = solve(task | {"challenge": "A" + task["challenge"][1:]})
        for proof in (wrong, forged, good | {"challenge": "A" * 50}):
            assert anonymous.post("sessions/", {"proof_of_work": proof}).status_code == 429
        assert anonymous.post("sessions/", {"proof_of_work": good}).status_code == 201

    def test_a_challenge_ends(self, anonymous: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sessions_app.limits.CHALLENGE_SECONDS", -1)
        proof = solve(self.exhausted(anonymous))
        assert anonymous.post("sessions/", {"proof_of_work": proof}).status_code == 429

    def test_a_spoofed_x_forwarded_for_changes_nothing(self, anonymous: Api) -> None:
        self.exhausted(anonymous)
        for address in ("10.1.2.3", "2001:db8::1", "127.0.0.1, 8.8.8.8", "junk", ""):
            assert anonymous.post("sessions/", X_Forwarded_For=address).status_code == 429

    def test_other_networks_are_counted_apart_behind_a_trusted_proxy(self, anonymous: Api, settings: Any) -> None:
        settings.TRUSTED_PROXIES = ["127.0.0.0/8"]
        self.exhausted(anonymous)
        assert anonymous.post("sessions/", X_Forwarded_For="9.9.9.9").status_code == 201

    def test_the_work_grows_with_the_number_of_sessions(self, anonymous: Api) -> None:
        first = self.exhausted(anonymous)["bits"]
        for _ in range(14):
            proof = solve(anonymous.post("sessions/").json()["proof_of_work"])
            assert anonymous.post("sessions/", {"proof_of_work": proof}).status_code == 201
        assert anonymous.post("sessions/").json()["proof_of_work"]["bits"] == first + 2

    def test_the_cache_holds_no_address_and_forgets_within_the_hour(self, anonymous: Api) -> None:
        self.exhausted(anonymous)
        server = redis.Redis.from_url(django_settings.CACHES["default"]["LOCATION"])
        keys = list(server.scan_iter("cbln:*"))
        assert keys
        assert not any(b"127" in key or b"127.0.0.1" in (server.get(key) or b"") for key in keys)
        assert all(0 < server.ttl(key) <= 3600 for key in keys)


@pytest.mark.parametrize(
    ("address", "forwarded", "proxies", "network"),
    [
        ("203.0.113.7", "", [], "203.0.113.7/32"),
        ("203.0.113.7", "1.1.1.1", [], "203.0.113.7/32"),
        ("2001:db8:1:2:3::4", "", [], "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "", [], "203.0.113.7/32"),
        ("10.0.0.1", "1.1.1.1", ["10.0.0.0/8"], "1.1.1.1/32"),
        ("10.0.0.1", "6.6.6.6, 1.1.1.1", ["10.0.0.0/8"], "1.1.1.1/32"),
        ("10.0.0.1", "6.6.6.6, 1.1.1.1, 10.0.0.2", ["10.0.0.0/8"], "1.1.1.1/32"),
        ("10.0.0.1", "junk", ["10.0.0.0/8"], "10.0.0.1/32"),
        ("10.0.0.1", "6.6.6.6, junk", ["10.0.0.0/8"], "10.0.0.1/32"),
        ("", "1.1.1.1", [], "unknown"),
    ],
)
def test_the_network_is_what_the_nearest_untrusted_hop_says(
    settings: Any, address: str, forwarded: str, proxies: list[str], network: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    assert client_network({"REMOTE_ADDR": address, "HTTP_X_FORWARDED_FOR": forwarded}) == network


def test_the_door_stays_open_when_the_cache_is_away(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "unix:///nowhere.sock"}}
    admit_creation(network="203.0.113.7/32", proof=Proof("x", "1"))
    assert "not limited" in caplog.text
    assert "203.0" not in caplog.text
