"""Starter cases for a library: questions with evidence, made from its own sentences by rules.

They are a beginning for a person to correct, never a measure by themselves: a question that was
made from a sentence repeats its words, so that finding the sentence is easier than in life. The
same library gives the same cases, byte by byte.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from rag.candidates import begins_sentence, dates, names
from rag.errors import LibraryMissing, SourceboundError
from rag.evaluation.drafting.clause import Casing
from rag.evaluation.drafting.rules import Draft, drafts
from rag.library.catalogue import Catalogue
from rag.library.folder import Library
from rag.quote import of_sentence, proven
from rag.records import Document, Quote
from rag.terms import ENGLISH, terms
from rag.text import STOPWORDS, content_stems

MOST_SENTENCES = 20_000
"""Sentences that are read, documents in the order of their ids; the rules take .4 ms for each."""

_FEW = 5  # cases of one document, or twice its even share where that is more
_NEAR_YEARS = 40  # between a year and one that is taken for it
_TWICE = 2  # near misses for which one name is taken
_AT_ONCE = 200  # passages read at once
_MOST_NAMES = 400  # names of the texts that are tried besides the subjects of questions


@dataclass(frozen=True, slots=True)
class Origin:
    """A draft and the sentence it was made from."""

    draft: Draft
    quote: Quote


@dataclass(frozen=True, slots=True)
class Starters:
    """Cases as rows of JSON, answerable ones first.

    `complete` is False where the library has more sentences than are read.
    """

    rows: tuple[dict[str, Any], ...]
    complete: bool = True

    def summary(self) -> dict[str, Any]:
        """How many there are, by rule and in all."""
        made = [row for row in self.rows if row["answerable"]]
        rules = Counter(str(row["origin"]["rule"]) for row in made)
        return {
            "cases": len(self.rows),
            "answerable": len(made),
            "unanswerable": len(self.rows) - len(made),
            "rules": dict(sorted(rules.items(), key=lambda each: (-each[1], each[0]))),
            "documents": len({row["evidence"][0]["document"] for row in made}),
            "complete": self.complete,
        }


def starters(
    library: Library, count: int, unanswerable: float, *, most: int = MOST_SENTENCES
) -> Starters:
    """At most `count` cases, of which the share `unanswerable` (0..1) has no answer here.

    Of the library `most` sentences are read.

    Raises `LibraryMissing` where the library holds no document, `SourceboundError` where no case
    can be made of its documents.
    """
    catalogue = library.catalogue
    with catalogue.reading():
        documents = catalogue.documents()
        if not documents:
            raise LibraryMissing(
                f"The library at {library.path} holds no document yet. Load some with `rag load`."
            )
        read, complete = _read(catalogue, documents, most)
        casing = Casing(quote.text for quote in read)
        found = _distinct(
            Origin(draft, quote) for quote in read for draft in drafts(quote.text, casing)
        )
        wanted = count - round(count * unanswerable)
        chosen = _chosen(found, _of_headings(read), wanted)
        # The share is one of what can be made, not of what was asked for.
        short = 0 < len(chosen) < wanted
        misses = round(len(chosen) * unanswerable / (1 - unanswerable)) if short else count - wanted
        if not chosen and (wanted or not found):
            raise SourceboundError(
                f"No question can be made from the documents in {library.path}: the rules need "
                "English sentences or headings. Write the cases by hand; README.md shows a row."
            )
        rows = [_answerable(group) for group in chosen]
        groups = [*chosen, *found]
        rows += _NearMisses(catalogue, read, found, groups, casing).rows(groups, misses)
    return Starters(tuple(rows), complete)


# -- reading ---------------------------------------------------------------------------------------


def _read(
    catalogue: Catalogue, documents: Sequence[Document], most: int
) -> tuple[list[Quote], bool]:
    """Sentences of the English documents, each proven, and whether that is all of them."""
    languages = catalogue.languages_of([document.id for document in documents])
    found: list[Quote] = []
    for document in sorted(documents, key=lambda one: one.id):
        if languages.get(document.id) != ENGLISH:
            continue
        keys = catalogue.chunk_keys([document.id])
        for start in range(0, len(keys), _AT_ONCE):
            stored = catalogue.chunks(keys[start : start + _AT_ONCE])
            quotes: dict[int, Quote] = {}
            for key in sorted(stored):
                for at in range(len(stored[key].sentences)):
                    quote = of_sentence(stored[key], document, at)
                    # Where passages overlap, a sentence stands in two.
                    if not (quote.columns or quote.caption or quote.flags):
                        quotes.setdefault(quote.start, quote)
            found += proven([*quotes.values()], catalogue)
            if len(found) > most:
                return found[:most], False
    return found, True


Group = tuple[Origin, ...]
"""Sentences that answer the same question; the first one's draft is asked."""


def _distinct(found: Iterable[Origin]) -> list[Group]:
    """Each question once, with every sentence that answers it alike.

    A question to which another sentence gives another answer is left out: which of the two is
    right is nothing that a rule can tell.
    """
    groups: dict[tuple[str, ...], list[Origin]] = {}
    for one in found:
        draft = one.draft
        key = (draft.rule, *sorted(content_stems(f"{draft.subject} {draft.fact}")))
        groups.setdefault(key, []).append(one)
    kept: list[Group] = []
    asked: set[str] = set()
    for group in groups.values():
        answers = [content_stems(one.draft.answer) for one in group]
        alike = all(_same(answers[0], other) for other in answers[1:])
        question = group[0].draft.question
        if (alike or all(one.draft.merged for one in group)) and question not in asked:
            asked.add(question)
            kept.append(tuple(group))
    return kept


def _same(one: Sequence[str], other: Sequence[str]) -> bool:
    return set(one) <= set(other) or set(other) <= set(one)


_ENUMERATED = re.compile(
    r"^(?:chapter |section |part |appendix )?[\dIVXA-Z.]{1,6}[.):] |^[\d.]+ ", re.I
)
_UNTELLING = frozenset(
    """introduction conclusion conclusions references contents appendix summary notes overview
    background abstract acknowledgements bibliography index glossary preface foreword general other
    miscellaneous""".split()
)


def _of_headings(read: Sequence[Quote]) -> list[Group]:
    """What a document says under a heading of its own: its section's first sentence is evidence."""
    sections: dict[tuple[str, tuple[str, ...]], Quote] = {}
    titles: Counter[tuple[str, str]] = Counter()
    for quote in read:
        if not quote.headings or " ".join(quote.text.split()) == quote.headings[-1]:
            continue
        text = " ".join(quote.text.split())
        if len(text.split()) < 4 or not text.endswith((".", "!")):
            continue
        key = (quote.document.id, quote.headings)
        if key not in sections:
            sections[key] = quote
            titles[quote.document.id, quote.headings[-1].casefold()] += 1
    found: list[Group] = []
    for (identity, headings), quote in sections.items():
        heading = _ENUMERATED.sub("", headings[-1]).strip()
        words = heading.rstrip("?:").split()
        title = _title(quote.document)
        if (
            titles[identity, headings[-1].casefold()] > 1
            or not 1 <= len(words) <= 10
            or (len(words) == 1 and (len(words[0]) < 5 or words[0].lower() in _UNTELLING))
            or heading.casefold() in title.casefold()
            or heading.isupper()
            or not re.search(r"[a-z]{3}", heading)
            or re.search(r"[“”\"|]", heading)
        ):
            continue
        question = f"What does “{title}” say about “{heading.rstrip(':')}”?"
        found.append((Origin(Draft("heading", question, "", heading, ""), quote),))
    return found


def _title(document: Document) -> str:
    """What a person would call the document."""
    title = " ".join(document.title.split())
    words = title.split()
    plain = 1 <= len(words) <= 14 and re.search(r"[^\W\d_]{3}", title) and "“" not in title
    return title if plain else document.name


# -- choosing --------------------------------------------------------------------------------------


def _chosen(found: Sequence[Group], headings: Sequence[Group], wanted: int) -> list[Group]:
    """Round robin over the documents, each time of the rule that was used least."""
    by_document: dict[str, list[Group]] = {}
    for group in found:
        by_document.setdefault(_home(group), []).append(group)
    titled: dict[str, list[Group]] = {}
    for group in headings:
        titled.setdefault(_home(group), []).append(group)
    homes = sorted(by_document.keys() | titled.keys())
    room = max(_FEW, 2 * -(-wanted // max(1, len(homes))))
    chosen: list[Group] = []
    taken: Counter[str] = Counter()
    # A document without such sentences is spoken for by one of its headings.
    first = {home: by_document.get(home) or titled[home][:1] for home in homes}
    rest = {home: [one for one in titled.get(home, []) if one not in first[home]] for home in homes}
    for queues in (first, rest):
        left = {home: list(queues[home]) for home in homes}
        used: Counter[str] = Counter()
        while len(chosen) < wanted and any(left.values()):
            for home in homes:
                if not left[home] or len(chosen) == wanted:
                    continue
                if taken[home] >= room:
                    left[home] = []
                    continue
                best = min(left[home], key=lambda one: used[one[0].draft.rule])
                # One question of each sentence: two would measure the same finding.
                left[home] = [one for one in left[home] if one[0].quote != best[0].quote]
                used[best[0].draft.rule] += 1
                taken[home] += 1
                chosen.append(best)
    return chosen


def _home(group: Group) -> str:
    return group[0].quote.document.id


# -- rows ------------------------------------------------------------------------------------------


def _answerable(group: Group) -> dict[str, Any]:
    first = group[0]
    evidence = [
        {"document": one.document.name, "page": one.page, "quote": one.text}
        for one in dict.fromkeys(origin.quote for origin in group)
    ]
    return {
        "id": _id(first.draft.question),
        "question": first.draft.question,
        "answers": [each for each in dict.fromkeys(one.draft.answer for one in group) if each],
        "answerable": True,
        "evidence": evidence,
        "origin": {
            "rule": first.draft.rule,
            "sentence": " ".join(first.quote.text.split()),
            "from": {
                "document": first.quote.document.name,
                "start": first.quote.start,
                "end": first.quote.end,
            },
        },
        "checked": False,
    }


def _id(question: str) -> str:
    """Of the question itself: the same id never means another question in another file."""
    return f"starter-{hashlib.sha256(question.encode()).hexdigest()[:10]}"


# -- near misses -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Swap:
    """A name or a year that may stand for another: where it was found, and of which kind."""

    text: str
    kind: str
    home: str
    rule: str = ""


class Texts:
    """Which passages hold which words: enough to prove that two things stand nowhere together.

    A passage counts for what the one before it says as well, because "it" may mean that.
    """

    def __init__(
        self, passages: Iterable[tuple[str, str]], languages: Sequence[str], asked: Iterable[str]
    ) -> None:
        """`passages` are document and terms, in reading order; `asked` all that is asked about."""
        self._languages = list(languages)
        wanted = {term for text in asked for term in self.terms(text)}
        self._alike = {term: _alike(term) for term in wanted}
        self._held: dict[str, set[int]] = {
            other: set() for alike in self._alike.values() for other in alike
        }
        self._follows: set[int] = set()
        before = ""
        for at, (home, stored) in enumerate(passages):
            for term in self._held.keys() & set(stored.split()):
                self._held[term].add(at)
            if home == before:
                self._follows.add(at)
            before = home

    def terms(self, text: str) -> list[str]:
        """Terms of the words that carry meaning."""
        kept = [word for word in re.findall(r"[\w'’.-]+", text) if word.lower() not in STOPWORDS]
        return list(dict.fromkeys(terms(" ".join(kept), self._languages)))

    def apart(self, name: str, fact: str) -> bool:
        """Whether no passage that names the one says half of the other's words, or a like word.

        A name counts as named by its rarest word and by its last: "Tesla" is Nikola Tesla.
        """
        named = self.terms(name)
        said = self.terms(fact)
        # Of a word that was not looked for nothing is known.
        if not named or not said or not self._alike.keys() >= {*named, *said}:
            return False
        rarest = min(named, key=lambda term: (len(self._held[term]), term))
        places = self._held[rarest] | self._held[named[-1]]
        places = places | {at + 1 for at in places if at + 1 in self._follows}
        both = Counter[int]()
        for term in said:
            alike: set[int] = set()
            for other in self._alike[term]:
                alike |= self._held[other]
            both.update(alike & places)
        return all(2 * number < len(said) for number in both.values())


def _alike(term: str) -> set[str]:
    """The term and those of words that may say the same."""
    kin = (set(terms(family, [ENGLISH])) for family in _FAMILIES)
    return {term}.union(*(each for each in kin if term in each))


_FAMILIES = (
    "found founded establish establishment create creation start begin began begun form formed "
    "open launch set introduce introduced invent develop organise organize",
    "die died death dead kill killed born birth bury buried",
    "build built construct construction erect design complete finish",
    "locate located situated based headquartered headquarters lie lies stand stands home built",
    "close closed abolish dissolve end ended demolish destroy destroyed",
    "write wrote written publish published author compose print",
    "win won defeat defeated beat victory award awarded prize",
    "population inhabitants people residents",
    "own owned buy bought purchase acquire acquired sell sold",
    "name named call called known rename",
    "elect elected appoint appointed become became",
)


class _NearMisses:
    """Questions that are like answerable ones and have no answer in the library."""

    def __init__(
        self,
        catalogue: Catalogue,
        read: Sequence[Quote],
        found: Sequence[Group],
        groups: Sequence[Group],
        casing: Casing,
    ) -> None:
        self._casing = casing
        self._persons = _persons(read) | {
            one.draft.subject
            for group in found
            for one in group
            if one.draft.person or _HE.search(one.draft.question)
        }
        self._things = {
            one.draft.subject.removeprefix("the ")
            for group in found
            for one in group
            if one.draft.rule in ("definition", "called", "part") and not one.draft.person
        }
        self._asked = {group[0].draft.question for group in found}
        subjects = [
            Swap(name, self._kind(name), _home(group), group[0].draft.rule)
            for group in found
            if (name := exchangeable(group[0].draft))
        ]
        self._swaps = list(dict.fromkeys([*subjects, *self._names(read)]))
        self._years = _years(read)
        # Both read all passages of the library by their keys, so they go side by side.
        passages = zip(catalogue.owners(), catalogue.terms(), strict=True)
        self._texts = Texts(
            ((home, stored) for (_, home), (_, stored) in passages),
            catalogue.languages(),
            [
                *(f"{one.draft.subject} {one.draft.fact}" for group in groups for one in group),
                *(swap.text for swap in (*self._swaps, *self._years)),
            ],
        )
        self._used: Counter[str] = Counter()

    def rows(self, groups: Sequence[Group], wanted: int) -> list[dict[str, Any]]:
        """At most `wanted` rows, at most one of each question."""
        found: list[dict[str, Any]] = []
        once = list(dict.fromkeys(groups))
        plain = [group for group in once if group[0].draft.rule != "heading"]
        # A title with another year is the plainest of near misses: only where others lack.
        titled = [group for group in once if group[0].draft.rule == "heading"]
        told: set[str] = set()
        for group in (*plain, *titled):
            if len(found) == wanted:
                break
            if group[0].draft.rule == "heading":
                if _home(group) in told:
                    continue
                told.add(_home(group))
            row = self._by_name(group) or self._by_year(group)
            if row:
                found.append(row)
        return found

    def _by_name(self, group: Group) -> dict[str, Any] | None:
        draft = group[0].draft
        old = exchangeable(draft)
        if not old or draft.rule in _GENERAL:
            return None
        kind = self._kind(old)
        # What stands with the name in the subject belongs to the fact: "X's first school".
        fact = f"{draft.fact} {draft.subject.replace(old, ' ')}"
        return self._swapped(
            group, old, fact, [swap for swap in self._swaps if swap.kind == kind], "name"
        )

    def _by_year(self, group: Group) -> dict[str, Any] | None:
        draft = group[0].draft
        years = [one for one in dates(draft.question) if one.form == "year"]
        old = draft.question[years[0].span.start : years[0].span.end] if years else ""
        if len(years) != 1 or not old.isdigit():
            return None
        near = [swap for swap in self._years if abs(int(swap.text) - int(old)) <= _NEAR_YEARS]
        return self._swapped(group, old, f"{draft.subject} {draft.fact}", near, "year")

    def _swapped(
        self, group: Group, old: str, fact: str, swaps: Sequence[Swap], what: str
    ) -> dict[str, Any] | None:
        draft = group[0].draft
        homes = {one.quote.document.id for one in group}
        # First the subjects of questions of the same rule: what was built is no person.
        for swap in sorted(
            swaps, key=lambda one: (one.rule != draft.rule, not one.rule, self._used[one.text])
        ):
            if self._used[swap.text] >= _TWICE or swap.home in homes:
                continue
            shared = set(self._texts.terms(swap.text)) & set(self._texts.terms(draft.question))
            question = draft.question.replace(old, swap.text, 1)
            if shared or question in self._asked or not self._texts.apart(swap.text, fact):
                continue
            self._used[swap.text] += 1
            self._asked.add(question)
            return _unanswerable(question, group[0], old, swap, what)
        return None

    def _kind(self, name: str) -> str:
        """Names of one kind can stand for each other without making a question odd."""
        bare = name.removeprefix("the ")
        article = "the " if bare != name else ""
        last = bare.split()[-1]
        many = "many" if last.endswith("s") and not last.endswith("ss") else "one"
        if bare in self._persons:
            return f"person {many}"
        if bare.isupper():
            return f"{article}short {many}"
        if bare in self._things:
            return f"{article}thing {many}"
        if _BODY.search(bare):
            return f"{article}body {many}"
        if self._casing.is_place(last):
            return f"{article}place {many}"
        return f"{article}{'full' if ' ' in bare else 'single'} name {many}"

    def _names(self, read: Sequence[Quote]) -> Iterator[Swap]:
        """Names that the texts say often, most often first; with "the" where most have it."""
        seen: Counter[str] = Counter()
        article: Counter[str] = Counter()
        alone: Counter[str] = Counter()
        home: dict[str, str] = {}
        for quote in read:
            text = " ".join(quote.text.split())
            for one in names(text):
                name = text[one.span.start : one.span.end]
                if begins_sentence(text, one.span.start) or not _NAME.fullmatch(name):
                    continue
                seen[name] += 1
                article[name] += text[: one.span.start].endswith("the ")
                alone[name] += bool(_ALONE.match(text, one.span.end))
                home.setdefault(name, quote.document.id)
        often = sorted(seen, key=lambda name: (-seen[name], name))[:_MOST_NAMES]
        for name in often:
            # "British troops": what mostly stands before a noun is none by itself.
            if seen[name] >= 2 and 3 * alone[name] >= 2 * seen[name]:
                written = f"the {name}" if 2 * article[name] > seen[name] else name
                if " of " in name and written == name:
                    continue
                yield Swap(written, self._kind(written), home[name])


_GENERAL = frozenset({"heading", "definition", "acronym", "rule", "called"})
"""Rules whose question says nothing of its subject but the name: nothing would be a near miss."""

_NAME = re.compile(r"[A-Z][\w'’-]{2,}(?: (?:of |the |de )?[A-Z][\w'’-]+){0,3}")
_ALONE = re.compile(
    r"$|[.,;:)]|['’]s\b| (?:is|was|are|were|has|had|have|and|or|in|on|at|by|to|of|for|from|with|as|"
    r"which|who|that|where|when|\(|[a-z]+ed)\b"
)
_BODY = re.compile(
    r"\b(?:University|College|School|Institute|Academy|Office|Ministry|Department|Agency|Authority|"
    r"Commission|Committee|Council|Court|Parliament|Party|Church|Company|Corporation|Inc|Ltd|Bank|"
    r"Association|Society|Organi[sz]ation|Union|Museum|Library|Trust|Center|Centre|Group|Army|Club)\b"
)
_SMALL = frozenset("of the de von van la & for".split())


def exchangeable(draft: Draft) -> str:
    """The name in a draft's subject that another may stand for, "" where there is none."""
    subject = draft.subject
    owner = re.match(r"(.+?)['’]s ", subject)
    if owner:
        subject = owner[1]
    bare = subject.removeprefix("the ")
    words = bare.split()
    if len(words) > 5 or not words or "and" in words or not re.match(r"[A-Z0-9]", words[0]):
        return ""
    if not all(re.match(r"[A-Z0-9]", word) or word in _SMALL for word in words):
        return ""
    if draft.rule in ("identity", "name"):
        # "The Ordesa mills" are no place for another name; "the mills in Ordesa" are.
        part = rf"(?:\b(?:of|in|at) |^Who \w+ )(?:the )?{re.escape(subject)}(?:\?| in \d)"
        if not re.search(part, draft.question):
            return ""
    return subject if draft.question.count(subject) == 1 else ""


def _persons(read: Sequence[Quote]) -> set[str]:
    """Names that sentences begin with, where these or the next ones go on with "he" or "she"."""
    votes: dict[str, list[bool]] = {}
    for quote, after in pairwise([*read, *read[:1]]):
        text = " ".join(quote.text.split())
        first = next(iter(names(text)), None)
        if first is None or first.span.start > 0:
            continue
        follows = after.document.id == quote.document.id and _HE_BEGINS.match(after.text)
        name = text[first.span.start : first.span.end]
        votes.setdefault(name, []).append(bool(follows or _HE.search(text)))
    return {name for name, each in votes.items() if 2 * sum(each) >= len(each)}


_HE_BEGINS = re.compile(r"(?:He|She|His|Her)\b")
_HE = re.compile(r"\b(?:he|she|his|her|him)\b")


def _years(read: Sequence[Quote]) -> list[Swap]:
    found: dict[str, Swap] = {}
    for quote in read:
        for one in dates(quote.text):
            text = quote.text[one.span.start : one.span.end]
            if one.form == "year" and text.isdigit():
                found.setdefault(text, Swap(text, "year", quote.document.id))
    return [found[year] for year in sorted(found)]


def _unanswerable(
    question: str, made_from: Origin, old: str, swap: Swap, what: str
) -> dict[str, Any]:
    return {
        "id": _id(question),
        "question": question,
        "answers": [],
        "answerable": False,
        "evidence": [],
        "origin": {
            "rule": f"exchanged {what}",
            "sentence": " ".join(made_from.quote.text.split()),
            "from": {
                "id": _id(made_from.draft.question),
                "question": made_from.draft.question,
                "exchanged": [old, swap.text],
            },
        },
        "checked": False,
    }
