"""With what something was measured: the file, the program, settings, models and documents."""

from __future__ import annotations

import hashlib
from pathlib import Path

from rag import program
from rag.ask import Parts
from rag.evaluation.results import About
from rag.records import Mode


def of_answers(path: Path) -> About:
    """What decides the score of a file of answers: the file and the program, and nothing else."""
    return About("score", path.name, digest(path), program.name())


def of_cases(path: Path, parts: Parts, mode: Mode, *, name: str = "") -> About:
    """What decides the answers to a file of cases, called `name` if not by its own.

    A document of several libraries is named with the folder of its own in front.
    """
    generator = parts.generator if mode is Mode.GENERATE else None
    used = {"embedder": parts.embedder, "generator": generator, "reranker": parts.reranker}
    several = len(parts.libraries) > 1
    return About(
        verb="evaluate",
        input=name or path.name,
        input_sha256=digest(path),
        program=program.name(),
        settings={"mode": mode.value, "evidence": f"{parts.enough:g}"},
        models={name: str(model.identity) for name, model in used.items() if model},
        documents={
            f"{library.path.name}/{document.name}" if several else document.name: document.id[:12]
            for library in parts.libraries
            for document in library.catalogue.documents()
        },
    )


def digest(path: Path) -> str:
    """SHA-256 of a file in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def peak_memory() -> float | None:
    """Most memory (10^6 bytes) that this process held so far; None where no one counts it."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    import sys

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6
