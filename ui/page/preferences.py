"""The view of the settings that matter, each with its effect in words."""

from __future__ import annotations

import streamlit as st

from rag import assemble
from rag.settings import Settings
from ui.page import held, markup


def show(settings: Settings) -> None:
    """The whole view; what is set here holds for this visitor, until the session ends."""
    evidence = st.slider(
        "How much evidence is enough",
        0.0,
        1.0,
        settings.evidence,
        help="Below this estimated probability that the quotes hold an answer, there is none.",
    )
    held.choose(evidence=evidence)
    st.html(markup.notes(assemble.notices(settings, settings.mode)))
