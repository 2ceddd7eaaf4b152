"""Two sources that disagree are both shown and named; sources that agree are not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.load import load
from ingest.parse import Parser
from rag import contract
from rag.ask import Parts, ask
from rag.conflict import editions
from rag.disagree import compare
from rag.library.folder import Library
from rag.ports import Embedder
from rag.quote import prove
from rag.records import Conflict, Disagreement, Document, Mode, Outcome
from rag.verify import RuleScorer
from tests.conftest import ROOT, LoadTexts
from tests.stand_ins import EchoGenerator, HashEmbedder
from ui.printing import reply as print_reply

DISAGREE = [
    ("The warranty period is 24 months.", "The warranty period is 36 months.", "24 months"),
    ("The plant in Ulm employs 1,200 people.",
     "The plant in Ulm employs 1,500 people in two shifts.", "1,200"),
    ("The contract with Northwind ends on 31 March 2026.",
     "The contract with Northwind ends on 30 June 2026.", "31 March 2026"),
    ("The register is kept by Anna Berg of the finance team.",
     "The register is kept by Carl Dietz of the finance team.", "Anna Berg"),
    ("The plant runs 6 presses, counted on 31 March 2025.",
     "The plant runs 11 presses, counted on 31 May 2026.", "6"),
    ("Staff may use public chatbots for translations.",
     "Staff may not use public chatbots for translations.", "may"),
    ("Smoking is allowed on the balcony of the office.",
     "Smoking is forbidden on the balcony of the office.", "allowed"),
    ("Contractors must sign the register at the gate.",
     "Contractors must not sign the register at the gate.", "must"),
]  # fmt: skip
AGREE = [
    ("The warranty period is 24 months.", "The warranty period is two years."),
    ("The survey of McKinsey had about 2,000 participants.",
     "The survey of McKinsey had 1,998 participants."),
    ("The parcel may weigh up to 1,000 g per item.", "The parcel may weigh up to 1 kg per item."),
    ("2024 revenue was 5 million euros.", "2023 revenue was 4 million euros."),
    ("In 2024 the sales of the shop were 12,000 euros.",
     "In 2023 the sales of the shop were 10,000 euros."),
    ("Thomas Davis had five sacks and four interceptions.",
     "Kony Ealy had six sacks and four interceptions."),
    ("GPT-3 has 175 billion parameters.", "GPT-4 has 1,000 billion parameters."),
    ("The plant in Ulm employs 1,200 people.", "The plant in Bonn employs 1,500 people."),
    ("A file may be no larger than 20 MB here.", "A file here may be up to 20 MB."),
    ("The first quarter brought 20 new readers.", "The second quarter brought 20 new readers."),
    ("Staff may not use public chatbots at home.", "Staff must never use public chatbots at home."),
    ("Policy LLT-AI-1 on chatbots, first version.", "Policy LLT-AI-1 on chatbots, second version."),
    ("The men's team won five of seven games.", "The women's team won six of seven games."),
    ("The treaty was signed in November 2022.", "The treaty was signed on 30 November 2022."),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other", "value"), DISAGREE)
def test_one_frame_with_two_values_disagrees(one: str, other: str, value: str) -> None:
    (found,) = compare(one, other)
    assert found.first == value
    assert found.second != value
    assert found.second in other
    (back,) = compare(other, one)
    assert (back.first, back.second) == (found.second, found.first)


@pytest.mark.parametrize(("one", "other"), AGREE)
def test_what_can_both_be_true_does_not_disagree(one: str, other: str) -> None:
    assert compare(one, other) == ()
    assert compare(other, one) == ()


def test_two_answers_to_the_question_may_be_worded_less_alike() -> None:
    first = "GPT-3, to give one known size, has 175 billion parameters."
    second = "GPT-3 has 170 billion parameters."
    (found,) = compare(first, second, "How many parameters does GPT-3 have?")
    assert (found.first, found.second) == ("175 billion", "170 billion")


def test_names_that_tell_two_subjects_apart_are_no_conflict() -> None:
    first = "The branch at Harbour opens at nine on weekdays."
    second = "The branch at Mill Street opens at nine on weekdays."
    assert compare(first, second, "When does the branch at Harbour open?") == ()


def test_editions_are_told_by_their_titles() -> None:
    one = Document("1", "policies/ai-2024.docx", "Policy on the Use of AI (2024)", "x")
    other = Document("2", "policies/ai-2026.docx", "Policy on the Use of AI (2026)", "x")
    assert editions(one, other)
    assert not editions(one, Document("3", "fees.txt", "Fees of the reading room", "x"))


# -- the whole path ----------------------------------------------------------------------------

PLANTED = [
    ("How many pilot projects does the Trust run?", ("11", "6")),
    ("How many words may a summary have that is pasted into a public chatbot?", ("200", "500")),
    ("How large may a file be that is uploaded to a public chatbot?", ("5 MB", "20 MB")),
    ("How soon must a slip be reported?", ("1 working day", "2 working days")),
    ("Who owns the policy on generative AI?",
     ("Data Protection Officer", "Head of Digital Services")),
]  # fmt: skip


@pytest.fixture(scope="module")
def samples(sample_library: Path, real_embedder: Embedder) -> Parts:
    return Parts((Library.open(sample_library),), real_embedder, RuleScorer())


@pytest.mark.models
@pytest.mark.parametrize(("question", "values"), PLANTED)
def test_each_planted_conflict_is_named_newer_first(
    samples: Parts, question: str, values: tuple[str, str]
) -> None:
    answer = ask(question, samples).answer
    found = next(each for each in answer.conflicts if each.values == values)
    assert found.dated
    assert "2026" in found.newer.document.name
    assert "2026" not in found.older.document.name
    shown = [sentence.quotes[0] for sentence in answer.sentences]
    assert shown.index(found.older) == shown.index(found.newer) + 1
    for quote in (found.newer, found.older):
        assert prove(quote, samples.libraries[0].catalogue)


@pytest.mark.models
def test_no_sample_question_has_another_conflict(samples: Parts) -> None:
    lines = (ROOT / "data" / "cases" / "field_guide.jsonl").read_text(encoding="utf-8").splitlines()
    planted = {frozenset(values) for _, values in PLANTED}
    planted.add(frozenset(("Data Protection Officer", "Mill Street")))  # where a slip is reported
    questions = [json.loads(line)["question"] for line in lines]
    wrong = [
        (question, conflict.values)
        for question in questions
        for conflict in ask(question, samples).answer.conflicts
        if frozenset(conflict.values) not in planted
    ]
    assert len(questions) > 80
    assert wrong == []


TEXTS = {
    "notes-2024.txt": "The ferry Zephyrine carries forty cars across the estuary.",
    "notes-2025.txt": "The ferry Zephyrine carries fifty cars across the estuary.",
    "birds.txt": "The heron nests in the willow by the weir. It eats small fish at dawn.",
}
QUESTION = "How many cars does the ferry Zephyrine carry?"


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    folder = tmp_path_factory.mktemp("ferry")
    for name, text in TEXTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    library = Library.create(folder / "library")
    embedder = HashEmbedder()
    with Parser() as parser:
        load([folder / name for name in TEXTS], library, lambda: embedder, parser)
    yield Parts((library,), embedder, RuleScorer(), EchoGenerator(), enough=0.0)
    library.close()


def _one(parts: Parts, mode: Mode = Mode.QUOTE) -> Conflict:
    (found,) = ask(QUESTION, parts, mode=mode).answer.conflicts
    return found


def test_the_side_that_was_not_quoted_is_added_newer_first(parts: Parts) -> None:
    answer = ask(QUESTION, parts).answer
    assert [quote.document.name for quote in answer.considered[:2]] == [
        "notes-2025.txt",
        "notes-2024.txt",
    ]
    assert _one(parts).values == ("fifty", "forty")
    assert _one(parts).kind is Disagreement.NUMBER


def test_the_conflict_stands_beside_a_phrased_answer(parts: Parts) -> None:
    reply = ask(QUESTION, parts, mode=Mode.GENERATE)
    assert reply.mode is Mode.GENERATE
    assert reply.answer.conflicts == ask(QUESTION, parts).answer.conflicts


def test_scripts_and_terminal_are_told(parts: Parts, capsys: pytest.CaptureFixture[str]) -> None:
    reply = ask(QUESTION, parts)
    (row,) = contract.reply("1", reply)["conflicts"]
    assert (row["kind"], row["dated"], row["values"]) == ("number", True, ["fifty", "forty"])
    assert [quote["document"] for quote in row["quotes"]] == ["notes-2025.txt", "notes-2024.txt"]
    print_reply(reply)
    said = " ".join(capsys.readouterr().out.split())
    assert (
        "These sources disagree: fifty (notes-2025.txt, line 1) against forty (notes-2024.txt, "
        "line 1). The newer stands first." in said
    )


def test_without_dates_no_order_is_claimed(
    load_texts: LoadTexts, hash_embedder: Embedder, capsys: pytest.CaptureFixture[str]
) -> None:
    library = load_texts(
        {"a.txt": TEXTS["notes-2024.txt"], "b.txt": TEXTS["notes-2025.txt"], "c.txt": "A heron."}
    )
    reply = ask(QUESTION, Parts((library,), hash_embedder, RuleScorer(), enough=0.0))
    (found,) = reply.answer.conflicts
    assert not found.dated
    print_reply(reply)
    assert "Which of them is newer is not known." in " ".join(capsys.readouterr().out.split())


def test_a_document_that_says_both_is_no_source_of_a_conflict(
    load_texts: LoadTexts, hash_embedder: Embedder
) -> None:
    both = f"{TEXTS['notes-2024.txt']} {TEXTS['notes-2025.txt']}"
    library = load_texts({"a.txt": both, "b.txt": TEXTS["notes-2025.txt"]})
    reply = ask(QUESTION, Parts((library,), hash_embedder, RuleScorer(), enough=0.0))
    assert reply.answer.outcome is Outcome.SUPPORTED
    assert reply.answer.conflicts == ()


def test_a_question_that_names_the_year_has_chosen(
    load_texts: LoadTexts, hash_embedder: Embedder
) -> None:
    texts = {
        f"report-{year}.txt": f"Report {year}. We had {count} customers in all the shops."
        for year, count in ((2023, 500), (2024, 700))
    }
    library = load_texts(texts)
    parts = Parts((library,), hash_embedder, RuleScorer(), enough=0.0)
    assert ask("How many customers had the shops?", parts).answer.conflicts
    for conflict in ask("How many customers had the shops in 2023?", parts).answer.conflicts:
        # Named only where both are quoted anyway.
        assert {"2023", "2024"} <= {conflict.newer.document.date, conflict.older.document.date}


def test_the_same_question_gives_the_same_conflicts(parts: Parts) -> None:
    assert [_one(parts) for _ in range(3)] == [_one(parts)] * 3
