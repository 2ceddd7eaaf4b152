"""What PDF text says by its lines: tables of figures, and lines that run through the document."""

from __future__ import annotations

import time
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from ingest.readers.figures import tables
from ingest.readers.running import running_lines
from rag.records import Page, Span


def _pages(texts: Sequence[str]) -> tuple[Page, ...]:
    pages, start = [], 0
    for number, text in enumerate(texts, 1):
        pages.append(Page(number, start, text + "\n"))
        start += len(text) + 1
    return tuple(pages)


def _shown(pages: Sequence[Page], spans: Sequence[Span]) -> list[str]:
    text = "".join(page.text for page in pages)
    return [text[span.start : span.end] for span in spans]


INCOME = """Overview of the year.
Net sales by region
(in millions)
2019 2018 2017
Americas $ 2,788.1 $ 2,314.4 $ 2,134.4
Europe (12.5) — 33
Elsewhere:
Asia 10% 9% 8%
Sales grew in every region but one."""


def test_a_run_of_figures_is_a_table_with_its_columns_and_caption() -> None:
    pages = _pages(["Nothing here.", INCOME])
    (table,) = tables(pages)
    text = "".join(page.text for page in pages)
    assert text[table.start : table.end].split("\n") == INCOME.split("\n")[4:8]
    assert table.columns == ("", "2019", "2018", "2017")
    assert table.caption == "Net sales by region"


def test_dates_are_columns_too_and_as_many_as_the_rows_have_figures() -> None:
    dated = "Cash\nNovember 27, 2015 November 28, 2014\nIn hand 1 2\nIn banks 3 4\nElsewhere 5 6"
    (table,) = tables(_pages([dated]))
    assert table.columns == ("", "November 27, 2015", "November 28, 2014")
    (table,) = tables(_pages([dated.replace("1 2", "1 2 3").replace("3 4", "3 4 5")]))
    assert table.columns == ()


def test_prose_with_years_is_no_table() -> None:
    prose = "It opened in 1811.\nIt closed in 1902, 1903\nand 1904.\nRebuilt by 12 people in 1911."
    assert tables(_pages([prose])) == ()
    assert tables(_pages(["a 1 2\nb 3 4"])) == ()  # two rows may be anything


def test_headers_footers_and_page_numbers_are_set_aside() -> None:
    pages = _pages(
        [
            f"Annual Report 2019 | {number + 3}\nOn {number * 7} herons.\nOf them {number} bred.\n"
            f"In 19{number * 11} others came.\nNotes are part of this.\n{number + 3}"
            for number in range(1, 9)
        ]
    )
    shown = _shown(pages, running_lines(pages))
    # Where it stands first it is the title.
    assert sum("Annual Report 2019 |" in line for line in shown) == 7
    assert shown.count("Notes are part of this.") == 7
    assert [line for line in shown if line.isdigit()] == [str(number) for number in range(4, 12)]
    assert len(shown) == 7 + 7 + 8


def test_what_repeats_inside_pages_or_far_apart_stays() -> None:
    texts = [f"Opening {'abcdefghijklmnop'[n]}.\na\nb\nc\nSee note.\nd\ne\nf" for n in range(16)]
    for index in (0, 7, 15):
        texts[index] = f"Exhibit\n{texts[index]}"
    pages = _pages(texts)
    shown = _shown(pages, running_lines(pages))
    assert "Exhibit" not in shown
    assert "See note." not in shown


def test_figures_at_the_end_of_pages_are_no_page_numbers() -> None:
    pages = _pages([f"Counted in year {n}.\nHerons\n{n * n}" for n in range(1, 9)])
    assert not [line for line in _shown(pages, running_lines(pages)) if line.isdigit()]


def test_a_page_that_holds_nothing_else_keeps_its_lines() -> None:
    pages = _pages(["Left blank"] * 5)
    assert running_lines(pages) == ()


@given(st.lists(st.text("ab 12.\n$", max_size=200), max_size=12))
def test_spans_lie_in_order_inside_the_text(texts: list[str]) -> None:
    pages = _pages(texts)
    length = sum(len(page.text) for page in pages)
    for spans in (running_lines(pages), tables(pages)):
        ends = [at for span in spans for at in (span.start, span.end)]
        assert ends == sorted(ends)
        assert all(0 <= at <= length for at in ends)


def test_long_lines_take_no_longer_than_they_are() -> None:
    began = time.monotonic()
    tables(_pages(["." * 2_000_000 + " 1 2", "1 " * 1_000_000, "2019 " * 400_000]))
    running_lines(_pages(["." * 2_000_000, "1 " * 1_000_000, "-" * 1_000_000] * 3))
    assert time.monotonic() - began < 20
