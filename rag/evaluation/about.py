"""What a measurement was made with."""

from __future__ import annotations

import hashlib
import importlib.metadata
from pathlib import Path

from rag.ask import Parts
from rag.evaluation.results import About
from rag.records import Mode

_HASH = 12


def about(verb: str, given: Path, parts: Parts, mode: Mode, *, name: str = "") -> About:
    """What decides the numbers of `verb` over the file `given`, called `name` if not by its own."""
    models = {
        "embedder": str(parts.embedder.identity),
        "generator": parts.generator.identity if parts.generator else "none",
        "reranker": parts.reranker.identity if parts.reranker else "none",
    }
    return About(
        verb=verb,
        input=name or str(given),
        input_sha256=hashlib.sha256(given.read_bytes()).hexdigest(),
        program=importlib.metadata.version("sourcebound"),
        settings={"mode": mode.value, "evidence": f"{parts.enough:g}"},
        models={name: str(identity) for name, identity in models.items()},
        documents={
            document.name: document.id[:_HASH]
            for library in parts.libraries
            for document in library.catalogue.documents()
        },
    )
