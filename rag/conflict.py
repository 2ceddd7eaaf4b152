"""Do two sources disagree? Both sides, the newer first.

The sentences of the passages found that share most of their words with a quote are compared with it
(`find`); of two that disagree the documents say which is newer, and both are shown (`shown`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rag import dates
from rag.disagree import Difference, Rules, about, asking_for, compare
from rag.quote import of_sentence
from rag.records import Conflict, Document, Quote
from rag.retrieve import Retrieved
from rag.text import content_stems, is_row

MOST_CONFLICTS = 2
"""Named in one answer; each adds at most one quote to it."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A sentence of a passage that was found.

    `chunk` is the id of its passage, `before` the sentence or heading before it, `words` are stems
    of those that carry meaning.
    """

    quote: Quote
    chunk: str
    before: str
    words: frozenset[str]


_SELF = re.compile(r"\b(?:we|our|us|the (?:company|group|bank|firm|registrant))\b", re.IGNORECASE)
_EDITION = re.compile(
    r"\b(?:v|ver|version|edition|ed|rev|revision|issue)[ ._-]*(\d{1,3})\b"
    r"|\b(first|second|third|fourth|fifth|sixth|1st|2nd|3rd|[4-9]th)[ _-]+"
    r"(?:version|edition|revision|issue)\b",
    re.IGNORECASE,
)
_PLACES = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6}
_VERSIONED = re.compile(
    r"\b(?:v|version|edition|ed|rev|revision|issue|first|second|third|old|new|older|newer|draft|"
    r"final|copy|updated|current|previous)\b|\d+",
    re.IGNORECASE,
)


def find(
    question: str, quotes: Sequence[Quote], found: Retrieved, rules: Rules = Rules()
) -> tuple[Conflict, ...]:
    """The disagreements of the quotes with sentences of other documents, best quote first.

    Nothing is read but the passages that were found. Their sides are not proven yet.
    """
    if len({passage.document.id for passage in found.passages}) < 2:
        return ()
    places = tuple(_places(found))
    at = {_key(each.quote): each for each in places}
    ranked = sorted(quotes, key=lambda one: (-one.score, one.document.id, one.start))
    asked = about(question)
    pairs = [
        (quote, mine, place)
        for quote in ranked
        if (mine := at.get(_key(quote)))  # else it is a row of a table
        # A lesser quote may be there to fill the answer: it matters where it says what is asked.
        and (quote is ranked[0] or mine.words & asked)
        for place in _rivals(mine, places)
    ]
    if not pairs:
        return ()
    said = {(each.quote.document.id, _bare(each.quote.text)) for each in places}
    names, heads = _names(places)
    wanted = asking_for(question)
    named = {passage.document.id: passage.named for passage in found.passages}
    conflicts: dict[tuple[str, ...], Conflict] = {}
    for quote, mine, place in pairs:
        # It says nearly what its partner says, and scores as that.
        other = replace(place.quote, score=quote.score)
        if (other.document.id, _bare(quote.text)) in said:
            continue  # That document says the same, whatever else it says.
        if (quote.document.id, _bare(other.text)) in said:
            continue
        alike = editions(quote.document, other.document, rules) or _copied(mine, place, places)
        differences = compare(
            quote.text,
            other.text,
            question,
            wanted,
            alike=alike,
            before=(mine.before, place.before),
            names=names | heads if alike else names,
            rules=rules,
        )
        if differences and not _of_one_only(question, quote, other, quotes, named):
            made = _ordered(quote, other, differences[0])
            values = sorted(value.casefold() for value in made.values)
            key = (*sorted((quote.document.id, other.document.id)), *values)
            conflicts.setdefault(key, made)
    return tuple(conflicts.values())[:MOST_CONFLICTS]


def shown(quotes: Sequence[Quote], conflicts: Sequence[Conflict]) -> tuple[Quote, ...]:
    """The quotes with both sides of each conflict among them, the newer first."""
    ordered = list(quotes)
    for conflict in conflicts:
        places = [at for at, quote in enumerate(ordered) if _is_side(quote, conflict)]
        kept = [quote for quote in ordered if not _is_side(quote, conflict)]
        at = min(places, default=len(kept))
        ordered = [*kept[:at], conflict.newer, conflict.older, *kept[at:]]
    return tuple(ordered)


def _is_side(quote: Quote, conflict: Conflict) -> bool:
    return _key(quote) in (_key(conflict.newer), _key(conflict.older))


def _key(quote: Quote) -> tuple[str, int]:
    return quote.document.id, quote.start


# -- what may disagree -------------------------------------------------------------------------


def _places(found: Retrieved) -> Iterator[_Place]:
    """The sentences of all passages found, but rows of tables."""
    for passage in found.passages:
        for chunk in (passage.chunk, *passage.more):
            if chunk.columns:
                continue
            stored = found.chunks[chunk.id]
            before = chunk.headings[-1] if chunk.headings else ""
            for at in range(len(stored.sentences)):
                quote = of_sentence(stored, passage.document, at)
                if is_row(quote.text):
                    continue
                words = frozenset(content_stems(quote.text))
                yield _Place(quote, chunk.id, before, words)
                before = quote.text


def _names(places: Sequence[_Place]) -> tuple[frozenset[str], frozenset[str]]:
    """Words, in lower case, that are never written small, inside sentences and at their heads."""
    large: set[str] = set()
    small: set[str] = set()
    heads: set[str] = set()
    for each in places:
        for at, word in enumerate(re.findall(r"[^\W\d_]+", each.quote.text)):
            if word[0].islower():
                small.add(word)
            else:
                (large if at else heads).add(word.lower())
    return frozenset(large - small), frozenset(heads - small)


def _rivals(mine: _Place, places: Sequence[_Place]) -> list[_Place]:
    """The two sentences of each other document that share most words with one."""
    rivals: dict[str, list[tuple[float, int, _Place]]] = {}
    own = mine.words
    for each in places:
        document = each.quote.document.id
        both = len(own & each.words) if document != mine.quote.document.id else 0
        if both and both >= 0.4 * min(len(own), len(each.words)):
            share = 2 * both / (len(own) + len(each.words))
            if share >= 0.3:
                rivals.setdefault(document, []).append((-share, each.quote.start, each))
    return [
        place
        for rows in rivals.values()
        for _, _, place in sorted(rows, key=lambda row: row[:2])[:2]
    ]


def _copied(one: _Place, other: _Place, places: Sequence[_Place]) -> bool:
    """Whether most of what stands around the two sentences is the same as well."""
    around = [
        frozenset[str]().union(
            *(each.words for each in places if each.chunk == side.chunk and each is not side)
        )
        for side in (one, other)
    ]
    both = len(around[0] & around[1])
    return both >= 5 and 2 * both >= 0.6 * (len(around[0]) + len(around[1]))


def _bare(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def _of_one_only(
    question: str,
    quote: Quote,
    other: Quote,
    quotes: Sequence[Quote],
    named: Mapping[str, float],
) -> bool:
    """Whether the question asks about one of the two documents and not about the other.

    "We" and "the company" are someone else in each document: what the question names decides. So
    does a period that it names, unless both sides are quoted anyway.
    """
    apart = abs(named.get(quote.document.id, 0.0) - named.get(other.document.id, 0.0))
    own = _SELF.search(quote.text) or _SELF.search(other.text)
    if own and apart > 0.2:
        return True
    if any(_key(each) == _key(other) for each in quotes):
        return False
    asked = dates.periods(question)
    fits = [any(_overlap(period, one.document.date) for period in asked) for one in (quote, other)]
    return fits[0] != fits[1]


def _overlap(one: str, other: str) -> bool:
    if not one or not other:
        return False
    (first, last), (start, end) = dates.bounds(one), dates.bounds(other)
    return first <= end and start <= last


# -- which is newer ----------------------------------------------------------------------------


def _ordered(quote: Quote, other: Quote, difference: Difference) -> Conflict:
    values = (difference.first, difference.second)
    order = _order(quote.document, other.document)
    if order < 0:
        return Conflict(difference.kind, other, quote, (values[1], values[0]))
    return Conflict(difference.kind, quote, other, values, dated=order > 0)


def _order(one: Document, other: Document) -> int:
    """1 where `one` is newer, -1 where `other` is, 0 where the documents do not say."""
    spans = [_span(each) for each in (one, other)]
    if spans[0] and spans[1]:
        if spans[0][0] > spans[1][1]:
            return 1
        if spans[1][0] > spans[0][1]:
            return -1
    numbers = [_number_of_edition(each) for each in (one, other)]
    if None not in numbers and numbers[0] != numbers[1]:
        return 1 if (numbers[0] or 0) > (numbers[1] or 0) else -1
    return 0


def _span(document: Document) -> tuple[str, str] | None:
    """First and last day of the document's date, as text that sorts."""
    named = dates.periods(document.name.rpartition("/")[2])
    period = document.date or (max(named, key=len) if named else "")
    if not period:
        return None
    first, last = dates.bounds(period)
    return first.isoformat(), last.isoformat()


def _number_of_edition(document: Document) -> int | None:
    for text in (document.title, document.name.replace("_", " ")):
        match = _EDITION.search(text)
        if match:
            digits = match[1] or re.sub(r"\D", "", match[2])
            return int(digits) if digits else _PLACES[match[2].lower()]
    return None


def editions(one: Document, other: Document, rules: Rules = Rules()) -> bool:
    """Whether two documents look like editions of one: the same title but for year and number."""
    for texts in ((one.title, other.title), (one.name, other.name)):
        first, second = (
            set(content_stems(_VERSIONED.sub(" ", re.sub(r"[\W_]+", " ", text)) or " "))
            for text in texts
        )
        if len(first & second) >= 2 and len(first & second) >= rules.alike * len(first | second):
            return True
    return False
