"""A small real HTTP server that speaks as OpenAI-compatible servers do, or badly."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODEL = "heron-7b"


class Exchange:
    """One request, and the means to answer it."""

    def __init__(self, handler: BaseHTTPRequestHandler, body: dict[str, Any], over: Any) -> None:
        self.body = body
        self.headers = dict(handler.headers.items())
        self.over: threading.Event = over
        self._handler = handler

    @property
    def said(self) -> str:
        """The user's message."""
        return str(self.body["messages"][-1]["content"])

    def begin(self, status: int = 200, kind: str = "text/event-stream", **headers: str) -> None:
        self._handler.send_response(status)
        self._handler.send_header("Content-Type", kind)
        self._handler.send_header("Connection", "close")
        for name, value in headers.items():
            self._handler.send_header(name.replace("_", "-"), value)
        self._handler.end_headers()

    def send(self, data: bytes) -> None:
        self._handler.wfile.write(data)
        self._handler.wfile.flush()

    def chunk(self, delta: object, finish: str | None = None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        self.event({"id": "1", "object": "chat.completion.chunk", "choices": [choice]})

    def event(self, content: object) -> None:
        self.send(b"data: " + json.dumps(content).encode() + b"\n\n")

    def say(self, *pieces: str, finish: str = "stop", usage: object = None) -> None:
        """A whole good answer."""
        self.begin()
        self.chunk({"role": "assistant", "content": ""})
        for piece in pieces:
            self.chunk({"content": piece})
        self.chunk({}, finish)
        if usage is not None:
            self.event({"id": "1", "choices": [], "usage": usage})
        self.send(b"data: [DONE]\n\n")


Behaviour = Callable[[Exchange], None]


def echo(exchange: Exchange) -> None:
    """The text that was given, said again word by word, as far as it is allowed."""
    text = exchange.said.removeprefix("Text: ").split("\n\nQuestion:")[0]
    words = [f"{word} " for word in text.split()][: exchange.body["max_tokens"]]
    read = len(exchange.said.split())
    exchange.say(*words, usage={"prompt_tokens": read, "completion_tokens": len(words)})


class Server:
    """Listens on this machine; `behave` answers every request, `asked` keeps them."""

    def __init__(self) -> None:
        self.behave: Behaviour = echo
        self.asked: list[Exchange] = []
        self.over = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                exchange = Exchange(self, json.loads(self.rfile.read(length)), server.over)
                server.asked.append(exchange)
                self.answer(server.behave, exchange)

            def do_GET(self) -> None:
                exchange = Exchange(self, {}, server.over)
                self.answer(models, exchange)

            def answer(self, behave: Behaviour, exchange: Exchange) -> None:
                with suppress(OSError):  # whoever asked may go away
                    behave(exchange)
                self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}
        )
        self._thread.start()

    def stop(self) -> None:
        self.over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def models(exchange: Exchange) -> None:
    exchange.begin(kind="application/json")
    row = {"id": MODEL, "object": "model"}
    exchange.send(json.dumps({"object": "list", "data": [row]}).encode())


@contextmanager
def serving() -> Iterator[Server]:
    server = Server()
    try:
        yield server
    finally:
        server.stop()
