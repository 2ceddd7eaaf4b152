"""What every `Reranker` does, by a tiny cross-encoder made here and by the stand-in."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rag import assemble
from rag.errors import ModelMissing, SettingsError
from rag.ports import Reranker
from rag.settings import NO_RERANKER, read_settings
from tests.stand_ins import OverlapReranker
from ui import doctor

QUESTION = "Where does the heron nest?"
PASSAGES = [
    "The heron nests in the willow. It eats small fish at dawn.",
    "Rates rose.",
    "Interest rates rose by a quarter point. " * 8,
    "heron",
    "The nest of the heron is where the willow is.",
]
WINDOW = 48


def write_cross_encoder(
    folder: Path, *, labels: int = 1, kind: str = "BertForSequenceClassification"
) -> Path:
    """A model of two layers with random weights, the same each time, as transformers saves it."""
    import torch
    import transformers

    folder.mkdir(parents=True)
    letters = "abcdefghijklmnopqrstuvwxyz0123456789.?[]"
    words = (
        "the heron nest nests where does in willow interest rates rose by quarter point it yes no"
    ).split()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = [*special, *letters, *(f"##{letter}" for letter in letters), *words]
    (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    tokenizer: Any = transformers.BertTokenizer(str(folder / "vocab.txt"), do_lower_case=True)
    tokenizer.save_pretrained(folder)
    config = (transformers.LlamaConfig if "Llama" in kind else transformers.BertConfig)(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=WINDOW,
        num_labels=labels,
        # Wide enough for scores that differ.
        initializer_range=0.4,
    )
    with torch.random.fork_rng():
        torch.manual_seed(7)
        model: Any = getattr(transformers, kind)(config)
    model.save_pretrained(folder)
    return folder


def _load(folder: Path | str) -> Any:
    from rag.models.reranker import CrossEncoderReranker

    return CrossEncoderReranker(str(folder))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the tiny model. Read it; do not write to it."""
    return write_cross_encoder(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed."""
    return Path(shutil.copytree(made, tmp_path / "own"))


@pytest.fixture(scope="module")
def real(made: Path) -> Any:
    return _load(made)


@pytest.fixture(params=["stand-in", "real"])
def reranker(request: pytest.FixtureRequest) -> Reranker:
    if request.param == "real":
        found: Reranker = request.getfixturevalue("real")
        return found
    return OverlapReranker()


# -- every reranker ----------------------------------------------------------------------------


def test_each_passage_gets_a_score_from_0_to_1(reranker: Reranker) -> None:
    found = reranker.scores(QUESTION, PASSAGES)
    assert len(found) == len(PASSAGES)
    assert all(type(score) is float and 0 <= score <= 1 for score in found)
    assert len(set(found)) > 1


def test_nothing_gives_nothing(reranker: Reranker) -> None:
    assert reranker.scores(QUESTION, []) == []
    assert reranker.scores("", []) == []


def test_scores_stand_in_the_order_of_the_passages(reranker: Reranker) -> None:
    found = dict(zip(PASSAGES, reranker.scores(QUESTION, PASSAGES), strict=True))
    for order in (PASSAGES[::-1], sorted(PASSAGES), sorted(PASSAGES, key=len)):
        assert reranker.scores(QUESTION, order) == [found[passage] for passage in order]


def test_what_else_is_asked_does_not_matter(reranker: Reranker) -> None:
    together = reranker.scores(QUESTION, [*PASSAGES, "word " * 5000])
    for passage, score in zip(PASSAGES, together, strict=False):
        assert reranker.scores(QUESTION, [passage]) == [score]
    assert reranker.scores(QUESTION, [PASSAGES[0]] * 3) == [together[0]] * 3


def test_the_same_pair_scores_the_same_each_time(reranker: Reranker) -> None:
    before = reranker.identity, reranker.scores(QUESTION, PASSAGES)
    reranker.scores("What rose?", PASSAGES[:2])
    assert (reranker.identity, reranker.scores(QUESTION, PASSAGES)) == before
    assert reranker.identity


ODD = ["", " ", "?", "🦆", "👩‍👩‍👧‍👦 heron", "水鳥", "word " * 5000, "x" * 20_000, "a\x00b\n\n\tc"]


@pytest.mark.parametrize("text", ODD, ids=lambda text: ascii(text[:8]))
def test_odd_texts_still_have_a_score(reranker: Reranker, text: str) -> None:
    for found in (reranker.scores(QUESTION, [text, PASSAGES[0]]), reranker.scores(text, [text])):
        assert all(0 <= score <= 1 for score in found)
    assert reranker.scores(QUESTION, [text, PASSAGES[0]])[1:] == reranker.scores(
        QUESTION, PASSAGES[:1]
    )


def test_the_question_matters(reranker: Reranker) -> None:
    assert reranker.scores(QUESTION, PASSAGES) != reranker.scores("What rose?", PASSAGES)


# -- cross-encoders ----------------------------------------------------------------------------


def test_the_score_is_the_sigmoid_of_the_logit(real: Any, made: Path) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(made, local_files_only=True)
    model = AutoModelForSequenceClassification.from_pretrained(made, local_files_only=True).eval()
    for passage, score in zip(PASSAGES, real.scores(QUESTION, PASSAGES), strict=True):
        inputs = tokenizer(
            QUESTION, passage, truncation=True, max_length=WINDOW, return_tensors="pt"
        )
        with torch.inference_mode():
            logit = model(**inputs).logits.item()
        # Where the device computes in bfloat16, that is the difference.
        assert score == pytest.approx(1 / (1 + 2.718281828**-logit), abs=0.03)


@pytest.mark.parametrize(
    "named", ["torch.nn.modules.linear.Identity", "torch.hub.list", "os.abort"]
)
def test_no_activation_is_imported_from_the_files(folder: Path, real: Any, named: str) -> None:
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config["sentence_transformers"] = {"activation_fn": named}
    path.write_text(json.dumps(config), encoding="utf-8")
    assert _load(folder).scores(QUESTION, PASSAGES) == real.scores(QUESTION, PASSAGES)


def test_a_model_that_sentence_transformers_saved_scores_the_same(
    made: Path, tmp_path: Path, real: Any
) -> None:
    from sentence_transformers import CrossEncoder

    CrossEncoder(str(made), local_files_only=True).save_pretrained(
        str(tmp_path / "saved"), create_model_card=False
    )
    assert (tmp_path / "saved" / "modules.json").exists()
    assert _load(tmp_path / "saved").scores(QUESTION, PASSAGES) == real.scores(QUESTION, PASSAGES)


def test_another_load_gives_the_same_scores(made: Path, real: Any) -> None:
    again = _load(made)
    assert again.identity == real.identity
    assert again.scores(QUESTION, PASSAGES) == real.scores(QUESTION, PASSAGES)


def test_the_identity_holds_name_and_digest(made: Path, folder: Path, real: Any) -> None:
    from rag.models import weights

    assert real.identity == f"{made} ({weights.digest(made)[:12]})"
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**config, "layer_norm_eps": 0.1}), encoding="utf-8")
    changed = _load(folder)
    assert changed.identity.split("(")[1] != real.identity.split("(")[1]


def test_what_is_beyond_the_window_is_not_seen(real: Any) -> None:
    inside = "heron " * WINDOW
    one, other, shorter = real.scores(
        QUESTION, [inside + "rates rose", inside + "the willow" * 900, "heron " * 9]
    )
    assert one == other != shorter


def test_marks_in_a_passage_are_letters(real: Any) -> None:
    """The model lowers letters, so a mark that is spelt out equals its small letters."""
    marked, small = real.scores(QUESTION, ["it [SEP] heron [CLS]", "it [sep] heron [cls]"])
    assert marked == small
    assert real.scores("where [MASK]", PASSAGES) == real.scores("where [mask]", PASSAGES)


def test_scores_near_the_end_do_not_tie(folder: Path) -> None:
    """Logits from 8 on, less than 1/16 apart: in bfloat16 most of them are the same number."""
    from safetensors.torch import load_file, save_file

    path = folder / "model.safetensors"
    tensors = load_file(path)
    tensors["classifier.weight"] *= 0.005
    tensors["classifier.bias"] += 8.5
    save_file(tensors, path, metadata={"format": "pt"})
    found = _load(folder).scores(QUESTION, PASSAGES)
    assert min(found) > 0.9997
    assert len(set(found)) == len(PASSAGES)


@pytest.fixture
def threads() -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_threads_do_not_move_a_score(real: Any, threads: None) -> None:
    import torch

    found = []
    for count in (1, 2):
        torch.set_num_threads(count)
        found.append(real.scores(QUESTION, PASSAGES))
    assert found[0] == found[1]


# -- models that are refused -------------------------------------------------------------------


@pytest.mark.parametrize("labels", [2, 3])
def test_more_than_one_label_is_refused(tmp_path: Path, labels: int) -> None:
    own = write_cross_encoder(tmp_path / "own", labels=labels)
    with pytest.raises(ModelMissing, match=f"has {labels} labels") as caught:
        _load(own)
    assert "one label" in str(caught.value)
    assert str(own) in str(caught.value)


def test_an_encoder_without_the_layer_that_scores_is_refused(tmp_path: Path) -> None:
    """It would be filled with random numbers, others at each load."""
    own = write_cross_encoder(tmp_path / "own", kind="BertModel")
    with pytest.raises(ModelMissing, match=r"is no reranker.*classifier\.weight"):
        _load(own)


def test_a_generator_is_refused(tmp_path: Path) -> None:
    own = write_cross_encoder(tmp_path / "own", kind="LlamaForCausalLM")
    with pytest.raises(ModelMissing, match="is no reranker: it has no layer that gives a score"):
        _load(own)


def test_a_language_model_saved_as_a_reranker_is_one(tmp_path: Path) -> None:
    """It scores by how much likelier "yes" is than "no" as its next word."""
    from sentence_transformers import CrossEncoder

    own = write_cross_encoder(tmp_path / "own", kind="LlamaForCausalLM")
    CrossEncoder(str(own), local_files_only=True).save_pretrained(
        str(tmp_path / "saved"), create_model_card=False
    )
    found = _load(tmp_path / "saved").scores(QUESTION, PASSAGES)
    assert all(0 <= score <= 1 for score in found)
    assert len(set(found)) > 1


def test_only_pickled_weights_are_refused(folder: Path) -> None:
    import torch
    from safetensors.torch import load_file

    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    _load(folder)  # beside safetensors it is not read
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelMissing, match="no safetensors weights") as caught:
        _load(folder)
    assert "Convert it, or choose another model." in str(caught.value)


def test_a_pickled_part_is_refused(folder: Path) -> None:
    part = folder / "1_Dense"
    part.mkdir()
    (part / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    with pytest.raises(ModelMissing, match="no safetensors weights beside it") as caught:
        _load(folder)
    assert str(part / "pytorch_model.bin") in str(caught.value)


@pytest.mark.parametrize("where", ["modules.json", "config.json"])
def test_code_of_the_model_is_not_run(folder: Path, tmp_path: Path, where: str) -> None:
    trace = tmp_path / "was-run"
    (folder / "own_code.py").write_text(f"open({str(trace)!r}, 'w').close()")
    if where == "modules.json":
        content: Any = [{"idx": 0, "name": "0", "path": "", "type": "own_code.Own"}]
        (folder / "config_sentence_transformers.json").write_text('{"model_type": "CrossEncoder"}')
    else:
        kinds = ("AutoConfig", "AutoModelForSequenceClassification")
        content = {"model_type": "own", "auto_map": dict.fromkeys(kinds, "own_code.Own")}
    (folder / where).write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ModelMissing, match="cannot be loaded"):
        _load(folder)
    assert not trace.exists()


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_a_broken_file_is_said(folder: Path, name: str) -> None:
    path = folder / name
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ModelMissing, match="cannot be loaded") as caught:
        _load(folder)
    assert str(folder) in str(caught.value)


def test_weights_that_are_no_numbers_are_said(folder: Path) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    path = folder / "model.safetensors"
    tensors = load_file(path)
    tensors["classifier.bias"] = torch.full_like(tensors["classifier.bias"], float("nan"))
    save_file(tensors, path, metadata={"format": "pt"})
    with pytest.raises(ModelMissing, match="gives nan for a score"):
        _load(folder)


@pytest.mark.parametrize("name", ["/no/such/folder", "./none", "default", "~/none-of-this-name"])
def test_a_missing_folder_says_what_to_do(name: str) -> None:
    with pytest.raises(ModelMissing, match=r"Give a folder, or the id of a hub model") as caught:
        _load(name)
    assert name in str(caught.value)


# -- hub ids -----------------------------------------------------------------------------------


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of hub models, on a machine whose network may be asked."""
    from huggingface_hub import constants

    cache = tmp_path / "hub"
    cache.mkdir()
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    return cache


def test_a_hub_model_in_the_cache_is_used(hub: Path, made: Path, real: Any) -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    place = hub / "models--owner--tiny"
    (place / "refs").mkdir(parents=True)
    (place / "refs" / "main").write_text(commit)
    shutil.copytree(made, place / "snapshots" / commit)
    found = _load("owner/tiny")
    assert found.identity == f"owner/tiny ({real.identity.split('(')[1]}"
    assert found.scores(QUESTION, PASSAGES) == real.scores(QUESTION, PASSAGES)


def test_a_hub_model_that_is_not_there_is_not_fetched(
    hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    asked: list[object] = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **_: asked.append(args))
    monkeypatch.setattr(socket.socket, "connect", lambda _, address: asked.append(address))
    with pytest.raises(ModelMissing, match="is not fetched") as caught:
        _load("owner/absent")
    assert "owner/absent" in str(caught.value)
    assert "Copy its folder here" in str(caught.value)
    assert asked == []


# -- settings ----------------------------------------------------------------------------------


def test_none_is_set_by_default() -> None:
    assert read_settings().reranker == NO_RERANKER
    assert assemble.reranker(read_settings()) is None


def test_a_variable_sets_it(made: Path, real: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCEBOUND_RERANKER", str(made))
    found = assemble.reranker(read_settings())
    assert found is not None
    assert found.identity == real.identity
    monkeypatch.setenv("SOURCEBOUND_RERANKER", "none")
    assert assemble.reranker(read_settings()) is None


def test_the_file_sets_it(made: Path, real: Any) -> None:
    Path("sourcebound.toml").write_text(f"reranker = {json.dumps(str(made))}\n")
    found = assemble.reranker(read_settings())
    assert found is not None
    assert found.identity == real.identity


def test_a_name_that_leads_nowhere_says_how_to_do_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCEBOUND_RERANKER", "defualt")
    with pytest.raises(ModelMissing, match="no model folder at defualt") as caught:
        assemble.reranker(read_settings())
    assert "Or set `reranker` to 'none'" in str(caught.value)


def test_an_empty_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be the current folder."""
    monkeypatch.setenv("SOURCEBOUND_RERANKER", "")
    with pytest.raises(SettingsError, match="reranker"):
        read_settings()


def _checked(name: str, tmp_path: Path) -> doctor.Check:
    settings = read_settings(reranker=name, library=tmp_path / "library")
    (found,) = (check for check in doctor.examine(settings) if check.name == "reranker")
    return found


def test_the_doctor_checks_it(made: Path, real: Any, tmp_path: Path) -> None:
    assert _checked("none", tmp_path).ok
    ready = _checked(str(made), tmp_path)
    assert (ready.ok, ready.needed, ready.detail) == (True, True, real.identity)
    missing = _checked("/no/such/folder", tmp_path)
    assert (missing.ok, missing.needed) == (False, True)
    assert "/no/such/folder" in missing.detail
    assert missing.mend is not None
    assert "'none'" in missing.mend
