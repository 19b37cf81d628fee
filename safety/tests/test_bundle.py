import gzip
import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from privacy.envelope import from_base64url
from safety import signature
from safety.detection import Detector
from safety.models import LexiconRelease
from safety.services import releases
from safety.services.seed import seed
from tests.api import Api


@pytest.fixture
def seeded(anonymous: Api) -> Api:
    seed()
    return anonymous


def test_an_installation_without_a_release_says_not_found(anonymous: Api) -> None:
    assert anonymous.get("safety/bundle/").status_code == 404
    assert anonymous.get("config/").json()["bundle_version"] is None


def test_a_new_installation_serves_a_signed_bundle_that_detects(seeded: Api) -> None:
    answer = seeded.get("safety/bundle/").json()
    key = signature.trusted_keys()[answer["key_id"]]
    assert signature.is_signed(answer["bundle"].encode(), from_base64url(answer["signature"]), key)
    bundle = json.loads(answer["bundle"])
    assert bundle["version"] == 1
    assert Detector(bundle).detect("em muốn chết").level in ("high", "critical")
    assert Detector(bundle).detect("cười muốn chết").level == "none"


def test_the_signed_bytes_are_canonical_json(seeded: Api) -> None:
    text = seeded.get("safety/bundle/").json()["bundle"]
    assert text == json.dumps(json.loads(text), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def test_config_names_version_and_keys(seeded: Api) -> None:
    body = seeded.get("config/").json()
    assert body["bundle_version"] == 1
    assert [signature.key_id(from_base64url(key)) for key in body["bundle_keys"]] == list(signature.trusted_keys())


def test_a_cache_may_keep_it_and_asks_by_its_tag(seeded: Api) -> None:
    first = seeded.get("safety/bundle/")
    assert first["Cache-Control"].startswith("public")
    assert "immutable" in seeded.get("safety/bundle/?version=1")["Cache-Control"]
    for tag in (first["ETag"], f"W/{first['ETag']}", f'"x", {first["ETag"]}'):
        again = seeded.get("safety/bundle/", If_None_Match=tag)
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert seeded.get("safety/bundle/", If_None_Match='"other"').status_code == 200


def test_it_travels_compressed_to_whoever_takes_that(seeded: Api) -> None:
    plain = seeded.get("safety/bundle/")
    for accepted in ("gzip, br", "br;q=1.0, gzip;q=0.8"):
        packed = seeded.get("safety/bundle/", Accept_Encoding=accepted)
        assert packed["Content-Encoding"] == "gzip"
        assert gzip.decompress(packed.content) == plain.content
        assert len(packed.content) <= 250_000
        assert packed["ETag"] != plain["ETag"]
        again = seeded.get("safety/bundle/", Accept_Encoding=accepted, If_None_Match=packed["ETag"])
        assert again.status_code == 304
    for refused in ("", "br", "gzip;q=0", "identity"):
        assert "Content-Encoding" not in seeded.get("safety/bundle/", Accept_Encoding=refused)


def test_an_earlier_version_stays_what_it_was(seeded: Api, new_staff: Any) -> None:
    first = seeded.get("safety/bundle/").content
    release = releases.prepare_release(staff=new_staff(username="an"))
    releases.approve_release(version=release.version, staff=new_staff(username="binh"))
    assert json.loads(seeded.get("safety/bundle/").json()["bundle"])["version"] == 2
    assert seeded.get("safety/bundle/?version=1").content == first


@pytest.mark.parametrize("query", ["?version=0", "?version=x", "?version=1&version=1", "?a=1"])
def test_it_takes_no_other_query(seeded: Api, query: str) -> None:
    assert seeded.get(f"safety/bundle/{query}").json()["code"] == "invalid_query"


def test_it_contains_only_what_users_may_see(seeded: Api) -> None:
    bundle = json.loads(seeded.get("safety/bundle/").json()["bundle"])
    assert [entry["number"] for entry in bundle["resources"]] == ["111", "115", "113"]
    assert "note" not in bundle["lexicon"]["columns"]


def test_a_flipped_bit_or_another_key_does_not_verify(seeded: Api) -> None:
    release = LexiconRelease.objects.get()
    key = signature.trusted_keys()[release.signature_key_id]
    bundle, signed = bytes(release.bundle), bytes(release.signature or b"")
    assert signature.is_signed(bundle, signed, key)
    assert not signature.is_signed(bundle[:-1] + bytes([bundle[-1] ^ 1]), signed, key)
    assert not signature.is_signed(bundle, signed, hashlib.sha256(b"other").digest())


def test_it_expires_in_ninety_days(seeded: Api) -> None:
    left = LexiconRelease.objects.get().not_after - timezone.now()
    assert timedelta(days=89) < left <= timedelta(days=90)
