"""Weights come from where they should, are those they should be, and bring no code with them."""

from __future__ import annotations

import importlib.metadata
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from rag.errors import ModelMissing
from rag.models import weights
from rag.settings import Settings
from tests.conftest import ROOT
from ui import doctor

pytestmark = pytest.mark.models

PACKAGES = [weights.EMBEDDER, weights.GENERATOR]


def _package(site: Path, which: weights.PackagedWeights, *, copy: bool) -> Path:
    """A package of that name in `site`, found before the installed one; its weight file's place."""
    info = site / f"{which.distribution.replace('-', '_')}-{which.version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {which.distribution}\nVersion: {which.version}\n"
    )
    source = weights.packaged(which)
    target = site / which.folder / which.file
    if copy:
        shutil.copytree(source.parent, target.parent)
    return target


@pytest.mark.parametrize("which", PACKAGES, ids=lambda which: which.name)
def test_the_installed_weights_are_the_pinned_ones(which: weights.PackagedWeights) -> None:
    assert weights.installed(which)
    assert weights.sha256(weights.packaged(which)) == which.sha256
    assert importlib.metadata.version(which.distribution) == which.version


@pytest.mark.parametrize("which", PACKAGES, ids=lambda which: which.name)
def test_a_missing_package_names_the_command_that_brings_it(
    which: weights.PackagedWeights,
) -> None:
    absent = replace(which, distribution="no-package-bears-this-name")
    assert not weights.installed(absent)
    with pytest.raises(ModelMissing, match="is not installed") as caught:
        weights.packaged(absent)
    assert which.install in str(caught.value)
    assert f"{which.distribution}=={which.version}" in which.install


@pytest.mark.parametrize("which", PACKAGES, ids=lambda which: which.name)
def test_a_lost_file_names_the_command_that_brings_it(
    which: weights.PackagedWeights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = _package(tmp_path, which, copy=False)
    monkeypatch.syspath_prepend(tmp_path)
    assert not weights.installed(which)
    with pytest.raises(ModelMissing, match="has lost its file") as caught:
        weights.packaged(which)
    assert str(lost) in str(caught.value)
    assert which.install in str(caught.value)


@pytest.mark.parametrize("which", PACKAGES, ids=lambda which: which.name)
def test_a_changed_file_names_the_command_that_mends_it(
    which: weights.PackagedWeights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One bit is enough."""
    changed = _package(tmp_path, which, copy=True)
    with changed.open("r+b") as file:
        file.seek(-1000, 2)
        (byte,) = file.read(1)
        file.seek(-1000, 2)
        file.write(bytes([byte ^ 1]))
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModelMissing, match="has changed") as caught:
        weights.packaged(which)
    assert str(changed) in str(caught.value)
    assert which.install in str(caught.value)
    kind = "embedder" if which is weights.EMBEDDER else "generator"
    (check,) = (
        check
        for check in doctor.examine(Settings(library=tmp_path / "library"))
        if check.name in ("embedding model", "generator") and not check.ok
    )
    assert kind.startswith("generator") == (check.name == "generator")
    assert check.mend == which.install


LOADED = """
import sys
opened = []
sys.addaudithook(lambda name, arguments: name in ("pickle.find_class", "socket.connect")
                 and opened.append(name))
from rag.models.embedder import SentenceTransformerEmbedder
from rag.models.generator import TransformersGenerator
SentenceTransformerEmbedder().embed_question("Where does the heron nest?")
list(TransformersGenerator().phrase("Where?", "The heron nests here.", max_new_tokens=2))
print(*opened)
print(*sys.modules)
"""


def test_loading_both_models_runs_no_code_of_their_packages() -> None:
    """Nor is anything unpickled, nor a connection opened."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=300,
        check=True,
    )
    events, modules = done.stdout.splitlines()[-2:]
    assert events == ""
    loaded = {name.split(".")[0] for name in modules.split()}
    assert {"torch", "transformers"} <= loaded
    assert not loaded & {which.folder.split("/")[0] for which in PACKAGES}
    assert not loaded & {"llama_cpp", "llm"}


# -- a model that is set -----------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The default model, as somebody's own folder."""
    own = tmp_path / "own-model"
    shutil.copytree(weights.packaged(weights.EMBEDDER).parent, own)
    return own


def test_a_folder_can_be_set(folder: Path) -> None:
    from rag.models.embedder import SentenceTransformerEmbedder

    own = SentenceTransformerEmbedder(str(folder))
    default = SentenceTransformerEmbedder()
    assert own.identity.name == str(folder)
    assert own.identity.comparable(default.identity)
    question = "Where does the heron nest?"
    assert own.embed_question(question).tobytes() == default.embed_question(question).tobytes()


def test_another_tokenizer_makes_another_model(folder: Path) -> None:
    """The weights alone do not decide what comes out."""
    before = weights.digest(folder)
    path = folder / "tokenizer.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["normalizer"]["lowercase"] = not content["normalizer"]["lowercase"]
    path.write_text(json.dumps(content), encoding="utf-8")
    assert weights.digest(folder) != before


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pkl", "model.pt"])
def test_pickled_weights_are_refused(folder: Path, name: str) -> None:
    from rag.models.embedder import SentenceTransformerEmbedder

    (folder / "model.safetensors").rename(folder / name)
    with pytest.raises(ModelMissing, match="no safetensors weights"):
        SentenceTransformerEmbedder(str(folder))


def test_pickled_generator_weights_are_refused(tmp_path: Path) -> None:
    from rag.models.generator import TransformersGenerator

    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    with pytest.raises(ModelMissing, match="no safetensors weights"):
        TransformersGenerator(str(tmp_path))


def test_broken_weights_are_said(folder: Path) -> None:
    from rag.models.embedder import SentenceTransformerEmbedder

    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:100_000])
    with pytest.raises(ModelMissing, match="cannot be loaded") as caught:
        SentenceTransformerEmbedder(str(folder))
    assert str(folder) in str(caught.value)


@pytest.mark.parametrize(
    "name", ["/no/such/folder", "./none", "~/none-of-this-name", "just-a-word"]
)
def test_a_name_that_leads_nowhere_is_said(name: str) -> None:
    with pytest.raises(ModelMissing, match="There is no model folder at"):
        weights.locate(name)
