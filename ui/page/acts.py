"""Buttons inside our own HTML: what was pressed, as a word and numbers.

Streamlit's buttons read their labels as Markdown and cannot stand inside a sentence. A mark of a
citation does, and a suggested question or the name of a conversation is text that others wrote. So
these are plain HTML buttons, and one small script tells which of them was pressed. It says an act
and numbers, never a text; whoever reads them checks that such a thing exists.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

_SCRIPT = Path(__file__).with_name("acts.js")
_KEY = "acts"
_PRESSED, _HANDLED = "pressed", "press was handled"
_MOST_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Act:
    """What a visitor pressed: "open" with 3 and 2, say."""

    name: str
    numbers: tuple[int, ...] = ()


def name(act: str, *numbers: int) -> str:
    """An act as it stands in the attribute `data-sb-act`: "open:3:2"."""
    return ":".join([act, *map(str, numbers)])


def parse(said: object) -> Act | None:
    """The act that a browser named; None for anything that is none."""
    if not isinstance(said, str) or not re.fullmatch(
        rf"[a-z]{{1,20}}(:[0-9]{{1,{_MOST_DIGITS}}}){{0,3}}", said
    ):
        return None
    act, *numbers = said.split(":")
    return Act(act, tuple(map(int, numbers)))


def pressed() -> Act | None:
    """What was pressed and led to this run, once."""
    said = st.session_state.pop(_PRESSED, None)
    st.session_state[_HANDLED] = said is not None
    return parse(said)


def listen(
    show: str = "",
    show_nonce: str = "",
    focus: str = "",
    focus_nonce: str = "",
    *,
    point: float | None = None,
) -> None:
    """Listen for what is pressed; once in a run.

    `show` is the id of an element to scroll to and `focus` of one to give the keyboard's focus, as
    soon as it is there, and each only once as long as its nonce stays the same. With the focus the
    page of a document is scrolled to `point`, a share (0..1) of its height.
    """
    # Registered with each run: a session may be the first of a process.
    script = _SCRIPT.read_text(encoding="utf-8")
    mount = st.components.v2.component("sourcebound_acts", js=script, isolate_styles=False)
    found = mount(
        key=_KEY,
        data={
            "show": show,
            "show_nonce": show_nonce,
            "focus": focus,
            "focus_nonce": focus_nonce,
            "point": point,
        },
        on_act_change=_note,
    )
    if found.get("act") is not None and not st.session_state.get(_HANDLED):
        st.session_state[_PRESSED] = found["act"]
        st.rerun()


def _note() -> None:
    """Keep what was pressed for the run that follows, which then need not be run twice."""
    # Streamlit does not always know the component's state by then, but always its event later.
    with suppress(KeyError):
        st.session_state[_PRESSED] = st.session_state[_KEY]["act"]
