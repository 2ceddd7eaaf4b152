"""Answers that a reader judged, as cases to measure on.

A judgement is a beginning for a person to correct, as starter cases are: it says that an answer was
helpful or not and why, and not what the right one would have been.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from rag.library.conversations import Conversation, Conversations, Turn
from rag.question import TURNS
from rag.records import Outcome, Quote


class Reason(StrEnum):
    """Why an answer was not helpful; a reader may add words of their own after a colon."""

    WRONG = "It is wrong"
    BESIDE = "It does not answer the question"
    INCOMPLETE = "Something is missing"
    ABSENT = "The documents hold no answer"
    PRESENT = "The documents do hold an answer"


def judged_cases(kept: Conversations) -> Iterator[dict[str, Any]]:
    """A row for each judged answer, in the order they were asked in, as `rag evaluate` reads them.

    Where the answer was helpful its quotes are the evidence, and a short answer marked in them is
    the accepted one. Where it was not, the row says only whether there is an answer to be found:
    a refusal that was found wrong makes one that is answerable, and so do all reasons but
    `Reason.ABSENT`. `judgement` holds what the reader said, `checked` is false.
    """
    read: dict[int, Conversation] = {}
    for conversation, turn in kept.judged():
        if conversation not in read:
            read[conversation] = kept.read(conversation)
        turns = read[conversation].turns
        at = next(at for at, each in enumerate(turns) if each.id == turn)
        yield _case(turns, at)


def _case(turns: tuple[Turn, ...], at: int) -> dict[str, Any]:
    turn = turns[at]
    assert turn.reply
    assert turn.judgement
    reply, judgement = turn.reply, turn.judgement
    refused = reply.answer.outcome is Outcome.NO_EVIDENCE
    if judgement.helpful:
        answerable = not refused
    else:
        answerable = not judgement.reason.startswith(Reason.ABSENT)
    good = judgement.helpful and not refused
    return {
        "id": f"judged-{turn.id}",
        "question": reply.question,
        "history": [
            {"question": each.question, "answer": each.answer.text}
            for each in [before.reply for before in turns[:at] if before.reply][-TURNS:]
        ],
        "answers": [reply.short] if good and reply.short else [],
        "answerable": answerable,
        "evidence": [_evidence(quote) for quote in reply.answer.shown] if good else [],
        "judgement": {
            "helpful": judgement.helpful,
            "reason": judgement.reason,
            "judged": judgement.judged,
            "outcome": reply.answer.outcome.value,
            "answer": reply.answer.text,
        },
        "checked": False,
    }


def _evidence(quote: Quote) -> dict[str, Any]:
    return {"document": quote.document.name, "page": quote.page, "quote": quote.text}
