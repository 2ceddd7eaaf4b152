"""Files of cases are refused whole, batches row by row."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag.errors import CasesError
from rag.evaluation.cases import (
    BadRow,
    Case,
    Evidence,
    Question,
    read_cases,
    read_questions,
)
from rag.library.folder import Library
from rag.text import stands_in

GOOD: dict[str, object] = {
    "id": "a",
    "question": "When?",
    "answers": ["2022"],
    "answerable": True,
    "evidence": [{"document": "x.pdf", "page": 2, "quote": "In 2022."}, {"document": "y.md"}],
}


def write(folder: Path, *rows: object) -> Path:
    path = folder / "cases.jsonl"
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def changed(**keys: object) -> dict[str, object]:
    return {**GOOD, **keys}


def test_cases_are_read_in_order_with_all_they_say(tmp_path: Path) -> None:
    other = {"id": "b", "question": "?", "answers": [], "answerable": False, "evidence": []}
    assert read_cases(write(tmp_path, changed(kind="ignored"), "", "  ", other)) == [
        Case(
            "a",
            "When?",
            ("2022",),
            True,
            (Evidence("x.pdf", 2, "In 2022."), Evidence("y.md", None, None)),
        ),
        Case("b", "?", (), False, ()),
    ]


def test_cases_come_with_their_history(tmp_path: Path) -> None:
    turns = [{"question": "Who?", "answer": ""}, {"question": "When?", "answer": "In 2022."}]
    rows = (changed(history=turns), changed(id="b", history=None), changed(id="c", history=[]))
    assert [case.history for case in read_cases(write(tmp_path, *rows))] == [
        (("Who?", ""), ("When?", "In 2022.")),
        (),
        (),
    ]


def test_byte_order_mark_and_line_separators_inside_text_are_kept_apart(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    line = json.dumps(changed(question="one\u2028two 中文"), ensure_ascii=False)
    path.write_bytes(b"\xef\xbb\xbf" + line.encode() + b"\r\n")
    assert [case.question for case in read_cases(path)] == ["one\u2028two 中文"]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({k: v for k, v in GOOD.items() if k != "answerable"}, '"answerable" is missing'),
        (changed(id=7), '"id" must be text, not a number'),
        (changed(id=" "), '"id" is empty'),
        (changed(question=None), '"question" must be text, not null'),
        (changed(question="\ud800"), '"question" holds half of a character'),
        (changed(answers="2022"), '"answers" must be a list, not text'),
        (changed(answers=["x", 3]), '"answers[1]" must be text, not a number'),
        (changed(answerable=1), '"answerable" must be true or false, not a number'),
        (changed(evidence={}), '"evidence" must be a list, not an object'),
        (changed(evidence=["x"]), '"evidence[0]" must be an object, not text'),
        (changed(evidence=[{}]), '"evidence[0].document" is missing'),
        (
            changed(evidence=[{"document": "x", "page": "3"}]),
            '"evidence[0].page" must be a whole number, not text',
        ),
        (
            changed(evidence=[{"document": "x", "page": True}]),
            '"evidence[0].page" must be a whole number, not true or false',
        ),
        (changed(evidence=[{"document": "x", "page": 0}]), "pages count from 1"),
        (changed(evidence=[{"document": "x", "quote": " "}]), '"evidence[0].quote" is empty'),
        (changed(history="Who?"), '"history" must be a list, not text'),
        (changed(history=["Who?"]), '"history[0]" must be an object, not text'),
        (changed(history=[{"question": "Who?"}]), '"history[0].answer" is missing'),
        (changed(history=[{"question": " ", "answer": ""}]), '"history[0].question" is empty'),
        (
            changed(history=[{"question": "Who?", "answer": 7}]),
            '"history[0].answer" must be text, not a number',
        ),
        ([], "a JSON object is needed"),
        ('{"id": ', "this is not JSON"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_malformed_row_is_named_by_file_line_and_key(
    tmp_path: Path, row: object, told: str
) -> None:
    if isinstance(row, dict) and row.get("question") == "\ud800":
        row = json.dumps(row)
    path = write(tmp_path, changed(id="first"), "", row)
    with pytest.raises(CasesError) as caught:
        read_cases(path)
    assert str(path) in str(caught.value)
    assert "line 3" in str(caught.value)
    assert told in str(caught.value)


def test_second_use_of_an_id_names_both_lines(tmp_path: Path) -> None:
    with pytest.raises(CasesError, match=r"line 3: the \"id\" 'a' stands already on line 1"):
        read_cases(write(tmp_path, GOOD, "", GOOD))


def test_bytes_that_are_not_utf8_are_named(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    path.write_bytes(json.dumps(GOOD).encode() + b"\n\xff\xfe\n")
    with pytest.raises(CasesError, match="line 2: this is not UTF-8"):
        read_cases(path)


def test_file_without_cases_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CasesError, match="holds no case"):
        read_cases(write(tmp_path, "", ""))


def test_missing_file_and_folder_are_told_at_the_call(tmp_path: Path) -> None:
    with pytest.raises(CasesError, match="does not exist"):
        read_cases(tmp_path / "none")
    with pytest.raises(CasesError, match="does not exist"):
        read_questions(tmp_path / "none")
    with pytest.raises(CasesError, match="is a folder"):
        read_questions(tmp_path)


def test_batch_rows_come_with_filter_and_history(tmp_path: Path) -> None:
    rows = (
        {"id": "1", "question": "Who?", "more": 1},
        {"id": "2", "question": "Why?", "documents": ["a.pdf"], "history": None},
        {
            "id": "2",
            "question": "And?",
            "documents": [],
            "history": [{"question": "Who?", "answer": ""}],
        },
    )
    assert list(read_questions(write(tmp_path, *rows))) == [
        Question("1", "Who?"),
        Question("2", "Why?", ("a.pdf",)),
        Question("2", "And?", (), (("Who?", ""),)),
    ]


def test_bad_row_of_a_batch_costs_that_row_only(tmp_path: Path) -> None:
    path = tmp_path / "batch.jsonl"
    good = b'{"id": "z", "question": "Who?"}'
    path.write_bytes(
        b"\n".join(
            [
                good,
                b"{",
                b"\xff",
                b"",
                b'{"id": "q"}',
                b'{"question": "Who?"}',
                b'{"id": "h", "question": "Who?", "history": [{"question": "x"}]}',
                b'{"id": "\\ud800", "question": "Who?"}',
                good,
            ]
        )
    )
    rows = list(read_questions(path))
    assert rows[0] == rows[-1] == Question("z", "Who?")
    bad = [row for row in rows if isinstance(row, BadRow)]
    assert [row.id for row in bad] == [None, None, "q", None, "h", None]
    assert [row.error.split(":")[0] for row in bad] == [f"line {n}" for n in (2, 3, 5, 6, 7, 8)]
    assert '"question" is missing' in bad[2].error
    assert '"id" is missing' in bad[3].error
    assert '"history[0].answer" is missing' in bad[4].error


def test_empty_batch_yields_nothing(tmp_path: Path) -> None:
    assert list(read_questions(write(tmp_path))) == []


def test_batch_is_read_lazily(tmp_path: Path) -> None:
    path = write(tmp_path, *({"id": str(n), "question": "?"} for n in range(3)))
    rows = read_questions(path)
    assert next(rows) == Question("0", "?")
    rows.close()  # type: ignore[attr-defined]
    assert list(rows) == []


def test_shipped_cases_are_well_formed() -> None:
    folder = Path(__file__).parents[2] / "data" / "cases"
    for path in sorted(folder.glob("*.jsonl")):
        for case in read_cases(path):
            assert case.answerable == bool(case.answers) == bool(case.evidence), case.id


@pytest.mark.models
def test_quotes_of_shipped_cases_stand_in_the_samples(sample_library: Path) -> None:
    folder = Path(__file__).parents[2] / "data" / "cases"
    library = Library.open(sample_library)
    catalogue = library.catalogue
    with catalogue.reading():
        for path in sorted(folder.glob("*.jsonl")):
            for case in read_cases(path):
                for item in case.evidence:
                    document = catalogue.document(item.document)
                    assert document is not None, case.id
                    text = "".join(page.text for page in catalogue.pages(document.id))
                    assert item.quote is None or stands_in(item.quote, text), case.id
    library.close()
