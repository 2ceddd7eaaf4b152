"""The house: light imports, words kept true."""

from __future__ import annotations

import subprocess
import sys

HEAVY = {"torch", "faiss", "streamlit", "transformers", "sentence_transformers", "numpy"}


def test_importing_rag_is_light() -> None:
    code = "import rag, rag.records, rag.errors, sys; print(' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    assert "rag" in loaded
    assert not loaded & HEAVY
