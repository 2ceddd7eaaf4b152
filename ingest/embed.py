"""Vectors for what was stored: in groups of documents, a bit at a time, between the files."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rag.library.catalogue import StoredVectors, as_stored
from rag.library.folder import Library
from rag.ports import Embedder, PassageText

_AT_ONCE = 256
"""Chunks: enough for batches of like length, few enough for new words to be stored in between."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a load is: files accounted for, then chunks that got their vectors."""

    step: str
    done: int
    total: int


class Embedding:
    """Documents whose vectors are missing, and the model that makes them."""

    def __init__(
        self,
        library: Library,
        embedder: Callable[[], Embedder],
        on_progress: Callable[[Progress], None],
    ) -> None:
        self._library = library
        self._catalogue = library.catalogue
        self._make = embedder
        self._model: Embedder | None = None
        self._on_progress = on_progress
        self._groups: deque[list[str]] = deque()
        self._group: list[str] = []
        self._group_chunks = 0

    def model(self) -> Embedder:
        """The embedding model, made when it is first needed.

        Raises `WrongModel` where the library's vectors are another's.
        """
        if self._model is None:
            self._model = self._make()
            self._library.check_embedder(self._model.identity)
            self._library.check_canary(self._model)
        return self._model

    def wait_for(self, identity: str) -> None:
        """Put a document into the group that is embedded together.

        Groups follow from the order of the files alone, never from how fast they were read: what
        else is in a batch moves a bfloat16 vector by up to 2e-3.
        """
        self._group.append(identity)
        self._group_chunks += self._catalogue.document_account(identity)[1]
        if self._group_chunks >= _AT_ONCE:
            self.end_group()

    def end_group(self) -> None:
        """Let what waits be embedded without more beside it."""
        if self._group:
            self._groups.append(self._group)
            self._group, self._group_chunks = [], 0

    def steps(self) -> Iterator[bool]:
        """Embed the groups that are complete, a bit with each step; False when there is none."""
        done = 0
        while True:
            if not self._groups:
                yield False
                continue
            rows: list[tuple[str, int, PassageText]] = [
                (identity, key, text)
                for identity in self._catalogue.lacking_vectors(self._groups.popleft())
                for key, text in self._catalogue.passage_texts(identity)
            ]
            if not rows:
                continue
            model = self.model()
            if self._catalogue.embedder is None:
                with self._catalogue.writing():
                    self._library.record_embedder(model)
            found: dict[str, dict[int, StoredVectors]] = {}
            for start in range(0, len(rows), _AT_ONCE):
                some = rows[start : start + _AT_ONCE]
                vectors = model.embed_passages([text for _, _, text in some])
                for (identity, key, _), vector in zip(some, vectors, strict=True):
                    found.setdefault(identity, {})[key] = as_stored(vector)
                done += len(some)
                if start + len(some) < len(rows):
                    yield True
            with self._catalogue.writing():
                # What was replaced meanwhile waits in a later group.
                for identity in self._catalogue.lacking_vectors(list(found)):
                    keys = [key for key, _ in self._catalogue.passage_texts(identity)]
                    if keys == list(found[identity]):
                        self._catalogue.add_vectors(identity, found[identity])
            self._on_progress(Progress("embedding", done, self._total(done)))
            yield True

    def _total(self, done: int) -> int:
        counts = self._catalogue.counts()
        return done + counts.chunks - counts.embedded_chunks
