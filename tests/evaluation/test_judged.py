"""What readers judged, kept with the answers and read again as cases."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from rag import kept
from rag.ask import Parts, ask
from rag.errors import ConversationUnknown
from rag.evaluation.cases import read_cases
from rag.evaluation.judged import Reason, judged_cases
from rag.library.conversations import CONVERSATIONS, Judgement
from rag.library.folder import Library
from tests.conftest import LoadTexts
from tests.stand_ins import HashEmbedder, WordScorer
from ui import cli

TEXTS = {
    "birds.txt": "The heron nests in the willow by the weir. It eats small fish at dawn.",
    "boats.txt": "The ferry Zephyrine crosses the estuary twice a day. It carries forty cars.",
}
NEST, FERRY = "Where does the heron nest?", "How often does the ferry Zephyrine cross?"


@pytest.fixture
def library(load_texts: LoadTexts) -> Library:
    return load_texts(TEXTS)


def _ask(library: Library, question: str, *, enough: float = 0.0, at: int | None = None) -> int:
    """The id of the turn that keeps the answer."""
    parts = Parts((library,), HashEmbedder(), WordScorer(), enough=enough)
    turn = kept.keep(ask(question, parts), [library], at).turn
    assert turn
    return turn


def test_judged_answers_are_cases_that_can_be_asked(library: Library, tmp_path: Path) -> None:
    good = _ask(library, NEST)
    wrong = _ask(library, FERRY, at=1)
    absent = _ask(library, "What does the heron cost?", at=1)
    refused = _ask(library, NEST, enough=1.0)
    rightly = _ask(library, "Who painted the weir?", enough=1.0)
    _ask(library, "Nobody judged this.")
    judge = library.conversations.judge
    judge(wrong, Judgement(False, f"{Reason.WRONG}: it sank"))
    judge(good, Judgement(True))
    judge(absent, Judgement(False, Reason.ABSENT))
    judge(refused, Judgement(False, Reason.PRESENT))
    judge(rightly, Judgement(True))

    out = tmp_path / "judged.cases.jsonl"
    assert cli.run(["history", "cases", "--out", str(out), "--library", str(library.path)]) == 0
    cases = read_cases(out)
    assert [case.id for case in cases] == [
        f"judged-{turn}" for turn in (good, wrong, absent, refused, rightly)
    ]
    assert [case.answerable for case in cases] == [True, True, False, True, False]
    assert [bool(case.evidence) for case in cases] == [True, False, False, False, False]
    assert cases[0].evidence[0].document == "birds.txt"
    assert cases[0].evidence[0].quote in TEXTS["birds.txt"]
    assert cases[0].history == ()
    assert [question for question, _ in cases[2].history] == [NEST, FERRY]
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert rows[1]["judgement"]["reason"] == "It is wrong: it sank"
    assert not any(row["checked"] for row in rows)


def test_a_judgement_can_be_changed_and_taken_back(library: Library) -> None:
    turn = _ask(library, NEST)
    judge = library.conversations.judge
    judge(turn, Judgement(True))
    judge(turn, Judgement(False, "a heronry"))
    (read,) = library.conversations.read(1).turns
    assert read.judgement
    assert (read.judgement.helpful, read.judgement.reason) == (False, "a heronry")
    judge(turn, None)
    assert library.conversations.read(1).turns[0].judgement is None
    assert list(judged_cases(library.conversations)) == []
    assert b"heronry" not in (library.path / CONVERSATIONS).read_bytes()
    with pytest.raises(ConversationUnknown, match="no longer kept"):
        judge(turn + 1, Judgement(True))


def test_a_judgement_goes_with_its_answer_and_with_the_words_of_a_document(
    library: Library,
) -> None:
    ferry = _ask(library, FERRY)
    nest = _ask(library, NEST)
    library.conversations.judge(ferry, Judgement(False, "it sank at midnight"))
    library.conversations.judge(nest, Judgement(False, "no Zephyrine here"))
    found = library.forget("boats.txt")
    assert found.traces == ()
    content = (library.path / CONVERSATIONS).read_bytes().lower()
    assert b"midnight" not in content
    assert b"zephyrine" not in content
    assert list(judged_cases(library.conversations)) == []


def test_an_older_file_gets_a_place_for_judgements(library: Library) -> None:
    turn = _ask(library, NEST)
    with sqlite3.connect(library.path / CONVERSATIONS) as db:
        db.execute("DROP TABLE judgements")
        db.execute("PRAGMA user_version = 1")
    db.close()
    assert library.conversations.read(1).turns[0].judgement is None
    library.conversations.judge(turn, Judgement(True))
    assert len(list(judged_cases(library.conversations))) == 1
    assert library.conversations.problems() == []


def test_a_search_finds_words_of_names_questions_and_answers(library: Library) -> None:
    _ask(library, NEST)
    _ask(library, FERRY)
    library.conversations.rename(2, "Boats")
    found = library.conversations
    assert [each.id for each in found.all("WHERE")] == [1]
    assert [each.id for each in found.all("willow where")] == [1]
    assert [each.id for each in found.all("boats")] == [2]
    assert [each.id for each in found.all("where boats")] == []
    assert [each.id for each in found.all("  ")] == [2, 1]
