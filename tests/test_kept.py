"""Answers given again: only over the same library, with everything that decides them the same."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import pytest

from ingest.load import load
from ingest.parse import Parser
from rag import contract, kept
from rag.ask import Parts, ask
from rag.errors import ConversationUnknown, LibraryBusy, LibraryError
from rag.filters import Filters
from rag.library import conversations
from rag.library.folder import Library
from rag.program import identity_of
from rag.question import TURNS
from rag.records import Mode, Outcome, Reply
from tests.conftest import ROOT
from tests.stand_ins import BrokenScorer, EchoGenerator, HashEmbedder, OverlapReranker, WordScorer

TEXTS = {
    "birds.txt": "The heron nests in the willow by the weir. It eats small fish at dawn. "
    "Kingfishers dig tunnels into the bank.",
    "boats.txt": "The ferry Zephyrine crosses the estuary twice a day. It carries forty cars.",
}
QUESTION = "Where does the heron nest?"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _built(tmp_path_factory.mktemp("built"), TEXTS)


@pytest.fixture(scope="module")
def built_other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    owls = {"owls.txt": "The owl nests in the tall chimney."}
    return _built(tmp_path_factory.mktemp("other"), owls)


@pytest.fixture
def library(built: Path, tmp_path: Path) -> Iterator[Library]:
    yield from _copied(built, tmp_path / "library")


@pytest.fixture
def other(built_other: Path, tmp_path: Path) -> Iterator[Library]:
    yield from _copied(built_other, tmp_path / "other")


def _built(folder: Path, texts: dict[str, str]) -> Path:
    library = Library.create(folder / "library")
    _load(library, folder / "documents", texts)
    library.close()
    return library.path


def _copied(built: Path, path: Path) -> Iterator[Library]:
    """A library of one's own, and the documents it was made of."""
    shutil.copytree(built, path)
    library = Library.open(path)
    yield library
    library.close()


def _load(library: Library, folder: Path, texts: dict[str, str]) -> None:
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text)
    with Parser() as parser:
        load([folder], library, HashEmbedder, parser)


def _parts(*libraries: Library) -> Parts:
    return Parts(libraries, HashEmbedder(), WordScorer(), EchoGenerator(), enough=0.0)


def _row(reply: Reply) -> str:
    return json.dumps(contract.reply(None, replace(reply, cached=False, timings={})))


# -- given again -----------------------------------------------------------------------------


@pytest.mark.parametrize("mode", list(Mode))
def test_the_same_question_is_answered_from_the_store(library: Library, mode: Mode) -> None:
    parts = _parts(library)
    first = kept.ask(QUESTION, parts, mode=mode)
    again = kept.ask(f"  {QUESTION}\n", parts, mode=mode)
    assert (first.reply.cached, first.asked) == (False, None)
    assert again.reply.cached
    assert again.asked
    assert _row(again.reply) == _row(first.reply) == _row(ask(QUESTION, parts, mode=mode))
    assert replace(again.reply, cached=False, timings={}) == replace(first.reply, timings={})
    assert not kept.ask(QUESTION, parts, mode=mode, fresh=True).reply.cached
    assert [type(event) for event in kept.stream(QUESTION, parts, mode=mode)] == [
        kept.Again,
        Reply,
    ]


def test_a_load_and_a_removal_ask_anew(tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    library = Library.create(tmp_path / "library")
    _load(library, folder, TEXTS)
    parts = _parts(library)
    kept.ask(QUESTION, parts)
    _load(library, folder, {})
    assert kept.ask(QUESTION, parts).reply.cached, "a load that changed nothing"
    _load(library, folder, {"more.txt": "The heron nests on the island, too."})
    changed = kept.ask(QUESTION, parts)
    assert not changed.reply.cached
    assert "island" in changed.reply.answer.text
    assert kept.ask(QUESTION, parts).reply.cached
    library.forget("more.txt")
    assert not kept.ask(QUESTION, parts).reply.cached


def test_everything_that_decides_changes_the_key(library: Library, other: Library) -> None:
    parts = _parts(library)
    asked = {"mode": Mode.QUOTE, "filters": Filters(), "history": (), "program": "one"}
    base = kept.key(QUESTION, parts, **asked)  # type: ignore[arg-type]
    assert base == kept.key(f" {QUESTION} ", _parts(library), **asked)  # type: ignore[arg-type]

    echo = EchoGenerator()
    echo.identity = "another"
    overlap = OverlapReranker()
    differing: dict[str, list[object]] = {
        "libraries": [(other,), (library, other), (other, library)],
        "embedder": [HashEmbedder(name="b"), HashEmbedder(dimensions=32)],
        "scorer": [BrokenScorer()],
        "generator": [None, echo],
        "reranker": [overlap],
        "enough": [0.1],
        "price_in": [1.0],
        "price_out": [1.0],
        "notes": [("Something is missing.",)],
    }
    assert set(differing) == {field.name for field in fields(Parts)}, "a part without a test"
    keys = [base]
    for name, values in differing.items():
        for value in values:
            keys.append(kept.key(QUESTION, replace(parts, **{name: value}), **asked))  # type: ignore[arg-type]
    filters = [
        Filters(documents=("birds.txt",)),
        Filters(documents=()),
        Filters(folders=("a",)),
        Filters(kinds=("txt",)),
        Filters(since="2023"),
        Filters(until="2023"),
    ]
    assert len(filters) > len(fields(Filters))
    changes = [
        {"mode": Mode.GENERATE},
        *({"filters": each} for each in filters),
        {"history": (("Which birds are there?", "Herons."),)},
        {"history": (("Which birds are there?", "Kingfishers."),)},
        {"program": "two"},
    ]
    keys += [kept.key(QUESTION, parts, **{**asked, **change}) for change in changes]  # type: ignore[arg-type]
    keys.append(kept.key("Where does the heron nest", parts, **asked))  # type: ignore[arg-type]
    with library.catalogue.writing():
        pass
    keys.append(kept.key(QUESTION, parts, **asked))  # type: ignore[arg-type]
    assert len(set(keys)) == len(keys)


def test_another_program_asks_anew(tmp_path: Path) -> None:
    before = identity_of(tmp_path)
    code = tmp_path / "room" / "step.py"
    code.parent.mkdir()
    code.write_text("one = 1")
    written = identity_of(tmp_path)
    code.write_text("one = 2")
    assert len({before, written, identity_of(tmp_path)}) == 3


def test_what_broke_is_not_kept(library: Library) -> None:
    from rag.errors import GeneratorFailed

    broken = EchoGenerator(breaks=GeneratorFailed("The generator broke off."))
    for parts in (
        replace(_parts(library), scorer=BrokenScorer()),
        replace(_parts(library), generator=broken),
    ):
        for _ in range(2):
            assert not kept.ask(QUESTION, parts, mode=Mode.GENERATE).reply.cached
    refused = replace(_parts(library), enough=1.0)
    outcomes = [kept.ask(QUESTION, refused, mode=Mode.GENERATE).reply for _ in range(2)]
    assert [each.answer.outcome for each in outcomes] == [Outcome.NO_EVIDENCE] * 2
    assert [each.cached for each in outcomes] == [False, True]


def test_the_path_itself_neither_reads_nor_fills_the_store(library: Library) -> None:
    """What batches and measurements call."""
    ask(QUESTION, _parts(library))
    assert not library.conversations.path.exists()
    kept.ask(QUESTION, _parts(library))
    assert not ask(QUESTION, _parts(library)).cached


def test_only_the_newest_answers_of_this_state_stay(library: Library) -> None:
    store, reply = library.conversations, ask(QUESTION, _parts(library))
    for name in "abcd":
        store.keep_answer(name, "now", reply, most=3)
    store.keep_answer("b", "now", reply, most=3)
    assert [name for name in "abcde" if store.answer(name)] == ["b", "c", "d"]
    store.keep_answer("e", "now", reply, most=3)
    assert [name for name in "abcde" if store.answer(name)] == ["b", "d", "e"]
    store.keep_answer("f", "later", reply, most=3)
    assert [name for name in "abcdef" if store.answer(name)] == ["f"]


# -- conversations ---------------------------------------------------------------------------


def test_a_conversation_goes_on(library: Library) -> None:
    parts = _parts(library)
    for number, question in enumerate(["Which ferry crosses the estuary?", "What does it carry?"]):
        answered = kept.ask(question, parts, conversation="boats")
        assert answered.conversation == 1
        assert bool(answered.reply.searched) is bool(number)
    assert "estuary" in answered.reply.searched[0]
    kept.ask(QUESTION, parts)
    assert [(each.id, each.name, each.turns) for each in library.conversations.all()] == [
        (1, "boats", 2)
    ]
    read = library.conversations.read(1)
    assert [turn.reply for turn in read.turns][1] == answered.reply
    assert read.turns[0].generations == (library.catalogue.generation,)
    for turn in read.turns:
        assert turn.reply
        document = library.catalogue.document("boats.txt")
        assert document
        assert document.id in {rest.document for rest in turn.rests}
    with pytest.raises(ConversationUnknown, match="no conversation 7"):
        kept.ask(QUESTION, parts, conversation="7")
    library.conversations.rename(1, "Ferries  and cars")
    assert kept.ask(QUESTION, parts, conversation="Ferries and cars").conversation == 1
    assert conversations.FOLLOWED == TURNS


def test_a_conversation_is_called_by_its_first_question(library: Library) -> None:
    found = kept.keep(ask(QUESTION, _parts(library)), [library], None)
    reply, at = found.reply, found.conversation
    assert (reply.notes, at) == ((), 1)
    assert library.conversations.find(QUESTION) == 1
    kept.keep(reply, [library], None)
    with pytest.raises(ConversationUnknown, match=r"Conversations \d, \d are all"):
        library.conversations.find(QUESTION)
    assert library.conversations.delete(1) == 1
    assert library.conversations.find(QUESTION) == 2
    assert library.conversations.delete(None) == 1
    assert library.conversations.all() == []
    assert b"heron" not in library.conversations.path.read_bytes()


def test_what_changed_or_went_is_said(tmp_path: Path) -> None:
    library = Library.create(tmp_path / "library")
    _load(library, tmp_path / "documents", TEXTS)
    reply = ask(QUESTION, replace(_parts(library), enough=0.0), filters=Filters(kinds=("txt",)))
    kept.keep(reply, [library], None)
    quoted = {rest.name for rest in library.conversations.read(1).turns[0].rests}
    assert "birds.txt" in quoted
    assert kept.stale_reply(reply, [library]) == ()
    _load(library, tmp_path / "documents", {"birds.txt": "The heron left."})
    (mark,) = kept.stale(
        [rest for rest in library.conversations.all()[0].rests if rest.name == "birds.txt"],
        [library],
    )
    assert mark == kept.Stale("birds.txt", "changed")
    # Removed behind the store's back: what a forgotten one leaves is another test's.
    document = library.catalogue.document("birds.txt")
    assert document
    with library.catalogue.writing():
        library.catalogue.remove_document(document.id)
    assert kept.Stale("birds.txt", "gone") in kept.stale_reply(reply, [library])


def test_of_several_libraries_each_is_looked_up_where_it_is(
    library: Library, other: Library
) -> None:
    question = "Where does the owl nest?"
    reply = ask(question, _parts(library, other))
    kept.keep(reply, [library, other], None)
    rests = library.conversations.read(1).turns[0].rests
    home = str(other.path.resolve())
    assert ("owls.txt", home) in {(rest.name, rest.home) for rest in rests}
    assert kept.stale(rests, [library]) == kept.stale(rests, [library, other]) == ()
    alone = kept.keep(ask(question, _parts(other)), [other], None, own=library).reply
    assert {quote.document.collection for quote in alone.answer.considered} == {str(other.path)}
    assert kept.stale_reply(alone, [library, other]) == ()
    document = other.catalogue.document("owls.txt")
    assert document
    with other.catalogue.writing():
        other.catalogue.remove_document(document.id)
    assert kept.stale(rests, [library]) == (kept.Stale("owls.txt", "gone"),)


# -- the record ------------------------------------------------------------------------------


@pytest.mark.parametrize("says", [None, "The heron nests on the moon."])
def test_a_reply_comes_back_as_it_was(library: Library, says: str | None) -> None:
    parts = replace(_parts(library), generator=EchoGenerator(says))
    reply = ask(f"{QUESTION} And which ferry crosses?", parts, mode=Mode.GENERATE)
    assert bool(reply.answer.withheld) is (says is not None)
    text = conversations.to_json(reply)
    assert conversations.from_json(text) == reply
    assert conversations.to_json(conversations.from_json(text)) == text
    older = json.loads(text)
    del older["cached"]
    assert conversations.from_json(json.dumps(older)) == reply


# -- trouble ---------------------------------------------------------------------------------


def _notes(library: Library) -> tuple[str, ...]:
    answered = kept.ask(QUESTION, _parts(library))
    assert "willow" in answered.reply.answer.text
    assert not answered.reply.cached
    return answered.reply.notes


def test_a_broken_or_foreign_file_stops_no_answer(library: Library) -> None:
    path = library.conversations.path
    path.write_bytes(b"no database at all" * 100)
    (note,) = _notes(library)
    assert "was not kept" in note
    assert "move it away" in note
    assert any("conversations" in problem for problem in library.verify())
    with pytest.raises(LibraryError, match="cannot be read"):
        kept.ask(QUESTION, _parts(library), conversation="x")
    for statement, said in (
        ("CREATE TABLE theirs (one)", "not a file of kept answers"),
        ("PRAGMA user_version = 99", "version 99"),
    ):
        path.unlink()
        if "99" in statement:
            kept.ask(QUESTION, _parts(library))
        before = sqlite3.connect(path)
        before.execute(statement)
        before.close()
        assert said in _notes(library)[0]
    path.unlink()
    path.mkdir()
    assert "cannot be written" in _notes(library)[0]


def test_a_locked_file_stops_no_answer(library: Library) -> None:
    kept.keep(ask(QUESTION, _parts(library)), [library], None)
    holder = sqlite3.connect(library.conversations.path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    assert "Another process" in _notes(library)[0]
    with pytest.raises(LibraryBusy):
        library.forget("birds.txt")
    holder.close()
    assert library.catalogue.document("birds.txt"), "not removed by halves"


def test_the_file_is_private(library: Library) -> None:
    kept.ask(QUESTION, _parts(library))
    assert library.conversations.path.stat().st_mode & 0o777 == 0o600
    assert library.verify() == []


def test_a_library_that_changed_meanwhile_keeps_nothing(library: Library) -> None:
    """The document is forgotten after its answer was made and before it would be kept."""
    parts = _parts(library)
    reply = ask(QUESTION, parts)
    events = kept.stream(QUESTION, parts)
    next(events)
    library.forget("birds.txt")
    *_, last = events
    assert isinstance(last, Reply)
    assert "changed meanwhile" in last.notes[0]
    found = kept.keep(reply, [library], None)
    refused, at = found.reply, found.conversation
    assert "removed meanwhile" in refused.notes[0]
    assert at is None
    assert library.conversations.all() == []
    assert (
        library.conversations.answer(
            kept.key(QUESTION, parts, mode=Mode.QUOTE, filters=Filters(), history=())
        )
        is None
    )


WRITE = """
import sys
from pathlib import Path
from rag import kept
from rag.ask import Parts
from rag.library.folder import Library
from tests.stand_ins import HashEmbedder, WordScorer
library = Library.open(Path(sys.argv[1]))
parts = Parts((library,), HashEmbedder(), WordScorer(), enough=0.0)
for number in range(10):
    answered = kept.ask(f"Where does heron {number} nest?", parts, conversation=sys.argv[2])
    assert not answered.reply.notes, answered.reply.notes
"""


def test_two_processes_write_at_once(library: Library) -> None:
    kept.ask(QUESTION, _parts(library), conversation="both")
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITE, str(library.path), "both"], cwd=ROOT)
        for _ in range(2)
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    (both,) = library.conversations.all()
    assert both.turns == 21
