"""The verb `rag compare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from ui.options import JsonOption, print_json
from ui.printing import MOST_LISTED

if TYPE_CHECKING:
    from rag.evaluation.compare import Change, Comparison, Difference

_WIDEST = 100
_MOST_CHANGES = 4


def compare(
    before: Annotated[Path, typer.Argument(metavar="A", help="Results, as --out writes them.")],
    after: Annotated[Path, typer.Argument(metavar="B", help="Results to compare with them.")],
    as_json: JsonOption = False,
) -> int:
    """Compare two results, row by row: what moved, beyond chance or not, and what else differs."""
    from rag.evaluation.compare import compare as run
    from rag.evaluation.results import read_results

    found = run(read_results(before), read_results(after), (str(before), str(after)))
    if as_json:
        print_json(found.as_json())
    else:
        _print(found)
    return 0


def _print(found: Comparison) -> None:
    for sentence in found.said:
        print(sentence)
    print(f"{found.pairs} row{'s' * (found.pairs != 1)} compared.")
    console = Console(width=_WIDEST, highlight=False, markup=False)
    table = Table("metric", "A", "B", "B - A", "95 %", "p", "n", "", box=None)
    for each in found.differences.values():
        if each.n:
            table.add_row(*_row(each))
    console.print(table)
    if not found.flips:
        print("No row flipped.")
        return
    print(f"{len(found.flips)} row{'s' * (len(found.flips) != 1)} flipped:")
    for flip in found.flips[:MOST_LISTED]:
        rests = f"  [rests on {', '.join(flip.documents)}]" if flip.corpus else ""
        print(f"  {_line(flip.id)}: {_line(flip.question)}{rests}")
        listed = [_change(change) for change in flip.changes[:_MOST_CHANGES]]
        more = len(flip.changes) - len(listed)
        print(f"    {'; '.join(listed)}{f'; and {more} more' if more else ''}")
    if len(found.flips) > MOST_LISTED:
        more = len(found.flips) - MOST_LISTED
        print(f"and {more} more; --json lists all {len(found.flips)}.")


def _row(found: Difference) -> list[str]:
    bounds = "-" if found.low is None else f"{found.low:+.3f}..{found.high:+.3f}"
    p = "-" if found.p is None else f"{found.p:.3g}"
    values = [f"{found.before:.3f}", f"{found.after:.3f}", f"{found.difference:+.3f}"]
    return [found.name, *values, bounds, p, str(found.n), _verdict(found)]


def _verdict(found: Difference) -> str:
    if found.low is None or found.high is None or found.low <= 0 <= found.high:
        return ""
    if found.higher_is_better is None:
        return "moved"
    return "worse" if found.worse_beyond_chance else "better"


def _change(change: Change) -> str:
    before, after = (
        value if isinstance(value, str) else f"{value:g}" for value in (change.before, change.after)
    )
    if change.what == "outcome":
        return f"{before}, then {after}"
    return f"{change.what} {before}, then {after}"


def _line(text: str) -> str:
    return " ".join(text.split())
