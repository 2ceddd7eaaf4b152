"""Tasks are recognised by their whole form; an ordinary question never is one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag.task import Kind, Task, recognise
from tests.conftest import BENCH, ROOT


@pytest.mark.parametrize(
    ("question", "kind", "phrase"),
    [
        ("Which documents mention fine-tuning?", Kind.LIST, "fine-tuning"),
        ("List all reports about the hallucination", Kind.LIST, "hallucination"),
        ('What files mention the term "net income"?', Kind.LIST, "“net income”"),
        ("In which documents is ChatGPT mentioned?", Kind.LIST, "ChatGPT"),
        ("Please list all documents that refer to visitors.", Kind.LIST, "visitors"),
        ("How many documents mention GPT-3?", Kind.COUNT, "GPT-3"),
        ("How many files are in the library?", Kind.COUNT, ""),
        ("How many documents are there?", Kind.COUNT, ""),
        ("List all documents", Kind.LIST, ""),
        ("Summarise the 2026 policy", Kind.SUMMARY, "2026 policy"),
        ("Could you summarize glossary.md?", Kind.SUMMARY, "glossary.md"),
        ("Give me an overview of the field guide", Kind.SUMMARY, "field guide"),
    ],
)
def test_forms(question: str, kind: Kind, phrase: str) -> None:
    task = recognise(question)
    assert task is not None
    assert (task.kind, task.phrase, task.exact, task.sure) == (kind, phrase, True, True)


@pytest.mark.parametrize(
    "question",
    [
        "Where is GPT-3 mentioned?",
        "Find every mention of GPT-3",
        "Show all places that mention GPT-3",
    ],
)
def test_each_place(question: str) -> None:
    assert recognise(question) == Task(Kind.LIST, "GPT-3", every=True)


@pytest.mark.parametrize(
    ("question", "kinds", "since", "until"),
    [
        ("How many PDFs are there?", ("pdf",), "", ""),
        ("How many documents are from 2024?", (), "2024", "2024"),
        ("Which reports from 2023 mention water?", (), "2023", "2023"),
        ("Which documents since 2023 mention water?", (), "2023", ""),
        ("Which documents before 2023 mention water?", (), "", "2022-12-31"),
        ("Which documents after 2023 mention water?", (), "2024-01-01", ""),
        ("Which documents from 2020 to 2022 mention water?", (), "2020", "2022"),
        ("Which PDF documents mention water?", ("pdf",), "", ""),
    ],
)
def test_which_documents(question: str, kinds: tuple[str, ...], since: str, until: str) -> None:
    task = recognise(question)
    assert task is not None
    assert (task.kinds, task.since, task.until) == (kinds, since, until)


def test_a_folder_narrows_too() -> None:
    task = recognise("Which documents in the folder policies mention visitors?")
    assert task is not None
    assert (task.folder, task.phrase) == ("policies", "visitors")


@pytest.mark.parametrize(
    ("question", "sides", "subject"),
    [
        ("Compare fine-tuning and pretraining", ("fine-tuning", "pretraining"), ""),
        ("What is the difference between a token and a word?", ("token", "word"), ""),
        ("Compare the 2024 and 2026 policies", ("2024 policies", "2026 policies"), ""),
        ("Compare the 2024 policy with the 2026 policy", ("2024 policy", "2026 policy"), ""),
        (
            "How does the number of pilots differ between 2025 and 2026?",
            ("2025", "2026"),
            "number of pilots",
        ),
        (
            "Compare the revenue of Adobe and Best Buy in 2022",
            ("Adobe", "Best Buy"),
            "revenue in 2022",
        ),
    ],
)
def test_comparisons(question: str, sides: tuple[str, str], subject: str) -> None:
    task = recognise(question)
    assert task is not None
    assert (task.kind, task.sides, task.subject) == (Kind.COMPARE, sides, subject)


@pytest.mark.parametrize(
    "question",
    [
        "Where does it say that?",
        "Which page is that on?",
        "Where did you get that from?",
        "Source?",
    ],
)
def test_where(question: str) -> None:
    assert recognise(question) == Task(Kind.WHERE)


@pytest.mark.parametrize("question", ["List all risks that the company faces.", "Name every king"])
def test_everything_of_a_kind_cannot_be_scanned(question: str) -> None:
    task = recognise(question)
    assert task is not None
    assert (task.kind, task.exact) == (Kind.LIST, False)


@pytest.mark.parametrize(
    "question",
    [
        "How many parameters does GPT-3 have?",
        "How many documents did the Trust publish in 2024?",
        "How many files may a visitor upload?",
        "Which report won the prize?",
        "Which documents must be signed?",
        "Where is Lisbon?",
        "Where is the word amen mentioned in the Bible?",
        "What is the difference?",
        "What does the policy say about visitors?",
        "How do cats and dogs sleep?",
        "Compare profit and loss and cash flow",
        "Who says so?",
        "How has the number of pilots changed from 2025 to 2026?",
        "Which documents mention " + "a very long thing " * 40,
        "",
        "?",
    ],
)
def test_ordinary_questions(question: str) -> None:
    assert recognise(question) is None


def _questions(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["question"] for line in lines]


def test_public_questions_are_ordinary() -> None:
    """Of 3,220 questions few have the form of a task, and all of these are comparisons, or
    ask what one work is about: these are tasks only where a document has its name.
    """
    questions = []
    for name in ("xquad-en", "qed-dev", "clapnq-dev", "financebench-dev"):
        path = BENCH / name / "cases.jsonl"
        if not path.is_file():
            pytest.skip(f"no question set at {path}")
        questions += _questions(path)
    tasks = [task for task in map(recognise, questions) if task is not None]
    sure = [task for task in tasks if task.sure]
    assert len(sure) <= 0.004 * len(questions)
    assert {task.kind for task in sure} == {Kind.COMPARE}
    assert len(tasks) <= 0.01 * len(questions)


def test_the_sample_questions_are_ordinary() -> None:
    for name in ("field_guide", "follow_ups"):
        for question in _questions(ROOT / "data" / "cases" / f"{name}.jsonl"):
            assert recognise(question) is None
