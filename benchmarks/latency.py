"""How long a warm question takes in mode `quote`, in process, by step.

    python -m benchmarks.latency [SET]      clapnq-dev (597 documents) unless another is named

Prints median and 95th percentile, and the time of embedding one question on this machine right now,
so that a busy machine can be told from a slow program.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Sequence

from benchmarks import sets
from rag.ask import ask

QUESTIONS = 200


def main(arguments: Sequence[str]) -> None:
    name = next(iter(arguments), "clapnq-dev")
    parts = sets.parts(name)
    questions = [case.question for case in sets.cases(name)[:QUESTIONS]]
    for text in questions[:10]:
        ask(text, parts)
    replies = [ask(text, parts) for text in questions]
    for step in dict.fromkeys(step for reply in replies for step in reply.timings):
        # A question that is a task (a comparison, say) takes other steps.
        seconds = sorted(reply.timings[step] for reply in replies if step in reply.timings)
        print(
            f"{name}: {step}: median {1000 * statistics.median(seconds):.0f} ms, "
            f"95th percentile {1000 * seconds[int(0.95 * len(seconds))]:.0f} ms"
        )
    embedded = []
    for text in questions[:50]:
        began = time.perf_counter()
        parts.embedder.embed_question(text)
        embedded.append(time.perf_counter() - began)
    unit = statistics.median(embedded)
    total = statistics.median(reply.timings["total"] for reply in replies)
    print(
        f"{name}: one question embedded in {1000 * unit:.1f} ms; "
        f"an answer takes {total / unit:.1f} times that"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
