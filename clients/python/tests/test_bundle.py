import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cbln.base64url import b64url_encode
from cbln.bundle import CONTEXT, BundleError, BundleFile, SignedBundle, key_id
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SIGNER = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = SIGNER.public_key().public_bytes_raw()
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))


def signed(signer: Ed25519PrivateKey = SIGNER, **changes: Any) -> SignedBundle:
    content = {"format": 1, "version": 7, "not_after": "2026-12-01T00:00:00Z", "lexicon": {}} | changes
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return SignedBundle(text, key_id(signer.public_key().public_bytes_raw()), signer.sign(CONTEXT + text.encode()))


def refusal(bundle: SignedBundle, **arguments: Any) -> str:
    with pytest.raises(BundleError) as caught:
        bundle.verify([PUBLIC], **{"now": NOW} | arguments)
    return caught.value.reason


def test_a_good_bundle_opens() -> None:
    assert signed().verify([PUBLIC], now=NOW, lowest_version=7)["version"] == 7


@given(st.integers(min_value=0))
def test_a_flipped_bit_anywhere_is_refused(where: int) -> None:
    good = signed()
    whole = bytearray(good.text.encode() + good.signature)
    where %= len(whole) * 8
    whole[where // 8] ^= 1 << (where % 8)
    text, signature = bytes(whole[: -len(good.signature)]), bytes(whole[-len(good.signature) :])
    flipped = SignedBundle(text.decode("utf-8", "surrogateescape"), good.key_id, signature)
    assert refusal(flipped) == "bad_signature"


def test_a_wrong_key_is_refused_also_under_the_name_of_the_right_one() -> None:
    foreign = signed(OTHER)
    assert refusal(foreign) == "unknown_key"
    assert refusal(SignedBundle(foreign.text, key_id(PUBLIC), foreign.signature)) == "bad_signature"


def test_an_older_version_is_refused() -> None:
    assert refusal(signed(version=6), lowest_version=7) == "older"


def test_an_expired_bundle_is_refused_from_the_very_moment() -> None:
    end = datetime(2026, 12, 1, tzinfo=UTC)
    assert signed().verify([PUBLIC], now=end - timedelta(seconds=1))
    assert refusal(signed(), now=end) == "expired"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"format": 2}, "unknown_format"),
        ({"version": "7"}, "malformed"),
        ({"version": True}, "malformed"),
        ({"version": 0}, "malformed"),
        ({"not_after": "soon"}, "malformed"),
        ({"not_after": "2026-12-01T00:00:00"}, "malformed"),
        ({"not_after": None}, "malformed"),
    ],
)
def test_a_signed_bundle_of_another_shape_is_refused(changes: dict[str, Any], reason: str) -> None:
    assert refusal(signed(**changes)) == reason


@pytest.mark.parametrize(
    "data",
    [None, [], {}, {"bundle": 1, "key_id": "x", "signature": ""}, {"bundle": "{}", "key_id": "x", "signature": "="}],
)
def test_an_answer_of_another_shape_is_refused(data: Any) -> None:
    with pytest.raises(BundleError):
        SignedBundle.from_json(data)


class TestTheFile:
    def test_keeps_the_last_good_one_for_offline(self, tmp_path: Path) -> None:
        file = BundleFile(tmp_path / "bundle.json", [PUBLIC])
        with pytest.raises(FileNotFoundError):
            file.load(now=NOW)
        file.accept(signed(version=7), now=NOW)
        assert file.load(now=NOW)["version"] == 7

    @pytest.mark.parametrize(
        "offered", [signed(version=6), signed(OTHER), signed(not_after="2026-11-01T00:00:00Z", version=9)]
    )
    def test_a_refused_one_changes_nothing(self, tmp_path: Path, offered: SignedBundle) -> None:
        file = BundleFile(tmp_path / "bundle.json", [PUBLIC])
        file.accept(signed(version=7), now=NOW)
        before = (tmp_path / "bundle.json").read_bytes()
        with pytest.raises(BundleError):
            file.accept(offered, now=NOW)
        assert (tmp_path / "bundle.json").read_bytes() == before

    def test_an_expired_one_still_keeps_older_ones_out(self, tmp_path: Path) -> None:
        file = BundleFile(tmp_path / "bundle.json", [PUBLIC])
        file.accept(signed(version=7), now=NOW)
        later = NOW + timedelta(days=60)
        with pytest.raises(BundleError, match="expired"):
            file.load(now=later)
        with pytest.raises(BundleError, match="older"):
            file.accept(signed(version=6, not_after="2027-12-01T00:00:00Z"), now=later)
        assert file.accept(signed(version=8, not_after="2027-12-01T00:00:00Z"), now=later)["version"] == 8

    def test_a_damaged_file_is_refused_and_can_be_replaced(self, tmp_path: Path) -> None:
        path = tmp_path / "bundle.json"
        file = BundleFile(path, [PUBLIC])
        file.accept(signed(), now=NOW)
        path.write_bytes(path.read_bytes()[:-20])
        with pytest.raises(BundleError, match="malformed"):
            file.load(now=NOW)
        assert file.accept(signed(), now=NOW)

    def test_a_file_whose_bundle_was_changed_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "bundle.json"
        BundleFile(path, [PUBLIC]).accept(signed(), now=NOW)
        content = json.loads(path.read_text())
        content["signature"] = b64url_encode(bytes(64))
        path.write_text(json.dumps(content))
        with pytest.raises(BundleError, match="bad_signature"):
            BundleFile(path, [PUBLIC]).load(now=NOW)
