"""What a person reads in a terminal. Progress goes to stderr, and only where that is a terminal."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from rag.records import Document, Outcome, Page, Quote, Reply, Span
from ui.wording import about_conflict, about_table, effort, local_time, where

if TYPE_CHECKING:
    from rag.evaluation.measure import Measure
    from rag.why import Trace
    from ui.doctor import Check

MOST_LISTED = 20
"""Quotes of a list that are shown; JSON has all of them."""

_WIDEST = 100


class LoadProgress:
    """A bar for each step of a long piece of work; silent where nobody watches."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._bar: Progress | None = None
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> LoadProgress:
        if self._stream.isatty():
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                console=Console(file=self._stream),
            )
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar:
            self._bar.stop()

    def update(self, step: str, done: int, total: int | None) -> None:
        """Say how far a step is."""
        if self._bar:
            if step not in self._tasks:
                self._tasks[step] = self._bar.add_task(step, total=total)
            self._bar.update(self._tasks[step], completed=done, total=total)

    def say(self, line: str) -> None:
        """A line above the bars."""
        if self._bar:
            self._bar.console.print(line, markup=False, highlight=False)
        else:
            print(line, file=self._stream)


def load_summary(counts: Mapping[str, int], files: int, seconds: float, library: Path) -> None:
    parts = ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count)
    print(f"{_count(files, 'file')}: {parts or 'nothing to do'}. {seconds:.1f} s. {library}")


def reply(item: Reply, *, kept_since: str | None = None) -> None:
    """An answer with its quotes; what is not an answer says so first.

    `kept_since` is when a kept answer was given, in UTC.
    """
    answer = item.answer
    if kept_since:
        print(f"(kept answer of {local_time(kept_since)}; library unchanged)")
    for note in item.notes:
        print(f"({note})")
    if item.searched:
        print(f"(Looked for: {' / '.join(item.searched)})")
    if answer.outcome is Outcome.NO_EVIDENCE:
        if item.task == "question" or not item.notes:
            print("No evidence: nothing in the library answers this.")
        if item.passages:
            print("Nearest passages, not an answer:")
            for passage in item.passages[:3]:
                print(f"  {where(passage.document.name, passage.chunk.page)}")
        return
    for conflict in answer.conflicts:
        print(_wrap(about_conflict(conflict)))
    if answer.outcome is Outcome.NOT_CHECKED:
        print("Not checked: verification itself failed. Read the quotes, not the sentences.")
    if answer.outcome is Outcome.WITHHELD:
        print("Withheld: no sentence passed the check. What the documents say:")
        for quote in answer.quotes_only:
            _quote(quote)
        return
    side = ""
    for sentence in answer.sentences[:MOST_LISTED]:
        if sentence.side != side:
            side = sentence.side
            print(f"\n{side}:")
        if " ".join(sentence.text.split()) != " ".join(sentence.quotes[0].text.split()):
            print()
            print(_wrap(" ".join(sentence.text.split())))
        for quote in sentence.quotes:
            _quote(quote)
    if len(answer.sentences) > MOST_LISTED:
        more = len(answer.sentences) - MOST_LISTED
        print(f"\nand {more} more; --json lists all {len(answer.sentences)}.")
    if answer.withheld:
        print()
        print(f"{_count(len(answer.withheld), 'sentence')} withheld, the quote stands instead.")


def took(item: Reply) -> None:
    """Time, tokens and cost of a reply, where somebody watches."""
    if sys.stderr.isatty():
        Console(stderr=True, highlight=False).print(effort(item), style="dim", markup=False)


def hits(rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        print("Nothing found.")
    for row in rows:
        heading = f" - {row['heading']}" if row["heading"] else ""
        at = where(row["document"], row["page"], row["place"] or "")
        print(f"{row['rank']:>3}  {row['score']:.3f}  {at}{heading}")
        print(_wrap(" ".join(row["text"].split())[:300], "     "))


def trace(item: Trace) -> None:
    """Each step with its rank and what it says; first what became of the place."""
    place = where(item.document, item.page)
    print(f"{place}: lost at the step “{item.lost}”." if item.lost else f"{place}: found.")
    table = Table("step", "", "rank", "score", "what it says", box=None)
    for step in item.steps:
        mark = "" if step.ok is None else "ok" if step.ok else "lost"
        rank = "-" if step.rank is None else str(step.rank)
        score = "-" if step.score is None else f"{step.score:.3f}"
        table.add_row(step.name, mark, rank, score, Text(step.detail))
    Console(width=_WIDEST, highlight=False).print(table)


def page(document: Document, item: Page) -> None:
    if item.number is not None:
        print(f"--- {where(document.name, item.number)}, from {item.start} ---")
    print(item.text)


def status(row: Mapping[str, Any], library: Path) -> None:
    print(library)
    for key in ("documents", "files", "pages", "chunks", "refused", "generation"):
        print(f"  {key:<12}{row[key]}")
    ready = row["ready"]
    print(f"  {'ready':<12}{ready['words']} by words, {ready['meaning']} by meaning")
    if row["writing"] is not None:
        print(f"  {'writing':<12}{writing(row['writing'])}")
    print(f"  {'embedder':<12}{row['models']['embedder'] or 'none yet'}")
    for each in row.get("refusals", ()):
        print(f"  refused: {each['path']}: {each['reason']}")
    for each in row.get("similar", ()):
        print(f"  nearly the same ({each['share']:.0%}): {' and '.join(each['documents'])}")


def writing(who: Mapping[str, Any]) -> str:
    """Who is writing, and how far."""
    said = f"process {who.get('pid', '?')} ({who.get('command') or 'unknown'})"
    if "step" in who:
        said += f", {who['step']} {who['done']} of {who['total']}"
    return said


def problems(found: Sequence[str], library: Path, recall: tuple[str, float] | None = None) -> None:
    if not found:
        print(f"{library}: everything agrees.")
    if recall and recall[1] < 1:
        print(f"The {recall[0]} vector index finds {recall[1]:.1%} of the ten nearest passages.")
    for problem in found:
        print(problem)
    if found:
        print("Run `rag repair` to rebuild what is derived.")


def forgotten(row: Mapping[str, Any]) -> None:
    print(f"Forgotten: {row['document']}, {_count(row['chunks'], 'passage')}.")
    if row["traces"]:
        print(f"A trace was left in: {', '.join(row['traces'])}. Run `rag repair`.")
    else:
        words = _count(row["words_checked"], "word")
        print(f"Looked for {words} that only it held, in every byte of the library: none found.")


def checks(found: Sequence[Check]) -> None:
    for check in found:
        mark = "ok  " if check.ok else ("FAIL" if check.needed else "none")
        print(f"{mark}  {check.name}: {check.detail}")
        if check.mend and not check.ok:
            print(f"      {check.mend}")


def metrics(found: Mapping[str, Measure]) -> None:
    """Every metric that was measured, in a table."""
    table = Table("metric", "value", "95 %", "n", "not applicable", "failed", box=None)
    for name, measure in found.items():
        if measure.value is None and not measure.failed:
            continue
        value = "-" if measure.value is None else f"{measure.value:.3f}"
        bounds = "-" if measure.low is None else f"{measure.low:.3f}..{measure.high:.3f}"
        counts = (measure.n, measure.not_applicable, measure.failed)
        table.add_row(name, value, bounds, *(str(count) for count in counts))
    Console(width=_WIDEST, highlight=False).print(table)


def rows_and_failures(rows: int, failed: int) -> str:
    """How many rows there were, and how many of them are no part of any value."""
    return f"{_count(rows, 'row')}, {failed} of them failed." if failed else _count(rows, "row")


def _quote(quote: Quote) -> None:
    print()
    text = Text(_wrap("“" + " ".join(quote.text.split()) + "”", "  "))
    if quote.short and sys.stdout.isatty():
        _emphasise(text, quote.text, quote.short)
        Console(highlight=False).print(text, soft_wrap=True)
    else:
        print(text.plain)
    flags = f"  [{', '.join(quote.flags)}]" if quote.flags else ""
    heading = f" - {quote.headings[-1]}" if quote.headings else ""
    print(f"    {where(quote.document.name, quote.page, quote.place)}{heading}{flags}")
    table = about_table(quote.caption, quote.columns)
    if table:
        print(_wrap(table, "    "))


def _emphasise(wrapped: Text, text: str, span: Span) -> None:
    """Make the span bold: in what was wrapped only white space is other than in the text."""
    inked = [at for at, character in enumerate(wrapped.plain) if not character.isspace()]
    # One more for the quotation mark.
    first = 1 + len("".join(text[: span.start].split()))
    last = first + len("".join(text[span.start : span.end].split())) - 1
    wrapped.stylize("bold", inked[first], inked[last] + 1)


def _wrap(text: str, indent: str = "") -> str:
    width = min(_WIDEST, shutil.get_terminal_size().columns)
    return textwrap.fill(text, width, initial_indent=indent, subsequent_indent=indent)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
