"""The verb `rag score`: what stands on stdout, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag.evaluation.grounding import METRICS
from ui.cli import run

ROW = {"id": "1", "response": "It burned in 1912.", "contexts": ["The mill burned in 1912."]}
BAD = {"id": "2", "response": "It burned."}


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    path = tmp_path / "answers.jsonl"
    path.write_text(json.dumps(ROW) + "\n", encoding="utf-8")
    return path


def test_json_is_rows_and_then_the_summary(
    answers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["score", str(answers), "--json"]) == 0
    row, last = map(json.loads, capsys.readouterr().out.splitlines())
    assert {"id", "groundedness", "refused", "sentences"} <= set(row)
    assert {"text", "support", "context", "start", "end"} <= set(row["sentences"][0])
    assert tuple(last["summary"]) == METRICS
    assert set(last["summary"]["groundedness"]) == {
        "value", "n", "not_applicable", "failed", "low", "high",
    }  # fmt: skip


def test_people_get_a_table(answers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["score", str(answers)]) == 0
    out = capsys.readouterr().out
    assert "groundedness" in out
    assert "1 row" in out


def test_gates_end_1_and_only_they(answers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["score", str(answers), "--min", "groundedness=0.5"]) == 0
    assert run(["score", str(answers), "--max", "groundedness=0.5"]) == 1
    assert "above its maximum 0.5" in capsys.readouterr().err
    assert run(["score", str(answers), "--min", "citation_recall=0"]) == 1
    assert "could not be measured" in capsys.readouterr().err
    assert run(["score", str(answers), "--min", "seconds_p50=0"]) == 2


def test_malformed_rows_end_2(answers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with answers.open("a", encoding="utf-8") as file:
        file.write(json.dumps(BAD) + "\n")
    assert run(["score", str(answers)]) == 2
    said = capsys.readouterr()
    assert "answers.jsonl, line 2: no key gives the contexts" in said.err
    assert "--keep-going" in said.err
    assert said.out == ""
    assert run(["score", str(answers), "--keep-going"]) == 2
    said = capsys.readouterr()
    assert "Row 2 failed: no key gives the contexts" in said.err
    assert "1 of them failed" in said.out


def test_out_holds_what_json_shows(
    answers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.jsonl"
    assert run(["score", str(answers), "--json"]) == 0
    shown = capsys.readouterr().out
    assert run(["score", str(answers), "--out", str(out)]) == 0
    assert out.read_text(encoding="utf-8") == shown
