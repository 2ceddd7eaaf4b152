"""Buttons inside our own HTML: what was pressed, as a word and numbers.

Streamlit's buttons read their labels as Markdown and cannot stand inside a sentence. A mark of a
citation does, and a suggested question or the name of a conversation is text that others wrote. So
these are plain HTML buttons, and one small script tells which of them was pressed. It says an act
and numbers, never a text; whoever reads them checks that such a thing exists.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

_SCRIPT = Path(__file__).with_name("acts.js")
_KEY = "acts"
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


def pressed(focus: str = "", nonce: str = "") -> Act | None:
    """What was pressed since the last run; to be called once in a run.

    `focus` is the id of an element that shall have the keyboard's focus now, once for each `nonce`.
    """
    # Registered with each run: a session may be the first of a process.
    listen = st.components.v2.component("sourcebound_acts", js=_SCRIPT.read_text(encoding="utf-8"))
    found = listen(
        key=_KEY,
        data={"focus": focus, "nonce": nonce},
        on_act_change=lambda: None,
    )
    return parse(found.get("act"))
