"""A generator behind an OpenAI-compatible server: Ollama, llama.cpp, vLLM and others.

It is the one part of the product that may send something to another machine: question and quotes,
and only where such a server is set. Nothing that it answers is trusted. Its size and time are
bounded here, and each sentence is checked against its quote as that of any other generator.
"""

from __future__ import annotations

import ipaddress
import os
import queue
import re
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from rag.errors import GeneratorFailed, ModelMissing
from rag.models import prompt
from rag.ports import Pieces
from rag.records import Usage
from rag.settings import ENDPOINT_KEY

if TYPE_CHECKING:
    import httpx2
    import openai

INSTALL = "pip install 'openai>=3.57,<4'"

FIRST_PIECE = 60.0
"""Seconds until the first piece of a sentence; a server may have to load the model first."""

WHOLE = 120.0
"""Seconds for a whole sentence, waiting and retries included."""

_RETRIES = 2  # half a second and a second apart
_LONGEST_WAIT = 5.0  # seconds; a server that asks for a longer one is not asked again
_MOST_BYTES = 1_000_000  # of one answer; 90 tokens take 30,000
_MOST_TOKENS = 10**9
_HEADERS = frozenset(("host", "accept", "connection", "content-type", "content-length"))
"""All that is sent besides the key. The client library would add what it finds in the environment
(organisation, project, headers of its own) and what it knows of this machine."""

# Marks of chat templates begin like this. Some servers read them inside a message, too; with a
# space in between they are letters.
_MARK = re.compile(r"(?<=[<\[])(?=[|｜/\w<])")
_HALVES = re.compile("[\ud800-\udbff]$")


def place(endpoint: str) -> str:
    """Host and port of a base URL, as a person is told where something goes."""
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_here(endpoint: str) -> bool:
    """Whether the server is this machine, by a name or address that can mean nothing else."""
    host = urlsplit(endpoint).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def notice(endpoint: str) -> str:
    """What a person must know of an endpoint that is another machine; "" for none or this one."""
    if not endpoint or is_here(endpoint):
        return ""
    plain = " without encryption" if urlsplit(endpoint).scheme == "http" else ""
    return f"Quotes and questions are sent to {place(endpoint)}{plain}."


class EndpointGenerator:
    """A model of an OpenAI-compatible server. The key, if it needs one, is in `ENDPOINT_KEY`.

    Temperature 0 and a fixed seed: the same server gives the same sentence as far as it can.
    """

    def __init__(
        self, model: str, endpoint: str, *, first_piece: float = FIRST_PIECE, whole: float = WHOLE
    ) -> None:
        """Nothing is sent yet. `first_piece` and `whole` are limits in seconds.

        Raises `ModelMissing` where the client library is missing.
        """
        try:
            import openai  # noqa: F401
        except ImportError:
            raise ModelMissing(
                f"The client library for the endpoint is not installed. Install it with: {INSTALL}"
            ) from None
        self._model = model
        self._endpoint = endpoint
        self._place = place(endpoint)
        self._first_piece = first_piece
        self._whole = whole
        self._key = os.environ.get(ENDPOINT_KEY, "")
        if not (self._key.isascii() and self._key.isprintable()):
            raise ModelMissing(
                f"The variable {ENDPOINT_KEY} holds characters that no key has. Set it again."
            )

    @property
    def identity(self) -> str:
        return f"{self._model} at {self._place}"

    def phrase(self, question: str, quote: str, *, max_new_tokens: int = 80) -> Pieces:
        def read(client: openai.OpenAI, put: Callable[[str | Usage], None]) -> None:
            self._read(client, self._messages(question, quote), max_new_tokens, put)

        for item in self._within(self._first_piece, self._whole, read):
            if isinstance(item, Usage):
                return item
            yield item
        raise AssertionError("reading ends with a usage or an error")

    def models(self, seconds: float = 5.0) -> tuple[str, ...]:
        """Names of the models that the server says it has. Raises `GeneratorFailed`."""

        def read(client: openai.OpenAI, put: Callable[[tuple[str, ...]], None]) -> None:
            names = (str(each.id) for each in client.models.list().data)
            put(tuple(sorted(filter(str.isprintable, names))))

        found: tuple[str, ...] = next(self._within(seconds, seconds, read))
        return found

    def _messages(self, question: str, quote: str) -> list[Any]:
        question, quote = (
            _MARK.sub(" ", text[: prompt.LONGEST_TEXT]).encode(errors="replace").decode()
            for text in (question, quote)
        )
        said = prompt.user(quote, question, prompt.task(question))
        return [{"role": "system", "content": prompt.SYSTEM}, {"role": "user", "content": said}]

    def _read(
        self,
        client: openai.OpenAI,
        messages: list[Any],
        most: int,
        put: Callable[[str | Usage], None],
    ) -> None:
        """Put the pieces of one line as they come, at most `most`, then their usage."""
        answer: Any = client.chat.completions.create(
            model=self._model,
            messages=messages,
            temperature=0,
            seed=0,
            max_tokens=most,
            stream=True,
            stream_options={"include_usage": True},
        )
        line = _Line()
        chunk: Any = None
        counted: Any = None
        finished: Any = None
        with answer:
            for chunk in answer:
                counted = chunk.usage or counted
                for choice in (chunk.choices or ())[:1]:
                    finished = choice.finish_reason or finished
                    text = choice.delta.content if choice.delta else None
                    if not text:
                        continue
                    if line.pieces == most:  # this server has no limit
                        put(Usage(None, None))
                        return
                    piece = line.add(text)
                    if piece:
                        put(piece)
        if chunk is None:
            raise ValueError("no events: a page, perhaps")
        if finished is None and counted is None:
            raise self._failed("broke off in the middle")
        usage = Usage(
            _tokens(getattr(counted, "prompt_tokens", None)),
            _tokens(getattr(counted, "completion_tokens", None)),
        )
        if finished == "length" and usage.tokens_out is None:
            usage = Usage(usage.tokens_in, most)
        if finished not in ("stop", None) and (usage.tokens_out or 0) < most:
            raise self._failed("broke off before its end")
        put(usage)

    def _within(
        self,
        first: float,
        whole: float,
        read: Callable[[openai.OpenAI, Callable[[Any], None]], None],
    ) -> Iterator[Any]:
        """What `read` puts, as it comes; `first` and `whole` are limits in seconds.

        A limit of the client is one for each read, which a server that sends a byte now and then
        never reaches: hence a thread. After its time it sends nothing more, and it ends with its
        next byte or when that does not come.
        """
        arrived: queue.SimpleQueue[Any] = queue.SimpleQueue()
        over = threading.Event()

        def work() -> None:
            try:
                with self._client(min(first, whole), over) as client:
                    read(client, arrived.put)
            except GeneratorFailed as error:
                arrived.put(error)
            except Exception as error:
                # Each layer below has errors of its own, and their texts may hold what the server
                # sent: none of it is shown.
                arrived.put(self._failed(self._reason(error)))

        began = time.monotonic()
        until = began + min(first, whole)
        threading.Thread(target=work, name="endpoint", daemon=True).start()
        try:
            while True:
                try:
                    item = arrived.get(timeout=max(0.0, until - time.monotonic()))
                except queue.Empty:
                    seconds = f"{until - began:g} s"
                    raise self._failed(f"was not done within {seconds}") from None
                if isinstance(item, GeneratorFailed):
                    raise item
                yield item
                until = began + whole
        finally:
            over.set()

    def _client(self, seconds: float, over: threading.Event) -> openai.OpenAI:
        import httpx2
        import openai

        def send(request: httpx2.Request) -> None:
            if over.is_set():
                raise self._failed("was given up")
            for name in set(request.headers) - _HEADERS:
                del request.headers[name]
            request.headers["accept-encoding"] = "identity"
            if self._key:
                request.headers["authorization"] = f"Bearer {self._key}"

        def receive(response: httpx2.Response) -> None:
            # Packed anyway, it would unpack to any size.
            response.headers.pop("content-encoding", None)
            if _asks_to_wait(response.headers):
                response.headers["x-should-retry"] = "false"
            response.stream = self._bounded(response.stream, over)

        # Proxies of the environment are for other machines.
        abroad = not is_here(self._endpoint)
        timeout = httpx2.Timeout(seconds, connect=min(10.0, seconds))
        http = httpx2.Client(
            follow_redirects=False,
            trust_env=abroad,
            timeout=timeout,
            event_hooks={"request": [send], "response": [receive]},
        )
        # Whatever is not given here, the client takes from the environment.
        return openai.OpenAI(
            api_key="none",
            base_url=self._endpoint,
            timeout=timeout,
            max_retries=_RETRIES,
            http_client=http,
        )

    def _bounded(self, stream: Any, over: threading.Event) -> httpx2.SyncByteStream:
        import httpx2

        failed = self._failed

        class Bounded(httpx2.SyncByteStream):
            def __iter__(self) -> Iterator[bytes]:
                size = 0
                for part in stream:
                    size += len(part)
                    if size > _MOST_BYTES:
                        raise failed("sent more than any answer takes")
                    if over.is_set():
                        raise failed("was given up")
                    yield part

            def close(self) -> None:
                stream.close()

        return Bounded()

    def _failed(self, what: str) -> GeneratorFailed:
        return GeneratorFailed(f"The generator {self.identity} {what}.")

    def _reason(self, error: Exception) -> str:
        """What went wrong, in our own words."""
        import httpx2
        import openai

        if isinstance(error, openai.APIStatusError):
            return _STATUS.get(error.status_code) or _status(error.status_code)
        if isinstance(error, openai.APITimeoutError):
            return "did not answer in time"
        if isinstance(error, openai.APIConnectionError):
            if isinstance(error.__cause__, httpx2.ConnectError):
                return "cannot be reached. Start its server, or set `endpoint` to where it is"
            return "broke the connection off"
        if type(error) is openai.APIError:
            return "broke off with an error"
        return (
            "sent what is no answer of an OpenAI-compatible server. Its address often ends in /v1"
        )


class _Line:
    """One line of text from pieces: white space before it and all after it are left out."""

    def __init__(self) -> None:
        self.pieces = 0
        self._half = ""
        self._begun = self._ended = False

    def add(self, text: str) -> str:
        """The part of the next piece that belongs to the line; "" for none."""
        self.pieces += 1
        text = self._half + text
        # A character that was cut between two pieces arrives in halves.
        half = _HALVES.search(text)
        self._half = half.group() if half else ""
        text = text[: half.start()] if half else text
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        if self._ended:
            return ""
        if not self._begun:
            text = text.lstrip()
        self._begun = self._begun or bool(text)
        kept, end, _ = text.partition("\n")
        self._ended = bool(end)
        return kept


_STATUS = {
    401: f"does not accept the key in the variable {ENDPOINT_KEY} (HTTP 401)",
    403: f"does not accept the key in the variable {ENDPOINT_KEY} (HTTP 403)",
    404: "is not there (HTTP 404): no such model or address. `rag doctor` lists the models",
    429: "is too busy (HTTP 429)",
}


def _status(code: int) -> str:
    if 300 <= code < 400:
        return f"points to another address (HTTP {code}), which is not followed"
    if code >= 500:
        return f"has a fault of its own (HTTP {code})"
    return f"refused the request (HTTP {code})"


def _asks_to_wait(headers: httpx2.Headers) -> bool:
    """Whether a server wants more time before it is asked again than we give it."""
    for name, unit in (("retry-after-ms", 1000), ("retry-after", 1)):
        if name in headers:
            try:
                return not float(headers[name]) / unit <= _LONGEST_WAIT
            except ValueError:
                return True  # a date
    return False


def _tokens(count: object) -> int | None:
    """A count that a server sent, if it is one."""
    good = isinstance(count, int) and not isinstance(count, bool) and 0 <= count <= _MOST_TOKENS
    return count if good else None  # type: ignore[return-value]
