"""Quotes to an answer: the quotes themselves, or sentences phrased from them and checked."""

from __future__ import annotations

import re
from collections import Counter, abc
from collections.abc import Sequence

from rag.errors import GeneratorFailed
from rag.ports import Generator, SupportScorer
from rag.records import Answer, Outcome, Quote, Sentence, Usage, Verdict, WithheldSentence
from rag.text import sentences

_MOST_NEW_TOKENS = 90
_MOST_CHARACTERS = 2_000  # 90 tokens are some 400
_ENDS = re.compile(r"[.!?…。！？؟।۔]['\"”’»)\]]*$")
_JOINERS = "\u200c\u200d"


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
) -> abc.Generator[Sentence | WithheldSentence, None, Usage]:
    """For each quote one sentence that passed; or the withheld one, then its quote instead.

    One quote, one sentence: that is how each sentence knows its source without being asked for it.
    Text that reads like an instruction is never given to the generator. A scorer that breaks off
    gives sentences without support, never supported ones. Returns what the generator took. Raises
    `GeneratorFailed`, whatever broke in the generator.
    """
    said: set[str] = set()
    used = Usage(0, 0)
    for quote in quotes:
        if quote.flags:
            yield _as_sentence(quote, replaced=False)
            continue
        text, problem, usage = _written(generator, question, quote.text)
        used = used.plus(usage)
        if text.casefold() in said:
            continue
        try:
            verdict = problem or scorer.check(text, (quote,), question)
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
    return used


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


def _written(generator: Generator, question: str, quote: str) -> tuple[str, Verdict | None, Usage]:
    """One sentence, what is wrong with it before it is checked, and what it took.

    A generator may be anybody's: whatever it does, no more is read than a sentence can be long.
    """
    parts: list[str] = []
    size = 0
    usage = Usage(None, None)
    try:
        pieces = generator.phrase(question, quote, max_new_tokens=_MOST_NEW_TOKENS)
        while len(parts) < _MOST_NEW_TOKENS and size < _MOST_CHARACTERS:
            parts.append(next(pieces))
            size += len(parts[-1])
        next(pieces)  # what follows the last piece is what it took
        pieces.close()
    except StopIteration as end:
        usage = end.value or usage
    except GeneratorFailed:
        raise
    except Exception as error:
        # Its words may be anything that was read or written.
        raise GeneratorFailed(
            f"The generator {generator.identity} broke off ({type(error).__name__})."
        ) from error
    text = "".join(parts)[:_MOST_CHARACTERS]
    cut = (
        len(parts) >= _MOST_NEW_TOKENS
        or size >= _MOST_CHARACTERS
        or (usage.tokens_out or 0) >= _MOST_NEW_TOKENS
    )
    sentence, whole = _first_sentence(text)
    if not sentence:
        return "", Verdict(0.0, ("the generator wrote nothing",)), usage
    # Without an end of its own, a sentence is one only if nothing was to follow.
    if (cut or not whole) and not _ENDS.search(sentence):
        # Its end may have said the opposite.
        return sentence, Verdict(0.0, ("it breaks off before its end",)), usage
    if _repeats(sentence):
        return sentence, Verdict(0.0, ("it says the same again and again",)), usage
    return sentence, None, usage


def _repeats(sentence: str) -> bool:
    """Whether three words in a row come three times, as in the loops of a model that is lost."""
    words = sentence.casefold().split()
    threes = Counter(zip(words, words[1:], words[2:], strict=False))
    return max(threes.values(), default=0) >= 3


def _first_sentence(text: str) -> tuple[str, bool]:
    """The first sentence, and whether it is the whole text.

    Without the marks a small model likes to put around it, and without what cannot be seen: what is
    checked is what is shown.
    """
    text = "".join(c for c in text if c.isprintable() or c.isspace() or c in _JOINERS)
    text = re.sub(r"^(?:answer|text)\s*:\s*", "", " ".join(text.split()), flags=re.IGNORECASE)
    cuts = sentences(text)
    return (text[cuts[0].start : cuts[0].end] if cuts else ""), len(cuts) < 2
