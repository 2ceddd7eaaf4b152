"""Settings come from three places in one order, and unknown ones are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.errors import SettingsError
from rag.records import Mode
from rag.settings import read_settings


def test_a_flag_wins_over_a_variable_and_that_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("sourcebound.toml").write_text(
        'library = "from-file"\nembedder = "from-file"\nmode = "generate"\n[limits]\nseconds = 5\n'
    )
    monkeypatch.setenv("SOURCEBOUND_LIBRARY", "from-variable")
    monkeypatch.setenv("SOURCEBOUND_EMBEDDER", "from-variable")
    monkeypatch.setenv("SOURCEBOUND_LIMITS__MEMORY_MB", "1024")
    found = read_settings(library=Path("from-flag"), embedder=None)
    assert found.library == Path("from-flag")
    assert found.embedder == "from-variable"
    assert found.mode is Mode.GENERATE
    assert (found.limits.seconds, found.limits.memory_mb, found.limits.file_mb) == (5, 1024, 200)


def test_without_any_source_the_defaults_hold() -> None:
    found = read_settings()
    assert (found.embedder, found.generator, found.mode) == ("default", "default", Mode.QUOTE)
    assert found.library.is_absolute()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('libary = "x"', "libary"),
        ("evidence = 2", "evidence"),
        ("limits = { hours = 1 }", "hours"),
        ("mode = 'poem'", "mode"),
        ("this is no TOML", "sourcebound.toml"),
    ],
)
def test_a_wrong_file_is_refused_by_name(text: str, said: str) -> None:
    Path("sourcebound.toml").write_text(text)
    with pytest.raises(SettingsError, match=said):
        read_settings()


def test_an_unknown_variable_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCEBOUND_LIBARY", "x")
    with pytest.raises(SettingsError, match="SOURCEBOUND_LIBARY is no setting"):
        read_settings()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SOURCEBOUND_MODE", "poem", "mode"),
        ("SOURCEBOUND_EVIDENCE", "much", "evidence"),
        ("SOURCEBOUND_EVIDENCE", "-0.1", "evidence"),
        ("SOURCEBOUND_LIMITS__SECONDS", "0", "seconds"),
        ("SOURCEBOUND_LIMITS__MEMORY_MB", "1", "memory_mb"),
        ("SOURCEBOUND_LIMITS__HOURS", "1", "hours"),
        ("SOURCEBOUND_LIMITS", "garbage", "limits"),
    ],
)
def test_a_wrong_variable_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=said) as caught:
        read_settings()
    assert "SOURCEBOUND_* variable" in str(caught.value)


def test_a_wrong_flag_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match="evidence"):
        read_settings(evidence=1.5)
    with pytest.raises(SettingsError, match="colour"):
        read_settings(colour="red")


def test_a_file_that_is_not_utf8_is_refused() -> None:
    Path("sourcebound.toml").write_bytes(b'library = "caf\xe9"\n')
    with pytest.raises(SettingsError, match=r"sourcebound\.toml"):
        read_settings()


def test_settings_do_not_change() -> None:
    found = read_settings()
    with pytest.raises(ValueError, match="frozen"):
        found.evidence = 0.9
