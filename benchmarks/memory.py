"""Peak memory of a load of 1, 2 and 4 times as many distinct documents, less the vectors.

python -m benchmarks.memory [--files N]

Each size is loaded by a process of its own, from the smallest filings on. What is measured is the
loading process; those that read files have a limit of their own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import sets

ONE = """
import json, resource, sys
from pathlib import Path
from ingest.load import load
from ingest.parse import Parser
from rag.assemble import embedder
from rag.library.folder import Library
from rag.settings import read_settings
model = embedder(read_settings())
model.embed_sentences(["What a model needs at least."])
idle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
library = Library.create(Path(sys.argv[1]))
with Parser() as parser:
    load([Path(name) for name in sys.argv[2:]], library, lambda: model, parser)
chunks = library.catalogue.counts().chunks
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"idle": idle, "peak": peak, "vectors": chunks * model.identity.dimensions * 4,
                  "chunks": chunks}))
"""


def main(arguments: list[str]) -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.memory")
    options.add_argument("--files", type=int, default=12)
    most = options.parse_args(arguments).files
    files = sorted((sets.folder("financebench-dev") / "docs").iterdir(), key=lambda at: at.name)
    net = []
    for count in (most // 4, most // 2, most):
        with tempfile.TemporaryDirectory() as temporary:
            # Spread over the set, and each size holds the smaller ones.
            chosen = [str(path) for path in files[:: max(1, len(files) // most)][:count]]
            done = subprocess.run(
                [sys.executable, "-c", ONE, str(Path(temporary) / "library"), *chosen],
                stdout=subprocess.PIPE,
                cwd=sets.ROOT,
                check=True,
            )
        row = json.loads(done.stdout)
        megabytes = {name: row[name] * 1024 / 1e6 for name in ("idle", "peak")}
        net.append(megabytes["peak"] - row["vectors"] / 1e6)
        print(
            f"{count} filings, {row['chunks']} chunks: peak {megabytes['peak']:.0f} MB, "
            f"{net[-1]:.0f} MB without the vectors ({megabytes['idle']:.0f} MB before the load)",
            flush=True,
        )
    print(f"largest / smallest, without the vectors: {max(net) / min(net):.3f}")


if __name__ == "__main__":
    main(sys.argv[1:])
