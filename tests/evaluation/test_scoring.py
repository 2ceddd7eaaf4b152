"""Answers scored row by row: the same bytes each time, nothing lost when it is stopped."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from rag.errors import CasesError, SettingsError
from rag.evaluation.grounding import METRICS
from rag.evaluation.results import RowResult, read_results
from rag.evaluation.scoring import check, score_answers, score_file

MILL = "The mill burned down in 1912. It was rebuilt by Ann Pike two years later."
SAID = ["The mill burned in 1912.", "Bob Stone built a bridge [1].", "I don't know.", "Yes."]


def rows(count: int) -> list[dict[str, Any]]:
    """Answers of all kinds, no two alike."""
    return [
        {
            "id": f"row {number}",
            "question": "When did the mill burn?",
            "response": f"{SAID[number % 4]} {'' if number % 4 > 1 else f'That is {number}.'}",
            "contexts": [MILL, f"Page {number} is about nothing."],
            "answerable": number % 3 > 0,
        }
        for number in range(count)
    ]


def written(path: Path, found: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in found), encoding="utf-8")
    return path


def test_a_file_and_python_give_the_same(tmp_path: Path) -> None:
    path, out = written(tmp_path / "a.jsonl", rows(20)), tmp_path / "out.jsonl"
    summary = score_file(check(path), out)
    there = read_results(out)
    here = score_answers(rows(20))
    assert there.rows == here.rows
    assert there.metrics == here.metrics == summary
    assert set(summary) == set(METRICS)
    assert there.about is not None
    assert there.about.input == "a.jsonl"


def test_counts_add_up(tmp_path: Path) -> None:
    for measure in score_answers(rows(30)).metrics.values():
        assert measure.n + measure.not_applicable + measure.failed == 30


def test_the_order_of_rows_changes_no_byte(tmp_path: Path) -> None:
    mixed = rows(60)
    random.Random(1).shuffle(mixed)
    outs = []
    for name, found in (("a", rows(60)), ("b", mixed)):
        out = tmp_path / f"{name}.out"
        score_file(check(written(tmp_path / f"{name}.jsonl", found)), out)
        outs.append(out.read_text(encoding="utf-8").splitlines())
    assert sorted(outs[0][:-1]) == sorted(outs[1][:-1])
    one, other = (json.loads(lines[-1])["summary"] for lines in outs)
    assert json.dumps(one) == json.dumps(other)


def test_a_second_time_and_one_thread_change_no_byte(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", rows(40))
    found = set()
    for number, threads in enumerate(("1", "2", "2")):
        out = tmp_path / f"{number}.out"
        code = "import sys; from ui.cli import main; main()"
        subprocess.run(
            [sys.executable, "-c", code, "score", str(path), "--out", str(out)],
            env={**os.environ, "OMP_NUM_THREADS": threads, "PYTHONHASHSEED": str(number)},
            check=True,
            capture_output=True,
            timeout=120,
        )
        found.add(out.read_bytes())
    assert len(found) == 1


class Stopped(Exception):
    """What stops a run here."""


@pytest.mark.parametrize("after", [0, 1, 13, 39])
def test_a_stopped_run_is_gone_on_with(tmp_path: Path, after: int) -> None:
    path, out = written(tmp_path / "a.jsonl", rows(40)), tmp_path / "out.jsonl"
    whole = tmp_path / "whole.jsonl"
    score_file(check(path), whole)
    seen: list[str] = []

    def stop(row: RowResult) -> None:
        seen.append(row.id)
        if len(seen) > after:
            raise Stopped

    with pytest.raises(Stopped):
        score_file(check(path), out, each=stop)
    assert not out.exists()
    (part,) = tmp_path.glob("out.jsonl.part-*")
    # A line that broke off in the middle is written anew.
    part.write_bytes(part.read_bytes() + b'{"id": "row')
    again: list[str] = []
    score_file(check(path), out, each=lambda row: again.append(row.id))
    assert out.read_bytes() == whole.read_bytes()
    assert again == [f"row {number}" for number in range(40)]
    assert not list(tmp_path.glob("*.part-*"))


def test_another_file_is_begun_anew(tmp_path: Path) -> None:
    path, out = written(tmp_path / "a.jsonl", rows(10)), tmp_path / "out.jsonl"

    def stop(row: RowResult) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        score_file(check(path), out, each=stop)
    written(path, rows(12)[2:])
    score_file(check(path), out)
    assert [row.id for row in read_results(out).rows] == [f"row {n}" for n in range(2, 12)]


@pytest.mark.skipif(os.name != "posix", reason="signals as on POSIX")
def test_a_killed_run_is_gone_on_with(tmp_path: Path) -> None:
    path, out = written(tmp_path / "a.jsonl", rows(4_000)), tmp_path / "out.jsonl"
    whole = tmp_path / "whole.jsonl"
    score_file(check(path), whole)
    code = "import sys; from ui.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "score", str(path), "--out", str(out)],
        stdout=subprocess.DEVNULL,
    )
    ends = time.monotonic() + 60
    while not (parts := list(tmp_path.glob("out.jsonl.part-*"))) or not parts[0].stat().st_size:
        assert time.monotonic() < ends
        time.sleep(0.01)
    process.kill()
    assert process.wait(60) == -signal.SIGKILL
    assert not out.exists()
    score_file(check(path), out)
    assert out.read_bytes() == whole.read_bytes()


def test_malformed_rows_are_named_before_anything_is_scored(tmp_path: Path) -> None:
    found = [*rows(3), {"id": "bad", "response": 3, "contexts": []}]
    path, out = written(tmp_path / "a.jsonl", found), tmp_path / "out.jsonl"
    with pytest.raises(CasesError, match=r'a\.jsonl, line 4: "response" must be text'):
        check(path)
    checked = check(path, keep_going=True)
    assert (checked.rows, checked.malformed) == (4, 1)
    summary = score_file(checked, out)
    assert all(measure.failed == 1 for measure in summary.values())
    (failure,) = read_results(out).failures
    assert failure.id == "bad"
    assert failure.error == '"response" must be text, not a number'
    with pytest.raises(CasesError, match="Row 4"):
        score_answers(found)
    assert score_answers(found, keep_going=True).metrics == summary


def test_ids_stand_once(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", [*rows(2), rows(2)[0]])
    with pytest.raises(CasesError, match="line 3: the \"id\" 'row 0' stands already"):
        check(path)
    assert check(path, keep_going=True).malformed == 1


def test_what_cannot_be_scored_is_said(tmp_path: Path) -> None:
    with pytest.raises(CasesError, match="holds no answer"):
        check(written(tmp_path / "a.jsonl", []))
    checked = check(written(tmp_path / "a.jsonl", rows(1)))
    with pytest.raises(SettingsError, match="cannot be written"):
        score_file(checked, tmp_path / "none" / "out.jsonl")
