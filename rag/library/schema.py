"""Tables of the catalogue.

SQLite is the single source of truth; everything else in a library folder is derived from it.
The words index and the vector index are made from `chunks.terms` and `vectors`.
"""

from __future__ import annotations

VERSION = 4

TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE states (
    generation INTEGER PRIMARY KEY,
    state TEXT NOT NULL             -- random: tells whether a derived file was made from our past
);

CREATE TABLE documents (
    id TEXT PRIMARY KEY,            -- SHA-256 of the file's bytes
    title TEXT NOT NULL,
    media_type TEXT NOT NULL,
    page_count INTEGER,             -- NULL where the format has no pages
    language TEXT NOT NULL,         -- two letters; its words are stemmed in it
    date TEXT NOT NULL,             -- or period, as its title or beginning says: "2023-Q2", ""
    reason TEXT,                    -- why some pages could not be read
    reader TEXT NOT NULL,           -- what parsed and chunked it
    embedded INTEGER NOT NULL       -- 0 until the vectors of all its chunks are committed
) WITHOUT ROWID;
CREATE INDEX documents_unembedded ON documents (id) WHERE NOT embedded;

CREATE TABLE places (
    path TEXT PRIMARY KEY,          -- absolute path of the file
    name TEXT NOT NULL UNIQUE,      -- path below the loaded folder; stays while the file stays
    root TEXT NOT NULL,             -- the loaded folder
    document_id TEXT NOT NULL REFERENCES documents (id),
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    checked_ns INTEGER NOT NULL,    -- when its bytes were last hashed
    seen INTEGER NOT NULL           -- order in which places became known
) WITHOUT ROWID;
CREATE INDEX places_by_document ON places (document_id, seen);

CREATE TABLE refusals (
    path TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    root TEXT NOT NULL,
    reason TEXT NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    checked_ns INTEGER NOT NULL,    -- when its bytes were last hashed; 0 if they never were
    reader TEXT NOT NULL            -- what refused it, with its limits
) WITHOUT ROWID;

CREATE TABLE pages (
    document_id TEXT NOT NULL REFERENCES documents (id),
    ordinal INTEGER NOT NULL,
    number INTEGER,                 -- physical page from 1, NULL where the format has none
    start INTEGER NOT NULL,         -- code points from the document's beginning
    text TEXT NOT NULL,
    PRIMARY KEY (document_id, ordinal)
) WITHOUT ROWID;

CREATE TABLE chunks (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    document_id TEXT NOT NULL REFERENCES documents (id),
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    page INTEGER,
    headings TEXT NOT NULL,         -- JSON list, outermost first
    place TEXT NOT NULL,            -- where in the file: "slide 3", "Prices!A5:D12"; "" if nowhere
    columns TEXT NOT NULL,          -- JSON list, the column names of its table
    caption TEXT NOT NULL,          -- of its table
    sentences TEXT NOT NULL,        -- JSON list of [start, end, place?] inside the chunk's text
    context TEXT NOT NULL,          -- title and headings as they are indexed
    text TEXT NOT NULL,
    terms TEXT NOT NULL             -- of context and text, as the words index holds them
);
CREATE INDEX chunks_by_document ON chunks (document_id, page);

CREATE TABLE vectors (
    key INTEGER PRIMARY KEY REFERENCES chunks (key),
    whole BLOB NOT NULL,            -- float32, unit length
    sentences BLOB NOT NULL         -- int8, one row per sentence, scaled to its own largest value
);

CREATE TABLE sketches (
    document_id TEXT PRIMARY KEY REFERENCES documents (id),
    minhash BLOB NOT NULL           -- 120 hashes of 32 bits; no row where a text is too short
) WITHOUT ROWID;

CREATE TABLE bands (
    number INTEGER NOT NULL,        -- which stretch of the sketch
    hash INTEGER NOT NULL,
    document_id TEXT NOT NULL REFERENCES documents (id),
    PRIMARY KEY (number, hash, document_id)
) WITHOUT ROWID;
CREATE INDEX bands_by_document ON bands (document_id);
"""
