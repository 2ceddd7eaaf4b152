"""A conversation as a file to hand on: Markdown, a page that stands alone, or JSON.

Questions, names and document text are data: in Markdown every mark in them is escaped, in the page
every tag. JSON leaves nothing out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

from rag import contract
from rag.kept import Stale, stale
from rag.library.conversations import Conversation, Turn, to_json
from rag.library.folder import Library
from rag.records import Answer, Mode, Outcome, Quote
from ui.wording import about_conflict, about_table, local_time, where

TEMPLATE = Path(__file__).with_name("conversation.html")

REMOVED = "Removed, because a document that it rested on was forgotten."


class Format(StrEnum):
    """What a conversation can be exported as."""

    MARKDOWN = "md"
    HTML = "html"
    JSON = "json"


def export(conversation: Conversation, libraries: Sequence[Library], form: Format) -> str:
    """The conversation as the text of a file; `libraries` tell what is stale, the own one first."""
    if form is Format.JSON:
        return json.dumps(as_json(conversation, libraries), ensure_ascii=False, indent=1) + "\n"
    rows = [_row(turn, stale(turn.rests, libraries)) for turn in conversation.turns]
    if form is Format.MARKDOWN:
        return _markdown(conversation, rows)
    return _html(conversation, rows)


def as_json(conversation: Conversation, libraries: Sequence[Library]) -> dict[str, Any]:
    """The conversation for scripts: each reply as `rag ask --json` has it, and what it rests on.

    `record` is the reply as it is kept, with nothing rounded or left out.
    """
    return {
        "id": conversation.id,
        "name": conversation.name,
        "begun": conversation.begun,
        "turns": [
            {
                "asked": turn.asked,
                "generations": list(turn.generations),
                "stale": stale_json(stale(turn.rests, libraries)),
                "rests_on": [_place(quote) for quote in turn.reply.answer.shown]
                if turn.reply
                else [],
                "reply": contract.reply(None, turn.reply) if turn.reply else None,
                "record": json.loads(to_json(turn.reply)) if turn.reply else None,
            }
            for turn in conversation.turns
        ],
    }


def stale_json(marks: Sequence[Stale]) -> list[dict[str, str]]:
    return [{"document": mark.document, "change": mark.change} for mark in marks]


def stale_words(mark: Stale) -> str:
    """A mark in words."""
    now = "has changed" if mark.change == "changed" else "is no longer in the library"
    return f"Stale: {mark.document} {now} since this was answered."


def _place(quote: Quote) -> dict[str, Any]:
    return {
        "document": quote.document.name,
        "sha256": quote.document.id,
        "collection": quote.document.collection or None,
        "page": quote.page,
        "start": quote.start,
        "end": quote.end,
    }


def _row(turn: Turn, marks: Sequence[Stale]) -> dict[str, Any]:
    """What is shown of a turn: plain texts, nothing escaped yet."""
    row: dict[str, Any] = {"asked": local_time(turn.asked), "removed": turn.reply is None}
    if turn.reply is None:
        return row
    reply, answer = turn.reply, turn.reply.answer
    phrased = reply.mode is Mode.GENERATE
    notes = [*reply.notes]
    if reply.searched:
        notes.append(f"Looked for: {' / '.join(reply.searched)}")
    parts = [
        {
            "side": sentence.side,
            "sentence": sentence.text if phrased and not sentence.replaced else "",
            "quotes": [_quote(quote) for quote in sentence.quotes],
        }
        for sentence in answer.sentences
    ]
    if answer.quotes_only:
        quotes = [_quote(quote) for quote in answer.quotes_only]
        parts.append({"side": "", "sentence": "", "quotes": quotes})
    return {
        **row,
        "question": reply.question,
        "verdict": _verdict(answer),
        "stale": [stale_words(mark) for mark in marks],
        "notes": notes,
        "conflicts": [about_conflict(conflict) for conflict in answer.conflicts],
        "parts": parts,
    }


def _verdict(answer: Answer) -> str:
    return {
        Outcome.SUPPORTED: "",
        Outcome.PARTLY_SUPPORTED: "Sentences that failed the check are replaced by their quotes.",
        Outcome.WITHHELD: "Nothing that was phrased passed the check. Only quotes stand.",
        Outcome.NO_EVIDENCE: "No evidence: nothing in the library answers this.",
        Outcome.NOT_CHECKED: "Not checked: the check itself failed. Read the quotes.",
    }[answer.outcome]


def _quote(quote: Quote) -> dict[str, Any]:
    place = [
        where(quote.document.name, quote.page, quote.place),
        quote.headings[-1] if quote.headings else "",
        f"characters {quote.start} to {quote.end}",
    ]
    return {
        "text": quote.text,
        "where": ", ".join(filter(None, place)),
        "sha256": quote.document.id,
        "table": about_table(quote.caption, quote.columns),
        "flags": list(quote.flags),
    }


def _markdown(conversation: Conversation, rows: Sequence[dict[str, Any]]) -> str:
    lines = [f"# {escaped(conversation.name)}"]
    for row in rows:
        if row["removed"]:
            lines += [f"*{row['asked']}* {REMOVED}"]
            continue
        lines += [f"## {escaped(row['question'])}", f"*{row['asked']}*"]
        lines += [f"**{escaped(mark)}**" for mark in row["stale"]]
        lines += [escaped(text) for text in (row["verdict"], *row["notes"]) if text]
        lines += [f"**{escaped(conflict)}**" for conflict in row["conflicts"]]
        side = ""
        for part in row["parts"]:
            if part["side"] != side:
                side = part["side"]
                lines += [f"### {escaped(side)}"]
            lines += [escaped(part["sentence"])] if part["sentence"] else []
            for quote in part["quotes"]:
                about = filter(None, [quote["where"], quote["table"], *quote["flags"]])
                source = "; ".join(escaped(text) for text in about)
                lines += [f"> “{escaped(quote['text'])}”\n>\n> {source}, SHA-256 {quote['sha256']}"]
    return "\n\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """A text on one line of Markdown, of which nothing becomes a mark, a tag or a link.

    By CommonMark a backslash takes its meaning from any ASCII punctuation; what begins a block
    only does so at the beginning of a line, and colons, dots and @ make links of addresses in the
    Markdown of some places.
    """
    line = " ".join(text.split())
    line = re.sub(r"([\\`*_{}\[\]<>&#!|~:@$^=])", r"\\\1", line)
    line = re.sub(r"\b(www)\.", r"\1\\.", line, flags=re.IGNORECASE)
    return re.sub(r"^(\d{0,9})([-+.)])", r"\1\\\2", line)


def _html(conversation: Conversation, rows: Sequence[dict[str, Any]]) -> str:
    import jinja2

    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        name=conversation.name, rows=rows, removed=REMOVED
    )
