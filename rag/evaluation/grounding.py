"""How far the given texts carry one answer, sentence by sentence, and what it cites.

Nothing is asked but `rag/support.py`: no model, no network, the same result on every machine.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from rag.evaluation.answers import Answered, marks
from rag.evaluation.metrics import exact_match, f1, rouge_l
from rag.evaluation.refusal import declines, polite, refuses
from rag.evaluation.results import DIGITS, RowResult, Statement
from rag.records import Span
from rag.support import Judged, Texts
from rag.text import STOPWORDS, apart, content_stems, sentences, stems

SUPPORTED = 0.5
"""Least support (0..1) of a sentence that counts as carried where a yes or no is needed."""

PROPORTIONS = frozenset(
    {"refused", "rightly_refused", "wrongly_refused", "wrongly_answered", "exact_match"}
)
"""Metrics whose value for one row is 0 or 1."""

METRICS = (
    "groundedness",
    "supported_sentences",
    "citation_precision",
    "citation_recall",
    "context_use",
    "answer_relevance",
    "refused",
    "rightly_refused",
    "wrongly_refused",
    "wrongly_answered",
    "exact_match",
    "f1",
    "rouge_l",
)
"""What is measured of an answer, each 0..1, in the order it is reported.

- `groundedness`: mean support of its statements; 0 where no text was given.
- `supported_sentences`: share of its statements whose support is at least `SUPPORTED`.
- `citation_recall`: share of its statements that the texts they cite carry together;
  `citation_precision`: share of its citations that carry their statement alone, or without which
  the others do not. After T. Gao et al., "Enabling large language models to generate text with
  citations" (EMNLP 2023), with this support in the place of their model.
- `context_use`: share of the given texts that carry a statement best.
- `answer_relevance`: share of the question's content words that the answer, or the sentences that
  carry it, deal with.
- `refused` and what is right or wrong about it, where it is known whether there is an answer.
- `exact_match`, `f1`, `rouge_l` against the references, as `rag/evaluation/metrics.py` has them.

A refusal says nothing that could be grounded: all but the last seven are not applicable to it, and
it counts 0 against references.
"""

_FENCE = re.compile(r"^[ \t]*(```|~~~)")
_LEAD = re.compile(r"^[ \t]*(?:#{1,6}[ \t]+|>[ \t]?|[-*•‣◦▪·–][ \t]+|\(?\d{1,3}[.)][ \t]+)+")
_RULE = re.compile(r"[ \t|:+=_*-]+$")
_CONNECTIVE = re.compile(
    r"^(?:however|therefore|thus|additionally|furthermore|moreover|overall|finally|in addition|"
    r"in summary|in conclusion|in short|as a result|consequently|similarly|for example|"
    r"for instance|according to the (?:context|text|document|passage|source)s?),\s+",
    re.IGNORECASE,
)
_ANSWERS = frozenset({"yes", "no", "true", "false", "maybe", "correct", "incorrect", "ok", "okay"})


@dataclass(frozen=True, slots=True)
class _Said:
    """A sentence of a response; `plain` is as long, with marks of all kinds blanked out."""

    text: str
    plain: str
    cited: tuple[int, ...] | None
    code: bool


def score(row: Answered) -> RowResult:
    """One answer, scored; see `METRICS`. Values are rounded to `DIGITS` decimals.

    Deterministic, and linear in the length of response and contexts.
    """
    said = list(_said(row.response))
    prose = [item.plain.strip() for item in said if not item.code]
    refused = (
        row.refused
        if row.refused is not None
        else not any(item.code for item in said) and refuses(prose)
    )
    texts = [context.text for context in row.contexts]
    carrier = Texts(texts)
    alone = [Texts([text]) for text in texts] if any(item.cited for item in said) else []
    judged = [None if refused or not _says(item) else carrier.judge(_clean(item)) for item in said]
    statements = tuple(
        _statement(row, item, found, carrier) for item, found in zip(said, judged, strict=True)
    )
    metrics: dict[str, float | None] = dict.fromkeys(METRICS)
    if not refused:
        metrics |= _grounding(statements)
        metrics |= _citations(said, judged, texts, alone)
        metrics["context_use"] = _context_use(statements, len(texts))
        metrics["answer_relevance"] = _relevance(row.question, statements)
    answerable = _answerable(row)
    metrics["refused"] = float(refused)
    if answerable is not None:
        metrics["wrongly_refused" if answerable else "rightly_refused"] = float(refused)
        if not answerable:
            metrics["wrongly_answered"] = float(not refused)
    if row.references and answerable is not False:
        response = " ".join(item.plain.strip() for item in said)
        for name, measure in (("exact_match", exact_match), ("f1", f1), ("rouge_l", rouge_l)):
            metrics[name] = 0.0 if refused else measure(response, row.references)
        # The rouge-score library knows no other characters: without them it would always say 0.
        if not any(re.search("[a-z0-9]", text.lower()) for text in row.references):
            metrics["rouge_l"] = None
    rounded = {
        name: None if value is None else round(value, DIGITS) for name, value in metrics.items()
    }
    return RowResult(
        id=row.id,
        question=row.question,
        answerable=answerable,
        outcome=None,
        error=None,
        answer=row.response,
        seconds=None,
        metrics=rounded,
        refused=refused,
        sentences=statements,
        rests_on=tuple(sorted({one.document for one in statements if one.document})),
    )


def failed(identity: str, error: str) -> RowResult:
    """A row that could not be scored."""
    return RowResult(
        identity, "", None, None, error, "", None, dict.fromkeys(METRICS), refused=None
    )


def _answerable(row: Answered) -> bool | None:
    """As the row says; else by its references: one that declines says that there is no answer."""
    if row.answerable is not None or not row.references:
        return row.answerable
    return not all(refuses([text]) for text in row.references)


# -- sentences -------------------------------------------------------------------------------


def _said(response: str) -> Iterator[_Said]:
    """The sentences of a response, with lines of fenced code apart."""
    plain = list(response)
    citing = marks(response)
    for start, end, _ in citing:
        plain[start:end] = " " * (end - start)
    blank = "".join(plain)
    for span, code in _stretches(response):
        cut = [Span(0, span.end - span.start)] if code else sentences(blank[span.start : span.end])
        found = [Span(span.start + one.start, span.start + one.end) for one in cut]
        for at, one in enumerate(found):
            # A mark behind the full stop still belongs to the sentence before it.
            until = found[at + 1].start if at + 1 < len(found) else span.end
            numbers = [n for start, _, these in citing if one.start <= start < until for n in these]
            text = response[one.start : one.end]
            if code or not _RULE.match(text):
                yield _Said(
                    text,
                    blank[one.start : one.end],
                    tuple(dict.fromkeys(numbers)) if numbers else None,
                    code,
                )


def _stretches(response: str) -> Iterator[tuple[Span, bool]]:
    """The response in stretches, in order, and whether each is one that states nothing: fenced
    code, or the heading of a table.
    """
    start, at, code = 0, 0, False
    lines = response.splitlines(keepends=True)
    for line, following in zip_longest(lines, lines[1:], fillvalue=""):
        if _FENCE.match(line):
            end = at + len(line) if code else at
            if end > start:
                yield Span(start, end), code
            start, code = end, not code
        elif not code and "|" in line and "-" in following and _RULE.match(following.rstrip()):
            if at > start:
                yield Span(start, at), False
            yield Span(at, at + len(line)), True
            start = at + len(line)
        at += len(line)
    if at > start:
        yield Span(start, at), code


def _clean(item: _Said) -> str:
    """What a sentence says, without the marks of lists, headings and emphasis."""
    text = re.sub(r"[*`|]+|(?<!\w)_+|_+(?!\w)", " ", _LEAD.sub("", item.plain))
    # Where a mark was taken out before a full stop, a space is left.
    text = re.sub(r"\s+([.,;:!?])", r"\1", " ".join(text.split()))
    return _CONNECTIVE.sub("", text)


def _says(item: _Said) -> bool:
    """Whether there is something to check: no code, question, courtesy, title or bare yes."""
    text = _clean(item)
    if item.code or declines(text) or polite(text) or text.endswith((":", "：")):
        return False
    if item.plain.lstrip().startswith("#"):
        return False
    words = [word for word in re.findall(r"\w+", text.lower()) if word not in STOPWORDS]
    return bool(set(words) - _ANSWERS)


def _statement(row: Answered, item: _Said, found: Judged | None, carrier: Texts) -> Statement:
    if found is None:
        return Statement(item.text, None, cited=item.cited)
    quote, name = "", ""
    if found.context is not None and found.span is not None:
        context = row.contexts[found.context]
        quote, name = context.text[found.span.start : found.span.end], context.name
    return Statement(
        item.text,
        round(found.support, DIGITS),
        quote,
        found.context,
        name,
        None,
        found.span.start if found.span else None,
        found.span.end if found.span else None,
        () if found.support == 1 else carrier.unsupported(item.plain),
        found.missing,
        item.cited,
    )


# -- values ----------------------------------------------------------------------------------


def _grounding(statements: Sequence[Statement]) -> dict[str, float | None]:
    supports = [one.support for one in statements if one.support is not None]
    if not supports:
        return {}
    return {
        "groundedness": math.fsum(supports) / len(supports),
        "supported_sentences": sum(s >= SUPPORTED for s in supports) / len(supports),
    }


def _citations(
    said: Sequence[_Said],
    judged: Sequence[Judged | None],
    texts: Sequence[str],
    alone: Sequence[Texts],
) -> dict[str, float | None]:
    """Recall over statements and precision over citations; nothing where the answer cites nothing.

    A number that stands for no text carries nothing.
    """
    if not any(item.cited for item in said):
        return {}
    recalled: list[bool] = []
    precise: list[bool] = []
    for item, found in zip(said, judged, strict=True):
        if found is None:
            continue
        cited = item.cited or ()
        there = [at for at in cited if 0 <= at < len(texts)]
        text = _clean(item)
        together = _carried(text, there, texts, alone)
        recalled.append(together)
        for at in cited:
            others = [other for other in there if other != at]
            precise.append(
                at in there
                and together
                and (_carried(text, [at], texts, alone) or not _carried(text, others, texts, alone))
            )
    return {
        "citation_recall": sum(recalled) / len(recalled) if recalled else None,
        "citation_precision": sum(precise) / len(precise) if precise else None,
    }


def _carried(
    text: str, chosen: Sequence[int], texts: Sequence[str], alone: Sequence[Texts]
) -> bool:
    if not chosen:
        return False
    carrier = alone[chosen[0]] if len(chosen) == 1 else Texts([texts[at] for at in chosen])
    return carrier.judge(text).support >= SUPPORTED


def _context_use(statements: Sequence[Statement], contexts: int) -> float | None:
    supports = [one for one in statements if one.support is not None]
    if not supports or not contexts:
        return None
    used = {one.context for one in supports if (one.support or 0) >= SUPPORTED}
    return len(used - {None}) / contexts


def _relevance(question: str, statements: Sequence[Statement]) -> float | None:
    if not re.search(r"\w", question):
        return None
    wanted = set(content_stems(apart(question)))
    carried = (one.quote for one in statements if (one.support or 0) >= SUPPORTED)
    said = "\n".join([*(one.text for one in statements), *carried])
    return len(wanted & set(stems(apart(said)))) / len(wanted)
