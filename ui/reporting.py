"""The verb `rag report`, and the folder that `--report` of other verbs fills."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag.errors import SettingsError
from ui.options import JsonOption, print_json

if TYPE_CHECKING:
    from rag.evaluation.results import Results

RESULTS, REPORT = "results.jsonl", "report.html"
"""The files in a folder of `--report`."""


def report(
    results: Annotated[Path, typer.Argument(help="File of results, from --out or --report.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="The page; beside the results by default.", show_default=False),
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """Make a page of a file of results: plots, tables and the worst rows."""
    from rag.evaluation.results import read_results

    target = out or results.with_suffix(".html")
    if target.resolve() == results.resolve():
        raise SettingsError(f"{target} holds the results; name another file with --out.")
    found = read_results(results)
    _write(_page(found), target)
    if as_json:
        row = {"report": str(target), "rows": len(found.rows), "failed": len(found.failures)}
        print_json(row)
    else:
        print(f"{target}: {len(found.rows):,} rows, {len(found.failures):,} failed.")
    return 0


def make_folder(folder: Path) -> None:
    """Make the folder of a report. Raises `SettingsError` where nothing can be written there.

    To be called before what is reported begins: that may take hours.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in (RESULTS, REPORT):
            # Opened to append, so that an earlier report stays until there is a new one.
            with (folder / name).open("ab"):
                pass
            if not (folder / name).stat().st_size:
                (folder / name).unlink()
    except OSError as error:
        raise SettingsError(f"{folder} cannot be written ({error.strerror}).") from error


def write_results(results: Results, folder: Path) -> Path:
    """`results.jsonl` in the folder."""
    path = folder / RESULTS
    _write("".join(lines(results)), path)
    return path


def lines(results: Results) -> Iterator[str]:
    """The lines of `results.jsonl`."""
    for line in results.lines():
        yield json.dumps(line, ensure_ascii=False) + "\n"


def write_report(results: Results, folder: Path) -> Path:
    """`report.html` in the folder."""
    path = folder / REPORT
    _write(_page(results), path)
    return path


def _write(text: str, path: Path) -> None:
    """The whole file or none: who opens it meanwhile sees the one before."""
    aside = path.with_name(f"{path.name}.new")
    try:
        # A text may hold half a character, which UTF-8 cannot.
        aside.write_text(text, encoding="utf-8", errors="replace")
        os.replace(aside, path)
    except OSError as error:
        with suppress(OSError):
            aside.unlink()
        raise SettingsError(f"{path} cannot be written ({error.strerror}).") from error


def _page(results: Results) -> str:
    # Plots and templates take half a second to import, and most verbs need neither.
    from ui.report_page import page

    return page(results)
