"""A report is one file that fetches and runs nothing, whatever the results hold."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from rag.errors import SettingsError
from rag.evaluation.measure import Measure, mean, proportion
from rag.evaluation.results import About, Results, RowResult, Statement
from rag.records import Span
from ui import cli, reporting
from ui.page import markup
from ui.report_page import page

PAYLOADS = [
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    '"><svg onload=alert(1)>',
    "'><iframe src=http://192.0.2.1/></iframe>",
    "</style><link rel=stylesheet href=//192.0.2.1/x.css>",
    "]]></title><base href=http://192.0.2.1/>",
    "{{ 7 * 7 }} {% include '/etc/passwd' %}",
]

OURS = set(
    "html head meta title style body h1 h2 h3 h4 p b i s small span bdi br wbr dl dt dd ul ol li "
    "table thead tbody tr th td div figure figcaption details summary article blockquote footer "
    "mark svg g path defs use text clippath rect".split()
)
"""The tags of a report; none of them runs or fetches anything."""

_FETCHING = {"src", "srcset", "data", "action", "poster", "background", "xlink:href"}


class _Read(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.policy = ""
        self.text = ""
        self.marked: dict[str, list[str]] = {}
        self._marks: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        found = dict(attrs)
        if found.get("http-equiv") == "Content-Security-Policy":
            self.policy = found["content"] or ""
        if tag not in ("meta", "br", "wbr"):
            self.open.append(tag)
        if tag == "mark":
            self._marks.append(found.get("class") or "quote")
            self.marked.setdefault(self._marks[-1], []).append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        if tag == "mark":
            self._marks.pop()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "style":
            return
        self.text += data
        if self._marks:
            self.marked[self._marks[-1]][-1] += data


def read(html: str) -> _Read:
    """The parsed page, after what must hold for each."""
    found = _Read()
    found.feed(html)
    found.close()
    assert found.open == [], "a tag was left open"
    assert found.tags <= OURS
    assert found.policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    for name, value in found.attributes:
        assert not name.startswith("on")
        assert name not in _FETCHING
        assert name != "href" or value.startswith("#"), value
    assert not re.search(r"url\((?!#)|@import|NaN|[^\S\n\t ]nan\b", html)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202d\u202e\ufffe\uffff]", html)
    assert len(html.encode()) < 2_000_000
    return found


def a_row(name: str, **changes: object) -> RowResult:
    text = "The mill of Thornby was closed in 1912."
    quote = "In 1911 the council closed the mill of Thornby."
    said = Statement(
        text, 0.42, quote, document="mill.txt", page=3, unsupported=(Span(34, 38),), missing=("1",)
    )
    row = RowResult(
        id=name,
        question="When was the mill closed?",
        answerable=True,
        outcome="supported",
        error=None,
        answer=text,
        seconds=0.1,
        metrics={"groundedness": 0.42, "answer_in_quotes": 0.0, "wrongly_refused": 0.0},
        refused=False,
        sentences=(said,),
        evidence=0.7,
    )
    return replace(row, **changes)  # type: ignore[arg-type]


def failed(name: str, reason: str = "the generator broke off") -> RowResult:
    nothing = {"groundedness": None, "answer_in_quotes": None, "wrongly_refused": None}
    return RowResult(name, "Why?", True, None, reason, "", None, nothing)


def refused(name: str) -> RowResult:
    metrics = {"groundedness": None, "answer_in_quotes": 0.0, "wrongly_refused": 1.0}
    return a_row(
        name, outcome="no_evidence", refused=True, sentences=(), answer="", metrics=metrics
    )


def results(*rows: RowResult, about: About | None = None) -> Results:
    lost = sum(row.error is not None for row in rows)
    measured = {}
    for name, sum_up in (("groundedness", mean), ("answer_in_quotes", proportion)):
        values = [value for row in rows if (value := row.metrics.get(name)) is not None]
        measured[name] = sum_up(values, len(rows) - len(values) - lost, lost)
    return Results(rows, {**measured, "f1": Measure(None, 0, len(rows) - lost, lost)}, about)


def test_a_report_says_what_was_measured() -> None:
    about = About(
        "evaluate",
        "cases.jsonl",
        "0123456789abcdef" * 4,
        "0.1.0",
        {"mode": "quote"},
        {"embedder": "small"},
        {"mill.txt": "12", "other.txt": "13"},
    )
    found = read(page(results(a_row("one"), failed("two"), refused("three"), about=about)))
    for said in (
        "Answers measured: cases.jsonl",
        "SHA-256 0123456789ab",
        "Sourcebound 0.1.0",
        "small",
        "2 documents",
        "1 of 3 rows failed and is in no value.",
        "the generator broke off",
        "answer_in_quotes",
        "Least grounded: 1",
        "Refused wrongly: 1",
        "support 0.42",
        "mill.txt, page 3",
        "no accepted answer stands in its quotes",
    ):
        assert said in found.text
    assert found.marked["sb-unsupported"] == ["1912"]
    assert found.marked["quote"] == ["closed", "mill", "Thornby"]
    assert re.search(r"\nf1--021\n", found.text)  # nothing was measured


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ((), "There is no row."),
        ((a_row("one"),), "Least grounded: 1"),
        ((failed("one"), failed("two")), "2 of 2 rows failed"),
        ((refused("one"), refused("two")), "Refused wrongly: 2"),
        ((a_row("one", metrics={}, sentences=(), evidence=None),), "Not applicable"),
        ((a_row("one", answerable=None, metrics={"groundedness": 1.0}),), "nothing that was"),
    ],
    ids=["no row", "one row", "all failed", "all refused", "no metric", "nothing wrong"],
)
def test_results_of_every_kind_have_a_report(rows: tuple[RowResult, ...], said: str) -> None:
    assert said in read(page(results(*rows))).text


def test_no_metric_at_all() -> None:
    assert "The file holds no metric." in read(page(Results((), {}))).text


@pytest.mark.parametrize("bad", PAYLOADS)
def test_everything_from_outside_is_text(bad: str) -> None:
    said = Statement(
        bad, 0.1, f"{bad} or so", document=bad, unsupported=(Span(0, 3),), missing=(bad,)
    )
    row = a_row(bad, question=bad, outcome=bad, sentences=(said,), metrics={bad: 1.0})
    about = About(bad, bad, bad, bad, {bad: bad}, {bad: bad}, {bad: bad})
    found = read(
        page(
            Results(
                (
                    row,
                    failed(bad, bad),
                    a_row("said", answer=bad, sentences=(), metrics={"answer_in_quotes": 0.0}),
                    a_row("wrong", sentences=(said,), metrics={"groundedness": 0.1}),
                ),
                {bad: Measure(1.0, 1), "groundedness": Measure(float("nan"), 2, 0, 0, 0.1, 0.2)},
                about,
            )
        )
    )
    assert found.text.count(bad) >= 8


def test_characters_that_do_something_are_made_visible() -> None:
    bad = "a\x00b\x1b[31mc\x7f\x85\u202edesrever\ud800\ufffe"
    html = page(results(a_row(bad, question=bad), failed("x", bad)))
    found = read(html)
    assert "a\u2400b\u241b[31mc\u2421\ufffd\ufffddesrever\ufffd\ufffd" in found.text
    html.encode()


def test_text_from_right_to_left_stands_for_itself() -> None:
    html = page(results(a_row("one", question="متى أغلقت المطحنة؟")))
    read(html)
    assert '<h4 class="sb-question" dir="auto"><bdi>متى' in html


def test_huge_fields_are_cut_with_a_note() -> None:
    huge = "<&'\"" * 2_500_000
    said = Statement(huge, 0.1, huge + "x", document=huge, missing=(huge,) * 50)
    rows = [
        a_row(huge, question=huge, sentences=(said,) * 500, metrics={"groundedness": at / 90})
        for at in range(30)
    ]
    about = About(huge, huge, huge, huge, {str(at): huge for at in range(99)}, {huge: huge})
    metrics = {f"{at}{huge}": Measure(0.5, 1) for at in range(200)}
    found = read(page(Results((*rows, *[failed(huge, huge)] * 30), metrics, about)))
    assert "9,999,400 characters more" in found.text
    assert "more sentences, left out here" in found.text
    assert "5 rows that went wrong as well are left out." in found.text
    assert "100 more metrics are left out" in found.text
    assert "and 5 more." in found.text


def test_many_rows_give_a_small_report_soon() -> None:
    rows = tuple(
        a_row(
            f"row {at}",
            question=f"Word{at % 1000} is what?",
            metrics={"groundedness": (at % 997) / 997, "answer_in_quotes": float(at % 3 > 0)},
            evidence=(at % 9973) / 9973,
        )
        for at in range(100_000)
    )
    many = Results(rows, {"groundedness": Measure(0.5, len(rows))})
    began = time.perf_counter()
    html = page(many)
    assert time.perf_counter() - began < 30
    found = read(html)
    assert len(html) < 200_000
    assert "rows that went wrong as well are left out." in found.text
    assert "all others" in found.text


def test_the_same_results_give_the_same_bytes(tmp_path: Path) -> None:
    rows = results(*(a_row(str(at), evidence=at / 9) for at in range(9)), failed("x"))
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        reporting.make_folder(folder)
        reporting.write_results(rows, folder)
        reporting.write_report(rows, folder)
    assert (one / "report.html").read_bytes() == (other / "report.html").read_bytes()
    assert sorted(path.name for path in one.iterdir()) == ["report.html", "results.jsonl"]


def test_a_sentence_that_is_its_quote_is_shown_once() -> None:
    said = Statement("The mill is old.", 1.0, "The mill is old.", document="mill.txt")
    html = markup.result(a_row("one", sentences=(said,)))
    assert html.count("The mill is old.") == 1
    assert "Word for word in <bdi>mill.txt</bdi>" in html


def test_spans_beyond_the_text_mark_nothing() -> None:
    assert markup.shown("abc", spans=[Span(5, 9)], mark="m") == "<bdi>abc</bdi>"
    assert markup.shown("abc", spans=[Span(1, 9), Span(0, 2)], mark="m") == (
        '<bdi><mark class="m">ab</mark><mark class="m">c</mark></bdi>'
    )
    assert markup.shown("abcdef", 3, spans=[Span(2, 6)]).startswith("<bdi>ab<mark>c</mark> ")


# -- the verb --------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "results.jsonl"
    lines = results(a_row("one"), failed("two")).lines()
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_the_verb_writes_the_page_beside_the_results(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["report", str(file)]) == 0
    assert "results.html: 2 rows, 1 failed." in capsys.readouterr().out
    assert "1 of 2 rows failed" in read(file.with_suffix(".html").read_text()).text


def test_the_verb_writes_where_it_is_told(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = file.with_name("page.html")
    assert cli.run(["report", str(file), "--out", str(out), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said == {"report": str(out), "rows": 2, "failed": 1}
    read(out.read_text())


def _line(key: str, value: object) -> str:
    """A file whose only row or summary has something else under a key."""
    row, last = results(
        a_row("one"), about=About("score", "a", "b", "c", {"mode": "quote"})
    ).lines()
    for place in (row, row["sentences"][0], last["about"], last["summary"]["f1"]):
        if key in place:
            place[key] = value
    return f"{json.dumps(row)}\n{json.dumps(last)}"


@pytest.mark.parametrize(
    "content",
    [
        *("", "no json", '{"id": "1"}', "[]", '{"summary": 3}', '{"summary": {"f1": 3}}'),
        *(_line(key, "x") for key in "evidence seconds support page value n settings".split()),
        *(_line(key, 1) for key in "refused answerable outcome error document input".split()),
        *(_line(key, [["a", 1]]) for key in "unsupported missing rests_on".split()),
        _line("metrics", {"groundedness": 10**400}),
        _line("metrics", {"groundedness": float("nan")}),
        _line("support", float("inf")),
    ],
)
def test_a_file_of_something_else_is_refused(
    tmp_path: Path, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "other.jsonl"
    path.write_text(content)
    assert cli.run(["report", str(path)]) == 2
    assert str(path) in capsys.readouterr().err
    assert not path.with_suffix(".html").exists()


def test_results_are_never_overwritten(file: Path) -> None:
    before = file.read_bytes()
    assert cli.run(["report", str(file), "--out", str(file)]) == 2
    named = file.rename(file.with_suffix(".html"))
    assert cli.run(["report", str(named)]) == 2
    assert named.read_bytes() == before


def test_a_page_that_cannot_be_written_is_said(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = file / "page.html"
    assert cli.run(["report", str(file), "--out", str(nowhere)]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_the_folder_is_looked_at_before_anything_runs(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    for folder in (blocked, blocked / "inside"):
        with pytest.raises(SettingsError, match="cannot be written"):
            reporting.make_folder(folder)
    fresh = tmp_path / "a" / "b"
    reporting.make_folder(fresh)
    assert list(fresh.iterdir()) == []
    reporting.write_report(results(a_row("one")), fresh)
    before = (fresh / "report.html").read_bytes()
    reporting.make_folder(fresh)
    assert (fresh / "report.html").read_bytes() == before
    (fresh / "results.jsonl").mkdir()
    with pytest.raises(SettingsError, match="cannot be written"):
        reporting.make_folder(fresh)
