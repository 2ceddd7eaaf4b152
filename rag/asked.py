"""What a question plainly asks for: a date, an amount, a name or a place. Rules on English forms.

Most questions ask for none of these, or not plainly ("What did Luther call the mass?"); for them
nothing is said.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from enum import StrEnum

from rag.text import content_stems, stems

LONGEST = 400
"""Characters; what a longer question asks for is not plain."""


class Kind(StrEnum):
    """What a question plainly asks for; a name is that of a person, a group or a thing."""

    DATE = "date"
    AMOUNT = "amount"
    NAME = "name"
    PLACE = "place"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question asks for.

    `form` is the form an answer must have: "year", "date", "month", "decade", "century", "ago" of
    dates; "count", "money", "percent", "time", "age", "measure", "any" of amounts; "" where any of
    the kind will do. `units` are stems of the thing that is counted. `subject` tells that the name
    asked for does what the verb says ("who founded"), None where that is not known. `role` is the
    stem of what is to be named ("which city", "who was the director"), "" where nothing says it.
    """

    kind: Kind
    form: str = ""
    units: tuple[str, ...] = ()
    subject: bool | None = None
    role: str = ""


def kind(question: str) -> Kind | None:
    """The kind of answer that a question plainly asks for, None where that is not plain."""
    found = asked(question)
    return found.kind if found else None


def asked(question: str) -> Asked | None:
    """What a question plainly asks for, None where that is not plain.

    Of several question words the first counts: "When did the man who founded it die?" asks when.
    """
    if len(question) > LONGEST:
        return None
    lowered = " ".join(question.lower().replace("’", "'").split())
    found = [
        (match.start(), rank, match)
        for rank, (_, _, pattern) in enumerate(_forms())
        if (match := pattern.search(lowered))
    ]
    if not found:
        return None
    _, rank, match = min(found, key=lambda each: each[:2])
    kind, form, _ = _forms()[rank]
    named = next(filter(None, match.groups()), "")
    if kind is Kind.DATE:
        return Asked(kind, named.rstrip("s") if form == _NAMED else form)
    if kind is Kind.AMOUNT:
        unit = _UNIT.search(lowered) if form == "count" else None
        return Asked(kind, form, tuple(content_stems(unit[1])) if unit else ())
    if kind is Kind.PLACE:
        if _NO_PLACE.search(lowered):
            return None
        return Asked(kind, role=stems(named)[0] if named else "")
    return Asked(kind, subject=_subject(lowered), role=_role(lowered))


_BE = r"(?:is|was|are|were|did|does|do|has|have|had|will|would)"
# Where the question begins, or its main clause does.
_AT = r"(?:^|[,;:] (?:and |but |so )?)(?:(?:and|so|but|about|approximately|exactly) )?"
_BEFORE = r"(?:(?:in|on|at|by|from|to|for|of|with|since|until|during|after|before|under|near) )?"
_WHICH = (
    r"\b(?:what|which)"
    r"(?: (?!(?:types?|kinds?|sorts?|of|is|was|are|were|did|does|do)\b)[\w'.-]+){0,2}"
)
_NAMED = "as it is named"

_PEOPLE = (
    "person|people|man|men|woman|women|player|quarterback|actor|actress|singer|artist|author|writer|"
    "poet|composer|painter|architect|king|queen|emperor|president|chancellor|leader|general|ceo|"
    "governor|mayor|bishop|pope|explorer|scientist|physicist|chemist|mathematician|philosopher|"
    "theologian|economist|inventor|engineer|astronaut|director|founder|character|band|company|"
    "companies|firm|organi[sz]ation|team|university|college|network|party|agency|brother|sister|"
    "father|mother|son|daughter|wife|husband"
)
_PLACES = (
    "city|cities|town|village|country|countries|state|county|province|continent|island|region|"
    "district|river|mountain|street|nation|airport|colony"
)
_FORMS = (
    (Kind.DATE, "ago", r"how long ago\b"),
    (Kind.DATE, "", rf"{_AT}{_BEFORE}when (?:\w+ )?{_BE}\b|\b(?:since|until) when\b"),
    (Kind.DATE, _NAMED, rf"{_WHICH} (years?|date|month|decade|century)(?!-)\b(?! old| book)"),
    (Kind.DATE, _NAMED, rf"what(?:'s| {_BE}) the (?:exact )?(date|year)\b"),
    (Kind.AMOUNT, "count", r"how many\b"),
    (
        Kind.AMOUNT,
        "money",
        r"how much (?:money|profit|revenue|debt)\b"
        r"|how much \w+ .*\b(?:cost|pay|paid|spend|spent|earn|sell|sold|worth)\b",
    ),
    (Kind.AMOUNT, "time", r"how (?:long|much time)\b"),
    (Kind.AMOUNT, "age", r"how old\b"),
    (Kind.AMOUNT, "measure", r"how (?:far|tall|high|deep|wide|large|big|fast|heavy|hot|cold)\b"),
    (Kind.AMOUNT, "any", r"how much\b"),
    (Kind.AMOUNT, "percent", rf"{_WHICH} (?:percent|percentage|proportion|fraction)\b"),
    (Kind.AMOUNT, "percent", rf"what(?:'s| {_BE}) the (?:\w+ )?percentage\b"),
    (
        Kind.AMOUNT,
        "any",
        rf"what(?:'s| {_BE}) the (?:\w+ ){{0,2}}?(?:population|number|height|length|width|depth|"
        r"distance|temperature|speed|price|cost|weight|budget|salary)"
        r"(?: of| in| for| between|\?|$)",
    ),
    (Kind.NAME, "", rf"{_AT}{_BEFORE}who(?:m|se|'s)?\b|\b(?:by|to|with|from|of) whom?\W*$"),
    (Kind.NAME, "", rf"{_WHICH} (?:{_PEOPLE})\b"),
    (Kind.NAME, "", rf"what(?:'s| {_BE}) the (?:\w+ )?names? of\b"),
    (Kind.PLACE, "", rf"{_AT}{_BEFORE}where(?:'s)? (?:\w+ )?(?:{_BE}|can|could)?\b"),
    (Kind.PLACE, "", rf"{_WHICH} ({_PLACES})\b"),
)  # fmt: skip

# "Where does the name come from?", "Where does it rank?"
_NO_PLACE = re.compile(
    r"where (?:\w+ ){0,3}(?:name|word|term|phrase|idea|saying|expression|title|rank(?:ed)?|stand)\b"
)
_UNIT = re.compile(
    r"how many(?: (?:more|different|other|total|of the|of|in the|new))?((?: [\w'-]+){1,6}?)"
    rf"(?= (?:{_BE}|can|could|may|in|on|at|of|per|for|to|from|with|within|there|that|who|which|"
    r"make|made|took|take|the|an?|his|her|its|their|this|these)\b|\W*$)"
)
_ROLE = re.compile(
    rf"{_WHICH} ({_PEOPLE})\b|\b(?:who|what) (?:is|was|are|were) (?:the|an?|[\w ]+'s?) "
    r"((?:[\w'-]+ ){0,4}?[\w-]+)"
    r"(?= (?:of|for|in|at|on|when|who|that|to|by|from|with|during|under|and)\b|\W*$)"
)


@functools.cache
def _forms() -> tuple[tuple[Kind, str, re.Pattern[str]], ...]:
    return tuple((kind, form, re.compile(pattern)) for kind, form, pattern in _FORMS)


def _subject(question: str) -> bool | None:
    match = re.search(r"\bwho(m|se)?\b(?: (\w+))?", question)
    if not match:
        return None
    if match[1] or re.search(r"\b(?:by|to|with|from|of) who\W*$", question):
        return False
    if match[2] in ("is", "was", "are", "were"):
        return None
    return match[2] not in ("did", "does", "do", "would", "will")


def _role(question: str) -> str:
    match = _ROLE.search(question)
    found = stems(match[1] or match[2]) if match else []
    return found[-1] if found and found[-1] != "name" else ""
