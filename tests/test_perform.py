"""Tasks from the question to the reply, over the sample documents and small ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rag import contract
from rag.ask import Parts, ask, look
from rag.filters import Filters
from rag.library.folder import Library
from rag.ports import Embedder
from rag.records import Mode, Outcome, Reply
from rag.retrieve import reading
from rag.summary import summary
from rag.verify import RuleScorer
from tests.conftest import ROOT, LoadTexts
from tests.stand_ins import EchoGenerator, HashEmbedder, WordScorer
from ui import printing
from ui.page import markup

pytestmark = pytest.mark.models

OLD, NEW = (f"policies/generative-ai-policy-{year}.docx" for year in (2024, 2026))


@pytest.fixture(scope="module")
def parts(sample_library: Path, real_embedder: Embedder) -> Iterator[Parts]:
    library = Library.open(sample_library)
    yield Parts((library,), real_embedder, RuleScorer())
    library.close()


def _documents(reply: Reply) -> list[str]:
    return [sentence.quotes[0].document.name for sentence in reply.answer.sentences]


def _check_quotes(reply: Reply, parts: Parts) -> None:
    for sentence in reply.answer.sentences:
        (quote,) = sentence.quotes
        pages = parts.libraries[0].catalogue.pages(quote.document.id)
        assert "".join(page.text for page in pages)[quote.start : quote.end] == quote.text
        assert sentence.text == quote.text


def test_a_list_names_the_documents_and_counts_in_a_note(parts: Parts) -> None:
    reply = ask("Which documents mention fine-tuning?", parts)
    assert (reply.task, reply.answer.outcome) == ("list", Outcome.SUPPORTED)
    assert _documents(reply) == ["field-guide-part-one.pdf", "glossary.md"]
    assert reply.notes == ("2 documents mention “fine-tuning”.",)
    assert "2 documents" not in reply.answer.text
    _check_quotes(reply, parts)
    row = contract.reply(None, reply)
    assert (row["task"], len(row["sentences"])) == ("list", 2)


def test_nothing_mentions_it(parts: Parts) -> None:
    reply = ask("How many documents mention chromodynamics?", parts)
    assert (reply.task, reply.answer.outcome) == ("count", Outcome.NO_EVIDENCE)
    assert reply.notes == ("No document mentions “chromodynamics”.",)
    assert reply.passages


def test_filters_and_the_question_narrow(parts: Parts) -> None:
    assert _documents(ask("Which PDFs mention GPT-3?", parts)) == ["field-guide-part-one.pdf"]
    only = Filters(documents=("glossary.md",))
    assert _documents(ask("Where is GPT-3 mentioned?", parts, filters=only)) == ["glossary.md"]
    reply = ask("How many documents from 2026 are in the library?", parts)
    assert _documents(reply) == ["briefings/figures-2026.pdf", NEW]
    assert reply.notes == ("2 documents dated 2026.",)


def test_words_that_do_not_follow_each_other(parts: Parts) -> None:
    reply = ask("Which documents mention parameters of GPT-3?", parts)
    assert _documents(reply) == ["field-guide-part-one.pdf"]
    assert "as it stands" in reply.notes[0]


def test_everything_of_a_kind_is_said_to_be_incomplete(parts: Parts) -> None:
    reply = ask("List all risks of generative AI", parts)
    assert reply.task == "list"
    assert len(reply.answer.sentences) > 3
    assert any("only the best matches are shown" in note for note in reply.notes)
    _check_quotes(reply, parts)


def test_two_documents_side_by_side(parts: Parts) -> None:
    reply = ask("Compare the 2024 policy with the 2026 policy", parts)
    assert reply.task == "compare"
    assert reply.searched == (OLD, NEW)
    sides = [sentence.side for sentence in reply.answer.sentences]
    assert sides == [OLD] * 3 + [NEW] * 3 == _documents(reply)
    assert "no larger than 20 MB" in reply.answer.text
    assert "no larger than 5 MB" in reply.answer.text
    _check_quotes(reply, parts)


def test_years_decide_the_documents(parts: Parts) -> None:
    reply = ask("How does the number of pilot projects differ between 2025 and 2026?", parts)
    by_side = {each.side: each.quotes[0].document.name for each in reply.answer.sentences}
    assert by_side == {"2025": "briefings/figures-2025.html", "2026": "briefings/figures-2026.pdf"}
    assert "6 pilot projects" in reply.answer.text
    assert "11 pilot projects" in reply.answer.text


def test_a_side_without_evidence_is_named(parts: Parts) -> None:
    reply = ask("What is the difference between a token and a zeppelin?", parts)
    assert reply.answer.outcome is Outcome.SUPPORTED
    assert "Nothing was found on this side: zeppelin" in reply.notes
    assert not any(sentence.side == "zeppelin" for sentence in reply.answer.sentences)


def test_a_summary_covers_the_document(parts: Parts) -> None:
    reply = ask("Summarise the 2026 policy", parts)
    assert reply.task == "summary"
    assert set(_documents(reply)) == {NEW}
    starts = [sentence.quotes[0].start for sentence in reply.answer.sentences]
    assert starts == sorted(starts)
    assert 5 <= len(starts) <= 8
    assert len({sentence.quotes[0].headings for sentence in reply.answer.sentences}) >= 4
    _check_quotes(reply, parts)
    assert ask(f"Summarise {NEW}", parts).answer == reply.answer
    assert ask("What is the 2026 policy about?", parts).answer == reply.answer


def test_an_ambiguous_name_is_said(parts: Parts) -> None:
    reply = ask("Summarise the policy", parts)
    assert reply.answer.outcome is Outcome.NO_EVIDENCE
    assert OLD in reply.notes[0]
    assert NEW in reply.notes[0]
    assert ask("Summarise the policy", parts, filters=Filters(documents=(NEW,))).answer.sentences


def test_where_it_says_that(parts: Parts) -> None:
    before = ask("How many parameters does GPT-3 have?", parts)
    history = [(before.question, before.answer.text)]
    reply = ask("Where does it say that?", parts, history=history)
    assert reply.task == "where"
    spots = {(each.quotes[0].document.id, each.quotes[0].start) for each in reply.answer.sentences}
    assert spots >= {
        (each.quotes[0].document.id, each.quotes[0].start) for each in before.answer.sentences
    }
    alone = ask("Where does it say that?", parts)
    assert alone.answer.outcome is Outcome.NO_EVIDENCE
    assert "none" in alone.notes[0]


def test_a_pronoun_is_explained_by_the_history(parts: Parts) -> None:
    history = [("What is fine-tuning?", "A model is trained further.")]
    reply = ask("Which documents mention it?", parts, history=history)
    assert reply.notes == ("2 documents mention “fine-tuning”.",)
    assert ask("Which documents mention it?", parts).task == "question"


def test_ordinary_questions_are_answered_as_before(parts: Parts) -> None:
    """Passages, quotes and their evidence are those of looking the question up, nothing else."""
    lines = (ROOT / "data" / "cases" / "field_guide.jsonl").read_text(encoding="utf-8")
    for line in lines.splitlines()[::4]:
        question = json.loads(line)["question"]
        reply = ask(question, parts)
        assert (reply.task, reply.notes) == ("question", ())
        if reply.searched:
            continue
        with reading(parts.libraries):
            looked = look(question, parts)
        assert reply.passages == looked.found.passages
        unmarked = tuple(replace(quote, short=None) for quote in reply.answer.considered)
        assert unmarked == looked.quotes
        assert reply.answer.evidence == looked.probability
        assert all(not sentence.side for sentence in reply.answer.sentences)


def test_what_a_person_sees(parts: Parts, capsys: pytest.CaptureFixture[str]) -> None:
    printing.reply(ask("Compare the 2024 policy with the 2026 policy", parts))
    said = capsys.readouterr().out
    assert said.index(f"\n{OLD}:\n") < said.index("20 MB") < said.index(f"\n{NEW}:\n")
    many = ask("List all documents", parts)
    more = replace(many.answer, sentences=many.answer.sentences * 4)
    printing.reply(replace(many, answer=more))
    assert "and 12 more; --json lists all 32." in capsys.readouterr().out
    printing.reply(ask("Which documents mention chromodynamics?", parts))
    said = capsys.readouterr().out
    assert "No document mentions" in said
    assert "nothing in the library answers this" not in said
    assert "<b>" not in markup.side("<b>")


def test_a_task_is_quoted_not_phrased(load_texts: LoadTexts) -> None:
    library = load_texts({"a.txt": "The heron nests here.", "b.txt": "The heron sleeps."})
    generator = EchoGenerator()
    parts = Parts((library,), HashEmbedder(), WordScorer(), generator)
    reply = ask("Which documents mention the heron?", parts, mode=Mode.GENERATE)
    assert (reply.mode, len(reply.answer.sentences)) == (Mode.QUOTE, 2)
    assert generator.asked == []


def test_a_long_document_is_summed_up_from_all_of_it(load_texts: LoadTexts) -> None:
    subjects = "heron ferry estuary otter barge".split()
    text = "\n\n".join(
        f"# About the {subject}\n\n"
        + " ".join(
            f"Every {subject} of number {n} is listed by the {subject} warden." for n in range(30)
        )
        for subject in subjects
    )
    library = load_texts({"long.md": text})
    with reading([library]):
        document = library.catalogue.document("long.md")
        assert document
        quotes = summary(document, library)
    assert {subject for subject in subjects for quote in quotes if subject in quote.text} == set(
        subjects
    )
