"""Does a text decline to answer? By the words that systems and people use for it, in English.

A wording in another language is not known: rows of such systems say `"refused"` themselves, or
count as answers.
"""

from __future__ import annotations

import re

_NOTHING = (
    r"(?:any|enough|sufficient|specific|relevant|direct|explicit|clear|the|an?|this|that|such)"
)
_SOURCE = (
    r"(?:provided |given |supplied |retrieved |available |above |following )*"
    r"(?:context|contexts|text|texts|document|documents|passage|passages|source|sources|"
    r"information|article|excerpt|excerpts|material|data|snippet|snippets|page|pages|quotes)"
)
_NOT = (
    r"(?:(?:do|does|did|could|would|is|are|was|were)(?:n't| not)|can(?:'t|not| not)|"
    r"won't|will not|am not|'m not)"
)
_TELLS = (
    r"(?:contain|mention|provide|include|specify|state|say|answer|address|discuss|give|offer|"
    r"indicate|cover|describe|tell|hold|have|list|reveal|explain|clarify|define)"
)

_REFUSALS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\bI (?:really |honestly |simply )?"
        + _NOT
        + r" (?:know(?! that \w)|have|find|see|answer|determine|"
        r"tell|say|provide|locate|give|help|sure|certain|able)\b",
        r"\b(?:I am|I'm|we are|we're) (?:unable|not able|not sure|not certain|afraid)\b",
        r"\bwe " + _NOT + r" (?:know|have|find|answer|determine|tell|provide)\b",
        r"\b" + _SOURCE + r"\b[^.?!]{0,60}?\b" + _NOT + r"\b[^.?!]{0,20}?\b" + _TELLS,
        r"\bthere (?:is|are|was|were) (?:no|not enough|not any|insufficient)\b[^.?!]{0,40}\b"
        r"(?:information|mention|answer|evidence|data|details?|indication|reference)\b",
        r"\b(?:is|are|was|were)(?:n't| not) (?:mentioned|specified|stated|provided|given|available|"
        r"included|discussed|addressed|contained|found|answered|described|known|listed|indicated)\b"
        r"[^.?!]{0,40}\b(?:in|by|from)\b[^.?!]{0,20}\b" + _SOURCE + r"\b",
        r"\b(?:is|are|was|were)(?:n't| not) (?:mentioned|specified|stated|provided|discussed)\W*$",
        r"\bno (?:information|answer|evidence|mention|data|relevant|such)\b[^.?!]{0,60}\b"
        r"(?:found|available|provided|given|contained|in the|about|on this)\b",
        r"\b(?:insufficient|not enough) (?:information|context|evidence|data)\b",
        r"\b(?:cannot|can ?not|can't|could not|couldn't) be (?:answered|determined|inferred|"
        r"established|derived)\b",
        r"\bit is (?:not possible|impossible|unclear|unknown)\b",
        r"\bthis (?:question|query) (?:is|cannot|can't)[^.?!]{0,20}\b"
        r"(?:unanswerable|be answered)\b",
        r"^\W*(?:unanswerable|not answerable|no answer|no evidence|unknown|not available|n/?a|none|"
        r"no answer found|not found|don'?t know|dunno|not mentioned|not stated|not given|"
        r"nothing found|empty response)\W*$",
    )
)

_GOES_ON = re.compile(r"\b(?:but|although|though|however)\b", re.IGNORECASE)
_CLAUSE = 3
"""Least words of what stands before or after "but" and says something."""

_POLITE = re.compile(
    r"^\W*(?:I(?:'m| am) sorry|sorry|I apologi[sz]e|apologies|unfortunately|please|feel free|"
    r"let me know|if you (?:can|could|have|need|want|would|provide|share|need)|could you|can you|"
    r"would you|I hope|hope this|is there anything|I(?:'d| would) be happy|happy to help|"
    r"thank you|thanks|as an AI|(?:sure|certainly|of course|absolutely|great question|got it)"
    r"(?:\W*$|[,!] (?:here|let|i|happy)\b)|based on the " + _SOURCE + r"\W*$|however\W*$)",
    re.IGNORECASE,
)


def declines(sentence: str) -> bool:
    """Whether a sentence says that there is no answer, or that the speaker has none.

    One that goes on with what there is ("I am not sure, but ...") says that.
    """
    plain = re.sub(r" (?='m\b|n't\b)", "", " ".join(sentence.replace("’", "'").split()))
    parts = [part for part in _GOES_ON.split(plain) if len(part.split()) >= _CLAUSE]
    return any(map(_declining, parts or [plain])) and all(
        _declining(part) or _POLITE.match(part) for part in parts
    )


def _declining(clause: str) -> bool:
    return any(pattern.search(clause) for pattern in _REFUSALS)


def polite(sentence: str) -> bool:
    """Whether a sentence only speaks to the reader: an apology, an offer, a question back."""
    plain = " ".join(sentence.replace("’", "'").split())
    return not plain or plain.endswith(("?", "？", "؟")) or bool(_POLITE.match(plain))


def refuses(sentences: list[str]) -> bool:
    """Whether an answer of these sentences is a refusal: one declines, and no other says a thing.

    An answer that goes on to say something is none, even if it begins with a doubt. Nothing at all
    is a refusal.
    """
    if not any(re.search(r"\w", sentence) for sentence in sentences):
        return True
    return any(map(declines, sentences)) and all(
        declines(sentence) or polite(sentence) for sentence in sentences
    )
