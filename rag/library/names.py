"""Documents first: which documents does a question name?

Read from the library itself: names and titles of documents, their dates and the folders they lie
in. "The 2023 annual report of Best Buy" names `BESTBUY_2023_10K.pdf`. What is named is preferred,
never alone looked at: a question may be wrong about where it is said.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from rag import dates
from rag.library.owners import Owners
from rag.library.words import WordIndex, idf
from rag.records import Document
from rag.terms import ENGLISH, fold, terms
from rag.text import STOPWORDS

_LONGEST_JOIN = 4  # words that a name may write as one: "americanwaterworks"
_ALIKE = 88  # of 100: rapidfuzz's ratio, one letter wrong in eight
_SHORTEST_FUZZY = 5  # letters; shorter words are alike by chance
_ABBREVIATED = 0.7  # what "MGM" counts for "mgmresorts"
_FOLDER = 0.5  # what a word counts that only a folder's name holds
_EVIDENCE = 6.0  # matched weight at which a name counts half: two rare words and more
_EARLIER = 0.6  # what a period counts in a question that also names a later one
_ROOM = 50  # passages at which the name of a document counts half
_GENERIC = frozenset(
    """document documents doc docs file files report reports paper papers filing filings text pdf
    article edition version copy fy""".split()
)
"""Words for any document: they call none, and need not stand in its name."""

_WORDS = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_PARTS = re.compile(r"\d+|[^\W\d_]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class _Label:
    """One name of a document: its tokens, with what each counts."""

    document: int
    tokens: Mapping[str, float]


class Names:
    """The names of all documents of a library, to be looked up by the words of a question."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self._ids = [document.id for document in documents]
        self._labels: list[_Label] = []
        for number, document in enumerate(documents):
            when = {
                token for period in dates.periods(document.date) for token in dates.tokens(period)
            }
            for text in dict.fromkeys([document.title, document.name, *document.also]):
                self._labels.append(_Label(number, _tokens(text, when)))
        self._where: dict[str, list[tuple[int, float]]] = {}
        for at, label in enumerate(self._labels):
            for token, share in label.tokens.items():
                self._where.setdefault(token, []).append((at, share))
        self._weights = {
            token: idf(len(documents), len({self._labels[at].document for at, _ in places}))
            for token, places in self._where.items()
        }

    def named(self, question: str, words: WordIndex, owners: Owners) -> dict[str, float]:
        """How far the question names each document, 0..1, by name, title, folder and date.

        Less for short documents: all their passages say in front what they belong to, and a word
        of a question is by chance in the name of one of many.
        """
        matched: dict[int, dict[str, float]] = {}
        for token, share in self._asked(question, words).items():
            for at, part in self._where[token]:
                matched.setdefault(at, {})[token] = share * part * self._weights[token]
        found: dict[str, float] = {}
        for at, tokens in matched.items():
            label = self._labels[at]
            weight = sum(tokens.values())
            # A name of which little is said is not meant: "the" is no name of "The Wall".
            whole = sum(
                self._weights[token] * share
                for token, share in label.tokens.items()
                if token in tokens or not token.isdigit()
            )
            score = weight / (weight + _EVIDENCE) * math.sqrt(weight / max(whole, 1e-9))
            identity = self._ids[label.document]
            size = owners.size_of(identity)
            if size:  # of a document without passages nothing can be found
                score *= size / (size + _ROOM)
                found[identity] = max(found.get(identity, 0.0), score)
        return found

    def called(self, phrase: str) -> dict[str, float]:
        """Documents of which every word of a phrase names something, and how fully (0..1), by id.

        "the 2026 policy" calls `policies/generative-ai-policy-2026.docx`: each of its words stands
        in name, title, folder or date, alone or written as one with its neighbours. How fully: the
        share of a name's or title's own words that the phrase says. Words like "document" call
        nothing by themselves.
        """
        path = PurePosixPath(phrase.strip())
        ending = path.suffix[1:]
        stem = str(path.with_suffix("")) if ending.isalpha() and " " not in ending else phrase
        words = [fold(word.lower()) for word in _WORDS.findall(_CAMEL.sub(" ", _bare(stem)))]
        words = [word for word in words if word not in STOPWORDS]
        telling = [word for word in words if word not in _GENERIC]
        if not telling:
            return {}
        known: dict[int, list[_Label]] = {}
        for label in self._labels:
            known.setdefault(label.document, []).append(label)
        found: dict[str, float] = {}
        for number, labels in known.items():
            said = _covered(words, {token for label in labels for token in label.tokens})
            if all(word in _GENERIC or at in said for at, word in enumerate(words)):
                found[self._ids[number]] = max(_said_of(label, words) for label in labels)
        return found

    def _asked(self, question: str, index: WordIndex) -> dict[str, float]:
        """Tokens of names that the question holds, and how surely."""
        found: dict[str, float] = {}
        periods = dates.periods(question)
        # What is asked about 2020 to 2022 cannot all be known to a document of 2020.
        last = max((period[:4] for period in periods), default="")
        for period in sorted(periods):
            counts = 1.0 if period[:4] == last else _EARLIER
            found.update({token: counts for token in dates.tokens(period) if token in self._where})
        written = [re.sub(r"['’]s?$", "", word) for word in _WORDS.findall(question)]
        words = [fold(word.lower()) for word in written]
        for size in range(1, _LONGEST_JOIN + 1):
            for start in range(len(words) - size + 1):
                joined = "".join(words[start : start + size])
                for token in dict.fromkeys([joined, _stem(joined)] if size == 1 else [joined]):
                    if (
                        token in self._where
                        and token not in found
                        and (size > 1 or joined not in STOPWORDS)
                    ):
                        found[token] = 1.0
        for word, shown in zip(words, written, strict=True):
            if word in found or _stem(word) in found or word in STOPWORDS:
                continue
            if shown.isupper() and len(shown) >= 3:
                # An abbreviation: MGM.
                for token in self._where:
                    if token.startswith(word):
                        found[token] = max(found.get(token, 0.0), _ABBREVIATED)
            elif len(word) >= _SHORTEST_FUZZY and not index.frequency(_stem(word)):
                # A word that stands nowhere may be a name, misspelt.
                for token, ratio in self._alike(word):
                    found[token] = max(found.get(token, 0.0), ratio / 100)
        return found

    def _alike(self, word: str) -> list[tuple[str, float]]:
        from rapidfuzz import fuzz, process

        found = process.extract(
            word, self._where.keys(), scorer=fuzz.ratio, score_cutoff=_ALIKE, limit=3
        )
        return [(token, ratio) for token, ratio, _ in found]


def _bare(phrase: str) -> str:
    """Without "'s", and with spaces instead of the marks that join words in names."""
    return re.sub(r"['’]s?(?=\s|$)", "", phrase).replace("_", " ")


def _covered(words: Sequence[str], tokens: Collection[str]) -> set[int]:
    """Places of the words that stand among the tokens, alone or joined with their neighbours."""
    found: set[int] = set()
    for size in range(1, _LONGEST_JOIN + 1):
        for start in range(len(words) - size + 1):
            joined = "".join(words[start : start + size])
            if joined in tokens or (size == 1 and _stem(joined) in tokens):
                found.update(range(start, start + size))
    return found


def _said_of(label: _Label, words: Sequence[str]) -> float:
    """Share (0..1) of a label's own words that are among these; folders do not count."""
    stems = {_stem(word) for word in words} | set(words)
    stems |= {"".join(words[at : at + 2]) for at in range(len(words) - 1)}
    own = {_stem(token) for token, share in label.tokens.items() if share == 1.0}
    return len(own & stems) / len(own) if own else 0.0


def _tokens(text: str, when: set[str]) -> dict[str, float]:
    """Tokens of a name, title or path, with what each counts; dates in one form."""
    path = PurePosixPath(text)
    named = path.stem if path.suffix[1:].isalnum() and len(path.suffix) <= 6 else path.name
    found = {token: _FOLDER for folder in path.parts[:-1] for token in _words(folder)}
    found.update(dict.fromkeys(_words(named), 1.0))
    for period in dates.periods(text):
        found.update(dict.fromkeys(dates.tokens(period), 1.0))
    found.update(dict.fromkeys(when, 1.0))
    return found


def _words(name: str) -> list[str]:
    found = []
    for word in _WORDS.findall(_CAMEL.sub(" ", name.replace("_", " "))):
        bare = fold(word.lower())
        if bare not in STOPWORDS:
            found += [bare, _stem(bare)]
            found += [part for part in _PARTS.findall(bare) if len(part) > 1]
    return found


def _stem(word: str) -> str:
    return next(terms(word, [ENGLISH]), word)
