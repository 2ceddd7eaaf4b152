"""A plugin for pytest: questions as tests, and functions to ask and to score with.

Files named `*.cases.jsonl` are collected where a library is named, by `--sourcebound-library` or by
`sourcebound_library` in the settings of pytest; other people's files never are. The form is that of
`rag evaluate`. Every case becomes a test, which fails with what was expected and what was said.

pytest loads this file in every run of every project that it is installed beside: whatever is heavy
is imported when it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from rag.ask import Parts
    from rag.evaluation.cases import Case
    from rag.evaluation.results import RowResult
    from rag.records import Quote, Reply
    from rag.settings import Settings

    Ask = Callable[..., Reply]
    """`ask(question, history=())`."""
    Score = Callable[..., RowResult]
    """`score(response, contexts, question="")`."""

SUFFIX = ".cases.jsonl"
_OPTION = "--sourcebound-library"
_INI = "sourcebound_library"
_ACCEPTED = 5
"""Accepted answers that a message names."""


class Asker:
    """The shipped path over one library, with the models loaded once for a run of pytest."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._ready: tuple[Settings, Parts] | None = None
        self._trouble: Exception | None = None

    @property
    def library(self) -> Path | None:
        """The folder that was named, None where the settings decide."""
        given = self._config.getoption(_OPTION)
        if given:
            return self._config.invocation_params.dir / str(given)
        named = str(self._config.getini(_INI))
        if not named:
            return None
        at = self._config.inipath
        return (at.parent if at else self._config.rootpath) / named

    def ask(self, question: str, history: Sequence[tuple[str, str]] = ()) -> Reply:
        """The reply to a question; earlier ones with their answers in `history`, oldest first."""
        from rag.ask import ask

        settings, parts = self.load()
        return ask(question, parts, mode=settings.mode, history=history)

    def unproven(self, reply: Reply) -> list[Quote]:
        """Quotes shown that are not exactly the stored text at their place, in any library."""
        from rag.quote import prove
        from rag.retrieve import reading

        _, parts = self.load()
        with reading(parts.libraries):
            return [
                quote
                for quote in reply.answer.shown
                if not any(prove(quote, library.catalogue) for library in parts.libraries)
            ]

    def load(self) -> tuple[Settings, Parts]:
        """Settings and parts; what cannot be had is tried once. Raises `SourceboundError`."""
        if self._trouble:
            raise self._trouble
        if self._ready is None:
            from rag import assemble
            from rag.errors import SourceboundError
            from rag.settings import read_settings

            try:
                named = self.library
                flags: dict[str, Any] = {"library": named, "collections": ()} if named else {}
                settings = read_settings(**flags)
                self._ready = settings, assemble.parts(settings, mode=settings.mode)
            except SourceboundError as error:
                self._trouble = error
                raise
        return self._ready

    def close(self) -> None:
        if self._ready:
            for library in self._ready[1].libraries:
                library.close()
        self._ready = None


_ASKER = pytest.StashKey[Asker]()


def pytest_addoption(parser: pytest.Parser) -> None:
    help = f"Folder of a Sourcebound library; files named *{SUFFIX} are then asked of it."
    group = parser.getgroup("sourcebound", "questions to documents (Sourcebound)")
    group.addoption(_OPTION, metavar="DIR", help=help)
    parser.addini(_INI, help, default="")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_ASKER] = Asker(config)


def pytest_unconfigure(config: pytest.Config) -> None:
    if asker := config.stash.get(_ASKER, None):
        asker.close()


@pytest.fixture(scope="session")
def sourcebound_score() -> Score:
    """A function that scores how far texts carry a response; it needs no library and no model.

    `score(response, contexts, question="")`; what is found is that of `rag score` for one row.
    """
    from rag.evaluation.scoring import score_answers

    def score(response: str, contexts: Sequence[object], question: str = "") -> RowResult:
        row = {"response": response, "contexts": list(contexts), "question": question}
        return score_answers([row]).rows[0]

    return score


@pytest.fixture(scope="session")
def sourcebound_ask(pytestconfig: pytest.Config) -> Ask:
    """Ask the library that is named, else that of the settings: `ask(question, history=())`."""
    asker = pytestconfig.stash[_ASKER]
    _load(asker)
    return asker.ask


def _load(asker: Asker) -> None:
    """The parts, or an error whose only text is what to do."""
    from rag.errors import SourceboundError

    try:
        asker.load()
    except SourceboundError as error:
        trouble = str(error)
    else:
        return
    # Raised outside, or the first error would be shown before it.
    pytest.fail(trouble, pytrace=False)


# -- cases -----------------------------------------------------------------------------------


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> CasesFile | None:
    if not file_path.name.endswith(SUFFIX) or not parent.config.stash[_ASKER].library:
        return None
    return CasesFile.from_parent(parent, path=file_path)


class CasesFile(pytest.File):
    """A file of cases, each of them a test named by its id."""

    def collect(self) -> Iterator[CaseItem]:
        from rag.errors import CasesError
        from rag.evaluation.cases import read_cases

        try:
            cases = read_cases(self.path)
        except CasesError as error:
            raise self.CollectError(str(error)) from None
        for case in cases:
            yield CaseItem.from_parent(self, name=_name(case.id), case=case)


class CaseItem(pytest.Item):
    """One case, asked and judged."""

    def __init__(self, *, case: Case, **rest: Any) -> None:
        super().__init__(**rest)
        self.case = case
        self._asker = self.config.stash[_ASKER]

    def setup(self) -> None:
        _load(self._asker)

    def runtest(self) -> None:
        reply = self._asker.ask(self.case.question, self.case.history)
        wrong = wrongs(self.case, reply, self._asker.unproven(reply))
        if wrong:
            raise CaseFailed(explained(self.case, reply, wrong))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Our own errors are sentences already; where they were raised says nothing more."""
        from rag.errors import SourceboundError

        if isinstance(excinfo.value, CaseFailed | SourceboundError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, self.name


class CaseFailed(AssertionError):
    """A case whose reply is not what it should be; the text tells all of it."""


def wrongs(case: Case, reply: Reply, unproven: Sequence[Quote]) -> list[str]:
    """What is wrong with a reply, a sentence each; [] where nothing is."""
    from rag.evaluation.metrics import answer_in_quotes, refused

    found = []
    if refused(reply.answer):
        if case.answerable:
            found.append(f"It was refused ({reply.answer.outcome.value}).")
    elif not case.answerable:
        found.append(f"It was answered ({reply.answer.outcome.value}).")
    elif case.answers:
        texts = [quote.text for quote in reply.answer.shown]
        if not answer_in_quotes(texts, case.answers):
            found.append("No quote holds an accepted answer.")
    for quote in unproven:
        found.append(
            f"A quote is not the text of {quote.document.name} from {quote.start} to {quote.end}: "
            f"“{_line(quote.text)}”"
        )
    return found


def explained(case: Case, reply: Reply, wrong: Sequence[str]) -> str:
    """The message of a case that failed."""
    expected = "a refusal"
    if case.answerable:
        expected = "an answer"
        if case.answers:
            more = len(case.answers) - _ACCEPTED
            expected += f" with {' or '.join(map(repr, case.answers[:_ACCEPTED]))} in a quote"
            expected += f" ({more} more accepted)" if more > 0 else ""
    lines = [
        *(f"Earlier: {_line(question)}" for question, _ in case.history),
        f"Question: {_line(case.question)}",
        f"Expected: {expected}, and every quote proven.",
        *(f"Wrong: {sentence}" for sentence in wrong),
        f"Answer: {_line(reply.answer.text) or 'none'}",
    ]
    for quote in reply.answer.shown:
        page = f", page {quote.page}" if quote.page else ""
        lines.append(f"Quote: “{_line(quote.text)}” ({quote.document.name}{page})")
    return "\n".join(lines)


def _line(text: str) -> str:
    return " ".join(text.split())


def _name(id: str) -> str:
    """An id that keeps to one line of a terminal."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in id)
