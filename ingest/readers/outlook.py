"""Reader of messages as Outlook saves them (MSG), on python-oxmsg."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ingest.admit import MSG
from ingest.clean import clean
from ingest.parsed import Parsed
from ingest.readers import web
from ingest.readers.layout import Layout, choose_title, one_line
from ingest.readers.mail import not_read
from ingest.readers.plain import decode
from rag.errors import FileRefused

_HEADERS = ("To", "Cc")
_MOST_ATTACHED = 1000


def read(path: Path) -> Parsed:
    """Return the body of the message under its subject, with who wrote to whom and when.

    The plain text is taken, else the HTML. Attached text is body too; other attachments are named
    in `reason`.

    Raises:
        FileRefused: it is no such message, is damaged, or holds no text.
    """
    from oxmsg import Message

    try:
        message = Message.load(path.read_bytes())
        subject = one_line(message.subject or "")
        lines = _who_and_when(message)
        text, page = message.body, _page(message)
        attached = message.attachments[:_MOST_ATTACHED]
    except MemoryError:
        raise
    except Exception as error:  # the library raises whatever a damaged file leads it to
        raise FileRefused("damaged: the message cannot be read") from error
    layout = Layout()
    layout.heading(1, subject)
    layout.block("\n".join(f"{name}: {value}" for name, value in lines if value))
    if text and text.strip():
        _paragraphs(text, layout)
    elif page:
        web.lay_out(page, layout)
    left_out = [
        name for number, each in enumerate(attached, 1) if (name := _attached(each, number, layout))
    ]
    reason = not_read(left_out)
    if not layout.holds_text:
        raise FileRefused(f"the mail holds no text{f'; {reason}' if reason else ''}")
    return layout.parsed(MSG, choose_title(subject, layout.headings, "", path), reason)


def _who_and_when(message: Any) -> list[tuple[str, str]]:
    """The header as it was sent; of a message that was never sent, what Outlook notes."""
    headers = {name.lower(): value for name, value in message.message_headers.items()}
    to = ", ".join(each.name or each.email_address or "" for each in message.recipients)
    sent = message.sent_date
    found = [("From", one_line(message.sender or ""))]
    if any(name.lower() in headers for name in _HEADERS):
        found += [(name, one_line(str(headers.get(name.lower(), "")))) for name in _HEADERS]
    else:
        found.append(("To", one_line(to)))
    found.append(
        ("Date", one_line(str(headers.get("date") or (sent and f"{sent:%Y-%m-%d %H:%M}") or "")))
    )
    return found


def _page(message: Any) -> str | None:
    try:
        found = message.html_body
    except (LookupError, UnicodeDecodeError):  # the charset it names is unknown or not its own
        from oxmsg.domain import constants

        found = decode(message.properties.binary_prop_value(constants.PID_HTML) or b"")
    return str(found) if found else None


def _attached(attachment: Any, number: int, layout: Layout) -> str | None:
    """Lay out an attached text; the name of what is none."""
    name = one_line(attachment.file_name or "") or f"part {number}"
    try:
        data, kind = attachment.file_bytes, attachment.mime_type or ""
    except MemoryError:
        raise
    except Exception:  # a message inside the message, or a damaged stream
        return name
    if not data or not (kind.startswith("text/") or name.lower().endswith(".txt")):
        return name
    layout.place(f"part {number}, {name}")
    if kind == "text/html":
        web.lay_out(decode(data), layout)
    else:
        _paragraphs(decode(data), layout)
    return None


def _paragraphs(text: str, layout: Layout) -> None:
    for paragraph in re.split(r"\n\s*\n", clean(text)):
        layout.block(paragraph)
