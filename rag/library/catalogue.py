"""The catalogue: documents, places, pages, chunks, words and vectors in one SQLite file.

A document's text, chunks and words are committed in one transaction and its vectors in a second.
A document between the two is marked, is found by its words, and is finished by the next load.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from rag.errors import LibraryBusy, LibraryError, LibraryFull
from rag.library import schema
from rag.ports import PassageText, PassageVectors, Vector, Vectors
from rag.records import Chunk, Document, ModelIdentity, Page, Span
from rag.terms import ENGLISH, terms

T = TypeVar("T")
Keys = npt.NDArray[np.int64]

SIMILAR = 0.8
"""Share of their text that two documents have in common to be called nearly the same."""

_BAND = 6  # hashes; with 20 bands of them the chance to be found rises steeply at a share of .6
_MOST_CANDIDATES = 50
_VECTORS_AT_ONCE = 4096
_PAST = 10_000  # generations whose state is remembered
_SQL_VARIABLES = 500  # well below SQLite's limit on variables in one statement


@dataclass(frozen=True, slots=True)
class Place:
    """One file in which a document was found.

    `mtime_ns` is the file's time, `checked_ns` when its bytes were hashed, both in nanoseconds.
    """

    path: str
    name: str
    root: str
    document_id: str
    size: int
    mtime_ns: int
    checked_ns: int = 0


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file that could not be loaded, and why."""

    path: str
    name: str
    root: str
    reason: str
    size: int
    mtime_ns: int
    checked_ns: int
    reader: str


@dataclass(frozen=True, slots=True)
class NewChunk:
    """A chunk on its way into the catalogue.

    `sentences` are spans inside its text, `places` where each of them stands in the file; "" or no
    place at all where page and headings say it. `terms` are those of `rag.terms` for context and
    text, separated by spaces.
    """

    chunk: Chunk
    context: str
    sentences: tuple[Span, ...]
    places: tuple[str, ...] = ()
    terms: str = ""


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A parsed and chunked document on its way into the catalogue."""

    document: Document
    pages: tuple[Page, ...]
    chunks: tuple[NewChunk, ...]
    reader: str
    reason: str | None = None
    sketch: bytes = b""
    language: str = ENGLISH


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A chunk with what the catalogue keeps about it; one place for each sentence.

    `sentence_vectors` has one unit row per sentence, None while the document is not embedded.
    `terms` are those of the words index, in order, context first.
    """

    key: int
    document: Document
    chunk: Chunk
    sentences: tuple[Span, ...]
    places: tuple[str, ...]
    sentence_vectors: Vectors | None
    terms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outline:
    """Where a chunk stands: what is needed to order many of them."""

    id: str
    document_id: str
    page: int | None
    headings: tuple[str, ...]
    caption: str


@dataclass(frozen=True, slots=True)
class Counts:
    documents: int
    files: int
    pages: int
    chunks: int
    refused: int
    embedded_chunks: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A document as a row of the library's table; nothing of its text.

    `names` and `roots` belong together, the first place first; `size` is that of its file in bytes;
    `reason` says why parts of it could not be read; `embedded` whether meaning finds all of it.
    """

    id: str
    title: str
    media_type: str
    pages: int | None
    date: str
    reason: str | None
    embedded: bool
    chunks: int
    names: tuple[str, ...]
    roots: tuple[str, ...]
    size: int

    @property
    def name(self) -> str:
        return self.names[0]


class _Connection(sqlite3.Connection):
    """A connection that ends with the thread it belongs to, and can be kept weakly."""

    def __del__(self) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class StoredVectors:
    """The vectors of a chunk as bytes: float32 for the whole, int8 for its sentences.

    Beside eight sentence vectors in float32 a quarter, and a long filing has thousands of chunks.
    """

    whole: bytes
    spans: bytes


class Catalogue:
    """The SQLite file of a library. One connection per thread; one writer across processes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        # Weakly: a page has a thread for each visit, and their connections end with them.
        self._open: weakref.WeakSet[sqlite3.Connection] = weakref.WeakSet()

    # -- connections and transactions --------------------------------------------------------

    @property
    def _db(self) -> sqlite3.Connection:
        db: sqlite3.Connection | None = getattr(self._local, "db", None)
        if db is None:
            # check_same_thread is off only so that close() may be called from another thread.
            db = sqlite3.connect(
                self.path,
                timeout=2.0,
                isolation_level=None,
                check_same_thread=False,
                factory=_Connection,
            )
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            db.execute("PRAGMA foreign_keys = ON")
            # Freed pages are overwritten with zeros, so that what is deleted is gone.
            db.execute("PRAGMA secure_delete = ON")
            self._local.db = db
            self._open.add(db)
        return db

    def close(self) -> None:
        for db in list(self._open):
            db.close()
        self._open.clear()
        self._local = threading.local()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """One consistent snapshot: everything read inside belongs to one generation."""
        if self._db.in_transaction:
            yield
            return
        self._db.execute("BEGIN")
        try:
            yield
        finally:
            self._db.execute("ROLLBACK")

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction; a new generation when it commits, nothing when it does not."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute(
                    "UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE key = 'generation'"
                )
                self._note_state()
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
        except sqlite3.OperationalError as error:
            raise _explain(error, self.path) from error

    def _note_state(self) -> None:
        state = secrets.token_hex(16)
        self.set_meta("state", state)
        generation = self.generation
        self._db.execute("INSERT OR REPLACE INTO states VALUES (?, ?)", (generation, state))
        self._db.execute("DELETE FROM states WHERE generation <= ?", (generation - _PAST,))

    # -- the library as a whole --------------------------------------------------------------

    def create(self) -> None:
        """Make the tables; the file must be new."""
        try:
            self._db.executescript(
                "BEGIN IMMEDIATE;"
                + schema.TABLES
                + f"INSERT INTO meta VALUES ('schema', '{schema.VERSION}'), ('generation', '0');"
                + "COMMIT;"
            )
        except sqlite3.OperationalError as error:
            raise _explain(error, self.path) from error

    def is_new(self) -> bool:
        """Whether the file holds no tables yet; a damaged file is not new."""
        try:
            row = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.OperationalError as error:
            raise _explain(error, self.path) from error
        except sqlite3.DatabaseError:
            return False
        return bool(row[0] == 0)

    def check_schema(self) -> None:
        """Raise `LibraryError` when the file is no catalogue, or one of another version."""
        try:
            version = int(self.meta("schema") or 0)
        except sqlite3.DatabaseError as error:
            raise LibraryError(
                f"{self.path} is not a readable catalogue ({error}). Run `rag verify` for details; "
                "if the file is damaged, load the documents into a new library with `rag load`."
            ) from error
        if version != schema.VERSION:
            raise LibraryError(
                f"{self.path} has catalogue version {version}, this program reads version "
                f"{schema.VERSION}. Use the program version that made it, or load the documents "
                "into a new library with `rag load`."
            )

    def meta(self, key: str) -> str | None:
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def set_meta(self, key: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    @property
    def generation(self) -> int:
        return int(self.meta("generation") or 0)

    @property
    def state(self) -> str:
        """A random word, new with each generation: no other catalogue was ever in this state."""
        return self.meta("state") or ""

    def descends_from(self, generation: int, state: str) -> bool:
        """Whether this catalogue was once in that state: what was derived then can be brought up
        to date.
        """
        row = self._db.execute(
            "SELECT 1 FROM states WHERE generation = ? AND state = ?", (generation, state)
        ).fetchone()
        return row is not None

    @property
    def embedder(self) -> ModelIdentity | None:
        """The model that made the vectors, None while there are none."""
        value = self.meta("embedder")
        return None if value is None else ModelIdentity(**json.loads(value))

    def set_embedder(self, identity: ModelIdentity) -> None:
        fields = {name: getattr(identity, name) for name in ModelIdentity.__dataclass_fields__}
        self.set_meta("embedder", json.dumps(fields, sort_keys=True))

    def counts(self) -> Counts:
        one = self._db.execute
        return Counts(
            documents=one("SELECT count(*) FROM documents").fetchone()[0],
            files=one("SELECT count(*) FROM places").fetchone()[0],
            pages=one("SELECT count(*) FROM pages WHERE number IS NOT NULL").fetchone()[0],
            chunks=one("SELECT count(*) FROM chunks").fetchone()[0],
            refused=one("SELECT count(*) FROM refusals").fetchone()[0],
            embedded_chunks=one("SELECT count(*) FROM vectors").fetchone()[0],
        )

    # -- documents and places ----------------------------------------------------------------

    def documents(self) -> list[Document]:
        """All documents, by name."""
        ids = [row[0] for row in self._db.execute("SELECT id FROM documents")]
        return sorted(self.documents_by_id(ids).values(), key=lambda document: document.name)

    def entries(self) -> list[Entry]:
        """A row for each document, by name: three queries, however many there are."""
        with self.reading():
            chunks = dict(
                self._db.execute("SELECT document_id, count(*) FROM chunks GROUP BY document_id")
            )
            places: dict[str, list[tuple[str, str, int]]] = {}
            for identity, *place in self._db.execute(
                "SELECT document_id, name, root, size FROM places ORDER BY seen"
            ):
                places.setdefault(identity, []).append((place[0], place[1], place[2]))
            rows = self._db.execute(
                "SELECT id, title, media_type, page_count, date, reason, embedded FROM documents"
            ).fetchall()
        found = []
        for identity, title, media_type, pages, date, reason, embedded in rows:
            at = places.get(identity) or [(identity, "", 0)]
            found.append(
                Entry(
                    identity,
                    title,
                    media_type,
                    pages,
                    date,
                    reason,
                    bool(embedded),
                    chunks.get(identity, 0),
                    tuple(name for name, _, _ in at),
                    tuple(root for _, root, _ in at),
                    at[0][2],
                )
            )
        return sorted(found, key=lambda entry: entry.name)

    def document(self, name: str) -> Document | None:
        """The document of that name, under any of its names."""
        row = self._db.execute("SELECT document_id FROM places WHERE name = ?", (name,)).fetchone()
        return None if row is None else self.documents_by_id([row[0]])[row[0]]

    def documents_by_id(self, ids: Sequence[str]) -> dict[str, Document]:
        """The documents with these ids; ids that are not here are left out."""
        names: dict[str, list[str]] = {}
        for batch in _batches(ids):
            marks = ",".join("?" * len(batch))
            for identity, name in self._db.execute(
                f"SELECT document_id, name FROM places WHERE document_id IN ({marks}) "
                "ORDER BY seen",
                batch,
            ):
                names.setdefault(identity, []).append(name)
        found = {}
        for batch in _batches(ids):
            marks = ",".join("?" * len(batch))
            for identity, title, media_type, page_count, date in self._db.execute(
                "SELECT id, title, media_type, page_count, date FROM documents "
                f"WHERE id IN ({marks})",
                batch,
            ):
                places = names.get(identity) or [identity]
                also = tuple(places[1:])
                found[identity] = Document(
                    identity, places[0], title, media_type, page_count, also, date
                )
        return found

    def has_document(self, identity: str) -> bool:
        row = self._db.execute("SELECT 1 FROM documents WHERE id = ?", (identity,)).fetchone()
        return row is not None

    def document_reader(self, identity: str) -> str | None:
        """What parsed and chunked the document, None when it is not here."""
        row = self._db.execute("SELECT reader FROM documents WHERE id = ?", (identity,)).fetchone()
        return None if row is None else str(row[0])

    def document_account(self, identity: str) -> tuple[int | None, int, str | None]:
        """Pages, chunks, and the reason why some pages could not be read."""
        pages, reason = self._db.execute(
            "SELECT page_count, reason FROM documents WHERE id = ?", (identity,)
        ).fetchone()
        chunks = self._db.execute(
            "SELECT count(*) FROM chunks WHERE document_id = ?", (identity,)
        ).fetchone()[0]
        return pages, chunks, reason

    def pages(self, identity: str) -> list[Page]:
        """The stored text, page by page: exactly what offsets count in."""
        rows = self._db.execute(
            "SELECT number, start, text FROM pages WHERE document_id = ? ORDER BY ordinal",
            (identity,),
        )
        return [Page(*row) for row in rows]

    def places(self, document_id: str | None = None) -> list[Place]:
        where, values = (
            ("", ()) if document_id is None else ("WHERE document_id = ?", (document_id,))
        )
        rows = self._db.execute(
            f"SELECT path, name, root, document_id, size, mtime_ns, checked_ns FROM places {where} "
            "ORDER BY seen",
            values,
        )
        return [Place(*row) for row in rows]

    def add_place(self, place: Place) -> None:
        self._db.execute("DELETE FROM refusals WHERE path = ?", (place.path,))
        self._db.execute(
            "INSERT INTO places VALUES (?, ?, ?, ?, ?, ?, ?, "
            "(SELECT coalesce(max(seen), 0) + 1 FROM places)) "
            "ON CONFLICT (path) DO UPDATE SET document_id = excluded.document_id, "
            "size = excluded.size, mtime_ns = excluded.mtime_ns, "
            "checked_ns = excluded.checked_ns",
            (
                place.path,
                place.name,
                place.root,
                place.document_id,
                place.size,
                place.mtime_ns,
                place.checked_ns,
            ),
        )

    def note_checked(self, path: str, size: int, mtime_ns: int, checked_ns: int) -> None:
        """Note that a file was hashed and is what it was; not a new generation."""
        self._db.execute(
            "UPDATE places SET size = ?, mtime_ns = ?, checked_ns = ? WHERE path = ?",
            (size, mtime_ns, checked_ns, path),
        )

    def remove_place(self, path: str) -> None:
        """Forget one place; a document without any place left goes with it."""
        row = self._db.execute("SELECT document_id FROM places WHERE path = ?", (path,)).fetchone()
        self._db.execute("DELETE FROM places WHERE path = ?", (path,))
        if row is not None:
            self.drop_if_placeless(row[0])

    def drop_if_placeless(self, document_id: str) -> None:
        """Remove a document that is at no place any more."""
        if not self.places(document_id):
            self.remove_document(document_id)

    def refusals(self) -> list[Refusal]:
        rows = self._db.execute(
            "SELECT path, name, root, reason, size, mtime_ns, checked_ns, reader FROM refusals "
            "ORDER BY name"
        )
        return [Refusal(*row) for row in rows]

    def add_refusal(self, refusal: Refusal) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO refusals VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                refusal.path,
                refusal.name,
                refusal.root,
                refusal.reason,
                refusal.size,
                refusal.mtime_ns,
                refusal.checked_ns,
                refusal.reader,
            ),
        )

    def remove_refusal(self, path: str) -> None:
        self._db.execute("DELETE FROM refusals WHERE path = ?", (path,))

    def add_document(self, new: NewDocument) -> None:
        """Store text, chunks and words of a document; its vectors follow with `add_vectors`."""
        document = new.document
        self._db.execute(
            "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                document.id,
                document.title,
                document.media_type,
                document.page_count,
                new.language,
                document.date,
                new.reason,
                new.reader,
                0 if new.chunks else 1,
            ),
        )
        self._db.executemany(
            "INSERT INTO pages VALUES (?, ?, ?, ?, ?)",
            [
                (document.id, ordinal, page.number, page.start, page.text)
                for ordinal, page in enumerate(new.pages)
            ],
        )
        self._add_sketch(document.id, new.sketch)
        self._db.executemany(
            'INSERT INTO chunks (id, document_id, start, "end", page, headings, place, '
            "columns, caption, sentences, context, text, terms) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    item.chunk.id,
                    item.chunk.document_id,
                    item.chunk.start,
                    item.chunk.end,
                    item.chunk.page,
                    json.dumps(item.chunk.headings, ensure_ascii=False),
                    item.chunk.place,
                    json.dumps(item.chunk.columns, ensure_ascii=False),
                    item.chunk.caption,
                    _write_sentences(item),
                    item.context,
                    item.chunk.text,
                    item.terms,
                )
                for item in new.chunks
            ],
        )

    # -- documents that say nearly the same ---------------------------------------------------

    def _add_sketch(self, identity: str, sketch: bytes) -> None:
        if sketch:
            self._db.execute("INSERT INTO sketches VALUES (?, ?)", (identity, sketch))
            self._db.executemany(
                "INSERT OR IGNORE INTO bands VALUES (?, ?, ?)",
                [(number, band, identity) for number, band in enumerate(_bands(sketch))],
            )

    def similar(self, identity: str, least: float = SIMILAR) -> list[tuple[str, float]]:
        """Ids of other documents that share much of their text with this one, and how much (0..1).

        Most alike first. Found by bands of hashes that agree in full (Leskovec, Rajaraman, Ullman,
        "Mining of Massive Datasets", 3.4): of pairs that share .8 of their text 99.8 % are found.
        """
        row = self._db.execute(
            "SELECT minhash FROM sketches WHERE document_id = ?", (identity,)
        ).fetchone()
        if row is None:
            return []
        candidates: set[str] = set()
        for number, band in enumerate(_bands(row[0])):
            candidates.update(
                other
                for (other,) in self._db.execute(
                    "SELECT document_id FROM bands WHERE number = ? AND hash = ? LIMIT ?",
                    (number, band, _MOST_CANDIDATES),
                )
            )
        candidates.discard(identity)
        own = np.frombuffer(row[0], dtype="<u4")
        found = []
        for batch in _batches(sorted(candidates)):
            marks = ",".join("?" * len(batch))
            for other, minhash in self._db.execute(
                f"SELECT document_id, minhash FROM sketches WHERE document_id IN ({marks})", batch
            ):
                share = float((np.frombuffer(minhash, dtype="<u4") == own).mean())
                if share >= least:
                    found.append((other, share))
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))

    def similar_pairs(self) -> list[tuple[Document, Document, float]]:
        """All pairs of documents that say nearly the same, by name; each pair once."""
        documents = {document.id: document for document in self.documents()}
        return [
            (document, documents[other], share)
            for document in documents.values()
            for other, share in self.similar(document.id)
            if other in documents and document.name < documents[other].name
        ]

    def remove_document(self, identity: str) -> None:
        """Delete every row of a document, its words and vectors included."""
        self._db.execute(
            "DELETE FROM vectors WHERE key IN (SELECT key FROM chunks WHERE document_id = ?)",
            (identity,),
        )
        self._db.execute(
            "DELETE FROM refusals WHERE path IN (SELECT path FROM places WHERE document_id = ?)",
            (identity,),
        )
        for table in ("chunks", "pages", "places", "sketches", "bands"):
            self._db.execute(f"DELETE FROM {table} WHERE document_id = ?", (identity,))
        self._db.execute("DELETE FROM documents WHERE id = ?", (identity,))

    def scrub(self) -> None:
        """Leave no trace of deleted rows in any file.

        Deleted pages stay in the journal until it is emptied: rewrite the file, empty the journal.
        """
        try:
            self._db.execute("VACUUM")
            busy, *_ = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.OperationalError as error:
            raise _explain(error, self.path) from error
        if busy:
            raise LibraryBusy(
                f"The library at {self.path.parent} is being read, so its journal could not be "
                "emptied. Close the page or the other command, then run `rag repair`."
            )

    # -- vectors -----------------------------------------------------------------------------

    def unembedded_documents(self) -> list[str]:
        """Ids of documents whose vectors are still missing."""
        rows = self._db.execute("SELECT id FROM documents WHERE NOT embedded ORDER BY id")
        return [row[0] for row in rows]

    def lacking_vectors(self, ids: Sequence[str]) -> list[str]:
        """Those of the documents that are here without vectors, in the order given."""
        found: set[str] = set()
        for batch in _batches(ids):
            marks = ",".join("?" * len(batch))
            found.update(
                row[0]
                for row in self._db.execute(
                    f"SELECT id FROM documents WHERE id IN ({marks}) AND NOT embedded", batch
                )
            )
        return [identity for identity in ids if identity in found]

    def passage_texts(self, identity: str) -> list[tuple[int, PassageText]]:
        """Keys and texts of a document's chunks, as they are embedded."""
        rows = self._db.execute(
            "SELECT key, context, text, sentences FROM chunks WHERE document_id = ? ORDER BY key",
            (identity,),
        )
        return [
            (key, PassageText(context, text, _read_sentences(sentences)[0]))
            for key, context, text, sentences in rows
        ]

    def add_vectors(self, identity: str, vectors: Mapping[int, StoredVectors]) -> None:
        """Store the vectors of all chunks of a document and mark it embedded."""
        self._db.executemany(
            "INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)",
            ((key, item.whole, item.spans) for key, item in vectors.items()),
        )
        self._db.execute("UPDATE documents SET embedded = 1 WHERE id = ?", (identity,))

    def drop_vectors(self) -> None:
        """Delete all vectors; the next load makes them again."""
        self._db.execute("DELETE FROM vectors")
        self._db.execute("UPDATE documents SET embedded = 0")
        self._db.execute("DELETE FROM meta WHERE key = 'embedder'")
        # Same keys, other vectors to come: no index made before can be brought up to date.
        self._db.execute("DELETE FROM states")

    def vectors(self, dimensions: int) -> Iterator[tuple[list[int], Vectors]]:
        """Keys in ascending order and their vectors, shape (n, dimensions), in batches."""
        cursor = self._db.execute("SELECT key, whole FROM vectors ORDER BY key")
        while rows := cursor.fetchmany(_VECTORS_AT_ONCE):
            matrix = np.frombuffer(b"".join(row[1] for row in rows), dtype="<f4")
            yield [row[0] for row in rows], matrix.reshape(len(rows), dimensions).astype(np.float32)

    # -- finding -----------------------------------------------------------------------------

    def languages(self) -> list[str]:
        """The languages of the documents, two letters each."""
        rows = self._db.execute("SELECT DISTINCT language FROM documents ORDER BY language")
        return [row[0] for row in rows]

    def languages_of(self, ids: Sequence[str]) -> dict[str, str]:
        """The language of each of these documents."""
        found: dict[str, str] = {}
        for batch in _batches(ids):
            marks = ",".join("?" * len(batch))
            found.update(
                self._db.execute(f"SELECT id, language FROM documents WHERE id IN ({marks})", batch)
            )
        return found

    def page_at(self, document_id: str, start: int) -> Page | None:
        """The page that holds the place `start`, None where the document has none."""
        row = self._db.execute(
            "SELECT number, start, text FROM pages WHERE document_id = ? AND start <= ? "
            "ORDER BY ordinal DESC LIMIT 1",
            (document_id, start),
        ).fetchone()
        return None if row is None else Page(*row)

    def all_keys(self, *, embedded: bool = False) -> Keys:
        """Keys of all chunks, ascending; only of those that have vectors with `embedded`."""
        table = "vectors" if embedded else "chunks"
        rows = self._db.execute(f"SELECT key FROM {table} ORDER BY key")
        return np.fromiter((row[0] for row in rows), np.int64)

    def owners(self, above: int = -1) -> Iterator[tuple[int, str]]:
        """Key and document of each chunk whose key is larger than `above`, keys ascending."""
        yield from self._db.execute(
            "SELECT key, document_id FROM chunks WHERE key > ? ORDER BY key", (above,)
        )

    def terms(self, keys: Sequence[int] | None = None) -> Iterator[tuple[int, str]]:
        """Key and terms of all chunks, or of these, keys ascending."""
        if keys is None:
            yield from self._db.execute("SELECT key, terms FROM chunks ORDER BY key")
            return
        for batch in _batches(sorted(keys)):
            marks = ",".join("?" * len(batch))
            yield from self._db.execute(
                f"SELECT key, terms FROM chunks WHERE key IN ({marks}) ORDER BY key", batch
            )

    def outlines(self, keys: Sequence[int]) -> dict[int, Outline]:
        """Where chunks stand, by key; keys that are not here are left out."""
        found = {}
        for batch in _batches(keys):
            marks = ",".join("?" * len(batch))
            for key, identity, document_id, page, headings, caption in self._db.execute(
                "SELECT key, id, document_id, page, headings, caption FROM chunks "
                f"WHERE key IN ({marks})",
                batch,
            ):
                titles = tuple(json.loads(headings)) if headings != "[]" else ()
                found[key] = Outline(identity, document_id, page, titles, caption)
        return found

    def page_beginning(self, document_id: str, page: int, characters: int) -> str:
        """The first characters of the text of one page, "" where there is no such page."""
        row = self._db.execute(
            "SELECT substr(text, 1, ?) FROM pages WHERE document_id = ? AND number = ?",
            (characters, document_id, page),
        ).fetchone()
        return "" if row is None else str(row[0])

    def page_keys(self, document_id: str, page: int) -> list[int]:
        """Keys of the chunks of one page, in order of their place."""
        rows = self._db.execute(
            "SELECT key FROM chunks WHERE document_id = ? AND page = ? ORDER BY key",
            (document_id, page),
        )
        return [row[0] for row in rows]

    def chunk_keys(self, document_ids: Sequence[str]) -> list[int]:
        """Keys of all chunks of the documents, ascending."""
        keys = []
        for batch in _batches(document_ids):
            marks = ",".join("?" * len(batch))
            keys += [
                row[0]
                for row in self._db.execute(
                    f"SELECT key FROM chunks WHERE document_id IN ({marks})", batch
                )
            ]
        return sorted(keys)

    def chunks(self, keys: Sequence[int]) -> dict[int, StoredChunk]:
        """Chunks by key, with document, sentences and sentence vectors."""
        rows = []
        for batch in _batches(keys):
            marks = ",".join("?" * len(batch))
            rows += self._db.execute(
                'SELECT chunks.key, id, document_id, text, start, "end", page, headings, place, '
                "columns, caption, chunks.sentences, vectors.sentences, terms FROM chunks "
                f"LEFT JOIN vectors ON vectors.key = chunks.key WHERE chunks.key IN ({marks})",
                batch,
            ).fetchall()
        documents = self.documents_by_id(sorted({row[2] for row in rows}))
        found = {}
        for key, identity, document_id, text, start, end, page, headings, *rest in rows:
            place, columns, caption, cuts, blob, words = rest
            spans, places = _read_sentences(cuts)
            chunk = Chunk(
                identity,
                document_id,
                text,
                start,
                end,
                page,
                tuple(json.loads(headings)),
                place,
                tuple(json.loads(columns)),
                caption,
            )
            vectors = None if blob is None else _restore(blob, len(spans))
            found[key] = StoredChunk(
                key, documents[document_id], chunk, spans, places, vectors, tuple(words.split())
            )
        return found

    def vectors_of(self, keys: Sequence[int]) -> dict[int, Vector]:
        """Whole-chunk vectors by key; chunks not embedded yet are left out."""
        found = {}
        for batch in _batches(keys):
            marks = ",".join("?" * len(batch))
            for key, blob in self._db.execute(
                f"SELECT key, whole FROM vectors WHERE key IN ({marks})", batch
            ):
                found[key] = np.frombuffer(blob, dtype="<f4").astype(np.float32)
        return found

    # -- integrity ---------------------------------------------------------------------------

    def absent_words(self, candidates: Sequence[str]) -> list[str]:
        """Those of the words that stand in no text, title, path, reason or name of the catalogue.

        The words are in lower case; a word inside a longer one counts as standing there.
        """
        texts = (
            ("pages", "text"),
            ("chunks", "context"),
            # Terms are no words of a text: "157,700" is kept as "157700".
            ("chunks", "terms"),
            ("documents", "title"),
            ("places", "path"),
            ("refusals", "path"),
            ("refusals", "reason"),
            ("documents", "reader"),
            ("documents", "media_type"),
            ("meta", "value"),
            # The file also holds the statements that made its tables: "sentences", "document",
            # and before them kind and names without a gap: "tablestates" holds "estate".
            ("sqlite_master", "sql"),
            ("sqlite_master", "type || name || tbl_name"),
        )
        left = list(candidates)
        for table, column in texts:
            for (text,) in self._db.execute(
                f"SELECT DISTINCT {column} FROM {table} WHERE {column} NOTNULL"
            ):
                lowered = text.lower()
                left = [word for word in left if word not in lowered]
        return left

    def problems(self) -> list[str]:
        """What is wrong inside the file, in words; changes nothing."""
        found = [
            f"catalogue: {row[0]}"
            for row in self._db.execute("PRAGMA integrity_check(20)")
            if row[0] != "ok"
        ]
        for (identity,) in self._db.execute("SELECT id FROM documents ORDER BY id"):
            text = {page.start: page.text for page in self.pages(identity)}
            starts = sorted(text)
            for chunk_id, start, end, stored in self._db.execute(
                'SELECT id, start, "end", text FROM chunks WHERE document_id = ?', (identity,)
            ):
                home = max((s for s in starts if s <= start), default=None)
                if home is None or text[home][start - home : end - home] != stored:
                    found.append(f"chunk {chunk_id}: text differs from the document at its offsets")
        checks = {
            "SELECT count(*) FROM documents WHERE id NOT IN (SELECT document_id FROM places)": (
                "documents without a place"
            ),
            "SELECT count(*) FROM documents WHERE embedded AND id IN "
            "(SELECT document_id FROM chunks WHERE key NOT IN (SELECT key FROM vectors))": (
                "documents marked as embedded that lack vectors"
            ),
            "SELECT count(*) FROM vectors WHERE key NOT IN (SELECT key FROM chunks)": (
                "vectors without a chunk"
            ),
        }
        for query, what in checks.items():
            (count,) = self._db.execute(query).fetchone()
            if count:
                found.append(f"catalogue: {count} {what}")
        other = sum(terms != stored for _, terms, stored in self._terms_anew())
        if other:
            found.append(f"catalogue: {other} chunks with other words than those of their text")
        return found

    def rebuild_derived(self) -> None:
        """Make all terms again, and mark documents that lack vectors for the next load."""
        wrong = [(terms, key) for key, terms, stored in self._terms_anew() if terms != stored]
        self._db.executemany("UPDATE chunks SET terms = ? WHERE key = ?", wrong)
        # Same keys, other terms: an index of a state before this one cannot be brought up to date.
        self._db.execute("DELETE FROM states")
        self._db.execute("DELETE FROM vectors WHERE key NOT IN (SELECT key FROM chunks)")
        self._db.execute(
            "UPDATE documents SET embedded = 0 WHERE id IN (SELECT document_id FROM chunks "
            "WHERE key NOT IN (SELECT key FROM vectors))"
        )

    def _terms_anew(self) -> Iterator[tuple[int, str, str]]:
        """Key of each chunk, the terms of its text, and those that are stored."""
        for key, context, text, language, stored in self._db.execute(
            "SELECT key, context, text, language, terms FROM chunks "
            "JOIN documents ON documents.id = document_id"
        ):
            yield key, words_of(context, text, language), stored


def words_of(context: str, text: str, language: str) -> str:
    """What the words index holds of a chunk: the terms of context and text."""
    return " ".join((*terms(context, [language]), *terms(text, [language])))


def _write_sentences(item: NewChunk) -> str:
    """JSON list of [start, end] or, where the sentence has a place of its own, with that place."""
    places = item.places or ("",) * len(item.sentences)
    rows = zip(item.sentences, places, strict=True)
    return json.dumps(
        [[span.start, span.end, *([place] if place else [])] for span, place in rows],
        ensure_ascii=False,
    )


def _read_sentences(stored: str) -> tuple[tuple[Span, ...], tuple[str, ...]]:
    rows = json.loads(stored)
    spans = tuple(Span(row[0], row[1]) for row in rows)
    return spans, tuple(row[2] if len(row) > 2 else "" for row in rows)


def as_stored(vectors: PassageVectors) -> StoredVectors:
    """The vectors of a chunk in the form that they are kept in."""
    return StoredVectors(vectors.whole.astype("<f4").tobytes(), _quantise(vectors.spans).tobytes())


def _quantise(vectors: Vectors) -> npt.NDArray[np.int8]:
    """Rows as int8, each scaled to its largest value: only the direction is needed later."""
    peak = np.abs(vectors).max(axis=1, keepdims=True, initial=1e-12)
    rows: npt.NDArray[np.int8] = np.rint(vectors / peak * 127).astype(np.int8)
    return rows


def _restore(blob: bytes, rows: int) -> Vectors:
    matrix = np.frombuffer(blob, dtype=np.int8).astype(np.float32)
    matrix = matrix.reshape(rows, -1) if rows else matrix.reshape(0, 1)
    norms = np.linalg.norm(matrix, axis=1, keepdims=True)
    restored: Vectors = matrix / np.maximum(norms, 1e-12)
    return restored


def _batches(values: Sequence[T]) -> Iterator[list[T]]:
    for start in range(0, len(values), _SQL_VARIABLES):
        yield list(values[start : start + _SQL_VARIABLES])


def _explain(error: sqlite3.OperationalError, path: Path) -> LibraryError:
    """Turn SQLite's word for it into what a person can do about it."""
    message = str(error)
    if "full" in message:
        return LibraryFull(
            f"The disk that holds {path.parent} is full. What was loaded before stays; free some "
            "space and run the same command again."
        )
    if "locked" in message:
        return LibraryBusy(
            f"Another process is writing to the library at {path.parent}. Wait for it to end, "
            "then run the same command again."
        )
    if "readonly" in message or "unable to open" in message:
        return LibraryError(
            f"The library at {path.parent} cannot be written ({message}). Check the folder's "
            "permissions, or choose another one with --library."
        )
    return LibraryError(
        f"The disk that holds {path.parent} answered with an error ({message}). Check that it has "
        "room and works, then run `rag verify`."
    )


def _bands(sketch: bytes) -> list[int]:
    """Hashes of the parts of a sketch: documents that agree in one of them may be alike."""
    width = _BAND * 4
    parts = (sketch[at : at + width] for at in range(0, len(sketch), width))
    return [
        int.from_bytes(hashlib.blake2b(part, digest_size=8).digest(), "little", signed=True)
        for part in parts
    ]
