"""The view that tells why a page was not found: its way through every step of a question."""

from __future__ import annotations

import streamlit as st

from rag.records import Mode
from rag.settings import Settings
from rag.why import why
from ui.page import held, markup


def show(settings: Settings) -> None:
    """The whole view; the question is that of the last reply unless another one is given."""
    libraries = held.libraries(settings)
    if not libraries:
        st.write("Your library is empty: there is nothing to be found yet.")
        return
    replies = held.earlier()
    with st.form("why", border=False):
        question = st.text_input("Question", value=replies[-1].question if replies else "")
        left, right = st.columns([3, 1])
        document = left.text_input("Document that should be found", placeholder="report.pdf")
        page = right.number_input("Page", min_value=0, help="0 for any page of it")
        asked = st.form_submit_button("Follow it")
    if asked and document.strip():
        parts = held.make_parts(Mode.QUOTE, settings, libraries)
        st.html(markup.trace(why(question, parts, document.strip(), int(page) or None)))
