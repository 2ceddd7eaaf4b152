"""Do the same questions give the same answers, and the same folder the same scores?

    python -m benchmarks.determinism [SET] [--questions N]      xquad-en and 200 unless told

Asks twice, on one and on two threads, alone and in one batch, each in a fresh process, and compares
the JSON byte by byte apart from timings. Then loads the set's folder with batches of 1 and of 32
passages and prints the largest difference between two scores of one passage.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import sets
from ingest.load import load
from ingest.parse import Parser
from rag.library.folder import Library
from rag.models.embedder import SentenceTransformerEmbedder
from rag.retrieve import retrieve

ALONE = 5
"""Questions asked by a command of their own; each loads the model again."""

RAG = Path(sys.executable).with_name("rag")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.determinism")
    parser.add_argument("set", nargs="?", default="xquad-en")
    parser.add_argument("--questions", type=int, default=200)
    options = parser.parse_args(arguments)
    sets.library(options.set).close()
    questions = [case.question for case in sets.cases(options.set)[: options.questions]]
    same = _answers(options.set, questions) and _scores(options.set, questions)
    sys.exit(0 if same else 1)


def _answers(name: str, questions: Sequence[str]) -> bool:
    batch = sets.OUT / "questions.jsonl"
    rows = [{"id": str(place), "question": text} for place, text in enumerate(questions)]
    batch.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    library = str(sets.OUT / name)
    runs = {
        label: _run(["ask", "--batch", str(batch), "--library", library], threads)
        for label, threads in (("first", "2"), ("again", "2"), ("one thread", "1"))
    }
    same = True
    for label, lines in runs.items():
        differ = sum(one != other for one, other in zip(lines, runs["first"], strict=True))
        print(f"{name}: {label}: {differ} of {len(lines)} answers differ from the first run")
        same = same and not differ
    # Anew: an answer that is kept would be the same without a computation.
    alone = [
        _run(["ask", text, "--json", "--fresh", "--library", library], "2")[0]
        for text in questions[:ALONE]
    ]
    differ = sum(one != other for one, other in zip(alone, runs["first"], strict=False))
    print(f"{name}: alone: {differ} of {len(alone)} answers differ from the batch")
    return same and not differ


def _run(arguments: Sequence[str], threads: str) -> list[str]:
    """The JSON lines of a command, without timings and ids."""
    done = subprocess.run(
        [RAG, *arguments],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"OMP_NUM_THREADS": threads},
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return [
        json.dumps({key: value for key, value in row.items() if key not in ("timings", "id")})
        for row in rows
    ]


def _scores(name: str, questions: Sequence[str]) -> bool:
    scores = [_scores_by(size, name, questions) for size in (1, 32)]
    both = scores[0].keys() & scores[1].keys()
    largest = max(abs(scores[0][key] - scores[1][key]) for key in both)
    print(
        f"{name}: batches of 1 and 32: scores of {len(both)} hits differ by {largest:.5f} at most"
    )
    return largest < 0.005


def _scores_by(size: int, name: str, questions: Sequence[str]) -> dict[tuple[int, str], float]:
    """Scores by question and passage, the folder loaded in batches of that many passages."""
    folder = sets.OUT / f"{name}-batches-of-{size}"
    shutil.rmtree(folder, ignore_errors=True)
    embedder = SentenceTransformerEmbedder(batch_size=size)
    library = Library.create(folder)
    with Parser() as reader:
        load([sets.folder(name) / "docs"], library, lambda: embedder, reader)
    found = {}
    with library.catalogue.reading():
        for place, text in enumerate(questions):
            for passage in retrieve(text, [library], embedder, limit=10).passages:
                found[place, passage.chunk.id] = passage.score
    library.close()
    shutil.rmtree(folder)
    return found


if __name__ == "__main__":
    main()
