"""Whole answers over a question set: how good, how often withheld, and whether each quote is exact.

    python -m benchmarks.answers clapnq-dev xquad-en           mode `quote`, every question
    python -m benchmarks.answers clapnq-dev --generate 150     mode `generate`, a seeded sample

Prints ROUGE-L over the answerable questions (a refusal counts 0) and over those that were answered,
the share of refusals on both kinds, how many quotes are the document's exact text at their offsets,
and how many phrased sentences that are shown hold a number that is in none of their quotes.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.progress import track

from benchmarks import sets
from benchmarks.intervals import average, share
from rag.ask import Parts, ask
from rag.evaluation.cases import Case
from rag.evaluation.metrics import answer_in_quotes, rouge_l
from rag.numerals import numbers
from rag.records import Mode, Outcome, Quote, Reply

SEED = 20


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.answers")
    parser.add_argument("sets", nargs="*", default=["clapnq-dev", "xquad-en"])
    parser.add_argument("--generate", type=int, metavar="N", help="phrase a sample of N questions")
    options = parser.parse_args(arguments)
    for name in options.sets:
        cases = sets.cases(name)
        mode = Mode.QUOTE
        if options.generate:
            mode = Mode.GENERATE
            cases = random.Random(SEED).sample(cases, min(options.generate, len(cases)))
        parts = sets.parts(name, mode=mode)
        replies = [
            ask(case.question, parts, mode=mode)
            for case in track(cases, f"{name} {mode.value}", console=Console(stderr=True))
        ]
        _report(f"{name} {mode.value}", cases, replies, parts)


def _report(label: str, cases: Sequence[Case], replies: Sequence[Reply], parts: Parts) -> None:
    rows = list(zip(cases, replies, strict=True))
    answerable = [(case, reply) for case, reply in rows if case.answerable]
    answered = [(case, reply) for case, reply in answerable if _prose(reply)]
    unanswerable = [reply for case, reply in rows if not case.answerable]
    outcomes = Counter(reply.answer.outcome.value for reply in replies)
    print(f"{label}: {len(rows)} questions; outcomes {dict(sorted(outcomes.items()))}")
    rouge = [rouge_l(_prose(reply), case.answers) for case, reply in answerable]
    rouge_answered = [rouge_l(_prose(reply), case.answers) for case, reply in answered]
    print(
        f"{label}: ROUGE-L {average(rouge)} over {len(answerable)} answerable, "
        f"{average(rouge_answered)} over the {len(answered)} that were answered"
    )
    before = sum(
        answer_in_quotes([quote.text for quote in reply.answer.considered], case.answers)
        for case, reply in answerable
    )
    print(
        f"{label}: gold answer in the quotes, before refusals {share(before, len(answerable))}; "
        f"wrongly refused {share(sum(_refused(reply) for _, reply in answerable), len(answerable))}"
    )
    if unanswerable:
        withheld = sum(_refused(reply) for reply in unanswerable)
        print(f"{label}: rightly refused {share(withheld, len(unanswerable))} of the unanswerable")
    quotes = [quote for reply in replies for quote in _quotes(reply)]
    exact = sum(_exact(quote, parts) for quote in quotes)
    print(f"{label}: {exact} of {len(quotes)} quotes are the exact text at their offsets")
    _report_sentences(label, replies)


def _report_sentences(label: str, replies: Sequence[Reply]) -> None:
    shown = [sentence for reply in replies for sentence in reply.answer.sentences]
    phrased = [one for one in shown if one.text != one.quotes[0].text]
    bad = [
        one
        for one in phrased
        if numbers(one.text) - numbers(" ".join(quote.text for quote in one.quotes))
    ]
    withheld = sum(len(reply.answer.withheld) for reply in replies)
    print(
        f"{label}: {len(shown)} sentences shown, {len(phrased)} of them phrased, {withheld} "
        f"withheld; {len(bad)} phrased ones hold a number that is not in their quotes"
    )


def _prose(reply: Reply) -> str:
    return reply.answer.text


def _refused(reply: Reply) -> bool:
    return reply.answer.outcome is Outcome.NO_EVIDENCE


def _quotes(reply: Reply) -> list[Quote]:
    answer = reply.answer
    sources = [quote for sentence in answer.sentences for quote in sentence.quotes]
    return [*sources, *answer.quotes_only, *answer.considered]


def _exact(quote: Quote, parts: Parts) -> bool:
    """Compare with the text as `rag show` prints it, page after page."""
    text = "".join(page.text for page in parts.libraries[0].catalogue.pages(quote.document.id))
    return text[quote.start : quote.end] == quote.text


if __name__ == "__main__":
    main()
