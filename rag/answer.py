"""Quotes to an answer: the quotes themselves, or sentences phrased from them and checked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rag.ports import Generator, SupportScorer
from rag.records import Answer, Outcome, Quote, Sentence, Verdict, WithheldSentence
from rag.text import sentences

_MOST_NEW_TOKENS = 90


def of_quotes(quotes: Sequence[Quote], evidence: float) -> Answer:
    """The answer of mode `quote`: each sentence is a quote, and its own proof."""
    return Answer(
        Outcome.SUPPORTED,
        tuple(_as_sentence(quote, replaced=False) for quote in quotes),
        evidence=evidence,
        considered=tuple(quotes),
    )


def phrase(
    question: str, quotes: Sequence[Quote], generator: Generator, scorer: SupportScorer
) -> Iterator[Sentence | WithheldSentence]:
    """For each quote one sentence that passed; or the withheld one, then its quote instead.

    One quote, one sentence: that is how each sentence knows its source without being asked for it.
    Text that reads like an instruction is never given to the generator. A scorer that breaks off
    gives sentences without support, never supported ones.
    """
    said: set[str] = set()
    for quote in quotes:
        if quote.flags:
            yield _as_sentence(quote, replaced=False)
            continue
        pieces = generator.phrase(question, quote.text, max_new_tokens=_MOST_NEW_TOKENS)
        text = _first_sentence("".join(pieces))
        if text.casefold() in said:
            continue
        try:
            verdict = scorer.check(text, (quote,), question) if text else _nothing_written()
        except Exception:
            # Whatever breaks in a check, the sentence was not checked: it must not look supported.
            yield Sentence(text, (quote,), None)
            continue
        if verdict.passed:
            said.add(text.casefold())
            yield Sentence(text, (quote,), verdict.support)
        else:
            yield WithheldSentence(text, (quote,), verdict.failures)
            yield _as_sentence(quote, replaced=True)


def of_phrases(
    parts: Sequence[Sentence | WithheldSentence], quotes: Sequence[Quote], evidence: float
) -> Answer:
    """The answer of mode `generate` from what `phrase` yielded."""
    shown = [part for part in parts if isinstance(part, Sentence)]
    withheld = tuple(part for part in parts if isinstance(part, WithheldSentence))
    if any(sentence.support is None for sentence in shown):
        outcome = Outcome.NOT_CHECKED
    elif not withheld:
        outcome = Outcome.SUPPORTED
    elif all(sentence.replaced or sentence.quotes[0].flags for sentence in shown):
        return Answer(
            Outcome.WITHHELD,
            quotes_only=tuple(quotes),
            withheld=withheld,
            evidence=evidence,
            considered=tuple(quotes),
        )
    else:
        outcome = Outcome.PARTLY_SUPPORTED
    return Answer(outcome, tuple(shown), (), withheld, evidence, tuple(quotes))


def no_evidence(quotes: Sequence[Quote], evidence: float) -> Answer:
    """The answer when the quotes are not enough: none."""
    return Answer(Outcome.NO_EVIDENCE, evidence=evidence, considered=tuple(quotes))


def _as_sentence(quote: Quote, *, replaced: bool) -> Sentence:
    return Sentence(quote.text, (quote,), 1.0, replaced)


def _nothing_written() -> Verdict:
    return Verdict(0.0, ("the generator wrote nothing",))


def _first_sentence(text: str) -> str:
    """The first sentence, without the marks a small model likes to put around it."""
    text = re.sub(r"^(?:answer|text)\s*:\s*", "", " ".join(text.split()), flags=re.IGNORECASE)
    cuts = sentences(text)
    return text[cuts[0].start : cuts[0].end] if cuts else ""
