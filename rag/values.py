"""A sentence to its content words and the values it states: numbers, dates, names.

Read by rules, in time linear in the sentence. English number words, months and units; a name is a
run of capitalised words.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from rag.numerals import plain
from rag.text import STOPWORDS, stems


class Kind(StrEnum):
    """What a value is."""

    NUMBER = "number"
    DATE = "date"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Value:
    """A value in a sentence; `start` and `end` count the sentence's code points.

    `parts` are the digits and unit of a number, year, month and day of a date (each "" where it is
    not said), the words of a name in lower case. A number has `amount`, in base units where its
    unit is known (`measure` names what they measure, "clock" a time of day), and `about` where the
    sentence itself says that it is rough.
    """

    kind: Kind
    start: int
    end: int
    text: str
    parts: tuple[str, ...]
    amount: float | None = None
    measure: str = ""
    about: bool = False


@dataclass(frozen=True, slots=True)
class Word:
    """A word that carries meaning, by its stem; `value` is the one it belongs to, if any."""

    stem: str
    start: int
    end: int
    value: Value | None = None


_TOKEN = re.compile(
    r"(?P<label>[^\W\d_]+-\d[\w.]*\b)"
    r"|(?P<number>\d+(?:[.,:]\d+)*[½¼¾]?(?:st|nd|rd|th|s)?(?![\w½¼¾]))"
    r"|(?P<word>\w+(?:['’]\w+)?)"
    r"|(?P<percent>%)"
)
_POSSESSIVE = re.compile(r"['’]s?$")
_MONTHS = {
    name: str(number)
    for number, names in enumerate(
        (
            "january jan|february feb|march mar|april apr|may|june jun|july jul|august aug|"
            "september sept sep|october oct|november nov|december dec"
        ).split("|"),
        start=1,
    )
    for name in names.split()
}
_WEEKDAYS = frozenset("monday tuesday wednesday thursday friday saturday sunday".split())
_ONES = {
    word: float(value)
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
        "fifteen sixteen seventeen eighteen nineteen".split()
    )
}
_TENS = {
    word: float(10 * value)
    for value, word in enumerate(
        "twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2
    )
}
_SPELT = _ONES | _TENS | {"dozen": 12.0, "half": 0.5}
_ORDINALS = {
    word: str(value)
    for value, word in enumerate(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split(),
        start=1,
    )
}
_TIMES = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
_FRACTIONS = {"½": 0.5, "¼": 0.25, "¾": 0.75}
_MEASURES: dict[str, dict[str, float]] = {
    "share": {"%": 1, "percent": 1, "pct": 1},
    "bytes": {"kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12},
    "length": {
        "mm": 1e-3, "millimetre": 1e-3, "millimeter": 1e-3, "cm": 1e-2, "centimetre": 1e-2,
        "centimeter": 1e-2, "metre": 1, "meter": 1, "km": 1e3, "kilometre": 1e3,
        "kilometer": 1e3, "inch": 0.0254, "inches": 0.0254, "feet": 0.3048, "foot": 0.3048,
        "yard": 0.9144, "mile": 1609.344,
    },
    "weight": {
        "mg": 1e-6, "gram": 1e-3, "g": 1e-3, "kg": 1, "kilogram": 1, "tonne": 1e3, "lb": 0.4536,
        "pound": 0.4536,
    },
    "time": {
        "second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800,
        "fortnight": 1209600, "month": 2629800, "year": 31557600, "decade": 315576000,
    },
    "energy": {
        "kwh": 1, "mwh": 1e3, "gwh": 1e6, "twh": 1e9, "kilowatt-hour": 1, "megawatt-hour": 1e3,
        "gigawatt-hour": 1e6, "terawatt-hour": 1e9,
    },
}  # fmt: skip
_UNITS = {
    name: (measure, size) for measure, names in _MEASURES.items() for name, size in names.items()
}
_DAYS = frozenset("working business calendar school".split())
_CLOCK = frozenset("am pm o'clock".split())
_ABOUT = re.compile(
    r"(?:\b(?:about|around|roughly|approximately|approx\.?|nearly|almost|some|circa|ca\.|c\.|over|"
    r"more than|less than|fewer than|just under|just over|close to|an estimated)|~|>|<)"
    r"\s*(?:the\s+)?[$€£]?$",
    re.IGNORECASE,
)
# Before a four-digit number that is a year whatever follows.
_YEARLY = frozenset("in since by from until till of after before during year to between".split())
_BEFORE_YEARS = frozenset("the our its their this fiscal financial calendar".split())
# Words after which a number is the name of something, not an amount.
_LABELS = frozenset(
    """figure table chapter section article step page part version volume no number room question
    group act clause paragraph item appendix annex line route platform gate level grade type
    phase""".split()
)
_INSIDE_NAMES = frozenset("of de la le von van der den del di da du al el".split())
_NO_NAMES = frozenset("i ii".split())


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    lower: str
    start: int
    end: int
    group: str

    @property
    def capital(self) -> bool:
        return self.text[0].isupper()

    @property
    def tail(self) -> str:
        """The letters of "3rd" and "1990s"."""
        return self.lower.lstrip("0123456789.,:½¼¾") if self.group == "number" else ""


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence taken apart: its words that carry meaning, in order, and its values."""

    text: str
    words: tuple[Word, ...]
    values: tuple[Value, ...]


def read(text: str, names: frozenset[str] = frozenset()) -> Statement:
    """The content words and values of one sentence.

    `names` are words, in lower case, that are names even at its head, where each has a capital.
    """
    tokens = [
        _Token(
            match.group(),
            _POSSESSIVE.sub("", match.group().lower()) or match.group().lower(),
            match.start(),
            match.end(),
            match.lastgroup or "",
        )
        for match in _TOKEN.finditer(text)
    ]
    values: list[Value] = []
    words: list[Word] = []
    capitals = _has_names(tokens)
    at = 0
    while at < len(tokens):
        found = _date(text, tokens, at) or _number(text, tokens, at)
        if found is None and capitals:
            found = _name(text, tokens, at, names)
        if found is None:
            token = tokens[at]
            at += 1
            if token.lower not in STOPWORDS and token.group != "percent":
                words.append(Word(_stem(token.lower), token.start, token.end))
            continue
        value, taken = found
        values.append(value)
        words += [
            Word(_stem(token.lower), token.start, token.end, value)
            for token in tokens[at : at + taken]
            if token.lower not in STOPWORDS or taken == 1
        ]
        at += taken
    return Statement(text, tuple(words), tuple(values))


def agree(one: Value, other: Value) -> bool:
    """Whether two values may be the same thing, said in other words or less exactly."""
    if one.kind is not other.kind:
        return False
    if one.kind is Kind.DATE:
        pairs = zip(one.parts, other.parts, strict=True)
        return all(not a or not b or a == b or _in_decade(a, b) for a, b in pairs)
    if one.kind is Kind.NAME:
        return _same_name(one, other)
    if one.amount is None or other.amount is None:
        return one.parts == other.parts
    if one.measure != other.measure and one.measure and other.measure:
        return False
    return _same_amount(one, other)


def _in_decade(one: str, other: str) -> bool:
    """ "1990s" holds "1995"."""
    short, long = sorted((one, other), key=lambda year: not year.endswith("s"))
    return short.endswith("s") and len(long) == 4 and short[:3] == long[:3]


def _same_name(one: Value, other: Value) -> bool:
    short, long = sorted((one.parts, other.parts), key=len)
    if set(short) <= set(long):
        return True
    if len(short) == 1 and short[0] == "".join(word[0] for word in long):
        return True
    from rapidfuzz import fuzz

    return fuzz.ratio(" ".join(short), " ".join(long)) >= 88


def _same_amount(one: Value, other: Value) -> bool:
    a, b = float(one.amount or 0), float(other.amount or 0)
    if math.isclose(a, b, rel_tol=1e-9):
        return True
    if one.measure == other.measure == "clock":
        return not (one.parts[1] and other.parts[1]) and (a - b) % 720 == 0
    apart = abs(a - b) / max(abs(a), abs(b))
    if one.measure == other.measure == "time" and one.parts[1] != other.parts[1]:
        return apart <= 0.02  # "30 days" and "1 month"
    coarse, fine = (one, other) if _digits(one) < _digits(other) else (other, one)
    rounded = _round(float(fine.amount or 0), _digits(coarse))
    if math.isclose(rounded, float(coarse.amount or 0), rel_tol=1e-9):
        # "2 million" for 1.98 million is rounding in any case; "11" is not "about 10" unasked.
        if apart <= 0.01 and _digits(one) != _digits(other):
            return True
        if one.about or other.about:
            return apart <= 0.25
    # "over 4 %" and "4.3 %", "nearly 2,000" and "1,950".
    return (one.about or other.about) and apart <= 0.1


def _digits(value: Value) -> int:
    """Digits that count: "2,000" has one, "1,998" four."""
    return max(1, len(re.sub(r"\D", "", value.parts[0]).strip("0")))


def _round(amount: float, digits: int) -> float:
    if amount == 0:
        return 0.0
    return round(amount, digits - 1 - math.floor(math.log10(abs(amount))))


def _has_names(tokens: Sequence[_Token]) -> bool:
    """Whether capitals say anything: in a heading or a table row nearly every word has one."""
    lettered = [token for token in tokens if token.group == "word" and len(token.text) > 3]
    capitals = sum(token.capital for token in lettered)
    return len(lettered) < 3 or capitals <= 0.75 * len(lettered)


def _date(text: str, tokens: Sequence[_Token], at: int) -> tuple[Value, int] | None:
    here = tokens[at]
    year = month = day = ""
    taken = 0
    if here.lower in _WEEKDAYS and here.capital:
        return _made(text, tokens, at, 1, Kind.DATE, ("", "", here.lower)), 1
    if _is_day(here) and at + 1 < len(tokens) and _is_month(tokens, at + 1):
        day, month, taken = here.lower.removesuffix(here.tail), _MONTHS[tokens[at + 1].lower], 2
    elif _is_month(tokens, at):
        month, taken = _MONTHS[here.lower], 1
        if at + 1 < len(tokens) and _is_day(tokens[at + 1]):
            day, taken = tokens[at + 1].lower.removesuffix(tokens[at + 1].tail), 2
    if taken:
        following = at + taken
        if following < len(tokens) and _is_year(tokens[following].text):
            year, taken = tokens[following].text, taken + 1
        if (
            not (year or day)
            and here.lower in ("may", "march", "mar")
            and (at == 0 or tokens[at - 1].lower not in _YEARLY)
        ):
            return None
    elif _is_year(here.text) and _says_year(tokens, at):
        year, taken = here.text, 1
    if not taken:
        return None
    return _made(text, tokens, at, taken, Kind.DATE, (year, month, day)), taken


def _is_year(text: str) -> bool:
    return bool(re.fullmatch(r"1\d{3}s?|20\d\ds?", text))


def _says_year(tokens: Sequence[_Token], at: int) -> bool:
    """Whether a number like "1500" is a year: no thing that could be counted follows it."""
    before = tokens[at - 1].lower if at else ""
    following = tokens[at + 1] if at + 1 < len(tokens) else None
    if tokens[at].text.endswith("s") or before in _YEARLY or before in _MONTHS:
        return True
    if following is None or following.capital or following.group != "word":
        return following is None or following.group != "percent"
    # "2024 revenue", "the 2024 results"; but "1500 people", "2000 words".
    if before in ("a", "an"):
        return True
    recent = tokens[at].text[:2] in ("19", "20") and following.lower != "people"
    if recent and (before in _BEFORE_YEARS or (at == 0 and following.lower[-1] != "s")):
        return True
    return following.lower in STOPWORDS


def _is_month(tokens: Sequence[_Token], at: int) -> bool:
    return tokens[at].lower in _MONTHS and tokens[at].capital


def _is_day(token: _Token) -> bool:
    digits = token.lower.removesuffix(token.tail) if token.tail else token.lower
    return token.tail != "s" and digits.isdecimal() and len(digits) <= 2 and 1 <= int(digits) <= 31


def _number(text: str, tokens: Sequence[_Token], at: int) -> tuple[Value, int] | None:
    here = tokens[at]
    if here.lower in _ORDINALS or (
        here.group == "number" and here.tail in ("st", "nd", "rd", "th")
    ):
        place = _ORDINALS.get(here.lower) or here.lower.removesuffix(here.tail)
        return _made(text, tokens, at, 1, Kind.NUMBER, (f"{place}.",)), 1
    amount, spelling, taken = _amount(tokens, at)
    if not taken:
        return None
    before = tokens[at - 1] if at else None
    if here.group == "number" and before is not None and before.lower in _LABELS:
        return _made(text, tokens, at, 1, Kind.NAME, (before.lower, here.lower)), 1
    measure, unit = "", ""
    end = at + taken
    if end + 1 < len(tokens) and tokens[end].lower in _DAYS and _unit(tokens[end + 1].lower):
        end += 1
    following = tokens[end].lower if end < len(tokens) else ""
    if following in _CLOCK or amount is None:
        taken += following in _CLOCK
        half = following if following in _CLOCK else ""
        minutes = (
            _minutes(here.text, half) if amount is None else amount * 60 + 720 * (half == "pm")
        )
        parts = (spelling, half)
        return _made(text, tokens, at, taken, Kind.NUMBER, parts, minutes, "clock"), taken
    if known := _unit(following):
        # Without its unit the number would not be the one that is meant.
        measure, size = known
        unit, taken = following.removesuffix("s"), end + 1 - at
        amount *= size
    value = _made(text, tokens, at, taken, Kind.NUMBER, (spelling, unit), amount, measure)
    return value, taken


def _minutes(clock: str, half: str) -> float:
    """A time of day, or any other pair of numbers with a colon, as one number."""
    hours, minutes = re.split("[:.,]", clock)[:2]
    return 60.0 * int(hours) + int(minutes) + 720 * (half == "pm" and int(hours) < 12)


def _unit(word: str) -> tuple[str, float] | None:
    return _UNITS.get(word) or _UNITS.get(word.removesuffix("s"))


def _amount(tokens: Sequence[_Token], at: int) -> tuple[float | None, str, int]:
    """Amount, spelling of its digits, and how many tokens it takes; none where there is none."""
    here = tokens[at]
    taken = 1
    if here.group == "number" and not here.tail:
        if ":" in here.text:
            return None, here.text, 1
        amount = _as_float(here.text)
        spelling = f"{amount:.12g}"
    elif here.lower in _SPELT and here.group == "word":
        amount = _SPELT[here.lower]
        following = tokens[at + 1].lower if at + 1 < len(tokens) else ""
        if here.lower in _TENS and 1 <= _ONES.get(following, 0) <= 9:
            amount, taken = amount + _ONES[following], 2
        spelling = f"{amount:.12g}"
    else:
        return None, "", 0
    while at + taken < len(tokens) and tokens[at + taken].lower in _TIMES:
        amount *= _TIMES[tokens[at + taken].lower]
        taken += 1
    return amount, spelling, taken


def _as_float(number: str) -> float:
    extra = _FRACTIONS.get(number[-1], 0.0)
    number = plain(number.rstrip("½¼¾"))
    if number.count(".") > 1:
        number = number.replace(".", "")
    return float(number) + extra


def _name(
    text: str, tokens: Sequence[_Token], at: int, names: frozenset[str]
) -> tuple[Value, int] | None:
    if not _names_something(tokens, at, names):
        return None
    taken = 1
    while at + taken < len(tokens):
        following = tokens[at + taken]
        gap = text[tokens[at + taken - 1].end : following.start]
        if gap.strip("-. \n"):
            break
        if following.capital and following.group in ("word", "label"):
            taken += 1
        elif following.lower in _INSIDE_NAMES and _names_after(text, tokens, at + taken):
            taken += 2
        elif (
            following.group == "number" and following.lower.isdecimal() and len(following.text) < 4
        ):
            # "Super Bowl 50": the number is part of the name.
            taken += 1
            break
        else:
            break
    said = [token.lower for token in tokens[at : at + taken]]
    parts = tuple(word for word in said if word not in STOPWORDS) or tuple(said)
    return _made(text, tokens, at, taken, Kind.NAME, parts), taken


def _names_something(tokens: Sequence[_Token], at: int, names: frozenset[str]) -> bool:
    here = tokens[at]
    if here.group == "label":
        return True
    if here.group != "word" or not here.capital or here.lower in _NO_NAMES:
        return False
    if here.lower in STOPWORDS or here.text[0] == "_":
        return False
    # The first word has a capital in any case; an all-capital one or a run is a name all the same.
    following = tokens[at + 1] if at + 1 < len(tokens) else None
    alone = following is None or not following.capital or following.lower in STOPWORDS
    shouted = len(here.text) > 1 and here.text.isupper()
    return at > 0 or not alone or shouted or here.lower in names


def _names_after(text: str, tokens: Sequence[_Token], at: int) -> bool:
    """Whether a capitalised word follows the connecting one at `at`, in the same line of words."""
    if at + 1 >= len(tokens):
        return False
    following = tokens[at + 1]
    gap = text[tokens[at].end : following.start]
    return following.capital and following.group == "word" and not gap.strip()


def _made(
    text: str,
    tokens: Sequence[_Token],
    at: int,
    taken: int,
    kind: Kind,
    parts: tuple[str, ...],
    amount: float | None = None,
    measure: str = "",
) -> Value:
    start, end = tokens[at].start, tokens[at + taken - 1].end
    end -= len(tokens[at + taken - 1].text) - len(_POSSESSIVE.sub("", tokens[at + taken - 1].text))
    about = kind is Kind.NUMBER and bool(_ABOUT.search(text[:start]))
    return Value(kind, start, end, text[start:end], parts, amount, measure, about)


@functools.lru_cache(maxsize=65536)
def _stem(word: str) -> str:
    found = stems(word)
    return found[0] if found else word
