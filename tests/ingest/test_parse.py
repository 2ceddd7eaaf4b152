"""The process that reads files: its limits, its deaths, and that nothing of it stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ingest.admit import media_type
from ingest.parse import Parser
from rag.errors import FileRefused
from tests.conftest import ROOT

# Unbalanced tags: seconds of work for the reader of HTML, however fast the machine.
SLOW = "<p>" + "<div>word " * 1_500_000

HOLDS_A_CHILD = """
import sys, time
from pathlib import Path
from ingest.parse import Parser
with Parser() as parser:
    parser.parse(Path(sys.argv[1]), "text/plain")
    print(parser._child.pid, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    path = tmp_path / "slow.html"
    path.write_text(SLOW)
    return path


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.txt"
    path.write_text("Short and readable.")
    return path


def _read(parser: Parser, path: Path) -> str:
    return "".join(page.text for page in parser.parse(path, media_type(path)).pages)


def _child(parser: Parser) -> int:
    assert parser._child is not None
    return parser._child.pid


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    # A process that ended and that its new parent has not asked about yet holds nothing.
    state = Path(f"/proc/{process}/stat")
    return not (state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z")


def _gone_within(process: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while _lives(process) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not _lives(process)


def test_after_the_time_limit_the_same_parser_goes_on(slow: Path, small: Path) -> None:
    with Parser(seconds=1.5) as parser:
        assert "readable" in _read(parser, small)
        first = _child(parser)
        began = time.monotonic()
        with pytest.raises(FileRefused, match=r"^took longer than 1\.5 s$"):
            _read(parser, slow)
        assert time.monotonic() - began < 5
        assert not _lives(first)
        assert "readable" in _read(parser, small)
        assert _child(parser) != first


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux enforces RLIMIT_AS")
def test_the_memory_limit_is_named_and_the_next_file_is_read(tmp_path: Path, small: Path) -> None:
    large = tmp_path / "large.txt"
    with large.open("wb") as file:
        file.truncate(1 << 30)  # a sparse file: nothing is written, all of it is read
    with Parser(seconds=60, memory=400 * 1024**2) as parser:
        with pytest.raises(FileRefused, match=r"needed more than 0\.391 GiB of memory"):
            parser.parse(large, "text/plain")
        assert "readable" in _read(parser, small)


def test_a_text_longer_than_the_limit_is_refused(tmp_path: Path, small: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_text("word " * 1000)
    with Parser(seconds=60, characters=2000) as parser:
        with pytest.raises(FileRefused, match="longer than 2,000 characters"):
            _read(parser, path)
        assert "readable" in _read(parser, small)


@pytest.mark.parametrize(
    ("kill", "said"),
    [
        (signal.SIGKILL, "the system stopped the reader"),
        (signal.SIGSEGV, rf"crashed on this file \(signal {int(signal.SIGSEGV)}\)"),
        (signal.SIGABRT, rf"crashed on this file \(signal {int(signal.SIGABRT)}\)"),
    ],
)
def test_a_reader_that_dies_over_a_file_costs_that_file_only(
    slow: Path, small: Path, kill: signal.Signals, said: str
) -> None:
    with Parser(seconds=60) as parser:
        assert "readable" in _read(parser, small)
        process = _child(parser)
        timer = threading.Timer(0.7, os.kill, (process, kill))
        timer.start()
        with pytest.raises(FileRefused, match=said):
            _read(parser, slow)
        timer.join()
        assert not _lives(process)
        assert "readable" in _read(parser, small)


def test_closing_leaves_no_process(small: Path) -> None:
    with Parser() as parser:
        _read(parser, small)
        process = _child(parser)
        assert _lives(process)
    assert not _lives(process)


def test_the_child_ends_when_its_parent_is_killed(small: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS_A_CHILD, str(small)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        process = int(parent.stdout.readline())
        assert _lives(process)
        parent.kill()
    assert parent.returncode == -signal.SIGKILL
    assert _gone_within(process, 10)
