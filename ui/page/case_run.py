"""Cases on their way, in a thread of its own: whoever looks elsewhere breaks nothing off.

Stopping keeps what was measured: the replies that are there are summed up as if there were no
more cases.
"""

from __future__ import annotations

import logging
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from rag.ask import Parts, ask
from rag.errors import SourceboundError
from rag.evaluation import circumstances
from rag.evaluation.cases import Case, read_cases
from rag.evaluation.results import Results
from rag.evaluation.run import evaluate
from rag.records import Mode, Reply

UNEXPECTED = "Something unexpected went wrong. The terminal of rag ui says what."


@dataclass(frozen=True, slots=True)
class Pace:
    """How far a run is. `rate` is in cases a second, `left` in seconds; None where not known."""

    done: int
    total: int
    rate: float | None
    left: float | None

    def __str__(self) -> str:
        said = f"{self.done:,} of {self.total:,} cases"
        if self.rate is None or self.left is None:
            return f"{said}; loading what answers them …"
        rate = f"{self.rate:.1f} a second" if self.rate >= 1 else f"{1 / self.rate:.0f} s for each"
        return f"{said}, {rate}, about {in_words(self.left)} left"


def in_words(seconds: float) -> str:
    """A time to come, no more exact than anybody could know it."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{seconds / 3600:.1f} h"


class CaseRun:
    """One file of cases being asked; any thread may look, or stop it.

    `results` or `error` are there once it is `over`; both None where it was stopped before the
    first reply.
    """

    def __init__(self, name: str, content: bytes, mode: Mode) -> None:
        """Raises `CasesError` as `read_cases` does.

        `name` is a harmless one (`safe_name`), `content` a file of cases, JSON lines.
        """
        self.name = name
        self.mode = mode
        self.results: Results | None = None
        self.error: str | None = None
        self._content = content
        self._replies: list[Reply | SourceboundError] = []
        self._began: float | None = None
        self._stopped = threading.Event()
        self._over = threading.Event()
        with self._file() as path:
            try:
                self.cases: Sequence[Case] = read_cases(path)
            except SourceboundError as error:
                # The visitor knows the file by its name, and of no folder.
                raise type(error)(str(error).replace(f"{path.parent}/", "")) from error

    def start(
        self,
        prepare: Callable[[], Parts],
        turn: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        """Begin. `prepare` may load models first; `turn` is entered for each case."""
        threading.Thread(target=self._run, args=(prepare, turn), daemon=True).start()

    def stop(self) -> None:
        """After the case that is being asked."""
        self._stopped.set()

    @property
    def stopping(self) -> bool:
        return self._stopped.is_set()

    @property
    def over(self) -> bool:
        return self._over.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait for the end, at most so long; returns whether it came."""
        return self._over.wait(seconds)

    def pace(self) -> Pace:
        done, total = len(self._replies), len(self.cases)
        if self._began is None or not done:
            return Pace(done, total, None, None)
        rate = done / max(1e-6, time.monotonic() - self._began)
        return Pace(done, total, rate, (total - done) / rate)

    # -- in its own thread -------------------------------------------------------------------

    def _run(
        self,
        prepare: Callable[[], Parts],
        turn: Callable[[], AbstractContextManager[object]],
    ) -> None:
        try:
            parts = prepare()
            self._began = time.monotonic()
            for case in self.cases:
                if self._stopped.is_set():
                    break
                with turn():
                    self._replies.append(self._reply(case, parts))
            if self._replies:
                self.results = self._summed_up(parts)
        except SourceboundError as error:
            self.error = str(error)
        except Exception:
            # What went wrong may quote a document; it belongs into the terminal, not onto the page.
            logging.getLogger(__name__).exception("a run broke")
            self.error = UNEXPECTED
        finally:
            self._over.set()

    def _reply(self, case: Case, parts: Parts) -> Reply | SourceboundError:
        try:
            return ask(case.question, parts, mode=self.mode, history=case.history)
        except SourceboundError as error:
            return error

    def _summed_up(self, parts: Parts) -> Results:
        replies = iter(self._replies)
        asked = self.cases[: len(self._replies)]

        def again(case: Case) -> Reply:
            found = next(replies)
            if isinstance(found, SourceboundError):
                raise found
            return found

        with self._file() as path:
            about = circumstances.of_cases(path, parts, self.mode, name=self.name)
        if len(asked) < len(self.cases):
            cut = f"{self.name}, the first {len(asked)} of {len(self.cases)} cases"
            about = replace(about, input=cut)
        return evaluate(asked, again, about=about, memory=circumstances.peak_memory)

    @contextmanager
    def _file(self) -> Iterator[Path]:
        """What was handed over, as the file that readers want; gone afterwards."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, self.name)
            path.write_bytes(self._content)
            yield path
