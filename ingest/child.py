"""The child process in which files are read: `python -P -m ingest.child LIMITS`.

It reads one JSON object per line, `{"path": ..., "media_type": ...}`, and answers each with one
line: the parsed file, or `{"refused": reason}`. Before it may come `{"more": seconds}`: the file
needs that much more time, for a page that has to be recognised. Of an archive `"members": true`
asks for the names, and `"unpack": most bytes` for what they hold: `{"number": ..., "data": ...}`,
many times, then `{"end": true}`. `"draw"` asks for a page as a picture. With `"last": true` it says
that it ends now.

`{"tokenizer": ..., "window": ..., "capacity": ..., "overlap": ...}` has no answer: from then on
files are cut to chunks, too, here and not in the loading process, whose own work would have to wait
for it.
"""

from __future__ import annotations

import base64
import contextlib
import json
import math
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.archive import members, unpack
from ingest.ocr import Recogniser
from ingest.sketch import sketch
from ingest.wire import as_json, chunk_as_json, picture_as_json
from rag.dates import document_date
from rag.errors import FileRefused
from rag.records import Span
from rag.terms import get_ready, language

if TYPE_CHECKING:
    from ingest.chunk import Chunker

_GRACE = 10


def main() -> None:
    """Answer requests until standard input ends."""
    limits = json.loads(sys.argv[1])
    seconds = limits["seconds"] + _GRACE
    # A library that prints must not be able to write into the answers.
    with os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(2, 1)
        get_ready()  # before the limits: what it takes is not the file's
        _limit(limits["memory"])
        chunker: Chunker | None = None
        for line in sys.stdin.buffer:
            request = json.loads(line)
            if "window" in request:
                chunker = _chunker(**request)
                continue

            def say(line: dict[str, Any]) -> None:
                answers.write(json.dumps(line).encode("ascii") + b"\n")
                answers.flush()

            def more_time(more: float) -> None:
                _end_in(_end_in(0) + math.ceil(more))
                say({"more": more})

            # If the parent is gone, nobody else ends a file that takes for ever.
            _end_in(seconds)
            recogniser = Recogniser(limits["languages"], more_time)
            if "unpack" in request:
                answer = _unpack(request, say, lambda: more_time(limits["seconds"]))
            else:
                answer = _answer(request, limits["characters"], chunker, recogniser)
            say(answer)
            _end_in(0)
            if "last" in answer:
                return


def _end_in(seconds: int) -> int:
    """Have the system end this process then, 0 for never; returns how long it had before."""
    with contextlib.suppress(AttributeError):
        return signal.alarm(seconds)
    return 0  # no such thing here


def _chunker(tokenizer: str | None, window: int, capacity: int, overlap: int) -> Chunker:
    from tokenizers import Tokenizer

    from ingest.chunk import Chunker

    made = None if tokenizer is None else Tokenizer.from_str(tokenizer)
    return Chunker(made, window, capacity=capacity, overlap=overlap)


def _answer(
    request: dict[str, Any], characters: int, chunker: Chunker | None, recogniser: Recogniser
) -> dict[str, Any]:
    from ingest.readers import read

    try:
        if "members" in request:
            found = members(Path(request["path"]), request["media_type"])
            return {"members": [[each.number, each.name, each.refused] for each in found]}
        if "draw" in request:
            return _drawn(request, recogniser)
        parsed = read(Path(request["path"]), request["media_type"], recogniser)
        length = sum(len(page.text) for page in parsed.pages)
        if length > characters:
            return {"refused": f"its text is longer than {characters:,} characters"}
        if chunker:
            text = "".join(page.text for page in parsed.pages)
            parsed = replace(
                parsed,
                sketch=sketch(text),
                language=language(text),
                date=document_date(parsed.title, text),
            )
        answer = as_json(parsed)
        if chunker:
            answer["chunks"] = [chunk_as_json(each) for each in chunker.chunks("", parsed)]
        return answer
    except FileRefused as refused:
        return {"refused": str(refused)}
    except MemoryError:
        return {"refused": None, "last": True}
    except OSError as error:
        return {"refused": f"it cannot be read: {error.strerror or type(error).__name__}"}
    except Exception as error:
        return {"refused": f"the reader failed on this file ({type(error).__name__})"}


def _drawn(request: dict[str, Any], recogniser: Recogniser) -> dict[str, Any]:
    from ingest.readers.drawn import draw

    wanted = request["draw"]
    spans = [Span(*span) for span in wanted["spans"]]
    return picture_as_json(
        draw(
            Path(request["path"]),
            request["media_type"],
            wanted["page"],
            wanted["text"],
            spans,
            recogniser,
        )
    )


def _unpack(
    request: dict[str, Any], say: Callable[[dict[str, Any]], None], more_time: Callable[[], None]
) -> dict[str, Any]:
    try:
        for number, piece in unpack(
            Path(request["path"]), request["media_type"], request["unpack"]
        ):
            if isinstance(piece, str):
                say({"number": number, "refused": piece})
            else:
                if not piece:
                    more_time()  # another member begins
                say({"number": number, "data": base64.b64encode(piece).decode()})
        return {"end": True}
    except FileRefused as refused:
        return {"refused": str(refused)}
    except MemoryError:
        return {"refused": None, "last": True}


def _limit(memory: int) -> None:
    """Set what the system enforces on this process; platforms without such limits have none."""
    try:
        import resource
    except ImportError:
        return
    limits = [(resource.RLIMIT_AS, memory), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0)]
    for what, most in limits:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(what, (most, most))


if __name__ == "__main__":
    main()
