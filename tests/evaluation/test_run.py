"""Running cases and summing up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag.errors import GeneratorFailed, ResultsError
from rag.evaluation.cases import Case, Evidence
from rag.evaluation.measure import Measure
from rag.evaluation.metrics import METRICS, ROW_METRICS
from rag.evaluation.results import About, read_results
from rag.evaluation.run import evaluate
from rag.records import Answer, Outcome, Reply

from .parts import document, passage, quote, reply, said

CASES = [
    Case("right", "right?", ("x",), True, (Evidence("a", 1, "x"),)),
    Case("refused", "refused?", ("x",), True, (Evidence("a"),)),
    Case("broken", "broken?", ("x",), True, (Evidence("a", 1),)),
    Case("unanswerable", "unanswerable?", (), False),
]


def ask(case: Case) -> Reply:
    if case.question == "broken?":
        raise GeneratorFailed("The generator broke off.")
    if case.question == "right?":
        found = [passage(1, document("a"), "x", 1)]
        return reply(said(quote("a", "x", 1), support=0.8), found, seconds=1.0)
    return reply(Answer(Outcome.NO_EVIDENCE), seconds=3.0)


def test_every_row_is_somewhere_in_every_metric() -> None:
    done = evaluate(CASES, ask)
    assert tuple(done.metrics) == METRICS
    for name, measure in done.metrics.items():
        assert measure.n + measure.not_applicable + measure.failed == len(CASES), name
        assert (measure.value is None) == (measure.n == 0), name


def counts(measure: Measure) -> tuple[float | None, int, int, int]:
    return measure.value, measure.n, measure.not_applicable, measure.failed


def test_values_and_denominators_by_hand() -> None:
    metrics = evaluate(CASES, ask).metrics
    assert counts(metrics["f1"]) == (0.5, 2, 1, 1)
    assert counts(metrics["document_hit@5"]) == (0.5, 2, 1, 1)
    assert counts(metrics["page_hit@5"]) == (1.0, 1, 2, 1)
    assert counts(metrics["quote_hit@5"]) == (1.0, 1, 3, 0)
    assert counts(metrics["rightly_refused"]) == (1.0, 1, 3, 0)
    assert counts(metrics["wrongly_refused"]) == (0.5, 2, 1, 1)
    assert counts(metrics["wrongly_answered"]) == (0.0, 1, 3, 0)
    assert counts(metrics["groundedness"]) == (0.8, 1, 2, 1)
    assert counts(metrics["citation_precision"]) == (1.0, 1, 2, 1)
    assert counts(metrics["citation_recall"]) == (0.5, 2, 1, 1)
    assert counts(metrics["seconds_p50"]) == (3.0, 3, 0, 1)
    assert metrics["seconds_p95"].value == pytest.approx(3.0)


def test_rows_stand_in_order_with_their_errors() -> None:
    done = evaluate(CASES, ask)
    assert [row.id for row in done.rows] == [case.id for case in CASES]
    assert [row.error for row in done.rows] == [None, None, "The generator broke off.", None]
    assert [row.id for row in done.failures] == ["broken"]
    assert done.failures[0].outcome is None
    assert set(done.failures[0].metrics.values()) == {None}
    assert all(tuple(row.metrics) == ROW_METRICS for row in done.rows)


def test_defects_are_not_swallowed() -> None:
    def defective(case: Case) -> Reply:
        raise ZeroDivisionError(case.question)

    with pytest.raises(ZeroDivisionError):
        evaluate(CASES, defective)


def test_progress_tells_every_row() -> None:
    told: list[tuple[int, int]] = []
    evaluate(CASES, ask, progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_no_cases_measure_nothing() -> None:
    done = evaluate([], ask)
    assert set(done.metrics.values()) == {Measure(None, 0)}


def test_untimed_replies_are_not_applicable() -> None:
    done = evaluate(CASES[:1], lambda _: reply(Answer(Outcome.NO_EVIDENCE), seconds=None))
    assert counts(done.metrics["seconds_p50"]) == (None, 0, 1, 0)


def test_json_is_strict_and_complete() -> None:
    lines = [json.loads(json.dumps(line, allow_nan=False)) for line in evaluate(CASES, ask).lines()]
    *rows, last = lines
    assert len(rows) == 4
    assert set(last["summary"]) == set(METRICS)
    assert set(last["summary"]["f1"]) == {
        "value",
        "n",
        "not_applicable",
        "failed",
        "low",
        "high",
    }
    assert rows[0]["outcome"] == "supported"
    assert rows[0]["answer"] == "x"
    assert rows[0]["metrics"]["groundedness"] == 0.8
    assert rows[2]["outcome"] is None
    assert rows[2]["error"] == "The generator broke off."


def test_a_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    about = About("evaluate", "cases.jsonl", "00", "0.1", {"mode": "quote"}, {}, {"a.txt": "12"})
    done = evaluate(CASES, ask, about=about)
    path = tmp_path / "results.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in done.lines()), encoding="utf-8")
    assert read_results(path) == done


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no summary"),
        ('{"id": "1"}\n', "line 1"),
        ("[]\n", "line 1"),
        ('{"summary": {}}\n{"summary": {}}\n', "line 2"),
        ('{"summary": {"f1": {"n": "x", "y": 1}}}\n', "no summary|not a summary"),
        ("\xff", "line 1"),
    ],
)
def test_what_is_no_file_of_results_is_named(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "results.jsonl"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ResultsError, match=says):
        read_results(path)
    with pytest.raises(ResultsError, match="cannot be read"):
        read_results(tmp_path / "none")


def test_the_same_replies_give_the_same_bytes() -> None:
    one, other = (json.dumps(list(evaluate(CASES, ask).lines())) for _ in range(2))
    assert one == other
