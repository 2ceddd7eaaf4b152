"""Cases to measure on, and batches of questions to answer, both as JSON lines.

A file of cases is read whole and refused whole: a number over the cases that happened to parse
would be a number over another set. A batch is read row by row: one bad row costs that row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rag.errors import CasesError
from rag.evaluation.jsonlines import (
    Malformed,
    encodable,
    flag_of,
    kind_of,
    lines,
    must_be_readable,
    objects_of,
    parsed,
    text_of,
    texts_of,
)


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


def read_cases(path: Path) -> list[Case]:
    """All cases of a file, in its order.

    UTF-8 JSON lines; a byte order mark, blank lines and unknown keys are passed over. Raises
    `CasesError` naming file, line and key when a row is malformed or an id stands twice, and
    when the file is empty or cannot be read.
    """
    cases: list[Case] = []
    seen: dict[str, int] = {}
    for number, line in lines(path):
        try:
            case = _case(parsed(line))
        except Malformed as error:
            raise CasesError(f"{path}, line {number}: {error}.") from None
        if case.id in seen:
            raise CasesError(
                f'{path}, line {number}: the "id" {case.id!r} stands already on line '
                f"{seen[case.id]}; give every case its own."
            )
        seen[case.id] = number
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
    must_be_readable(path)
    return _questions(path)


def _questions(path: Path) -> Iterator[Question | BadRow]:
    for number, line in lines(path):
        row: dict[str, object] = {}
        try:
            row = parsed(line)
            yield _question(row)
        except Malformed as error:
            name = row.get("id")
            yield BadRow(
                name if isinstance(name, str) and encodable(name) else None,
                f"line {number}: {error}",
            )


def _case(row: dict[str, object]) -> Case:
    return Case(
        id=text_of(row, "id"),
        question=text_of(row, "question"),
        answers=texts_of(row, "answers"),
        answerable=flag_of(row, "answerable"),
        evidence=tuple(
            Evidence(
                document=text_of(item, "document", where),
                page=_page(item, "page", where),
                quote=text_of(item, "quote", where) if item.get("quote") is not None else None,
            )
            for where, item in objects_of(row, "evidence")
        ),
        history=_history(row),
    )


def _question(row: dict[str, object]) -> Question:
    return Question(
        id=text_of(row, "id"),
        question=text_of(row, "question"),
        documents=texts_of(row, "documents") if row.get("documents") is not None else None,
        history=_history(row),
    )


def _history(row: dict[str, object]) -> tuple[tuple[str, str], ...]:
    if row.get("history") is None:
        return ()
    return tuple(
        (text_of(turn, "question", where), text_of(turn, "answer", where, blank=True))
        for where, turn in objects_of(row, "history")
    )


def _page(row: dict[str, object], key: str, where: str) -> int | None:
    value = row.get(key)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise Malformed(f'"{where}{key}" must be a whole number, not {kind_of(value)}')
    if value < 1:
        raise Malformed(f'"{where}{key}" is {value}, but pages count from 1')
    return value
