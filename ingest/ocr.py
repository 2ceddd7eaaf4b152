"""Text recognition by the machine's own Tesseract: a picture of a page in, its lines out.

Standard library only. Tesseract is a program of the system (Debian: `tesseract-ocr`); where it is
missing, pages without text are reported and not read.
"""

from __future__ import annotations

import csv
import io
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from rag.errors import FileRefused

PROGRAM = "tesseract"
SECONDS_PER_PAGE = 10.0
"""Time a page may take; a file gets as much more time for each page that is read this way."""

DPI = 300
"""Resolution at which pages are recognised, in dots per inch: what Tesseract's models were made on
(its documentation, "Improving the quality of the output", asks for at least this much)."""

MISSING = (
    "text recognition (OCR) needs Tesseract; install it (Debian: apt-get install tesseract-ocr)"
)

_MOST_PAGES = 2_000
_UNSURE = 50.0  # photographs and drawings come out as signs of about 30 %, poor scans from 60 % up
_LEAST = 4  # letters and digits: a speck comes out as one letter, and a certain one
_PAGE_LEVEL, _WORD_LEVEL = "1", "5"


@dataclass(frozen=True, slots=True)
class Recognised:
    """What stands on a picture, line by line, and how sure that is (0..100, by characters)."""

    text: str
    confidence: float

    @property
    def certain(self) -> bool:
        """Whether this is text at all."""
        return self.confidence >= _UNSURE and sum(map(str.isalnum, self.text)) >= _LEAST


@cache
def version() -> str:
    """The name and version of the program, "" where there is none."""
    program = shutil.which(PROGRAM)
    if program is None:
        return ""
    try:
        done = subprocess.run([program, "--version"], capture_output=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return (done.stdout or done.stderr).decode(errors="replace").split("\n", 1)[0].strip()


@dataclass(frozen=True, slots=True)
class Word:
    """A word that was recognised, and its place on the picture in pixels from its top left."""

    text: str
    left: int
    top: int
    width: int
    height: int


class Recogniser:
    """Recognises the pages of one file, and asks for time for each.

    Args:
        languages: as Tesseract names them: "eng", "eng+deu"; "" to recognise nothing.
        more_time: is told how many seconds the file may take on top.
    """

    def __init__(
        self, languages: str = "eng", more_time: Callable[[float], None] = lambda seconds: None
    ) -> None:
        self._languages = languages
        self._more_time = more_time
        self._pages = 0

    @property
    def available(self) -> bool:
        """Whether text is recognised at all."""
        return bool(self._languages and version())

    def page(self, draw: Callable[[], bytes]) -> Recognised:
        """Return the text of a page that `draw` gives as a picture.

        Raises what `recognise` raises; `FileRefused` also when it is one page too many.
        """
        self._count()
        return recognise(draw(), self._languages)

    def words(self, draw: Callable[[], bytes]) -> tuple[list[Word], tuple[int, int]]:
        """Return the words of a page in the order of `page`, and width and height of the picture.

        Raises what `page` raises.
        """
        self._count()
        return _words(_table(draw(), self._languages))

    def _count(self) -> None:
        self._pages += 1
        if self._pages > _MOST_PAGES:
            raise FileRefused(f"text recognition stops after {_MOST_PAGES:,} pages")
        self._more_time(SECONDS_PER_PAGE)


def recognise(picture: bytes, languages: str) -> Recognised:
    """Return the text of a picture, which is a file of any kind that Tesseract reads.

    `languages` are named as Tesseract names them: "eng", "eng+deu".

    Raises:
        FileRefused: the program is missing, failed, or took longer than `SECONDS_PER_PAGE`.
    """
    return _recognised(_table(picture, languages))


def _table(picture: bytes, languages: str) -> str:
    """Tesseract's table of what it finds."""
    program = shutil.which(PROGRAM)
    if program is None:
        raise FileRefused(MISSING)
    layout = "1" if _finds_upright(program) else "3"
    command = [program, "stdin", "stdout", "--dpi", str(DPI), "--psm", layout]
    command += ["-l", languages, "tsv"]
    try:
        done = subprocess.run(
            command,
            input=picture,
            capture_output=True,
            timeout=SECONDS_PER_PAGE,
            # Its threads cost more than they bring on one page, and would take the embedder's.
            env=os.environ | {"OMP_THREAD_LIMIT": "1"},
        )
    except subprocess.TimeoutExpired as error:
        raise FileRefused(
            f"text recognition took longer than {SECONDS_PER_PAGE:g} s on a page"
        ) from error
    except OSError as error:
        raise FileRefused(f"text recognition failed ({type(error).__name__})") from error
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip().split("\n")[-1][:200]
        raise FileRefused(f"text recognition failed: {words or f'exit {done.returncode}'}")
    return done.stdout.decode("utf-8", "replace")


@cache
def _finds_upright(program: str) -> bool:
    """Whether it can tell which way up a page is: .3 s a page, and 97 % certain in place of 39 %
    where a page lies on its side."""
    try:
        done = subprocess.run([program, "--list-langs"], capture_output=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return False
    return b"osd" in done.stdout.split()


def _words(table: str) -> tuple[list[Word], tuple[int, int]]:
    words: list[Word] = []
    size = (1, 1)
    for row in csv.DictReader(io.StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE):
        text = (row.get("text") or "").strip()
        place = [int(row[name]) for name in ("left", "top", "width", "height")]
        if row.get("level") == _PAGE_LEVEL:
            size = (max(1, place[2]), max(1, place[3]))
        elif row.get("level") == _WORD_LEVEL and text:
            words.append(Word(text, *place))
    return words, size


def _recognised(table: str) -> Recognised:
    """Put Tesseract's table of words together to lines and paragraphs."""
    lines: dict[tuple[str, ...], list[str]] = {}
    weight = sure = 0.0
    for row in csv.DictReader(io.StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE):
        word = (row.get("text") or "").strip()
        if row.get("level") != _WORD_LEVEL or not word:
            continue
        line: tuple[str, ...] = (row["block_num"], row["par_num"], row["line_num"])
        lines.setdefault(line, []).append(word)
        weight += len(word)
        sure += len(word) * float(row["conf"])
    text = ""
    paragraph: tuple[str, ...] | None = None
    for line, words in lines.items():
        if text:
            text += "\n" if line[:2] == paragraph else "\n\n"
        text += " ".join(words)
        paragraph = line[:2]
    return Recognised(text, sure / weight if weight else 0.0)
