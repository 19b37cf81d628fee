"""The library against the shared vectors, through the functions it uses itself."""

import hashlib
import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cbln.base64url import b64url_decode, b64url_encode
from cbln.envelope import Place, RecordType, Role, decrypt, encrypt, open_envelope, seal_with_iv
from cbln.errors import EnvelopeError
from cbln.keys import Keys, hkdf_expand, hkdf_extract

VECTORS = Path(__file__).parent / "vectors"


def load(name: str) -> dict[str, Any]:
    return json.loads((VECTORS / name).read_text("utf-8"))  # type: ignore[no-any-return]


CBLN1 = load("cbln1.json")
KEYS = Keys(bytes.fromhex(CBLN1["entropy"]))
SESSION = UUID(CBLN1["session_id"])
AES_GCM = [
    pytest.param(case, id=str(case["tcId"]))
    for group in load("wycheproof_aes_gcm.json")["testGroups"]
    if (group["ivSize"], group["tagSize"]) == (96, 128)
    for case in group["tests"]
]
HKDF = [
    pytest.param(case, id=str(case["tcId"]))
    for group in load("wycheproof_hkdf_sha256.json")["testGroups"]
    for case in group["tests"]
]


def place_of(case: dict[str, Any], epoch: int) -> Place:
    record_type, role = RecordType[case["type"].upper()], Role[case["role"].upper()]
    return Place(record_type, role, SESSION, UUID(case["record_id"]), case["client_seq"], epoch)


def test_the_keys_and_the_token_come_from_the_entropy() -> None:
    assert hkdf_extract(b"cbln/1", KEYS.entropy).hex() == CBLN1["prk"]
    assert KEYS.token == CBLN1["token"]
    assert KEYS.token_digest.hex() == CBLN1["token_sha256"]


@pytest.mark.parametrize("case", CBLN1["seal"])
def test_an_envelope_is_sealed_byte_for_byte_and_opens(case: dict[str, Any]) -> None:
    place = place_of(case, case["epoch"])
    text = case["text"] if case["repeat"] is None else case["repeat"][0] * case["repeat"][1]
    key = KEYS.record_key(case["type"], SESSION, case["epoch"])
    envelope = seal_with_iv(key, place, {"text": text}, bytes.fromhex(case["iv"]))
    assert key.hex() == case["key"]
    assert place.associated_data().hex() == case["aad"]
    assert (len(envelope), hashlib.sha256(envelope).hexdigest()) == (case["envelope_len"], case["envelope_sha256"])
    assert case["envelope"] in (None, b64url_encode(envelope))
    assert open_envelope(key, place, envelope) == {"text": text}


@pytest.mark.parametrize("case", CBLN1["refuse"], ids=lambda case: case["why"])
def test_a_changed_envelope_is_refused(case: dict[str, Any]) -> None:
    envelope = b64url_decode(case["envelope"])
    epoch = 3 if case["why"] == "flipped bit in epoch" else 2  # a reader takes the epoch from the header
    with pytest.raises(EnvelopeError):
        open_envelope(bytes.fromhex(case["key"]), place_of(case, epoch), envelope)


def test_all_the_vectors_are_there() -> None:
    assert (len(CBLN1["seal"]), len(CBLN1["refuse"]), len(AES_GCM), len(HKDF)) == (44, 16, 197, 86)


@pytest.mark.parametrize("case", AES_GCM)
def test_wycheproof_aes_gcm_with_96_bit_ivs(case: dict[str, Any]) -> None:
    key, iv, aad, message, ciphertext, tag = (bytes.fromhex(case[k]) for k in ("key", "iv", "aad", "msg", "ct", "tag"))
    if case["result"] == "valid":
        assert encrypt(key, iv, message, aad) == ciphertext + tag
        assert decrypt(key, iv, ciphertext + tag, aad) == message
    else:
        with pytest.raises(EnvelopeError):
            decrypt(key, iv, ciphertext + tag, aad)


@pytest.mark.parametrize("case", HKDF)
def test_wycheproof_hkdf_sha256(case: dict[str, Any]) -> None:
    prk, info = hkdf_extract(bytes.fromhex(case["salt"]), bytes.fromhex(case["ikm"])), bytes.fromhex(case["info"])
    if case["result"] == "valid":
        assert hkdf_expand(prk, info, case["size"]).hex() == case["okm"]
    else:
        with pytest.raises(ValueError, match="larger than"):
            hkdf_expand(prk, info, case["size"])
