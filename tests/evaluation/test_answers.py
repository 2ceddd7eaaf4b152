"""Answers of other systems: every form they come in, and what is wrong with a row."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import CasesError
from rag.evaluation.answers import (
    LONGEST_FIELD,
    MOST_CONTEXTS,
    Answered,
    BadAnswer,
    Context,
    answered,
    marks,
    read_answers,
)

WANTED = ("When?", "In 1912.", ("It burned in 1912.", "It was rebuilt."))


@dataclass
class Document:
    """As LangChain has it."""

    page_content: str
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass
class Node:
    """As LlamaIndex has it."""

    text: str
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass
class NodeWithScore:
    node: Node
    score: float = 0.5


FORMS: dict[str, dict[str, Any]] = {
    "ours": {"id": "7", "question": WANTED[0], "response": WANTED[1], "contexts": [*WANTED[2]]},
    "ragas": {
        "user_input": WANTED[0],
        "response": WANTED[1],
        "retrieved_contexts": [*WANTED[2]],
        "reference": "1912",
    },
    "older ragas": {
        "question": WANTED[0],
        "answer": WANTED[1],
        "contexts": [*WANTED[2]],
        "ground_truth": "1912",
    },
    "langchain": {
        "query": WANTED[0],
        "result": WANTED[1],
        "source_documents": [{"page_content": text, "metadata": {}} for text in WANTED[2]],
    },
    "langchain, retrieval chain": {
        "input": WANTED[0],
        "answer": WANTED[1],
        "context": [Document(text) for text in WANTED[2]],
    },
    "langchain, serialised": {
        "input": WANTED[0],
        "answer": WANTED[1],
        "context": [{"lc": 1, "kwargs": {"page_content": text}} for text in WANTED[2]],
    },
    "llamaindex": {
        "query": WANTED[0],
        "response": WANTED[1],
        "source_nodes": [NodeWithScore(Node(text)) for text in WANTED[2]],
    },
    "llamaindex, as JSON": {
        "query": WANTED[0],
        "response": WANTED[1],
        "source_nodes": [{"node": {"text": text}, "score": 0.5} for text in WANTED[2]],
    },
    "deepeval": {
        "input": WANTED[0],
        "actual_output": WANTED[1],
        "retrieval_context": [*WANTED[2]],
        "expected_output": "1912",
    },
    "numbered": {
        "question": WANTED[0],
        "answer": WANTED[1],
        "context_1": WANTED[2][0],
        "context_2": WANTED[2][1],
    },
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same(form: str) -> None:
    (found,) = answered([FORMS[form]])
    assert isinstance(found, Answered)
    texts = tuple(context.text for context in found.contexts)
    assert (found.question, found.response, texts) == WANTED
    assert found.references in ((), ("1912",))


def test_sources_keep_their_names() -> None:
    row = {
        "answer": "a",
        "context": [
            Document("x", {"source": "policy.pdf"}),
            {"page_content": "y", "metadata": {"file_name": "b.txt"}},
            {"text": "z", "document": "c.txt", "page": 3},
        ],
    }
    (found,) = answered([row])
    assert isinstance(found, Answered)
    assert found.contexts == (
        Context("x", "policy.pdf"),
        Context("y", "b.txt"),
        Context("z", "c.txt"),
    )


def test_replies_of_this_product_are_read() -> None:
    row = {
        "id": "q1",
        "question": "When?",
        "outcome": "no_evidence",
        "answer": "",
        "sentences": [],
        "passages": [
            {"rank": 1, "document": "a.txt", "text": "It burned.", "more": [{"text": "Twice."}]}
        ],
    }
    (found,) = answered([row])
    assert isinstance(found, Answered)
    assert found.refused is True
    assert found.contexts == (Context("It burned.", "a.txt"), Context("Twice.", "a.txt"))


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"contexts": []}, "no key gives the response"),
        ({"response": "a"}, "no key gives the contexts"),
        ({"response": "a", "answer": "b", "contexts": []}, "both give the response"),
        ({"response": 3, "contexts": []}, '"response" must be text, not a number'),
        ({"response": "a", "contexts": [3]}, r'"contexts\[0\]'),
        ({"response": "a", "contexts": 3}, '"contexts" must be a list'),
        ({"response": "a", "contexts": [{"no": "text"}]}, "page_content"),
        ({"response": "a", "contexts": ["x"] * (MOST_CONTEXTS + 1)}, "at most 1000"),
        ({"response": "a" * (LONGEST_FIELD + 1), "contexts": []}, "1000001 characters"),
        ({"response": "\ud800", "contexts": []}, "lone surrogate"),
        ({"response": "a", "contexts": [], "answerable": "yes"}, "true or false"),
        ({"response": "a", "contexts": [], "id": 1.5}, '"id" must be'),
        ({"response": "a", "contexts": [], "reference": 5}, '"reference" must be text'),
        (3, "an object is needed"),
    ],
)
def test_a_malformed_row_says_what_is_wrong(row: Any, says: str) -> None:
    (found,) = answered([row])
    assert isinstance(found, BadAnswer)
    assert re.search(says, found.error), found.error


def test_mixed_forms_are_named() -> None:
    one, other = answered([FORMS["ours"], FORMS["langchain"]])
    assert isinstance(one, Answered)
    assert isinstance(other, BadAnswer)
    assert "'result' and 'source_documents' and not 'response' and 'contexts'" in other.error


def test_a_list_and_lines_and_csv_are_the_same(tmp_path: Path) -> None:
    rows = [{**FORMS["ragas"], "id": "1"}, {**FORMS["ragas"], "id": "2", "response": "None, a\nb"}]
    lines = tmp_path / "rows.jsonl"
    lines.write_text("".join(json.dumps(row) + "\n\n" for row in rows), encoding="utf-8-sig")
    whole = tmp_path / "rows.json"
    whole.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    sheet = tmp_path / "rows.csv"

    with sheet.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        for row in rows:
            contexts = json.dumps(row["retrieved_contexts"])
            writer.writerow({**row, "retrieved_contexts": contexts})
    found = [
        [(row.id, row.response, row.contexts) for row in read_answers(path) if row]  # type: ignore[union-attr]
        for path in (lines, whole, sheet)
    ]
    assert found[0] == found[1] == found[2]
    assert [row[0] for row in found[0]] == ["1", "2"]


def test_rows_without_an_id_are_called_by_their_number() -> None:
    row = {"response": "a", "contexts": []}
    assert [found.id for found in answered([row, row])] == ["1", "2"]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.jsonl", b'{"response": "\xff", "contexts": []}\n', "UTF-8"),
        ("a.jsonl", b"{", "JSON"),
        ("a.jsonl", b"[]", "object"),
        ("a.json", b"[3]", "object"),
        ("a.csv", b"response,contexts\na,b,c\n", "more cells"),
        ("a.csv", b"response,contexts\na\n", "fewer cells"),
        ("a.csv", b"response,contexts\n\xff,b\n", "UTF-8"),
    ],
)
def test_a_damaged_file_costs_its_row(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    (found,) = read_answers(path)
    assert isinstance(found, BadAnswer)
    assert says in found.error


def test_what_cannot_be_read_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(CasesError, match="does not exist"):
        read_answers(tmp_path / "none.jsonl")
    with pytest.raises(CasesError, match="folder"):
        read_answers(tmp_path)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Yes [1].", [(0,)]),
        ("Yes [1][3] and [2, 4].", [(0,), (2,), (1, 3)]),
        ("Yes [1-3] and 【2】", [(0, 1, 2), (1,)]),
        ("Yes [^2].", [(1,)]),
        ("Counted from nought [0] and [1]", [(0,), (1,)]),
        ("In [2014] or (1) or [a]", []),
    ],
)
def test_marks(text: str, numbers: list[tuple[int, ...]]) -> None:
    found = marks(text)
    assert [each for _, _, each in found] == numbers
    assert all(text[start] in "[【" and text[end - 1] in "]】" for start, end, _ in found)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)


@given(
    st.dictionaries(
        st.sampled_from(["id", "response", "contexts", "question", "reference", "answerable"]),
        _VALUES,
    )
)
def test_any_row_is_an_answer_or_says_what_is_wrong(row: dict[str, Any]) -> None:
    (found,) = answered([row])
    assert isinstance(found, Answered) or found.error
