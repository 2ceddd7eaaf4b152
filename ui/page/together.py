"""The libraries that are asked together: with their counts, one added, one left out, one made."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from rag.errors import SettingsError, SourceboundError
from rag.library.folder import Library
from rag.settings import Settings
from ui.page import held, markup, shelf_markup, signin

_ADDED = "library to add"


def show(settings: Settings) -> None:
    """The list, and how it changes for this visitor."""
    st.html('<h3 class="sb-question">Collections asked together</h3>')
    st.html(shelf_markup.rows([(str(path), about(path)) for path in settings.libraries]))
    further = settings.libraries[1:]
    if further:
        # By number: a path as a label would be read as Markdown.
        at = st.number_input("Number of the further collection", 1, len(further), 1)
        if st.button("Leave it out"):
            left = [path for path in further if path != further[int(at) - 1]]
            held.choose(collections=tuple(left))
            st.rerun()
    if signin.is_wide():  # a visitor from elsewhere must not open folders of this machine
        return
    with st.expander("Add a collection"):
        with st.form("collection", border=False, clear_on_submit=False):
            given = st.text_input("Folder of a library on this machine", key=_ADDED)
            make = st.checkbox("Make a new, empty one there")
            submitted = st.form_submit_button("Add it")
        if submitted:
            try:
                held.choose(collections=(*further, _library(given, make=make)))
            except SourceboundError as error:
                st.html(markup.problem(str(error)))
            else:
                st.rerun()
    st.caption("With a command: rag ask QUESTION --library FIRST --library SECOND")


def about(path: Path) -> str:
    """What is in a library, or why it cannot be read."""
    try:
        counts = held.open_library(path).catalogue.counts()
    except SourceboundError as error:
        return str(error)
    return f"{counts.documents:,} documents, {counts.chunks:,} passages"


def _library(given: str, *, make: bool) -> Path:
    """The folder that was typed, which holds a library. Raises `LibraryError`, `SettingsError`."""
    path = Path(given.strip()).expanduser()
    if not given.strip() or not path.is_absolute():
        raise SettingsError(f"Give the whole path of the library, from the top, not {given!r}.")
    (Library.create if make else Library.open)(path).close()
    return path
