"""Is this machine ready? Each check says what it saw and what mends it."""

from __future__ import annotations

import importlib.util
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ingest import ocr
from rag import assemble
from rag.errors import SourceboundError
from rag.models import endpoint, weights
from rag.settings import NO_GENERATOR, NO_RERANKER, Settings

_MODELS_NAMED = 20
_ROOM_NEEDED = 1024**3
_SQLITE = (3, 24)  # knows ON CONFLICT DO UPDATE


@dataclass(frozen=True, slots=True)
class Check:
    """One finding; where `needed` is False the product works without it."""

    name: str
    ok: bool
    detail: str
    mend: str | None = None
    needed: bool = True

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "ok": self.ok,
            "needed": self.needed,
            "detail": self.detail,
            "mend": self.mend,
        }


def examine(settings: Settings) -> list[Check]:
    """All checks, in the order in which a missing one would be met."""
    return [
        _python(),
        _sqlite(),
        *_packages(),
        _processor(),
        _embedder(settings),
        _reranker(settings),
        _generator(settings),
        _recognition(settings),
        _room(settings),
        _library(settings),
    ]


def _python() -> Check:
    version = ".".join(str(part) for part in sys.version_info[:3])
    return Check("Python", sys.version_info >= (3, 11), version, "Install Python 3.11 or newer.")


def _sqlite() -> Check:
    ok = sqlite3.sqlite_version_info >= _SQLITE
    mend = f"Use a Python with SQLite {'.'.join(map(str, _SQLITE))} or newer."
    return Check("SQLite", ok, sqlite3.sqlite_version, mend)


def _packages() -> Iterator[Check]:
    for name in ("torch", "faiss", "sentence_transformers", "transformers", "streamlit"):
        there = importlib.util.find_spec(name) is not None
        detail = "installed" if there else "missing"
        yield Check(f"package {name}", there, detail, "Run: pip install sourcebound")


def _processor() -> Check:
    from rag.models.device import device, dtype

    on = device()
    return Check("device", True, f"{on.type}, computing in {str(dtype(on)).removeprefix('torch.')}")


def _embedder(settings: Settings) -> Check:
    name = "embedding model"
    try:
        if settings.embedder == weights.DEFAULT:
            weights.packaged(weights.EMBEDDER)
            detail = f"{weights.EMBEDDER.name}, checksum right"
        else:
            detail = str(weights.locate(settings.embedder))
        return Check(name, True, detail)
    except SourceboundError as error:
        return Check(name, False, str(error), weights.EMBEDDER.install)


def _reranker(settings: Settings) -> Check:
    name = "reranker"
    try:
        # Loaded, not only looked for: no checksum is known, and a model may have the wrong labels.
        found = assemble.reranker(settings)
    except SourceboundError as error:
        mend = f"Set `reranker` to the folder of a cross-encoder, or to {NO_RERANKER!r}."
        return Check(name, False, str(error), mend)
    if found is None:
        return Check(name, True, "none is set; the order of the search stays", needed=False)
    return Check(name, True, found.identity)


def _generator(settings: Settings) -> Check:
    name = "generator"
    if settings.generator == NO_GENERATOR:
        return Check(name, True, "none is set; answers are quotes", needed=False)
    if settings.endpoint:
        return _endpoint(name, settings)
    try:
        if settings.generator == weights.DEFAULT:
            weights.packaged(weights.GENERATOR)
            command = f"install command: {weights.GENERATOR.install}"
            detail = f"{weights.GENERATOR.name}, checksum right; {command}"
        else:
            detail = str(weights.locate(settings.generator))
        return Check(name, True, detail, needed=False)
    except SourceboundError as error:
        return Check(name, False, str(error), weights.GENERATOR.install, needed=False)


def _endpoint(name: str, settings: Settings) -> Check:
    notice = endpoint.notice(settings.endpoint)
    mend = f"Start the server, and set `generator` to one of its models, or to {NO_GENERATOR!r}."
    try:
        model = endpoint.EndpointGenerator(settings.generator, settings.endpoint)
        there = model.models()
    except SourceboundError as error:
        return Check(name, False, f"{error} {notice}".strip(), mend, needed=False)
    # Ollama leaves out the tag of the newest.
    ok = bool({settings.generator, f"{settings.generator}:latest"} & set(there))
    more = (
        ""
        if ok
        else f" is not among the models that it lists: {', '.join(there[:_MODELS_NAMED]) or 'none'}"
    )
    return Check(name, ok, f"{model.identity}{more}. {notice}".strip(), mend, needed=False)


def _recognition(settings: Settings) -> Check:
    name = "text recognition"
    if not settings.languages:
        return Check(name, True, "switched off; scanned pages are reported", needed=False)
    there = ocr.version()
    detail = f"{there}, for {settings.languages}" if there else "missing"
    return Check(name, bool(there), detail, ocr.MISSING, needed=False)


def _room(settings: Settings) -> Check:
    folder = settings.library
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    detail = f"{free / 1024**3:.1f} GiB free at {folder}"
    return Check("room on the disk", free >= _ROOM_NEEDED, detail, "Free at least 1 GiB.")


def _library(settings: Settings) -> Check:
    from rag.library.folder import Library

    try:
        library = Library.open(settings.library)
        counts = library.catalogue.counts()
        library.close()
        return Check("library", True, f"{counts.documents} documents at {settings.library}")
    except SourceboundError as error:
        return Check("library", False, str(error), needed=False)
