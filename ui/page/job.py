"""A question on its way, in a thread of its own.

Whatever else a visitor does meanwhile, opening a quote or leaving the page, runs the page's script
anew and would break off what it was doing. So the script only watches. What is answered is kept in
the library's conversation from here, also where nobody is looking any more.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rag import ask as path
from rag import kept
from rag.ask import Checked, Event, Found, Parts, Quoted
from rag.errors import SourceboundError
from rag.filters import NONE, Filters
from rag.kept import Again, Kept
from rag.library.folder import Library
from rag.records import Answer, Mode, Outcome, Passage, Reply, Sentence
from ui.page.turns import Turns, in_words

LOADING = "Loading the embedding model …"
LOOKING = "Looking into your documents …"
LOADING_GENERATOR = "Loading the generator; the first time takes half a minute."
PHRASING = "Phrasing and checking."

STOPPED = "Stopped before its sentences were phrased and checked; the quotes stand."
_UNEXPECTED = "Something unexpected went wrong. The terminal of rag ui says what."


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked, and how. `history` holds earlier questions with their answers.

    `own` keeps the answer in its conversation of that id, in a new one for None. `fresh` asks anew
    what was answered before.
    """

    question: str
    mode: Mode
    libraries: Sequence[Library]
    own: Library
    filters: Filters = NONE
    history: Sequence[tuple[str, str]] = ()
    conversation: int | None = None
    fresh: bool = False


@dataclass(slots=True)
class Progress:
    """How far it is. At the end either `kept` or `error` is set."""

    step: str = LOOKING
    passages: tuple[Passage, ...] = ()
    quoted: Answer | None = None
    phrased: list[Sentence] = field(default_factory=list)
    kept: Kept | None = None
    error: str = ""

    @property
    def done(self) -> bool:
        return self.kept is not None or bool(self.error)


class Job:
    """One question being answered; any thread may look at `progress`, or stop it.

    `visit` tells which conversation the visitor was looking at when it was asked.
    """

    def __init__(self, asked: Asked, visit: int = 0) -> None:
        self.asked = asked
        self.visit = visit
        self.progress = Progress()
        self.began = False
        self._stopped = threading.Event()
        self._moved = threading.Condition()
        self._ending = threading.Lock()
        self._notes: tuple[str, ...] = ()

    def start(
        self,
        prepare: Callable[[Mode], Parts],
        turns: Turns | None = None,
    ) -> None:
        """Begin.

        `prepare` gives what answers in a mode, and may load it first. `turns` are those of all
        visitors at the generator: sentences are phrased one question at a time.
        """
        self.began = True
        thread = threading.Thread(target=self._run, args=(prepare, turns or Turns()), daemon=True)
        thread.start()

    def stop(self) -> None:
        """Give up what is not there yet: the quotes stand; without them there is no answer."""
        self._stopped.set()
        quoted = self.progress.quoted
        if quoted is None:
            self._set(error="Stopped. Ask again whenever you like.")
            return
        notes = () if quoted.outcome is Outcome.NO_EVIDENCE else (STOPPED,)
        passages = self.progress.passages
        notes = (*self._notes, *notes)
        self._end(Reply(self.asked.question, Mode.QUOTE, quoted, passages, notes=notes))

    def wait(self, seconds: float, until: Callable[[Progress], bool]) -> bool:
        """Wait until something is true of the progress, at most so long; returns whether it is."""
        with self._moved:
            return self._moved.wait_for(lambda: self.progress.done or until(self.progress), seconds)

    def wait_for_news(self, seconds: float) -> None:
        """Wait until something moves, at most so long."""
        with self._moved:
            self._moved.wait(seconds)

    # -- in its own thread -------------------------------------------------------------------

    def _run(
        self,
        prepare: Callable[[Mode], Parts],
        turns: Turns,
    ) -> None:
        asked = self.asked
        try:
            self._set(step=LOADING)
            parts = prepare(Mode.QUOTE)
            self._notes = parts.notes
            self._set(step=LOOKING)
            if asked.mode is Mode.QUOTE:
                self._answer(parts)
                return
            # The quotes do not wait for a generator that loads, or works for somebody else.
            self._quote(parts)
            self._set(step=LOADING_GENERATOR)
            parts = prepare(asked.mode)
            self._notes = parts.notes
            with turns.turn(self._wait_behind, self._stopped.is_set) as mine:
                if mine:
                    self._set(step=PHRASING)
                    self._answer(parts)
        except SourceboundError as error:
            self._set(error=str(error))
        except Exception:
            # What went wrong may quote a document; it belongs into the terminal, not onto the page.
            logging.getLogger(__name__).exception("a question broke")
            self._set(error=_UNEXPECTED)

    def _wait_behind(self, ahead: int) -> None:
        self._set(step=in_words(ahead))

    def _quote(self, parts: Parts) -> None:
        """The quotes that the sentences will be phrased from; found again in no time then."""
        asked = self.asked
        for event in path.stream(
            asked.question, parts, filters=asked.filters, history=asked.history
        ):
            if not isinstance(event, Reply) and not self._stopped.is_set():
                self._note(event)

    def _answer(self, parts: Parts) -> None:
        asked = self.asked
        for event in kept.stream(
            asked.question,
            parts,
            mode=asked.mode,
            filters=asked.filters,
            history=asked.history,
            fresh=asked.fresh,
        ):
            if self._stopped.is_set():
                return
            self._note(event)

    def _note(self, event: Event | Again) -> None:
        if isinstance(event, Reply):
            self._end(event)
        elif isinstance(event, Found):
            self._set(passages=event.passages)
        elif isinstance(event, Quoted):
            self._set(quoted=event.answer)
        elif isinstance(event, Checked) and isinstance(event.part, Sentence):
            self._set(phrased=[*self.progress.phrased, event.part])

    def _end(self, reply: Reply) -> None:
        """Keep the reply, once: whoever stops it may come while the last of it arrives."""
        asked = self.asked
        with self._ending:
            if not self.progress.done:
                found = kept.keep(reply, asked.libraries, asked.conversation, own=asked.own)
                self._set(kept=found)

    def _set(self, **changes: object) -> None:
        with self._moved:
            if not self.progress.done:
                for name, value in changes.items():
                    setattr(self.progress, name, value)
            self._moved.notify_all()
