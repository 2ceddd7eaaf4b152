"""The one path from a question to a reply, in order."""

from __future__ import annotations

import time
from collections.abc import Generator as Generating
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, zip_longest

from rag import answer, conflict, evidence, perform, quote, short
from rag.errors import GeneratorFailed
from rag.filters import NONE, Filters
from rag.library.folder import Library
from rag.ports import Embedder, Generator, Reranker, SupportScorer
from rag.question import complete, split
from rag.records import (
    Answer,
    Conflict,
    Mode,
    Outcome,
    Passage,
    Quote,
    Reply,
    Sentence,
    Usage,
    WithheldSentence,
)
from rag.retrieve import Retrieved, check_question, reading, retrieve
from rag.task import recognise
from rag.verify import ANOTHER_LANGUAGE

PASSAGES_SHOWN = 10
QUOTES_OF_A_PART = 2


@dataclass(frozen=True, slots=True)
class Parts:
    """What answering needs; `enough` is the probability below which nothing is said.

    Prices are for a million tokens.
    """

    libraries: tuple[Library, ...]
    embedder: Embedder
    scorer: SupportScorer
    generator: Generator | None = None
    reranker: Reranker | None = None
    enough: float = 0.35
    notes: tuple[str, ...] = ()
    price_in: float = 0.0
    price_out: float = 0.0


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
    filters: Filters = NONE,
    history: Sequence[tuple[str, str]] = (),
) -> Iterator[Event]:
    """The reply as it comes about: passages, quotes, checked sentences, and last the `Reply`.

    Each library is read in one snapshot, before the first event: nothing is held open between
    events. Nothing unchecked is ever part of an event. `history` holds earlier questions with their
    answers, oldest first: a question that stands on them is completed, and one that asks several
    things is looked up part by part. Raises `QuestionError`, `DocumentUnknown`; a generator that
    breaks off leaves the quotes as the answer.
    """
    question = check_question(question)
    clock = _Clock()
    notes = list(parts.notes)
    done = _task(question, parts, filters, history, clock)
    if done is not None:
        yield Found(done.passages)
        yield Quoted(done.answer)
        yield Reply(
            question,
            Mode.QUOTE,
            done.answer,
            done.passages,
            clock.total(),
            _models(parts),
            (*notes, *done.notes),
            done.searched,
            task=done.kind.value,
        )
        return
    asked = [complete(part, history) for part in split(question)]
    with reading(parts.libraries):
        most = quote.MOST_QUOTES if len(asked) == 1 else QUOTES_OF_A_PART
        looked = [_look(each, parts, filters, clock, most) for each in asked]
    yield Found(_interleaved([each.found.passages for each in looked]))

    enough = [each for each in looked if each.quotes and each.probability >= parts.enough]
    notes += [
        f"Nothing in the library answers this part: {each.question}"
        for each in looked
        if enough and each not in enough
    ]
    quotes = _distinct([each.quotes for each in enough or looked])
    # A part that is answered is answered surely or not, whatever became of the others.
    probability = max(each.probability for each in looked)
    conflicts = tuple(dict.fromkeys(found for each in enough for found in each.conflicts))
    if enough:
        for each in enough:
            quotes = short.mark(each.question, quotes)
        result = replace(answer.of_quotes(quotes, probability), conflicts=conflicts)
    else:
        result = answer.no_evidence(quotes, probability)
    yield Quoted(result)

    used, usage = Mode.QUOTE, Usage(0, 0)
    if mode is Mode.GENERATE and parts.generator is None and not notes:
        notes.append("No generator is installed, so the answer is the quotes themselves.")
    if mode is Mode.GENERATE and parts.generator and result.outcome is not Outcome.NO_EVIDENCE:
        try:
            written: list[Sentence | WithheldSentence] = []
            usage = yield from _phrased(
                answer.phrase(_said(asked), quotes, parts.generator, parts.scorer), written
            )
            phrased = answer.of_phrases(written, quotes, probability)
            result = replace(phrased, conflicts=conflicts)
            used = Mode.GENERATE
        except GeneratorFailed as error:
            notes.append(f"{error} The answer is the quotes themselves.")
            usage = Usage(None, None)
        if any(ANOTHER_LANGUAGE in each.reasons for each in result.withheld):
            notes.append(
                "The quotes are in another language than what was phrased, and cannot be compared "
                "with it: the quotes stand instead."
            )
        clock.lap("phrase")
    yield Reply(
        question,
        used,
        result,
        _interleaved([each.found.passages for each in looked]),
        clock.total(),
        _models(parts),
        tuple(notes),
        () if asked == [question] else tuple(asked),
        usage.priced(parts.price_in, parts.price_out),
    )


def ask(
    question: str,
    parts: Parts,
    *,
    mode: Mode = Mode.QUOTE,
    filters: Filters = NONE,
    history: Sequence[tuple[str, str]] = (),
) -> Reply:
    """The reply to one question; see `stream`."""
    for event in stream(question, parts, mode=mode, filters=filters, history=history):
        if isinstance(event, Reply):
            return event
    raise AssertionError("a stream ends with its reply")


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found for one question: passages, the quotes chosen, and whether they are enough.

    `considered` are the quotes before each was compared with the stored text, `probability` (0..1)
    that they hold an answer. Both sides of each conflict are among `quotes`.
    """

    question: str
    found: Retrieved
    considered: tuple[Quote, ...]
    quotes: tuple[Quote, ...]
    probability: float
    conflicts: tuple[Conflict, ...] = ()


def look(question: str, parts: Parts, filters: Filters = NONE) -> Looked:
    """Passages and quotes for one complete question; call inside `reading(parts.libraries)`."""
    return _look(question, parts, filters, _Clock())


def _task(
    question: str,
    parts: Parts,
    filters: Filters,
    history: Sequence[tuple[str, str]],
    clock: _Clock,
) -> perform.Done | None:
    """The answer to a question about all of something; None for an ordinary question."""
    task = recognise(question)
    if task is None:
        return None

    def look_up(text: str, where: Filters, most: int, room: int) -> perform.Found:
        each = _look(text, parts, where, clock, most, room)
        enough = bool(each.quotes) and each.probability >= parts.enough
        return perform.Found(each.found, each.quotes, enough, each.probability)

    with reading(parts.libraries):
        done = perform.Performer(parts.libraries, filters, look_up, history).perform(task, question)
    clock.lap("task")
    return done


def _models(parts: Parts) -> dict[str, str | None]:
    return {
        "embedder": str(parts.embedder.identity),
        "generator": parts.generator.identity if parts.generator else None,
        "reranker": parts.reranker.identity if parts.reranker else None,
    }


def _look(
    question: str,
    parts: Parts,
    filters: Filters,
    clock: _Clock,
    most: int = quote.MOST_QUOTES,
    room: int = quote.MOST_CHARACTERS,
) -> Looked:
    found = retrieve(
        question,
        parts.libraries,
        parts.embedder,
        limit=PASSAGES_SHOWN,
        filters=filters,
        reranker=parts.reranker,
    )
    clock.lap("retrieve")
    considered = quote.select(found, parts.embedder, most=most, room=room)

    def proven(item: Quote) -> bool:
        return quote.prove(item, found.homes[item.document.id].catalogue)

    quotes = tuple(filter(proven, considered))
    clock.lap("quote")
    probability = evidence.probability(found, considered)
    conflicts: tuple[Conflict, ...] = ()
    if quotes and probability >= parts.enough:
        disagreeing = conflict.find(question, quotes, found)
        conflicts = tuple(each for each in disagreeing if proven(each.newer) and proven(each.older))
        quotes = conflict.shown(quotes, conflicts)
    clock.lap("conflict")
    return Looked(question, found, considered, quotes, probability, conflicts)


def _phrased(
    parts: Generating[Sentence | WithheldSentence, None, Usage],
    written: list[Sentence | WithheldSentence],
) -> Generating[Checked, None, Usage]:
    """Each part as an event as soon as it is there, and kept in `written`."""
    while True:
        try:
            part = next(parts)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        written.append(part)
        yield Checked(part)


def _interleaved(lists: Sequence[tuple[Passage, ...]]) -> tuple[Passage, ...]:
    """First passages of all parts, then second ones, each once, ranked anew."""
    if len(lists) == 1:
        return lists[0]
    rows = chain.from_iterable(zip_longest(*lists))
    once = {passage.chunk.id: passage for passage in rows if passage is not None}
    return tuple(
        replace(passage, rank=rank)
        for rank, passage in enumerate(list(once.values())[:PASSAGES_SHOWN], start=1)
    )


def _distinct(lists: Sequence[tuple[Quote, ...]]) -> tuple[Quote, ...]:
    """The quotes of all parts, in their order, each once."""
    found = {(each.document.id, each.start): each for quotes in lists for each in quotes}
    return tuple(found.values())


def _said(asked: Sequence[str]) -> str:
    """The question as a generator reads it."""
    return " ".join(asked)


@dataclass(slots=True)
class _Clock:
    """Wall-clock seconds by step."""

    began: float = field(default_factory=time.perf_counter)
    last: float = field(default_factory=time.perf_counter)
    laps: dict[str, float] = field(default_factory=dict)

    def lap(self, step: str) -> None:
        now = time.perf_counter()
        self.laps[step] = self.laps.get(step, 0.0) + now - self.last
        self.last = now

    def total(self) -> dict[str, float]:
        return {**self.laps, "total": time.perf_counter() - self.began}
