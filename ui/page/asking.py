"""The view to ask in: a question, and its answer sentence by sentence with its quotes.

Layout and calls; what is decided is decided below. Every text that is not this file's own goes
through `ui.page.markup`, which escapes it.
"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from rag import assemble, kept
from rag.ask import Checked, Found, Quoted
from rag.filters import Filters
from rag.library.folder import Library
from rag.models.weights import GENERATOR
from rag.records import Answer, Mode, Outcome, Quote, Reply, Sentence
from rag.retrieve import check_question
from rag.settings import Settings
from ui.page import conversations, held, markup, source
from ui.page.held import earlier
from ui.printing import MOST_LISTED

QUOTES, PHRASED = "Quotes", "Phrased"
NEAREST = 3
EARLIER_KEPT = 20


def show(settings: Settings) -> None:
    """The whole view."""
    libraries = held.libraries(settings)
    if not libraries:
        st.write("Your library is empty. Hand over documents in the library, or run this command:")
        st.code(f"rag load FOLDER --library {settings.library}", language=None)
        return
    talks = st.sidebar.container()  # filled once a question may have begun a conversation
    ask_form(settings, libraries)
    with talks:
        conversations.show(libraries, earlier(), EARLIER_KEPT)
    for reply in reversed(earlier()):
        show_reply(reply, libraries)


def ask_form(settings: Settings, libraries: list[Library]) -> None:
    possible = assemble.has_generator(settings)
    with st.form("ask", border=False):
        question = st.text_input(
            "Question",
            placeholder="What do you want to know from your documents?",
            max_chars=10_000,
        )
        left, right = st.columns([3, 1], vertical_alignment="bottom")
        shown_as = left.radio(
            "Answer",
            [QUOTES, PHRASED],
            index=1 if possible else 0,
            horizontal=True,
            disabled=not possible,
            help="Quotes come at once. Phrased sentences follow when they passed the check.",
        )
        asked = right.form_submit_button("Ask", type="primary", width="stretch")
        chosen, filters = where_to_look(libraries)
    if not possible:
        st.caption("No generator is installed, so answers are quotes. To install it:")
        st.code(GENERATOR.install, language=None)
    for notice in assemble.notices(settings, Mode.GENERATE):
        st.caption(f"For phrased answers: {notice}")
    # Always there: what follows keeps its place, and what is unfolded stays so at the next run.
    with st.container():
        if asked:
            mode = Mode.GENERATE if shown_as == PHRASED else Mode.QUOTE
            answer(question, mode, settings, chosen, filters(), libraries[0])


def where_to_look(libraries: list[Library]) -> tuple[list[Library], Callable[[], Filters]]:
    """The collections chosen, and the filters, read when the form is sent."""
    with st.expander("Where to look"):
        names = {str(library.path): library for library in libraries}
        chosen = list(names)
        if len(libraries) > 1:
            chosen = st.multiselect("Collections", list(names), default=list(names))
        left, right = st.columns(2)
        kind = left.text_input("Kinds of file", placeholder="pdf, docx")
        folder = right.text_input("Folder", placeholder="reports/2023")
        since = left.text_input("From", placeholder="2023, 2023-Q2 or 2023-04-30")
        until = right.text_input("To", placeholder="2024")

    def filters() -> Filters:
        return Filters(
            folders=tuple(filter(None, [folder.strip()])),
            kinds=tuple(filter(None, (each.strip() for each in kind.split(",")))),
            since=since.strip(),
            until=until.strip(),
        )

    return [names[name] for name in chosen or list(names)], filters


def answer(
    question: str,
    mode: Mode,
    settings: Settings,
    libraries: list[Library],
    filters: Filters,
    own: Library,
) -> None:
    """Show the reply as it comes about, then keep it; `own` has the conversation."""
    question = check_question(question)  # before half a minute of loading models
    parts = held.make_parts(mode, settings, libraries)
    history = kept.said(earlier())
    place = st.empty()
    with st.spinner("Looking into your documents …"):
        phrased: list[Sentence] = []
        quoted: Answer | None = None
        for event in kept.stream(question, parts, mode=mode, filters=filters, history=history):
            if isinstance(event, Found | kept.Again):
                continue
            if isinstance(event, Quoted):
                quoted = event.answer
            elif isinstance(event, Checked):
                if isinstance(event.part, Sentence):
                    phrased.append(event.part)
            else:
                earlier().append(conversations.keep_turn(event, libraries, own))
                del earlier()[:-EARLIER_KEPT]
                place.empty()
                return
            with place.container():
                show_unfinished(question, quoted, phrased, mode)


def show_unfinished(
    question: str, quoted: Answer | None, phrased: list[Sentence], mode: Mode
) -> None:
    """The quotes, at once, and the sentences that passed so far."""
    st.html(markup.question(question))
    if quoted is None or quoted.outcome is Outcome.NO_EVIDENCE:
        return
    if mode is Mode.GENERATE:
        st.caption("Phrasing and checking; the quotes already stand.")
    if quoted.conflicts:
        st.html(markup.conflicts(quoted))
    for sentence in phrased:
        st.html(markup.sentence(sentence))
    for sentence in quoted.sentences[:MOST_LISTED]:
        st.html(markup.quote(sentence.quotes[0]))


# -- an answer -------------------------------------------------------------------------------


def show_reply(reply: Reply, libraries: list[Library]) -> None:
    found = reply.answer
    notes = [*conversations.stale_notes(reply, libraries), *reply.notes]
    if reply.searched:
        notes.append(f"Looked for: {' / '.join(reply.searched)}")
    st.html(
        markup.question(reply.question) + markup.verdict(found, reply.task) + markup.notes(notes)
    )
    if found.conflicts:
        st.html(markup.conflicts(found))
    if found.outcome is Outcome.NO_EVIDENCE and reply.passages:
        with st.expander("Nearest passages; they do not answer the question"):
            st.html(markup.passages(reply.passages[:NEAREST]))
    side = ""
    for sentence in found.sentences[:MOST_LISTED]:
        if sentence.side != side:
            side = sentence.side
            st.html(markup.side(side))
        if reply.mode is Mode.GENERATE and not sentence.replaced:
            st.html(markup.sentence(sentence))
        for quote in sentence.quotes:
            show_quote(quote, libraries)
    if len(found.sentences) > MOST_LISTED:
        st.caption(f"and {len(found.sentences) - MOST_LISTED} more; rag ask --json lists all.")
    for quote in found.quotes_only:
        show_quote(quote, libraries)
    if found.withheld:
        with st.expander("Withheld sentences; no part of the answer"):
            st.html(markup.withheld(found))
    st.html(markup.effort(reply))
    st.divider()


def show_quote(quote: Quote, libraries: list[Library]) -> None:
    st.html(markup.quote(quote))
    with st.expander("Open in the document"):
        source.show(quote, libraries)
