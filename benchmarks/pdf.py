"""The shipped PDF reader, structure included, against the plain text of pypdf, on one core.

python -m benchmarks.pdf [--every N]      N: every Nth filing of financebench-dev, 6 if not given
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import pypdf

from benchmarks import sets
from ingest.ocr import Recogniser
from ingest.readers import pdf


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.pdf")
    options.add_argument("--every", type=int, default=6)
    every = options.parse_args().every
    paths = sorted((sets.folder("financebench-dev") / "docs").rglob("*.pdf"))[::every]
    recogniser = Recogniser()
    pages = tables = named = asides = headings = 0
    ours = theirs = 0.0
    for path in paths:
        began = time.process_time()
        parsed = pdf.read(path, recogniser)
        ours += time.process_time() - began
        began = time.process_time()
        _plain(path)
        theirs += time.process_time() - began
        pages += len(parsed.pages)
        headings += len(parsed.headings)
        tables += len(parsed.tables)
        named += sum(bool(table.columns) for table in parsed.tables)
        asides += len(parsed.asides)
    print(f"{len(paths)} files, {pages} pages: {headings} headings from outlines, {tables} tables,")
    print(f"  {named} of them with column names, {asides} running lines set aside")
    print(f"shipped reader: {pages / ours:.1f} pages/s; pypdf: {pages / theirs:.1f} pages/s")
    print(f"times as fast as pypdf: {theirs / ours:.1f}")


def _plain(path: Path) -> int:
    with pypdf.PdfReader(path) as document:
        if document.is_encrypted:
            document.decrypt("")
        return sum(len(page.extract_text()) for page in document.pages)


if __name__ == "__main__":
    main()
