"""The view of the library: what is in it, what was refused, and how more is loaded."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from rag.errors import LibraryMissing, SettingsError
from rag.library.folder import Library
from rag.settings import Settings
from ui.loading import load_folder
from ui.page import held, markup
from ui.printing import writing
from ui.uploads import load_uploads

DOCUMENTS_LISTED = 50


def show(settings: Settings) -> None:
    """The whole view."""
    show_uploads(settings)
    show_folder(settings)
    try:
        show_library(held.open_library(settings.library))
    except LibraryMissing:
        st.write("Your library is empty.")


def show_uploads(settings: Settings) -> None:
    with st.form("upload", clear_on_submit=True, border=False):
        files = st.file_uploader("Add documents", accept_multiple_files=True)
        submitted = st.form_submit_button("Load", width="stretch")
    if submitted and files:
        with held.progress() as show_progress:
            st.session_state["loaded"] = load_uploads(
                files,
                Library.create(settings.library),
                lambda: held.load_embedder(settings.embedder),
                settings,
                show_progress,
            )
    if st.session_state.get("loaded"):
        st.html(markup.reports(st.session_state["loaded"]))


def show_folder(settings: Settings) -> None:
    """Load a folder of this machine: the page is served to nobody else."""
    with st.expander("Load a folder"), st.form("folder", border=False):
        given = st.text_input("Folder on this machine", placeholder="/home/me/documents")
        gone = st.checkbox("Remove documents whose file is gone")
        submitted = st.form_submit_button("Load the folder", width="stretch")
    if submitted and given.strip():
        folder = Path(given.strip()).expanduser()
        if not folder.is_absolute():
            raise SettingsError(f"Give the whole path of the folder, from the top, not {given}.")
        with held.progress() as show_progress:
            st.session_state["folder account"] = load_folder(
                folder,
                Library.create(settings.library),
                lambda: held.load_embedder(settings.embedder),
                settings,
                show_progress,
                prune=gone,
            )
    if st.session_state.get("folder account"):
        st.html(markup.account(st.session_state["folder account"]))


def show_library(library: Library) -> None:
    counts = library.catalogue.counts()
    st.caption("Library")
    st.code(str(library.path), language=None)
    st.write(
        f"{counts.documents} documents, {counts.pages} numbered pages, {counts.chunks} passages"
    )
    if counts.embedded_chunks < counts.chunks:
        st.caption(f"{counts.embedded_chunks} of them can be found by meaning so far.")
    writer = library.writer()
    if writer:
        st.caption(f"Now writing: {writing(writer)}")
    if counts.refused:
        st.caption(f"{counts.refused} files were refused; rag status --refused lists them.")
    with st.expander("Documents"):
        wanted = st.text_input("Name or title holds", key="document filter").casefold()
        found = [
            document
            for document in library.catalogue.documents()
            if wanted in f"{document.name} {document.title}".casefold()
        ]
        st.html(markup.documents(found[:DOCUMENTS_LISTED]))
        if len(found) > DOCUMENTS_LISTED:
            st.caption(f"and {len(found) - DOCUMENTS_LISTED} more")
