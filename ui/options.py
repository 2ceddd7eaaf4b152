"""What the verbs share: their options, and how they write JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from rag.errors import SettingsError
from rag.records import Mode

LibraryOption = Annotated[
    Path | None, typer.Option("--library", help="Folder of the library.", show_default=False)
]
LibrariesOption = Annotated[
    list[Path] | None,
    typer.Option("--library", help="Folder of a library; again for several.", show_default=False),
]
DocumentOption = Annotated[
    list[str] | None, typer.Option("--document", help="Look only into this document.")
]
FolderOption = Annotated[
    list[str] | None, typer.Option("--folder", help="Look only below this folder.")
]
KindOption = Annotated[
    list[str] | None, typer.Option("--kind", help="Look only into such files: pdf, docx.")
]
SinceOption = Annotated[
    str, typer.Option("--since", help="Only documents of this date or later: 2023, 2023-Q2.")
]
UntilOption = Annotated[
    str, typer.Option("--until", help="Only documents of this date or earlier.")
]
RerankerOption = Annotated[
    str | None, typer.Option("--reranker", help="Cross-encoder: folder, hub id, or none.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
EmbedderOption = Annotated[
    str | None, typer.Option("--embedder", help="Embedding model: folder or hub id.")
]
GeneratorOption = Annotated[
    str | None, typer.Option("--generator", help="Generator: folder, hub id, or none.")
]
EndpointOption = Annotated[
    str | None, typer.Option("--endpoint", help="OpenAI-compatible server that phrases: its URL.")
]
ModeOption = Annotated[Mode | None, typer.Option("--mode", help="How to answer.")]
BatchOption = Annotated[
    Path | None, typer.Option("--batch", help="JSON lines of questions, one per row.")
]
OutOption = Annotated[Path | None, typer.Option("--out", help="Where the JSON lines go.")]
ReportOption = Annotated[
    Path | None,
    typer.Option("--report", help="Folder for results.jsonl and a page, report.html."),
]


def asked(libraries: Sequence[Path] | None) -> dict[str, Any]:
    """The settings that `--library`, given once or several times, stands for."""
    if not libraries:
        return {}
    return {"library": libraries[0], "collections": tuple(libraries[1:])}


@contextmanager
def lines_to(path: Path | None) -> Iterator[Callable[[dict[str, Any]], None] | None]:
    """A function that writes JSON lines to a file, or None without a path."""
    if path is None:
        yield None
        return
    try:
        file: TextIO = path.open("w", encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{path} cannot be written ({error.strerror}).") from error
    with file:

        def write(row: dict[str, Any]) -> None:
            file.write(json_line(row))
            file.flush()

        yield write


def json_line(row: dict[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"


def print_json(row: dict[str, Any]) -> None:
    sys.stdout.write(json_line(row))
    sys.stdout.flush()
