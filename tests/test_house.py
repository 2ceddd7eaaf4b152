"""The house: light imports, words kept true."""

from __future__ import annotations

import subprocess
import sys

HEAVY = {"torch", "faiss", "streamlit", "transformers", "sentence_transformers", "numpy"}


def test_importing_rag_is_light() -> None:
    loaded = _loaded("rag, rag.records, rag.errors")
    assert "rag" in loaded
    assert not loaded & HEAVY


def test_a_child_that_reads_files_starts_light() -> None:
    """Its libraries come with the first file that needs them, inside its limits."""
    loaded = _loaded("ingest.child")
    assert "ingest" in loaded
    readers = {"PIL", "pypdfium2", "pypdf", "kreuzberg", "openpyxl", "rapidfuzz"}
    assert not loaded & ((HEAVY - {"numpy"}) | readers | {"pydantic", "filelock"})


def _loaded(modules: str) -> set[str]:
    """What a fresh interpreter that imports these holds."""
    code = f"import {modules}, sys; print(' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return {name.split(".")[0] for name in done.stdout.split()}
