"""The verb `rag cases`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from rag.errors import SettingsError
from rag.settings import read_settings
from ui.options import JsonOption, LibraryOption, lines_to, print_json


def cases(
    count: Annotated[int, typer.Option("--count", min=1, max=1000, help="How many cases.")] = 30,
    unanswerable: Annotated[
        float,
        typer.Option(
            "--unanswerable", min=0.0, max=1.0, help="Share of cases without an answer here."
        ),
    ] = 0.25,
    out: Annotated[
        Path | None, typer.Option("--out", help="Where the JSON lines go; else to stdout.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite the file, corrections included.")
    ] = False,
    library: LibraryOption = None,
    as_json: JsonOption = False,
) -> int:
    """Make starter cases from the library's own sentences, for a person to correct."""
    from rag.evaluation.starters import starters
    from rag.library.folder import Library

    if out and out.exists() and not force:
        raise SettingsError(
            f"{out} exists already, and may hold corrections. Name another file with --out, or add "
            "--force to overwrite it."
        )
    target = Library.open(read_settings(library=library).library)
    try:
        made = starters(target, count, unanswerable)
    finally:
        target.close()
    with lines_to(out) as write:
        for row in made.rows:
            (write or print_json)(row)
    summary = made.summary()
    if out and as_json:
        print_json({**summary, "out": str(out)})
    elif out:
        rules = ", ".join(f"{number} {rule}" for rule, number in summary["rules"].items())
        print(
            f"{summary['cases']} cases: {summary['answerable']} from {summary['documents']} "
            f"documents ({rules}), {summary['unanswerable']} unanswerable. {out}\n"
            "Read and correct them before you trust a number, and set `checked` to true."
        )
    if not made.complete:
        print(
            "The library is large: only its first sentences, by document id, were read.",
            file=sys.stderr,
        )
    if len(made.rows) < count:
        print(
            f"{len(made.rows)} of {count} cases could be made: "
            f"{summary['answerable']} with an answer, {summary['unanswerable']} without.",
            file=sys.stderr,
        )
    return 0
