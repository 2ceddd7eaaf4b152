"""Every document of a library that mentions a phrase, exactly: nothing is ranked, nothing left out.

The words index names the passages that hold all words of the phrase, their stored terms tell
whether these follow each other, and the stored text proves it. A phrase stands between two ends of
sentences. Its words count in any of their forms ("policies" for "policy"), unless it is put in
quotation marks. `benchmarks/scan.py` compares this with reading every page from end to end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise

import numpy as np
import numpy.typing as npt

from rag.library.folder import Library
from rag.quote import of_sentence, proven
from rag.records import Document, Quote
from rag.terms import terms, unspaced
from rag.text import STOPWORDS, stands_in

MOST_PLACES = 500
"""Sentences listed where each mention is asked for."""

_TRIED = 4  # sentences of a document among which the one that is quoted is chosen
_AT_ONCE = 200  # passages read at once
_FEWEST_WORDS = 5  # of a sentence that is quoted sooner than a heading or a fragment
_JOINED = re.compile(r"(?<=\w)[-_/@#]+(?=\w)|(?<=[^\W\d])\.(?=\w)|(?<=\w)\.(?=[^\W\d])")
_WORD = re.compile(r"\w+")
_QUOTED = '“”"«»'

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Scan:
    """What a scan found: proven quotes by name of document, then place.

    `documents` are all that mention the phrase; each has one quote, or one for each place where
    every place was asked for. `titled` are documents that have the phrase in their name or title
    alone. `complete` is False where more places were found than are listed.
    """

    quotes: tuple[Quote, ...] = ()
    documents: tuple[Document, ...] = ()
    titled: tuple[Document, ...] = ()
    complete: bool = True


def mentions(
    phrase: str,
    libraries: Sequence[Library],
    accepts: Callable[[Document], bool],
    *,
    every: bool = False,
    together: bool = True,
) -> Scan:
    """All accepted documents that mention the phrase; call inside `reading(libraries)`.

    With `together` its words must follow each other; without, stand in one sentence in any order.
    A document that several libraries hold counts once, in the first of them.
    """
    found: list[tuple[Document, list[Quote]]] = []
    titled: list[Document] = []
    seen: set[str] = set()
    room = MOST_PLACES
    for library in libraries:
        collection = str(library.path) if len(libraries) > 1 else ""
        documents = {
            each.id: replace(each, collection=collection)
            for each in library.catalogue.documents()
            if each.id not in seen and accepts(each)
        }
        seen.update(documents)
        wanted = [_Wanted(phrase, language, together) for language in library.catalogue.languages()]
        look = _Look(library, documents, {each.language: each for each in wanted})
        for document in documents.values():
            quotes = look.quotes(document, every=every, room=room)
            room -= len(quotes) if every else 0
            if quotes:
                found.append((document, quotes))
            elif any(each.said_in(f"{document.title}\n{document.name}") for each in wanted):
                titled.append(document)
    found.sort(key=lambda pair: _by_name(pair[0]))
    return Scan(
        tuple(chain.from_iterable(quotes for _, quotes in found)),
        tuple(document for document, _ in found),
        tuple(sorted(titled, key=_by_name)),
        room > 0,
    )


def beginnings(documents: Sequence[Document], homes: Sequence[Library]) -> tuple[Quote, ...]:
    """How each document begins, as a proven quote; none of a document without text.

    `homes` has the library of each document.
    """
    found = []
    for document, library in zip(documents, homes, strict=True):
        keys = library.indexes().owners.keys_of(document.id)[:1]
        for stored in library.catalogue.chunks(keys).values():
            if stored.sentences:
                found += proven([of_sentence(stored, document, 0)], library.catalogue)
    return tuple(found)


def said_again(
    answer: str, libraries: Sequence[Library], accepts: Callable[[Document], bool], most: int
) -> tuple[Quote, ...]:
    """The sentences of the library that an answer consists of, at most `most`, by document.

    A sentence is one of them where its whole text stands in the answer, white space aside.
    """
    flat = " ".join(answer.split())
    found: dict[tuple[str, int], Quote] = {}
    for library in libraries:
        index = library.indexes().words
        languages = library.catalogue.languages()
        collection = str(library.path) if len(libraries) > 1 else ""
        keys: list[int] = []
        for stretch in _stretches(flat):
            scores = index.scores(list(dict.fromkeys(terms(stretch, languages))))
            keys += [key for key, _ in index.best(scores, _CANDIDATES)[:_CANDIDATES]]
        stored = library.catalogue.chunks(sorted(set(keys)))
        for key in sorted(stored):
            document = replace(stored[key].document, collection=collection)
            if not accepts(document):
                continue
            for at, cut in enumerate(stored[key].sentences):
                text = " ".join(stored[key].chunk.text[cut.start : cut.end].split())
                if len(text) >= _SHORTEST_SAID and stands_in(text, flat):
                    for quote in proven(
                        [of_sentence(stored[key], document, at)], library.catalogue
                    ):
                        found.setdefault((document.id, quote.start), quote)
    order = sorted(found.values(), key=lambda one: (_by_name(one.document), one.start))
    # First what says most of the answer, where there is more than can be shown.
    longest = sorted(order, key=lambda one: -len(one.text))[:most]
    return tuple(quote for quote in order if quote in longest)


_CANDIDATES = 40  # passages in which a stretch of an answer is looked for
_STRETCH = 30  # words of an answer that are looked for together
_SHORTEST_SAID = 12  # characters; "Yes." stands everywhere


def _stretches(text: str) -> Iterator[str]:
    words = text.split()
    for start in range(0, len(words), _STRETCH // 2):
        yield " ".join(words[start : start + _STRETCH])
        if start + _STRETCH >= len(words):
            return


def _by_name(document: Document) -> tuple[str, str, str]:
    return document.collection, document.name, document.id


# --- what is looked for ---------------------------------------------------------------------------


class _Wanted:
    """A phrase as the documents of one language would have it."""

    def __init__(self, phrase: str, language: str, together: bool) -> None:
        self.language = language
        self._together = together
        self._literal = phrase[:1] in _QUOTED
        bare = phrase.strip(_QUOTED + " ")
        self._folded = " ".join(bare.casefold().split())
        self._unspaced = unspaced(bare)
        self._forms = [word.casefold() for word in _WORD.findall(_apart(bare))]
        # "US" is not "us": a word that would say nothing in small letters keeps its capitals.
        self._shouted = {
            word
            for word in _WORD.findall(bare)
            if word.isupper() and word.casefold() in STOPWORDS and not bare.isupper()
        } | ({bare} if bare.isupper() and bare.casefold() in STOPWORDS else set())
        self.terms = list(terms(_apart(bare), [language]))
        if not together:
            self.terms = [term for term in self.terms if term in content_stems_of(bare, language)]
        # Stored terms hold the whole of an identifier, and the parts of "FY2022", between others.
        parts = r" (?:\S+ ){0,3}".join(map(re.escape, self.terms))
        self._in_terms = re.compile(rf" {parts} ") if self.terms else None

    def may_stand_in(self, stored_terms: str) -> bool:
        """Whether the terms of a passage can hold the phrase: cheap, and never wrongly False."""
        if self._unspaced or not self._together or self._in_terms is None:
            return True
        return self._in_terms.search(f" {stored_terms} ") is not None

    def said_in(self, text: str) -> bool:
        """Whether a text holds the phrase."""
        if not self.terms:
            return False
        if self._unspaced:
            return self._folded in " ".join(text.casefold().split())
        if self._literal and not _follow(
            self._forms, [word.casefold() for word in _WORD.findall(_apart(text))]
        ):
            return False
        if not self._shouted <= set(_WORD.findall(text)) and self._shouted:
            return False
        there = list(terms(_apart(text), [self.language]))
        return _follow(self.terms, there) if self._together else set(self.terms) <= set(there)


def content_stems_of(phrase: str, language: str) -> set[str]:
    """Terms of the words of a phrase that carry meaning."""
    kept = " ".join(word for word in _WORD.findall(phrase) if word.casefold() not in STOPWORDS)
    return set(terms(_apart(kept), [language])) or set(terms(_apart(phrase), [language]))


def _apart(text: str) -> str:
    """The text with the parts of joined words apart: then "10-K" and "10 K" have the same terms."""
    return _JOINED.sub(" ", text)


def _follow(wanted: Sequence[str], there: Sequence[str]) -> bool:
    """Whether the one sequence stands in the other without a gap."""
    size = len(wanted)
    first = wanted[0]
    return any(
        there[at] == first and there[at : at + size] == list(wanted)
        for at in range(len(there) - size + 1)
    )


# --- where it stands ------------------------------------------------------------------------------


class _Look:
    """The passages of one library that may hold the phrase, document by document."""

    def __init__(
        self, library: Library, documents: dict[str, Document], wanted: dict[str, _Wanted]
    ) -> None:
        self._library = library
        self._wanted = wanted
        self._languages = library.catalogue.languages_of(list(documents))
        indexes = library.indexes()
        self._keys: dict[str, list[int]] = {}
        self._torn: dict[str, list[int]] = {}
        for each in wanted.values():
            whole, torn = self._rows(each)
            for rows, place in ((whole, self._keys), (torn, self._torn)):
                owners = indexes.owners.documents_of(rows)
                for key, owner in zip(indexes.words.keys[rows].tolist(), owners, strict=True):
                    if owner in documents and self._languages[owner] == each.language:
                        place.setdefault(owner, []).append(key)

    def _rows(self, wanted: _Wanted) -> tuple[Rows, Rows]:
        """Rows that hold all terms, and rows that do so only together with the next one."""
        words = self._library.indexes().words
        whole = np.ones(len(words), bool)
        either = np.ones(len(words), bool)
        for term in dict.fromkeys(wanted.terms):
            here = np.zeros(len(words), bool)
            here[words.having(term)] = True
            whole &= here
            here[:-1] |= here[1:]
            either &= here
        torn: Rows = np.flatnonzero(either & ~whole & (len(set(wanted.terms)) > 1))
        return np.flatnonzero(whole), torn

    def quotes(self, document: Document, *, every: bool, room: int) -> list[Quote]:
        """The sentence of a document that says the phrase best, or all of them up to `room`.

        One at least where the document says it at all.
        """
        wanted = self._wanted[self._languages[document.id]]
        if not wanted.terms:
            return []
        enough = max(1, room) if every else _TRIED
        found: list[Quote] = []
        keys = self._keys.get(document.id, [])
        at_once = min(_AT_ONCE, 2 * max(_TRIED, enough))
        for start in range(0, len(keys), _AT_ONCE):
            held = self._library.catalogue.terms(keys[start : start + _AT_ONCE])
            likely = [key for key, stored in held if wanted.may_stand_in(stored)]
            for begin in range(0, len(likely), at_once):
                found += self._inside(document, wanted, likely[begin : begin + at_once])
                if len(found) >= enough:
                    return found[:enough] if every else [_best(found)]
        if every or not found:
            found += self._across(document, wanted)
        found.sort(key=lambda quote: quote.start)
        return found[:enough] if every or not found else [_best(found)]

    def _inside(self, document: Document, wanted: _Wanted, keys: Sequence[int]) -> list[Quote]:
        """Sentences of these passages that say it, proven."""
        found = []
        for _, stored in sorted(self._library.catalogue.chunks(keys).items()):
            text = stored.chunk.text
            said = [wanted.said_in(text[cut.start : cut.end]) for cut in stored.sentences]
            found += [of_sentence(stored, document, at) for at, yes in enumerate(said) if yes]
            # A line that ends without an end of sentence may go on in the next.
            for at, (cut, after) in enumerate(pairwise(stored.sentences)):
                line = text[cut.start : after.end]
                apart = _ENDED.search(text[cut.start : cut.end]) or _BLANK.search(line)
                if not (said[at] or said[at + 1] or apart) and wanted.said_in(line):
                    whole = of_sentence(stored, document, at)
                    found.append(replace(whole, end=stored.chunk.start + after.end, text=line))
        found.sort(key=lambda quote: (quote.start, quote.end))
        return proven(found, self._library.catalogue)

    def _across(self, document: Document, wanted: _Wanted) -> list[Quote]:
        """Sentences that were cut in two because they are longer than a passage may be."""
        found = []
        for key in self._torn.get(document.id, []):
            pair = self._library.catalogue.chunks([key, key + 1])
            if len(pair) < 2 or pair[key + 1].chunk.document_id != document.id:
                continue
            first, second = pair[key], pair[key + 1]
            if not first.sentences or not second.sentences:
                continue
            start = first.chunk.start + first.sentences[-1].start
            end = second.chunk.start + second.sentences[0].end
            page = self._library.catalogue.page_at(document.id, start)
            if page is None or end > page.start + len(page.text):
                continue
            text = page.text[start - page.start : end - page.start]
            alone = (
                first.chunk.text[first.sentences[-1].start :],
                second.chunk.text[: second.sentences[0].end],
            )
            if any(map(wanted.said_in, alone)):
                continue
            gap = page.text[first.chunk.end - page.start : second.chunk.start - page.start]
            if (
                not _BLANK.search(gap)
                and not _ENDED.search(first.chunk.text)
                and wanted.said_in(text)
            ):
                whole = replace(of_sentence(first, document, -1), start=start, end=end, text=text)
                found.append(whole)
        return found


_ENDED = re.compile(r"[.!?。！？]['\"”’)\]]*\s*$")
_BLANK = re.compile(r"\n[ \t]*\n")


def _best(found: Sequence[Quote]) -> Quote:
    """The first that reads as a sentence, else the first."""
    for quote in found:
        words = len(quote.text.split())
        if words >= _FEWEST_WORDS and quote.text.rstrip("\"'”’) ").endswith((".", "!", "。")):
            return quote
    return found[0]
