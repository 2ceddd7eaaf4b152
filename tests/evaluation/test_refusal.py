"""Who declines to answer, and who does not."""

from __future__ import annotations

import pytest

from rag.evaluation.refusal import declines, refuses

DECLINED = [
    "I don't know.",
    "I do not know the answer to this question.",
    "I’m sorry, but I cannot find that in the documents.",
    "The context does not mention the price of the ticket.",
    "The provided documents do not contain any information about the mayor.",
    "There is no information about this in the text.",
    "There isn't enough information to say; not enough context.",
    "This is not mentioned in the passage.",
    "It cannot be determined from the given sources.",
    "Unanswerable",
    "N/A",
    "No evidence.",
    "I am unable to answer that.",
    "The answer is not provided in the context.",
]
SAID = [
    "The museum does not open on Mondays.",
    "The contract cannot be ended before May.",
    "Nobody lived there.",
    "He did not know that his brother had died.",
    "No dogs are allowed.",
    "I am not sure, but the mill burned in 1912 after a storm.",
    "The keys were not found until 1915.",
    "Payment is not available on Sundays for guests.",
]


@pytest.mark.parametrize("text", DECLINED)
def test_declining_is_known(text: str) -> None:
    assert declines(text)
    assert refuses([text])


@pytest.mark.parametrize("text", SAID)
def test_a_negative_statement_is_an_answer(text: str) -> None:
    assert not refuses([text])


def test_an_answer_that_goes_on_is_none() -> None:
    assert not refuses(["The text does not name the builder.", "The mill burned in 1912."])
    assert refuses(["Sorry.", "I do not know.", "Could you give me more context?"])
    assert not refuses(["Could you give me more context?"])


@pytest.mark.parametrize("sentences", [[], [""], ["  ", "..."]])
def test_nothing_is_a_refusal(sentences: list[str]) -> None:
    assert refuses(sentences)
