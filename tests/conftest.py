"""What every test stands on: no network, no settings of the machine, small real libraries."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# Before any library reads them: nothing is fetched, and no progress bar breaks an output.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"
os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"

from ingest.load import load
from ingest.parse import Parser
from rag.library.folder import Library
from rag.ports import Embedder
from tests.stand_ins import HashEmbedder

# No time limit for an example, which says more about the machine than about the code; and the same
# examples each time, so that a change that breaks a test can be told from chance.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "data" / "samples"
BENCH = ROOT.parent / "shared" / "bench"

_LOCAL = ("127.0.0.1", "localhost", "::1")


class NetworkUsed(AssertionError):
    """A test tried to leave the machine; the message names the address."""


@pytest.fixture(autouse=True, scope="session")
def no_network() -> Iterator[None]:
    """Refuse every connection that leaves this machine, and say where it wanted to go."""
    connect, lookup = socket.socket.connect, socket.getaddrinfo

    def connect_locally(self: socket.socket, address: object) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = address[0] if isinstance(address, tuple) else address
            if host not in _LOCAL:
                raise NetworkUsed(f"a test connected to {address}")
        connect(self, address)  # type: ignore[arg-type]

    def look_up_locally(host: object, *args: object, **kwargs: object) -> object:
        if host not in (*_LOCAL, None, ""):
            raise NetworkUsed(f"a test looked up {host!r}")
        return lookup(host, *args, **kwargs)  # type: ignore[arg-type]

    socket.socket.connect = connect_locally  # type: ignore[method-assign, assignment]
    socket.getaddrinfo = look_up_locally  # type: ignore[assignment]
    yield
    socket.socket.connect = connect  # type: ignore[method-assign]
    socket.getaddrinfo = lookup


@pytest.fixture(autouse=True)
def own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the machine, and no settings file, reaches a test."""
    for name in os.environ:
        if name.startswith("SOURCEBOUND_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def real_embedder() -> Embedder:
    """The default embedding model, loaded once."""
    from rag.models.embedder import SentenceTransformerEmbedder

    return SentenceTransformerEmbedder()


@pytest.fixture
def hash_embedder() -> Embedder:
    return HashEmbedder()


@pytest.fixture(scope="session")
def sample_library(tmp_path_factory: pytest.TempPathFactory, real_embedder: Embedder) -> Path:
    """The sample documents in a library of the real model. Read it; do not write to it."""
    folder = tmp_path_factory.mktemp("samples") / "library"
    library = Library.create(folder)
    with Parser() as parser:
        load([SAMPLES], library, lambda: real_embedder, parser)
    library.close()
    return folder


LoadTexts = Callable[..., Library]


@pytest.fixture
def load_texts(tmp_path: Path) -> Iterator[LoadTexts]:
    """Make a library of texts: `load_texts({"a.txt": "..."})`, by the stand-in embedder."""
    made: list[Library] = []

    def make(texts: dict[str, str], embedder: Embedder | None = None) -> Library:
        documents = tmp_path / "documents"
        for name, text in texts.items():
            path = documents / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        library = Library.create(tmp_path / "library")
        with Parser() as parser:
            load([documents], library, lambda: embedder or HashEmbedder(), parser)
        made.append(library)
        return library

    yield make
    for library in made:
        library.close()
