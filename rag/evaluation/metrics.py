"""What one reply is worth, by case: pure functions, None where a metric does not apply.

A refusal (outcome `no_evidence` or `withheld`) counts 0 wherever an answer was due, and is never
given a groundedness: nothing was said that could be grounded.
"""

from __future__ import annotations

import functools
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from rag.evaluation.cases import Case, Evidence
from rag.evaluation.matching import (
    covered_share,
    holds_words,
    normalise,
    normalised_words,
    overlaps,
)
from rag.evaluation.ranking import HITS, RANKINGS, applicable, names_of, rank
from rag.records import Answer, Outcome, Quote, Reply

PROPORTIONS = frozenset(
    {
        *HITS,
        "answer_in_quotes",
        "exact_match",
        "rightly_refused",
        "wrongly_refused",
        "wrongly_answered",
        "citation_recall",
    }
)
"""Metrics whose value for one row is 0 or 1."""

ROW_METRICS = (
    *HITS,
    *RANKINGS,
    "answer_in_quotes",
    "exact_match",
    "f1",
    "rouge_l",
    "rightly_refused",
    "wrongly_refused",
    "wrongly_answered",
    "groundedness",
    "citation_precision",
    "citation_recall",
)
"""Metrics that have a value per row, 0..1, in the order they are reported."""

SECONDS = {"seconds_p50": 50.0, "seconds_p95": 95.0}
"""Percentiles over the seconds of all rows."""

MEMORY = "memory_mb"
"""Most memory (10^6 bytes) that the process held, of a run whose caller measures it."""

METRICS = (*ROW_METRICS, *SECONDS, MEMORY)
"""All names that are reported and that a gate may name."""

LOWER_IS_BETTER = frozenset({"wrongly_refused", "wrongly_answered", "memory_mb", *SECONDS})
"""Of every other metric more is better, except where neither is."""

NEITHER_IS_BETTER = frozenset({"refused"})
"""A share of refusals is good or bad only with what should have been refused."""

_REFUSED = frozenset({Outcome.NO_EVIDENCE, Outcome.WITHHELD})


def refused(answer: Answer) -> bool:
    """Whether nothing was said: no evidence, or every sentence withheld."""
    return answer.outcome in _REFUSED


def row_metrics(case: Case, reply: Reply) -> dict[str, float | None]:
    """All `ROW_METRICS` of one reply."""
    answer = reply.answer
    values: dict[str, float | None] = dict.fromkeys(ROW_METRICS)
    applicable = applicable_metrics(case)
    values.update(rank(case.evidence, reply.passages))
    for name, metric in _ANSWER_METRICS.items():
        if name in applicable:
            # A short answer is compared as such; ROUGE-L is about the whole.
            said = answer.text if name == "rouge_l" else reply.short or answer.text
            values[name] = 0.0 if refused(answer) else metric(said, case.answers)
    if "answer_in_quotes" in applicable:
        quotes = () if answer.outcome is Outcome.NO_EVIDENCE else answer.shown
        values["answer_in_quotes"] = answer_in_quotes((q.text for q in quotes), case.answers)
    if case.answerable:
        values["wrongly_refused"] = float(refused(answer))
    else:
        values["rightly_refused"] = float(refused(answer))
        values["wrongly_answered"] = float(not refused(answer))
    values["groundedness"] = groundedness(answer)
    values["citation_precision"] = citation_precision(case, answer)
    values["citation_recall"] = citation_recall(case, answer)
    return values


def applicable_metrics(case: Case) -> frozenset[str]:
    """Row metrics that may apply to a case, as far as the case alone tells.

    Whether `groundedness` and `citation_precision` apply is known only from the reply: they are
    among these wherever an answer would make them apply.
    """
    names = {"groundedness"}
    names |= applicable(case.evidence)
    if not case.answerable:
        return frozenset(names | {"rightly_refused", "wrongly_answered"})
    names.add("wrongly_refused")
    if case.evidence:
        names |= {"citation_precision", "citation_recall"}
    if case.answers:
        names |= {"answer_in_quotes", "exact_match", "f1"}
    # The rouge-score library knows no other characters: without them it would always say 0.
    if any(re.search("[a-z0-9]", answer.lower()) for answer in case.answers):
        names.add("rouge_l")
    return frozenset(names)


def answer_in_quotes(quotes: Iterable[str], answers: Sequence[str]) -> float:
    """1 when an accepted answer stands in one quote as whole normalised words, else 0.

    Quotes are looked at one by one: words at the end of one and at the beginning of the next make
    no answer.
    """
    wanted = [normalise(answer) for answer in answers]
    return float(any(holds_words(normalise(quote), w) for quote in quotes for w in wanted))


def exact_match(prediction: str, answers: Sequence[str]) -> float:
    """1 when the prediction is an accepted answer, both SQuAD-normalised, else 0."""
    return float(any(normalise(prediction) == normalise(answer) for answer in answers))


def f1(prediction: str, answers: Sequence[str]) -> float:
    """Token F1 (0..1) as in SQuAD, the best over the accepted answers.

    Harmonic mean of precision and recall over normalised words counted with repetition. Two texts
    that both normalise to nothing ("The", "a") are equal, as in SQuAD 2.0.
    """
    said = normalised_words(prediction)
    return max((_f1(said, normalised_words(answer)) for answer in answers), default=0.0)


def _f1(said: list[str], wanted: list[str]) -> float:
    if not said or not wanted:
        return float(said == wanted)
    same = (Counter(said) & Counter(wanted)).total()
    return 2 * same / (len(said) + len(wanted))


def rouge_l(prediction: str, answers: Sequence[str]) -> float:
    """ROUGE-L F-measure (0..1) as the `rouge-score` library computes it, best reference.

    No stemming. The library compares runs of a-z and 0-9 only: other letters are lost to it.
    """
    scorer = _rouge_scorer()
    scores = (scorer.score(answer, prediction)["rougeL"].fmeasure for answer in answers)
    return max((float(score) for score in scores), default=0.0)


@functools.cache
def _rouge_scorer() -> Any:
    # The library imports NLTK, which takes seconds.
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(["rougeL"], use_stemmer=False)


_ANSWER_METRICS: dict[str, Callable[[str, Sequence[str]], float]] = {
    "exact_match": exact_match,
    "f1": f1,
    "rouge_l": rouge_l,
}


def groundedness(answer: Answer) -> float | None:
    """Mean support (0..1) of the sentences that were said.

    None for a refusal, for an answer without sentences, and where a sentence was not checked.
    """
    if refused(answer) or answer.outcome is Outcome.NOT_CHECKED:
        return None
    supports = [sentence.support for sentence in answer.sentences]
    known = [support for support in supports if support is not None]
    if not known or len(known) < len(supports):
        return None
    return math.fsum(known) / len(known)


def citation_precision(case: Case, answer: Answer) -> float | None:
    """Share (0..1) of an answer's distinct quotes that rest on the evidence of the case.

    A quote rests on an evidence quote of its document when the two share more than half of the
    words of the shorter; on evidence without a quote when it lies on that page, or in that
    document. None for refusals, unanswerable cases and cases without evidence.
    """
    if not case.answerable or not case.evidence or refused(answer):
        return None
    quotes = answer.shown
    if not quotes:
        return None
    right = sum(1 for q in quotes if any(_rests_on(q, item) for item in case.evidence))
    return right / len(quotes)


def citation_recall(case: Case, answer: Answer) -> float | None:
    """1 when the answer's quotes cover at least one piece of evidence of the case, else 0.

    Evidence items are alternatives: any one of them carries the whole answer, so citing a second
    is no better. An evidence quote is covered when the answer's quotes from its document together
    hold more than half of its words; a page or document when one quote lies there. A refusal
    counts 0. None for unanswerable cases and cases without evidence.
    """
    if not case.answerable or not case.evidence:
        return None
    if refused(answer):
        return 0.0
    quotes = answer.shown
    return float(any(_covers(quotes, item) for item in case.evidence))


def _rests_on(quote: Quote, item: Evidence) -> bool:
    if item.document not in names_of(quote.document):
        return False
    if item.quote is not None:
        return overlaps(item.quote, quote.text)
    return item.page is None or quote.page == item.page


def _covers(quotes: Sequence[Quote], item: Evidence) -> bool:
    if item.quote is None:
        return any(_rests_on(quote, item) for quote in quotes)
    there = [quote.text for quote in quotes if item.document in names_of(quote.document)]
    return covered_share(item.quote, there) > 0.5
