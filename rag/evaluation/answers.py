"""Answers that any system gave, with the texts they rest on, read from its files or objects.

The form is seen from the first row, by its keys, and must be the same in all rows. See `KEYS` for
the names that are known: our own, those of RAGAS, LangChain, LlamaIndex and DeepEval, and the
replies of `rag ask --batch`. JSON lines, one JSON list, or CSV with a heading.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rag.errors import CasesError
from rag.evaluation.jsonlines import (
    Malformed,
    encodable,
    flag_of,
    kind_of,
    lines,
    must_be_readable,
    parsed,
)

KEYS = {
    "question": ("question", "user_input", "query", "input"),
    "response": ("response", "answer", "result", "output", "actual_output"),
    "contexts": (
        "contexts", "retrieved_contexts", "source_documents", "context", "documents",
        "source_nodes", "retrieval_context", "passages",
    ),
    "reference": (
        "reference", "references", "ground_truth", "ground_truths", "expected_output", "answers",
    ),
}  # fmt: skip
"""What each value may be called. One row may not give the same value under two names."""

LONGEST_FIELD = 1_000_000
"""Characters of one text. A longer one is a mistake more often than an answer."""

MOST_CONTEXTS = 1_000

_SOURCES = ("source", "file_name", "file_path", "document", "title")
_MARK = re.compile(r"[\[【]\^?(\d{1,3}(?:\s*[,;–-]\s*\^?\d{1,3})*)[\]】]")


@dataclass(frozen=True, slots=True)
class Context:
    """A text that was handed to the system, and the name of what it is from, "" where unknown."""

    text: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer of some system.

    `references` are right answers, any of them. `answerable` tells whether the contexts hold an
    answer, None where nobody said. `refused` is what the system says itself, None where it says
    nothing and its words have to tell. `number` is the line or row it was read from.
    """

    id: str
    question: str
    response: str
    contexts: tuple[Context, ...]
    references: tuple[str, ...] = ()
    answerable: bool | None = None
    refused: bool | None = None
    number: int = 0


@dataclass(frozen=True, slots=True)
class BadAnswer:
    """A row that cannot be scored: its number in the file, its id where it has one, and why."""

    number: int
    id: str
    error: str


def read_answers(path: Path) -> Iterator[Answered | BadAnswer]:
    """The answers in a file in order, one at a time; a malformed row comes as a `BadAnswer`.

    A row without "id" is called by its number, from 1. Raises `CasesError`, at the call, when the
    file cannot be read.
    """
    must_be_readable(path)
    suffix = path.suffix.lower()
    rows = _from_csv(path) if suffix == ".csv" else _from_json(path, whole=suffix == ".json")
    return _answers(rows)


def answered(rows: Iterable[Mapping[str, object] | object]) -> Iterator[Answered | BadAnswer]:
    """The same from Python: mappings by the names of `KEYS`, or objects with such attributes."""
    return _answers((number, partial(_mapping, row)) for number, row in enumerate(rows, 1))


def marks(response: str) -> list[tuple[int, int, tuple[int, ...]]]:
    """Citation marks such as [1], [1, 3], [2-4] and 【1】: start, end and the numbers in each.

    Numbers are given from 0. Where some mark of the response is 0, its numbers count from there;
    else from 1, as people count.
    """
    found = [(match.start(), match.end(), _numbers(match[1])) for match in _MARK.finditer(response)]
    least = 0 if any(0 in numbers for _, _, numbers in found) else 1
    return [
        (start, end, tuple(number - least for number in numbers)) for start, end, numbers in found
    ]


def _numbers(text: str) -> tuple[int, ...]:
    found: list[int] = []
    for part in re.split(r"[,;]", text.replace("^", "")):
        first, *last = re.split(r"[–-]", part)
        end = int(last[0]) if last else int(first)
        found += range(int(first), min(end, int(first) + 50) + 1) if end >= int(first) else ()
    return tuple(dict.fromkeys(found))


# -- rows ------------------------------------------------------------------------------------

_Row = Callable[[], Mapping[str, object]]


def _answers(rows: Iterable[tuple[int, _Row]]) -> Iterator[Answered | BadAnswer]:
    form: dict[str, str] | None = None
    for number, read in rows:
        row: Mapping[str, object] = {}
        try:
            row = read()
            found = _form(row)
            if form is not None and found != form:
                raise Malformed(
                    f"the keys are other ones than before: {_names(found)} and not {_names(form)}; "
                    "give rows of one form"
                )
            yield _answered(row, found, number)
            form = found
        except Malformed as error:
            yield BadAnswer(number, _id(row, number, strict=False), str(error))


def _form(row: Mapping[str, object]) -> dict[str, str]:
    """Which of the known names this row uses for answer and contexts."""
    form = {}
    for value, names in KEYS.items():
        used = [name for name in names if name in row]
        if value == "contexts" and not used and any(key.startswith("context_") for key in row):
            used = ["context_1"]
        if value in ("response", "contexts"):
            if not used:
                raise Malformed(
                    f"no key gives the {value}; name it {names[0]!r} (or {', '.join(names[1:])})"
                )
            if len(used) > 1:
                raise Malformed(f"{' and '.join(map(repr, used))} both give the {value}")
            form[value] = used[0]
    return form


def _names(form: Mapping[str, str]) -> str:
    return " and ".join(repr(name) for name in form.values())


def _answered(row: Mapping[str, object], form: Mapping[str, str], number: int) -> Answered:
    answerable = flag_of(dict(row), "answerable") if row.get("answerable") is not None else None
    return Answered(
        id=_id(row, number),
        question=_first_text(row, "question"),
        response=_text(row[form["response"]], form["response"], none=True),
        contexts=_contexts(row, form["contexts"]),
        references=_references(row),
        answerable=answerable,
        refused=True if row.get("outcome") in ("no_evidence", "withheld") else None,
        number=number,
    )


def _id(row: Mapping[str, object], number: int, *, strict: bool = True) -> str:
    value = row.get("id")
    if value is None or value == "":
        return str(number)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and encodable(value) and len(value) <= 1_000:
        return value
    if strict:
        raise Malformed('"id" must be a text of at most 1,000 characters or a whole number')
    return str(number)


def _first_text(row: Mapping[str, object], value: str) -> str:
    for name in KEYS[value]:
        if row.get(name) is not None:
            return _text(row[name], name)
    return ""


def _references(row: Mapping[str, object]) -> tuple[str, ...]:
    for name in KEYS["reference"]:
        value = row.get(name)
        if value is None or value == "":
            continue
        if isinstance(value, list | tuple):
            texts = (_text(item, f"{name}[{at}]") for at, item in enumerate(value))
            return tuple(text for text in texts if text.strip())
        return (_text(value, name),)
    return ()


def _contexts(row: Mapping[str, object], key: str) -> tuple[Context, ...]:
    if key == "context_1":
        names = sorted(
            (name for name in row if re.fullmatch(r"context_\d+", name)),
            key=lambda name: int(name.rpartition("_")[2]),
        )
        texts = (_text(row[name], name, none=True) for name in names)
        return tuple(Context(text) for text in texts if text.strip())
    value = row[key]
    if value is None:
        return ()
    if isinstance(value, str):
        value = [value] if value.strip() else []
    if not isinstance(value, list | tuple):
        raise Malformed(f'"{key}" must be a list of texts, not {kind_of(value)}')
    if len(value) > MOST_CONTEXTS:
        raise Malformed(f'"{key}" has {len(value)} texts; at most {MOST_CONTEXTS} are looked at')
    found: list[Context] = []
    for at, item in enumerate(value):
        context = _context(item, f"{key}[{at}]")
        found.append(context)
        # A hit of ours is a page: further passages of it were read, and may be quoted, too.
        more = item.get("more") if key == "passages" and isinstance(item, Mapping) else None
        for place, each in enumerate(more if isinstance(more, list) else []):
            found.append(Context(_context(each, f"{key}[{at}].more[{place}]").text, context.name))
    return tuple(found)


def _context(item: object, where: str) -> Context:
    """A text, or an object of LangChain, LlamaIndex, Haystack or ours that holds one."""
    if isinstance(item, str):
        return Context(_text(item, where))
    for inner in ("node", "kwargs", "document"):  # NodeWithScore; a serialised Document
        found = _field(item, inner)
        if found is not None and not isinstance(found, str):
            item = found
    for name in ("page_content", "text", "content"):
        text = _field(item, name)
        if text is not None:
            metadata = _field(item, "metadata")
            known = item if metadata is None or isinstance(metadata, str) else metadata
            names = (_field(known, each) for each in _SOURCES)
            source = next((each for each in names if isinstance(each, str) and each), "")
            return Context(_text(text, f"{where}.{name}"), source[:1_000])
    raise Malformed(
        f'"{where}" must be a text, or an object with "page_content", "text" or "content", '
        f"not {kind_of(item)}"
    )


def _field(item: object, name: str) -> object:
    """A value of a mapping or an object; None where it has none of that name."""
    return item.get(name) if isinstance(item, Mapping) else getattr(item, name, None)


def _text(value: object, where: str, *, none: bool = False) -> str:
    if value is None and none:
        return ""
    if not isinstance(value, str):
        raise Malformed(f'"{where}" must be text, not {kind_of(value)}')
    if len(value) > LONGEST_FIELD:
        raise Malformed(f'"{where}" has {len(value)} characters; at most {LONGEST_FIELD} are read')
    if not encodable(value):
        raise Malformed(f'"{where}" holds half of a character (a lone surrogate)')
    return value


def _mapping(item: object) -> Mapping[str, object]:
    if isinstance(item, Mapping):
        return item
    dumped = getattr(item, "model_dump", None)  # pydantic, which all of these libraries use
    if callable(dumped):
        found = dumped()
        if isinstance(found, Mapping):
            return found
    try:
        return vars(item)
    except TypeError:
        raise Malformed(f"an object is needed, not {kind_of(item)}") from None


# -- files -----------------------------------------------------------------------------------


def _from_json(path: Path, *, whole: bool) -> Iterator[tuple[int, _Row]]:
    if whole:
        found = _list_in(path)
        if found is not None:
            for number, row in enumerate(found, 1):
                yield number, partial(_object, row)
            return
    for number, line in lines(path):
        yield number, partial(parsed, line)


def _list_in(path: Path) -> list[object] | None:
    """The rows of a file that holds one JSON list; None where it does not, but lines perhaps."""
    try:
        found = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list) else None


def _object(row: object) -> Mapping[str, object]:
    if not isinstance(row, dict):
        raise Malformed(f"a JSON object is needed, not {kind_of(row)}")
    return row


def _from_csv(path: Path) -> Iterator[tuple[int, _Row]]:
    """Rows by the heading. A cell of several contexts is a JSON list; an empty one is no value."""
    csv.field_size_limit(max(csv.field_size_limit(), 16 * LONGEST_FIELD))
    with path.open(encoding="utf-8-sig", newline="", errors="surrogateescape") as file:
        reader = csv.DictReader(file, strict=True)
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise CasesError(f"{path}, line {reader.line_num}: {error}.") from None
            yield reader.line_num, partial(_cells, cells)


def _cells(cells: Mapping[str | None, str | list[str] | None]) -> Mapping[str, object]:
    if None in cells:
        raise Malformed("the row has more cells than the heading")
    row: dict[str, object] = {}
    for name, cell in cells.items():
        if name is None or not isinstance(cell, str):
            if name is not None and cell is None:
                raise Malformed("the row has fewer cells than the heading")
            continue
        if not encodable(cell):
            raise Malformed(f'"{name}" is not UTF-8; save the file as UTF-8')
        row[name] = _cell(name, cell)
    return row


def _cell(name: str, cell: str) -> object:
    if name in (*KEYS["contexts"], *KEYS["reference"]) and cell.lstrip().startswith("["):
        try:
            found = json.loads(cell)
        except (ValueError, RecursionError):
            return cell
        return found if isinstance(found, list) else cell
    if name == "answerable":
        flags = {"true": True, "false": False, "1": True, "0": False, "": None}
        return flags.get(cell.strip().lower(), cell)
    return cell
