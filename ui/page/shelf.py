"""The table of the documents: searched, filtered, one looked at, some removed with proof."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from rag.errors import SourceboundError
from rag.library.catalogue import Entry
from rag.library.folder import Forgotten, Library
from ui.page import held, shelf_markup

_LEAVING, _PROOF = "documents to remove", "removal proof"
_ANY = "Any state"
_STATES = (_ANY, "Words only so far", "Parts unreadable")
HEIGHT = 420
"""Pixels of the table; it scrolls inside."""

MOST_DETAILED = 5
"""Selected documents whose details are shown at once."""


@st.cache_resource(show_spinner=False, max_entries=4)
def _entries(path: Path, generation: int) -> tuple[Entry, ...]:
    """The rows of one state of a library; read once for all visitors."""
    return tuple(held.open_library(path).catalogue.entries())


def show(libraries: Sequence[Library]) -> None:
    """Table, details and removal; with several libraries one of them at a time."""
    library = libraries[0]
    if len(libraries) > 1:
        at = st.selectbox(
            "Collection", range(len(libraries)), format_func=lambda i: _plain(libraries[i].path)
        )
        library = libraries[at or 0]
    _show_proof()
    entries = _entries(library.path, library.catalogue.generation)
    found = _filtered(entries)
    st.caption(f"{len(found):,} of {len(entries):,} documents. Click a column's name to sort.")
    chosen = _table(found) if found else []
    if len(found) == 1:
        chosen = found
    if not chosen:
        st.caption("Select rows, or search until one is left, to see more of a document.")
    for entry in chosen[:MOST_DETAILED]:
        st.html(_details(entry, library))
    if len(chosen) > MOST_DETAILED:
        st.caption(f"and {len(chosen) - MOST_DETAILED:,} more selected")
    if chosen:
        _removal(chosen, library)


def _plain(path: Path) -> str:
    """A path as an option's label, in which Streamlit would read Markdown."""
    return "".join(f"\\{each}" if each in "\\`*_[]{}()#~$:<>!|" else each for each in str(path))


def _filtered(entries: Sequence[Entry]) -> list[Entry]:
    left, middle, right = st.columns([3, 2, 2])
    wanted = left.text_input("Name or title holds", key="document filter").casefold().strip()
    kinds = sorted({kind(entry) for entry in entries})
    of_kind = middle.multiselect("Kinds", kinds, placeholder="All kinds")
    state = right.selectbox("State", _STATES)
    return [
        entry
        for entry in entries
        if wanted in f"{' '.join(entry.names)} {entry.title}".casefold()
        and (not of_kind or kind(entry) in of_kind)
        and (state != _STATES[1] or not entry.embedded)
        and (state != _STATES[2] or entry.reason)
    ]


def kind(entry: Entry) -> str:
    """The ending of its name, or "other" where that is none."""
    ending = entry.name.rpartition(".")[2].casefold()
    return ending if ending.isalnum() and ending.isascii() and len(ending) <= 8 else "other"


def state(entry: Entry) -> str:
    """What a person has to know of it, in a few words."""
    said = [] if entry.embedded else ["found by words only so far"]
    return "; ".join([*said, *(["parts unreadable"] if entry.reason else [])]) or "ready"


def _table(found: Sequence[Entry]) -> list[Entry]:
    """The rows; returns those that are selected."""
    picked = st.dataframe(
        {
            "Name": [entry.name for entry in found],
            "Kind": [kind(entry) for entry in found],
            "Pages": [entry.pages for entry in found],
            "Passages": [entry.chunks for entry in found],
            "Date": [entry.date for entry in found],
            "State": [state(entry) for entry in found],
            "Size": [entry.size for entry in found],
            "Title": [entry.title for entry in found],
            "Loaded from": [entry.roots[0] for entry in found],
        },
        hide_index=True,
        height=min(HEIGHT, 38 + 35 * len(found)),
        column_config={"Size": st.column_config.NumberColumn("Size", format="bytes")},
        on_select="rerun",
        selection_mode="multi-row",
        # Another choice of rows is another table: a selection is of places in it, not of documents.
        key=f"documents {hash(tuple(entry.id for entry in found))}",
    )
    return [found[at] for at in picked["selection"]["rows"] if at < len(found)]


def _details(entry: Entry, library: Library) -> str:
    near = library.catalogue.similar(entry.id)
    names = library.catalogue.documents_by_id([other for other, _ in near])
    alike = [(names[other].name, share) for other, share in near if other in names]
    places = library.catalogue.places(entry.id)
    return shelf_markup.details(entry, places, alike)


# -- removal ---------------------------------------------------------------------------------


def _removal(chosen: Sequence[Entry], library: Library) -> None:
    """Asked for, confirmed, done; what is asked for is remembered by ids, not by rows."""
    ids = [entry.id for entry in chosen]
    if st.session_state.get(_LEAVING) != ids:
        if st.button(f"Remove {_documents(len(ids))}"):
            st.session_state[_LEAVING] = ids
            st.rerun()
        return
    st.html(shelf_markup.before_removal(chosen, library))
    left, right = st.columns(2)
    if right.button("Keep", width="stretch"):
        del st.session_state[_LEAVING]
        st.rerun()
    if left.button("Remove for good", type="primary", width="stretch"):
        del st.session_state[_LEAVING]
        st.session_state[_PROOF] = _remove(chosen, library)
        st.rerun()


def _remove(chosen: Sequence[Entry], library: Library) -> tuple[list[Forgotten], int, str]:
    """What was removed, how many kept answers left with it, and what went wrong ("": nothing)."""
    done: list[Forgotten] = []
    before = _turns(library)
    wrong = ""
    bar = st.progress(0.0, "Removing …")
    for at, entry in enumerate(chosen):
        bar.progress(at / len(chosen), f"Removing: {at} of {_documents(len(chosen))}")
        try:
            done.append(library.forget(entry.name))
        except SourceboundError as error:
            wrong = str(error)
            break
    bar.empty()
    _entries.clear()  # the names of what was removed leave the memory as well
    return done, before - _turns(library), wrong


def _turns(library: Library) -> int:
    return sum(each.turns for each in library.conversations.all())


def _show_proof() -> None:
    if _PROOF not in st.session_state:
        return
    done, turns, wrong = st.session_state[_PROOF]
    st.html(shelf_markup.proof(done, turns, wrong))
    if st.button("Dismiss the proof"):
        del st.session_state[_PROOF]
        st.rerun()


def _documents(count: int) -> str:
    return f"{count:,} document{'' if count == 1 else 's'}"
