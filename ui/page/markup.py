"""Records to HTML for the page. Everything that is not ours is escaped here, and nowhere else.

Document text, file names, titles, questions and what a model wrote are data: none of it may become
a tag, a link or an image. No Markdown is made of it either.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

from rag.evaluation.breakdown import grounded, why_wrong
from rag.evaluation.results import RowResult, Statement
from rag.records import (
    Answer,
    Document,
    FileReport,
    LoadOutcome,
    Outcome,
    Page,
    Quote,
    Span,
)
from rag.text import content_stems, stems
from rag.why import Trace
from ui.loading import FolderAccount
from ui.wording import about_conflict, about_table

AROUND = 400
"""Code points of the page's text shown on either side of a quote."""

MOST_TEXT = 600
"""Code points shown of a question, a sentence, a quote or an error of a result."""

MOST_ROW = 40_000
"""Bytes of a result's HTML after which no further sentence of it is shown."""

_MOST_MISSING = 20
_MOST_NAME = 120

_VISIBLE = {
    # As their own pictures; new lines and tabs stay what they are.
    **{code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\t\n"},
    0x7F: "\u2421",
    # What HTML or UTF-8 cannot hold, and what would turn the order of the characters around.
    **dict.fromkeys((*range(0x80, 0xA0), 0x202D, 0x202E, 0xFFFE, 0xFFFF), "\ufffd"),
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),
}


def question(text: str) -> str:
    return f'<h3 class="sb-question">{escape(text)}</h3>'


def verdict(answer: Answer, task: str = "question") -> str:
    """The outcome in plain words; of a list or the like, its notes say what was not found."""
    withheld = len(answer.withheld)
    said = {
        Outcome.SUPPORTED: "Supported: every sentence carries its quote.",
        Outcome.PARTLY_SUPPORTED: (
            f"Partly supported: {_count(withheld, 'sentence')} failed the check and "
            f"{'is' if withheld == 1 else 'are'} replaced by the quote."
        ),
        Outcome.WITHHELD: "Withheld: nothing that was phrased passed the check. Only quotes stand.",
        Outcome.NO_EVIDENCE: (
            "Your documents do not hold an answer to this."
            if task == "question"
            else "Nothing was found."
        ),
        Outcome.NOT_CHECKED: "Not checked: the check itself failed. Read the quotes.",
    }[answer.outcome]
    return f'<p class="sb-verdict sb-{answer.outcome.value}" role="status">{escape(said)}</p>'


def side(name: str) -> str:
    """The side of a comparison, above its quotes."""
    return f'<h4 class="sb-side">{escape(name)}</h4>'


def marked(item: Quote) -> str:
    """The quote's text, its short answer marked."""
    if item.short is None:
        return escape(item.text)
    start, end = item.short.start, item.short.end
    before, short, after = item.text[:start], item.text[start:end], item.text[end:]
    return f"{escape(before)}<mark>{escape(short)}</mark>{escape(after)}"


def in_passage(item: Quote, page: Page, notice: str | None) -> str:
    """The stored text around a quote, the quote marked.

    `page` is the one that holds the quote; `notice` says when the file is not what was loaded.
    """
    first, last = item.start - page.start, item.end - page.start
    begin, end = max(0, first - AROUND), min(len(page.text), last + AROUND)
    before = ("… " if begin else "") + page.text[begin:first]
    after = page.text[last:end] + (" …" if end < len(page.text) else "")
    warning = f'<p class="sb-note">{escape(notice)}</p>' if notice else ""
    return (
        f'<p class="sb-place">{_place(item.document, item.page, item.place, item.headings)}</p>'
        f"{warning}{table(item.caption, item.columns)}"
        f'<div class="sb-passage">{escape(before)}<mark>{escape(page.text[first:last])}</mark>'
        f"{escape(after)}</div>"
    )


def withheld(answer: Answer) -> str:
    """What was phrased and failed, with the reasons; no part of the answer."""
    rows = "".join(
        f"<li><s>{escape(item.text)}</s><br>{escape('; '.join(item.reasons))}</li>"
        for item in answer.withheld
    )
    return f'<ul class="sb-withheld">{rows}</ul>'


def conflicts(answer: Answer) -> str:
    """What the sources disagree about, above the answer; "" where nothing does."""
    return "".join(
        f'<p class="sb-conflict" role="note">{escape(about_conflict(each))}</p>'
        for each in answer.conflicts
    )


def notes(texts: Iterable[str]) -> str:
    return "".join(f'<p class="sb-note">{escape(text)}</p>' for text in texts)


def problem(text: str) -> str:
    """An error as the sentence it is."""
    return f'<p class="sb-problem" role="alert">{escape(text)}</p>'


def trace(item: Trace) -> str:
    """The way of an expected place through the steps, a row and a bar for each."""
    rows = []
    for step in item.steps:
        lost = step.ok is False
        mark = "lost" if lost else "" if step.ok is None else "ok"
        rank = "" if step.rank is None else f"rank {step.rank:,}"
        score = "" if step.score is None else bar(step.score)
        rows.append(
            f'<tr class="{"sb-lost" if lost else ""}"><th scope="row">{escape(step.name)}</th>'
            f"<td>{mark}</td><td>{rank}</td><td>{score}</td>"
            f"<td>{escape(step.detail)}</td></tr>"
        )
    said = f"Lost at the step “{item.lost}”." if item.lost else "Nothing lost it: it is quoted."
    return (
        f'<p class="sb-note" role="status">{escape(said)}</p>'
        '<div class="sb-wide" tabindex="0" role="region" aria-label="Steps">'
        '<table class="sb-trace">'
        '<thead><tr><th scope="col">step</th><th scope="col">went</th><th scope="col">rank</th>'
        '<th scope="col">score</th><th scope="col">said</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def reports(items: Sequence[FileReport]) -> str:
    """One line per file of a load."""
    rows = []
    for item in items:
        refused = item.outcome is LoadOutcome.REFUSED
        detail = item.reason or _count(item.chunks, "passage")
        rows.append(
            f'<li class="{"sb-refused" if refused else "sb-loaded"}"><b>{escape(item.name)}</b> '
            f"{item.outcome.value}: {escape(detail)}</li>"
        )
    return f'<ul class="sb-files">{"".join(rows)}</ul>'


def account(item: FolderAccount) -> str:
    """The counts of a folder's load, then the files that were refused or carry a remark."""
    parts = ", ".join(f"{count} {outcome.value}" for outcome, count in item.counts.items())
    more = f'<p class="sb-note">and {item.unnamed} more</p>' if item.unnamed else ""
    total = _count(sum(item.counts.values()), "file")
    return f'<p class="sb-note">{total}: {parts or "none"}.</p>{reports(item.remarks)}{more}'


def result(row: RowResult) -> str:
    """A row of results: what was asked, then each sentence with its support and its best quote.

    Bounded in size, whatever the row holds: what was cut off is counted.
    """
    about = [f'<b class="sb-document">{shown(row.id, _MOST_NAME)}</b>']
    if row.outcome:
        about.append(shown(row.outcome.replace("_", " "), _MOST_NAME))
    about += [f'<b class="sb-wrong">{each}</b>' for each in [why_wrong(row)] if each]
    about += [
        f"{name} {value:.2f}"
        for name, value in (("groundedness", grounded(row)), ("evidence", row.evidence))
        if value is not None
    ]
    parts = [
        f'<h4 class="sb-question" dir="auto">{shown(row.question)}</h4>',
        f'<p class="sb-place">{", ".join(about)}</p>',
    ]
    if row.error is not None:
        parts.append(f'<p class="sb-problem" dir="auto">{shown(row.error)}</p>')
    elif not row.sentences:
        said = shown(row.answer) if row.answer else "Nothing was said."
        parts.append(f'<p class="sb-said" dir="auto">{said}</p>')
    parts.append(_statements(row.sentences))
    return f'<article class="sb-result">{"".join(parts)}</article>'


def _statements(items: Sequence[Statement]) -> str:
    if not items:
        return ""
    rows: list[str] = []
    size = 0
    for item in items:
        if size > MOST_ROW:
            rows.append(
                '<li class="sb-note">and '
                f"{_count(len(items) - len(rows), 'more sentence')}, left out here</li>"
            )
            break
        rows.append(_statement(item))
        size += len(rows[-1].encode())
    return f'<ol class="sb-statements">{"".join(rows)}</ol>'


def _statement(item: Statement) -> str:
    """A sentence, what no text says of it marked; below it the quote, their common words marked."""
    word_for_word = item.quote == item.text
    said = shown(item.text, spans=item.unsupported, mark="sb-unsupported")
    support = "nothing to check"
    if item.support is not None:
        width = min(1.0, max(0.0, item.support))
        support = f"{bar(item.support)} support {item.support:.2f}"
        if width < 0.5:
            support = f'<span class="sb-low">{support}</span>'
    if item.missing:
        more = len(item.missing) - _MOST_MISSING
        names = ", ".join(
            f"<b>{shown(each, _MOST_NAME // 3)}</b>" for each in item.missing[:_MOST_MISSING]
        )
        support += f"; in no text: {names}{f' and {more} more' if more > 0 else ''}"
    source = shown(item.source, 2 * _MOST_NAME) if item.source else ""
    if word_for_word:
        about = f"Word for word in {source}" if source else "Word for word in its text"
        below = f'<p class="sb-place">{about}</p>'
    elif item.quote:
        common = _common(item.text[:MOST_TEXT], item.quote[:MOST_TEXT])
        below = (
            f'<blockquote class="sb-quote"><p dir="auto">{shown(item.quote, spans=common)}</p>'
            f"<footer>{source}</footer></blockquote>"
        )
    else:
        below = '<p class="sb-place">No quote.</p>'
    return (
        f'<li><p class="sb-said" dir="auto">{said}</p>'
        f'<p class="sb-support">{support}</p>{below}</li>'
    )


def row_metrics(row: RowResult) -> str:
    """What was measured of a row, of which the rest does not apply."""
    cells = "".join(
        f'<tr><th scope="row">{shown(name, _MOST_NAME)}</th><td>{bar(value)}</td>'
        f"<td>{value:.3f}</td></tr>"
        for name, value in row.metrics.items()
        if value is not None
    )
    return f'<table class="sb-trace sb-measures"><tbody>{cells}</tbody></table>' if cells else ""


def opened(name: str) -> str:
    """The name of the file that is looked at."""
    return f'<h3 class="sb-question">{shown(name, _MOST_NAME)}</h3>'


def bar(value: float) -> str:
    """A share as a bar; the number stands beside it."""
    inside = min(1.0, max(0.0, value))
    return f'<span class="sb-bar" aria-hidden="true"><i style="width:{inside:.0%}"></i></span>'


def shown(text: str, most: int = MOST_TEXT, *, spans: Sequence[Span] = (), mark: str = "") -> str:
    """A text of unknown origin and length: characters that do something made visible, the rest
    escaped, stretches marked, and what is beyond `most` cut off with a note.

    It stands in a direction of its own, so that what follows keeps its place.
    """
    head = text[:most].translate(_VISIBLE)  # one character for one, so that the spans still fit
    pieces: list[str] = []
    at = 0
    attribute = f' class="{mark}"' if mark else ""
    for span in sorted(spans, key=lambda each: (each.start, each.end)):
        start, end = max(at, span.start), min(len(head), span.end)
        if start < end:
            pieces.append(escape(head[at:start]))
            pieces.append(f"<mark{attribute}>{escape(head[start:end])}</mark>")
            at = end
    pieces.append(escape(head[at:]))
    more = len(text) - most
    if more > 0:
        pieces.append(f' <span class="sb-flag">{_count(more, "character", ",")} more</span>')
    return f"<bdi>{''.join(pieces)}</bdi>"


def _common(sentence: str, quote: str) -> list[Span]:
    """Stretches of the quote whose words, by their stems, the sentence says as well."""
    said = set(content_stems(sentence))
    found: list[Span] = []
    for word in re.finditer(r"\w+", quote):
        if said.isdisjoint(stems(word.group())):
            continue
        if found and quote[found[-1].end : word.start()].isspace():
            found[-1] = Span(found[-1].start, word.end())
        else:
            found.append(Span(word.start(), word.end()))
    return found


def table(caption: str, columns: Sequence[str]) -> str:
    """Caption and column names of the table that a row was quoted from."""
    text = about_table(caption, columns)
    return f'<p class="sb-table">{escape(text)}</p>' if text else ""


def place(item: Quote) -> str:
    """Where a quote stands: document, page, its own place and the heading above it."""
    return _place(item.document, item.page, item.place, item.headings)


def _place(document: Document, page: int | None, place: str, headings: Sequence[str]) -> str:
    parts = [f'<b class="sb-document">{escape(document.name)}</b>']
    if page is not None:
        parts.append(f"page {page}")
    if place:
        parts.append(escape(place))
    if headings:
        parts.append(escape(headings[-1]))
    return ", ".join(parts)


def _count(number: int, thing: str, form: str = "") -> str:
    return f"{number:{form}} {thing}{'' if number == 1 else 's'}"
