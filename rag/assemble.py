"""Settings to parts: the only file that names concrete classes."""

from __future__ import annotations

from collections.abc import Sequence

from rag.ask import Parts
from rag.errors import ModelMissing
from rag.library.folder import Library
from rag.models import weights
from rag.ports import Embedder, Generator, Reranker
from rag.records import Mode
from rag.settings import NO_GENERATOR, NO_RERANKER, Settings
from rag.verify import RuleScorer


def embedder(settings: Settings) -> Embedder:
    """The embedding model that is set. Raises `ModelMissing`."""
    from rag.models.embedder import SentenceTransformerEmbedder

    return SentenceTransformerEmbedder(settings.embedder)


def reranker(settings: Settings) -> Reranker | None:
    """The reranker that is set, None where none is. Raises `ModelMissing`."""
    if settings.reranker == NO_RERANKER:
        return None
    from rag.models.reranker import CrossEncoderReranker

    try:
        return CrossEncoderReranker(settings.reranker)
    except ModelMissing as error:
        raise ModelMissing(f"{error} Or set `reranker` to {NO_RERANKER!r}.") from error


def generator(settings: Settings) -> Generator | None:
    """The generator that is set, None where answers are quotes only. Raises `ModelMissing`."""
    if settings.generator == NO_GENERATOR:
        return None
    from rag.models.generator import TransformersGenerator

    return TransformersGenerator(settings.generator)


def has_generator(settings: Settings) -> bool:
    """Whether mode `generate` is possible, without loading anything."""
    if settings.generator == weights.DEFAULT:
        return weights.installed(weights.GENERATOR)
    return settings.generator != NO_GENERATOR


def parts(
    settings: Settings, *, mode: Mode = Mode.QUOTE, libraries: Sequence[Library] = ()
) -> Parts:
    """Everything to answer questions, the generator only for mode `generate`.

    `libraries` are those to ask instead of the ones that are set. A generator that cannot be had is
    said in the notes of each reply; quoting goes on. Raises `LibraryMissing`, `WrongModel`,
    `ModelMissing`.
    """
    libraries = tuple(libraries) or tuple(map(Library.open, settings.libraries))
    model = embedder(settings)
    for library in libraries:
        library.check_embedder(model.identity)
        library.check_canary(model)
    writer: Generator | None = None
    notes: tuple[str, ...] = ()
    if mode is Mode.GENERATE:
        try:
            writer = generator(settings)
        except ModelMissing as error:
            notes = (f"{error} Until then the answer is the quotes themselves.",)
    return Parts(
        libraries, model, RuleScorer(), writer, reranker(settings), settings.evidence, notes
    )
