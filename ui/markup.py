"""Records to HTML for the page. Everything that is not ours is escaped here, and nowhere else.

Document text, file names, titles, questions and what a model wrote are data: none of it may become
a tag, a link or an image. No Markdown is made of it either.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from rag.records import (
    Answer,
    Document,
    FileReport,
    LoadOutcome,
    Outcome,
    Page,
    Passage,
    Quote,
    Reply,
    Sentence,
)
from rag.why import Trace
from ui.loading import FolderAccount
from ui.wording import about_conflict, about_table
from ui.wording import effort as effort_in_words

AROUND = 400
"""Code points of the page's text shown on either side of a quote."""


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


def sentence(item: Sentence) -> str:
    """A sentence that a model phrased, above its quotes."""
    marks = ""
    if item.support is None:
        marks = '<span class="sb-flag">not checked</span>'
    elif item.replaced:
        marks = '<span class="sb-flag">quoted instead of a withheld sentence</span>'
    return f'<p class="sb-sentence">{escape(item.text)} {marks}</p>'


def side(name: str) -> str:
    """The side of a comparison, above its quotes."""
    return f'<h4 class="sb-side">{escape(name)}</h4>'


def quote(item: Quote) -> str:
    """A quote with the place where it stands."""
    flags = "".join(f'<span class="sb-flag">{escape(flag)}</span>' for flag in item.flags)
    return (
        f'<blockquote class="sb-quote"><p>{_marked(item)}</p>'
        f"{_table(item.caption, item.columns)}<footer>"
        f"{_place(item.document, item.page, item.place, item.headings)}{flags}"
        "</footer></blockquote>"
    )


def _marked(item: Quote) -> str:
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
        f"{warning}{_table(item.caption, item.columns)}"
        f'<div class="sb-passage">{escape(before)}<mark>{escape(page.text[first:last])}</mark>'
        f"{escape(after)}</div>"
    )


def passages(items: Sequence[Passage]) -> str:
    """Passages that were found but do not answer."""
    return "".join(
        f'<div class="sb-near"><p class="sb-place">'
        f"{_place(item.document, item.chunk.page, item.chunk.place, item.chunk.headings)}</p>"
        f"{_table(item.chunk.caption, item.chunk.columns)}"
        f"<p>{escape(item.chunk.text)}</p></div>"
        for item in items
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


def effort(reply: Reply) -> str:
    """Time, tokens and cost of a reply."""
    return notes([effort_in_words(reply)])


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
        share = min(1.0, max(0.0, step.score or 0.0))
        bar = f'<span class="sb-bar"><i style="width:{share:.0%}"></i></span>'
        rows.append(
            f'<tr class="{"sb-lost" if lost else ""}"><th scope="row">{escape(step.name)}</th>'
            f"<td>{mark}</td><td>{rank}</td><td>{bar if step.score is not None else ''}</td>"
            f"<td>{escape(step.detail)}</td></tr>"
        )
    said = f"Lost at the step “{item.lost}”." if item.lost else "Nothing lost it: it is quoted."
    return (
        f'<p class="sb-note" role="status">{escape(said)}</p>'
        f'<table class="sb-trace"><tbody>{"".join(rows)}</tbody></table>'
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


def documents(items: Sequence[Document]) -> str:
    rows = "".join(
        f"<li><b>{escape(item.name)}</b><br><span>{escape(item.title)}</span></li>"
        for item in items
    )
    return f'<ul class="sb-files">{rows}</ul>'


def _table(caption: str, columns: Sequence[str]) -> str:
    """Caption and column names of the table that a row was quoted from."""
    text = about_table(caption, columns)
    return f'<p class="sb-table">{escape(text)}</p>' if text else ""


def _place(document: Document, page: int | None, place: str, headings: Sequence[str]) -> str:
    parts = [f'<b class="sb-document">{escape(document.name)}</b>']
    if page is not None:
        parts.append(f"page {page}")
    if place:
        parts.append(escape(place))
    if headings:
        parts.append(escape(headings[-1]))
    return ", ".join(parts)


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
