"""The view to ask in: a conversation, each answer with its quotes, and the document beside it.

Layout and calls; what is decided is decided below. Every text that is not this file's own goes
through `ui.page.answers` and `ui.page.markup`, which escape it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rag import assemble, kept
from rag.errors import QuestionError
from rag.evaluation.judged import Reason
from rag.filters import Filters
from rag.library.conversations import Judgement
from rag.library.folder import Library
from rag.models.weights import GENERATOR
from rag.records import Mode, Outcome, Quote
from rag.retrieve import check_question
from rag.settings import Settings
from ui.page import acts, answers, conversations, held, markup, source, suggesting
from ui.page.acts import Act
from ui.page.held import Shown
from ui.page.job import Asked, Job
from ui.page.welcome import first_run

STYLE = Path(__file__).with_name("asking.css")
QUOTES, PHRASED = "Quotes", "Phrased"
EARLIER_KEPT = 20

_AT_ONCE = 1.0
"""Seconds that the first run waits for the quotes, so that they appear without a detour: a warm
question takes .1 s (`make bench-latency`)."""

_LOOK = 0.5
"""Seconds after which a run that waits for an answer lets Streamlit end it."""

_JOB, _OPENED, _FAILED, _JUDGING = "job", "opened quote", "failed question", "judging"
_POINT = "opened at"
_SOURCE, _REASON = "sb-source", "sb-reason"


def show(settings: Settings) -> None:
    """The whole view."""
    st.html(STYLE)
    libraries = held.libraries(settings)
    if not libraries:
        first_run(settings)
        return
    own = libraries[0]
    conversations.resume(own, EARLIER_KEPT)
    act = acts.pressed()
    chosen, filters, mode, question = _input(settings, libraries)
    _collect()
    if act:
        question = _obey(act, own) or question
    fresh = act is not None and act.name == "again"
    if question and question.strip():
        _begin(Asked(question, mode, chosen, own, filters, _said(), conversations.opened(), fresh))
    _answer(settings)
    with st.sidebar:
        conversations.show(libraries)
    place = _layout(libraries, settings)
    _listen()
    if job := _job():
        _watch(job, place)
    # Last, when all is shown: whoever asks the first question does not wait for it then.
    held.load_embedder(settings.embedder)


def _listen() -> None:
    last = len(held.shown()) - (0 if _job() else 1)
    show = (_turn_id(last), f"{conversations.visit()}:{last}") if last >= 0 else ("", "")
    focus = (_SOURCE, str(st.session_state[_OPENED])) if _opened() else ("", "")
    if st.session_state.get(_JUDGING) is not None:
        focus = (_REASON, str(st.session_state[_JUDGING]))
    acts.listen(*show, *focus, point=st.session_state.get(_POINT) if _opened() else None)


def _turn_id(at: int) -> str:
    return f"sb-turn-{at}"


def _layout(libraries: Sequence[Library], settings: Settings) -> DeltaGenerator:
    """The conversation, and the source beside it; returns the place of what is on its way."""
    opened = _opened()
    if opened is None:
        with st.container(key="chat"):
            return _conversation(libraries)
    left, right = st.columns([1, 1], gap="medium")
    with left, st.container(key="chat"):
        place = _conversation(libraries)
    with right, st.container(key="source"):
        quotes, at = opened
        st.html(f'<h2 id="{_SOURCE}" tabindex="-1" class="sb-hidden">Source</h2>')
        kind, turn, _ = st.session_state[_OPENED]
        st.session_state[_POINT] = source.show(
            quotes, at, libraries, settings, lambda number: acts.name(kind, turn, number)
        )
    return place


# -- what is asked ---------------------------------------------------------------------------


def _input(
    settings: Settings, libraries: list[Library]
) -> tuple[list[Library], Filters, Mode, str | None]:
    """What stands at the bottom: how to answer, where to look, and the question."""
    possible = assemble.has_generator(settings)
    with st.bottom:
        left, right = st.columns([1, 1], vertical_alignment="bottom")
        with left:
            shown_as = st.segmented_control(
                "Answer as",
                [QUOTES, PHRASED],
                default=PHRASED if possible else QUOTES,
                required=True,
                disabled=not possible,
                label_visibility="collapsed",
                help="Quotes come at once. Phrased sentences follow when they passed the check."
                if possible
                else f"No generator is installed. To install it: {GENERATOR.install}",
            )
        with right:
            chosen, filters = _where_to_look(libraries)
        question = st.chat_input(
            "What do you want to know from your documents?", max_chars=10_000, key="question"
        )
    return chosen, filters, Mode.GENERATE if shown_as == PHRASED else Mode.QUOTE, question


def _where_to_look(libraries: list[Library]) -> tuple[list[Library], Filters]:
    with st.popover("Where to look", icon=":material/filter_alt:", width="stretch"):
        names = {str(library.path): library for library in libraries}
        chosen = list(names)
        if len(libraries) > 1:
            chosen = st.multiselect("Collections", list(names), default=list(names))
        left, right = st.columns(2)
        kind = left.text_input("Kinds of file", placeholder="pdf, docx")
        folder = right.text_input("Folder", placeholder="reports/2023")
        since = left.text_input("From", placeholder="2023, 2023-Q2 or 2023-04-30")
        until = right.text_input("To", placeholder="2024")
        st.caption("For the next questions, until it is changed.")
    filters = Filters(
        folders=tuple(filter(None, [folder.strip()])),
        kinds=tuple(filter(None, (each.strip() for each in kind.split(",")))),
        since=since.strip(),
        until=until.strip(),
    )
    return [names[name] for name in chosen or list(names)], filters


def _job() -> Job | None:
    """The question of this visitor that is on its way."""
    found: Job | None = st.session_state.get(_JOB)
    return found


def _said() -> tuple[tuple[str, str], ...]:
    return kept.said(held.earlier())


def _begin(asked: Asked) -> None:
    """Ask; a question that is still on its way is stopped, and the same one goes on."""
    running = _job()
    if running and running.asked.question == asked.question.strip() and not asked.fresh:
        return
    if running:
        running.stop()
        _collect()
        asked = replace(asked, history=_said(), conversation=conversations.opened())
    st.session_state[_FAILED] = None
    st.session_state[_OPENED] = None
    try:
        asked = replace(asked, question=check_question(asked.question))
    except QuestionError as error:
        st.session_state[_FAILED] = (asked.question, str(error))
    else:
        st.session_state[_JOB] = Job(asked, conversations.visit())


def _answer(settings: Settings) -> None:
    """Start what was asked, once its models are here, and wait for what comes at once."""
    job = _job()
    if job is None or job.began:
        return
    libraries = job.asked.libraries
    prepare = partial(held.make_parts, chosen=settings, libraries=libraries)
    job.start(prepare, held.turns())
    phrased = job.asked.mode is Mode.GENERATE
    job.wait(_AT_ONCE, lambda progress: phrased and progress.quoted is not None)
    _collect()


def _collect() -> None:
    """Take over what has been answered meanwhile."""
    job = _job()
    if job is None or not job.progress.done:
        return
    st.session_state[_JOB] = None
    found = job.progress.kept
    if found is None:
        st.session_state[_FAILED] = (job.asked.question, job.progress.error)
    elif job.visit == conversations.visit():
        held.shown().append(Shown(found.reply, found.turn))
        if len(held.shown()) > EARLIER_KEPT:
            del held.shown()[:-EARLIER_KEPT]
            _close()  # what is open is known by its number, which is another's now
        conversations.note_opened(found.conversation)


# -- what was pressed ------------------------------------------------------------------------


def _obey(act: Act, own: Library) -> str | None:
    """Do what was pressed; returns the question that is to be asked, if it is one."""
    shown = held.shown()
    if act.name == "close":
        _close()
    elif act.name == "talk" and act.numbers:
        _close()
        conversations.open_(act.numbers[0], own, EARLIER_KEPT)
    elif act.name == "suggested" and act.numbers:
        suggested = suggesting.suggestions(own)
        if act.numbers[0] < len(suggested):
            return suggested[act.numbers[0]]
    elif act.name in ("open", "near") and len(act.numbers) == 2:
        st.session_state[_OPENED] = (act.name, *act.numbers)
    elif act.numbers and act.numbers[0] < len(shown):
        at = act.numbers[0]
        if act.name == "again":
            return shown[at].reply.question
        if act.name in ("good", "bad"):
            _judge(at, act.name == "good", own)
    return None


def _close() -> None:
    st.session_state[_OPENED] = None


def _opened() -> tuple[tuple[Quote, ...], int] | None:
    """The quotes among which one is open, and its place there."""
    if not st.session_state.get(_OPENED):
        return None
    kind, at, number = st.session_state[_OPENED]
    shown = held.shown()
    job = _job()
    quotes: tuple[Quote, ...] = ()
    if at < len(shown):
        reply = shown[at].reply
        quotes = answers.nearest(reply) if kind == "near" else answers.quotes_of(reply.answer)
    elif job and job.progress.quoted:
        quotes = answers.quotes_of(job.progress.quoted)
    return (quotes, number - 1) if 1 <= number <= len(quotes) else None


# -- what is shown ---------------------------------------------------------------------------


def _conversation(libraries: Sequence[Library]) -> DeltaGenerator:
    st.html('<h1 class="sb-hidden">Ask your documents</h1>')
    for at, each in enumerate(held.shown()):
        _turn(at, each, libraries)
    place = st.empty()
    if job := _job():
        st.button("Stop", icon=":material/stop:", on_click=job.stop)
    elif st.session_state.get(_FAILED):
        question, said = st.session_state[_FAILED]
        st.html(markup.question(question) + markup.problem(said))
    elif not held.shown():
        st.html(
            '<div class="sb-welcome"><h2>What do you want to know?</h2><p>Every sentence of an '
            "answer carries a quote that stands in your documents, word for word. Where they hold "
            "no answer, you are told so.</p></div>"
        )
        if suggested := suggesting.suggestions(libraries[0]):
            st.html(answers.suggested(suggested))
    return place


def _turn(at: int, item: Shown, libraries: Sequence[Library]) -> None:
    reply = item.reply
    found = reply.answer
    notes = [*conversations.stale_notes(reply, libraries), *reply.notes]
    if reply.searched:
        notes.append(f"Looked for: {' / '.join(reply.searched)}")
    phrased = reply.mode is Mode.GENERATE
    parts = [
        markup.question(reply.question),
        markup.notes(notes),
        answers.answer(found, at, phrased=phrased, task=reply.task),
    ]
    if found.outcome is Outcome.NO_EVIDENCE:
        parts.append(answers.passages(reply, at))
    parts.append(answers.actions(reply, at, item.judgement, kept=item.turn is not None))
    st.html(_article(at, "".join(parts)))
    if st.session_state.get(_JUDGING) == item.turn and item.turn is not None:
        _ask_why(at, item, libraries[0])


def _unfinished(job: Job, at: int) -> str:
    """A question on its way, as far as it is."""
    progress = job.progress
    said, body = progress.step, ""
    if progress.quoted and progress.quoted.outcome is not Outcome.NO_EVIDENCE:
        said = f"{said} The quotes already stand."
        body = answers.unfinished(progress.quoted, progress.phrased, at)
    head = markup.question(job.asked.question)
    busy = f'<p class="sb-busy" role="status">{said}</p>'
    return _article(at, head + busy + body)


def _article(at: int, inside: str) -> str:
    name = f"Question {at + 1} and its answer"
    return f'<article class="sb-turn" id="{_turn_id(at)}" aria-label="{name}">{inside}</article>'


def _watch(job: Job, place: DeltaGenerator) -> None:
    """Show how far it is until it is done. Whatever the visitor does ends this, and not the job.

    The run waits here without computing. When the browser asked for news three times a second
    instead, the answer took 15 times as long: Python runs one thread at a time, and a model is
    thousands of short calls.
    """
    at = len(held.shown())
    while not job.progress.done:
        place.html(_unfinished(job, at))
        job.wait_for_news(_LOOK)
    st.rerun()


# -- judging ---------------------------------------------------------------------------------


def _judge(at: int, helpful: bool, own: Library) -> None:
    """Keep a judgement; pressed a second time it is taken back."""
    item = held.shown()[at]
    if item.turn is None:
        return
    same = item.judgement is not None and item.judgement.helpful is helpful
    judgement = None if same else Judgement(helpful)
    own.conversations.judge(item.turn, judgement)
    held.shown()[at] = replace(item, judgement=judgement)
    st.session_state[_JUDGING] = item.turn if judgement and not helpful else None


def _ask_why(at: int, item: Shown, own: Library) -> None:
    refused = item.reply.answer.outcome is Outcome.NO_EVIDENCE
    reasons = [Reason.PRESENT] if refused else [each for each in Reason if each != Reason.PRESENT]
    st.html(f'<p id="{_REASON}" tabindex="-1" class="sb-hidden">Why was it not helpful?</p>')
    with st.form("why not", border=True):
        reason = st.radio("Why was it not helpful?", [each.value for each in reasons])
        words = st.text_input("In your own words", max_chars=1_000)
        if st.form_submit_button("Keep the reason"):
            said = ": ".join(filter(None, [reason, words.strip()]))
            judgement = Judgement(False, said)
            own.conversations.judge(item.turn or 0, judgement)
            held.shown()[at] = replace(item, judgement=judgement)
            st.session_state[_JUDGING] = None
            st.rerun()
