"""What is kept of answers: conversations, and answers to give again, in one SQLite file.

The file is made with the first answer that is kept; nothing else in a library needs it. Writers
wait for each other for two seconds. Deleted rows are overwritten, and the file is written anew
after each deletion: what is removed stands in no byte of it. Unlike the catalogue it has no
write-ahead log, so there is no second file to empty.
"""

from __future__ import annotations

import functools
import json
import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from rag import records
from rag.errors import ConversationUnknown, LibraryBusy, LibraryError, LibraryFull
from rag.records import Document, Reply

CONVERSATIONS = "conversations.sqlite"

MOST_ANSWERS = 1000
"""Answers kept to be given again; the oldest go first. One has some 30 kB."""

FOLLOWED = 3
"""Turns after a removed one that may have been completed from it (`rag.question.TURNS`)."""

_VERSION = 2  # 1 had no judgements; such a file gets their table when it is opened
_APPLICATION = 0x53624B74  # tells our file from another one of SQLite
_SECONDS = 2.0

_TABLES = (
    """CREATE TABLE conversations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT,                      -- NULL: its first question
    begun TEXT NOT NULL
)""",
    """CREATE TABLE turns (
    id INTEGER PRIMARY KEY,
    conversation INTEGER NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    asked TEXT NOT NULL,            -- UTC, to the second
    generations TEXT NOT NULL,      -- of each library asked, separated by spaces
    question TEXT,                  -- NULL, and the reply too, where the turn was removed
    reply TEXT
)""",
    "CREATE INDEX turns_by_conversation ON turns (conversation, id)",
    """CREATE TABLE rests (
    turn INTEGER NOT NULL REFERENCES turns (id) ON DELETE CASCADE,
    document TEXT NOT NULL,         -- SHA-256 of its bytes
    name TEXT NOT NULL,
    home TEXT NOT NULL,             -- '': this library; else the path of another one
    quoted INTEGER NOT NULL,        -- 0: a passage of it was found, and not quoted
    PRIMARY KEY (turn, document, home)
) WITHOUT ROWID""",
    """CREATE TABLE answers (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,       -- of all that decides the answer
    state TEXT NOT NULL,            -- of this library when it was given
    asked TEXT NOT NULL,
    reply TEXT NOT NULL
)""",
    """CREATE TABLE judgements (
    turn INTEGER PRIMARY KEY REFERENCES turns (id) ON DELETE CASCADE,
    helpful INTEGER NOT NULL,
    reason TEXT NOT NULL,
    judged TEXT NOT NULL            -- UTC, to the second
)""",
    # Libraries that keep answers resting on documents of this one.
    "CREATE TABLE elsewhere (path TEXT PRIMARY KEY) WITHOUT ROWID",
)


@dataclass(frozen=True, slots=True)
class Rest:
    """A document that a kept answer quotes: its id and its name when it was quoted.

    `home` is "" for the library that keeps the answer, else the absolute path of another one.
    """

    document: str
    name: str
    home: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a reader thought of a reply: was it helpful, and why; `judged` is the time in UTC."""

    helpful: bool
    reason: str = ""
    judged: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """One question of a conversation with its whole reply; None where it was removed.

    `asked` is the time in UTC, `generations` those of the libraries asked, the own one first. `id`
    tells it from every other turn of the file.
    """

    asked: str
    reply: Reply | None
    rests: tuple[Rest, ...] = ()
    generations: tuple[int, ...] = ()
    id: int = 0
    judgement: Judgement | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """Where a reply was kept."""

    conversation: int
    turn: int


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation with its turns, oldest first."""

    id: int
    name: str
    begun: str
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """A conversation in a list: `turns` counts them, `asked` is the time of the last.

    `rests` are the documents that any of its turns quotes.
    """

    id: int
    name: str
    begun: str
    asked: str
    turns: int
    rests: tuple[Rest, ...]


@dataclass(frozen=True, slots=True)
class Gone:
    """Documents that leave the library: ids, all names, and the words of their texts.

    Words are in lower case, of six to forty letters.
    """

    documents: frozenset[str]
    names: frozenset[str]
    words: frozenset[str]


class Conversations:
    """The file of one library. A connection lasts for one call, so any thread may make it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    # -- conversations -----------------------------------------------------------------------

    def all(self, holding: str = "") -> list[Listed]:
        """All conversations, the one asked last first; `holding` words, in any case.

        They are looked for in names, questions and answers.
        """
        with self._reading() as db:
            if db is None:
                return []
            found = _holding(db, holding) if holding.strip() else None
            rests: dict[int, list[Rest]] = {}
            for conversation, *rest in db.execute(
                "SELECT DISTINCT conversation, document, rests.name, home FROM rests "
                "JOIN turns ON turns.id = turn WHERE quoted ORDER BY rests.name, document"
            ):
                rests.setdefault(conversation, []).append(Rest(*rest))
            rows = db.execute(
                "SELECT conversations.id, name, begun, max(asked), count(turns.id), "
                "(SELECT question FROM turns WHERE conversation = conversations.id "
                "AND question NOTNULL ORDER BY turns.id LIMIT 1) "
                "FROM conversations LEFT JOIN turns ON conversation = conversations.id "
                "GROUP BY conversations.id ORDER BY max(asked) DESC, conversations.id DESC"
            )
            return [
                Listed(
                    identity,
                    _name(identity, name, question),
                    begun,
                    asked or begun,
                    turns,
                    tuple(rests.get(identity, ())),
                )
                for identity, name, begun, asked, turns, question in rows
                if found is None or identity in found
            ]

    def find(self, wanted: str) -> int | None:
        """The id of the conversation of that number or name, None where there is none.

        Raises `ConversationUnknown` for a number that is none, and where several bear the name.
        """
        known = self.all()
        if wanted.isdecimal():
            if any(each.id == int(wanted) for each in known):
                return int(wanted)
            raise ConversationUnknown(
                f"There is no conversation {wanted} in {self.path.parent}. "
                "`rag history` lists them; a name that is no number begins a new one."
            )
        found = [str(each.id) for each in known if each.name == wanted.strip()]
        if len(found) > 1:
            raise ConversationUnknown(
                f"Conversations {', '.join(found)} are all named {wanted!r}. Give the number."
            )
        return int(found[0]) if found else None

    def read(self, identity: int) -> Conversation:
        """One conversation. Raises `ConversationUnknown`."""
        with self._reading() as db:
            if db is None:
                raise self._unknown(identity)
            row = db.execute(
                "SELECT name, begun FROM conversations WHERE id = ?", (identity,)
            ).fetchone()
            if row is None:
                raise self._unknown(identity)
            turns = []
            for turn, asked, generations, reply, *judged in db.execute(
                "SELECT id, asked, generations, reply, helpful, reason, judged FROM turns "
                "LEFT JOIN judgements ON turn = id WHERE conversation = ? ORDER BY id",
                (identity,),
            ).fetchall():
                rests = db.execute(
                    "SELECT document, name, home FROM rests WHERE turn = ? AND quoted "
                    "ORDER BY name, document",
                    (turn,),
                )
                turns.append(
                    Turn(
                        asked,
                        None if reply is None else from_json(reply),
                        tuple(Rest(*rest) for rest in rests),
                        tuple(map(int, generations.split())),
                        turn,
                        None if judged[0] is None else Judgement(bool(judged[0]), *judged[1:]),
                    )
                )
        first = next((turn.reply.question for turn in turns if turn.reply), None)
        return Conversation(identity, _name(identity, row[0], first), row[1], tuple(turns))

    def add_turn(
        self,
        conversation: int | None,
        reply: Reply,
        generations: Sequence[int],
        *,
        name: str | None = None,
        check: Callable[[], None] = lambda: None,
    ) -> Added:
        """Keep a reply at the end of a conversation, a new one for None.

        `check` is called once nothing else can write to the file, and raises where the reply
        may not be kept. Raises `ConversationUnknown`.
        """
        now = _now()
        with self._writing() as db:
            check()
            if conversation is None:
                conversation = db.execute(
                    "INSERT INTO conversations (name, begun) VALUES (?, ?)", (name, now)
                ).lastrowid
                assert conversation is not None
            elif not db.execute(
                "SELECT 1 FROM conversations WHERE id = ?", (conversation,)
            ).fetchone():
                raise self._unknown(conversation)
            turn = db.execute(
                "INSERT INTO turns (conversation, asked, generations, question, reply) "
                "VALUES (?, ?, ?, ?, ?)",
                (
                    conversation,
                    now,
                    " ".join(map(str, generations)),
                    reply.question,
                    to_json(replace(reply, cached=False)),
                ),
            ).lastrowid
            assert turn is not None
            quoted = set(rests(reply, self.path.parent))
            db.executemany(
                "INSERT INTO rests VALUES (?, ?, ?, ?, ?)",
                [
                    (turn, rest.document, rest.name, rest.home, rest in quoted)
                    for rest in found_in(reply, self.path.parent)
                ],
            )
        return Added(conversation, turn)

    def judge(self, turn: int, judgement: Judgement | None) -> None:
        """Keep what a reader thought of a turn, in place of what was kept; None takes it back.

        The time is now, whatever `judgement` says. Raises `ConversationUnknown` where the turn was
        removed.
        """
        with self._writing() as db:
            if not db.execute(
                "SELECT 1 FROM turns WHERE id = ? AND reply NOTNULL", (turn,)
            ).fetchone():
                raise ConversationUnknown("This answer is no longer kept, so it cannot be judged.")
            db.execute("DELETE FROM judgements WHERE turn = ?", (turn,))
            if judgement:
                row = (turn, judgement.helpful, judgement.reason, _now())
                db.execute("INSERT INTO judgements VALUES (?, ?, ?, ?)", row)
        if judgement is None:
            self.scrub()

    def judged(self) -> list[tuple[int, int]]:
        """Turns that were judged, as (conversation, turn), in the order they were asked in."""
        with self._reading() as db:
            if db is None:
                return []
            return db.execute(
                "SELECT conversation, turn FROM judgements JOIN turns ON turns.id = turn "
                "WHERE reply NOTNULL ORDER BY turn"
            ).fetchall()

    def rename(self, conversation: int, name: str) -> None:
        """Give a conversation a name. Raises `ConversationUnknown`, also for an unfit name."""
        name = " ".join(name.split())
        if not name or name.isdecimal():
            raise ConversationUnknown("A conversation needs a name that is not only a number.")
        with self._writing() as db:
            changed = db.execute(
                "UPDATE conversations SET name = ? WHERE id = ?", (name, conversation)
            ).rowcount
        if not changed:
            raise self._unknown(conversation)

    def delete(self, conversation: int | None) -> int:
        """Delete a conversation, all for None, and every answer kept to be given again.

        Returns how many conversations there were. Raises `ConversationUnknown`.
        """
        if conversation is not None:
            self.read(conversation)
        if not self.path.exists():
            return 0
        with self._writing() as db:
            db.execute("DELETE FROM answers")
            count = db.execute(
                "DELETE FROM conversations WHERE ?1 IS NULL OR id = ?1", (conversation,)
            ).rowcount
        self.scrub()
        return count

    # -- answers to give again ---------------------------------------------------------------

    def answer(self, key: str) -> tuple[Reply, str] | None:
        """The reply kept under a key, and when it was asked for."""
        with self._reading() as db:
            if db is None:
                return None
            row = db.execute("SELECT reply, asked FROM answers WHERE key = ?", (key,)).fetchone()
        return (from_json(row[0]), row[1]) if row else None

    def keep_answer(
        self,
        key: str,
        state: str,
        reply: Reply,
        check: Callable[[], None] = lambda: None,
        *,
        most: int = MOST_ANSWERS,
    ) -> None:
        """Keep a reply to be given again; `state` is the catalogue's, `check` as in `add_turn`.

        Those of other states can never be given again and go, as do the oldest beyond `most`.
        """
        with self._writing() as db:
            check()
            db.execute("DELETE FROM answers WHERE state != ? OR key = ?", (state, key))
            db.execute(
                "INSERT INTO answers (key, state, asked, reply) VALUES (?, ?, ?, ?)",
                (key, state, _now(), to_json(reply)),
            )
            db.execute(
                "DELETE FROM answers WHERE id NOT IN "
                "(SELECT id FROM answers ORDER BY id DESC LIMIT ?)",
                (most,),
            )

    # -- documents that leave ----------------------------------------------------------------

    def note_elsewhere(self, path: Path) -> None:
        """Note that the library at `path` keeps answers resting on documents of this one."""
        if str(path) not in self.elsewhere():
            with self._writing() as db:
                db.execute("INSERT OR IGNORE INTO elsewhere VALUES (?)", (str(path),))

    def elsewhere(self) -> list[str]:
        with self._reading() as db:
            rows = db.execute("SELECT path FROM elsewhere ORDER BY path") if db else ()
            return [row[0] for row in rows]

    def erase(
        self,
        gone: Gone,
        home: str = "",
        absent: Callable[[Sequence[str]], list[str]] | None = None,
    ) -> None:
        """Remove every turn that holds text of documents which leave, and all kept answers.

        Those that quote or found one of the documents or an older version of the same name, or
        name it in their question; those that may have been completed from a removed one; and with
        `absent`, which tells the words that no document holds any more, those in which such a word
        stands. A removed turn leaves its time and nothing else: a document's name is a trace too.
        `home` is the library that the documents leave, as in `Rest`.
        """
        if not self.path.exists():
            return
        with self._writing() as db:
            turns = db.execute(
                "SELECT turns.id, conversation, reply, name FROM turns JOIN conversations "
                "ON conversations.id = conversation WHERE reply NOTNULL ORDER BY turns.id"
            ).fetchall()
            texts = {turn: _text(reply) for turn, _, reply, _ in turns}
            for turn, reason in db.execute("SELECT turn, reason FROM judgements"):
                texts[turn] = f"{texts.get(turn, '')}\n{reason.lower()}"
            names = {conversation: (name or "").lower() for _, conversation, _, name in turns}
            doomed = {
                turn
                for turn, document, name, at in db.execute(
                    "SELECT turn, document, name, home FROM rests"
                )
                if (document in gone.documents and home in ("", at))
                or (name in gone.names and at == home)
            }
            named = _named(gone.names)
            doomed |= {turn for turn, _, reply, _ in turns if named(from_json(reply).question)}
            lost: list[str] = []
            if absent:
                left = [*(texts[turn] for turn in texts if turn not in doomed), *names.values()]
                there = set().union(*map(words, left))
                lost = absent(sorted({*longest(gone.words), *(gone.words & there)}))
                doomed |= {turn for turn in texts if any(word in texts[turn] for word in lost)}
            doomed |= _followers(turns, doomed)
            for turn in doomed:
                db.execute("UPDATE turns SET question = NULL, reply = NULL WHERE id = ?", (turn,))
                db.execute("DELETE FROM rests WHERE turn = ?", (turn,))
                db.execute("DELETE FROM judgements WHERE turn = ?", (turn,))
            for conversation, name in names.items():
                if named(name) or any(word in name for word in lost):
                    db.execute("UPDATE conversations SET name = NULL WHERE id = ?", (conversation,))
            db.execute("DELETE FROM answers")
        self.scrub()

    def clear(self) -> None:
        """Drop the answers kept to be given again; conversations stay."""
        if self.path.exists():
            with self._writing() as db:
                db.execute("DELETE FROM answers")
            self.scrub()

    def scrub(self) -> None:
        """Write the file anew, without a trace of deleted rows."""
        with self._connected(make=False) as db:
            if db is not None:
                db.execute("VACUUM")

    def wording(self) -> str:
        """Words that stand in the file whatever was answered, in lower case."""
        with self._reading() as db:
            rows = (
                db.execute(
                    "SELECT DISTINCT each.value FROM turns, json_each(reply, '$.models') AS each "
                    "WHERE each.value NOTNULL"
                ).fetchall()
                if db
                else []
            )
        return " ".join([*_TABLES, "sqlite_sequence", *_keys(), *(row[0] for row in rows)]).lower()

    def problems(self) -> list[str]:
        """What is wrong with the file, in words; changes nothing."""
        try:
            with self._reading() as db:
                rows = db.execute("PRAGMA quick_check(5)").fetchall() if db else [("ok",)]
        except LibraryBusy:
            raise
        except LibraryError as error:
            return [f"conversations: {error}"]
        return [f"conversations: {row[0]}" for row in rows if row[0] != "ok"]

    # -- the file ----------------------------------------------------------------------------

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        """One snapshot of the file; None while nothing was ever kept."""
        with self._connected(make=False) as db:
            if db is None:
                yield None
                return
            db.execute("BEGIN")
            yield db

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, whole or not at all; the file is made where it is missing."""
        with self._connected(make=True) as db:
            assert db is not None
            db.execute("BEGIN IMMEDIATE")
            if _is_new(db):
                for table in _TABLES:
                    db.execute(table)
                db.execute(f"PRAGMA user_version = {_VERSION}")
                db.execute(f"PRAGMA application_id = {_APPLICATION}")
            yield db
            db.execute("COMMIT")

    @contextmanager
    def _connected(self, *, make: bool) -> Iterator[sqlite3.Connection | None]:
        try:
            if make:
                # Answers are as private as documents: nobody else may read the file.
                os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
            elif not self.path.exists():
                yield None
                return
            db = sqlite3.connect(
                f"{self.path.resolve().as_uri()}?mode=rw",
                uri=True,
                timeout=_SECONDS,
                isolation_level=None,
            )
        except (OSError, sqlite3.Error) as error:
            raise self._explained(error) from error
        try:
            db.execute("PRAGMA secure_delete = ON")
            db.execute("PRAGMA foreign_keys = ON")
            db.execute("PRAGMA temp_store = MEMORY")
            if _is_new(db):
                yield db if make else None
            else:
                self._check(db)
                yield db
        except sqlite3.Error as error:
            raise self._explained(error) from error
        finally:
            db.close()  # what was not committed is undone

    def _check(self, db: sqlite3.Connection) -> None:
        (application,) = db.execute("PRAGMA application_id").fetchone()
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if application != _APPLICATION:
            raise LibraryError(
                f"{self.path} is not a file of kept answers. Move it away; a new one is made with "
                "the next answer."
            )
        if version == 1:
            db.execute("BEGIN IMMEDIATE")
            if db.execute("PRAGMA user_version").fetchone() == (1,):
                db.execute(next(each for each in _TABLES if "TABLE judgements" in each))
                db.execute(f"PRAGMA user_version = {_VERSION}")
            db.execute("COMMIT")
        elif version != _VERSION:
            raise LibraryError(
                f"{self.path} has version {version}, this program reads version {_VERSION}. Use "
                "the program version that made it, or move the file away."
            )

    def _explained(self, error: Exception) -> LibraryError:
        said = str(error)
        if "locked" in said or "busy" in said:
            return LibraryBusy(
                f"Another process is writing to {self.path}. Run the same command again."
            )
        if "full" in said:
            return LibraryFull(f"The disk that holds {self.path} is full. Free some space.")
        if isinstance(error, OSError) or "readonly" in said or "unable to open" in said:
            return LibraryError(
                f"{self.path} cannot be written ({said}). Check the permissions of its folder."
            )
        return LibraryError(
            f"{self.path} cannot be read ({said}). Answers do not need it: move it away, or put a "
            "copy back."
        )

    def _unknown(self, conversation: int) -> ConversationUnknown:
        return ConversationUnknown(
            f"There is no conversation {conversation} in {self.path.parent}. "
            "`rag history` lists them."
        )


def _holding(db: sqlite3.Connection, words: str) -> set[int]:
    """The conversations in which all these words stand."""
    said: dict[int, list[str]] = {}
    for conversation, name, question, reply in db.execute(
        "SELECT conversation, name, question, reply FROM turns "
        "JOIN conversations ON conversations.id = conversation WHERE reply NOTNULL"
    ):
        sentences = json.loads(reply)["answer"]["sentences"]
        texts = [name or "", question, *(each["text"] for each in sentences)]
        said.setdefault(conversation, []).extend(text.casefold() for text in texts)
    wanted = words.casefold().split()
    return {at for at, texts in said.items() if all(word in "\n".join(texts) for word in wanted)}


# -- a reply as it is kept -------------------------------------------------------------------


def to_json(reply: Reply) -> str:
    """A reply as JSON, with nothing left out or rounded; `from_json` gives it back."""
    return _adapter().dump_json(reply).decode()


def from_json(text: str) -> Reply:
    """The reply that `to_json` wrote; fields it did not know yet have their defaults."""
    return _adapter().validate_json(text)


@functools.cache
def _adapter() -> TypeAdapter[Reply]:
    return TypeAdapter(Reply)


def rests(reply: Reply, own: Path) -> tuple[Rest, ...]:
    """The documents that the answer quotes; `own` is the library that keeps it."""
    return _rests((quote.document for quote in reply.answer.shown), own)


def found_in(reply: Reply, own: Path) -> tuple[Rest, ...]:
    """All documents of which anything stands in the reply."""
    return _rests(_documents(reply), own)


def placed(reply: Reply, collection: str) -> Reply:
    """The reply with the library of its documents named in each, as where several were asked."""

    def moved(value: Any) -> Any:
        if isinstance(value, Document):
            return replace(value, collection=collection)
        if is_dataclass(value) and not isinstance(value, type):
            parts = {field.name: moved(getattr(value, field.name)) for field in fields(value)}
            return replace(value, **parts)
        return tuple(map(moved, value)) if isinstance(value, tuple) else value

    found: Reply = moved(reply)
    return found


def _rests(documents: Iterable[Document], own: Path) -> tuple[Rest, ...]:
    homes: dict[str, str] = {"": ""}
    found: dict[tuple[str, str], Rest] = {}
    for document in documents:
        if document.collection not in homes:
            path = Path(document.collection).resolve()
            homes[document.collection] = "" if path == own.resolve() else str(path)
        home = homes[document.collection]
        found.setdefault((document.id, home), Rest(document.id, document.name, home))
    return tuple(sorted(found.values(), key=lambda rest: (rest.name, rest.document, rest.home)))


def _documents(value: Any) -> Iterator[Document]:
    """Every document inside a record, wherever a field holds it."""
    if isinstance(value, Document):
        yield value
    elif is_dataclass(value):
        for field in fields(value):
            yield from _documents(getattr(value, field.name))
    elif isinstance(value, tuple):
        for each in value:
            yield from _documents(each)


def _text(reply: str) -> str:
    """All that a reply says, in lower case; not its models, which say nothing of documents."""
    return "\n".join(_strings(replace(from_json(reply), models={}))).lower()


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str) and not isinstance(value, StrEnum):
        yield value
    elif is_dataclass(value):
        for field in fields(value):
            yield from _strings(getattr(value, field.name))
    elif isinstance(value, tuple):
        for each in value:
            yield from _strings(each)


def words(text: str) -> set[str]:
    """The words of a text that can be looked for in bytes: those of six letters and more.

    In lower case. Shorter ones could stand by chance in the bytes of vectors.
    """
    return set(re.findall(r"\w{6,40}", text.lower()))


def longest(found: Iterable[str], most: int = 200) -> list[str]:
    """The longest of the words, ties by letters."""
    return sorted(found, key=lambda word: (-len(word), word))[:most]


def _named(names: Iterable[str]) -> Callable[[str], bool]:
    """Whether a text holds one of the names, standing alone."""
    pattern = re.compile(
        rf"(?<!\w)(?:{'|'.join(map(re.escape, sorted(names)))})(?!\w)", re.IGNORECASE
    )
    return lambda text: bool(names) and bool(pattern.search(text))


def _followers(turns: Sequence[tuple[Any, ...]], removed: set[int]) -> set[int]:
    """Turns that were completed, and maybe from a removed one: its words stand in them."""
    found = set()
    by_conversation: dict[int, list[tuple[int, str]]] = {}
    for turn, conversation, reply, _ in turns:
        by_conversation.setdefault(conversation, []).append((turn, reply))
    for rows in by_conversation.values():
        for at, (turn, reply) in enumerate(rows):
            before = {earlier for earlier, _ in rows[max(0, at - FOLLOWED) : at]}
            if before & removed and from_json(reply).searched:
                found.add(turn)
    return found


@functools.cache
def _keys() -> tuple[str, ...]:
    """The names of fields and the fixed values that stand in the JSON of a reply."""
    found: set[str] = set()
    for thing in vars(records).values():
        if isinstance(thing, type) and is_dataclass(thing):
            found.update(field.name for field in fields(thing))
        elif isinstance(thing, type) and issubclass(thing, StrEnum):
            found.update(thing)
    return tuple(sorted(found))


def _name(identity: int, name: str | None, question: str | None) -> str:
    return name or " ".join((question or "").split()) or f"Conversation {identity}"


def _is_new(db: sqlite3.Connection) -> bool:
    return bool(db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0)


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
