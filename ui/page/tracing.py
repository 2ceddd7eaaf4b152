"""The view that tells why a page was not found: its way through every step of a question."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from rag.errors import SourceboundError
from rag.library.folder import Library
from rag.records import Mode
from rag.settings import Settings
from rag.why import Trace, why
from ui.page import held, markup, path_markup

_TRACE = "trace"
_QUESTION = "traced question"
_SEEN = "question last seen for a trace"
MOST_NAMES = 2_000
"""Names in the list; the browser gets all of them, and any other can be typed."""


def show(settings: Settings) -> None:
    """The whole view; the question is that of the last reply unless another one is given."""
    st.html(
        '<h2 class="sb-question">Why was it not found?</h2><p class="sb-note">Name a document that '
        "should have answered: its way through every step is drawn, and where it got lost.</p>"
    )
    libraries = held.libraries(settings)
    if not libraries:
        st.html(
            '<div class="sb-empty"><b>Your library is empty</b>Load documents in the view Library; '
            "then there is something to be found.</div>"
        )
        return
    _prefill()
    names = _names(libraries)
    with st.form("why", border=False):
        question = st.text_input("Question", key=_QUESTION, placeholder="What did you ask?")
        left, right = st.columns([3, 1])
        document = left.selectbox(
            "Document that should be found",
            range(len(names)),
            index=None,
            # By number: a name is shown, and never read as anything but text.
            format_func=lambda at: names[at] if isinstance(at, int) else str(at),
            placeholder="Choose one, or type the name of a refused file",
            accept_new_options=True,
        )
        page = right.number_input("Page", min_value=0, help="0 for any page of it")
        asked = st.form_submit_button("Follow it", type="primary")
    name = names[document] if isinstance(document, int) else (document or "").strip()
    if asked:
        st.session_state.pop(_TRACE, None)
        if not question.strip() or not name:
            missing = "question" if not question.strip() else "document"
            raise SourceboundError(f"Which {missing}? Give a question and a document, then again.")
        with st.spinner("Following it …"):
            parts = held.make_parts(Mode.QUOTE, settings, libraries)
            st.session_state[_TRACE] = why(question, parts, name, int(page) or None)
    found: Trace | None = st.session_state.get(_TRACE)
    if found is not None:
        st.html(f'<p class="sb-note">For the question: {markup.shown(found.question)}</p>')
        st.html(path_markup.drawing(found))
        st.html(f'<h3 class="sb-side">The same as a table</h3>{markup.trace(found)}')


def _prefill() -> None:
    """The question of the last reply, once; what was typed since stays."""
    replies = held.earlier()
    last = replies[-1].question if replies else ""
    if st.session_state.get(_SEEN) != last:
        st.session_state[_SEEN] = last
        st.session_state[_QUESTION] = last
    else:
        # Kept although the field was gone while another view was open.
        st.session_state[_QUESTION] = st.session_state.get(_QUESTION, last)


def _names(libraries: Sequence[Library]) -> list[str]:
    """Names of documents, then of refused files, each once."""
    documents = [document.name for each in libraries for document in each.catalogue.documents()]
    refused = [refusal.name for each in libraries for refusal in each.catalogue.refusals()]
    return [*dict.fromkeys(sorted(documents) + sorted(refused))][:MOST_NAMES]
