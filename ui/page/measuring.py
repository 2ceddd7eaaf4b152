"""The view for whoever measures: cases run, results as their report, row by row, and what moved.

A report is shown as the file that it is, in a frame that its own policy keeps from running
anything; all other texts go through markup.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rag.errors import SourceboundError
from rag.evaluation.breakdown import Pick, pick
from rag.evaluation.compare import compare
from rag.evaluation.results import Results, read_results
from rag.evaluation.starters import starters
from rag.records import Mode
from rag.settings import NO_GENERATOR, Settings
from ui.options import json_line
from ui.page import held, markup, moves_markup, signin
from ui.page.case_run import CaseRun
from ui.report_page import page
from ui.reporting import REPORT, RESULTS, lines
from ui.uploads import Upload, safe_name

HEIGHT = 900
"""Pixels of the frame that a report is read in."""

MOST_CASES = 200
"""Starter cases that are made at once."""

_OPEN = "measured"
_BEFORE = "measured before"
_BASELINE = "baseline"
_RUN = "run of cases"
_STARTERS = "starter cases"
_AT = "row at"
_PICK = "row pick"
_SAID = "said about measuring"

_QUOTES, _PHRASED = "Quotes", "Phrased"


@dataclass(frozen=True, slots=True)
class _Measured:
    """What this visitor looks at; the report is made once."""

    name: str
    results: Results
    report: str


def show(settings: Settings) -> None:
    """The whole view."""
    st.html(
        '<h2 class="sb-question">How good are the answers?</h2><p class="sb-note">Ask questions '
        "whose answers are known, and see how many are found, refused and grounded.</p>"
    )
    run: CaseRun | None = st.session_state.get(_RUN)
    if run is not None and run.over:
        _end(run)
        run = None
    bar = None
    found: _Measured | None = st.session_state.get(_OPEN)
    # One place for all that comes and goes: what stands below keeps its own, and its open tab.
    with st.container():
        if run is not None:
            bar = _running(run)
        else:
            # Open while there is nothing else to do here, out of the way afterwards.
            with st.expander("Measure something", expanded=found is None):
                _begin(settings)
            if problem := st.session_state.pop(_SAID, ""):
                st.html(markup.problem(problem))
            if found is None:
                st.html(
                    '<div class="sb-empty"><b>Nothing is measured yet</b>Run a file of cases, open '
                    "results that you have, or let cases be made from your library.</div>"
                )
    if found is not None:
        _show(found)
    if run is not None and bar is not None:
        # At the end, with all else drawn: this goes on for as long as the run does.
        while not run.wait(1.0):
            _move(bar, run)
        st.rerun()


def _show(found: _Measured) -> None:
    st.html(markup.opened(found.name))
    _downloads(found)
    in_sum, one_by_one, moved = st.tabs(["Report", "Rows", "What moved"])
    with in_sum:
        # A height of its own: to fit the frame to its content, a script would be put inside.
        st.iframe(found.report, height=HEIGHT, alt="Report")
    with one_by_one:
        _rows(found.results)
    with moved:
        _moved(found)


# -- beginning -------------------------------------------------------------------------------------


def _begin(settings: Settings) -> None:
    run, opened, made = st.tabs(["Run cases", "Open results", "Make starter cases"])
    with run:
        _run_cases(settings)
    with opened:
        _open_file()
    with made:
        _make_cases(settings)


def _run_cases(settings: Settings) -> None:
    with st.form("run cases", border=False):
        file = st.file_uploader("File of cases, a question on each line", type=["jsonl"])
        mode = _mode(settings, "run mode")
        submitted = st.form_submit_button("Run", type="primary")
    if submitted:
        with _Said():
            if file is None:
                raise SourceboundError("No file was chosen. Choose a file of cases.")
            _start(settings, safe_name(file.name), file.getvalue(), mode)


def _mode(settings: Settings, key: str) -> Mode:
    """How cases are answered; without a generator there is one way only."""
    nothing = settings.generator == NO_GENERATOR and not settings.endpoint
    chosen = st.radio(
        "Answered by",
        [_QUOTES, _PHRASED],
        horizontal=True,
        key=key,
        disabled=nothing,
        help="Phrased answers take much longer: each sentence is written, then checked.",
    )
    return Mode.GENERATE if chosen == _PHRASED and not nothing else Mode.QUOTE


def _start(settings: Settings, name: str, content: bytes, mode: Mode) -> None:
    libraries = held.libraries(settings)
    if not libraries:
        raise SourceboundError("Your library is empty. Load documents in the view Library first.")
    run = CaseRun(name, content, mode)
    # One case at a time: between two of them, somebody who asks in the page gets a turn.
    turn = held.turns().turn if mode is Mode.GENERATE else nullcontext
    run.start(lambda: held.make_parts(mode, settings, libraries), turn)
    st.session_state[_RUN] = run
    st.rerun()


def _open_file() -> None:
    with st.form("open results", border=False):
        file = st.file_uploader("File of results, from --out or --report", type=["jsonl"])
        given = ""
        if not signin.is_wide():
            given = st.text_input(
                "Or its place on this machine", placeholder="/home/me/results.jsonl"
            )
        submitted = st.form_submit_button("Open", type="primary")
    if submitted:
        with _Said():
            if file is not None:
                _keep(file.name, _results(file))
            elif given.strip():
                place = Path(given.strip()).expanduser()
                _keep(place.name, read_results(place))
            else:
                raise SourceboundError("No file was chosen. Choose one, or give its place.")


def _make_cases(settings: Settings) -> None:
    st.html(
        markup.notes(
            [
                "Questions made from sentences of your library, some of them without an answer "
                "there. They are easier than real ones: read and correct them before you trust a "
                "number."
            ]
        )
    )
    with st.form("make cases", border=False):
        left, right = st.columns(2)
        count = left.number_input("How many", min_value=4, max_value=MOST_CASES, value=20)
        share = right.slider("Of these without an answer", 0, 100, 25, format="%d %%")
        submitted = st.form_submit_button("Make cases", type="primary")
    if submitted:
        with _Said(), st.spinner("Reading your library …"):
            libraries = held.libraries(settings)
            if not libraries:
                raise SourceboundError("Your library is empty. Load documents first.")
            st.session_state[_STARTERS] = starters(libraries[0], int(count), share / 100)
    made = st.session_state.get(_STARTERS)
    if made is None:
        return
    summary = made.summary()
    st.html(
        markup.notes(
            [
                f"{summary['cases']} cases: {summary['answerable']} from "
                f"{summary['documents']} documents, {summary['unanswerable']} without an answer."
            ]
        )
    )
    content = "".join(json_line(row) for row in made.rows).encode()
    mode = _mode(settings, "starter mode")
    ask, keep = st.columns(2)
    if ask.button("Run these", type="primary", width="stretch"):
        with _Said():
            _start(settings, "starter-cases.jsonl", content, mode)
    keep.download_button(
        "Download to correct them",
        content,
        file_name="starter-cases.jsonl",
        mime="application/octet-stream",
        on_click="ignore",
        width="stretch",
    )


class _Said:
    """An error as the sentence it is, where it happened; and nothing of it elsewhere."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if isinstance(error, SourceboundError):
            st.html(markup.problem(str(error)))
            return True
        return False


def _results(file: Upload) -> Results:
    """Results that were handed over. Raises `ResultsError`, naming the file as the visitor does."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, safe_name(file.name))
        path.write_bytes(file.getvalue())
        try:
            return read_results(path)
        except SourceboundError as error:
            raise type(error)(str(error).replace(f"{folder}/", "")) from error


def _keep(name: str, results: Results) -> None:
    """Look at these from now on; those before them are the baseline that is at hand."""
    before: _Measured | None = st.session_state.get(_OPEN)
    st.session_state[_OPEN] = _Measured(name, results, page(results))
    st.session_state[_BEFORE] = before
    st.session_state.pop(_BASELINE, None)
    st.session_state[_AT] = 0
    st.rerun()


# -- running ---------------------------------------------------------------------------------------


def _running(run: CaseRun) -> DeltaGenerator:
    """What runs, its stop, and its bar, which is returned."""
    st.html(f'<p class="sb-note">Running {markup.shown(run.name)}</p>')
    bar = st.empty()
    _move(bar, run)
    st.button(
        "Stopping …" if run.stopping else "Stop and keep what was measured",
        disabled=run.stopping,
        on_click=run.stop,
    )
    return bar


def _move(bar: DeltaGenerator, run: CaseRun) -> None:
    pace = run.pace()
    bar.progress(pace.done / pace.total, str(pace))


def _end(run: CaseRun) -> None:
    del st.session_state[_RUN]
    if run.results is not None:
        _keep(run.name, run.results)
    st.session_state[_SAID] = run.error or "Stopped before the first answer: nothing was measured."


# -- what was measured -----------------------------------------------------------------------------


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
    where.html(markup.notes([f"{at + 1:,} of {len(found):,}"]))
    row = results.rows[found[at]]
    st.html(markup.result(row) + markup.row_metrics(row))


def _go(at: int) -> None:
    st.session_state[_AT] = at


def _moved(found: _Measured) -> None:
    """These results against a baseline: those looked at before, or a file."""
    before: _Measured | None = st.session_state.get(_BEFORE)
    with st.form("compare with", border=False):
        file = st.file_uploader("Results to compare with", type=["jsonl"])
        submitted = st.form_submit_button("Compare")
    if before is not None and st.button("Compare with what you looked at before"):
        st.session_state[_BASELINE] = (before.name, before.results)
    with _Said():
        if submitted:
            if file is None:
                raise SourceboundError("No file was chosen. Choose the results to compare with.")
            st.session_state[_BASELINE] = (file.name, _results(file))
        baseline = st.session_state.get(_BASELINE)
        if baseline is not None:
            name, results = baseline
            names = (name, found.name) if name != found.name else (f"{name}, before", found.name)
            st.html(markup.opened(f"{found.name}, compared with {name}"))
            st.html(moves_markup.moves(compare(results, found.results, names)))
