"""JSON with one meaning or none."""

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.parsers import MAX_DEPTH, StrictJSONParser, check_body_headers, parse_object
from privacy.problems import BodyTooLarge, LengthRequired, MalformedBody, Problem, UnsupportedMediaType

words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | words
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(words, inner), max_leaves=20)
# Steps into a value, outermost first: an array or an object.
paths = st.lists(st.sampled_from("[{"), max_size=MAX_DEPTH - 2)


def within(path: list[str], inner: str) -> bytes:
    """An object that holds `inner` (JSON text) below these steps."""
    for step in reversed(path):
        inner = f"[0, {inner}]" if step == "[" else f'{{"a": 1, "b": {inner}}}'
    return f'{{"x": {inner}}}'.encode()


@given(st.dictionaries(words, values), st.booleans(), st.sampled_from([None, 1, "\t"]))
def test_an_ordinary_object_is_read_as_json_reads_it(value: dict[str, Any], is_ascii: bool, indent: Any) -> None:
    body = json.dumps(value, ensure_ascii=is_ascii, indent=indent).encode()
    assert parse_object(body) == json.loads(body) == value


@given(paths, words, scalars, scalars)
def test_a_duplicate_key_is_refused_at_any_depth(path: list[str], key: str, first: Any, second: Any) -> None:
    name = json.dumps(key)
    inner = f"{{{name}: {json.dumps(first)}, {name}: {json.dumps(second)}}}"
    with pytest.raises(ValueError, match="duplicate"):
        parse_object(within(path, inner))


def test_two_spellings_of_one_key_are_a_duplicate() -> None:
    with pytest.raises(ValueError, match="duplicate"):
        parse_object(b'{"a": 1, "\\u0061": 2}')


@pytest.mark.parametrize("step", ["[]", "{}"])
def test_nesting_ends_at_thirty_two(step: str) -> None:
    opening, closing = (("[", "]"), ('{"a":', "}"))[step == "{}"]
    core = "1" if step == "[]" else "{}"

    def nested(depth: int) -> bytes:
        levels = depth - 1 - (core == "{}")
        return ('{"x":' + opening * levels + core + closing * levels + "}").encode()

    assert parse_object(nested(MAX_DEPTH))
    for depth in (MAX_DEPTH + 1, 500):
        with pytest.raises(ValueError, match="deep"):
            parse_object(nested(depth))
    with pytest.raises((ValueError, RecursionError)):
        parse_object(nested(100_000))


FORBIDDEN = ["\\u0000", "\\ud800", "\\uDFFF", "\\ud83d\\ud83d", "\\ude00\\ud83d", "\\ud83dx\\ude00"]


@given(paths, st.sampled_from(FORBIDDEN), st.booleans(), words)
def test_nul_and_lone_surrogates_are_refused_anywhere(path: list[str], bad: str, is_key: bool, beside: str) -> None:
    text = json.dumps(beside)[:-1] + bad + '"'
    with pytest.raises(ValueError, match=r"NUL|surrogates"):
        parse_object(within(path, f"{{{text}: 1}}" if is_key else text))


def test_halves_of_a_pair_in_two_strings_do_not_make_a_whole() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        parse_object(b'{"a\\ud83d": "\\ude00"}')


def test_a_backslash_before_a_u_is_no_escape() -> None:
    assert parse_object(b'{"a\\\\u0000": "\\\\ud800 \\ud83d\\ude00"}') == {"a\\u0000": "\\ud800 😀"}


@pytest.mark.parametrize(
    "body",
    [b'{"a": 1}'.decode().encode("utf-16"), b'\xef\xbb\xbf{"a": 1}', b'{"a": "\xc0\x80"}', b'{"a": "\n"}'],
    ids=repr,
)
def test_other_encodings_and_raw_control_characters_are_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_object(body)


def test_a_body_is_read_up_to_the_limit_and_not_beyond(settings: Any) -> None:
    settings.BODY_BYTES = 20
    fits = b'{"a": 1}' + b" " * 12
    assert StrictJSONParser().parse(io.BytesIO(fits)) == {"a": 1}
    with pytest.raises(BodyTooLarge):
        StrictJSONParser().parse(io.BytesIO(fits + b" "))
    with pytest.raises(MalformedBody):
        StrictJSONParser().parse(io.BytesIO(b"[" * 20))


@pytest.mark.parametrize(
    ("headers", "refusal"),
    [
        ({}, None),
        ({"Content-Length": ""}, None),
        ({"Content-Length": "131072", "Content-Encoding": "Identity"}, None),
        ({"Content-Length": "131073"}, BodyTooLarge),
        ({"Content-Length": "-1"}, LengthRequired),
        ({"Content-Length": "+1"}, LengthRequired),
        ({"Content-Length": "1_0"}, LengthRequired),
        ({"Content-Length": "٣"}, LengthRequired),
        ({"Content-Length": "9" * 5000}, LengthRequired),
        ({"Transfer-Encoding": "Chunked"}, LengthRequired),
        ({"Transfer-Encoding": "gzip, chunked", "Content-Length": "5"}, LengthRequired),
        ({"Content-Encoding": "gzip"}, UnsupportedMediaType),
        ({"Content-Encoding": "identity, gzip"}, UnsupportedMediaType),
    ],
    ids=str,
)
def test_headers_alone_tell_a_body_that_would_not_be_read_whole(
    headers: dict[str, str], refusal: type[Problem] | None
) -> None:
    if refusal is None:
        check_body_headers(headers)
        return
    with pytest.raises(refusal):
        check_body_headers(headers)
