"""What in a text could be a date, an amount, a name or a place: exact spans, by rules on its form.

Names and places are runs of capitalised words, so that scripts without capitals give none.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.asked import Asked, Kind
from rag.records import Span
from rag.text import STOPWORDS, stems


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stretch of a text that could be an answer.

    `form` says what it is more closely: "day", "month", "year", "decade", "century", "range", "ago"
    of dates; "money", "percent", "time", "measure", "count" of amounts; "name" of names and places.
    `bare` is an amount without its unit, the month of a date, the ordinal of a century, the first
    of two joined places; `span` where there is none of it. `year` is the part that is a year alone.
    """

    span: Span
    form: str
    bare: Span
    year: Span | None = None


def dates(text: str) -> list[Candidate]:
    """Dates and periods, in the order of their places; what is inside another is left out.

    `rag/dates.py` reads what a document or a question is about, in one form; here spans are needed,
    and decades, centuries and years of any age too.
    """
    found: list[Candidate] = []
    taken = bytearray(len(text))
    for form, pattern in _DATES:
        for match in pattern.finditer(text):
            start, end = match.span()
            if any(taken[start:end]):
                continue
            named = match.groupdict()
            year = Span(*match.span("year")) if named.get("year") else None
            part = next((key for key in ("month", "ordinal") if named.get(key)), None)
            span = Span(start, end)
            found.append(Candidate(span, form, Span(*match.span(part)) if part else span, year))
            # A range leaves its years to be answers of their own.
            if form != "range":
                taken[start:end] = b"\1" * (end - start)
    return sorted(found, key=lambda one: (one.span.start, one.span.end))


def amounts(text: str) -> list[Candidate]:
    """Numbers in digits or words, each with its unit where one follows, in order."""
    found = []
    for match in _AMOUNT.finditer(text):
        units = [key for key in ("money", "coin", "percent", "time", "measure") if match[key]]
        form = (units[0] if units else "count").replace("coin", "money")
        if form == "count" and _FRACTION.search(match["number"]):
            form = "percent"
        number = max(match.end("number"), match.end("percent"))
        whole = max(number, *(match.end(key) for key in ("coin", "time", "measure")))
        found.append(Candidate(Span(match.start(), whole), form, Span(match.start(), number)))
    return found


def names(text: str) -> list[Candidate]:
    """Runs of capitalised words, in order, without words that only begin a sentence."""
    return [Candidate(span, "name", span) for span in _runs(text)]


def places(text: str) -> list[Candidate]:
    """Names; those after a word of place are joined over a comma: "in Austin, Texas"."""
    found: list[Candidate] = []
    for span in _runs(text):
        last = found[-1] if found else None
        if (
            last
            and _COMMA.fullmatch(text, last.span.end, span.start)
            and (last.span != last.bare or _IN.search(text[: last.span.start][-20:]))
        ):
            found[-1] = Candidate(Span(last.span.start, span.end), "name", last.bare)
        else:
            found.append(Candidate(span, "name", span))
    return found


def lacks(wanted: Asked, question: str, text: str) -> bool:
    """Whether a text offers nothing of the form asked for, but what the question says itself."""
    known = set(stems(question))
    return all(
        set(stems(text[span.start : span.end])) <= known for span, _ in fitting(wanted, text)
    )


def begins_sentence(text: str, at: int) -> bool:
    """Whether a word there would be written with a capital anyway."""
    return at == 0 or bool(_BEGINS.search(text[max(0, at - 6) : at]))


# -- candidates in the form asked for --------------------------------------------------------------

_JOINED = ("", "citi", "town", "villag")
"""Roles, as stems, where a town answers with its state: "Austin, Texas"."""

_PRONOUN = re.compile(r"\W*(?:he|she)\b", re.IGNORECASE)
_AGE = re.compile(r"\b(?:age|aged|ages|age of) $|, $")


def fitting(wanted: Asked, text: str) -> Iterator[tuple[Span, Candidate]]:
    """What in a text has the form asked for: the stretch that answers, and its candidate."""
    match wanted.kind:
        case Kind.DATE:
            for one in dates(text):
                span = _date(wanted.form, one)
                if span:
                    yield span, one
        case Kind.AMOUNT:
            days = dates(text)
            if wanted.form == "time":
                yield from ((one.span, one) for one in days if one.form == "range")
            dated = [one.span for one in days if one.form != "ago"]
            for one in amounts(text):
                in_date = any(day.start <= one.span.start < day.end for day in dated)
                span = _amount(wanted, one, in_date, text[: one.span.start][-12:])
                if span:
                    yield span, one
        case Kind.PLACE if wanted.role in _JOINED:
            yield from ((one.span, one) for one in places(text))
        case _:
            # Who "she" is stands in another sentence; the names in this one are of others.
            if wanted.subject is False or not _PRONOUN.match(text):
                yield from ((one.span, one) for one in names(text))


def _date(form: str, one: Candidate) -> Span | None:
    """The stretch of a date that answers, None where it has another form."""
    if form == "year" and one.year:
        return one.year
    if form in ("month", "century") and one.bare != one.span:
        return one.bare
    if form == "ago":
        return one.span if one.form == "ago" else None
    if form in ("year", "decade", "century"):
        return one.span if one.form in (form, "decade") else None
    return one.span


def _amount(wanted: Asked, one: Candidate, in_date: bool, before: str) -> Span | None:
    """The stretch of an amount that answers, None where it has another form."""
    match wanted.form:
        case "count":
            # 1442 costumes: it looks like a year, and its unit tells that it is none.
            return None if one.form in ("money", "percent") and not wanted.units else one.bare
        case "money" | "percent" | "measure":
            return one.span if one.form == wanted.form else None
        case "time":
            return (
                one.span if one.form == "measure" or (one.form == "time" and not in_date) else None
            )
        case "age" if one.form != "time":
            return one.bare if _AGE.search(before) and not in_date else None
        case "age":
            return one.span
    return None if in_date else one.span


# -- numbers and dates -----------------------------------------------------------------------------

_SCALE = "hundred|thousand|million|billion|trillion|dozen"
_DIGITS = r"(?:\d{1,3}(?:[, \u00a0\u202f]\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?[½¼¾]?)"
_ONES = "one|two|three|four|five|six|seven|eight|nine"
_SPELT = (
    rf"(?:(?:twen|thir|for|fif|six|seven|eigh|nine)ty(?:[- ](?:{_ONES}))?|ten|eleven|twelve"
    r"|(?:thir|four|fif|six|seven|eigh|nine)teen|(?:an? )?(?:dozen|hundred|thousand|[mb]illion)"
    rf"|(?:a )?(?:half|quarter)|a third|(?:{_ONES})(?:[- ](?:thirds?|quarters?|fifths?|tenths?))?)"
)
_QUANTITY = rf"(?:{_DIGITS}|\b{_SPELT}\b)"
_TIME = r"(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|decades?|centur(?:y|ies))"
_MEASURE = (
    r"(?:(?:square |cubic |sq\.? ?|cu\.? ?|nautical )?(?:(?:kilo|centi|milli)?met(?:re|er)s?|"
    r"miles?|yards?|feet|foot|ft|inch(?:es)?|km|cm|mm|mi|m)"
    r"(?:[²³23]|\b)(?: per (?:hour|second)|/[hs])?|"
    r"acres?|ha|hectares?|mph|kph|(?:kilo|giga|mega)?(?:watts?|tonn?es?|tons?)|(?:kilo)?grams?|kg|"
    r"pounds?|lbs?|ounces?|oz|lit(?:re|er)s?|gallons?|barrels?|light[- ]years?|[KMG]?bit/s|"
    r"[kMG]Hz|[kMG]W|° ?[CFEWNS]|degrees?(?: Celsius| Fahrenheit)?)"
)
_COIN = r"(?:US |Australian |Canadian )?(?:dollars?|euros?|pounds?|yen|francs?|cents?|EUR|USD)"
_FRACTION = re.compile("half|third|quarter|fifth|tenth", re.IGNORECASE)
_AMOUNT = re.compile(
    r"(?<![\w./-])(?<!\d,)(?P<money>(?:US|AU|C|A)?[$€£¥] ?)?"
    rf"(?P<number>{_QUANTITY}(?:(?: ?[-–—] ?| to | or ){_QUANTITY})?(?:[- ](?:{_SCALE})\b)*)"
    rf"(?: (?P<coin>{_COIN})\b|(?P<percent> ?%| per ?cent\b)|[- ]?(?P<time>{_TIME}\b)(?: ago\b)?"
    rf"|[- ]?(?P<measure>{_MEASURE})(?!\w))?(?!\w|[.,]\d)",
    re.IGNORECASE,
)

_MONTH = r"(?:" + "|".join([*calendar.month_name[1:], *calendar.month_abbr[1:], "Sept"]) + r")\b\.?"
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_ERA = r"(?: ?(?:BCE?|CE|AD|B\.C\.|A\.D\.))"
_YEAR = rf"(?:AD )?(?:1\d{{3}}|20\d\d|\d{{1,4}}(?={_ERA})){_ERA}?"
_ORDINAL = (
    r"(?:\d{1,2}(?:st|nd|rd|th)|(?i:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth"
    r"|eleventh|twelfth|(?:thir|four|fif|six|seven|eigh|nine)teenth|twentieth|twenty-first))"
)
_FREE = r"(?<![\w.,/$€£¥-])"
_ENDS = r"(?![\w%]|[.,]\d|/\d)"
_DATES = [
    (form, re.compile(pattern))
    for form, pattern in (
        ("ago", rf"{_FREE}{_QUANTITY}(?: (?:{_SCALE}))* {_TIME} ago\b"),
        ("day", rf"\b(?P<month>{_MONTH}) {_DAY},? (?P<year>{_YEAR}){_ENDS}"),
        ("day", rf"{_FREE}{_DAY}(?: of)? (?P<month>{_MONTH}),? (?P<year>{_YEAR}){_ENDS}"),
        ("day", r"(?<![\w-])(?P<year>(?:1\d|20)\d\d)-\d\d-\d\d(?![\w-])"),
        ("month", rf"\b(?P<month>{_MONTH}),? (?P<year>{_YEAR}){_ENDS}"),
        ("day", rf"\b(?P<month>{_MONTH}) {_DAY}{_ENDS}"),
        ("day", rf"{_FREE}{_DAY}(?: of)? (?P<month>{_MONTH})(?!\w)"),
        ("range", rf"\bbetween {_YEAR} and (?:{_YEAR}|\d\d){_ENDS}"),
        ("range", rf"{_FREE}{_YEAR}(?: to | ?[-–—] ?)(?:{_YEAR}|\d\d){_ENDS}"),
        ("decade", r"(?<![\w.,])(?:1\d|20)\d0s\b"),
        (
            "century",
            rf"(?:\bmid-|(?<![\w-]))(?P<ordinal>{_ORDINAL})[ -][Cc]entur(?:y|ies)\b{_ERA}?",
        ),
        ("year", rf"{_FREE}(?P<year>{_YEAR}){_ENDS}"),
        ("year", rf"(?<=\d[-–—])(?P<year>{_YEAR}){_ENDS}"),
        ("month", rf"(?:(?<=\b[Ii]n )|(?<=\b[Bb]y ))(?:{_MONTH})(?! \d)"),
    )
]

# -- runs of capitalised words ---------------------------------------------------------------------

_TOKEN = re.compile(r"[^\W_]+(?:['’.&-][^\W_]+)*")
# What a name may hold between two capitals; "and" parts two names instead.
_INSIDE = frozenset(
    "of de la le du des del della da di dos van von der den ter al bin ibn el y e und the & aan zu "
    "and".split()
)
_COMPOUND = re.compile(r"-(?:based|born|led|wide|era|style|like|speaking|owned|run)$")
_ABBREVIATED = re.compile(r"[A-Z]|St|Dr|Mr|Mrs|Ms|Jr|Sr|Prof|Gen|Col|Sgt|Lt|Rev|Mt|Ft")
_SHORTENED = re.compile(r"(?<!\w)(?:(?:[A-Z]\.)+[A-Z]|Jr|Sr|Inc|Co|Corp|Ltd)$")
_BEGINS = re.compile(r"(?:[.!?:•*\n]\s*|[\"“‘(\[]\s*)$")
_COMMA = re.compile(r" ?, ")
_IN = re.compile(r"\b(?:in|at|near|from|to|outside|of)(?: the)? $")
_OPENERS = (
    STOPWORDS
    | frozenset(
        """across although another around along among behind beyond currently despite early even
        every first following from furthermore hence however initially instead later like many
        meanwhile moreover near never no none not one originally per second several since some still
        therefore third though thus today two three four five six seven eight nine ten unlike upon
        via when whereas within without yet according""".split()
    )
    | {name.lower() for name in (*calendar.month_name, *calendar.month_abbr, *calendar.day_name)}
)

Run = list[re.Match[str]]


def _runs(text: str) -> Iterator[Span]:
    run: Run = []
    waiting: Run = []
    for token in _TOKEN.finditer(text):
        if run and not _joined(text, (waiting or run)[-1], token):
            yield from _name(text, run)
            run, waiting = [], []
        word = token.group()
        numbered = run and not waiting and word.isdigit() and len(word) < 3
        if _capital(word) or numbered:
            run += [*waiting, token]
            waiting = []
            # "Eutelsat's Eurobird" are two names.
            if word.endswith(("'s", "’s")):
                yield from _name(text, run)
                run = []
        elif run and word in _INSIDE and len(waiting) < 2:
            waiting.append(token)
        elif run:
            yield from _name(text, run)
            run, waiting = [], []
    yield from _name(text, run)


def _capital(word: str) -> bool:
    if _COMPOUND.search(word):
        return False
    return word[0].isupper() or (word[:3] in ("al-", "el-") and word[3:4].isupper())


def _joined(text: str, one: re.Match[str], other: re.Match[str]) -> bool:
    between = text[one.end() : other.start()]
    if between == ". ":
        return bool(_ABBREVIATED.fullmatch(one.group().rpartition(".")[2]))
    return between in (" ", " & ")


def _name(text: str, run: Sequence[re.Match[str]]) -> Iterator[Span]:
    """The span of a run, or of its parts at "and", without words that only begin a sentence."""
    for at, token in enumerate(run):
        if token.group() == "and":
            yield from _name(text, run[:at])
            yield from _name(text, run[at + 1 :])
            return
    first, last = 0, len(run)
    while first < last and (_opens(text, run[first]) or run[first].group() in _INSIDE):
        first += 1
    while last > first and run[last - 1].group() in _INSIDE:
        last -= 1
    if first == last:
        return
    start, end = run[first].start(), run[last - 1].end()
    if text[start:end].endswith(("'s", "’s")):
        end -= 2
    # "U.S." and "Jr." keep their full stop.
    if text[end : end + 1] == "." and _SHORTENED.search(text[start:end]):
        end += 1
    if end - start > 1:
        yield Span(start, end)


def _opens(text: str, token: re.Match[str]) -> bool:
    """Whether a word only opens a sentence, or is of the calendar; an initial is neither."""
    word = token.group()
    if len(word) == 1 and text[token.end() : token.end() + 1] == ".":
        return False
    return word.lower() in _OPENERS
