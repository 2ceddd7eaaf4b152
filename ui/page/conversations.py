"""The conversations in the page: open, begin, search, rename, export, delete.

The open conversation of a visitor lies in their session, and its number in the address, so that a
page that is loaded again shows it again; the list belongs to the library.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from html import escape

import streamlit as st

from rag import kept
from rag.errors import SourceboundError
from rag.evaluation.judged import judged_cases
from rag.library.conversations import Listed
from rag.library.folder import Library
from rag.records import Reply
from ui.exporting import REMOVED, Format, export, stale_words
from ui.options import json_line
from ui.page import acts, held, markup
from ui.page.held import Shown
from ui.wording import local_time

LISTED = 30
"""Conversations in the list; a search finds the others."""

_OPEN = "open conversation"
_ADDRESS = "conversation"
_LONGEST = 60
_VISIT = "conversation visit"
_PROBLEM = "conversation problem"
_REMOVED = "removed turns"


def opened() -> int | None:
    """The number of this visitor's open conversation, None for a new one."""
    found: int | None = st.session_state.get(_OPEN)
    return found


def visit() -> int:
    """Counts how often another conversation was opened: what belongs to an earlier one is late."""
    found: int = st.session_state.setdefault(_VISIT, 0)
    return found


def stale_notes(reply: Reply, libraries: Sequence[Library]) -> list[str]:
    """What became of the documents that an answer quotes, and where the answer comes from."""
    notes = [stale_words(mark) for mark in kept.stale_reply(reply, libraries)]
    return [*notes, "Given before over the same library, and kept."] if reply.cached else notes


def resume(own: Library, most: int) -> None:
    """Open the conversation that the address names, where a page was loaded again."""
    named = st.query_params.get(_ADDRESS, "")
    if opened() is None and not held.shown() and named.isdecimal() and len(named) < 10:
        open_(int(named), own, most)
        st.session_state.pop(_PROBLEM, None)  # an address of yesterday is nobody's fault


def open_(identity: int | None, own: Library, most: int) -> None:
    """Show the last `most` turns of a conversation, of a new one for None."""
    try:
        turns = own.conversations.read(identity).turns if identity else ()
    except SourceboundError as error:
        st.session_state[_PROBLEM] = str(error)
        return
    held.shown()[:] = [Shown(turn.reply, turn.id, turn.judgement) for turn in turns if turn.reply][
        -most:
    ]
    st.session_state[_VISIT] = visit() + 1
    st.session_state[_REMOVED] = sum(turn.reply is None for turn in turns)
    note_opened(identity)


def note_opened(identity: int | None) -> None:
    """What is shown belongs to this conversation now."""
    st.session_state[_OPEN] = identity
    if identity is None:
        st.query_params.pop(_ADDRESS, None)
    else:
        st.query_params[_ADDRESS] = str(identity)


def show(libraries: Sequence[Library]) -> None:
    """The list of conversations and what can be done with the open one."""
    own = libraries[0]
    st.button(
        "New conversation", icon=":material/add:", on_click=_begin, args=(own,), width="stretch"
    )
    try:
        wanted = st.text_input("Search conversations", key="conversation search")
        known = own.conversations.all(wanted)
        if opened() is not None and not wanted and all(each.id != opened() for each in known):
            _begin(own)  # somebody deleted it meanwhile
        chosen = next((each for each in known if each.id == opened()), None)
        st.html(_list(known, own))
        if wanted and not known:
            st.html(markup.notes(["No conversation holds these words."]))
        if chosen:
            if st.session_state.get(_REMOVED):
                st.html(markup.notes([f"{st.session_state[_REMOVED]} times: {REMOVED}"]))
            _changes(chosen, libraries)
        _judged(own)
    except SourceboundError as error:
        st.html(markup.problem(str(error)))
    if problem := st.session_state.pop(_PROBLEM, None):
        st.html(markup.problem(problem))


def _begin(own: Library) -> None:
    open_(None, own, 0)


def _list(known: Sequence[Listed], own: Library) -> str:
    rows = []
    for each in known[:LISTED]:
        name = each.name if len(each.name) <= _LONGEST else f"{each.name[: _LONGEST - 1]}…"
        stale = " (stale)" if kept.stale(each.rests, [own]) else ""
        here = ' aria-current="true"' if each.id == opened() else ""
        rows.append(
            f'<li><button type="button" class="sb-talk" data-sb-act="{acts.name("talk", each.id)}"'
            f"{here}><bdi>{escape(name)}</bdi>"
            f"<span>{local_time(each.asked)}{stale}</span></button></li>"
        )
    more = len(known) - LISTED
    below = f'<p class="sb-note">and {more} more; search for them.</p>' if more > 0 else ""
    return f'<nav aria-label="Conversations"><ul class="sb-talks">{"".join(rows)}</ul>{below}</nav>'


def _changes(chosen: Listed, libraries: Sequence[Library]) -> None:
    own = libraries[0]
    with st.expander("Rename, export or delete"):
        key = f"name of {chosen.id}"
        st.text_input("Name", value=chosen.name, max_chars=200, key=key)
        st.button("Rename", on_click=_rename, args=(chosen.id, own, key), width="stretch")
        _downloads(chosen, libraries)
        st.button(
            "Delete this conversation", on_click=_delete, args=(chosen.id, own), width="stretch"
        )


def _downloads(chosen: Listed, libraries: Sequence[Library]) -> None:
    for column, form in zip(st.columns(len(Format)), Format, strict=True):
        column.download_button(
            form.value.upper(),
            # Made when it is asked for.
            partial(_file, chosen.id, libraries, form),
            file_name=f"conversation-{chosen.id}.{form.value}",
            # To be stored, not shown: a page of ours must not come from this address.
            mime="application/octet-stream",
            on_click="ignore",
            width="stretch",
        )


def _file(chosen: int, libraries: Sequence[Library], form: Format) -> bytes:
    return export(libraries[0].conversations.read(chosen), libraries, form).encode()


def _judged(own: Library) -> None:
    """What was judged, as cases that rag evaluate asks."""
    count = len(own.conversations.judged())
    if count:
        st.download_button(
            f"{count} judged answer{'' if count == 1 else 's'} as cases",
            lambda: "".join(map(json_line, judged_cases(own.conversations))).encode(),
            file_name="judged.cases.jsonl",
            mime="application/octet-stream",
            on_click="ignore",
            width="stretch",
        )


def _rename(chosen: int, own: Library, key: str) -> None:
    try:
        own.conversations.rename(chosen, st.session_state[key])
    except SourceboundError as error:
        st.session_state[_PROBLEM] = str(error)


def _delete(chosen: int, own: Library) -> None:
    try:
        own.conversations.delete(chosen)
    except SourceboundError as error:
        st.session_state[_PROBLEM] = str(error)
        return
    _begin(own)
