"""Gates: bounds of metrics, and what may get worse than a baseline."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.ask import Parts
from rag.errors import ResultsError, SettingsError
from rag.evaluation.compare import compare
from rag.evaluation.gates import Drop, Gate, broken_gates, judge_against, worsened
from rag.evaluation.measure import Measure
from rag.evaluation.metrics import METRICS
from rag.evaluation.results import Results
from tests.conftest import LoadTexts
from tests.stand_ins import HashEmbedder, WordScorer
from ui import cli
from ui.gating import Gates

from .test_compare import of, results, row


@given(st.sampled_from(METRICS), st.floats(allow_nan=False, allow_infinity=False))
def test_gates_are_read_back_as_written(name: str, value: float) -> None:
    assert Gate.at_least(f"{name}={value!r}", METRICS) == Gate(name, minimum=value)
    assert Gate.at_most(f" {name} = {value!r} ", METRICS) == Gate(name, maximum=value)


@pytest.mark.parametrize("text", ["f2=0.5", "f1=", "f1=half", "f1=nan", "f1=inf", "hit@7=1"])
def test_wrong_gates_are_told_the_names(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Gate.at_least(text, METRICS)
    assert text in str(caught.value)
    assert ", ".join(METRICS) in str(caught.value)


def test_gate_without_value_is_told_how() -> None:
    with pytest.raises(SettingsError, match="NAME=VALUE"):
        Gate.at_most("f1", METRICS)


def test_gates_of_another_summary_have_its_names() -> None:
    assert Gate.at_least("refused=0.1", ["refused"]).name == "refused"
    with pytest.raises(SettingsError, match="the names are refused"):
        Gate.at_least("f1=0.1", ["refused"])


def test_broken_gates_are_told_in_order() -> None:
    measured = {
        "seconds_p95": Measure(3.0, 3, failed=1),
        "f1": Measure(0.5, 2, 1, 1),
        "groundedness": Measure(0.8, 1, 2, 1),
        "wrongly_answered": Measure(0.0, 1),
    }
    gates = [
        Gate.at_most("seconds_p95=2", METRICS),
        Gate.at_least("f1=0.5", METRICS),
        Gate.at_least("groundedness=0.9", METRICS),
        Gate.at_most("wrongly_answered=0", METRICS),
    ]
    slow, poor = broken_gates(measured, gates)
    assert slow == "seconds_p95 is 3 (3 rows measured, 1 failed), above its maximum 2."
    assert poor == "groundedness is 0.8 (1 rows measured, 1 failed), below its minimum 0.9."
    assert broken_gates(measured, []) == []


def test_a_gate_on_what_could_not_be_measured_is_broken() -> None:
    nothing = {"wrongly_answered": Measure(None, 0, 1), "f1": Measure(None, 0, 0, 1)}
    told = broken_gates(
        nothing, [Gate.at_most("wrongly_answered=1", METRICS), Gate.at_least("f1=0", METRICS)]
    )
    assert len(told) == 2
    assert all("could not be measured" in sentence for sentence in told)
    assert broken_gates({}, [Gate("f1", minimum=0.0)]) == [
        "f1 could not be measured (0 rows measured)."
    ]


def test_rounding_breaks_no_gate() -> None:
    short = {"f1": Measure(0.9 - 1e-12, 10)}
    assert broken_gates(short, [Gate("f1", minimum=0.9)]) == []
    short = {"f1": Measure(0.8999, 10)}
    assert len(broken_gates(short, [Gate("f1", minimum=0.9)])) == 1


# -- against a baseline ----------------------------------------------------------------------


def against(
    name: str, before: Sequence[float | None], after: Sequence[float | None], *drops: Drop
) -> list[str]:
    return worsened(compare(of(name, before), of(name, after)), drops)


def test_worse_beyond_chance_breaks() -> None:
    before, after = [1.0] * 40, [1.0] * 20 + [0.0] * 20
    (told,) = against("exact_match", before, after)
    assert told.startswith(
        "exact_match got worse than the baseline: 1, now 0.5 over the same 40 rows, difference -0.5"
    )
    assert "p 1.907e-06" in told
    assert against("exact_match", after, before) == []
    (told,) = against("wrongly_refused", after, before)
    assert "difference +0.5" in told
    assert against("wrongly_refused", before, after) == []
    # More refusals are neither better nor worse.
    both = compare(
        results([row(str(at), metrics={"f1": 1.0, "refused": 0.0}) for at in range(9)]),
        results([row(str(at), metrics={"f1": 1.0, "refused": 1.0}) for at in range(9)]),
    )
    assert worsened(both) == []
    assert len(worsened(both, [Drop("refused", 0.5)])) == 1


def test_by_chance_breaks_nothing() -> None:
    assert against("exact_match", [1.0] * 40, [0.0] + [1.0] * 39) == []
    assert against("f1", [0.5, 0.25] * 9, [0.25, 0.5] * 9) == []


@given(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=2, max_size=20))
def test_the_same_is_never_worse(values: list[float]) -> None:
    assert against("f1", values, values) == []
    assert against("f1", values, values, Drop("f1", 0.0)) == []


def test_a_drop_is_allowed_to_the_brim_whatever_chance_says() -> None:
    before, after = [1.0] * 10, [1.0] * 9 + [0.0]
    assert against("exact_match", before, after, Drop("exact_match", 0.1)) == []
    (told,) = against("exact_match", before, after, Drop("exact_match", 0.05))
    assert told == (
        "exact_match got worse than the baseline by 0.1: 1, now 0.9 over the same 10 rows; "
        "0.05 is allowed."
    )
    assert against("exact_match", before, [0.0] * 10, Drop("exact_match", 1)) == []
    assert against("exact_match", after, before, Drop("exact_match", 0)) == []
    assert len(against("wrongly_refused", after, before, Drop("wrongly_refused", 0.05))) == 1


def test_seconds_have_no_test_and_may_have_a_drop() -> None:
    before = results([row(str(at), seconds=1.0) for at in range(9)])
    after = results([row(str(at), seconds=2.0) for at in range(9)])
    compared = compare(before, after)
    (told,) = worsened(compared)
    assert told.startswith("Nothing was compared with the baseline")
    assert worsened(compared, [Drop("seconds_p50", 1)]) == []
    (told,) = worsened(compared, [Drop("seconds_p50", 0.5)])
    assert "by 1: 1, now 2 over the same 9 rows" in told


def test_where_nothing_was_shown_the_gate_is_broken() -> None:
    (told,) = against("f1", [1.0], [1.0])
    assert told == (
        "Nothing was compared with the baseline: no metric that can get worse has two rows in both."
    )
    (told,) = against("f1", [1.0, 1.0], [None, None])
    assert told == "f1 could not be compared: no row has it in the baseline and now."
    (told,) = against("f1", [1.0], [1.0], Drop("f1", 0), Drop("rouge_l", 0))
    assert told == "rouge_l could not be compared: no row has it in the baseline and now."
    assert against("f1", [None, None], [1.0, 1.0])[0].startswith("Nothing was compared")


def test_each_gate_has_a_name() -> None:
    compared = compare(of("f1", [1.0, 1.0]), of("f1", [1.0, 1.0]))
    assert [each.gate for each in judge_against(compared)] == ["f1 not worse than the baseline"]
    (only,) = judge_against(compared, [Drop("f1", 0.25)])
    assert only.gate == "f1 at most 0.25 worse than the baseline"
    assert str(Gate("f1", minimum=0.5)) == "f1 at least 0.5"
    assert str(Gate("f1", maximum=0.5)) == "f1 at most 0.5"


@pytest.mark.parametrize("text", ["f1", "f2=0.1", "f1=x", "f1=-0.1", "f1=inf"])
def test_wrong_drops(text: str) -> None:
    with pytest.raises(SettingsError, match=text):
        Drop.read(text, METRICS)
    assert Drop.read("f1=0.1", METRICS) == Drop("f1", 0.1)


# -- the options -----------------------------------------------------------------------------

Write = Callable[[Results], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(found: Results) -> Path:
        path = tmp_path / "baseline.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in found.lines()))
        return path

    return write


def read(
    least: Sequence[str] = (),
    baseline: Path | None = None,
    drops: Sequence[str] = (),
    junit: Path | None = None,
    verb: str = "evaluate",
) -> Gates:
    return Gates.read(least, None, baseline, drops, junit, METRICS, verb=verb)


def test_options_are_refused_before_anything_runs(write: Write, tmp_path: Path) -> None:
    baseline = write(of("f1", [1.0, 1.0]))
    with pytest.raises(SettingsError, match="--baseline FILE"):
        read(drops=["f1=0"])
    with pytest.raises(SettingsError, match="names no metric"):
        read(baseline=baseline, drops=["f2=0"])
    with pytest.raises(ResultsError, match="of the verb evaluate, not of score"):
        read(baseline=baseline, verb="score")
    with pytest.raises(ResultsError, match="cannot be read"):
        read(baseline=tmp_path / "none")
    for path in (tmp_path, tmp_path / "none" / "gates.xml"):
        with pytest.raises(SettingsError, match="cannot be written"):
            read(junit=path)
    with pytest.raises(ResultsError, match="twice"):
        read(baseline=write(results([row("1"), row("1")])))


def test_all_gates_are_checked_together(write: Write, tmp_path: Path) -> None:
    junit = tmp_path / "gates.xml"
    gates = read(["f1=0.9", "f1=0.1"], write(of("f1", [1.0] * 9)), junit=junit)
    assert gates.need_rows
    bound, worse, *said = gates.check(of("f1", [0.5] * 9))
    assert bound == "f1 is 0.5 (9 rows measured), below its minimum 0.9."
    assert worse.startswith("f1 got worse than the baseline")
    # What else differs is said where it may be the reason.
    assert said == [
        "The library is the same, document by document.",
        "Nothing else that is recorded differs.",
    ]
    assert junit.exists()
    assert read(["f1=0.9"], write(of("f1", [1.0] * 9))).check(of("f1", [1.0] * 9)) == []
    assert not read(["f1=0.9"]).need_rows


def test_a_baseline_of_other_cases_is_a_broken_gate(write: Write) -> None:
    gates = read(baseline=write(results([row("other")])))
    (told,) = gates.check(of("f1", [1.0]))
    assert told.startswith("Nothing was compared with the baseline: the baseline and this run")


def test_evaluate_takes_its_own_results_as_a_baseline(
    load_texts: LoadTexts,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    library = load_texts({"birds.txt": "The heron nests in the willow by the weir."})
    parts = Parts((library,), HashEmbedder(), WordScorer(), enough=0.0)
    monkeypatch.setattr("rag.assemble.parts", lambda *_, **__: parts)
    cases = tmp_path / "cases.jsonl"
    rows = [
        {"id": id, "question": "Where does the heron nest?", "answers": ["the willow"]}
        for id in "12345678"
    ]
    cases.write_text(
        "".join(json.dumps({**each, "answerable": True, "evidence": []}) + "\n" for each in rows)
    )
    out, junit = tmp_path / "out.jsonl", tmp_path / "gates.xml"
    first = ["evaluate", str(cases), "--out", str(out)]
    assert cli.run(first) == 0
    # Read before it is written over.
    again = [*first, "--baseline", str(out), "--drop", "seconds_p50=9", "--junit", str(junit)]
    assert cli.run(again) == 0
    assert "seconds_p50 at most 9 worse than the baseline" in junit.read_text()
    parts = Parts((library,), HashEmbedder(), WordScorer(), enough=1.0)
    capsys.readouterr()
    assert cli.run([*again, "--json"]) == 1
    told = capsys.readouterr()
    json.loads(told.out)
    assert "wrongly_refused got worse than the baseline: 0, now 1" in told.err
    assert cli.run([*first, "--drop", "f1=0"]) == 2
    assert cli.run([*first, "--baseline", str(cases)]) == 2
