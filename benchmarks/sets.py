"""Question sets beside the checkout, loaded once into libraries under `benchmarks/out`."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

from ingest.load import load
from ingest.parse import Parser
from rag import assemble
from rag.ask import Parts
from rag.evaluation.cases import Case, read_cases
from rag.library.folder import Library
from rag.ports import Embedder
from rag.records import Mode
from rag.settings import Settings, read_settings

ROOT = Path(__file__).resolve().parents[1]
BENCH = ROOT.parent / "shared" / "bench"
OUT = ROOT / "benchmarks" / "out"


def folder(name: str) -> Path:
    """The set's folder; ends the command with the path looked for when it is not there."""
    found = BENCH / name
    if not found.is_dir():
        sys.exit(f"The question set {name} is not at {found}.")
    return found


def cases(name: str) -> list[Case]:
    """The set's questions, in the order of its file."""
    return read_cases(folder(name) / "cases.jsonl")


@cache
def embedder() -> Embedder:
    return assemble.embedder(settings())


def settings(**flags: object) -> Settings:
    return read_settings(**flags)


def library(name: str) -> Library:
    """The set's documents in a library; only what is missing is loaded."""
    found = Library.create(OUT / name)
    with Parser() as parser:
        summary = load([folder(name) / "docs"], found, embedder, parser)
    print(f"{name}: {summary.files} files, {found.catalogue.counts().chunks} chunks")
    return found


def parts(name: str, *, mode: Mode = Mode.QUOTE, enough: float | None = None) -> Parts:
    """What answering over the set needs."""
    return assemble.parts(settings(evidence=enough), mode=mode, libraries=[library(name)])
