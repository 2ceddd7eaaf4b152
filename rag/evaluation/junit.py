"""Gates and rows in JUnit's XML, which build servers show."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from junitparser import Error, Failure, JUnitXml, TestCase, TestSuite

from rag.errors import SettingsError
from rag.evaluation.gates import Judged
from rag.evaluation.results import RowResult

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML 1.0 document may hold, not even escaped: https://www.w3.org/TR/xml/#charsets."""

_WRONG = {
    "wrongly_refused": "Wrongly refused: an answer was due.",
    "wrongly_answered": "Wrongly answered: a refusal was due.",
}


def write(path: Path, judged: Iterable[Judged], rows: Iterable[RowResult]) -> None:
    """Write a suite "gates", where a broken gate is a failure, and a suite "rows".

    A row that broke off is an error. One that is plainly wrong says so and fails nothing, because
    rows are not what the gates are about. The same results give the same bytes: there is no date
    and no name of a machine. Raises `SettingsError` where the file cannot be written.
    """
    xml = JUnitXml()
    for name, cases in (("gates", map(_gate, judged)), ("rows", map(_row, rows))):
        suite = TestSuite(name)
        suite.add_testcases(list(cases))
        xml.append(suite)  # type: ignore[no-untyped-call]
    xml.update_statistics()  # type: ignore[no-untyped-call]
    try:
        xml.write(str(path))
    except OSError as error:
        raise SettingsError(f"{path} cannot be written ({error.strerror}).") from error


def _gate(judged: Judged) -> TestCase:
    case = TestCase(_clean(judged.gate), "gates")
    if judged.broken:
        case.result = [Failure(_clean(judged.broken), "gate")]
    return case


def _row(row: RowResult) -> TestCase:
    case = TestCase(_clean(row.id), "rows", row.seconds)
    if row.error is not None:
        case.result = [Error(_clean(row.error), "error")]
    wrong = [text for name, text in _WRONG.items() if row.metrics.get(name) == 1]
    if wrong:
        case.system_out = _clean("\n".join([*wrong, row.question, row.answer]).strip())
    return case


def _clean(text: str) -> str:
    """The text with a mark for each character that XML has no place for."""
    return _FORBIDDEN.sub("\ufffd", text)
