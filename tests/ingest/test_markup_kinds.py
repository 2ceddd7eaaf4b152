"""reStructuredText, LaTeX and Outlook's messages."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.admit import media_type
from ingest.parsed import Parsed
from ingest.readers import read
from rag.errors import FileRefused
from tests.conftest import BENCH

MESSAGES = BENCH / "hostile" / "msg"

MANUAL = """\
==========
The Manual
==========

:Author: A. Person

Words with :class:`~birds.Heron` and `a link <http://example.org>`_.

Keeping
=======

.. note:: Mind the beak.

.. versionadded:: 1.2
   Owls are kept, too.

At night
--------

#. feed
#. close

.. list-table:: Prices
   :header-rows: 1

   * - Bird
     - Price
   * - Heron
     - 3

.. a comment

.. include:: /etc/hostname

beak
   its front
"""

PAPER = r"""
\documentclass{article}
\title{On \emph{Herons}}
\begin{document}
\maketitle
\begin{abstract}We count herons.\end{abstract}
% not to be seen
There are \textbf{four}, see~\cite{smith} and $E = mc^2$.

\section{Methods \label{methods}}
By eye\footnote{with glasses}. \keyword{caf\'e} --- ``quoted''
\begin{itemize}
\item first
\begin{enumerate} \item inner \end{enumerate}
\end{itemize}
\begin{table}[t]
\caption{Counts}
\begin{tabular}{lr} \toprule
Lake & Herons \\ \cmidrule(lr){1-2}
Zug \& Baar & \multicolumn{1}{c}{4} \\
\end{tabular}
\end{table}
\subsection*{Code}
\begin{verbatim}
x  = 1
\end{verbatim}
\begin{equation}\alpha = \frac{a}{b}\end{equation}
\input{/etc/hostname}
\end{document}
after the end
"""


def _read(path: Path, content: str) -> Parsed:
    path.write_text(content, encoding="utf-8")
    return read(path, media_type(path))


def _text(parsed: Parsed) -> str:
    return "".join(page.text for page in parsed.pages)


def test_restructured_text_keeps_sections_lists_tables_and_words(tmp_path: Path) -> None:
    parsed = _read(tmp_path / "manual.rst", MANUAL)
    text = _text(parsed)
    assert parsed.title == "The Manual"
    assert [(each.level, each.title) for each in parsed.headings] == [
        (1, "The Manual"),
        (2, "Keeping"),
        (3, "At night"),
    ]
    assert "Words with birds.Heron and a link." in text
    assert "Note: Mind the beak." in text
    assert "Owls are kept, too." in text
    assert "1. feed\n2. close" in text
    assert "beak - its front" in text
    assert "comment" not in text
    assert "hostname" not in text
    (table,) = parsed.tables
    assert (table.columns, table.caption) == (("Bird", "Price"), "Prices")
    assert text[table.start : table.end] == "Bird Price\nHeron 3"


def test_latex_keeps_sections_lists_tables_and_words(tmp_path: Path) -> None:
    parsed = _read(tmp_path / "paper.tex", PAPER)
    text = _text(parsed)
    assert parsed.title == "On Herons"
    assert [(each.level, each.title) for each in parsed.headings] == [
        (1, "On Herons"),
        (2, "Abstract"),
        (2, "Methods"),
        (3, "Code"),
    ]
    assert "There are four, see and E = mc^2." in text
    assert "By eye (with glasses). café — “quoted”" in text
    assert "- first\n  1. inner" in text
    assert "\n\nx  = 1\n\n" in text
    assert "α = a/b" in text
    for absent in ("not to be seen", "methods", "smith", "hostname", "after the end", "cmidrule"):
        assert absent not in text
    (table,) = parsed.tables
    assert (table.columns, table.caption) == (("Lake", "Herons"), "Counts")
    assert text[table.start : table.end] == "Lake Herons\nZug & Baar 4"
    assert text.count("Counts") == 1


def test_latex_without_a_document_around_it_is_read(tmp_path: Path) -> None:
    parsed = _read(tmp_path / "part.tex", "\\chapter{Birds}\nHerons eat fish.\n\nOwls do not.")
    assert _text(parsed) == "Birds\n\nHerons eat fish.\n\nOwls do not."
    assert parsed.title == "Birds"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("deep.tex", "{" * 50_000 + "words" + "}" * 50_000),
        ("deep.rst", "".join(f"{' ' * depth}* a\n\n" for depth in range(0, 4_000, 2))),
    ],
)
def test_what_is_nested_past_all_sense_is_refused(tmp_path: Path, name: str, content: str) -> None:
    with pytest.raises(FileRefused, match="nested past all sense"):
        _read(tmp_path / name, content)


def test_a_message_of_outlook_is_read_with_who_wrote_to_whom() -> None:
    if not MESSAGES.is_dir():
        pytest.skip(f"no messages at {MESSAGES}")
    (path,) = MESSAGES.glob("*cc-and-bcc.msg")
    parsed = read(path, media_type(path))
    assert parsed.title == "Fake email with cc and bcc recipients"
    lines = _text(parsed).split("\n")
    assert lines[2].startswith('From: "John"')
    assert lines[3].startswith('To: "John Jennings"')
    assert lines[4] == "Cc: steve@unstructured.io"
    assert lines[5] == "Date: Mon, 29 Jul 2024 16:38:11 -0400"
    assert "This is a test email. Please ignore." in lines


def test_attachments_that_are_not_read_are_named() -> None:
    if not MESSAGES.is_dir():
        pytest.skip(f"no messages at {MESSAGES}")
    (path,) = MESSAGES.glob("*encrypted.msg")
    parsed = read(path, media_type(path))
    assert parsed.reason == "attached and not read: ATT00001.pgp-encrypted, ATT00002.bin"


def test_a_message_of_outlook_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.msg"
    path.write_text("From: a\n\nwords")
    with pytest.raises(FileRefused, match="its content is not a message"):
        media_type(path)
    path.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 4096)
    with pytest.raises(FileRefused, match="damaged: the message cannot be read"):
        read(path, media_type(path))
