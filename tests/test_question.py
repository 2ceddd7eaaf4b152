"""Follow-ups are completed, several questions split, and everything else is left as it came."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag.evaluation.cases import read_cases
from rag.question import LONGEST_CARRIED, MOST_PARTS, complete, split
from tests.conftest import ROOT

LIMIT = ("What was the limit for pasted summaries in 2024?", "500 words.")
AUTHORS = ("Who introduced variational autoencoders?", "Kingma and Welling introduced it in 2013.")
TRIAL = ("How long may a trial of an agent last?", "No longer than 30 days.")
COURSE = ("When does the course Talking to Machines begin?", "On Thursdays at 2.")
PROFIT = ("What was the profit of Microsoft in Q2 of FY2023?", "17 billion dollars.")
HARDEST = ("Which of the six pilots was the hardest?", "The captions project.")

FOLLOW_UPS = [
    # A new year stands in place of the old one, with its quarter, month and day.
    (LIMIT, "And in 2026?", "And in 2026? (limit for pasted summaries)"),
    (LIMIT, "2026?", "2026? (limit for pasted summaries)"),
    (LIMIT, "and now?", "and now? (limit for pasted summaries)"),
    (PROFIT, "ok so in 2021?", "ok so in 2021? (profit of Microsoft)"),
    (
        ("How many pilots were counted on 31 March 2025?", "6."),
        "And in 2026?",
        "And in 2026? (pilots counted)",
    ),
    # A new name or thing stands in place of the old one, and leaves the rest.
    (PROFIT, "What about Amazon?", "What about Amazon? (profit in Q2 of FY2023)"),
    (AUTHORS, "What about diffusion models?", "What about diffusion models? (introduced)"),
    (AUTHORS, "and GANs?", "and GANs? (introduced)"),
    (
        ("what is the revenue of microsoft?", ""),
        "how about amazon?",
        "how about amazon? (revenue)",
    ),
    (
        ("What does the policy say on files under the first version?", ""),
        "And under the second version?",
        "And under the second version? (policy on files)",
    ),
    (("Who is the CEO of Microsoft?", ""), "And for IBM?", "And for IBM? (CEO)"),
    (("What was Adobe's revenue in FY2021?", ""), "and profit?", "and profit? (Adobe's in FY2021)"),
    (("What was Adobe's revenue in FY2021?", ""), "FY2022?", "FY2022? (Adobe's revenue)"),
    (
        ("Did Google buy YouTube in 2006?", ""),
        "What about Amazon?",
        "What about Amazon? (Google buy YouTube in 2006)",
    ),
    (
        PROFIT,
        "What about the year before?",
        "What about the year before? (profit of Microsoft in Q2 of FY2023)",
    ),
    # Pronouns and demonstratives that have nothing to stand for.
    (COURSE, "Where is it held?", "Where is it held? (course Talking to Machines begin)"),
    (COURSE, "Who teaches there?", "Who teaches there? (course Talking to Machines begin)"),
    (COURSE, "Who leads this course?", "Who leads this course? (course Talking to Machines begin)"),
    (
        TRIAL,
        "What may it do during that time?",
        "What may it do during that time? (trial of agent last)",
    ),
    (TRIAL, "Does that cost anything?", "Does that cost anything? (trial of agent last)"),
    (TRIAL, "Who said that?", "Who said that? (trial of agent last)"),
    (AUTHORS, "And what is their paper called?", None),
    # Nothing in it says anything.
    (TRIAL, "Why?", "Why? (trial of agent last)"),
    (TRIAL, "why so long?", "why so long? (trial of agent last)"),
    (TRIAL, "Tell me more.", "Tell me more (trial of agent last)"),
    (TRIAL, "How quickly?", "How quickly? (trial of agent last)"),
    (TRIAL, "in which year?", "in which year? (trial of agent last)"),
    # The newer one is not that of 2024.
    (
        ("Who owns the AI policy of 2024?", "The Head of Digital Services owns it until further."),
        "And who owns the newer one?",
        "And who owns the newer one? (AI policy)",
    ),
    # What was just spoken of, with its article again.
    (
        ("What must staff do first?", "Staff complete a two-hour introduction to generative AI."),
        "What does the introduction follow?",
        "What does the introduction follow? (staff)",
    ),
    # A short answer to "which" names what is spoken of.
    (HARDEST, "Why?", "Why? (six pilots hardest captions project)"),
    (
        ("Who introduced transformers?", "Google, in 2017."),
        "What else did they do?",
        "What else did they do? (introduced transformers Google)",
    ),
]


@pytest.mark.parametrize(("turn", "question", "completed"), FOLLOW_UPS)
def test_follow_ups_are_completed(
    turn: tuple[str, str], question: str, completed: str | None
) -> None:
    found = complete(question, [turn])
    assert found.startswith(question.rstrip("."))
    assert found != question
    if completed is not None:
        assert found == completed


@pytest.mark.parametrize(
    "question",
    [
        "How many parameters does GPT-3 have?",
        "What is prompt injection?",
        "What is a token?",
        "prompt injection",
        "GANs?",
        "Ok, what is prompt injection?",
        "And what is prompt injection?",
        "And when was ChatGPT launched?",
        # The pronoun has its noun in the question.
        "If a model is given sources to read, can its answer still go wrong?",
        "How old was Peyton Manning when he played in Super Bowl 50?",
        "Where does the brain get its energy from?",
        "What is the metric they use to determine how busy airports are?",
        "When has Toyota said it will close its plant?",
        "Other than his inventions, what was Tesla famous for?",
        # It is none.
        "How long did it take to build the pyramid?",
        "What does it mean to be on parole?",
        "Is it possible to predict base pressure?",
        "When does it get dark in December?",
        "How many episodes are there in the series?",
        "Is there a ball in Guinness?",
        "Where did they film the heart of the ocean?",
        "Where is this year's navy game played?",
        "What is the only fruit that does not have seeds?",
        "Who proved that cells come from other cells?",
        "Who supports those who oppose the war?",
        "Who is the one that won?",
        # The US is no pronoun, IT none either.
        "How big is the US?",
        "Who leads IT?",
        " What is a token?  ",
        "",
        "¿Cuánto costó en 2021?",
        "它多少钱？",
        "Сколько это стоит?",
        "What is it? " * 50,
    ],
)
@pytest.mark.parametrize("turn", [LIMIT, AUTHORS, HARDEST])
def test_what_stands_on_its_own_is_unchanged(turn: tuple[str, str], question: str) -> None:
    assert complete(question, [turn]) == question


def test_without_history_nothing_is_completed() -> None:
    assert complete("Why?", []) == "Why?"
    assert complete("Why?", [("", "")]) == "Why?"
    assert complete("Why?", [("Why?", "Because.")]) == "Why?"


def test_a_chain_goes_back_to_what_it_is_about() -> None:
    chain = [COURSE, ("Where is it held?", "At a branch."), ("Why?", "It is quiet there.")]
    assert "course Talking to Machines" in complete("Is it free?", chain)
    years = [LIMIT, ("And in 2026?", "200 words.")]
    assert complete("And in 2028?", years) == "And in 2028? (limit for pasted summaries)"
    things = [AUTHORS, ("What about diffusion models?", "Sohl-Dickstein and others.")]
    assert complete("and GANs?", things) == "and GANs? (introduced)"


def test_parts_of_a_split_are_completed_once() -> None:
    parts = split("What is a GAN and when was it introduced?")
    assert tuple(complete(part, [LIMIT]) for part in parts) == parts
    parts = split("Is it free and where is it held?")
    assert [complete(part, [COURSE]) for part in parts] == [
        "Is it free? (course Talking to Machines begin)",
        "where is it held? (course Talking to Machines begin)",
    ]


def test_a_new_subject_ends_the_old_one() -> None:
    history = [LIMIT, ("Where is the legal advice hour?", "At Mill Street branch, on Tuesdays.")]
    found = complete("When is it?", history)
    assert "legal advice hour" in found
    assert "limit" not in found


def test_only_the_last_turns_are_read() -> None:
    assert complete("Why?", [TRIAL, *[("Why?", "")] * 2]) == "Why? (trial of agent last)"
    assert complete("Why?", [TRIAL, *[("Why?", "")] * 3]) == "Why?"


def test_how_to_answer_is_not_carried() -> None:
    turn = (
        "We want a metric. Here's the question: what is the revenue of Adobe in FY2015? "
        "Round your answer to two decimal places.",
        "",
    )
    assert complete("And in FY2016?", [turn]) == "And in FY2016? (revenue of Adobe)"


@pytest.mark.parametrize(
    "answer",
    [
        "No evidence: nothing in the library answers this.",
        "I do not know.",
        "The captions project was the hardest, because the program added a street name.",
        "項目です。",
        "",
    ],
)
def test_only_a_short_answer_lends_its_words(answer: str) -> None:
    assert complete("Why?", [(HARDEST[0], answer)]) == "Why? (six pilots hardest)"


def test_a_number_is_no_name() -> None:
    assert complete("Why?", [("How many pilots failed?", "Six of them.")]) == "Why? (pilots failed)"
    assert complete("Why?", [LIMIT]) == "Why? (limit for pasted summaries in 2024)"


@pytest.mark.parametrize("earlier", ["モデルの大きさは？", "Сколько стоит обучение?", "كم عدد؟"])
def test_another_script_is_left_alone(earlier: str) -> None:
    assert complete("And in 2026?", [(earlier, "")]) == "And in 2026?"


def test_long_history_costs_nothing_and_little_is_carried() -> None:
    long = "What is " + "the unusual parameter of every large model " * 30_000
    began = time.perf_counter()
    found = complete("Why?", [(long, long)] * 1000)
    assert time.perf_counter() - began < 1
    assert len(found) <= len("Why? ") + LONGEST_CARRIED
    began = time.perf_counter()
    assert complete(long, [LIMIT]) == long
    assert split(long) == (long,)
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize("unit", ["it ", "? ", "(", "and ", "a, ", ". ", "who is it and ", "9 "])
def test_worst_cases_come_to_an_end(unit: str) -> None:
    began = time.perf_counter()
    for length in (200, 2_000, 200_000):
        text = (unit * length)[:length]
        complete(text, [(text, text)] * 3)
        split(text)
    assert time.perf_counter() - began < 2


WORDS = st.lists(
    st.sampled_from(
        """And in 2026 ? what about it they that the of Amazon policy why and when was founded who
        is one newer how much , . FY2021 US there ( ) " 它 it's""".split()
    ),
    max_size=25,
).map(" ".join)
TEXT = st.one_of(WORDS, st.text(max_size=60))


@given(TEXT, st.lists(st.tuples(TEXT, TEXT), max_size=5))
@example("And And 它 (", [("( policy US ( (", "")])
def test_completing_only_adds_and_is_bounded(question: str, history: list[tuple[str, str]]) -> None:
    found = complete(question, history)
    assert found == complete(question, history)
    assert found == question or found.startswith(f"{question.rstrip(' .')} (")
    assert len(found) <= len(question) + 1 + LONGEST_CARRIED
    assert complete(found, history) == found


@given(TEXT)
def test_splitting_loses_no_word(question: str) -> None:
    parts = split(question)
    assert 1 <= len(parts) <= MOST_PARTS
    assert len(parts) > 1 or parts == (question,)
    said = " ".join(parts).lower()
    assert all(word in said for word in question.lower().split() if word.isalnum())


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("Who founded A? Where does B live?", ("Who founded A?", "Where does B live?")),
        (
            "What is a GAN and when was it introduced?",
            ("What is a GAN?", "when was it introduced? (GAN)"),
        ),
        (
            "who founded the new york colony and why",
            ("who founded the new york colony", "why (founded new york colony)"),
        ),
        (
            "what is aws and what services are provided",
            ("what is aws", "what services are provided (aws)"),
        ),
        (
            "Who founded Google, when was it founded, and where is it based?",
            (
                "Who founded Google?",
                "when was it founded? (Google)",
                "where is it based? (founded Google)",
            ),
        ),
        (
            "I am new. What is a token? Who counts them? Answer in one line.",
            ("I am new. What is a token?", "Who counts them? (token) Answer in one line."),
        ),
        ("Is it free and where is it held?", ("Is it free?", "where is it held?")),
        (
            "Who owns the policy and who approves agents?",
            ("Who owns the policy?", "who approves agents?"),
        ),
        (
            "where was the ship scheduled to fly and how many passengers were on it",
            (
                "where was the ship scheduled to fly",
                "how many passengers were on it (ship scheduled to fly)",
            ),
        ),
    ],
)
def test_several_questions_are_split(question: str, parts: tuple[str, ...]) -> None:
    assert split(question) == parts


def test_no_more_parts_than_allowed() -> None:
    parts = split("Who is Ann? Who is Bob? Who is Cem? Who is Dan? Who is Eve? Be brief.")
    assert parts == (
        "Who is Ann?",
        "Who is Bob?",
        "Who is Cem?",
        "Who is Dan? Who is Eve? Be brief.",
    )


@pytest.mark.parametrize(
    "question",
    [
        "Compare A and B",
        "What is the profit and loss of Adobe?",
        "Where are the terms and conditions?",
        "How and when did the first variant enter Europe?",
        "Goldenson proposed a merger between UPT and what network?",
        "Is there a link between capitalism, imperialism, and what?",
        "What is the difference between what it was and what is it now?",
        "Who was the doctor who led the research and who was criticised?",
        "Who led the research on CTE and was criticised by the NFL?",
        "This religion emerged in the 15th century and was a combination of two.",
        "When will a tumbling vehicle stop and how it will move?",
        "Explain how it works and why it matters.",
        'Who wrote "Who are you and what do you want?"',
        "Who wrote “What is truth? What is law?”",
        "What is the ratio for Adobe? Round your answer to two decimal places.",
        "Is the ratio useful? If it is not, then state that and explain why.",
        "Please help. Here's the question: what is the ratio?",
        "Really?? You mean it?",
        "  What is it?  ",
        "",
        "?",
    ],
)
def test_one_question_stays_whole(question: str) -> None:
    assert split(question) == (question,)


def test_the_questions_about_the_samples_stand_on_their_own() -> None:
    cases = read_cases(ROOT / "data" / "cases" / "field_guide.jsonl")
    for earlier, case in itertools.pairwise(cases):
        assert complete(case.question, [(earlier.question, "")]) == case.question
        assert split(case.question) == (case.question,)
