"""Character tables of the bundle, from unicodedata and short lists of our own. Run when Unicode or a list changes."""

import csv
import sys
import unicodedata
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent.parent / "data"
BASE = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
TONES = "\u0300\u0301\u0309\u0303\u0323"
QUALITY = "\u0302\u0306\u031b"
COMPOSE = {"a\u0302": "â", "a\u0306": "ă", "e\u0302": "ê", "o\u0302": "ô", "o\u031b": "ơ", "u\u031b": "ư"}
FOLD = {"â": "a", "ă": "a", "ê": "e", "ô": "o", "ơ": "o", "ư": "u", "đ": "d"}
# Letters of other scripts that look Latin, as people paste them to slip through a filter.
LOOKALIKES = {
    "а": "a", "в": "b", "с": "c", "ԁ": "d", "е": "e", "ё": "e", "һ": "h", "н": "h", "і": "i", "ї": "i", "ј": "j",
    "к": "k", "ӏ": "l", "м": "m", "о": "o", "р": "p", "ԛ": "q", "г": "r", "ѕ": "s", "т": "t", "и": "u", "у": "y",
    "ѵ": "v", "ԝ": "w", "х": "x", "α": "a", "β": "b", "ε": "e", "η": "n", "ι": "i", "κ": "k", "ν": "v", "ο": "o",
    "ρ": "p", "τ": "t", "υ": "u", "χ": "x", "ω": "w", "ı": "i", "ł": "l", "ø": "o", "ƭ": "t", "ʜ": "h", "ɪ": "i",
    "ᴛ": "t", "ᴜ": "u", "ᴄ": "c", "ᴇ": "e", "ᴀ": "a", "ʟ": "l", "ᴋ": "k", "ᴏ": "o", "ɴ": "n", "ʀ": "r", "ᴅ": "d",
    "ᴍ": "m", "ʏ": "y", "ʙ": "b", "ᴠ": "v", "ᴡ": "w", "ɢ": "g", "ᴘ": "p", "ᴊ": "j", "ꜱ": "s", "ᴢ": "z", "ⱥ": "a",
    "đ": "đ", "ð": "đ", "ɖ": "đ", "ħ": "h", "ŧ": "t", "ɑ": "a", "ɡ": "g", "ß": "ss", "æ": "ae", "œ": "oe",
}  # fmt: skip
# Words by which English is told from Vietnamese, typed without marks (docs/detection.md, section 10).
ENGLISH = (
    "the and is are was were my you your of in it i'm im i'd i've it's its this that that's not don't dont didn't didnt"
    " can't cant for with have has had been he she they we his her our their what when why how if but just on at all"
    " from out up now want wanna never always like know think thats get got lol really would could should will won't"
    " wont someone about because there"
)
IGNORABLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b"
    "\u202c\u202d\u202e\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\u206a\u206b\u206c\u206d\u206e\u206f"
    "\u3164\ufeff\uffa0'\u2019\u2018\u02bc\u00b4`"
)
SPACES = (
    "\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005"
    "\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
CLAUSE = ".!?;:\n\r,()…。！？，；\u2028\u2029"
LEET = [
    ("0", "oo"), ("1", "il"), ("3", "ee"), ("4", "aa"), ("5", "ss"), ("7", "tt"), ("8", "bb"), ("9", "gg"),
    ("@", "aa"), ("$", "ss"), ("!", "ii"), ("|", "il"), ("€", "ee"), ("+", "tt"), ("ø", "oo"),
]  # fmt: skip


def output_of(char: str) -> str | None:
    """What ``char`` contributes: letters and marks, '' if ignorable, None if it separates."""
    if char in IGNORABLE or (unicodedata.category(char) == "Mn" and char not in TONES + QUALITY):
        return ""
    out = []
    for piece in unicodedata.normalize("NFD", unicodedata.normalize("NFKC", char).casefold()):
        plain = LOOKALIKES.get(piece, piece)
        if plain in ("đ", "ss", "ae", "oe") or plain in BASE or piece in TONES + QUALITY:
            out.append(plain)
        elif unicodedata.category(piece) != "Mn":
            return None
    return "".join(out) or None


def chars_table() -> list[list[str]]:
    """Pairs [output, all characters that give it], sorted; composed letters already carry their quality mark."""
    groups: dict[str, list[str]] = {}
    for code in range(sys.maxunicode + 1):
        char = chr(code)
        if 0xD800 <= code <= 0xDFFF:
            continue
        output = output_of(char)
        if output is None or (
            output == "" and code > 0x2FFF and char not in IGNORABLE and not 0xFE00 <= code <= 0xFE0F
        ):
            continue
        for pair, composed in COMPOSE.items():
            output = output.replace(pair, composed)
        groups.setdefault(compose_over_tone(output), []).append(char)
    return [[output, "".join(groups[output])] for output in sorted(groups)]


def compose_over_tone(output: str) -> str:
    """NFD puts the dot below before the circumflex (ậ = a, dot, circumflex): join the letter with its mark first."""
    if len(output) == 3 and output[1] in TONES and output[0] + output[2] in COMPOSE:
        return COMPOSE[output[0] + output[2]] + output[1]
    return output


def csv_pairs(name: str) -> list[list[Any]]:
    """Rows 'key,alternative|alternative' of a CSV with a header, sorted by key, as [key, [alternatives]]."""
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        pairs = {row[0]: row[1].split("|") for row in list(csv.reader(file))[1:] if row}
    return [[key, pairs[key]] for key in sorted(pairs)]


def respell_table() -> list[list[str]]:
    """Spelling repairs [where, typed, meant]; '^' at the start of a token, '$' at its end; from respell.csv."""
    with (DATA / "respell.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in list(csv.reader(file))[1:] if row]


def build_tables() -> dict[str, Any]:
    """All tables of the bundle, in canonical order."""
    return {
        "chars": chars_table(),
        "compose": [[pair, letter] for pair, letter in COMPOSE.items()],
        "fold": [[letter, base] for letter, base in FOLD.items()],
        "tones": TONES,
        "quality": QUALITY,
        "spaces": SPACES,
        "clause": CLAUSE,
        "leet": [list(pair) for pair in LEET],
        "english": ENGLISH.split(" "),
        "emoji": csv_pairs("emoji.csv"),
        "teencode": teencode_table(),
        "respell": respell_table(),
    }


def teencode_table() -> list[list[Any]]:
    """Teencode keyed by letters + tone as the tokenizer gives them; a key typed without marks is listed too."""
    merged: dict[str, list[str]] = {}
    preferred: set[str] = set()
    with (DATA / "teencode.csv").open(encoding="utf-8", newline="") as file:
        rows = sorted({tuple(row) for row in list(csv.reader(file))[1:] if row and " " not in row[0]})
    for key, listed, is_preferred in rows:
        alternatives = listed.split("|")
        parts = unicodedata.normalize("NFD", key.lower()).replace("đ", "đ")
        tone = "".join(c for c in parts if c in TONES)
        letters = unicodedata.normalize("NFC", "".join(c for c in parts if c not in TONES))
        bare = "".join(FOLD.get(c, c) for c in letters)
        for form in dict.fromkeys((letters + tone, bare)):
            known = merged.setdefault(form, [])
            known.extend(a for a in alternatives if a not in known)
            if is_preferred == "1" and form == letters + tone:
                preferred.add(form)
    return [[key, merged[key], int(key in preferred)] for key in sorted(merged)]
