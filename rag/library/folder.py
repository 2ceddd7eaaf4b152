"""A library folder: open, lock, check, repair, forget.

library/
  catalogue.sqlite     the single source of truth
  vectors.faiss/.json  the vector index and its stamp, derived
  words.npy/.json      the words index and its stamp, derived
  conversations.sqlite answers that are kept
  uploads/             files handed over in the page, named by their hash
  unpacked/            members of an archive while they are read
  writer.lock/.json    who is writing
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock
import numpy as np

from rag.errors import (
    DocumentUnknown,
    LibraryBusy,
    LibraryError,
    LibraryFull,
    LibraryMissing,
    WrongModel,
)
from rag.library.catalogue import Catalogue
from rag.library.conversations import CONVERSATIONS, Conversations, Gone, longest, words
from rag.library.derived import WORDING, Derived, Indexes
from rag.ports import Embedder
from rag.records import Document, ModelIdentity

CATALOGUE = "catalogue.sqlite"
UPLOADS = "uploads"
UNPACKED = "unpacked"
_HOLDER = "writer.json"
_NOTE_SECONDS = 0.5

_LOCK_SECONDS = 1.0
"""How long a second writer waits before it is told who holds the lock (promised: within 2 s)."""

_CANARY = "The quick brown fox jumps over the lazy dog near the river bank."
_CANARY_SAME_DTYPE = 0.999
_CANARY_OTHER_DTYPE = 0.99


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What `forget` did: `words_checked` words that only this document held were looked for in
    every byte of every file of the library; `traces` names the files where one still stood.
    """

    document: Document
    chunks: int
    words_checked: int
    traces: tuple[str, ...]


class Library:
    """One library. Readers need no lock; everything that writes happens inside `writing()`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.catalogue = Catalogue(path / CATALOGUE)
        self.conversations = Conversations(path / CONVERSATIONS)
        self._derived = Derived(path, self.catalogue)
        self._who: dict[str, Any] = {}
        self._noted = 0.0

    # -- opening -----------------------------------------------------------------------------

    @classmethod
    def open(cls, path: Path) -> Library:
        """Open an existing library. Raises `LibraryMissing`, or `LibraryError` when damaged."""
        library = cls(path)
        # A load that was killed at its very beginning leaves a file without tables.
        if not (path / CATALOGUE).is_file() or library.catalogue.is_new():
            raise LibraryMissing(
                f"There is no library at {path} yet. Load your documents first: "
                f"rag load FOLDER --library {path}"
            )
        library.catalogue.check_schema()
        return library

    @classmethod
    def create(cls, path: Path) -> Library:
        """Open the library, making it where it is missing."""
        library = cls(path)
        if (path / CATALOGUE).is_file() and not library.catalogue.is_new():
            library.catalogue.check_schema()
            return library
        try:
            path.mkdir(parents=True, exist_ok=True)
            # Documents are private: nobody else on the machine may read what was loaded.
            path.chmod(0o700)
        except OSError as error:
            raise explain(error, path) from error
        with library._locked():
            if library.catalogue.is_new():
                library.catalogue.create()
        library.catalogue.check_schema()
        return library

    def close(self) -> None:
        self.catalogue.close()

    # -- writing -----------------------------------------------------------------------------

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the writer lock. Raises `LibraryBusy` within 2 s, naming who holds it."""
        with self._locked():
            yield

    @contextmanager
    def _locked(self) -> Iterator[None]:
        # The lock is the operating system's: it ends with its process, however that ends.
        lock = filelock.FileLock(self.path / "writer.lock", timeout=_LOCK_SECONDS)
        try:
            lock.acquire()
        except filelock.Timeout:
            raise LibraryBusy(
                f"{self._holder()} is writing to the library at {self.path}. "
                "Wait for it to end, then run the same command again. Asking works meanwhile."
            ) from None
        except OSError as error:
            raise explain(error, self.path) from error
        note = self.path / _HOLDER
        try:
            verb = next((word for word in sys.argv[1:2] if word.isalpha()), "")
            program = Path(sys.argv[0]).name or "python"
            who = {"pid": os.getpid(), "command": f"{program} {verb}".strip(), "since": time.time()}
            note.write_text(json.dumps(who), encoding="utf-8")
            self._who = who
            yield
        except OSError as error:
            raise explain(error, self.path) from error
        finally:
            note.unlink(missing_ok=True)
            lock.release()

    def note_progress(self, step: str, done: int, total: int) -> None:
        """Tell others how far the writer is; only the writer calls this, as often as it likes."""
        now = time.monotonic()
        if now < self._noted + _NOTE_SECONDS and done < total:
            return
        self._noted = now
        aside = self.path / f"{_HOLDER}.new"
        aside.write_text(json.dumps({**self._who, "step": step, "done": done, "total": total}))
        os.replace(aside, self.path / _HOLDER)

    def writer(self) -> dict[str, Any] | None:
        """Who is writing and how far: "pid", "command", "since", then "step", "done", "total".

        None when nobody is.
        """
        lock = filelock.FileLock(self.path / "writer.lock", timeout=0)
        try:
            lock.acquire()
        except filelock.Timeout:
            with suppress(OSError, ValueError):
                return dict(json.loads((self.path / _HOLDER).read_text(encoding="utf-8")))
            return {}
        except OSError:  # a place where nobody can write
            return None
        lock.release()
        return None

    def _holder(self) -> str:
        try:
            who = json.loads((self.path / _HOLDER).read_text(encoding="utf-8"))
            since = time.strftime("%H:%M:%S", time.localtime(who["since"]))
            return f"Process {who['pid']} ({who['command']}, since {since})"
        except (OSError, ValueError, KeyError, TypeError):
            return "Another process"

    # -- vectors -----------------------------------------------------------------------------

    def check_embedder(self, identity: ModelIdentity) -> None:
        """Raise `WrongModel` unless the library's vectors were made by that model."""
        recorded = self.catalogue.embedder
        if recorded is None or recorded.comparable(identity):
            return
        raise WrongModel(
            f"The library at {self.path} was made with {recorded}, pooling {recorded.pooling}; "
            f"the embedding model set now is {identity}, pooling {identity.pooling}. Vectors of "
            "two models cannot be compared, even when they are equally long. Two ways out: set "
            f"the first model again (--embedder {recorded.name}), or load the documents into a "
            "new library (rag load FOLDER --library NEW)."
        )

    def check_canary(self, embedder: Embedder) -> None:
        """Raise `WrongModel` when a stored sentence does not come out as it did at load.

        The same weights can still compute something else: another number type is fine to 0.99,
        a broken installation is not.
        """
        stored = self.catalogue.meta("canary")
        recorded = self.catalogue.embedder
        if stored is None or recorded is None:
            return
        before = np.frombuffer(base64.b64decode(stored), dtype="<f4")
        cosine = float(before @ embedder.embed_question(_CANARY))
        same = recorded.dtype == embedder.identity.dtype
        if cosine < (_CANARY_SAME_DTYPE if same else _CANARY_OTHER_DTYPE):
            raise WrongModel(
                f"The model {embedder.identity} computes other vectors than it did when the "
                f"library at {self.path} was made (cosine {cosine:.3f}). Run `rag doctor`, or "
                "load the documents into a new library (rag load FOLDER --library NEW)."
            )

    def record_embedder(self, embedder: Embedder) -> None:
        """Remember who makes the vectors; inside a transaction, before the first vectors."""
        canary = embedder.embed_question(_CANARY).astype("<f4").tobytes()
        self.catalogue.set_embedder(embedder.identity)
        self.catalogue.set_meta("canary", base64.b64encode(canary).decode())

    # -- what is derived from the catalogue --------------------------------------------------

    def indexes(self) -> Indexes:
        """Words index, vector index and owners of the current generation.

        Call inside `catalogue.reading()`, so that all belong together.
        """
        return self._derived.current()

    def save_indexes(self) -> None:
        """Write the indexes of the current generation; only the writer calls this."""
        with self.catalogue.reading():
            self._derived.save()

    # -- integrity ---------------------------------------------------------------------------

    def verify(self) -> list[str]:
        """Everything that is wrong, in words; changes nothing."""
        try:
            found = self.catalogue.problems()
            with self.catalogue.reading():
                found += self._derived.problems()
                pending = self.catalogue.unembedded_documents()
                if pending:
                    found.append(
                        f"vectors: {len(pending)} documents are found by their words only, "
                        "until the next `rag load` of their folder"
                    )
            found += self.conversations.problems()
        except sqlite3.OperationalError as error:
            raise LibraryBusy(
                f"The library at {self.path} could not be checked ({error}). "
                "Wait until the other command ends, then run `rag verify` again."
            ) from error
        except sqlite3.DatabaseError as error:
            found = [f"catalogue: {error}"]
        return found

    def recall(self) -> tuple[str, float]:
        """Kind of the vector index ("exact", "approximate") and its recall@10, measured now."""
        with self.catalogue.reading():
            indexes = self.indexes()
            return indexes.vectors.kind, indexes.recall()

    def repair(self) -> list[str]:
        """Rebuild everything derived; returns what is still wrong afterwards."""
        with self._locked():
            try:
                with self.catalogue.writing():
                    self.catalogue.rebuild_derived()
                self.catalogue.scrub()
            except sqlite3.DatabaseError as error:
                raise LibraryError(
                    f"The catalogue of {self.path} is damaged ({error}) and cannot be rebuilt from "
                    "anything. Put a copy back, or load the documents into a new library with "
                    "`rag load`."
                ) from error
            self.conversations.clear()
            self._derived.discard()
            self.save_indexes()
            return self.verify()

    def forget(self, name: str) -> Forgotten:
        """Remove a document with everything derived from it, and prove it.

        Raises `DocumentUnknown`; `LibraryBusy` when a reader keeps the journal from being emptied.
        """
        with self._locked():
            document = self.catalogue.document(name)
            if document is None:
                raise DocumentUnknown(unknown(self, name))
            _, chunks, _ = self.catalogue.document_account(document.id)
            text = "".join(page.text for page in self.catalogue.pages(document.id))
            uploads = self.uploads(document.id)
            gone = self.leaving([document.id])
            self.erase_kept(gone)
            with self.catalogue.writing():
                self.catalogue.remove_document(document.id)
            for upload in uploads:
                upload.unlink(missing_ok=True)
                with suppress(OSError):
                    upload.parent.rmdir()
            shutil.rmtree(self.path / UNPACKED, ignore_errors=True)  # of a load that was killed
            self.catalogue.scrub()
            self.erase_kept(gone, removed=True)
            self._derived.discard()
            self.save_indexes()
            # Words of our own files: derived ones, kept answers, and who holds the lock.
            ours = WORDING + (self.path / _HOLDER).read_text(encoding="utf-8").lower()
            ours += self.conversations.wording()
            absent = self.catalogue.absent_words(
                [word for word in longest(words(text)) if word not in ours]
            )
            return Forgotten(document, chunks, len(absent), tuple(self._traces(absent)))

    def leaving(self, identities: Sequence[str]) -> Gone:
        """What has to leave the kept answers when these documents leave the library."""
        found = self.catalogue.documents_by_id(identities)
        names = {name for each in found.values() for name in (each.name, *each.also)}
        texts = (page.text for identity in identities for page in self.catalogue.pages(identity))
        return Gone(frozenset(identities), frozenset(names), frozenset().union(*map(words, texts)))

    def erase_kept(self, gone: Gone, *, removed: bool = False) -> None:
        """Take documents out of the answers kept here, and by libraries asked together with this.

        To be called before the documents are removed, so that a removal that is cut short leaves
        nothing kept, and with `removed` after it: then an answer that was given meanwhile goes as
        well, and what holds words that no document holds any more. Raises `LibraryError`.
        """
        if not gone.documents:
            return
        self.conversations.erase(gone, absent=self.catalogue.absent_words if removed else None)
        home = str(self.path.resolve())
        for path in self.conversations.elsewhere():
            Conversations(Path(path) / CONVERSATIONS).erase(gone, home)

    def uploads(self, identity: str) -> list[Path]:
        """The files that were handed over in the page and hold a document, archives included."""
        folder = self.path.resolve() / UPLOADS
        files = {file_of(place.path) for place in self.catalogue.places(identity)}
        inside = {file for file in files if folder in file.parents}
        return sorted(inside | set((folder / identity).glob("*")))

    def _traces(self, words: list[str]) -> Iterator[str]:
        needles = [word.encode() for word in words]
        for file in sorted(path for path in self.path.rglob("*") if path.is_file()):
            content = file.read_bytes().lower()
            if any(needle in content for needle in needles):
                yield file.relative_to(self.path).as_posix()


def file_of(path: str) -> Path:
    """The file on disk for a place: itself, or the archive that it is a member of.

    Raises `OSError` where the system does not let us look.
    """
    at = Path(path)
    return next((each for each in at.parents if each.is_file()), at)


def unknown(library: Library, name: str) -> str:
    """The sentence that tells there is no such document, with the nearest names."""
    import difflib

    names = [document.name for document in library.catalogue.documents()]
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.4)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    return (
        f"No document named {name!r} is in the library at {library.path}.{hint} "
        "`rag show` without a name lists them."
    )


def explain(error: OSError, path: Path) -> Exception:
    """Turn the operating system's word for it into what a person can do about it."""
    import errno

    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return LibraryFull(
            f"The disk that holds {path} is full. What was loaded before stays; free some space "
            "and run the same command again."
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
        return LibraryError(
            f"The library at {path} cannot be written ({error.strerror}). Check the folder's "
            "permissions, or choose another one with --library."
        )
    return error
