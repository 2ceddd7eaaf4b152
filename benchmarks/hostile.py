"""Hostile files mixed with good ones, in one load: is each accounted for, each good one found?

python -m benchmarks.hostile [FILE.jsonl]      writes one row per file there, where it is given

Ends 1 when a file is missing from the account, or a good one is not found by its first sentence.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks import sets
from ingest.admit import archive_type
from ingest.load import load
from ingest.ocr import SECONDS_PER_PAGE
from ingest.parse import SECONDS, Parser
from rag import contract
from rag.assemble import embedder as make_embedder
from rag.library.folder import Library
from rag.ports import Embedder
from rag.records import FileReport
from rag.retrieve import retrieve
from rag.settings import read_settings
from rag.text import sentences

HITS = 10


def main(arguments: list[str]) -> None:
    hostile, good = sets.folder("hostile"), sets.folder("clapnq-dev") / "docs"
    reports: list[FileReport] = []
    model = make_embedder(read_settings())
    with tempfile.TemporaryDirectory() as temporary:
        library = Library.create(Path(temporary) / "library")
        began = time.monotonic()
        with Parser() as parser:
            load([hostile, good], library, lambda: model, parser, on_file=reports.append)
        print(f"loaded in {time.monotonic() - began:.0f} s")
        if arguments:
            rows = (json.dumps(contract.file_report(each)) for each in reports)
            Path(arguments[0]).write_text("\n".join(rows) + "\n", encoding="utf-8")
        whole = _print_account(reports, _on_disk(hostile) + _on_disk(good))
        found = _print_found(library, model, {path.resolve() for path in good.iterdir()})
        problems = library.verify()
        print("verify:", problems or "everything agrees")
        library.close()
    sys.exit(not (whole and found) or bool(problems))


def _on_disk(root: Path) -> list[str]:
    """Every file below a folder, as the account should name it; not by the walk of a load."""
    found = []
    for folder, _, names in os.walk(root):
        found += [(Path(folder) / name).relative_to(root).as_posix() for name in names]
    return found


def _print_account(reports: list[FileReport], files: list[str]) -> bool:
    archives = {name for name in files if archive_type(Path(name))}
    named = Counter(_file_of(each.name, archives) for each in reports)
    missing = set(files) - set(named)
    unknown = set(named) - set(files)
    twice = [name for name, count in named.items() if count > 1 and name not in archives]
    outcomes = Counter(each.outcome.value for each in reports)
    print(f"{len(files)} files, {len(reports)} rows (members of archives have their own)")
    print("outcomes:", dict(outcomes))
    print(f"missing {len(missing)}, unknown {len(unknown)}, twice {len(twice)}")
    over = [each for each in reports if "took longer" in (each.reason or "")]
    print(
        f"limit {SECONDS:g} s (and {SECONDS_PER_PAGE:g} s a page recognised); over it {len(over)}"
    )
    for each in sorted(reports, key=lambda each: -each.seconds)[:5]:
        print(f"  {each.seconds:.1f} s  {each.outcome.value}  {each.name}")
    reasons = Counter(each.reason for each in reports if each.outcome.value == "refused")
    print("reasons of refusal:")
    for reason, count in reasons.most_common(40):
        print(f"  {count:4}  {reason}")
    return not (missing or unknown or twice)


def _file_of(name: str, archives: set[str]) -> str:
    """The file on disk for a row of the account."""
    parts = name.split("/")
    starts = ("/".join(parts[:count]) for count in range(1, len(parts)))
    return next((start for start in starts if start in archives), name)


def _print_found(library: Library, model: Embedder, good: set[Path]) -> bool:
    """Search each good document by its own first sentence."""
    ranks: Counter[str] = Counter()
    lost = []
    for place in library.catalogue.places():
        if Path(place.path) not in good:
            continue
        text = "".join(page.text for page in library.catalogue.pages(place.document_id))
        first = next(iter(sentences(text)))
        question = text[first.start : first.end][:1000]
        with library.catalogue.reading():
            hits = retrieve(question, [library], model, limit=HITS).passages
        ids = [hit.document.id for hit in hits]
        if place.document_id not in ids:
            lost.append(place.name)
        ranks["first" if ids[:1] == [place.document_id] else "later"] += 1
    print(
        f"good documents: {len(good)}, {sum(ranks.values())} loaded; by their first sentence "
        f"{ranks['first']} found first, {len(lost)} not among {HITS}: {lost[:5]}"
    )
    return sum(ranks.values()) == len(good) and not lost


if __name__ == "__main__":
    main(sys.argv[1:])
