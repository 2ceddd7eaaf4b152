"""What a generator is told: the same few words for a model here and for one behind an endpoint."""

from __future__ import annotations

from rag.terms import ENGLISH, asked_language

SYSTEM = (
    "You answer a question with one short sentence. Use only facts that stand in the text. "
    "Copy names and numbers exactly."
)
LONGEST_TEXT = 4000
"""Characters. Bigger than any quote we make; longer texts come only from callers of the port."""


def user(quote: str, question: str, task: str) -> str:
    """The user's message. Document text stands here and nowhere else."""
    return f"Text: {quote}\n\nQuestion: {question}\n\n{task}"


def task(question: str) -> str:
    """The last words of the user's message.

    The language is asked for only where it is not English: a small model of English says less the
    more it is told.
    """
    language = "" if asked_language(question) == ENGLISH else " Use the language of the question."
    return f"Answer in one short sentence.{language}"
