"""One quiet line says what a reply took, where somebody watches."""

from __future__ import annotations

import os
import pty
import sys

import pytest

from rag.records import Answer, Mode, Outcome, Reply, Usage
from ui import printing
from ui.page import answers
from ui.wording import effort


def _reply(usage: Usage) -> Reply:
    timings = {"retrieve": 0.2, "quote": 0.1, "phrase": 1.25, "total": 1.6}
    return Reply("q", Mode.GENERATE, Answer(Outcome.SUPPORTED), (), timings, usage=usage)


@pytest.mark.parametrize(
    ("usage", "said"),
    [
        (Usage(0, 0), "no tokens"),
        (Usage(0, 0, 0.0), "no tokens; cost 0.000000"),
        (Usage(1234, 56), "tokens: 1,234 read, 56 written"),
        (Usage(1234, 56, 0.00123), "tokens: 1,234 read, 56 written; cost 0.001230"),
        (Usage(None, 90), "tokens: an unknown number read, 90 written"),
        (Usage(None, None), "tokens unknown"),
    ],
)
def test_time_tokens_and_cost_are_one_line(usage: Usage, said: str) -> None:
    line = effort(_reply(usage))
    assert line == f"1.6 s, most of it phrase (1.2 s); {said}"
    assert line in answers.actions(_reply(usage), 0, None, kept=False)


def test_it_goes_to_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    printing.took(_reply(Usage(1, 1)))
    captured = capsys.readouterr()
    assert captured.out + captured.err == ""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        printing.took(_reply(Usage(1, 1)))
        terminal.flush()
        assert b"tokens: 1 read, 1 written" in os.read(ours, 1000)
    os.close(ours)
