"""Cases on their way: how far they are, and what a stop keeps."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from rag.ask import Parts
from rag.errors import CasesError, ModelMissing
from rag.records import Mode
from tests.conftest import LoadTexts
from tests.stand_ins import HashEmbedder, WordScorer
from ui.page.case_run import CaseRun, Pace

SECONDS = 60.0


@pytest.fixture
def parts(load_texts: LoadTexts) -> Parts:
    library = load_texts({"birds.txt": "The heron nests in the willow by the weir."})
    return Parts((library,), HashEmbedder(), WordScorer())


def _cases(count: int) -> bytes:
    row = {"question": "Where does the heron nest?", "answers": ["willow"], "answerable": True}
    row |= {"evidence": [{"document": "birds.txt"}]}
    lines = [json.dumps({"id": f"case {at}", **row}) + "\n" for at in range(count)]
    return "".join(lines).encode()


def test_all_cases_are_measured(parts: Parts) -> None:
    run = CaseRun("cases.jsonl", _cases(3), Mode.QUOTE)
    assert str(run.pace()) == "0 of 3 cases; loading what answers them …"
    run.start(lambda: parts)
    assert run.wait(SECONDS)
    assert run.error is None
    assert run.results is not None
    assert [row.id for row in run.results.rows] == ["case 0", "case 1", "case 2"]
    assert run.results.about is not None
    assert run.results.about.input == "cases.jsonl"
    assert run.pace().done == 3


def test_a_stop_keeps_what_was_measured(parts: Parts) -> None:
    run = CaseRun("cases.jsonl", _cases(5), Mode.QUOTE)
    asked = 0

    @contextmanager
    def turn() -> Iterator[None]:
        nonlocal asked
        asked += 1
        if asked == 2:
            run.stop()
        yield

    run.start(lambda: parts, turn)
    assert run.wait(SECONDS)
    assert run.results is not None
    assert len(run.results.rows) == 2
    assert run.results.metrics["document_hit@1"].n == 2
    assert run.results.about is not None
    # Never taken for a run of all of them.
    assert run.results.about.input == "cases.jsonl, the first 2 of 5 cases"


def test_stopped_before_the_first_answer_nothing_is_measured(parts: Parts) -> None:
    run = CaseRun("cases.jsonl", _cases(2), Mode.QUOTE)
    run.stop()
    run.start(lambda: parts)
    assert run.wait(SECONDS)
    assert (run.results, run.error) == (None, None)


def test_what_cannot_be_loaded_is_said() -> None:
    run = CaseRun("cases.jsonl", _cases(1), Mode.QUOTE)

    def prepare() -> Parts:
        raise ModelMissing("The model is not there.")

    run.start(prepare)
    assert run.wait(SECONDS)
    assert run.error == "The model is not there."


def test_a_malformed_file_is_named_as_the_visitor_knows_it() -> None:
    with pytest.raises(CasesError, match=r"^cases\.jsonl, line 1: "):
        CaseRun("cases.jsonl", b"{}\n", Mode.QUOTE)


@pytest.mark.parametrize(
    ("pace", "said"),
    [
        (Pace(12, 30, 2.0, 9.0), "12 of 30 cases, 2.0 a second, about 9 s left"),
        (Pace(1, 2_000, 0.1, 19_990.0), "1 of 2,000 cases, 10 s for each, about 5.6 h left"),
        (Pace(1, 9, 0.05, 160.0), "1 of 9 cases, 20 s for each, about 3 min left"),
    ],
)
def test_the_pace_is_said(pace: Pace, said: str) -> None:
    assert str(pace) == said
