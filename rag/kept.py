"""Answers given again over an unchanged library, and kept as the turns of conversations.

The same path as `rag.ask`, with the file of kept answers before and behind it. What decides an
answer makes its key: the question with its mode, filters and history, the state of every library
asked, the parts that answer, and the program itself. Nothing here stops an answer: what cannot be
kept is said in its notes.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from rag import ask as path
from rag.ask import Event, Parts
from rag.errors import LibraryBusy, LibraryError, SettingsError, SourceboundError
from rag.filters import NONE, Filters
from rag.library.conversations import Added, Rest, found_in, placed, rests
from rag.library.folder import Library
from rag.program import identity
from rag.question import TURNS
from rag.records import Mode, Outcome, Reply
from rag.retrieve import check_question


@dataclass(frozen=True, slots=True)
class Again:
    """The reply that follows was given before, at `asked` (UTC)."""

    asked: str


@dataclass(frozen=True, slots=True)
class Answered:
    """A reply; `asked` is when it was given before, None where it was not; its conversation."""

    reply: Reply
    asked: str | None = None
    conversation: int | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A reply and where it is kept; `turn` is None where it could not be, which its notes say."""

    reply: Reply
    conversation: int | None
    turn: int | None


@dataclass(frozen=True, slots=True)
class Stale:
    """A document that a kept answer quotes and that is another one now, or none.

    `change` is "changed" where its name stands for other bytes, else "gone".
    """

    document: str
    change: str


# -- asking ----------------------------------------------------------------------------------


def stream(
    question: str,
    parts: Parts,
    *,
    mode: Mode = Mode.QUOTE,
    filters: Filters = NONE,
    history: Sequence[tuple[str, str]] = (),
    fresh: bool = False,
) -> Iterator[Event | Again]:
    """As `rag.ask.stream`; where the answer is kept, `Again` and the reply alone.

    `fresh` asks anew. Raises what `rag.ask.stream` raises.
    """
    began = time.perf_counter()
    question = check_question(question)
    own = parts.libraries[0]

    def asked_now() -> str:
        return key(question, parts, mode=mode, filters=filters, history=history)

    asked, trouble = asked_now(), ""
    if not fresh:
        try:
            known = own.conversations.answer(asked)
        except (LibraryError, ValueError) as error:
            known, trouble = None, _not_kept(error)
        if known:
            reply, when = known
            yield Again(when)
            seconds = {"total": time.perf_counter() - began}
            yield replace(reply, cached=True, timings=seconds)
            return
    for event in path.stream(question, parts, mode=mode, filters=filters, history=history):
        if not isinstance(event, Reply):
            yield event
            continue
        if not trouble and _whole(event, mode):
            trouble = _tried(partial(_keep_answer, event, parts, asked, asked_now))
        yield replace(event, notes=(*event.notes, trouble)) if trouble else event


def ask(
    question: str,
    parts: Parts,
    *,
    mode: Mode = Mode.QUOTE,
    filters: Filters = NONE,
    fresh: bool = False,
    conversation: str | None = None,
) -> Answered:
    """The reply to one question, in the conversation of that number or name where one is given.

    A name that is not known begins one. Raises what `rag.ask.ask` raises; `ConversationUnknown`,
    and `LibraryError` where the conversation cannot be read.
    """
    own = parts.libraries[0].conversations
    name = (conversation or "").strip()
    if conversation is not None and not name:
        raise SettingsError("--conversation needs a name or a number.")
    known = own.find(name) if name else None
    history = said([turn.reply for turn in own.read(known).turns]) if known is not None else ()
    asked = None
    for event in stream(question, parts, mode=mode, filters=filters, history=history, fresh=fresh):
        if isinstance(event, Again):
            asked = event.asked
        elif isinstance(event, Reply):
            reply = event
    if not name:
        return Answered(reply, asked)
    found = keep(reply, parts.libraries, known, name=name)
    return Answered(found.reply, asked, found.conversation)


def keep(
    reply: Reply,
    libraries: Sequence[Library],
    conversation: int | None,
    *,
    own: Library | None = None,
    name: str | None = None,
) -> Kept:
    """Keep a reply as the next turn of a conversation, of a new one for None.

    `libraries` are those asked, `own` the one that keeps the conversation, the first of them
    unless given.
    """
    own = own or libraries[0]
    if len(libraries) == 1 and libraries[0] is not own:
        reply = placed(reply, str(libraries[0].path))
    homes = [own, *(each for each in libraries if each is not own)]
    added: Added | None = None

    def store() -> None:
        nonlocal added
        _note_elsewhere(reply, homes)
        added = own.conversations.add_turn(
            conversation,
            reply,
            [library.catalogue.generation for library in libraries],
            name=name,
            check=lambda: _still_there(reply, homes),
        )

    trouble = _tried(store)
    if added is None:
        return Kept(replace(reply, notes=(*reply.notes, trouble)), conversation, None)
    return Kept(reply, added.conversation, added.turn)


def said(replies: Sequence[Reply | None]) -> tuple[tuple[str, str], ...]:
    """The last questions with their answers, as a follow-up stands on them."""
    there = [(reply.question, reply.answer.text) for reply in replies if reply]
    return tuple(there[-TURNS:])


def key(
    question: str,
    parts: Parts,
    *,
    mode: Mode,
    filters: Filters,
    history: Sequence[tuple[str, str]],
    program: str | None = None,
) -> str:
    """SHA-256, in hex, of all that decides the answer; `program` is this one unless given."""
    decides = {
        "program": program or identity(),
        "question": question.strip(),
        "mode": mode,
        "filters": asdict(filters),
        "history": list(history),
        "parts": {field.name: _decides(getattr(parts, field.name)) for field in fields(parts)},
        # Replies name the library of each document where there are several.
        "libraries": [str(each.path) for each in parts.libraries] if parts.libraries[1:] else [],
    }
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()


def _decides(part: Any) -> Any:
    """What tells one part from another: its value, its identity, or at least its kind."""
    if part is None or isinstance(part, str | int | float):
        return part
    if isinstance(part, tuple):
        return [_decides(each) for each in part]
    if isinstance(part, Library):
        return [part.catalogue.generation, part.catalogue.state]
    identity = getattr(part, "identity", None)
    kind = f"{type(part).__module__}.{type(part).__qualname__}"
    if is_dataclass(identity) and not isinstance(identity, type):
        return [kind, asdict(identity)]
    return [kind, None if identity is None else str(identity)]


def _whole(reply: Reply, mode: Mode) -> bool:
    """Whether nothing broke on the way: only such a reply is given again."""
    outcome = reply.answer.outcome
    return outcome is not Outcome.NOT_CHECKED and (
        reply.mode is mode or outcome is Outcome.NO_EVIDENCE
    )


def _keep_answer(reply: Reply, parts: Parts, asked: str, asked_now: Callable[[], str]) -> None:
    own = parts.libraries[0]
    _note_elsewhere(reply, parts.libraries)

    def check() -> None:
        if asked_now() != asked:
            raise LibraryBusy("The library changed meanwhile.")

    own.conversations.keep_answer(asked, own.catalogue.state, reply, check)


def _note_elsewhere(reply: Reply, libraries: Sequence[Library]) -> None:
    """Let the other libraries know where something of theirs is kept, so that `forget` reaches it.

    Before it is kept: what is noted in vain does no harm.
    """
    own = libraries[0].path.resolve()
    homes = {rest.home for rest in found_in(reply, own)} - {""}
    for library in libraries[1:]:
        if str(library.path.resolve()) in homes:
            library.conversations.note_elsewhere(own)


def _still_there(reply: Reply, libraries: Sequence[Library]) -> None:
    """Raise `LibraryBusy` where a document was forgotten while its answer was made."""
    homes = {str(library.path.resolve()): library for library in libraries[1:]}
    for rest in found_in(reply, libraries[0].path):
        catalogue = homes.get(rest.home, libraries[0]).catalogue
        if not catalogue.has_document(rest.document) and catalogue.document(rest.name) is None:
            raise LibraryBusy("A document it rests on was removed meanwhile.")


def _tried(store: Callable[[], None]) -> str:
    """Why it could not be kept, as a note; "" when it was."""
    try:
        store()
    except (SourceboundError, ValueError) as error:
        return _not_kept(error)
    return ""


def _not_kept(error: Exception) -> str:
    return f"This answer was not kept: {error}"


# -- what became of the documents ------------------------------------------------------------


def stale(found: Sequence[Rest], libraries: Sequence[Library]) -> tuple[Stale, ...]:
    """Which of the documents that a kept answer quotes are changed or gone by now.

    Looked up in the catalogues; `libraries` are those at hand, the own one first.
    """
    homes = {"": libraries[0]} | {str(each.path.resolve()): each for each in libraries[1:]}
    marks = []
    for rest in found:
        if rest.home not in homes:
            try:
                homes[rest.home] = Library.open(Path(rest.home))
            except LibraryError:
                marks.append(Stale(rest.name, "gone"))
                continue
        catalogue = homes[rest.home].catalogue
        if not catalogue.has_document(rest.document):
            changed = catalogue.document(rest.name) is not None
            marks.append(Stale(rest.name, "changed" if changed else "gone"))
    return tuple(marks)


def stale_reply(reply: Reply, libraries: Sequence[Library]) -> tuple[Stale, ...]:
    """As `stale`, for a reply that is shown."""
    return stale(rests(reply, libraries[0].path), libraries)
