"""Relevance of passages to a question with a cross-encoder."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from rag.errors import ModelMissing
from rag.models import weights
from rag.models.device import device, dtype, steady

# Question and passage together. Chunks have at most 256 tokens, so nothing of them is lost; models
# that read 8,192 would spend seconds on one overlong text, and some name no window at all.
_WINDOW = 512


class CrossEncoderReranker:
    """Any cross-encoder of sentence-transformers with one label. None is packaged.

    The model's logit goes through a sigmoid to 0..1, whatever activation the model's own files
    name: MS MARCO models name the identity, and their logits run from about -11 to 11.

    One pair at a time, in the number type that `device` names: a pair that is scored alone has the
    same score to the last bit whatever else is asked, where padding to the longest of a batch moves
    it by up to .003 (bfloat16, batches of 32).

    On one thread, because threads wait for each other in every layer. 50 pairs of 154 tokens on
    average, through a MiniLM of six layers, on two cores that something else also used: 1.6 s on
    one thread and 9 to 34 s on two; in batches of 32, 1.8 s and 2.8 to 3.8 s.

    The last layer is kept in float32: bfloat16 logits have steps of 1/16 from 8 on, and passages
    that differ would tie.
    """

    def __init__(self, name: str) -> None:
        """Load `name`: a folder, or a hub id that is in this machine's cache; nothing is fetched.

        Raises `ModelMissing` where there is no such model, no safetensors weights, more than one
        label, or no weights for the layer that gives the score.
        """
        from sentence_transformers import CrossEncoder

        folder = weights.locate(name, fetch=False)
        self._identity = f"{name} ({weights.digest(folder)[:12]})"
        _refuse_pickles(folder)
        on = device()
        self._dtype = dtype(on)
        try:
            self._model: Any = CrossEncoder(
                str(folder),
                device=str(on),
                trust_remote_code=False,
                local_files_only=True,
                model_kwargs={"dtype": self._dtype, "use_safetensors": True},
                # Given here, the one that the files name is not imported.
                activation_fn=torch.nn.Sigmoid(),
            )
        except Exception as error:  # each library has errors of its own for a bad file
            raise ModelMissing(
                f"The reranker {name} in {folder} cannot be loaded ({error})."
            ) from error
        self._model.eval()
        labels = int(self._model.num_labels)
        if labels != 1:
            raise ModelMissing(
                f"The reranker {name} in {folder} has {labels} labels, and relevance is one. "
                "Choose a cross-encoder with one label (num_labels is 1)."
            )
        self._window = min(int(self._model.max_seq_length or _WINDOW), _WINDOW)
        self._model.max_seq_length = self._window
        self._tokenizer: Any = self._model.tokenizer
        if not getattr(self._tokenizer, "chat_template", None):
            # A passage that spells out "[SEP]" puts letters there, no mark. (Where pairs go through
            # a chat template, its own marks are spelt out as well.)
            self._tokenizer.split_special_tokens = True
        heads = {
            path: layer
            for path, layer in self._model.named_modules()
            if isinstance(layer, torch.nn.Linear) and layer.out_features == 1
        }
        _check_trained(list(heads), name, folder)
        for layer in heads.values():
            layer.float()
            layer.register_forward_pre_hook(_in_float32)
        try:
            first = self.scores("Where?", ["Here."])[0]
        except Exception as error:  # a tokenizer of another model fails here and not before
            raise ModelMissing(
                f"The reranker {name} in {folder} cannot score a pair ({error})."
            ) from error
        if not math.isfinite(first):
            raise ModelMissing(f"The reranker {name} in {folder} gives {first} for a score.")

    @property
    def identity(self) -> str:
        return self._identity

    def scores(self, question: str, passages: Sequence[str]) -> list[float]:
        question = self._cut(question)
        with steady(self._dtype, threads=1):
            return [self._score(question, self._cut(passage)) for passage in passages]

    def _score(self, question: str, passage: str) -> float:
        found = self._model.predict(
            [(question, passage)], batch_size=1, show_progress_bar=False, convert_to_tensor=True
        )
        return float(found.item())

    def _cut(self, text: str) -> str:
        """The text up to a window of tokens, which is all of it that a pair can hold.

        tokenizers keeps what it cuts off, and of two overlong texts every pairing of the rests:
        25,000 tokens on both sides took more than 12 GB and ended the process.
        """
        if len(text) <= 4 * self._window or not self._tokenizer.is_fast:
            return text
        tokens = self._tokenizer(
            text,
            add_special_tokens=False,
            truncation=False,
            padding=False,
            return_offsets_mapping=True,
            verbose=False,  # it would warn of a text longer than the window, which is cut below
        )
        ends = [end for _, end in tokens["offset_mapping"]]
        return text[: ends[self._window - 1]] if len(ends) > self._window else text


def _in_float32(layer: torch.nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(each.float() for each in inputs)


def _refuse_pickles(folder: Path) -> None:
    """Raise `ModelMissing` where a part of the model would be read from a pickle."""
    for path in sorted(folder.rglob("pytorch_model*.bin")):
        if not any(path.parent.glob("*.safetensors")):
            raise ModelMissing(
                f"The file {path} has no safetensors weights beside it. Other formats are not "
                "loaded: they can carry code. Convert it, or choose another model."
            )


def _names_of_weights(folder: Path) -> set[str]:
    from safetensors import SafetensorError, safe_open

    names: set[str] = set()
    for path in folder.rglob("*.safetensors"):
        try:
            with safe_open(path, framework="pt") as file:
                names.update(file.keys())
        except SafetensorError:  # a file that the model did not need
            continue
    return names


def _check_trained(heads: Sequence[str], name: str, folder: Path) -> None:
    """Raise `ModelMissing` where the model was not made to rank.

    transformers fills a layer that the weights lack with random numbers, others at each load, and
    sentence-transformers has any language model score by its next word: an embedder or a generator
    that is set by mistake would rank by chance.
    """
    saved = _names_of_weights(folder)
    for head in heads:
        weight = re.sub(r"^\d+\.(model\.)?", "", head) + ".weight"
        if not any(each == weight or each.endswith(f".{weight}") for each in saved):
            raise ModelMissing(
                f"The model {name} in {folder} is no reranker: its weights lack {weight}, the "
                "layer that gives the score. Choose a cross-encoder."
            )
    if not heads and _saved_as(folder) != "CrossEncoder":
        raise ModelMissing(
            f"The model {name} in {folder} is no reranker: it has no layer that gives a score. "
            "Choose a cross-encoder."
        )


def _saved_as(folder: Path) -> str:
    """Which class of sentence-transformers saved the model, "" where none did."""
    try:
        text = (folder / "config_sentence_transformers.json").read_text(encoding="utf-8")
        return str(json.loads(text)["model_type"])
    except (OSError, ValueError, KeyError):
        return ""
