"""Rows of JSON lines, one at a time, and values by key; what is wrong is said in words."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from rag.errors import CasesError

LONGEST_LINE = 64 * 1024 * 1024
"""Bytes. A longer line is no row of text but another kind of file, and would fill the memory."""

_BOM = b"\xef\xbb\xbf"


class Malformed(Exception):
    """What is wrong with one row, in words, without the place."""


def must_be_readable(path: Path) -> None:
    if not path.exists():
        raise CasesError(f"{path} does not exist; check the path.")
    if path.is_dir():
        raise CasesError(f"{path} is a folder; name a file of JSON lines.")
    if not os.access(path, os.R_OK):
        raise CasesError(f"{path} may not be read; check its permissions.")


def lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Lines that are not blank, numbered from 1; undecoded, so that bad bytes cost one row only."""
    must_be_readable(path)
    try:
        with path.open("rb") as file:
            for number, line in enumerate(iter(lambda: file.readline(LONGEST_LINE), b""), start=1):
                if len(line) == LONGEST_LINE:
                    raise CasesError(
                        f"{path}, line {number}: the line is longer than {LONGEST_LINE} bytes; "
                        "write one JSON object per line."
                    )
                text = line.removeprefix(_BOM) if number == 1 else line
                if text.strip():
                    yield number, text
    except OSError as error:
        raise CasesError(f"{path} cannot be read ({error.strerror}); check the file.") from error


def parsed(line: bytes) -> dict[str, object]:
    """The JSON object in a line. Raises `Malformed`."""
    try:
        row = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError:
        raise Malformed("this is not UTF-8; save the file as UTF-8") from None
    except json.JSONDecodeError as error:
        raise Malformed(f"this is not JSON ({error.msg} at column {error.colno})") from None
    except (ValueError, RecursionError):
        raise Malformed("this JSON is nested too deeply or holds too long a number") from None
    if not isinstance(row, dict):
        raise Malformed("a JSON object is needed")
    return row


def value_of(row: dict[str, object], key: str, where: str) -> object:
    if key not in row:
        raise Malformed(f'the key "{where}{key}" is missing')
    return row[key]


def text_of(row: dict[str, object], key: str, where: str = "", *, blank: bool = False) -> str:
    value = value_of(row, key, where)
    if not isinstance(value, str):
        raise Malformed(f'"{where}{key}" must be text, not {kind_of(value)}')
    if not blank and not value.strip():
        raise Malformed(f'"{where}{key}" is empty')
    if not encodable(value):
        raise Malformed(f'"{where}{key}" holds half of a character (a lone surrogate)')
    return value


def texts_of(row: dict[str, object], key: str) -> tuple[str, ...]:
    texts = {f"[{i}]": item for i, item in enumerate(list_of(row, key))}
    return tuple(text_of(texts, place, key) for place in texts)


def flag_of(row: dict[str, object], key: str) -> bool:
    value = value_of(row, key, "")
    if not isinstance(value, bool):
        raise Malformed(f'"{key}" must be true or false, not {kind_of(value)}')
    return value


def objects_of(row: dict[str, object], key: str) -> Iterator[tuple[str, dict[str, object]]]:
    for i, item in enumerate(list_of(row, key)):
        if not isinstance(item, dict):
            raise Malformed(f'"{key}[{i}]" must be an object, not {kind_of(item)}')
        yield f"{key}[{i}].", item


def list_of(row: dict[str, object], key: str) -> list[object]:
    value = value_of(row, key, "")
    if not isinstance(value, list):
        raise Malformed(f'"{key}" must be a list, not {kind_of(value)}')
    return value


def encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def kind_of(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list) else "an object"
