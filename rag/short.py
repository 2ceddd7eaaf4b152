"""The short answer inside a quote, where the question plainly asks for one (`rag/asked.py`).

Every stretch of the quotes that could be such an answer (`rag/candidates.py`) is judged by features
that can be read: how near it stands to the words of the question, on which side of the verb,
whether the unit asked for stands beside it, how good its quote is. A softmax over all of them and
"none of these" gives a probability; below `SURE` nothing is marked. `benchmarks/fit_short.py` fits
the weights in `short.json` and says on what.
"""

from __future__ import annotations

import functools
import json
import math
import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files

from rag.asked import Asked, Kind, asked, kind
from rag.candidates import Candidate, begins_sentence, fitting
from rag.records import Quote, Span
from rag.text import STOPWORDS, content_stems, stems

__all__ = ["FEATURES", "SURE", "Judged", "judged", "kind", "mark", "probabilities"]

SURE = 0.7
"""Least probability (0..1) with which a short answer is marked.

On the rows that the weights were fitted on, 90 % of what is marked then is the answer, holds it or
stands in it, and 32 % of the questions with a plain kind get a mark; 82 % and 50 % from 0.5 on.
Below it, less than half of the names marked on QED are right, whose questions are typed searches.
"""

FEATURES = (
    "near", "named", "clause", "cover", "lead", "few", "fit", "role", "side", "new", "plain",
    "single", "bare",
)  # fmt: skip
"""What a candidate is judged by; each 0..1, but `lead` -1..0 and `side` -1..1.

- `near`: how near the words of the question stand, the mean over its stems of 4 / (3 + words away).
- `named`: the same of names and numbers in the question alone.
- `clause`: share of the question's stems that stand in the candidate's clause.
- `cover`: share of the question's stems that stand in its quote.
- `lead`: ten times the score of its quote less the best score.
- `few`: one over the number of candidates in its quote.
- `fit`: the unit asked for stands beside an amount; a preposition of place before a place; a name
  of two to four words; a date of the form asked for.
- `role`: what is to be named ("which city", "who was the director") stands in it or before it.
- `side`: a name on the side of the verb where the answer stands; -1 for a place, or for what
  something was done to, where the question asks who did it.
- `new`: share of its own stems that are not in the question.
- `plain`: it neither stands at the beginning of a sentence, where every word has a capital, nor is
  it a word like "British" before a noun.
- `single`: it is no member of an enumeration.
- `bare`: no article stands before it: "the Broncos" are no person.
"""


@dataclass(frozen=True, slots=True)
class Judged:
    """A candidate: number of its quote, place in the quote's text, `FEATURES` in their order."""

    quote: int
    span: Span
    text: str
    features: tuple[float, ...]


def mark(question: str, quotes: Sequence[Quote], sure: float = SURE) -> tuple[Quote, ...]:
    """The quotes, one of them with its `short` set where the answer is plain.

    What several quotes say counts together; the likeliest place of it is marked. Quotes that carry
    a mark already, and text that reads like an instruction, are left as they are.
    """
    wanted = asked(question)
    free = [at for at, quote in enumerate(quotes) if quote.short is None and not quote.flags]
    if wanted is None or not free:
        return tuple(quotes)
    found = judged(question, wanted, [quotes[at] for at in free])
    chances = list(zip(found, probabilities(wanted, found), strict=True))
    together: dict[str, float] = defaultdict(float)
    for one, chance in chances:
        together[one.text.casefold()] += chance
    said = max(together, key=lambda text: (together[text], text), default="")
    if not said or together[said] < sure:
        return tuple(quotes)
    # max keeps the first of equals: the first quote, the first place in it.
    best, _ = max(
        (each for each in chances if each[0].text.casefold() == said), key=lambda each: each[1]
    )
    marked = list(quotes)
    marked[free[best.quote]] = replace(marked[free[best.quote]], short=best.span)
    return tuple(marked)


def probabilities(wanted: Asked, found: Sequence[Judged]) -> list[float]:
    """Of each candidate the probability that it is the answer; with "none of these" they make 1."""
    weights = _weights()[wanted.kind.value]
    totals = [
        sum(weights[name] * value for name, value in zip(FEATURES, one.features, strict=True))
        for one in found
    ]
    top = max([*totals, weights["none"]])
    powers = [math.exp(total - top) for total in totals]
    whole = sum(powers) + math.exp(weights["none"] - top)
    return [power / whole for power in powers]


def judged(question: str, wanted: Asked, quotes: Sequence[Quote]) -> list[Judged]:
    """All candidates of the kind asked for with their features, in the order of the quotes.

    What the question says itself is no answer to it, and no candidate.
    """
    about = tuple(dict.fromkeys(content_stems(question)))
    proper = _proper(question)
    best = max((quote.score for quote in quotes), default=0.0)
    found = []
    for number, quote in enumerate(quotes):
        spans = list(fitting(wanted, quote.text))
        if not spans:
            continue
        text = _Text.of(quote.text, about)
        own = [each for each in spans if set(text.inside(each[0])) - set(about)]
        for span, candidate in own:
            values = _near(text, span, about, proper)
            values |= {
                "lead": max(-1.0, (quote.score - best) * 10),
                "few": 1 / len(own),
                "fit": _fit(text, span, candidate, wanted),
                "role": float(wanted.role != "" and wanted.role in text.inside(span, before=3)),
                "side": _side(text, span, about, wanted),
                "plain": float(
                    not begins_sentence(quote.text, span.start)
                    and not _DESCRIBES.search(quote.text, span.start, span.end + 2)
                ),
                "single": float(not _listed(quote.text, span, spans)),
                "bare": float(not _ARTICLE.search(quote.text[: span.start][-6:])),
            }
            features = tuple(values[name] for name in FEATURES)
            found.append(Judged(number, span, quote.text[span.start : span.end], features))
    return found


# -- features --------------------------------------------------------------------------------------

_CLAUSE = re.compile(r"[;:()—–]|, |\b(?:but|although|though|while|whereas|however)\b")
_PREPOSITION = re.compile(
    r"\b(?:in|at|near|from|to|into|outside|through|across|around|between|of|on|off|over)"
    r"(?: (?:the|what is now|present-day|downtown|nearby|central|northern|southern|eastern|"
    r"western))?"
    r" ?(?:[\"“'‘`]+ ?)?$"
)
_BY = re.compile(r"\b(?:by|with|to|against)(?: (?:the|a|an)(?: \w+){0,2})? $")
_PASSIVE = frozenset(stems("was were been be is are"))
_THERE = re.compile(r"\b(?:in|at|near|from)(?: the)? $")
_ARTICLE = re.compile(r"\b(?:the|an?) $", re.IGNORECASE)
_DESCRIBES = re.compile(r"(?<![\w-])\w+(?:ish|ese|ian|can|ean|ench|utch|reek) [a-z]$")
_LIST = re.compile(r",? (?:and|or|&) |, (?:and |or )?|; ")
_BACK = 40  # characters before a candidate that are looked at


@dataclass(frozen=True, slots=True)
class _Text:
    """A quote cut to words: starts, ends, stems, clause of each, and which are the question's."""

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    stems: tuple[str, ...]
    clauses: tuple[int, ...]
    asked: tuple[int, ...]

    @classmethod
    def of(cls, text: str, about: Sequence[str]) -> _Text:
        matches = list(re.finditer(r"\w+", text))
        found = tuple("".join(stems(match.group())[:1]) for match in matches)
        starts = tuple(match.start() for match in matches)
        breaks = [match.start() for match in _CLAUSE.finditer(text)]
        return cls(
            text,
            starts,
            tuple(match.end() for match in matches),
            found,
            tuple(bisect_right(breaks, start) for start in starts),
            tuple(at for at, stem in enumerate(found) if stem in about),
        )

    def words(self, span: Span) -> tuple[int, int]:
        """Numbers of the first and, exclusive, the last word of a span."""
        return bisect_right(self.ends, span.start), bisect_left(self.starts, span.end)

    def inside(self, span: Span, before: int = 0) -> tuple[str, ...]:
        """Stems of a span and of so many words before it."""
        first, last = self.words(span)
        return self.stems[max(0, first - before) : last]


def _near(
    text: _Text, span: Span, about: Sequence[str], proper: frozenset[str]
) -> dict[str, float]:
    first, last = text.words(span)
    distance: dict[str, int] = {}
    together = set()
    for at in text.asked:
        if first <= at < last:
            continue
        stem = text.stems[at]
        away = first - at if at < first else at - last + 1
        distance[stem] = min(away, distance.get(stem, away))
        if text.clauses[at] == text.clauses[first]:
            together.add(stem)
    near = {stem: 4 / (3 + away) for stem, away in distance.items()}
    inside = text.inside(span)
    return {
        "near": sum(near.values()) / len(about),
        "named": sum(near.get(stem, 0.0) for stem in sorted(proper)) / (len(proper) or 1),
        "clause": len(together) / len(about),
        "cover": len({text.stems[at] for at in text.asked}) / len(about),
        "new": sum(stem not in about for stem in inside) / len(inside),
    }


def _fit(text: _Text, span: Span, candidate: Candidate, wanted: Asked) -> float:
    first, last = text.words(span)
    match wanted.kind:
        case Kind.AMOUNT if wanted.units:
            units = set(wanted.units)
            if units & set(text.stems[last : last + 2]):
                return 1.0
            around = (*text.stems[max(0, first - 3) : first], *text.stems[last : last + 4])
            return 0.5 if units & set(around) else 0.0
        case Kind.PLACE:
            start = max(0, span.start - _BACK)
            return float(bool(_PREPOSITION.search(text.text, start, span.start)))
        case Kind.NAME:
            return float(1 < last - first < 5 and not {"of", "the", "for"} & set(text.inside(span)))
        case Kind.DATE:
            fitting = (wanted.form, "day") if wanted.form else ("day", "year", "month")
            return float(candidate.form in fitting)
    return 0.0


def _side(text: _Text, span: Span, about: Sequence[str], wanted: Asked) -> float:
    if wanted.kind is not Kind.NAME or wanted.subject is None:
        return 0.0
    first, last = text.words(span)
    by = _BY.search(text.text[: span.start][-_BACK:])
    if wanted.subject:
        after = text.stems[last : last + 3]
        # "The station was founded by her" and "founded in Paris": done to it, or done there.
        if not by and (_PASSIVE & set(after) or _THERE.search(text.text[: span.start][-_BACK:])):
            return -1.0
        # "Written by" tells nothing of who sings.
        done = bool(by) and bool(set(text.stems[max(0, first - 4) : first]) & set(about))
        return 1.0 if done or about[0] in after else 0.5 if set(after) & set(about) else 0.0
    before = text.stems[max(0, first - 4) : first]
    return float(bool(by) or bool(set(before) & set(about)))


def _listed(text: str, span: Span, spans: Sequence[tuple[Span, Candidate]]) -> bool:
    """Whether another candidate stands beside it, with a comma or "and" between."""
    return any(
        (0 < span.start - other.end < 8 and _LIST.fullmatch(text, other.end, span.start))
        or (0 < other.start - span.end < 8 and _LIST.fullmatch(text, span.end, other.start))
        for other, _ in spans
    )


def _proper(question: str) -> frozenset[str]:
    """Stems of names and numbers in a question."""
    found = [
        word for word in re.findall(r"\w+", question)[1:] if word[0].isupper() or word.isdigit()
    ]
    return frozenset(
        stem for word in found if word.lower() not in STOPWORDS for stem in stems(word)
    )


@functools.cache
def _weights() -> Mapping[str, Mapping[str, float]]:
    fitted: dict[str, dict[str, float]] = json.loads(
        files("rag").joinpath("short.json").read_text(encoding="utf-8")
    )
    return fitted
