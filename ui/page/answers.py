"""An answer as HTML: its sentences with numbered marks, its quotes, and what was left out of it.

Everything in it is data and escaped here or in `ui.page.markup`. A mark shows its quote to whoever
points at it or reaches it by the keyboard, and opens the document where it is pressed.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from rag.library.conversations import Judgement
from rag.records import Answer, Mode, Outcome, Passage, Quote, Reply, Sentence
from ui.page import acts, markup
from ui.wording import effort, where

MOST_LISTED = 12
"""Sentences that stand in an answer at once; a list of hundreds is unfolded."""

NEAREST = 3

_MOST_TIP = 400  # code points of a quote that a mark shows
_INSTEAD = "quoted instead of a withheld sentence"
_WORD_FOR_WORD = "Word for word in the document."


def quotes_of(found: Answer) -> tuple[Quote, ...]:
    """The quotes of an answer in the order of their numbers, which count from 1."""
    return found.shown


def nearest(reply: Reply) -> tuple[Quote, ...]:
    """The passages that came nearest to a question without an answer, to be opened like quotes."""
    return tuple(_as_quote(each) for each in reply.passages[:NEAREST])


def answer(found: Answer, at: int, *, phrased: bool, task: str = "question") -> str:
    """The whole of an answer; `at` is its number in the conversation, for what is pressed in it.

    `phrased` tells whether its sentences are a model's; else they are the quotes themselves.
    """
    if found.outcome is Outcome.NO_EVIDENCE:
        return _nothing(task)
    numbered = _Numbered(found, at)
    parts = [markup.verdict(found, task), markup.conflicts(found)]
    if phrased:
        parts.append(_prose(found.sentences, numbered))
        if found.quotes_only:
            parts.append('<p class="sb-note">What stands in the documents:</p>')
        else:
            parts.append('<h4 class="sb-quotes">Quotes</h4>')
        parts += _folded([numbered.quote(each) for each in numbered.quotes])
    else:
        parts += _folded(_sides(found.sentences, numbered))
        parts += [numbered.quote(each) for each in found.quotes_only]
    if found.withheld:
        count = len(found.withheld)
        said = f"{count} sentence{'' if count == 1 else 's'} withheld; no part of the answer"
        parts.append(_unfolding(said, markup.withheld(found), "sb-held"))
    return "".join(parts)


def unfinished(quoted: Answer, phrased: Sequence[Sentence], at: int) -> str:
    """What stands so far of an answer that is being phrased: its quotes, and what passed."""
    numbered = _Numbered(quoted, at)
    parts = [markup.conflicts(quoted), _prose(phrased, numbered)]
    parts.append('<h4 class="sb-quotes">Quotes</h4>' if phrased else "")
    parts += [numbered.quote(each) for each in numbered.quotes[:MOST_LISTED]]
    return "".join(parts)


def passages(reply: Reply, at: int) -> str:
    """The nearest passages of a question without an answer, each of which opens; "" for none."""
    rows = [
        f'<div class="sb-near"><p>{escape(each.text)}</p><footer class="sb-place">'
        f"{markup.place(each)} {_open(acts.name('near', at, number))}</footer></div>"
        for number, each in enumerate(nearest(reply), 1)
    ]
    if not rows:
        return ""
    said = "Nearest passages; they do not answer the question"
    return _unfolding(said, "".join(rows), "sb-nearest")


def actions(reply: Reply, at: int, judgement: Judgement | None, *, kept: bool) -> str:
    """What can be done with an answer; `kept` tells whether a judgement of it can be kept."""
    buttons = [
        f'<button type="button" class="sb-do" data-sb-act="{acts.name("again", at)}">'
        "Ask again</button>",
        f'<button type="button" class="sb-do" data-sb-copy="{escape(with_sources(reply))}">'
        "Copy with sources</button>",
    ]
    if kept:
        buttons += [
            _thumb("Helpful", "good", at, judgement is not None and judgement.helpful),
            _thumb("Not helpful", "bad", at, judgement is not None and not judgement.helpful),
        ]
    return (
        f'<div class="sb-actions">{"".join(buttons)}'
        f'<span class="sb-effort">{escape(effort(reply))}</span></div>'
    )


def suggested(questions: Sequence[str]) -> str:
    """Questions to begin with, each of which is asked when it is pressed."""
    rows = "".join(
        '<li><button type="button" class="sb-suggested" '
        f'data-sb-act="{acts.name("suggested", at)}">{escape(question)}</button></li>'
        for at, question in enumerate(questions)
    )
    return f'<p class="sb-note">For example:</p><ul class="sb-suggestions">{rows}</ul>'


def with_sources(reply: Reply) -> str:
    """An answer as plain text, its sources numbered below it, for another document or a mail."""
    found = reply.answer
    numbers = {_key(quote): number for number, quote in enumerate(found.shown, 1)}
    lines = [reply.question, ""]
    if found.outcome is Outcome.NO_EVIDENCE:
        return "\n".join([*lines, "The documents hold no answer to this."])
    if reply.mode is Mode.GENERATE and found.sentences:
        said = [
            f"{' '.join(each.text.split())} "
            + "".join(f"[{numbers[_key(quote)]}]" for quote in each.quotes)
            for each in found.sentences
        ]
        lines += [" ".join(said), ""]
    lines += [
        f"[{numbers[_key(quote)]}] “{' '.join(quote.text.split())}” "
        f"({where(quote.document.name, quote.page, quote.place)})"
        for quote in found.shown
    ]
    return "\n".join(lines)


class _Numbered:
    """The quotes of one answer with their numbers."""

    def __init__(self, found: Answer, at: int) -> None:
        self.quotes = found.shown
        self._at = at
        self._numbers = {_key(quote): number for number, quote in enumerate(found.shown, 1)}
        self._tips = 0

    def mark(self, quote: Quote, support: float | None, *, said: bool) -> str:
        """The number of a quote, to press; `said` where the sentence is not the quote itself."""
        number = self._numbers.get(_key(quote))
        if number is None:
            return ""
        self._tips += 1
        tip = f"sb-tip-{self._at}-{self._tips}"
        text = quote.text[:_MOST_TIP] + (" …" if len(quote.text) > _MOST_TIP else "")
        quoted = f'<span class="sb-tip-quote">{escape(text)}</span>' if said else ""
        about = _WORD_FOR_WORD if not said else _support(support)
        place = where(quote.document.name, quote.page, quote.place)
        return (
            f'<span class="sb-cited"><button type="button" class="sb-cite" '
            f'data-sb-act="{acts.name("open", self._at, number)}" aria-describedby="{tip}" '
            f'aria-label="Quote {number}, open {escape(place)}">{number}</button>'
            f'<span class="sb-tip" role="tooltip" id="{tip}">{quoted}'
            f'<span class="sb-place">{markup.place(quote)}</span>'
            f'<span class="sb-tip-support">{about}</span></span></span>'
        )

    def quote(self, item: Quote, note: str = "") -> str:
        """A quote with its number, and the place where it stands."""
        flags = "".join(
            f'<span class="sb-flag">{escape(flag)}</span>' for flag in (*item.flags, note) if flag
        )
        return (
            f'<blockquote class="sb-quote"><p>{markup.marked(item)} '
            f"{self.mark(item, 1.0, said=False)}</p>{markup.table(item.caption, item.columns)}"
            f"<footer>{markup.place(item)}{flags}</footer></blockquote>"
        )


def _prose(sentences: Sequence[Sentence], numbered: _Numbered) -> str:
    parts = []
    for each in sentences[:MOST_LISTED]:
        if each.replaced:
            parts += [
                numbered.quote(q, "quoted instead of a withheld sentence") for q in each.quotes
            ]
            continue
        marks = "".join(numbered.mark(quote, each.support, said=True) for quote in each.quotes)
        unchecked = '<span class="sb-flag">not checked</span>' if each.support is None else ""
        parts.append(f'<p class="sb-sentence">{escape(each.text)} {marks}{unchecked}</p>')
    return "".join(parts)


def _sides(sentences: Sequence[Sentence], numbered: _Numbered) -> list[str]:
    """The quotes, the sides of a comparison named above theirs."""
    parts: list[str] = []
    side = ""
    for each in sentences:
        above = markup.side(each.side) if each.side != side else ""
        side = each.side
        parts.append(above + "".join(numbered.quote(quote) for quote in each.quotes))
    return parts


def _folded(parts: Sequence[str]) -> list[str]:
    """The first of many, and the rest to be unfolded."""
    rest = parts[MOST_LISTED:]
    if not rest:
        return list(parts)
    return [*parts[:MOST_LISTED], _unfolding(f"{len(rest)} more", "".join(rest), "sb-more")]


def _nothing(task: str) -> str:
    if task != "question":
        return '<div class="sb-none" role="status"><p><b>Nothing was found.</b></p></div>'
    return (
        '<div class="sb-none" role="status"><p><b>Your documents do not hold an answer to this.</b>'
        "</p><p>Nothing is made up instead. Ask it in other words, look in more places, or load a "
        "document that says it. “Why” follows a page that you expected.</p></div>"
    )


def _thumb(label: str, act: str, at: int, pressed: bool) -> str:
    return (
        f'<button type="button" class="sb-do" data-sb-act="{acts.name(act, at)}" '
        f'aria-pressed="{"true" if pressed else "false"}">{label}</button>'
    )


def _open(act: str) -> str:
    return f'<button type="button" class="sb-do" data-sb-act="{act}">Open</button>'


def _unfolding(title: str, inside: str, name: str) -> str:
    return f'<details class="{name}"><summary>{escape(title)}</summary>{inside}</details>'


def _support(value: float | None) -> str:
    if value is None:
        return "Not checked."
    return f"{markup.bar(value)} support {value:.2f}"


def _key(quote: Quote) -> tuple[str, int, int]:
    return quote.document.id, quote.start, quote.end


def _as_quote(item: Passage) -> Quote:
    chunk = item.chunk
    return Quote(
        item.document,
        chunk.page,
        chunk.start,
        chunk.end,
        chunk.text,
        headings=chunk.headings,
        flags=item.flags,
        place=chunk.place,
        columns=chunk.columns,
        caption=chunk.caption,
    )
