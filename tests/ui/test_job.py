"""A question on its way: seen, stopped, kept, whoever looks or does not."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from rag.ask import Parts
from rag.errors import ModelMissing
from rag.library.folder import Library
from rag.records import Mode, Outcome
from tests.conftest import LoadTexts
from tests.stand_ins import EchoGenerator, HashEmbedder, WordScorer
from ui.page.job import STOPPED, Asked, Job
from ui.page.turns import Turns, in_words

QUESTION = "Where does the heron nest?"
TEXT = "The heron nests in the willow by the weir. It eats small fish at dawn."
SECONDS = 30.0


class Slow(EchoGenerator):
    """Says nothing before it is allowed to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked_for = threading.Event()
        self.allowed = threading.Event()

    def phrase(self, question: str, quote: str, *, max_new_tokens: int):  # type: ignore[no-untyped-def]
        self.asked_for.set()
        assert self.allowed.wait(SECONDS)
        return (yield from super().phrase(question, quote, max_new_tokens=max_new_tokens))


@pytest.fixture
def library(load_texts: LoadTexts) -> Library:
    return load_texts({"birds.txt": TEXT})


def _prepare(library: Library, generator: EchoGenerator | None = None) -> Callable[[Mode], Parts]:
    return lambda mode: Parts(
        (library,), HashEmbedder(), WordScorer(), generator if mode is Mode.GENERATE else None,
        enough=0.0,
    )  # fmt: skip


def _asked(library: Library, mode: Mode = Mode.QUOTE, question: str = QUESTION) -> Asked:
    return Asked(question, mode, [library], library)


def _done(job: Job) -> None:
    assert job.wait(SECONDS, lambda progress: False)


def test_an_answer_is_kept_in_a_conversation(library: Library) -> None:
    job = Job(_asked(library))
    job.start(_prepare(library))
    _done(job)
    kept = job.progress.kept
    assert kept
    assert kept.reply.answer.outcome is Outcome.SUPPORTED
    (turn,) = library.conversations.read(kept.conversation or 0).turns
    assert (turn.id, turn.reply) == (kept.turn, kept.reply)


def test_quotes_do_not_wait_for_the_generator(library: Library) -> None:
    generator = Slow()
    job = Job(_asked(library, Mode.GENERATE))
    job.start(_prepare(library, generator))
    assert job.wait(SECONDS, lambda progress: progress.quoted is not None)
    assert generator.asked_for.wait(SECONDS)
    assert job.progress.quoted
    assert job.progress.quoted.sentences
    assert not job.progress.done
    generator.allowed.set()
    _done(job)
    assert job.progress.kept
    assert job.progress.kept.reply.mode is Mode.GENERATE


def test_nor_for_those_who_came_before(library: Library) -> None:
    turns = Turns()
    with turns.turn():
        job = Job(_asked(library, Mode.GENERATE))
        job.start(_prepare(library, EchoGenerator()), turns)
        assert job.wait(SECONDS, lambda progress: progress.step == in_words(1))
        assert job.progress.quoted
        assert not job.progress.done
    _done(job)
    assert job.progress.kept
    assert job.progress.kept.reply.mode is Mode.GENERATE


def test_stopped_while_phrasing_the_quotes_stand(library: Library) -> None:
    generator = Slow()
    job = Job(_asked(library, Mode.GENERATE))
    job.start(_prepare(library, generator))
    assert generator.asked_for.wait(SECONDS)
    job.stop()
    # At once, and not when the generator is done with its sentence.
    assert job.progress.kept
    reply = job.progress.kept.reply
    assert (reply.mode, reply.notes) == (Mode.QUOTE, (STOPPED,))
    assert reply.answer == job.progress.quoted
    generator.allowed.set()
    for thread in threading.enumerate():
        if thread.daemon and thread.name.startswith("Thread-"):
            thread.join(SECONDS)
    assert job.progress.kept.reply is reply
    assert len(library.conversations.read(1).turns) == 1


def test_stopped_before_there_are_quotes_there_is_no_answer(library: Library) -> None:
    loading = threading.Event()

    def prepare(mode: Mode) -> Parts:
        assert loading.wait(SECONDS)
        return _prepare(library)(mode)

    job = Job(_asked(library))
    job.start(prepare)
    job.stop()
    assert job.progress.error.startswith("Stopped.")
    loading.set()
    for thread in threading.enumerate():
        if thread.daemon and thread.name.startswith("Thread-"):
            thread.join(SECONDS)
    assert job.progress.kept is None
    assert library.conversations.all() == []


def test_what_went_wrong_is_a_sentence(library: Library) -> None:
    def missing(mode: Mode) -> Parts:
        raise ModelMissing("There is no model. Install one.")

    def breaks(mode: Mode) -> Parts:
        raise RuntimeError(TEXT)

    for prepare, said in ((missing, "There is no model."), (breaks, "The terminal of rag ui")):
        job = Job(_asked(library))
        job.start(prepare)
        _done(job)
        assert said in job.progress.error
        assert TEXT not in job.progress.error
