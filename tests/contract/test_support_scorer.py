"""What every `SupportScorer` does, and the rules of the one that ships."""

from __future__ import annotations

import pytest

from rag.ports import SupportScorer
from rag.records import Document, Quote
from rag.verify import RuleScorer, numbers
from tests.stand_ins import WordScorer

QUESTION = "What happened to the bridge?"


def _quote(text: str) -> Quote:
    return Quote(Document("0", "a.txt", "A", "text/plain"), None, 0, len(text), text)


@pytest.fixture(params=[WordScorer, RuleScorer])
def scorer(request: pytest.FixtureRequest) -> SupportScorer:
    made: SupportScorer = request.param()
    return made


SENTENCES = [
    "The stone bridge at Ravenscar was closed on 4 May 2024 because of a flood.",
    "Revenue rose by 3.5% to $1,200 million.",
    "No visitor was hurt.",
]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_quote_carries_itself(scorer: SupportScorer, sentence: str) -> None:
    verdict = scorer.check(sentence, [_quote(sentence)], QUESTION)
    assert verdict.passed
    assert verdict.support == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(
    "sentence",
    [
        "The stone bridge at Ravenscar was closed in 2023 because of a flood.",
        "The stone bridge at Whitby was closed because of a flood.",
        "Penguins waddle across frozen Antarctica.",
        "",
    ],
)
def test_what_the_quote_does_not_say_fails(scorer: SupportScorer, sentence: str) -> None:
    verdict = scorer.check(sentence, [_quote(SENTENCES[0])], QUESTION)
    assert not verdict.passed
    assert all(verdict.failures)


def test_without_quotes_nothing_passes(scorer: SupportScorer) -> None:
    assert not scorer.check(SENTENCES[0], [], QUESTION).passed


def test_the_same_check_gives_the_same_verdict(scorer: SupportScorer) -> None:
    quotes = [_quote(SENTENCES[0])]
    first = scorer.check("The bridge was closed because of a flood.", quotes, QUESTION)
    assert scorer.check("The bridge was closed because of a flood.", quotes, QUESTION) == first


RULES = [
    # quote, sentence, passes
    ("It was opened in May 1931 by Ann Lee.", "It was opened in June 1931 by Ann Lee.", False),
    ("It was opened in May 1931 by Ann Lee.", "Ann Lee opened it in May 1931.", True),
    ("The fee is 1,000 euros a year.", "The fee is 1000 euros a year.", True),
    ("The fee is 1,000 euros a year.", "The fee is 100 euros a year.", False),
    ("Three of the ten boats sank.", "3 of the 10 boats sank.", True),
    ("Three of the ten boats sank.", "Four of the ten boats sank.", False),
    ("Dogs are not allowed in the hall.", "Dogs are allowed in the hall.", False),
    ("Dogs are allowed in the hall.", "Dogs are not allowed in the hall.", False),
    ("Dogs are not allowed in the hall.", "Dogs are not allowed in the hall.", True),
    ("The court denied the appeal of Miller.", "The court heard the appeal of Miller.", False),
    ("Paris hosted the games.", "London hosted the games.", False),
    ("The survey asked 2,000 people.", "The survey asked 2,000 people in Norway.", False),
]


@pytest.mark.parametrize(("quote", "sentence", "passes"), RULES)
def test_rules(quote: str, sentence: str, passes: bool) -> None:
    verdict = RuleScorer().check(sentence, [_quote(quote)], "What is said about it?")
    assert verdict.passed is passes, verdict


def test_a_sentence_that_only_repeats_the_question_says_nothing() -> None:
    quote = _quote("The bridge at Ravenscar was closed because of a flood.")
    verdict = RuleScorer().check("The bridge was closed.", [quote], "Why was the bridge closed?")
    assert not verdict.passed


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1,000 and 2.50", {"1000", "2.5"}),
        ("three of ten", {"3", "10"}),
        ("one of them", set()),
        ("3.0", {"3"}),
        ("in 2024, 007", {"2024", "7"}),
    ],
)
def test_numbers_in_one_spelling(text: str, found: set[str]) -> None:
    assert numbers(text) == found
