"""The view of the library: what is in it, what was refused, and how more is loaded."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import streamlit as st

from rag.errors import LibraryMissing
from rag.library.folder import UPLOADS, Library
from rag.settings import Settings
from ui.page import held, loads, markup, shelf, shelf_markup, signin, together
from ui.page.welcome import first_run
from ui.printing import writing

__all__ = ["first_run", "show"]

REFUSALS_AT_ONCE = 50


def show(settings: Settings) -> None:
    """The whole view."""
    own: Library | None = None
    with suppress(LibraryMissing):
        own = held.open_library(settings.library)
    empty = own is None or own.catalogue.counts().documents == 0
    if empty:
        first_run(settings)
    loads.show_uploads(settings)
    if not signin.is_wide():  # a visitor from elsewhere must not read this machine's files
        loads.show_folder(settings)
    loads.show_account()
    for said in held.left_out(settings):
        st.html(markup.notes([said]))
    if own is None:
        return
    _writer(own)
    if not empty:
        shelf.show(held.libraries(settings))
    _refusals(own)
    _about(settings, own)


def _writer(library: Library) -> None:
    writer = library.writer()
    if writer is not None:
        said = f"Now writing: {writing(writer)}. Asking works meanwhile; loading has to wait."
        st.html(markup.notes([said]))


def _refusals(library: Library) -> None:
    items = library.catalogue.refusals()
    if not items:
        return
    with st.expander(f"Refused files: {len(items):,}"):
        pages = -(-len(items) // REFUSALS_AT_ONCE)
        at = 1
        if pages > 1:
            at = int(st.number_input(f"Part, of {pages:,}", 1, pages, 1))
        first = (at - 1) * REFUSALS_AT_ONCE
        st.html(shelf_markup.refusals(items[first : first + REFUSALS_AT_ONCE]))
        st.caption("Mend a file and load its folder again: only what has changed is tried again.")


def _about(settings: Settings, own: Library) -> None:
    """Counts, the model and the room on disk."""
    with st.expander("About this library"):
        counts = own.catalogue.counts()
        model = own.catalogue.embedder
        st.html(
            shelf_markup.rows(
                [
                    ("Folder", str(own.path)),
                    ("Documents", f"{counts.documents:,} in {counts.files:,} files"),
                    ("Numbered pages", f"{counts.pages:,}"),
                    ("Passages", f"{counts.chunks:,}, all found by their words"),
                    ("Found by meaning", f"{counts.embedded_chunks:,} of {counts.chunks:,}"),
                    ("Model of meaning", str(model) if model else "none yet"),
                    *[(name, shelf_markup.size(size)) for name, size in _storage(own.path)],
                ]
            )
        )
        further = settings.libraries[1:]
        if further:
            st.html(shelf_markup.rows([(str(path), together.about(path)) for path in further]))
            st.caption("These are asked together with it; the view Settings adds and leaves out.")


def _storage(path: Path) -> list[tuple[str, int]]:
    """Bytes on disk by what they are for; archives of an upload count as one file each."""
    groups = {
        "Texts and vectors": ("catalogue.",),
        "Words index": ("words.",),
        "Vector index": ("vectors.",),
        "Conversations": ("conversations.",),
    }
    files = [each for each in path.iterdir() if each.is_file()]
    found = [
        (name, sum(each.stat().st_size for each in files if each.name.startswith(starts)))
        for name, starts in groups.items()
    ]
    inside = (each for each in (path / UPLOADS).rglob("*") if each.is_file())
    return [*found, ("Uploads", sum(each.stat().st_size for each in inside))]
