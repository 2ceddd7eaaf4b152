"""The account of gates and rows that build servers read."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import junitparser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import SettingsError
from rag.evaluation import junit
from rag.evaluation.gates import Judged

from .test_compare import row

ROWS = [
    row("right", seconds=0.25),
    row("broke", error="It broke off.", seconds=None, refused=None),
    row("wrong", metrics={"wrongly_answered": 1.0}, answer="It is so.", seconds=0.5),
    row("held", metrics={"wrongly_refused": 1.0}, answer="", refused=True),
]
GATES = [Judged("f1 at least 0.5"), Judged("f1 at least 0.9", "f1 is 0.5, below 0.9.")]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gates.xml"


def test_it_is_read_back(path: Path) -> None:
    junit.write(path, GATES, ROWS)
    gates, rows = junitparser.JUnitXml.fromfile(str(path))
    assert (gates.name, gates.tests, gates.failures, gates.errors) == ("gates", 2, 1, 0)
    assert (rows.name, rows.tests, rows.failures, rows.errors) == ("rows", 4, 0, 1)
    holds, broken = gates
    assert holds.is_passed
    assert broken.name == "f1 at least 0.9"
    assert [each.message for each in broken.result] == ["f1 is 0.5, below 0.9."]
    right, broke, wrong, held = rows
    assert (right.name, right.time, right.system_out) == ("right", 0.25, None)
    assert broke.is_error
    assert broke.time is None
    assert broke.result[0].message == "It broke off."
    assert wrong.is_passed
    assert wrong.system_out == "Wrongly answered: a refusal was due.\nwrong?\nIt is so."
    assert held.is_passed
    assert held.system_out == "Wrongly refused: an answer was due.\nheld?"


def test_its_elements(path: Path) -> None:
    junit.write(path, GATES, ROWS)
    root = ET.parse(path).getroot()
    assert root.tag == "testsuites"
    assert [suite.get("name") for suite in root] == ["gates", "rows"]
    assert len(root.findall(".//testcase")) == 6
    assert len(root.findall(".//failure")) == len(root.findall(".//error")) == 1
    known = {"name", "tests", "errors", "failures", "skipped", "time"}
    assert all(set(suite.attrib) <= known for suite in root)


def test_the_same_results_give_the_same_bytes(path: Path) -> None:
    junit.write(path, GATES, ROWS)
    first = path.read_bytes()
    junit.write(path, GATES, ROWS)
    assert path.read_bytes() == first
    junit.write(path, [], [])
    assert [len(suite) for suite in ET.parse(path).getroot()] == [0, 0]


@given(text=st.text(st.characters(codec=None, exclude_categories=()), min_size=1))
def test_any_text_can_be_written(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("xml") / "gates.xml"
    rows = [row(text, question=text, answer=text, error=text, metrics={"wrongly_refused": 1.0})]
    junit.write(path, [Judged(text, text)], rows)
    case, again = ET.parse(path).getroot().findall(".//testcase")
    assert case.get("name") == again.get("name")
    assert len(case.get("name") or "") == len(text)


def test_forbidden_characters_are_marked(path: Path) -> None:
    junit.write(path, [], [row("a\x00b\ud800c\uffffd\x1be\tf", error="\x0b")])
    case = ET.parse(path).getroot().find(".//testcase")
    assert case is not None
    assert case.get("name") == "a\ufffdb\ufffdc\ufffdd\ufffde\tf"


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be written"):
        junit.write(tmp_path, [], [])
