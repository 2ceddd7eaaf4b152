"""The one path from a question to a reply, in order."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rag import answer, evidence, quote
from rag.errors import GeneratorFailed
from rag.library.folder import Library
from rag.ports import Embedder, Generator, SupportScorer
from rag.records import Answer, Mode, Outcome, Passage, Reply, Sentence, WithheldSentence
from rag.retrieve import check_question, retrieve

PASSAGES_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Parts:
    """What answering needs; `enough` is the probability below which nothing is said."""

    library: Library
    embedder: Embedder
    scorer: SupportScorer
    generator: Generator | None = None
    enough: float = 0.25
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """Passages were found."""

    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Quoted:
    """The answer of mode `quote` stands; in mode `generate` more follows."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class Checked:
    """One phrased sentence was checked, and passed or was withheld."""

    part: Sentence | WithheldSentence


Event = Found | Quoted | Checked | Reply


def stream(
    question: str,
    parts: Parts,
    *,
    mode: Mode = Mode.QUOTE,
    documents: Sequence[str] | None = None,
) -> Iterator[Event]:
    """The reply as it comes about: passages, quotes, checked sentences, and last the `Reply`.

    The library is read in one snapshot, before the first event: nothing is held open between
    events. Nothing unchecked is ever part of an event. `documents` (names) is a hard filter. Raises
    `QuestionError`, `DocumentUnknown`; a generator that breaks off leaves the quotes as the answer.
    """
    question = check_question(question)
    clock = _Clock()
    notes = list(parts.notes)
    catalogue = parts.library.catalogue
    with catalogue.reading():
        found = retrieve(
            question,
            parts.library,
            parts.embedder,
            limit=PASSAGES_SHOWN,
            documents=documents,
        )
        clock.lap("retrieve")
        considered = quote.select(
            question,
            found.question_vector,
            found.passages,
            found.chunks,
            catalogue,
            parts.embedder,
        )
        quotes = tuple(item for item in considered if quote.prove(item, catalogue))
        clock.lap("quote")
    yield Found(found.passages)

    probability = evidence.probability(found.passages, considered)
    if not quotes or probability < parts.enough:
        result = answer.no_evidence(quotes, probability)
    else:
        result = answer.of_quotes(quotes, probability)
    yield Quoted(result)

    used = Mode.QUOTE
    if mode is Mode.GENERATE and parts.generator is None and not notes:
        notes.append("No generator is installed, so the answer is the quotes themselves.")
    if mode is Mode.GENERATE and parts.generator and result.outcome is not Outcome.NO_EVIDENCE:
        try:
            written = []
            for part in answer.phrase(question, quotes, parts.generator, parts.scorer):
                written.append(part)
                yield Checked(part)
            result = answer.of_phrases(written, quotes, probability)
            used = Mode.GENERATE
        except GeneratorFailed as error:
            notes.append(f"{error} The answer is the quotes themselves.")
        clock.lap("phrase")
    yield Reply(
        question,
        used,
        result,
        found.passages,
        clock.total(),
        {
            "embedder": str(parts.embedder.identity),
            "generator": parts.generator.identity if parts.generator else None,
        },
        tuple(notes),
    )


def ask(
    question: str,
    parts: Parts,
    *,
    mode: Mode = Mode.QUOTE,
    documents: Sequence[str] | None = None,
) -> Reply:
    """The reply to one question; see `stream`."""
    for event in stream(question, parts, mode=mode, documents=documents):
        if isinstance(event, Reply):
            return event
    raise AssertionError("a stream ends with its reply")


@dataclass(slots=True)
class _Clock:
    """Wall-clock seconds by step."""

    began: float = field(default_factory=time.perf_counter)
    last: float = field(default_factory=time.perf_counter)
    laps: dict[str, float] = field(default_factory=dict)

    def lap(self, step: str) -> None:
        now = time.perf_counter()
        self.laps[step], self.last = now - self.last, now

    def total(self) -> dict[str, float]:
        return {**self.laps, "total": time.perf_counter() - self.began}
