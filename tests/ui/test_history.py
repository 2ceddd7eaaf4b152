"""Conversations by command: listed, shown, exported so that nothing in them acts, deleted."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from rag import contract, kept
from rag.ask import Parts
from rag.library.conversations import Conversation, Turn, from_json
from rag.library.folder import Library
from rag.records import (
    Answer,
    Conflict,
    Disagreement,
    Document,
    Mode,
    Outcome,
    Quote,
    Reply,
    Sentence,
)
from tests.conftest import LoadTexts
from tests.stand_ins import EchoGenerator, HashEmbedder, WordScorer
from tests.ui.test_markup import PAYLOADS
from ui import cli
from ui.exporting import Format, export

HERON = "The heron nests in the willow by the weir."
QUESTION = "Where does the heron nest?"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def rag(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: object) -> tuple[int, str, str]:
        code = cli.run([str(argument) for argument in arguments])
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def library(load_texts: LoadTexts) -> Library:
    made = load_texts({"birds.txt": HERON})
    parts = Parts((made,), HashEmbedder(), WordScorer(), EchoGenerator(), enough=0.0)
    for mode in Mode:
        kept.ask(QUESTION, parts, mode=mode, conversation="birds")
    return made


def test_the_list_and_what_is_stale(rag: Run, library: Library, load_texts: LoadTexts) -> None:
    place = ("--library", library.path)
    code, out, _ = rag("history", *place)
    assert code == 0
    assert re.fullmatch(r" +1  \d{4}-\d\d-\d\d \d\d:\d\d +2 turns  birds\n", out)
    load_texts({"birds.txt": f"{HERON} It left."})
    assert "stale: birds.txt" in rag("history", *place)[1]
    row = json.loads(rag("history", "--json", *place)[1])
    assert (row["id"], row["name"], row["turns"]) == (1, "birds", 2)
    assert row["stale"] == [{"document": "birds.txt", "change": "changed"}]
    shown = rag("history", "show", "birds", *place)[1]
    assert "Stale: birds.txt has changed since" in shown
    assert HERON in shown


def test_json_leaves_nothing_out(rag: Run, library: Library, tmp_path: Path) -> None:
    place = ("--library", library.path)
    code, out, _ = rag("history", "export", 1, "--format", "json", *place)
    assert code == 0
    assert out.count("\n") > 1
    row = json.loads(out)
    assert row == json.loads(rag("history", "show", 1, "--json", *place)[1])
    turns = library.conversations.read(1).turns
    assert [from_json(json.dumps(each["record"])) for each in row["turns"]] == [
        turn.reply for turn in turns
    ]
    for each, turn in zip(row["turns"], turns, strict=True):
        assert turn.reply
        assert each["reply"] == contract.reply(None, turn.reply)
        (place_of,) = each["rests_on"]
        document = library.catalogue.document("birds.txt")
        assert document
        assert place_of["sha256"] == document.id
        assert (place_of["start"], place_of["end"]) == (0, len(HERON))
    file = tmp_path / "out.html"
    assert rag("history", "export", 1, "--format", "html", "--out", file, *place)[:2] == (0, "")
    assert HERON in file.read_text()
    markdown = rag("history", "export", 1, *place)[1]
    assert f"> “{HERON}”" in markdown
    assert f"birds.txt, line 1, characters 0 to {len(HERON)}, SHA-256 {document.id}" in markdown


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


MARKS = [
    "# not a heading",
    "- no list",
    "1. no list",
    "> none",
    "---",
    "a | b",
    "~~~",
    "```",
    "$x$",
]


ADDRESSES = ["http://example.org www.example.org", "someone@example.org"]


@pytest.mark.parametrize("bad", [*PAYLOADS, *MARKS, *ADDRESSES])
def test_nothing_in_a_file_acts(tmp_path: Path, bad: str) -> None:
    document = Document("0" * 64, bad, bad, "text/plain")
    quote = Quote(document, 2, 0, 9, bad, 1.0, (bad,), (bad,), bad, (bad,), bad)
    conflict = Conflict(Disagreement.NUMBER, quote, quote, (bad, bad))
    sentence = Sentence(bad, (quote,), 1.0, side=bad)
    answer = Answer(Outcome.SUPPORTED, (sentence,), conflicts=(conflict,))
    reply = Reply(bad, Mode.GENERATE, answer, (), notes=(bad,), searched=(bad,))
    conversation = Conversation(
        1, bad, "2026-03-01T12:00:00Z", (Turn("2026-03-01T12:00:00Z", reply),)
    )
    library = Library(tmp_path)
    markdown = export(conversation, [library], Format.MARKDOWN)
    tokens = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    flat = [each for token in tokens.parse(markdown) for each in (token, *(token.children or ()))]
    ours = {"heading", "paragraph", "blockquote", "em", "strong"}
    assert {token.type.rsplit("_", 1)[0] for token in flat} - {"inline", "text"} <= ours
    assert sum(token.type == "heading_open" for token in flat) == 3
    said = [token.content for token in flat if token.type == "text"]
    assert "".join(said).count(bad) >= 15
    # The Markdown of some places makes links of bare addresses.
    assert not re.search(r"https?://|www\.|\w@\w", markdown)

    page = _Tags()
    page.feed(export(conversation, [library], Format.HTML))
    assert page.tags <= set(
        "html head meta title style body h1 h2 h3 p blockquote footer br".split()
    )
    assert bad in page.text


def test_a_removed_turn_says_so_everywhere(rag: Run, library: Library) -> None:
    library.forget("birds.txt")
    for form in Format:
        text = export(library.conversations.read(1), [library], form)
        assert "heron" not in text
        if form is not Format.JSON:
            assert "Removed, because a document" in text
    assert "Removed, because" in rag("history", "show", 1, "--library", library.path)[1]


def test_delete(rag: Run, library: Library) -> None:
    place = ("--library", library.path)
    assert rag("history", "delete", *place)[0] == 2
    assert rag("history", "delete", 1, "--all", *place)[0] == 2
    assert rag("history", "delete", "nobody", *place)[0] == 5
    assert rag("history", "delete", 7, *place)[0] == 5
    assert b"willow" in library.conversations.path.read_bytes()
    assert rag("history", *place, "delete", "birds", "--json")[:2] == (0, '{"deleted": 1}\n')
    assert b"willow" not in library.conversations.path.read_bytes()
    assert rag("history", "delete", "--all", *place)[0] == 0
    assert "No conversation is kept" in rag("history", *place)[1]
    assert rag("history", "export", 1, "--format", "pdf", *place)[0] == 2
    assert rag("history", "--library", library.path / "none")[0] == 5


@pytest.mark.models
def test_asking_by_command(rag: Run, sample_library: Path, tmp_path: Path) -> None:
    copied = shutil.copytree(
        sample_library, tmp_path / "library", ignore=lambda _, names: {"conversations.sqlite"}
    )
    place = ("--library", copied)
    question = "How many parameters does GPT-3 have?"

    def row(*more: str) -> dict[str, Any]:
        code, out, _ = rag("ask", question, "--json", *place, *more)
        assert code == 0
        found: dict[str, Any] = json.loads(out)
        del found["timings"]
        return found

    first, again = row(), row()
    assert (first.pop("cached"), again.pop("cached")) == (False, True)
    assert first == again
    assert re.match(
        r"\(kept answer of \d{4}-\d\d-\d\d \d\d:\d\d; library unchanged\)\n",
        rag("ask", question, *place)[1],
    )
    assert not row("--fresh")["cached"]
    assert not row("--kind", "pdf")["cached"]
    rows = tmp_path / "questions.jsonl"
    rows.write_text(json.dumps({"id": "1", "question": question}) + "\n")
    batch = json.loads(rag("ask", "--batch", rows, *place)[1])
    assert not batch["cached"]
    assert row("--conversation", "gpt")["cached"]
    assert "gpt" in rag("history", *place)[1]
    for more in (("--fresh",), ("--conversation", "gpt")):
        assert rag("ask", "--batch", rows, *place, *more)[0] == 2
    assert rag("ask", question, *place, "--conversation", "99")[0] == 5
