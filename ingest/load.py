"""Folders to library: every file gets exactly one outcome, and the outcomes add up.

A document's text, chunks and words are committed as soon as it is read, its vectors shortly after;
a load that is killed in between is finished by the next one.
"""

from __future__ import annotations

import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ingest.admit import archive_type, leaves, walk
from ingest.ahead import Ahead
from ingest.embed import Embedding, Progress
from ingest.files import File, FileParser, as_text
from ingest.look import Look, Looked, kept
from ingest.parse import Cutting
from rag.errors import SettingsError
from rag.library.catalogue import Place, Refusal
from rag.library.folder import UNPACKED, Library, file_of
from rag.ports import Embedder
from rag.records import FileReport, LoadOutcome

_CHARACTERS_AHEAD = 4_000_000
"""Text that may wait between reading and storing: some thousand pages."""


@dataclass(slots=True)
class Summary:
    """Outcome counts of one load; they add up to `files`."""

    counts: Counter[LoadOutcome] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def files(self) -> int:
        return sum(self.counts.values())


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
        run.take_all(files)
        if prune:
            run.prune(paths, {as_text(str(file.path)) for file in files})
        library.save_indexes()
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
        self._parser = parser
        self._on_file = on_file
        self._tell_progress = on_progress
        self._known = {place.path: place for place in self.catalogue.places()}
        self._names = {place.name: place.path for place in self._known.values()}
        self._refused = {refusal.path: refusal for refusal in self.catalogue.refusals()}
        self._embedding = Embedding(library, embedder, self._on_progress)
        self._workspace = library.path / UNPACKED
        self._look = Look(
            self.catalogue, parser, self._known, self._refused, largest_file, self._workspace
        )

    def list_files(self, paths: Iterable[Path]) -> Iterable[File]:
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
                    file = File(path, home, as_text(path.relative_to(home).as_posix()))
                    packed = archive_type(path) and not leaves(path, home)
                    yield from self._look.inside(file) if packed else [file]

    # -- files -------------------------------------------------------------------------------

    def take_all(self, files: Sequence[File]) -> None:
        """Load the files, in their order, and make all vectors that are missing.

        Reading runs ahead in another thread and its child process. Text is stored as soon as it is
        there; while there is none, vectors are made.
        """
        shutil.rmtree(self._workspace, ignore_errors=True)  # of a load that was killed
        self._look.unpacks(files)
        for archive in {str(file.archive) for file in files if file.archive} & set(self._refused):
            with self.catalogue.writing():  # it could not be opened before, and can be now
                self.catalogue.remove_refusal(archive)
        known = {file: self._look.at_once(file) for file in files}
        # Here and not in the other thread: where models come from may care who asks.
        if any(looked is None and self._look.needs_reading(file) for file, looked in known.items()):
            model = self._embedding.model()
            tokenizer = None if model.tokenizer is None else model.tokenizer.to_str()
            self._look.cutting = Cutting(tokenizer, model.window)
        for identity in self.catalogue.unembedded_documents():
            self._embedding.wait_for(identity)
        self._embedding.end_group()
        vectors = self._embedding.steps()

        def look(file: File) -> Looked:
            return known[file] or self._look.closely(file)

        with Ahead(files, look, lambda looked: looked.characters, _CHARACTERS_AHEAD) as ahead:
            taken = 0
            try:
                while not ahead.done:
                    if not ahead.ready and next(vectors):
                        continue
                    self._on_progress(Progress("reading", taken, len(files)))
                    self._take(ahead.take())
                    taken += 1
            except BaseException:
                self._parser.stop()
                raise
        shutil.rmtree(self._workspace, ignore_errors=True)
        self._on_progress(Progress("reading", len(files), len(files)))
        self._embedding.end_group()
        while next(vectors):
            pass

    def _take(self, looked: Looked) -> None:
        """Store what was found out about a file, and account for it."""
        began = time.monotonic()
        gone = not self.catalogue.has_document(looked.identity)
        if looked.new is None and looked.refused is None and gone:
            # It was there when the file was looked at; then its last place got other content.
            looked = self._look.closely(looked.file, anew=True)
        if looked.refused is not None:
            outcome, name, pages, chunks = LoadOutcome.REFUSED, looked.file.relative, None, 0
            reason: str | None = self._refuse(looked)
        else:
            outcome = self._store(looked)
            pages, chunks, reason = self.catalogue.document_account(looked.identity)
            if outcome in (LoadOutcome.ADDED, LoadOutcome.UPDATED):
                reason = "; ".join(filter(None, [reason, self._alike(looked.identity)])) or None
            name = self._known[str(looked.file.path)].name
        seconds = looked.seconds + time.monotonic() - began
        self._account(FileReport(name, outcome, reason, pages, chunks, seconds))

    def _store(self, looked: Looked) -> LoadOutcome:
        identity = looked.identity
        before = self._known.get(str(looked.file.path))
        if looked.new is None and before and before.document_id == identity:
            self._check_again(looked, before)
            return LoadOutcome.UNCHANGED
        if looked.new is None:
            others = self.catalogue.places(identity)
            gone = [place for place in others if _is_gone(place.path)]
            with self.catalogue.writing():
                self._place(looked)
                for place in gone:
                    self._leave(place)
                if before:
                    self.catalogue.drop_if_placeless(before.document_id)
            if before:
                return LoadOutcome.UPDATED
            return LoadOutcome.MOVED if gone else LoadOutcome.DUPLICATE
        fresh = not self.catalogue.has_document(identity) and before is None
        with self.catalogue.writing():
            places = self.catalogue.places(identity)
            if self.catalogue.has_document(identity):
                self.catalogue.remove_document(identity)
            self.catalogue.add_document(looked.new)
            for place in places:
                self.catalogue.add_place(place)
            self._place(looked)
            if before and before.document_id != identity:
                self.catalogue.drop_if_placeless(before.document_id)
        self._embedding.wait_for(identity)
        return LoadOutcome.ADDED if fresh else LoadOutcome.UPDATED

    def _alike(self, identity: str) -> str:
        """Which documents say nearly the same, in words."""
        found = self.catalogue.similar(identity)
        if not found:
            return ""
        nearest = self.catalogue.documents_by_id([found[0][0]])[found[0][0]]
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        return f"nearly the same text as {nearest.name}{more} ({found[0][1]:.0%})"

    def _check_again(self, looked: Looked, before: Place) -> None:
        """Note what changed about a file whose bytes did not: its time, or that it can be read."""
        if before.path in self._refused:
            with self.catalogue.writing():
                self._place(looked)
        elif not looked.unchanged:
            self.catalogue.note_checked(
                before.path, looked.size, looked.mtime_ns, looked.checked_ns
            )

    def _refuse(self, looked: Looked) -> str:
        file, reason = looked.file, looked.refused or ""
        if str(file.path) in self._known:
            reason = kept(reason)
        refusal = Refusal(
            as_text(str(file.path)),
            file.relative,
            as_text(str(file.root)),
            reason,
            looked.size,
            looked.mtime_ns,
            looked.checked_ns,
            self._look.refuser,
        )
        if self._refused.get(refusal.path) != refusal:
            with self.catalogue.writing():
                self.catalogue.add_refusal(refusal)
        return reason

    # -- places and names --------------------------------------------------------------------

    def _place(self, looked: Looked) -> None:
        path = str(looked.file.path)
        before = self._known.get(path)
        name = before.name if before else self._name(looked.file)
        place = Place(
            path,
            name,
            str(looked.file.root),
            looked.identity,
            looked.size,
            looked.mtime_ns,
            looked.checked_ns,
        )
        self.catalogue.add_place(place)
        self._known[path] = place
        self._names[name] = path

    def _leave(self, place: Place) -> None:
        self.catalogue.remove_place(place.path)
        self._known.pop(place.path, None)
        self._names.pop(place.name, None)

    def _name(self, file: File) -> str:
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
        leaving = []
        for place in self._known.values():
            path = Path(place.path)
            inside = any(path == root or root in path.parents for root in roots)
            # A folder that could not be listed was seen itself: what lies in it is not gone.
            if not inside or place.path in seen or any(str(at) in seen for at in path.parents):
                continue
            leaving.append(place)
        paths_left = self._known.keys() - {place.path for place in leaving}
        staying = {self._known[path].document_id for path in paths_left}
        gone = self.library.leaving(sorted({each.document_id for each in leaving} - staying))
        self.library.erase_kept(gone)
        for place in leaving:
            pages, chunks, _ = self.catalogue.document_account(place.document_id)
            with self.catalogue.writing():
                self._leave(place)
            self._account(FileReport(place.name, LoadOutcome.REMOVED, None, pages, chunks))
        for refusal in self.catalogue.refusals():
            path = Path(refusal.path)
            if refusal.path not in seen and any(root in path.parents for root in roots):
                with self.catalogue.writing():
                    self.catalogue.remove_refusal(refusal.path)
        if leaving:
            self.catalogue.scrub()
            self.library.erase_kept(gone, removed=True)

    def _on_progress(self, at: Progress) -> None:
        self.library.note_progress(at.step, at.done, at.total)
        self._tell_progress(at)

    def _account(self, report: FileReport) -> None:
        self.summary.counts[report.outcome] += 1
        self._on_file(report)


def _is_gone(path: str) -> bool:
    """Whether the file is gone for certain; one that may not be looked at is still there."""
    try:
        os.stat(file_of(path))
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False
