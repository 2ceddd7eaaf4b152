"""The password: hashed, kept to its owner, and slow to guess."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from rag.errors import SettingsError
from ui import cli
from ui.password import Attempts, Hashed

RIGHT = "heron willow weir"


def test_a_password_is_kept_as_a_hash_that_only_its_owner_reads(tmp_path: Path) -> None:
    path = tmp_path / "config" / "password"
    Hashed.of(RIGHT).write(path)
    assert RIGHT not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["password"]
    found = Hashed.read(path)
    assert found is not None
    assert found.matches(RIGHT)
    assert not found.matches("heron willow wier")
    assert not found.matches("\ud800" * 9)
    assert not found.matches("x" * 2_000_000)


def test_the_same_password_has_another_hash_each_time() -> None:
    assert Hashed.of(RIGHT).text != Hashed.of(RIGHT).text


@pytest.mark.parametrize("given", ["", "short", "x" * 2_000])
def test_too_short_or_long_a_password_is_refused(given: str) -> None:
    with pytest.raises(SettingsError, match="at least 8 characters"):
        Hashed.of(given)


@pytest.mark.parametrize(
    "held", ["", "secret", "scrypt$$", "scrypt$!!$!!", "md5$AAAA$AAAA", "scrypt$AAAA$AAAA", "é$"]
)
def test_a_file_that_holds_no_hash_lets_nobody_in(tmp_path: Path, held: str) -> None:
    path = tmp_path / "password"
    path.write_text(held)
    path.chmod(0o600)
    with pytest.raises(SettingsError, match="rag ui --set-password"):
        Hashed.read(path)


def test_a_file_open_to_others_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "password"
    Hashed.of(RIGHT).write(path)
    path.chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        Hashed.read(path)
    assert Hashed.read(tmp_path / "none") is None


def test_each_wrong_attempt_makes_the_next_wait_longer() -> None:
    now = 0.0
    attempts = Attempts(lambda: now)
    hashed = Hashed.of(RIGHT)
    waits = []
    for _ in range(6):
        assert not attempts.admits("wrong password", hashed)
        waits.append(attempts.wait())
        if waits[-1]:
            assert not attempts.admits(RIGHT, hashed), "it came too early, and was looked at"
        now += attempts.wait()
    assert waits == [0, 0, 1, 2, 4, 8]
    assert attempts.wait() == 0
    assert attempts.admits(RIGHT, hashed)


def test_the_password_is_set_from_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "password"
    monkeypatch.setenv("SOURCEBOUND_PASSWORD_FILE", str(path))
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{RIGHT}\n"))
    assert cli.run(["ui", "--set-password"]) == 0
    said = capsys.readouterr().out
    assert str(path) in said
    assert RIGHT not in said
    found = Hashed.read(path)
    assert found is not None
    assert found.matches(RIGHT)
    monkeypatch.setattr("sys.stdin", io.StringIO(os.linesep))
    assert cli.run(["ui", "--set-password"]) == 2
    assert "at least 8 characters" in capsys.readouterr().err
    # The one that was set is still there.
    assert Hashed.read(path) == found
