"""What somebody sees whose library is still empty."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from rag.settings import Settings

_SAMPLES = Path(__file__).resolve().parents[2] / "data" / "samples"
_TEXT = (
    '<section class="sb-welcome"><h2 class="sb-question">Your library is empty.</h2>'
    "<p>Sourcebound answers questions from your own documents. Every sentence carries a quote that "
    "stands in one of them, or it is withheld.</p>"
    "<ol><li><b>Add documents.</b> PDF, Word, Excel, mail, web pages and more, in the view "
    "Library.</li><li><b>Ask</b> a question in your own words, in the view Ask.</li>"
    "<li><b>Check</b> the answer: press a quote to see it in its document.</li></ol>"
    '<p class="sb-note">What you add is kept on the machine that runs this page, in the folder of '
    "your library. Nothing is sent anywhere unless you set a model of another machine.</p>"
    "</section>"
)


def first_run(settings: Settings) -> None:
    """What this is, three steps, and the commands for those who like them."""
    st.html(_TEXT)
    with st.expander("Load with a command"):
        st.code(f"rag load FOLDER --library {settings.library}", language=None)
        if _SAMPLES.is_dir():
            st.caption("To try it, load the sample documents:")
            st.code(f"rag load {_SAMPLES} --library {settings.library}", language=None)
