"""Settings to parts: the only file that names concrete classes."""

from __future__ import annotations

from collections.abc import Sequence

from rag.ask import Parts
from rag.errors import ModelMissing
from rag.library.folder import Library
from rag.models import endpoint, weights
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
    if settings.endpoint:
        return endpoint.EndpointGenerator(settings.generator, settings.endpoint)
    from rag.models.generator import TransformersGenerator

    return TransformersGenerator(settings.generator)


def notices(settings: Settings, mode: Mode) -> tuple[str, ...]:
    """What each reply says of where its question goes; () where it stays on this machine."""
    if mode is Mode.QUOTE or settings.generator == NO_GENERATOR:
        return ()
    return tuple(filter(None, [endpoint.notice(settings.endpoint)]))


def without(error: ModelMissing) -> str:
    """The note of a reply for which there was no generator."""
    return f"{error} Until then the answer is the quotes themselves."


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
    notes = notices(settings, mode)
    if mode is Mode.GENERATE:
        try:
            writer = generator(settings)
        except ModelMissing as error:
            notes = (without(error),)
    return Parts(
        libraries,
        model,
        RuleScorer(),
        writer,
        reranker(settings),
        settings.evidence,
        notes,
        settings.price_in,
        settings.price_out,
    )
