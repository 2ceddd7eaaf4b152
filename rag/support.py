"""How far texts carry a statement: a probability from features of words that can be read.

A logistic regression; `benchmarks/grounding.py` fits the weights in `support.json` and says on what
and with which result. No model is asked: cosines and token vectors of the embedding model, tried
beside these, lifted the AUROC on WiCE by .02 and lowered that on BEGIN and HaluEval as much.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from rag.logistic import Logistic
from rag.numerals import numbers
from rag.records import Span
from rag.text import NAME, STOPWORDS, apart, content_stems, sentences, stands_in, stems, word_spans

FEATURES = ("cover", "run", "numbers", "names")
"""What a statement is judged by, each 0..1.

- `cover`: share of its content words that stand in the texts.
- `run`: share of its words that stand in one sentence in the same order, the best of three.
- `numbers`: share of its numbers that stand nowhere in the texts.
- `names`: share of the words of its names that stand nowhere in the texts.
"""

MOST_SENTENCES = 1_000
"""Of the texts together; what is beyond counts for `cover`, `numbers` and `names` alone."""

_BEST = 3
_FITTED = Logistic("support.json", FEATURES)


@dataclass(frozen=True, slots=True)
class Judged:
    """How far a statement is carried.

    `support` is the estimated probability (0..1) that the texts say it; `features` are those of
    `FEATURES`. `context` and `span` are the text and the stretch in it of the sentence that carries
    most of it, None where there is no sentence. `missing` are its numbers and names that stand in
    none of the texts.
    """

    support: float
    features: tuple[float, ...]
    context: int | None
    span: Span | None
    missing: tuple[str, ...]


class Texts:
    """Texts that statements are judged by, cut and stemmed once for all of them."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        cut = [(at, span) for at, text in enumerate(texts) for span in sentences(text)]
        self._cut = cut[:MOST_SENTENCES]
        self._said = [stems(apart(texts[at][span.start : span.end])) for at, span in self._cut]
        self._holds = [set(words) for words in self._said]
        everything = "\n".join(texts)
        self._known = set(stems(apart(everything)))
        self._words = set(re.findall(r"\w+", everything.casefold()))
        self._numbers = numbers(everything)

    def judge(self, statement: str) -> Judged:
        """How far the texts carry one statement; surely, where one holds it word by word.

        Deterministic, and linear in the texts' length.
        """
        spaced = apart(statement)
        wanted = sorted(set(content_stems(spaced)))
        weights = _weights_of(wanted, self._holds)
        total = sum(weights.values()) or 1.0
        shares = [
            sum(weights[stem] for stem in wanted if stem in held) / total for held in self._holds
        ]
        # Ties by place, so that the order is the same everywhere.
        order = sorted(range(len(shares)), key=lambda at: (-shares[at], at))[:_BEST]
        stated = numbers(statement)
        absent_numbers = sorted(stated - self._numbers)
        named = _names(statement)
        absent_names = sorted(named - self._words)
        said = stems(spaced)
        values = (
            sum(stem in self._known for stem in wanted) / max(1, len(wanted)),
            max((_in_order(said, self._said[at]) for at in order), default=0.0),
            _share(absent_numbers, stated),
            _share(absent_names, named),
        )
        place = self._cut[order[0]] if order else None
        verbatim = any(stands_in(statement, text) for text in self._texts)
        support = 0.0
        if self._cut:
            support = 1.0 if verbatim else _FITTED.probability(values)
        return Judged(
            support,
            values,
            place[0] if place else None,
            place[1] if place else None,
            (*absent_numbers, *absent_names),
        )

    def unsupported(self, statement: str) -> tuple[Span, ...]:
        """Stretches of a statement whose words stand in none of the texts, in order.

        Such words and the stopwords between them are one stretch; any other word ends it.
        """
        found: list[Span] = []
        joins = False
        for span in word_spans(statement):
            word = statement[span.start : span.end]
            if word.lower() in STOPWORDS:
                continue
            stated = numbers(word)
            there = stated <= self._numbers if stated else stems(word)[0] in self._known
            if not there:
                start = found.pop().start if joins else span.start
                found.append(Span(start, span.end))
            joins = not there
        return tuple(found)


def judge(statement: str, texts: Sequence[str]) -> Judged:
    """How far the texts carry one statement; see `Texts.judge`, which several can share."""
    return Texts(texts).judge(statement)


def _weights_of(wanted: Sequence[str], holds: Sequence[set[str]]) -> dict[str, float]:
    """Inverse document frequency of each stem, the sentences being the documents."""
    count = len(holds)
    having = {stem: sum(stem in held for held in holds) for stem in wanted}
    return {stem: math.log(1 + (count - n + 0.5) / (n + 0.5)) for stem, n in having.items()}


def _in_order(statement: Sequence[str], sentence: Sequence[str]) -> float:
    blocks = SequenceMatcher(None, statement, sentence, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks) / max(1, len(statement))


def _names(statement: str) -> set[str]:
    """Words of names, the first word of the statement apart: it has a capital anyway."""
    return {
        part
        for match in NAME.finditer(statement)
        if statement[: match.start()].strip("\"'“‘( ")
        for part in re.findall(r"\w+", match.group().casefold())
        if part not in STOPWORDS
    }


def _share(absent: Sequence[str], wanted: set[str]) -> float:
    return len(absent) / len(wanted) if wanted else 0.0
