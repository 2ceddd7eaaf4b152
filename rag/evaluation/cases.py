"""Cases to measure on, and batches of questions to answer, both as JSON lines.

A file of cases is read whole and refused whole: a number over the cases that happened to parse
would be a number over another set. A batch is read row by row: one bad row costs that row.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rag.errors import CasesError

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One place that holds the answer. Several of one case are alternatives.

    `page` counts from 1. Where `quote` is None the whole page, or without `page` the whole
    document, is the evidence.
    """

    document: str
    page: int | None = None
    quote: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A question with what is known about its answer.

    `answers` are accepted wordings, any of them is right. They and `evidence` may be empty, also
    where the case is `answerable`: what cannot be measured without them is then not applicable.
    `history` holds the questions of the same conversation with their answers, oldest first.
    """

    id: str
    question: str
    answers: tuple[str, ...]
    answerable: bool
    evidence: tuple[Evidence, ...] = ()
    history: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """A row of a batch.

    `documents` names the only documents to look in, None means all. `history` holds earlier
    questions with their answers, oldest first.
    """

    id: str
    question: str
    documents: tuple[str, ...] | None = None
    history: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row of a batch that cannot be asked; `id` is None where the row has no readable one."""

    id: str | None
    error: str


class _Malformed(Exception):
    """What is wrong with one row, in words, without the place."""


def read_cases(path: Path) -> list[Case]:
    """All cases of a file, in its order.

    UTF-8 JSON lines; a byte order mark, blank lines and unknown keys are passed over. Raises
    `CasesError` naming file, line and key when a row is malformed or an id stands twice, and
    when the file is empty or cannot be read.
    """
    cases: list[Case] = []
    lines: dict[str, int] = {}
    for number, line in _lines(path):
        try:
            case = _case(_row(line))
        except _Malformed as error:
            raise CasesError(f"{path}, line {number}: {error}.") from None
        if case.id in lines:
            raise CasesError(
                f'{path}, line {number}: the "id" {case.id!r} stands already on line '
                f"{lines[case.id]}; give every case its own."
            )
        lines[case.id] = number
        cases.append(case)
    if not cases:
        raise CasesError(f"{path} holds no case; write one JSON object per line.")
    return cases


def read_questions(path: Path) -> Iterator[Question | BadRow]:
    """Rows of a batch in their order, one at a time; a malformed row comes as a `BadRow`.

    Format as in `read_cases`. Ids may repeat, because rows are answered by place. An empty file
    yields nothing. Raises `CasesError`, at the call and not at the first row, when the file
    cannot be read.
    """
    _must_be_readable(path)
    return _questions(path)


def _questions(path: Path) -> Iterator[Question | BadRow]:
    for number, line in _lines(path):
        row: dict[str, object] = {}
        try:
            row = _row(line)
            yield _question(row)
        except _Malformed as error:
            name = row.get("id")
            yield BadRow(
                name if isinstance(name, str) and _encodable(name) else None,
                f"line {number}: {error}",
            )


def _must_be_readable(path: Path) -> None:
    if not path.exists():
        raise CasesError(f"{path} does not exist; check the path.")
    if path.is_dir():
        raise CasesError(f"{path} is a folder; name a file of JSON lines.")
    if not os.access(path, os.R_OK):
        raise CasesError(f"{path} may not be read; check its permissions.")


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Lines that are not blank, numbered from 1; undecoded, so that bad bytes cost one row only."""
    _must_be_readable(path)
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                text = line.removeprefix(_BOM) if number == 1 else line
                if text.strip():
                    yield number, text
    except OSError as error:
        raise CasesError(f"{path} cannot be read ({error.strerror}); check the file.") from error


def _row(line: bytes) -> dict[str, object]:
    try:
        row = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError:
        raise _Malformed("this is not UTF-8; save the file as UTF-8") from None
    except json.JSONDecodeError as error:
        raise _Malformed(f"this is not JSON ({error.msg} at column {error.colno})") from None
    except (ValueError, RecursionError):
        raise _Malformed("this JSON is nested too deeply or holds too long a number") from None
    if not isinstance(row, dict):
        raise _Malformed("a JSON object is needed")
    return row


def _case(row: dict[str, object]) -> Case:
    return Case(
        id=_text(row, "id"),
        question=_text(row, "question"),
        answers=_texts(row, "answers"),
        answerable=_flag(row, "answerable"),
        evidence=tuple(
            Evidence(
                document=_text(item, "document", where),
                page=_page(item, "page", where),
                quote=_text(item, "quote", where) if item.get("quote") is not None else None,
            )
            for where, item in _objects(row, "evidence")
        ),
        history=_history(row),
    )


def _question(row: dict[str, object]) -> Question:
    return Question(
        id=_text(row, "id"),
        question=_text(row, "question"),
        documents=_texts(row, "documents") if row.get("documents") is not None else None,
        history=_history(row),
    )


def _history(row: dict[str, object]) -> tuple[tuple[str, str], ...]:
    if row.get("history") is None:
        return ()
    return tuple(
        (_text(turn, "question", where), _text(turn, "answer", where, blank=True))
        for where, turn in _objects(row, "history")
    )


def _value(row: dict[str, object], key: str, where: str) -> object:
    if key not in row:
        raise _Malformed(f'the key "{where}{key}" is missing')
    return row[key]


def _text(row: dict[str, object], key: str, where: str = "", *, blank: bool = False) -> str:
    value = _value(row, key, where)
    if not isinstance(value, str):
        raise _Malformed(f'"{where}{key}" must be text, not {_kind(value)}')
    if not blank and not value.strip():
        raise _Malformed(f'"{where}{key}" is empty')
    if not _encodable(value):
        raise _Malformed(f'"{where}{key}" holds half of a character (a lone surrogate)')
    return value


def _texts(row: dict[str, object], key: str) -> tuple[str, ...]:
    texts = {f"[{i}]": item for i, item in enumerate(_list(row, key))}
    return tuple(_text(texts, place, key) for place in texts)


def _flag(row: dict[str, object], key: str) -> bool:
    value = _value(row, key, "")
    if not isinstance(value, bool):
        raise _Malformed(f'"{key}" must be true or false, not {_kind(value)}')
    return value


def _page(row: dict[str, object], key: str, where: str) -> int | None:
    value = row.get(key)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise _Malformed(f'"{where}{key}" must be a whole number, not {_kind(value)}')
    if value < 1:
        raise _Malformed(f'"{where}{key}" is {value}, but pages count from 1')
    return value


def _objects(row: dict[str, object], key: str) -> Iterator[tuple[str, dict[str, object]]]:
    for i, item in enumerate(_list(row, key)):
        if not isinstance(item, dict):
            raise _Malformed(f'"{key}[{i}]" must be an object, not {_kind(item)}')
        yield f"{key}[{i}].", item


def _list(row: dict[str, object], key: str) -> list[object]:
    value = _value(row, key, "")
    if not isinstance(value, list):
        raise _Malformed(f'"{key}" must be a list, not {_kind(value)}')
    return value


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _kind(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list) else "an object"
