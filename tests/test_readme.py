"""The README is kept true: its transcript is run, its verbs, files and benchmarks exist."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from rag.library.conversations import CONVERSATIONS
from rag.settings import Settings
from tests.conftest import ROOT, SAMPLES
from ui import cli

README = (ROOT / "README.md").read_text(encoding="utf-8")
TRANSCRIPT = re.findall(r"```console\n(.*?)```", README, re.DOTALL)
VERBS = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))


def _blocks() -> list[tuple[str, str]]:
    """Commands of the transcript, each with what it prints."""
    found = []
    for block in TRANSCRIPT:
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output.strip()))
    return found


@pytest.mark.models
@pytest.mark.parametrize(("command", "printed"), _blocks())
def test_the_transcript_is_what_happens(
    command: str,
    printed: str,
    sample_library: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    program, verb, argument = shlex.split(command)
    assert program == "rag"
    if verb == "load":
        argument = str(SAMPLES)
        monkeypatch.setenv("SOURCEBOUND_LIBRARY", str(tmp_path / "library"))
    else:
        # Without the answers that other tests left there: they are given again, and say so.
        unasked = shutil.copytree(
            sample_library,
            tmp_path / "library",
            ignore=lambda _, names: {CONVERSATIONS}.intersection(names),
        )
        monkeypatch.setenv("SOURCEBOUND_LIBRARY", str(unasked))
    assert cli.run([verb, argument]) == 0
    said = capsys.readouterr().out.replace(str(tmp_path / "library"), "data/library").strip()
    seconds = re.compile(r"\d+\.\d s")
    assert seconds.sub("? s", said) == seconds.sub("? s", printed)


@pytest.mark.parametrize(
    ("said", "ends"), [("The mill burned down in 1912.", 0), ("A bridge fell in 1980.", 1)]
)
def test_its_gate_is_one(said: str, ends: int) -> None:
    (script,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert script.count("\n") <= 12

    class Document:
        page_content = "The mill burned down in 1912."

    class Chain:
        def invoke(self, given: dict[str, str]) -> dict[str, object]:
            return {**given, "result": said, "source_documents": [Document()]}

    with pytest.raises(SystemExit) as caught:
        exec(script, {"chain": Chain(), "questions": ["When did the mill burn down?"]})  # noqa: S102
    assert (caught.value.code == 0) is (ends == 0)
    assert ends == 0 or "below its minimum 0.9" in str(caught.value.code)


def test_its_verbs_of_make_exist() -> None:
    named = set(re.findall(r"`?make ([a-z-]+)", README))
    assert {"run", "test"} <= named
    assert named <= VERBS


def test_its_files_exist() -> None:
    tree = README.split("## The files")[1].split("```")[1]
    room = ""
    for line in tree.strip().splitlines():
        name = line.split()[0]
        if not line.startswith(" "):
            room = name
        assert (ROOT / room / ("" if name == room else name)).exists(), line
    for link in re.findall(r"\]\(([^)h][^)]*)\)", README):
        assert (ROOT / link).exists()


def test_every_setting_is_named() -> None:
    listed = README.split("Settings are few:")[1].split(", as flags")[0]
    assert set(re.findall(r"`(\w+)`", listed)) == set(Settings.model_fields)


def test_every_verb_of_the_command_is_named() -> None:
    table = README.split("| verb |")[1].split("\n\n")[0]
    import typer

    commands = typer.main.get_command(cli.app).commands  # type: ignore[attr-defined]
    assert set(re.findall(r"`([a-z]+)`", table)) == set(commands)
