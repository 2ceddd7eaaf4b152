"""The view for whoever measures: results as their report and row by row, and cases run.

Beside the view to ask in, in the same page. A report is shown as the file that it is, in a frame
that its own policy keeps from running anything; all other texts go through `ui.markup`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from rag.ask import Parts, ask
from rag.errors import SourceboundError
from rag.evaluation import circumstances
from rag.evaluation.breakdown import Pick, pick
from rag.evaluation.cases import read_cases
from rag.evaluation.results import Results, read_results
from rag.evaluation.run import evaluate
from rag.records import Mode
from rag.settings import Settings
from ui.page import held, markup
from ui.report_page import page
from ui.reporting import REPORT, RESULTS, lines
from ui.uploads import Upload, safe_name

HEIGHT = 900
"""Pixels of the frame that a report is read in."""

_OPEN = "measured"
_AT = "row at"
_PICK = "row pick"


@dataclass(frozen=True, slots=True)
class _Measured:
    """What this visitor looks at; the report is made once."""

    name: str
    results: Results
    report: str


def show(settings: Settings) -> None:
    """The whole view."""

    def parts() -> Parts:
        """What answers questions, loaded when cases are to be run."""
        return held.make_parts(Mode.QUOTE, settings, held.libraries(settings))

    with st.sidebar:
        _open_file()
        _run_cases(parts)
    found: _Measured | None = st.session_state.get(_OPEN)
    if found is None:
        st.write("Nothing is measured yet. Open results on the left, or run cases there.")
        return
    st.html(markup.opened(found.name))
    _downloads(found)
    in_sum, one_by_one = st.tabs(["Report", "Rows"])
    with in_sum:
        # A height of its own: to fit the frame to its content, a script would be put inside.
        st.iframe(found.report, height=HEIGHT, alt="Report")
    with one_by_one:
        _rows(found.results)


def _open_file() -> None:
    st.subheader("Open results")
    with st.form("open results", border=False):
        file = st.file_uploader("File of results, from --out or --report", type=["jsonl"])
        given = st.text_input("Or its place on this machine", placeholder="/home/me/results.jsonl")
        submitted = st.form_submit_button("Open", width="stretch")
    if not submitted:
        return
    with _said():
        if file is not None:
            with _on_disk(file) as path:
                _keep(file.name, read_results(path))
        elif given.strip():
            place = Path(given.strip()).expanduser()
            _keep(place.name, read_results(place))
        else:
            raise SourceboundError("No file was chosen. Choose one, or give its place.")


def _run_cases(parts: Callable[[], Parts]) -> None:
    st.subheader("Run cases")
    with st.form("run cases", border=False):
        file = st.file_uploader("File of cases, a question on each line", type=["jsonl"])
        st.caption("Asked over the opened library, answered by quotes. The report follows.")
        submitted = st.form_submit_button("Run", width="stretch")
    if not submitted:
        return
    with _said():
        if file is None:
            raise SourceboundError("No file was chosen. Choose a file of cases.")
        with _on_disk(file) as path:
            cases = read_cases(path)
            ready = parts()
            bar = st.progress(0.0, "asking")

            def show_progress(done: int, total: int) -> None:
                bar.progress(done / total, f"asking: {done}/{total}")

            results = evaluate(
                cases,
                lambda case: ask(case.question, ready, mode=Mode.QUOTE, history=case.history),
                progress=show_progress,
                about=circumstances.of_cases(path, ready, Mode.QUOTE, name=safe_name(file.name)),
                memory=circumstances.peak_memory,
            )
            bar.empty()
        _keep(file.name, results)


@contextmanager
def _said() -> Iterator[None]:
    """An error as the sentence it is, where it happened."""
    try:
        yield
    except SourceboundError as error:
        st.html(markup.problem(str(error)))


@contextmanager
def _on_disk(file: Upload) -> Iterator[Path]:
    """What was handed over, as the file that readers want; gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, safe_name(file.name))
        path.write_bytes(file.getvalue())
        try:
            yield path
        except SourceboundError as error:
            # The visitor knows the file by its name, and of no folder.
            raise SourceboundError(str(error).replace(f"{folder}/", "")) from error


def _keep(name: str, results: Results) -> None:
    st.session_state[_OPEN] = _Measured(name, results, page(results))
    st.session_state[_AT] = 0


def _downloads(found: _Measured) -> None:
    files: tuple[tuple[str, str, Callable[[], bytes]], ...] = (
        (
            "Download results",
            RESULTS,
            lambda: "".join(lines(found.results)).encode(errors="replace"),
        ),
        ("Download report", REPORT, lambda: found.report.encode(errors="replace")),
    )
    for column, (label, name, content) in zip(st.columns([2, 2, 3]), files, strict=False):
        column.download_button(
            label,
            content,
            file_name=name,
            # To be stored, not shown: a page of ours must not come from this address.
            mime="application/octet-stream",
            on_click="ignore",
            width="stretch",
        )


# -- row by row ------------------------------------------------------------------------------


def _rows(results: Results) -> None:
    chosen = st.radio(
        "Which rows",
        list(Pick),
        format_func=lambda each: each.value.capitalize(),
        key=_PICK,
        horizontal=True,
        on_change=lambda: st.session_state.update({_AT: 0}),
    )
    found = pick(results.rows, chosen or Pick.ALL)
    if not found:
        st.html(markup.notes(["There is no such row."]))
        return
    at = min(st.session_state.get(_AT, 0), len(found) - 1)
    back, forth, where = st.columns([1, 1, 4], vertical_alignment="center")
    back.button("Previous", disabled=at == 0, on_click=_go, args=(at - 1,), width="stretch")
    forth.button(
        "Next", disabled=at == len(found) - 1, on_click=_go, args=(at + 1,), width="stretch"
    )
    where.caption(f"{at + 1:,} of {len(found):,}")
    row = results.rows[found[at]]
    st.html(markup.result(row) + markup.row_metrics(row))


def _go(at: int) -> None:
    st.session_state[_AT] = at
