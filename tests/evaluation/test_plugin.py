"""The plugin for pytest, run by pytest itself in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rag.evaluation import plugin
from rag.evaluation.cases import Case
from rag.records import Answer, Outcome
from tests.conftest import ROOT
from tests.test_house import HEAVY

from .parts import quote, reply, said

pytest_plugins = ["pytester"]

GPT = {
    "id": "gpt",
    "question": "How many parameters does GPT-3 have?",
    "answers": ["175 billion"],
    "answerable": True,
    "evidence": [],
}
NOWHERE = {
    "id": "nowhere",
    "question": "What did the mayor of Lisbon have for breakfast yesterday?",
    "answers": [],
    "answerable": False,
    "evidence": [],
}

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run pytest with the plugin of this checkout, whichever is installed or none."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))

    def run(*arguments: object) -> pytest.RunResult:
        # One module cannot be registered under two names, so the installed name is blocked.
        given = ("-p", "no:sourcebound", "-p", "rag.evaluation.plugin", *map(str, arguments))
        return pytester.runpytest_subprocess(*given, timeout=300)

    return run


def write(folder: Path, *rows: dict[str, Any], name: str = "some.cases.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(each) + "\n" for each in rows), encoding="utf-8")
    return path


# -- what is wrong with a reply ----------------------------------------------------------------

HELD = Case("1", "Where does it nest?", ("the willow",), True)
NOT_HELD = Case("1", "Where does it sleep?", (), False)
RIGHT = reply(said(quote("birds.txt", "It nests in the willow.", 2)))
REFUSAL = reply(Answer(Outcome.NO_EVIDENCE))


def test_right_replies_have_nothing_wrong() -> None:
    assert plugin.wrongs(HELD, RIGHT, []) == []
    assert plugin.wrongs(NOT_HELD, REFUSAL, []) == []
    assert plugin.wrongs(replace(HELD, answers=()), RIGHT, []) == []


def test_each_wrong_is_named() -> None:
    assert plugin.wrongs(HELD, REFUSAL, []) == ["It was refused (no_evidence)."]
    assert plugin.wrongs(NOT_HELD, RIGHT, []) == ["It was answered (supported)."]
    other = replace(HELD, answers=("the barn",))
    assert plugin.wrongs(other, RIGHT, []) == ["No quote holds an accepted answer."]
    (told,) = plugin.wrongs(HELD, RIGHT, RIGHT.answer.shown)
    assert told == ("A quote is not the text of birds.txt from 0 to 23: “It nests in the willow.”")


def test_the_message_tells_all() -> None:
    case = replace(HELD, answers=("the barn",), history=(("What is a heron?", "A bird."),))
    assert plugin.explained(case, RIGHT, ["It is wrong."]).splitlines() == [
        "Earlier: What is a heron?",
        "Question: Where does it nest?",
        "Expected: an answer with 'the barn' in a quote, and every quote proven.",
        "Wrong: It is wrong.",
        "Answer: It nests in the willow.",
        "Quote: “It nests in the willow.” (birds.txt, page 2)",
    ]
    many = replace(HELD, answers=tuple("abcdefg"))
    assert "'e' in a quote (2 more accepted)" in plugin.explained(many, REFUSAL, [])
    told = plugin.explained(NOT_HELD, REFUSAL, [])
    assert "Expected: a refusal" in told
    assert "Answer: none" in told


# -- as pytest runs it -------------------------------------------------------------------------


def test_it_is_light() -> None:
    code = "import rag.evaluation.plugin, sys; print(' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    assert "rag" in loaded
    assert not loaded & {*HEAVY, "scipy", "pydantic"}


def test_it_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["pytest11"] == {"sourcebound": plugin.__name__}


def test_it_is_found_where_it_is_installed(run: Run, pytester: pytest.Pytester) -> None:
    installed = pytester.mkdir("elsewhere-1.dist-info")
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: elsewhere\nVersion: 1\n")
    (installed / "entry_points.txt").write_text(f"[pytest11]\nsourcebound = {plugin.__name__}\n")
    done = pytester.runpytest_subprocess("--sourcebound-library", "none", timeout=300)
    assert done.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    assert run("--sourcebound-library", "none").ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_nothing_is_collected_unasked(run: Run, pytester: pytest.Pytester) -> None:
    write(pytester.path, GPT)
    assert run().ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_without_a_library_the_error_says_what_to_do(run: Run, pytester: pytest.Pytester) -> None:
    write(pytester.path, GPT, NOWHERE)
    pytester.makepyfile("def test_it(sourcebound_ask): pass")
    done = run("--sourcebound-library", "none")
    done.assert_outcomes(errors=3)
    out = done.stdout.str()
    assert "rag load" in out
    assert "none" in out
    assert "Traceback" not in out
    assert "During handling" not in out
    assert "plugin.py" not in out
    # The fixture alone takes the library of the settings.
    done = run("test_without_a_library_the_error_says_what_to_do.py")
    done.assert_outcomes(errors=1)
    assert "rag load" in done.stdout.str()


def test_answers_are_scored_without_a_library(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_it(sourcebound_score):
            found = sourcebound_score("It burned in 1912.", ["The mill burned in 1912."])
            assert found.metrics["groundedness"] > 0.8
            found = sourcebound_score("It burned in 1980.", ["The mill burned in 1912."])
            assert found.sentences[0].missing == ("1980",)
        """
    )
    run().assert_outcomes(passed=1)


def test_a_malformed_file_is_named(run: Run, pytester: pytest.Pytester) -> None:
    write(pytester.path, {**GPT, "answerable": "yes"})
    done = run("--sourcebound-library", "none")
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(['*some.cases.jsonl, line 1: "answerable" must be true or false*'])
    assert ".py:" not in done.stdout.str()


@pytest.mark.models
def test_cases_are_asked_in_the_shipped_path(
    run: Run, pytester: pytest.Pytester, sample_library: Path
) -> None:
    write(
        pytester.path,
        GPT,
        NOWHERE,
        {**GPT, "id": "other answer", "answers": ["nine\u200b lives"]},
        {**GPT, "id": "unanswerable", "answerable": False},
        {**NOWHERE, "id": "answerable", "answerable": True},
    )
    pytester.makeini(f"[pytest]\nsourcebound_library = {sample_library}\n")
    pytester.makepyfile(
        """
        def test_it(sourcebound_ask):
            answer = sourcebound_ask("How many parameters does GPT-3 have?").answer
            assert "175 billion" in answer.text

        def test_history(sourcebound_ask):
            first = "How many parameters does GPT-3 have?"
            assert sourcebound_ask("And how many does it have?", [(first, "175 billion")]).searched
        """
    )
    done = run("-v")
    done.assert_outcomes(passed=4, failed=3)
    out = done.stdout.str()
    done.stdout.fnmatch_lines(["*some.cases.jsonl::gpt PASSED*", "*::nowhere PASSED*"])
    assert "Wrong: No quote holds an accepted answer." in out
    assert "Wrong: It was answered (supported)." in out
    assert "Wrong: It was refused (no_evidence)." in out
    assert "Question: How many parameters does GPT-3 have?" in out
    assert "Quote: “GPT-3, to give one known size, has 175 billion parameters.”" in out
    assert "Traceback" not in out
    assert "plugin.py" not in out
