"""What all visitors of the page share: the models and the libraries; and each one's own settings.

Nothing of a person is shared. A model is loaded once, by whoever needs it first; the others wait.
No spinner of Streamlit's stands here: what is asked is answered in a thread that cannot show one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from rag import assemble
from rag.ask import Parts
from rag.errors import LibraryError, LibraryMissing, ModelMissing, WrongModel
from rag.library.conversations import Judgement
from rag.library.folder import Library
from rag.ports import Embedder, Generator, Reranker
from rag.records import Mode, Reply
from rag.settings import Settings, read_settings
from rag.verify import RuleScorer
from ui.page.turns import Turns

_CHOICES = "choices"
"""Where a visitor's own settings lie in their session: names of `Settings` to values."""


_SHOWN = "shown"


def settings() -> Settings:
    """The settings that the page was started with, and this visitor's own before them."""
    return read_settings(**st.session_state.get(_CHOICES, {}))


def choose(**choices: Any) -> None:
    """Set some of this visitor's own settings, until the session ends; None takes one back."""
    kept = {**st.session_state.get(_CHOICES, {}), **choices}
    st.session_state[_CHOICES] = {name: value for name, value in kept.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Shown:
    """A reply that a visitor sees; `turn` is its id where it is kept, None where it is not."""

    reply: Reply
    turn: int | None = None
    judgement: Judgement | None = None


def shown() -> list[Shown]:
    """What this visitor sees of the open conversation, oldest first."""
    found: list[Shown] = st.session_state.setdefault(_SHOWN, [])
    return found


def earlier() -> list[Reply]:
    """This visitor's replies in the open conversation, oldest first."""
    return [each.reply for each in shown()]


def libraries(chosen: Settings) -> list[Library]:
    """The libraries that are asked, the own one first; [] where it is missing or empty.

    A further one that cannot be read is left out, and `left_out` says so: the others still answer.
    Raises `LibraryError` where the own one cannot be read.
    """
    try:
        own = open_library(chosen.library)
    except LibraryMissing:
        return []
    if own.catalogue.counts().documents == 0:
        return []
    return [own, *_further(chosen)[0]]


def left_out(chosen: Settings) -> list[str]:
    """Why further libraries are not asked: a sentence for each that cannot be read."""
    return _further(chosen)[1]


def _further(chosen: Settings) -> tuple[list[Library], list[str]]:
    """The further libraries that can be read, and what is wrong with the others."""
    found, wrong = [], []
    for path in chosen.libraries[1:]:
        try:
            found.append(open_library(path))
        except LibraryError as error:
            wrong.append(f"The library {path} is left out. {error}")
    return found, wrong


@st.cache_resource(show_spinner=False)
def open_library(path: Path) -> Library:
    return Library.open(path)


@st.cache_resource(show_spinner=False)
def load_embedder(name: str) -> Embedder:
    return assemble.embedder(Settings(embedder=name))


@st.cache_resource(show_spinner=False)
def load_generator(name: str, endpoint: str) -> Generator | None:
    return assemble.generator(Settings(generator=name, endpoint=endpoint))


@st.cache_resource(show_spinner=False)
def turns() -> Turns:
    """Those at the generator: it phrases for one visitor at a time."""
    return Turns()


@st.cache_resource(show_spinner=False)
def load_reranker(name: str) -> Reranker | None:
    return assemble.reranker(Settings(reranker=name))


@st.cache_resource(show_spinner=False, max_entries=16)
def check_model(path: Path, embedder_name: str, generation: int) -> None:
    """Once for each state of the library: were its vectors made by this model?"""
    model = load_embedder(embedder_name)
    open_library(path).check_embedder(model.identity)
    open_library(path).check_canary(model)


def make_parts(mode: Mode, chosen: Settings, libraries: Sequence[Library]) -> Parts:
    model = load_embedder(chosen.embedder)
    fitting, wrong = [], []
    for library in libraries:
        try:
            check_model(library.path, chosen.embedder, library.catalogue.generation)
            fitting.append(library)
        except WrongModel as error:
            if len(libraries) == 1 or library.path == chosen.library:
                raise
            wrong.append(f"The library {library.path} is left out. {error}")
    if not fitting:
        raise WrongModel(" ".join(wrong))
    generator = None
    said = (*left_out(chosen), *wrong)
    notes = (*said, *assemble.notices(chosen, mode))
    if mode is Mode.GENERATE:
        try:
            generator = load_generator(chosen.generator, chosen.endpoint)
        except ModelMissing as error:
            notes = (*said, assemble.without(error))
    reranker = load_reranker(chosen.reranker)
    return Parts(
        tuple(fitting),
        model,
        RuleScorer(),
        generator,
        reranker,
        chosen.evidence,
        notes,
        chosen.price_in,
        chosen.price_out,
    )
