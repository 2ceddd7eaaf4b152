"""Every file of the hostile set through the parser: read or refused, how long, and why.

python -m benchmarks.hostile [FILE.jsonl]      writes one row per file there, where it is given

Files are offered under the name they have, then, where only the name keeps them out, the refusal
counts. Ends 1 when the loading process itself failed on a file.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from pathlib import Path

from benchmarks import sets
from ingest.admit import media_type
from ingest.parse import SECONDS, Parser
from rag.errors import FileRefused


def main(arguments: list[str]) -> None:
    root = sets.folder("hostile")
    paths = sorted(path for path in root.rglob("*") if path.is_file())
    rows = []
    with Parser() as parser:
        for path in paths:
            began = time.monotonic()
            outcome, reason = _offer(parser, path)
            seconds = time.monotonic() - began
            name = path.relative_to(root).as_posix()
            rows.append({"path": name, "outcome": outcome, "reason": reason, "seconds": seconds})
    if arguments:
        lines = (json.dumps(row, ensure_ascii=True) for row in rows)
        Path(arguments[0]).write_text("\n".join(lines) + "\n", encoding="utf-8")
    _print(rows)
    sys.exit(any(row["outcome"] == "crashed" for row in rows))


def _offer(parser: Parser, path: Path) -> tuple[str, str | None]:
    try:
        return "read", parser.parse(path, media_type(path)).reason
    except FileRefused as refused:
        return "refused", str(refused)
    except Exception as error:  # what must never happen: it would end a load
        return "crashed", f"{type(error).__name__}: {error}"


def _print(rows: list[dict[str, object]]) -> None:
    print(f"{len(rows)} files:", dict(Counter(str(row["outcome"]) for row in rows)))
    print(f"limit {SECONDS:g} s; slowest:")
    for row in sorted(rows, key=lambda row: -float(str(row["seconds"])))[:5]:
        print(f"  {row['seconds']:.2f} s  {row['outcome']}  {row['path']}")
    print("reasons of refusal:")
    reasons = Counter(str(row["reason"]) for row in rows if row["outcome"] == "refused")
    for reason, count in reasons.most_common(40):
        print(f"  {count:4}  {reason}")


if __name__ == "__main__":
    main(sys.argv[1:])
