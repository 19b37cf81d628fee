"""Phrases come back however they are typed, and errors help without repeating them."""

import random
import unicodedata

import pytest
from cbln.errors import PhraseError
from cbln.phrase import complete, decode, encode, fold, wordlist
from hypothesis import given
from hypothesis import strategies as st

entropies = st.binary(min_size=16, max_size=16)
languages = st.sampled_from(["vi", "en"])
separators = st.sampled_from([" ", "  ", ", ", " - ", "\n", "\t", "; ", " / ", "\r\n"])


def misspelt(phrase: list[str], position: int) -> str:
    return " ".join([*phrase[: position - 1], "qqqzz xxqq", *phrase[position:]])


@given(entropies, languages)
def test_a_phrase_gives_its_entropy_back(entropy: bytes, language: str) -> None:
    assert decode(" ".join(encode(entropy, language))) == entropy


@given(entropies, languages, separators, st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]), st.booleans())
def test_normal_form_case_and_separators_do_not_matter(
    entropy: bytes, language: str, separator: str, form: str, is_upper: bool
) -> None:
    typed = separator.join(encode(entropy, language))
    typed = unicodedata.normalize(form, typed.upper() if is_upper else typed)  # type: ignore[arg-type]
    assert decode(f"  {typed}\n") == entropy


@given(entropies)
def test_diacritics_and_inner_spaces_may_be_left_out(entropy: bytes) -> None:
    words = encode(entropy, "vi")
    folded = [fold(word) for word in words]
    assert decode(" ".join(folded)) == entropy
    assert decode(" ".join(word.replace(" ", "") for word in folded)) == entropy
    assert decode(" ".join(word.replace(" ", "-") for word in words)) == entropy
    assert decode("\n".join(f"{number}. {word}" for number, word in enumerate(words, 1))) == entropy
    assert decode(" ".join(f"{number}){word}," for number, word in enumerate(words, 1))) == entropy


def test_the_checksum_bits_are_those_of_bip39() -> None:
    known = "legal winner thank year wave sausage worth useful legal winner thank yellow"
    assert decode(known) == bytes([0x7F]) * 16
    assert " ".join(encode(bytes([0x7F]) * 16, "en")) == known


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("position", [1, 5, 12])
def test_an_unknown_word_is_reported_by_its_place_alone(language: str, position: int) -> None:
    phrase = encode(bytes(range(16)), language)
    text = misspelt(phrase, position) if language == "vi" else misspelt(phrase, position).replace(" xxqq", "")
    with pytest.raises(PhraseError) as caught:
        decode(text)
    assert (caught.value.kind, caught.value.position, caught.value.count) == ("unknown_word", position, 12)
    assert "qqq" not in f"{caught.value!r} {caught.value} {vars(caught.value)}"


def test_the_nearest_words_are_suggested() -> None:
    phrase = encode(bytes(range(16)), "en")
    with pytest.raises(PhraseError) as caught:
        decode(" ".join([*phrase[:3], phrase[3] + "x", *phrase[4:]]))
    assert caught.value.position == 4
    assert phrase[3] in caught.value.suggestions
    assert phrase[3] not in str(caught.value)


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("count", [0, 1, 11, 13, 24])
def test_the_number_of_words_is_reported(language: str, count: int) -> None:
    phrase = (encode(bytes(range(16)), language) * 2)[:count]
    with pytest.raises(PhraseError) as caught:
        decode(" ".join(phrase))
    assert (caught.value.kind, caught.value.count) == ("word_count", count)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_swapped_words_are_nearly_always_noticed(language: str) -> None:
    seeded, noticed = random.Random(1), 0
    for _ in range(200):
        words = encode(seeded.randbytes(16), language)
        words[0], words[1] = words[1], words[0]
        try:
            decode(" ".join(words))
        except PhraseError as error:
            noticed += error.kind == "checksum"
    assert noticed > 170  # 4 checksum bits let 1 in 16 through


def test_completion_ignores_diacritics_and_spaces() -> None:
    word = wordlist("vi")[100]
    folded = fold(word)
    assert word in complete(folded, "vi", limit=2048)
    assert word in complete(folded.replace(" ", "").upper(), "vi", limit=2048)
    assert complete("", "vi") == []
    assert complete("zebr", "en") == ["zebra"]


@pytest.mark.parametrize(
    ("text", "folded"), [("  Bánh  MÌ ", "banh mi"), ("ĐƯỜNG", "duong"), ("Ðường đi", "duong di"), ("ﬁ", "fi")]
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded
