"""Reader of EPUB books: the chapters in their reading order (EPUB 3.3)."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote
from xml.etree.ElementTree import Element, ParseError, fromstring

from ingest.admit import EPUB
from ingest.parsed import Parsed
from ingest.readers import web
from ingest.readers.layout import Layout, choose_title
from ingest.readers.packed import Package
from ingest.readers.plain import decode
from rag.errors import FileRefused

_CONTAINER = "META-INF/container.xml"
_PAGES = ("application/xhtml+xml", "text/html")


def read(path: Path) -> Parsed:
    """Return the text of the chapters, with their headings; the table of contents stays out.

    Raises:
        FileRefused: the file is damaged, protected, or holds no text.
    """
    layout = Layout()
    missing: list[str] = []
    with Package(path.read_bytes(), "EPUB book") as package:
        if "META-INF/rights.xml" in package.names or "META-INF/sinf.xml" in package.names:
            raise FileRefused("the book is protected against copying; its text cannot be read")
        root = next(_all(_parse(package.read(_CONTAINER)), "rootfile"), None)
        opf = unquote(root.get("full-path") or "") if root is not None else ""
        content = _parse(package.read(opf))
        items = {item.get("id"): item for item in _all(content, "item")}
        for reference in _all(content, "itemref"):
            item = items.get(reference.get("idref"))
            if item is None or item.get("media-type") not in _PAGES:
                continue
            if reference.get("linear") == "no" or "nav" in (item.get("properties") or "").split():
                continue
            href = unquote(item.get("href") or "").partition("#")[0]
            name = posixpath.normpath(posixpath.join(posixpath.dirname(opf), href))
            if name in package.names:
                web.lay_out(decode(package.read(name), "utf-8"), layout)
            else:
                missing.append(name)
    title = next((each.text for each in _all(content, "title")), None)
    reason = f"chapters missing in the file: {', '.join(missing[:10])}" if missing else None
    return layout.parsed(EPUB, choose_title(title, layout.headings, "", path), reason)


def _parse(xml: bytes) -> Element:
    if b"<!ENTITY" in xml:
        raise FileRefused("hostile: a part of the book declares entities")
    try:
        return fromstring(xml)
    except (ParseError, ValueError, LookupError) as error:
        raise FileRefused(f"damaged: a part of the book is broken ({error})") from error


def _all(element: Element, name: str) -> Iterator[Element]:
    return (each for each in element.iter() if each.tag.rpartition("}")[2] == name)
