"""Questions that the library can answer, for whoever does not know yet what to ask it."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from rag.errors import SourceboundError
from rag.evaluation.starters import starters
from rag.library.folder import Library
from ui.page import held

MOST = 4

_SENTENCES = 1_500
"""That are read for them: the rules take .4 ms for each, and whoever arrives waits for it."""

_DRAFTED = 40
_LONGEST = 110


def suggestions(library: Library) -> list[str]:
    """At most `MOST` questions made from the library's own sentences, of different documents.

    The same for the same state of the library; none where no rule fits its sentences.
    """
    return _suggestions(library.path, library.catalogue.state)


@st.cache_data(show_spinner=False, max_entries=16)
def _suggestions(path: Path, state: str) -> list[str]:
    try:
        rows = starters(held.open_library(path), _DRAFTED, 0.0, most=_SENTENCES).rows
    except SourceboundError:
        return []
    found: dict[str, str] = {}
    for row in rows:
        question = str(row["question"])
        if len(question) <= _LONGEST:
            found.setdefault(row["evidence"][0]["document"], question)
    return list(found.values())[:MOST]
