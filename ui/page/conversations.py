"""The conversations in the page: open, begin, rename, delete, download; each answer is kept.

The open conversation of a visitor lies in their session; the list belongs to the library. Names
and questions are only ever shown as plain text: what a widget would read as Markdown is ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from rag import kept
from rag.errors import SourceboundError
from rag.library.conversations import Listed
from rag.library.folder import Library
from rag.records import Reply
from ui.exporting import REMOVED, Format, export, stale_words
from ui.page import markup
from ui.wording import local_time

_OPEN = "open conversation"
_CHOICE = "conversation choice"
_LONGEST = 60
_NEW = 0  # None would be no choice at all
_PROBLEM = "conversation problem"
_REMOVED = "removed turns"


def keep_turn(reply: Reply, asked: Sequence[Library], own: Library) -> Reply:
    """Keep a reply in the open conversation; it gets a note where that could not be."""
    reply, at = kept.keep(reply, asked, st.session_state.get(_OPEN), own=own)
    st.session_state[_OPEN] = at
    return reply


def stale_notes(reply: Reply, libraries: Sequence[Library]) -> list[str]:
    """What became of the documents that an answer quotes, and where the answer comes from."""
    notes = [stale_words(mark) for mark in kept.stale_reply(reply, libraries)]
    return [*notes, "Given before over the same library, and kept."] if reply.cached else notes


def show(libraries: Sequence[Library], replies: list[Reply], most: int) -> None:
    """The list of conversations and what can be done with the open one.

    `replies` are those shown in this session: opening a conversation puts its last `most` there.
    """
    own = libraries[0]
    try:
        known = {each.id: each for each in own.conversations.all()}
        if st.session_state.get(_OPEN) not in known:
            st.session_state[_OPEN] = None
        st.session_state[_CHOICE] = st.session_state[_OPEN] or _NEW
        st.selectbox(
            "Conversation",
            [_NEW, *known],
            key=_CHOICE,
            format_func=lambda each: (
                _label(known[each], own) if each != _NEW else "New conversation"
            ),
            on_change=_choose,
            args=(own, replies, most),
        )
        chosen = known.get(st.session_state[_OPEN])
        if chosen:
            if st.session_state.get(_REMOVED):
                st.caption(f"{st.session_state[_REMOVED]} times: {REMOVED}")
            _downloads(chosen, libraries)
            _changes(chosen, own, replies)
    except SourceboundError as error:
        st.html(markup.problem(str(error)))


def _label(item: Listed, own: Library) -> str:
    name = item.name if len(item.name) <= _LONGEST else f"{item.name[: _LONGEST - 1]}…"
    mark = " (stale)" if kept.stale(item.rests, [own]) else ""
    return f"{name}, {local_time(item.asked)}{mark}"


def _choose(own: Library, replies: list[Reply], most: int) -> None:
    """Open what was chosen, before the page is drawn."""
    chosen = st.session_state[_CHOICE] or None
    try:
        turns = own.conversations.read(chosen).turns if chosen else ()
    except SourceboundError as error:
        st.session_state[_PROBLEM] = str(error)
        return
    replies[:] = [turn.reply for turn in turns if turn.reply][-most:]
    st.session_state[_OPEN] = chosen
    st.session_state[_REMOVED] = sum(turn.reply is None for turn in turns)


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


def _changes(chosen: Listed, own: Library, replies: list[Reply]) -> None:
    with st.expander("Rename or delete"):
        key = f"name of {chosen.id}"
        st.text_input("Name", value=chosen.name, max_chars=200, key=key)
        st.button("Rename", on_click=_rename, args=(chosen.id, own, key))
        st.button("Delete this conversation", on_click=_delete, args=(chosen.id, own, replies))
    if problem := st.session_state.pop(_PROBLEM, None):
        st.html(markup.problem(problem))


def _rename(chosen: int, own: Library, key: str) -> None:
    try:
        own.conversations.rename(chosen, st.session_state[key])
    except SourceboundError as error:
        st.session_state[_PROBLEM] = str(error)


def _delete(chosen: int, own: Library, replies: list[Reply]) -> None:
    try:
        own.conversations.delete(chosen)
    except SourceboundError as error:
        st.session_state[_PROBLEM] = str(error)
        return
    replies.clear()
    st.session_state[_OPEN] = None
