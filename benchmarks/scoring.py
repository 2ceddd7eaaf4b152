"""How many answers are scored in a second, and how much memory a long file of them takes.

    python -m benchmarks.scoring [--rows N]

Answers are those of HaluEval and BEGIN, each with 300 words of context: its own, filled up with
those of other rows. A file of a tenth of the rows and one of all are scored by processes of their
own, which write their results; the second is stopped half-way, by SIGKILL, and gone on with.
"""

from __future__ import annotations

import argparse
import itertools
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import sets

SETS = ("halueval-qa", "begin-dev")
WORDS = 300

ONE = """
import json, resource, sys, time
from pathlib import Path
from rag.evaluation.scoring import check, score_file
began = time.monotonic()
checked = check(Path(sys.argv[1]))
read = time.monotonic()
score_file(checked, Path(sys.argv[2]))
ended = time.monotonic()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
found = {"rows": checked.rows, "check": read - began, "score": ended - read, "peak": peak}
print(json.dumps(found))
"""


def main(arguments: list[str]) -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.scoring")
    options.add_argument("--rows", type=int, default=100_000)
    most = options.parse_args(arguments).rows
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(temporary)
        peaks = []
        for count in (most // 10, most):
            path, out = home / f"{count}.jsonl", home / f"{count}.out"
            _write(path, count)
            found = json.loads(_run(path, out).communicate()[0])
            peaks.append(found["peak"])
            print(
                f"{found['rows']} rows of {WORDS} words, {path.stat().st_size / 1e6:.0f} MB: "
                f"checked in {found['check']:.1f} s, scored in {found['score']:.1f} s, "
                f"{found['rows'] / (found['check'] + found['score']):.0f} rows/s; "
                f"peak {found['peak']:.0f} MB",
                flush=True,
            )
        print(f"memory, {most} rows / {most // 10} rows: {peaks[1] / peaks[0]:.2f}")
        stopped = home / "stopped.out"
        process = _run(path, stopped)
        while not any(part.stat().st_size > out.stat().st_size / 2 for part in _parts(stopped)):
            time.sleep(0.05)
        process.kill()
        assert process.wait() == -signal.SIGKILL
        assert not stopped.exists()
        again = json.loads(_run(path, stopped).communicate()[0])
        same = stopped.read_bytes() == out.read_bytes()
        print(
            f"killed half-way and gone on with: {'the same bytes' if same else 'OTHER BYTES'}, the "
            f"rest in {again['score'] / found['score']:.2f} of the time"
        )
    sys.exit(not same)


def _parts(out: Path) -> list[Path]:
    return list(out.parent.glob(f"{out.name}.part-*"))


def _run(path: Path, out: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", ONE, str(path), str(out)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=sets.ROOT,
    )


def _write(path: Path, count: int) -> None:
    rows = itertools.islice(itertools.cycle(_rows()), count)
    with path.open("w", encoding="utf-8") as file:
        for number, row in enumerate(rows):
            file.write(json.dumps({**row, "id": str(number)}) + "\n")


def _rows() -> Iterator[dict[str, object]]:
    for name in SETS:
        path = sets.folder("grounding") / f"{name}.jsonl"
        with path.open(encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        texts = [" ".join(row["contexts"]) for row in rows]
        for at, row in enumerate(rows):
            contexts: list[str] = []
            left = WORDS
            while left > 0:
                words = texts[(at + len(contexts)) % len(texts)].split()[:left]
                contexts.append(" ".join(words))
                left -= max(1, len(words))
            kept = {key: row[key] for key in ("question", "response") if row.get(key) is not None}
            yield {**kept, "contexts": contexts}


if __name__ == "__main__":
    main(sys.argv[1:])
