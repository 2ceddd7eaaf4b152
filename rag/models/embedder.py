"""Text to vectors with a sentence-transformers model."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rag.errors import ModelMissing
from rag.models import weights
from rag.models.device import device, dtype, give_back_memory, keep_memory_flat, steady
from rag.ports import PassageText, PassageVectors, Vector, Vectors
from rag.records import ModelIdentity

_BATCH = 32

_KNOWN = 1000
"""Pieces of a script in the vocabulary of a model that reads it. all-MiniLM-L6-v2 has a few hundred
Chinese characters and 80 Arabic letters, and finds 40 and 7 % of the paragraphs of XQuAD with them;
models for many languages have thousands.
"""


class SentenceTransformerEmbedder:
    """Any sentence-transformers model; the packaged all-MiniLM-L6-v2 by default.

    Where a model averages its token vectors, sentence vectors are averages over the sentence's own
    tokens inside the passage: one pass for passage and sentences, and each sentence keeps its
    context. Other models embed sentences one by one.
    """

    def __init__(self, name: str = weights.DEFAULT, *, batch_size: int = _BATCH) -> None:
        """Load `name`: "default", a folder, or a hub id. Raises `ModelMissing`."""
        from sentence_transformers import SentenceTransformer

        if name == weights.DEFAULT:
            folder = weights.packaged(weights.EMBEDDER).parent
            known_as = weights.EMBEDDER.name
        else:
            folder = weights.locate(name)
            known_as = name
        digest = weights.digest(folder)
        keep_memory_flat()
        on = device()
        self._dtype = dtype(on)
        try:
            self._model = SentenceTransformer(
                str(folder),
                device=str(on),
                trust_remote_code=False,
                local_files_only=True,
                model_kwargs={"dtype": self._dtype, "use_safetensors": True},
            )
        except Exception as error:  # each library has errors of its own for a bad file
            raise ModelMissing(
                f"The embedding model {known_as} in {folder} cannot be loaded ({error})."
            ) from error
        self._model.eval()
        self._batch_size = batch_size
        self._scripts: Counter[str] | None = None
        self._tokenizer: Any = self._model.tokenizer
        backend = getattr(self._tokenizer, "backend_tokenizer", None)
        if backend is not None:
            # A model file may carry fixed truncation and padding, which would cut passages unseen.
            backend.no_truncation()
            backend.no_padding()
        self._window = int(self._model.max_seq_length or 512)
        pooling = _pooling(folder)
        self._pools_tokens = (
            pooling == "mean" and backend is not None and not any(self._model.prompts.values())
        )
        self._identity = ModelIdentity(
            name=known_as,
            digest=digest,
            dimensions=int(self._model.get_embedding_dimension() or 0),
            pooling=f"{pooling}, sentences {'pooled' if self._pools_tokens else 'alone'}",
            dtype=str(self._dtype).removeprefix("torch."),
        )

    @property
    def identity(self) -> ModelIdentity:
        return self._identity

    @property
    def window(self) -> int:
        return self._window

    @property
    def tokenizer(self) -> Any | None:
        return getattr(self._tokenizer, "backend_tokenizer", None)

    def reads(self, text: str) -> float:
        letters = Counter(_script(character) for character in text if character.isalpha())
        read = sum(count for script, count in letters.items() if self._knows(script))
        return read / letters.total() if letters else 1.0

    def _knows(self, script: str) -> bool:
        """Whether the vocabulary has pieces of words of a script, and not only its letters."""
        if script == "LATIN":
            return True
        if self._scripts is None:
            pieces = self._tokenizer.get_vocab()
            firsts = (next(filter(str.isalpha, piece), "") for piece in pieces)
            self._scripts = Counter(_script(first) for first in firsts if first)
        return self._scripts[script] >= _KNOWN

    def embed_question(self, question: str) -> Vector:
        # One text is too little for two threads: they save 2 ms of 12 on a quiet machine, and wait
        # for each other for 150 ms where something else runs.
        with steady(self._dtype, threads=1):
            if not self._pools_tokens:
                alone: Vector = _unit(self._encode([question], query=True))[0]
                return alone
            return self._pool([PassageText("", question)])[0].whole

    def embed_sentences(self, sentences: Sequence[str]) -> Vectors:
        # One by one: in a batch, padding moves bfloat16 vectors by up to 2e-3.
        found = [self.embed_question(sentence) for sentence in sentences]
        return np.stack(found) if found else np.zeros((0, self._identity.dimensions), np.float32)

    def embed_passages(self, passages: Sequence[PassageText]) -> list[PassageVectors]:
        if not passages:
            return []
        try:
            return self._embed(passages)
        finally:
            give_back_memory()

    def _embed(self, passages: Sequence[PassageText]) -> list[PassageVectors]:
        with torch.inference_mode():
            if self._pools_tokens:
                return self._pool(passages)
            wholes = _unit(self._encode([_joined(passage) for passage in passages], query=False))
            texts = [
                passage.text[span.start : span.end]
                for passage in passages
                for span in passage.spans
            ]
            rows = _unit(self._encode(texts, query=False)) if texts else wholes[:0]
        found, at = [], 0
        for passage, whole in zip(passages, wholes, strict=True):
            found.append(PassageVectors(whole, rows[at : at + len(passage.spans)]))
            at += len(passage.spans)
        return found

    def _encode(self, texts: Sequence[str], *, query: bool) -> Vectors:
        encode = self._model.encode_query if query else self._model.encode_document
        rows = encode(
            list(texts),
            batch_size=self._batch_size,
            show_progress_bar=False,
            convert_to_tensor=True,
        )
        return np.asarray(rows.float().cpu().numpy(), dtype=np.float32)

    def _pool(self, passages: Sequence[PassageText]) -> list[PassageVectors]:
        encodings = self._tokenizer.backend_tokenizer.encode_batch(
            [_joined(passage) for passage in passages]
        )
        for encoding in encodings:
            encoding.truncate(self._window)
        # Batches of like length waste little on padding; equal lengths keep their order. The
        # longest come first: what they leave is room for the next (820 MB at most, not 930).
        order = sorted(range(len(passages)), key=lambda at: (-len(encodings[at].ids), at))
        found: list[PassageVectors | None] = [None] * len(passages)
        for start in range(0, len(order), self._batch_size):
            batch = order[start : start + self._batch_size]
            hidden = self._hidden([encodings[at] for at in batch])
            for row, at in enumerate(batch):
                found[at] = _average(hidden[row], encodings[at], passages[at])
        return [vectors for vectors in found if vectors is not None]

    def _hidden(self, encodings: Sequence[Any]) -> Vectors:
        """Token vectors, shape (batch, longest, dimensions)."""
        longest = max(len(encoding.ids) for encoding in encodings)
        padding = int(self._tokenizer.pad_token_id or 0)
        ids = torch.full((len(encodings), longest), padding)
        mask = torch.zeros((len(encodings), longest), dtype=torch.long)
        for row, encoding in enumerate(encodings):
            ids[row, : len(encoding.ids)] = torch.tensor(encoding.ids)
            mask[row, : len(encoding.ids)] = 1
        inputs = {"input_ids": ids, "attention_mask": mask}
        on = self._model.device
        transformer: Any = self._model[0]
        output = transformer.auto_model(**{key: value.to(on) for key, value in inputs.items()})
        return np.asarray(output.last_hidden_state.float().cpu().numpy(), dtype=np.float32)


def _average(hidden: Vectors, encoding: Any, passage: PassageText) -> PassageVectors:
    count = len(encoding.ids)
    tokens = hidden[:count]
    starts = np.array([offset[0] for offset in encoding.offsets])
    special = np.array(encoding.special_tokens_mask, dtype=bool)
    shift = len(passage.context) + 1 if passage.context else 0
    rows = []
    whole = tokens.mean(axis=0)
    for span in passage.spans:
        inside = (starts >= span.start + shift) & (starts < span.end + shift) & ~special
        # A sentence beyond the model's window has no tokens: the passage stands in for it.
        rows.append(tokens[inside].mean(axis=0) if inside.any() else whole)
    spans = np.stack(rows) if rows else np.zeros((0, hidden.shape[1]), np.float32)
    return PassageVectors(_unit(whole[None])[0], _unit(spans))


def _script(character: str) -> str:
    """The script of a letter, as the first word of its Unicode name: LATIN, ARABIC, CJK."""
    return unicodedata.name(character, "").partition(" ")[0]


def _joined(passage: PassageText) -> str:
    return f"{passage.context}\n{passage.text}" if passage.context else passage.text


def _unit(rows: Vectors) -> Vectors:
    # In float32: norms of bfloat16 vectors run from .998 to 1.003.
    rows = rows.astype(np.float32)
    found: Vectors = rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-12)
    return found


def _pooling(folder: Path) -> str:
    """How the model turns token vectors into one: "mean", "cls", ..., or "own"."""
    try:
        modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
        kinds = [module["type"].rsplit(".", 1)[-1] for module in modules]
        if kinds[:2] != ["Transformer", "Pooling"] or not set(kinds[2:]) <= {"Normalize"}:
            return "own"
        path = folder / modules[1]["path"] / "config.json"
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, IndexError):
        return "own"
    if "pooling_mode" in config:
        return str(config["pooling_mode"])
    chosen = [
        key.removeprefix("pooling_mode_").removesuffix("_tokens")
        for key, value in config.items()
        if key.startswith("pooling_mode_") and value is True
    ]
    return "+".join(sorted(chosen)) or "own"
