"""Does a scan name every document that mentions a phrase, and how long does it take?

    python -m benchmarks.scan [SET]      financebench-dev (49 filings) unless another is named

Phrases of one to four words are cut from the documents themselves, at even distances. What is named
is compared with reading the stored text of every page from end to end, which shares only the
cutting into terms with the scan. Prints documents missing, too many, and the time of a scan.
"""

from __future__ import annotations

import re
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import sets
from rag.library.folder import Library
from rag.retrieve import reading
from rag.scan import mentions
from rag.terms import terms
from rag.text import STOPWORDS

PHRASES = 500
_JOINT = re.compile(r"(?<=\w)[-_/@#](?=\w)|(?<=[^\W\d])\.(?=\w)|(?<=\w)\.(?=[^\W\d])")
_BREAK = re.compile(r"(?<=[.!?])[\"'”’)]*\s+|\n[ \t]*\n")


def main(arguments: Sequence[str]) -> None:
    name = next(iter(arguments), "financebench-dev")
    library = Library.open(Path(name)) if Path(name).is_dir() else sets.library(name)
    with reading([library]):
        library.indexes()
        read = _read(library)
        missing, extra, seconds, listed = 0, 0, [], 0
        for phrase in _phrases(library):
            wanted = f" {' '.join(terms(_JOINT.sub(' ', phrase)))} "
            truth = {document for document, text in read.items() if wanted in text}
            began = time.perf_counter()
            found = mentions(phrase, [library], lambda _: True)
            seconds.append(time.perf_counter() - began)
            named = {document.name for document in found.documents}
            listed += len(named)
            missing += len(truth - named)
            extra += len(named - truth)
            for document in sorted(truth ^ named):
                what = "missing" if document in truth else "too many"
                print(f"  {what}: {phrase!r} in {document}")
    seconds.sort()
    print(
        f"{name}: {len(seconds)} phrases, {listed} documents listed, {missing} missing, "
        f"{extra} too many; a scan takes {1000 * statistics.median(seconds):.0f} ms, 95 % within "
        f"{1000 * seconds[int(0.95 * len(seconds))]:.0f} ms, all within {1000 * seconds[-1]:.0f} ms"
    )


def _read(library: Library) -> dict[str, str]:
    """The terms of each document's whole text, a bar wherever a sentence may end."""
    return {
        document.name: " | ".join(
            f" {' '.join(terms(_JOINT.sub(' ', piece)))} "
            for page in library.catalogue.pages(document.id)
            for piece in _BREAK.split(page.text)
        )
        for document in library.catalogue.documents()
    }


def _phrases(library: Library) -> list[str]:
    """Runs of words inside sentences, one to four words, the common ones too."""
    keys = library.catalogue.all_keys().tolist()
    found: list[str] = []
    for number, key in enumerate(keys[:: max(1, len(keys) // PHRASES)][:PHRASES]):
        stored = library.catalogue.chunks([key])[key]
        cut = stored.sentences[len(stored.sentences) // 2]
        words = re.findall(r"[^\W\d_]{2,}", stored.chunk.text[cut.start : cut.end])
        run = words[: 1 + number % 4]
        text = stored.chunk.text[cut.start : cut.end]
        phrase = " ".join(run)
        if phrase and phrase in " ".join(text.split()) and run[0].lower() not in STOPWORDS:
            found.append(phrase)
    return list(dict.fromkeys(found))


if __name__ == "__main__":
    main(sys.argv[1:])
