"""Reading a file in a process of its own, so that no file can hurt the one that loads it.

Parsers of documents crash, hang and eat memory on hostile input, in every version. Here such a file
costs one child process and becomes a `FileRefused`; the next file gets a new child.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from ingest import ocr
from ingest.parsed import Mark, Parsed, Table
from rag.errors import FileRefused
from rag.library.catalogue import NewChunk
from rag.records import Chunk, Heading, Page, Span

SECONDS = 60.0
MEMORY = 3 * 1024**3 // 2
CHARACTERS = 50_000_000

_FILES_PER_CHILD = 200  # libraries leak a little with every file
_PIECE = 1 << 20
_STDERR_KEPT = 8192
_BYTES_PER_CHARACTER = 12  # a character beyond the first plane, written as two \\uXXXX
_MORE = b'{"more":'
_MOST_SECONDS = 6 * 3600.0  # a file cannot ask for time for ever
_NONSENSE = "the reader's answer on this file makes no sense"
_OUT_OF_MEMORY = (b"memory allocation", b"MemoryError", b"bad_alloc", b"out of memory")


@dataclass(frozen=True, slots=True)
class Cutting:
    """How text is cut: the tokenizer as its JSON, None where a model has none, and its window."""

    tokenizer: str | None
    window: int


class _Deadline:
    """Seconds that a file may take, counted from now, and how many are left."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._begun = time.monotonic()

    @property
    def left(self) -> float:
        return self._begun + self.seconds - time.monotonic()

    def allow(self, more: float) -> None:
        self.seconds = min(self.seconds + more, _MOST_SECONDS)


class Parser:
    """Reads files, one at a time, within limits; use it in a `with` statement.

    Args:
        seconds: time a file may take.
        memory: address space the child may use, in bytes.
        characters: length of text a file may have.
        languages: of pages whose text has to be recognised, as Tesseract names them; ""
            where none shall be.
    """

    def __init__(
        self,
        seconds: float = SECONDS,
        memory: int = MEMORY,
        characters: int = CHARACTERS,
        languages: str = "eng",
    ) -> None:
        self._seconds = seconds
        self._memory = memory
        self._characters = characters
        self._languages = languages
        self._child: subprocess.Popen[bytes] | None = None
        self._files = 0
        self._cutting: bytes | None = None

    @property
    def limits(self) -> str:
        """What a file may cost, in words: a file refused under other limits is tried again."""
        words = f"{ocr.version()} ({self._languages})" if self.recognises else "no OCR"
        return f"{self._seconds:g} s, {self._memory / 1024**3:.3g} GiB, {words}"

    @property
    def recognises(self) -> bool:
        """Whether text can be recognised on pictures of pages."""
        return ocr.Recogniser(self._languages).available

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def parse(self, path: Path, media_type: str) -> Parsed:
        """Return what the reader of `media_type` made of the file.

        Raises:
            FileRefused: the reader refused it, crashed on it, or went over a limit.
        """
        return from_json(self._ask(path, media_type))

    def read(
        self, path: Path, media_type: str, document_id: str, cutting: Cutting
    ) -> tuple[Parsed, tuple[NewChunk, ...]]:
        """Return what `parse` returns, and its chunks, cut in the same child.

        Raises what `parse` raises.
        """
        setup = {"tokenizer": cutting.tokenizer, "window": cutting.window}
        line = json.dumps(setup).encode("ascii") + b"\n"
        if line != self._cutting:
            self.close()
            self._cutting = line
        answer = self._ask(path, media_type)
        parsed = from_json(answer)
        try:
            return parsed, chunks_from_json(answer["chunks"], document_id, parsed)
        except (ValueError, TypeError, KeyError) as error:
            raise FileRefused(_NONSENSE) from error

    def _ask(self, path: Path, media_type: str) -> dict[str, Any]:
        died_between_files = self._child is not None and self._child.poll() is not None
        if died_between_files or self._files >= _FILES_PER_CHILD:
            self.close()
        try:
            if self._child is None:
                self._child = self._start()
                if self._cutting and self._child.stdin:
                    with contextlib.suppress(BrokenPipeError):
                        _write(self._child.stdin, self._cutting)
            self._files += 1
            line = self._exchange(self._child, path, media_type)
            answer = json.loads(line)
            if "last" in answer:
                self.close()
                raise FileRefused(self._too_much_memory())
            if "refused" in answer:
                raise FileRefused(str(answer["refused"]))
            if not isinstance(answer, dict):
                raise ValueError("an answer is an object")
            return answer
        except FileRefused:
            raise
        except (ValueError, TypeError) as error:
            self.close()
            raise FileRefused(_NONSENSE) from error
        except BaseException:  # an interrupt leaves an answer on the way that nobody will ask for
            self.close()
            raise

    def stop(self) -> None:
        """End what `read` is doing in another thread: it raises `FileRefused` soon."""
        child = self._child
        if child is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGKILL)

    def close(self) -> None:
        """End the child, if there is one, with everything it started; leaves no zombie."""
        child, self._child, self._files = self._child, None, 0
        if child is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        child.kill()
        for stream in (child.stdin, child.stdout, child.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        child.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        here = str(Path(__file__).resolve().parents[1])
        paths = [here, *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(paths),
            # Each thread reserves address space, which is what the memory limit counts.
            "MALLOC_ARENA_MAX": "2",
            "RAYON_NUM_THREADS": "1",
            "TOKIO_WORKER_THREADS": "1",
            "OMP_NUM_THREADS": "1",
        }
        limits = {
            "memory": self._memory,
            "characters": self._characters,
            "seconds": int(self._seconds) + 1,
            "languages": self._languages,
        }
        return subprocess.Popen(
            [sys.executable, "-P", "-B", "-m", "ingest.child", json.dumps(limits)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd=tempfile.gettempdir(),
            env=environment,
            start_new_session=True,
        )

    def _exchange(self, child: subprocess.Popen[bytes], path: Path, media_type: str) -> bytes:
        """Return the child's answer to one request, without the line end."""
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stderr is not None
        deadline = _Deadline(self._seconds)
        request = {"path": os.path.abspath(path), "media_type": media_type}
        with contextlib.suppress(BrokenPipeError):  # the reason shows when its output ends
            _write(child.stdin, json.dumps(request).encode("ascii") + b"\n")
        pieces: list[bytes] = []
        length = 0
        stderr = b""
        for stream, piece in _pieces(child.stdout, child.stderr, deadline):
            if stream is None:
                self.close()
                raise FileRefused(f"took longer than {deadline.seconds:g} s")
            if stream is child.stderr:
                stderr = (stderr + piece)[-_STDERR_KEPT:]
                continue
            if not piece:
                break
            while not pieces and piece.startswith(_MORE) and b"\n" in piece:
                more, _, piece = piece.partition(b"\n")
                deadline.allow(float(json.loads(more)["more"]))
            if not piece:
                continue
            pieces.append(piece)
            length += len(piece)
            if piece.endswith(b"\n"):
                return b"".join(pieces)
            if length > self._characters * _BYTES_PER_CHARACTER + _PIECE:
                self.close()
                raise FileRefused(f"its text is longer than {self._characters:,} characters")
        raise FileRefused(self._how_it_died(child, stderr))

    def _how_it_died(self, child: subprocess.Popen[bytes], stderr: bytes) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(5)
        if child.stderr is not None:
            os.set_blocking(child.stderr.fileno(), False)
            with contextlib.suppress(OSError):
                stderr += child.stderr.read(_STDERR_KEPT) or b""
        code = child.returncode
        self.close()
        if any(words in stderr for words in _OUT_OF_MEMORY):
            return self._too_much_memory()
        if code == -signal.SIGKILL:
            return "the system stopped the reader on this file, most likely for want of memory"
        if code is not None and code < 0:
            return f"the reader crashed on this file (signal {-code})"
        return f"the reader ended on this file (exit {code})"

    def _too_much_memory(self) -> str:
        return f"needed more than {self._memory / 1024**3:.3g} GiB of memory"


def from_json(answer: dict[str, Any]) -> Parsed:
    """Return the parsed file that `ingest.child.as_json` took apart.

    Raises:
        FileRefused: something is missing, or offsets do not follow from the pages.
    """
    try:
        return _parsed(answer)
    except (ValueError, TypeError, KeyError) as error:
        raise FileRefused(_NONSENSE) from error


def chunks_from_json(
    rows: Sequence[Sequence[Any]], document_id: str, parsed: Parsed
) -> tuple[NewChunk, ...]:
    """Return the chunks that `ingest.child.chunk_as_json` took apart.

    Raises:
        ValueError: a chunk or a sentence of it lies outside the text.
    """
    text = "".join(page.text for page in parsed.pages)
    found: list[NewChunk] = []
    for start, end, page, headings, place, columns, caption, context, spans, places in rows:
        if not 0 <= start < end <= len(text):
            raise ValueError("a chunk lies outside the text")
        sentences = tuple(Span(first, last) for first, last in spans)
        if any(not 0 <= span.start < span.end <= end - start for span in sentences):
            raise ValueError("a sentence lies outside its chunk")
        chunk = Chunk(
            id=f"{document_id}-{len(found):06d}",
            document_id=document_id,
            text=text[start:end],
            start=start,
            end=end,
            page=page,
            headings=tuple(headings),
            place=place,
            columns=tuple(columns),
            caption=caption,
        )
        found.append(NewChunk(chunk, context, sentences, tuple(places)))
    return tuple(found)


def _parsed(answer: dict[str, Any]) -> Parsed:
    pages = tuple(Page(number, start, text) for number, start, text in answer["pages"])
    headings = tuple(Heading(level, title, start) for level, title, start in answer["headings"])
    length = 0
    for page in pages:
        if page.start != length:
            raise ValueError("a page does not start where the one before it ends")
        length += len(page.text)
    if any(not 0 <= heading.start <= length for heading in headings):
        raise ValueError("a heading lies outside the text")
    tables = tuple(
        Table(start, end, tuple(columns), caption)
        for start, end, columns, caption in answer["tables"]
    )
    marks = tuple(Mark(start, place) for start, place in answer["marks"])
    asides = tuple(Span(start, end) for start, end in answer["asides"])
    for spans in (tables, asides):
        ends = [at for span in spans for at in (span.start, span.end)]
        if ends != sorted(ends) or any(not 0 <= at <= length for at in ends):
            raise ValueError("tables or asides overlap or lie outside the text")
    return Parsed(
        title=answer["title"],
        media_type=answer["media_type"],
        pages=pages,
        headings=headings,
        page_count=answer["page_count"],
        reason=answer["reason"],
        tables=tables,
        marks=marks,
        asides=asides,
        lacks_recognition=bool(answer["lacks_recognition"]),
    )


def _write(stream: IO[bytes], line: bytes) -> None:
    """Write all of `line`: an unbuffered pipe takes what it has room for."""
    left = memoryview(line)
    while left:
        left = left[stream.write(left) :]


def _pieces(
    out: IO[bytes], err: IO[bytes], deadline: _Deadline
) -> Iterator[tuple[IO[bytes] | None, bytes]]:
    """Yield what arrives with the stream it came from; (None, b"") once the deadline has passed."""
    with selectors.DefaultSelector() as selector:
        selector.register(out, selectors.EVENT_READ)
        selector.register(err, selectors.EVENT_READ)
        while True:
            left = deadline.left
            if left <= 0:
                yield None, b""
                return
            for key, _ in selector.select(left):
                stream = out if key.fileobj is out else err
                piece = os.read(key.fd, _PIECE)
                if not piece and stream is err:
                    selector.unregister(err)
                else:
                    yield stream, piece
