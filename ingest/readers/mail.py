"""Reader of mail, single messages (EML) and mailboxes (MBOX), on the standard library's parser."""

from __future__ import annotations

import email
import re
from collections.abc import Iterator, Sequence
from email.header import decode_header, make_header
from email.message import Message
from pathlib import Path

from ingest.admit import EML, MHTML
from ingest.clean import clean
from ingest.parsed import Parsed
from ingest.readers import web
from ingest.readers.layout import Layout, choose_title, one_line
from ingest.readers.plain import decode
from rag.errors import FileRefused

_SHOWN = ("From", "To", "Cc", "Date")
_PAGES = ("text/html", "application/xhtml+xml")
_MOST_PARTS = 1000
_DEEPEST = 20
_MOST_NAMED = 10
_FROM_LINE = re.compile(rb"^From [^\n]*\n", re.MULTILINE)


def read(path: Path, media_type: str) -> Parsed:
    """Return the body of each message under its subject, with who wrote to whom and when.

    Of the same text as plain text and HTML the plain text is taken. Attached text is body too;
    other attachments are named in `reason`.

    Raises:
        FileRefused: there is no message, or it holds no text.
    """
    data = path.read_bytes()
    reader = _Reader()
    if media_type == EML:
        reader.message(_parse(data), "")
    else:
        messages = _FROM_LINE.split(data)[1:]
        if not messages:
            raise FileRefused("damaged: the mailbox holds no line that begins a message")
        for number, content in enumerate(messages, 1):
            reader.message(_parse(content), f"message {number}")
    if not reader.layout.holds_text:
        raise FileRefused(
            f"the mail holds no text; {reader.reason()}"
            if reader.left_out
            else "the mail holds no text"
        )
    first = reader.layout.headings[0].title if media_type == EML and reader.layout.headings else ""
    title = choose_title(first or None, (), "", path)
    return reader.layout.parsed(media_type, title, reader.reason())


def read_archive(path: Path) -> Parsed:
    """Return the page that a browser saved as one file (MHTML, RFC 2557).

    Raises:
        FileRefused: it holds no page, or no text.
    """
    for part in _parse(path.read_bytes()).walk():
        content = part.get_payload(decode=True)
        if part.get_content_type() in _PAGES and isinstance(content, bytes):
            layout = Layout()
            title = web.lay_out(decode(content, _charset(part)), layout)
            return layout.parsed(MHTML, choose_title(title, layout.headings, "", path))
    raise FileRefused("damaged: the saved page holds no HTML")


class _Reader:
    """Lays messages out, and notes what it left out."""

    def __init__(self) -> None:
        self.layout = Layout()
        self.left_out: list[str] = []
        self._parts = 0

    def reason(self) -> str | None:
        """Which attachments were not read; None if all were."""
        return not_read(self.left_out)

    def message(self, message: Message, place: str, depth: int = 0) -> None:
        """Lay out one message and the messages attached to it."""
        self.layout.place(place)
        subject = _header(message, "Subject")
        if subject:
            self.layout.heading(min(6, depth + 1), subject)
        found = ((name, _header(message, name)) for name in _SHOWN)
        self.layout.block("\n".join(f"{name}: {value}" for name, value in found if value))
        for number, part in enumerate(_leaves(message), 1):
            self._parts += 1
            if self._parts > _MOST_PARTS:
                raise FileRefused(f"hostile: the mail has more than {_MOST_PARTS:,} parts")
            self._part(part, number, place, depth)

    def _part(self, part: Message, number: int, place: str, depth: int) -> None:
        name = one_line(_text_of(part.get_filename() or ""))
        if number > 1 or name:
            where = f"part {number}, {name}" if name else f"part {number}"
            self.layout.place(f"{place}, {where}" if place else where)
        kind = part.get_content_type()
        inner = _inner(part)
        if kind == "message/rfc822" and inner and depth < _DEEPEST:
            attached = f"{place}, attached mail" if place else "attached mail"
            self.message(inner[0], attached, depth + 1)
            return
        content = part.get_payload(decode=True)
        if not isinstance(content, bytes) or not kind.startswith("text/"):
            self.left_out.append(name or f"part {number} ({kind})")
            return
        text = decode(content, _charset(part))
        if kind == "text/html":
            web.lay_out(text, self.layout)
        else:
            for paragraph in re.split(r"\n\s*\n", clean(text)):
                self.layout.block(paragraph)


def not_read(names: Sequence[str]) -> str | None:
    """Say which attachments were not read; None if there is none."""
    if not names:
        return None
    more = len(names) - _MOST_NAMED
    tail = f" and {more} more" if more > 0 else ""
    return f"attached and not read: {', '.join(names[:_MOST_NAMED])}{tail}"


def _parse(data: bytes) -> Message:
    message = email.message_from_bytes(data)
    if not message.keys():
        raise FileRefused("damaged: it has no header as a mail has")
    return message


def _leaves(message: Message) -> Iterator[Message]:
    """The parts that hold something, in order; of alternatives the one that is read."""
    waiting = [message]
    while waiting:
        part = waiting.pop()
        inner = _inner(part)
        if part.get_content_maintype() != "multipart" or not inner:
            yield part
        elif part.get_content_subtype() == "alternative":
            waiting.append(_chosen(inner))
        else:
            waiting += reversed(inner)


def _inner(part: Message) -> list[Message]:
    """The parts inside a part; damaged mail has text where they should be."""
    payload = part.get_payload()
    return [each for each in payload if isinstance(each, Message)] if part.is_multipart() else []


def _chosen(alternatives: list[Message]) -> Message:
    """Plain text, else the last: the order is from the poorest to the richest (RFC 2046, 5.1.4)."""
    for part in alternatives:
        if part.get_content_type() == "text/plain":
            return part
    return alternatives[-1]


def _header(message: Message, name: str) -> str:
    value = message.get(name)
    return "" if value is None else one_line(_text_of(value))


def _text_of(value: object) -> str:
    """A header's text; what is encoded wrongly stays as it stands."""
    raw = str(value)
    try:
        return str(make_header(decode_header(raw)))
    except (LookupError, ValueError, AssertionError, email.errors.MessageError):
        return raw


def _charset(part: Message) -> str | None:
    try:
        return part.get_content_charset()
    except (LookupError, ValueError, AttributeError):
        return None
