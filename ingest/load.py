"""Folders to library: every file gets exactly one outcome, and the outcomes add up.

A document's text, chunks and words are committed as soon as it is read, its vectors shortly after;
a load that is killed in between is finished by the next one.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ingest.admit import content_hash, media_type, walk
from ingest.chunk import CAPACITY, VERSION, Chunker
from ingest.parsed import Parsed
from ingest.readers import READER
from rag.errors import FileRefused, SettingsError
from rag.library.catalogue import NewDocument, Place, Refusal
from rag.library.folder import Library
from rag.ports import Embedder, PassageText, PassageVectors
from rag.records import Document, FileReport, LoadOutcome

MADE_BY = f"{READER}, {VERSION}, {CAPACITY} tokens"

_EMBED_AT_ONCE = 512
"""Chunks: enough for batches of like length, few enough to hold in memory and to lose by a kill."""


class FileParser(Protocol):
    """Reads one file. Raises `FileRefused`."""

    def parse(self, path: Path, media_type: str) -> Parsed: ...


@dataclass(slots=True)
class Summary:
    """Outcome counts of one load; they add up to `files`."""

    counts: Counter[LoadOutcome] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def files(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a load is: files accounted for, then chunks that got their vectors."""

    step: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    root: Path
    relative: str


def load(
    paths: Sequence[Path],
    library: Library,
    embedder: Callable[[], Embedder],
    parser: FileParser,
    *,
    prune: bool = False,
    largest_file: int = 200 * 1024 * 1024,
    on_file: Callable[[FileReport], None] = lambda report: None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Summary:
    """Load folders and files; only what is new or changed is read.

    The embedder is asked for when the first text needs it. `prune` removes documents whose file is
    gone from a loaded folder. Raises `SettingsError` for a path that does not exist, and what
    `Library.writing` raises.
    """
    began = time.monotonic()
    for path in paths:
        if not path.exists():
            raise SettingsError(f"There is nothing at {path}. Give a folder or a file that exists.")
    with library.writing():
        run = _Load(library, embedder, parser, largest_file, on_file, on_progress)
        files = list(run.list_files(paths))
        for number, file in enumerate(files):
            on_progress(Progress("reading", number, len(files)))
            run.take(file)
        on_progress(Progress("reading", len(files), len(files)))
        if prune:
            run.prune(paths, {_text(str(file.path)) for file in files})
        run.embed(everything=True)
        library.save_index()
    run.summary.seconds = time.monotonic() - began
    return run.summary


class _Load:
    """One run: what it was given, and the account so far."""

    def __init__(
        self,
        library: Library,
        embedder: Callable[[], Embedder],
        parser: FileParser,
        largest_file: int,
        on_file: Callable[[FileReport], None],
        on_progress: Callable[[Progress], None],
    ) -> None:
        self.library = library
        self.catalogue = library.catalogue
        self.summary = Summary()
        self._make_embedder = embedder
        self._embedder: Embedder | None = None
        self._chunker: Chunker | None = None
        self._parser = parser
        self._largest_file = largest_file
        self._on_file = on_file
        self._on_progress = on_progress
        self._waiting = 0
        self._known = {place.path: place for place in self.catalogue.places()}
        self._names = {place.name: place.path for place in self._known.values()}
        self._refused = {refusal.path: refusal for refusal in self.catalogue.refusals()}

    def list_files(self, paths: Iterable[Path]) -> Iterable[_File]:
        """Every file below the paths, once, in a fixed order."""
        seen: set[str] = set()
        library = self.library.path.resolve()
        for given in paths:
            root = given.resolve()
            # A library inside the loaded folder is no document; what is named inside it is.
            named = root == library or library in root.parents
            for path in walk(root):
                if str(path) not in seen and (named or library not in path.parents):
                    seen.add(str(path))
                    home = root if root.is_dir() else root.parent
                    yield _File(path, home, _text(path.relative_to(home).as_posix()))

    # -- one file ----------------------------------------------------------------------------

    def take(self, file: _File) -> None:
        """Load one file and account for it."""
        began = time.monotonic()
        try:
            outcome, document_id = self._take(file)
            pages, chunks, reason = self.catalogue.document_account(document_id)
            name = self._known[str(file.path)].name
            report = FileReport(name, outcome, reason, pages, chunks)
        except FileRefused as refused:
            report = FileReport(
                file.relative, LoadOutcome.REFUSED, self._refuse(file, str(refused))
            )
        seconds = time.monotonic() - began
        self._account(
            FileReport(
                report.name, report.outcome, report.reason, report.pages, report.chunks, seconds
            )
        )
        self.embed()

    def _take(self, file: _File) -> tuple[LoadOutcome, str]:
        if _text(str(file.path)) != str(file.path):
            raise FileRefused("its name or that of a folder is not UTF-8; rename it")
        kind = media_type(file.path, self._largest_file)
        identity = content_hash(file.path)
        before = self._known.get(str(file.path))
        current = self.catalogue.document_reader(identity) == MADE_BY
        if current and before and before.document_id == identity:
            if before.path in self._refused:  # it was unreadable in between
                with self.catalogue.writing():
                    self.catalogue.remove_refusal(before.path)
            return LoadOutcome.UNCHANGED, identity
        if current:
            others = self.catalogue.places(identity)
            gone = [place for place in others if _is_gone(place.path)]
            with self.catalogue.writing():
                self._place(file, identity)
                for place in gone:
                    self._leave(place)
                if before:
                    self.catalogue.drop_if_placeless(before.document_id)
            if before:
                return LoadOutcome.UPDATED, identity
            return (LoadOutcome.MOVED if gone else LoadOutcome.DUPLICATE), identity
        new = self._read(file, identity, kind)
        fresh = not self.catalogue.has_document(identity) and before is None
        with self.catalogue.writing():
            kept = self.catalogue.places(identity)
            if self.catalogue.has_document(identity):
                self.catalogue.remove_document(identity)
            self.catalogue.add_document(new)
            for place in kept:
                self.catalogue.add_place(place)
            self._place(file, identity)
            if before and before.document_id != identity:
                self.catalogue.drop_if_placeless(before.document_id)
        self._waiting += len(new.chunks)
        return (LoadOutcome.ADDED if fresh else LoadOutcome.UPDATED), identity

    def _read(self, file: _File, identity: str, kind: str) -> NewDocument:
        parsed = self._parser.parse(file.path, kind)
        chunks = self._cutter().chunks(identity, parsed)
        if not chunks:
            raise FileRefused("it holds no text")
        document = Document(
            identity, file.relative, parsed.title, parsed.media_type, parsed.page_count
        )
        return NewDocument(document, parsed.pages, chunks, MADE_BY, parsed.reason)

    def _refuse(self, file: _File, reason: str) -> str:
        place = self._known.get(str(file.path))
        if place is not None:
            reason = f"{reason}; what was loaded from it before is kept"
        try:
            status = file.path.lstat()
            size, mtime = status.st_size, status.st_mtime_ns
        except OSError:
            size, mtime = 0, 0
        refusal = Refusal(
            _text(str(file.path)),
            file.relative,
            _text(str(file.root)),
            reason,
            size,
            mtime,
            MADE_BY,
        )
        if self._refused.get(refusal.path) != refusal:
            with self.catalogue.writing():
                self.catalogue.add_refusal(refusal)
        return reason

    # -- places and names --------------------------------------------------------------------

    def _place(self, file: _File, identity: str) -> None:
        path = str(file.path)
        before = self._known.get(path)
        name = before.name if before else self._name(file)
        try:
            status = file.path.stat()
        except OSError as error:
            raise FileRefused("it went away while it was read") from error
        place = Place(path, name, str(file.root), identity, status.st_size, status.st_mtime_ns)
        self.catalogue.add_place(place)
        self._known[path] = place
        self._names[name] = path

    def _leave(self, place: Place) -> None:
        self.catalogue.remove_place(place.path)
        self._known.pop(place.path, None)
        self._names.pop(place.name, None)

    def _name(self, file: _File) -> str:
        """The path below the loaded folder; with as many parents in front as tell it apart."""
        name = file.relative
        for parent in [file.root, *file.root.parents]:
            if name not in self._names:
                return name
            name = f"{parent.name}/{name}"
        return str(file.path)

    def prune(self, paths: Iterable[Path], seen: set[str]) -> None:
        """Remove what was loaded from these folders and is no longer there."""
        roots = [path.resolve() for path in paths]
        removed = False
        for place in list(self._known.values()):
            path = Path(place.path)
            inside = any(path == root or root in path.parents for root in roots)
            # A folder that could not be listed was seen itself: what lies in it is not gone.
            if not inside or place.path in seen or any(str(at) in seen for at in path.parents):
                continue
            pages, chunks, _ = self.catalogue.document_account(place.document_id)
            with self.catalogue.writing():
                self._leave(place)
            removed = True
            self._account(FileReport(place.name, LoadOutcome.REMOVED, None, pages, chunks))
        for refusal in self.catalogue.refusals():
            path = Path(refusal.path)
            if refusal.path not in seen and any(root in path.parents for root in roots):
                with self.catalogue.writing():
                    self.catalogue.remove_refusal(refusal.path)
        if removed:
            self.catalogue.scrub()

    def _account(self, report: FileReport) -> None:
        self.summary.counts[report.outcome] += 1
        self._on_file(report)

    # -- vectors -----------------------------------------------------------------------------

    def _model(self) -> Embedder:
        if self._embedder is None:
            self._embedder = self._make_embedder()
            self.library.check_embedder(self._embedder.identity)
            self.library.check_canary(self._embedder)
        return self._embedder

    def _cutter(self) -> Chunker:
        if self._chunker is None:
            model = self._model()
            self._chunker = Chunker(model.tokenizer, model.window)
        return self._chunker

    def embed(self, *, everything: bool = False) -> None:
        """Make the vectors of documents that lack them, once enough have gathered."""
        if not everything and self._waiting < _EMBED_AT_ONCE:
            return
        pending = self.catalogue.unembedded_documents()
        total = self._waiting
        done = 0
        batch: list[tuple[str, list[tuple[int, PassageText]]]] = []
        for identity in pending:
            batch.append((identity, self.catalogue.passage_texts(identity)))
            size = sum(len(texts) for _, texts in batch)
            if size >= _EMBED_AT_ONCE or identity == pending[-1]:
                self._embed(batch)
                done += size
                self._on_progress(Progress("embedding", done, max(done, total)))
                batch = []
        self._waiting = 0

    def _embed(self, batch: Sequence[tuple[str, list[tuple[int, PassageText]]]]) -> None:
        model = self._model()
        if self.catalogue.embedder is None:
            with self.catalogue.writing():
                self.library.record_embedder(model)
        vectors = iter(model.embed_passages([text for _, texts in batch for _, text in texts]))
        rows: list[tuple[str, dict[int, PassageVectors]]] = [
            (identity, {key: next(vectors) for key, _ in texts}) for identity, texts in batch
        ]
        with self.catalogue.writing():
            for identity, found in rows:
                self.catalogue.add_vectors(identity, found)


def _is_gone(path: str) -> bool:
    """Whether the file is gone for certain; one that may not be looked at is still there."""
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def _text(path: str) -> str:
    """The path as it can be stored: bytes of a name that are no UTF-8 are written out."""
    return path.encode("utf-8", "backslashreplace").decode()
