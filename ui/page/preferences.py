"""The view of the settings that matter, each with its effect in words."""

from __future__ import annotations

import streamlit as st

from rag import assemble
from rag.models.endpoint import is_here
from rag.models.weights import GENERATOR
from rag.records import Mode
from rag.settings import NO_GENERATOR, NO_RERANKER, Settings, read_settings
from ui.page import held, markup, shelf_markup, together

EVIDENCE: dict[float, tuple[str, str]] = {
    0.0: ("Answer everything", "No question is refused, also where no document answers it."),
    0.25: ("Answer more", "Fewer questions are refused, and more answers are wrong."),
    0.35: (
        "Balanced",
        "Of the sample questions, which are hard on purpose, 34 % of those that have an answer are "
        "refused wrongly, and 33 % of those that have none are refused rightly.",
    ),
    0.5: (
        "Strict",
        "More questions are refused. Its effect on the sample questions is unmeasured.",
    ),
}
"""Thresholds with their names and their effects: probabilities, of `make eval` and README."""


def show(settings: Settings) -> None:
    """The whole view; what is set here holds for this visitor, until the session ends."""
    st.caption(
        "What you set here holds for you, until you close the page. To set it for good: variables "
        "like SOURCEBOUND_EVIDENCE, or sourcebound.toml in the folder where the page is started."
    )
    _where(settings)
    _evidence(settings)
    _phrasing(settings)
    together.show(settings)
    _models(settings)
    if st.button("Reset to the settings of the start"):
        held.choose(**dict.fromkeys(("evidence", "generator", "collections"), None))
        for name in (_EVIDENCE, _PHRASE):
            st.session_state.pop(name, None)
        st.rerun()


_EVIDENCE, _PHRASE = "evidence set", "phrasing set"


def _where(settings: Settings) -> None:
    sent = assemble.notices(settings, Mode.GENERATE)
    if sent:
        st.html("".join(markup.problem(each) for each in sent))
        st.html(markup.notes(["Quotes alone are made on this machine and sent nowhere."]))
    else:
        st.html(
            '<p class="sb-verdict" role="status">Nothing leaves this machine: documents, questions '
            "and answers stay on it.</p>"
        )


def _evidence(settings: Settings) -> None:
    options = sorted({*EVIDENCE, settings.evidence})
    chosen = st.select_slider(
        "How much evidence is enough",
        options,
        value=settings.evidence,
        format_func=lambda value: f"{EVIDENCE.get(value, ('As set',))[0]} ({value:.2f})",
        help="Below this estimated probability that the quotes hold an answer, there is none.",
        key=_EVIDENCE,
    )
    if chosen != settings.evidence:
        held.choose(evidence=chosen)
        st.rerun()
    effect = EVIDENCE.get(chosen, ("", "Between the named positions, so is its effect."))[1]
    st.html(markup.notes([f"{effect} With a command: SOURCEBOUND_EVIDENCE={chosen} rag ask …"]))


def _phrasing(settings: Settings) -> None:
    start = read_settings()
    possible = assemble.has_generator(start)
    phrased = st.toggle(
        "Let a model phrase the quotes",
        value=possible and settings.generator != NO_GENERATOR,
        disabled=not possible,
        key=_PHRASE,
    )
    wanted = None if phrased or not possible else NO_GENERATOR
    if (settings.generator == NO_GENERATOR) != (wanted is not None) and possible:
        held.choose(generator=wanted)
        st.rerun()
    if not possible:
        st.html(
            markup.notes(
                [f"No generator is installed or set. Answers are quotes. Try: {GENERATOR.install}"]
            )
        )
        return
    said = (
        "Quotes come first. Each phrased sentence is checked and withheld if it fails; choose the "
        "way beside each question."
        if phrased
        else "Answers are the quotes themselves, word for word."
    )
    st.html(markup.notes([f"{said} With a command: rag ask --mode generate, or quote."]))


def _models(settings: Settings) -> None:
    """Which models run, and where."""
    phrases = "none: answers are quotes"
    if settings.generator != NO_GENERATOR and assemble.has_generator(settings):
        phrases = f"{settings.generator}, on this machine"
        if settings.endpoint:
            where = "on this machine" if is_here(settings.endpoint) else "on another machine"
            phrases = f"{settings.generator} at {settings.endpoint}, {where}"
    reranker = (
        "none: pages stay in the order of the search"
        if settings.reranker == NO_RERANKER
        else f"{settings.reranker}, on this machine; it orders the first 50 pages again"
    )
    st.html('<h3 class="sb-question">Models</h3>')
    st.html(
        shelf_markup.rows(
            [
                ("Finds by meaning", f"{settings.embedder}, on this machine"),
                ("Orders again", reranker),
                ("Phrases", phrases),
                ("Checks sentences", "rules of this program, on this machine"),
            ]
        )
    )
    st.caption("Another model that finds by meaning needs a new library: its vectors are its own.")
