"""Reading a file in a process of its own, so that no file can hurt the one that loads it.

Parsers of documents crash, hang and eat memory on hostile input, in every version. Here such a file
costs one child process and becomes a `FileRefused`; the next file gets a new child.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from ingest import ocr
from ingest.archive import Member
from ingest.chunk import CAPACITY, OVERLAP
from ingest.parsed import PagePicture, Parsed
from ingest.wire import NONSENSE, chunks_from_json, from_json, picture_from_json
from rag.errors import FileRefused
from rag.library.catalogue import NewChunk
from rag.records import Span

SECONDS = 60.0
MEMORY = 3 * 1024**3 // 2
CHARACTERS = 50_000_000
UNPACKED = 2 * 1024**3
"""Bytes that may come out of one archive."""

_FILES_PER_CHILD = 200  # libraries leak a little with every file
_PIECE = 1 << 20
_STDERR_KEPT = 8192
_BYTES_PER_CHARACTER = 12  # a character beyond the first plane, written as two \\uXXXX
_MORE = b'{"more":'
_MOST_SECONDS = 6 * 3600.0  # a file cannot ask for time for ever
_OUT_OF_MEMORY = (b"memory allocation", b"MemoryError", b"bad_alloc", b"out of memory")


@dataclass(frozen=True, slots=True)
class Cutting:
    """How text is cut: the tokenizer as its JSON, None where a model has none, and its window.

    `capacity` and `overlap` are tokens of a chunk, and those it shares with the one before.
    """

    tokenizer: str | None
    window: int
    capacity: int = CAPACITY
    overlap: int = OVERLAP


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
        line = json.dumps(asdict(cutting)).encode("ascii") + b"\n"
        if line != self._cutting:
            self.close()
            self._cutting = line
        answer = self._ask(path, media_type)
        parsed = from_json(answer)
        try:
            return parsed, chunks_from_json(answer["chunks"], document_id, parsed)
        except (ValueError, TypeError, KeyError) as error:
            raise FileRefused(NONSENSE) from error

    def picture(
        self, path: Path, media_type: str, page: int, text: str, spans: Sequence[Span]
    ) -> PagePicture:
        """Return a page, numbered from 1, as it looks; `spans` are stretches of its stored `text`.

        Raises:
            FileRefused: there is no such page, it cannot be drawn, or went over a limit.
        """
        wanted = {
            "page": page,
            "text": text,
            "spans": [[span.start, span.end] for span in spans],
        }
        return picture_from_json(self._ask(path, media_type, draw=wanted))

    def members(self, path: Path, media_type: str) -> list[Member]:
        """Return the files of an archive, in its order.

        Raises:
            FileRefused: it is damaged, or listing it went over a limit.
        """
        answer = self._ask(path, media_type, members=True)
        try:
            return [Member(*row) for row in answer["members"]]
        except (ValueError, TypeError, KeyError) as error:
            raise FileRefused(NONSENSE) from error

    def unpack(
        self, path: Path, media_type: str, folder: Path, names: Mapping[int, str], largest: int
    ) -> dict[int, str]:
        """Write the members of an archive to `folder`, under the names given to their numbers.

        Each may take the time of a file, and be `largest` bytes long. Returns why members could not
        be unpacked, by number; what was not reached is among them. Raises `OSError` where `folder`
        cannot be written.
        """
        failed = dict.fromkeys(names, "the archive ended before it")
        written = 0
        reached = -1
        try:
            for answer in self._answers(path, media_type, unpack=largest):
                if "end" in answer:
                    break
                reached = int(answer["number"])
                if reached not in names:
                    continue
                if "data" not in answer:
                    (folder / names[reached]).unlink(missing_ok=True)
                    failed[reached] = str(answer["refused"])
                    continue
                data = base64.b64decode(answer["data"])
                written += len(data)
                if written > UNPACKED:
                    self.close()
                    raise FileRefused(
                        f"the archive holds more than {UNPACKED / 1e9:.1f} GB; unpack it and load "
                        "the folder"
                    )
                failed.pop(reached, None)
                target = folder / names[reached]
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("ab") as file:
                    file.write(data)
        except FileRefused as refused:
            # The one it broke off in may be half, and is not to be taken for whole.
            for number in names:
                if number >= reached:
                    failed[number] = str(refused)
        except (KeyError, ValueError, TypeError):
            self.close()
            failed.update(
                dict.fromkeys([number for number in names if number >= reached], NONSENSE)
            )
        return failed

    def _ask(self, path: Path, media_type: str, **what: object) -> dict[str, Any]:
        with contextlib.closing(self._answers(path, media_type, **what)) as answers:
            return next(answers)

    def _answers(
        self, path: Path, media_type: str, **what: object
    ) -> Generator[dict[str, Any], None, None]:
        """Yield the child's answers to one request; raises `FileRefused` where one is a refusal."""
        died_between_files = self._child is not None and self._child.poll() is not None
        if died_between_files or self._files >= _FILES_PER_CHILD:
            self.close()
        request = {"path": os.path.abspath(path), "media_type": media_type, **what}
        ended = False
        try:
            if self._child is None:
                self._child = self._start()
                if self._cutting and self._child.stdin:
                    with contextlib.suppress(BrokenPipeError):
                        _write(self._child.stdin, self._cutting)
            self._files += 1
            for line in self._lines(self._child, request):
                answer = json.loads(line)
                if not isinstance(answer, dict):
                    raise ValueError("an answer is an object")
                if "last" in answer:
                    self.close()
                    raise FileRefused(self._too_much_memory())
                # One answer, but for archives, whose members come in many.
                ended = "number" not in answer
                if "refused" in answer and ended:
                    raise FileRefused(str(answer["refused"]))
                yield answer
        except FileRefused:
            raise
        except (ValueError, TypeError) as error:
            self.close()
            raise FileRefused(NONSENSE) from error
        except BaseException:  # an interrupt leaves an answer on the way that nobody will ask for
            if not ended:
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

    def _lines(
        self, child: subprocess.Popen[bytes], request: Mapping[str, object]
    ) -> Iterator[bytes]:
        """Yield the lines of the child's answer to one request."""
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stderr is not None
        deadline = _Deadline(self._seconds)
        with contextlib.suppress(BrokenPipeError):  # the reason shows when its output ends
            _write(child.stdin, json.dumps(request).encode("ascii") + b"\n")
        waiting: list[bytes] = []
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
            *ends, rest = piece.split(b"\n")
            for end in ends:
                line = b"".join([*waiting, end])
                waiting.clear()
                length = 0
                if line.startswith(_MORE):
                    deadline.allow(float(json.loads(line)["more"]))
                else:
                    yield line
            if rest:
                waiting.append(rest)
                length += len(rest)
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
