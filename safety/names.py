"""Staff's words for the fixed terms in which the engine explains itself; the terms themselves stay as they are in
every client."""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

NAMES: dict[str, Promise] = {
    # rules
    "signal": _("signal"),
    "signal with urgency or means": _("signal with urgency or means"),
    "allow": _("allow phrase"),
    "ambiguous": _("ambiguous alone"),
    "negation": _("negation"),
    "negation before a contrast": _("negation before a contrast"),
    "quote": _("quotation, homework or news"),
    "victim": _("needs a victim word"),
    "no desire or first person near": _("no wish and no first person near"),
    "no victim word near": _("no victim word near"),
    # views
    "plain": _("as written"),
    "emoji": _("emoji"),
    "teencode": _("teencode"),
    "repeat": _("repeated letters"),
    "respell": _("other spelling"),
    "leet": _("digits for letters"),
    "joined": _("letters set apart"),
    "wildcard": _("letters left out"),
    "inside": _("inside a word"),
    "despaced": _("without spaces"),
    "model": _("learned model"),
    # blocks of the learned model
    "characters": _("letter groups"),
    "folded syllables": _("syllables without diacritics"),
    "marked syllables": _("syllables with diacritics"),
    "concepts": _("concepts"),
    "concept sequences": _("concepts in a row"),
    # categories
    "none": _("none"),
    "suicide": _("suicide"),
    "self_harm": _("self-harm"),
    "violence": _("violence"),
    "sexual_abuse": _("sexual abuse"),
    "bullying": _("bullying"),
    "distress": _("distress"),
    "danger": _("danger"),
}


def name_of(term: Any) -> Any:
    """Our words for a term of the engine, or the term where staff made it up (a category of their own)."""
    return NAMES.get(term, term)
