"""A local language model that phrases one sentence from one quote."""

from __future__ import annotations

import json
import shutil
from collections.abc import Generator
from pathlib import Path
from typing import Any

import filelock
import torch

from rag.errors import GeneratorFailed, ModelMissing
from rag.models import prompt, weights
from rag.models.device import device, dtype, steady
from rag.ports import Pieces
from rag.records import Usage


class TransformersGenerator:
    """Any causal model of transformers; the packaged SmolLM2-135M-Instruct by default.

    Greedy, so the same quote and question give the same sentence. What the model writes is never
    trusted: it is checked against the quote before anyone sees it as an answer.
    """

    def __init__(self, name: str = weights.DEFAULT) -> None:
        """Load `name`: "default", a folder, or a hub id. Raises `ModelMissing`."""
        from transformers import AutoModelForCausalLM, AutoTokenizer

        if name == weights.DEFAULT:
            folder = converted_default()
            self._identity = f"{weights.GENERATOR.name} ({weights.GENERATOR.sha256[:12]})"
        else:
            folder = weights.locate(name)
            self._identity = f"{name} ({weights.digest(folder)[:12]})"
        on = device()
        self._dtype = dtype(on)
        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False
            )
            model: Any = AutoModelForCausalLM.from_pretrained(
                folder,
                dtype=self._dtype,
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
            )
            self._model: Any = model.to(on)
        except Exception as error:  # each library has errors of its own for a bad file
            raise ModelMissing(
                f"The generator {name} in {folder} cannot be loaded ({error})."
            ) from error
        self._model.eval()

    @property
    def identity(self) -> str:
        return self._identity

    def phrase(self, question: str, quote: str, *, max_new_tokens: int = 80) -> Pieces:
        ids = self.prompt(question, quote)
        try:
            written = yield from self._decode(ids, max_new_tokens)
        except (RuntimeError, IndexError, ValueError) as error:
            raise GeneratorFailed(f"The generator {self._identity} broke off: {error}") from error
        return Usage(len(ids), written)

    def prompt(self, question: str, quote: str) -> list[int]:
        """Token ids of the prompt.

        Question and quote are turned into tokens apart from the template, with special tokens
        switched off: a document that spells out the template's marks puts letters there, no marks.
        """
        before, between, after = self._template(prompt.task(question))
        return [
            *self._ids(before, special=True),
            *self._ids(quote[: prompt.LONGEST_TEXT], special=False),
            *self._ids(between, special=True),
            *self._ids(question[: prompt.LONGEST_TEXT], special=False),
            *self._ids(after, special=True),
        ]

    def _template(self, task: str) -> tuple[str, str, str]:
        first, second = "\ufdd0quote\ufdd0", "\ufdd0question\ufdd0"
        user = prompt.user(first, second, task)
        if self._tokenizer.chat_template:
            messages = [
                {"role": "system", "content": prompt.SYSTEM},
                {"role": "user", "content": user},
            ]
            whole = self._tokenizer.apply_chat_template(
                messages, tokenize=False, add_generation_prompt=True
            )
        else:
            whole = f"{prompt.SYSTEM}\n\n{user}\nAnswer:"
        before, rest = whole.split(first)
        between, after = rest.split(second)
        return before, between, after

    def _ids(self, text: str, *, special: bool) -> list[int]:
        ids = self._tokenizer(text, add_special_tokens=False, split_special_tokens=not special)
        return list(ids["input_ids"])

    def _decode(self, ids: list[int], most: int) -> Generator[str, None, int]:
        """The pieces as they come; returns how many tokens they are."""
        stops = _stops(self._model, self._tokenizer)
        cache = None
        written: list[int] = []
        shown = ""
        new = torch.tensor([ids], device=self._model.device)
        for _ in range(most):
            with steady(self._dtype):
                output = self._model(input_ids=new, past_key_values=cache, use_cache=True)
            cache = output.past_key_values
            token = int(output.logits[0, -1].argmax())
            if token in stops:
                break
            written.append(token)
            new = torch.tensor([[token]], device=self._model.device)
            text = self._tokenizer.decode(written, skip_special_tokens=True)
            # A character of several tokens is incomplete until its last one.
            if text.endswith("\ufffd"):
                continue
            if "\n" in text.strip():
                break
            yield text[len(shown) :]
            shown = text
        return len(written)


def converted_default() -> Path:
    """Folder with the packaged generator as safetensors, converted at first use.

    Reading the GGUF takes 25 s, the converted weights under 3 s.
    """
    source = weights.packaged(weights.GENERATOR)
    target = weights.cache_folder() / f"{weights.GENERATOR.name}-{weights.GENERATOR.sha256[:12]}"
    if _is_whole(target):
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(str(target) + ".lock"):
        if not _is_whole(target):
            try:
                _convert(source, target)
            except Exception as error:  # a full disk, a missing package: each in its own words
                raise ModelMissing(
                    f"The generator {weights.GENERATOR.name} cannot be converted into "
                    f"{target.parent} ({error}). `rag doctor` checks what it needs."
                ) from error
    return target


def _is_whole(folder: Path) -> bool:
    try:
        stamp = json.loads((folder / "stamp.json").read_text(encoding="utf-8"))
        return bool(
            stamp["source"] == weights.GENERATOR.sha256
            and stamp["weights"] == weights.sha256(folder / "model.safetensors")
        )
    except (OSError, ValueError, KeyError):
        return False


def _convert(source: Path, target: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    aside = target.with_name(target.name + ".new")
    shutil.rmtree(aside, ignore_errors=True)
    shutil.rmtree(target, ignore_errors=True)
    folder, file = str(source.parent), source.name
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=file, local_files_only=True)
    model = AutoModelForCausalLM.from_pretrained(
        folder,
        gguf_file=file,
        quantization_config=GgufConfig(dequantize=True),
        dtype=torch.bfloat16,
        local_files_only=True,
    )
    model.save_pretrained(aside)
    tokenizer.save_pretrained(aside)
    weights.write_json(
        aside / "stamp.json",
        {
            "source": weights.GENERATOR.sha256,
            "weights": weights.sha256(aside / "model.safetensors"),
        },
    )
    aside.rename(target)


def _stops(model: Any, tokenizer: Any) -> set[int]:
    found = model.generation_config.eos_token_id
    stops = set(found) if isinstance(found, list) else {found}
    stops |= {tokenizer.eos_token_id, tokenizer.convert_tokens_to_ids("<|im_end|>")}
    return {stop for stop in stops if isinstance(stop, int)}
