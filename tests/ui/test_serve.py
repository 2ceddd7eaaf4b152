"""Where the page may be served, and to whom."""

from __future__ import annotations

import importlib.util
import socket
from pathlib import Path

import pytest
from streamlit.web.server.server_util import is_url_from_allowed_origins

from rag.errors import SettingsError, SourceboundError
from rag.settings import read_settings
from ui import cli, launch
from ui.password import Hashed
from ui.serve import Address, check, is_loopback

ANYWHERE = "0.0.0.0"


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    ("host", "only_here"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.7", False),
        ("localhost.example.org", False),
        ("", False),
        (None, False),
    ],
)
def test_only_addresses_of_this_machine_alone_are_its_own(
    host: str | None, only_here: bool
) -> None:
    assert is_loopback(host) is only_here


def test_a_wide_address_needs_a_sign_in(tmp_path: Path) -> None:
    path = tmp_path / "password"
    settings = read_settings(password_file=path)
    assert check(settings, Address(port=_free())) == []
    with pytest.raises(SettingsError, match=r"rag ui --set-password.*rag ui --person"):
        check(settings, Address(ANYWHERE, _free()))
    Hashed.of("heron willow weir").write(path)
    [warning] = check(settings, Address(ANYWHERE, _free()))
    assert "travel readable" in warning


def test_the_command_refuses_a_wide_address_without_a_sign_in(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SOURCEBOUND_PASSWORD_FILE", str(tmp_path / "password"))
    assert cli.run(["ui", "--host", ANYWHERE, "--no-browser"]) == 2
    assert "people have to sign in" in capsys.readouterr().err


def test_people_are_named_one_by_one() -> None:
    assert read_settings(people=["Ada@Example.org", "ada@example.org"]).people == (
        "ada@example.org",
    )
    for wrong in ("*", "*@example.org", "@example.org", "example.org", "a@b,c@d", "a@b c@d"):
        with pytest.raises(SettingsError, match="people"):
            read_settings(people=[wrong])


def test_a_provider_has_to_be_described(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    settings = read_settings(people=["ada@example.org"])
    with pytest.raises(SettingsError, match="lacks redirect_uri and cookie_secret"):
        check(settings, Address(ANYWHERE, _free()))
    secrets = tmp_path / ".streamlit" / "secrets.toml"
    secrets.parent.mkdir()
    secrets.write_text('[auth]\nredirect_uri = "https://x"\ncookie_secret = "y"\n')
    if importlib.util.find_spec("authlib"):
        assert len(check(settings, Address(ANYWHERE, _free()))) == 1
    else:
        with pytest.raises(SettingsError, match=r"sourcebound\[signin\]"):
            check(settings, Address(ANYWHERE, _free()))


def test_certificate_and_key_are_looked_at_before(tmp_path: Path) -> None:
    settings = read_settings(password_file=tmp_path / "password")
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")
    with pytest.raises(SettingsError, match="go together"):
        check(settings, Address(port=_free(), certificate=broken))
    with pytest.raises(SettingsError, match="no certificate with its key"):
        check(settings, Address(port=_free(), certificate=broken, key=broken))


def test_a_taken_port_is_said() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(SourceboundError, match=f"--port {port + 1}"):
            check(read_settings(), Address(port=port))


def test_a_page_of_another_origin_makes_nobody_ask_the_net(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit would ask a server for this machine's address, to compare; tests refuse that."""
    monkeypatch.setattr("streamlit.net_util.get_external_ip", None)
    launch.stay_here()
    assert is_url_from_allowed_origins("http://127.0.0.1:8501")
    assert not is_url_from_allowed_origins("https://elsewhere.example")
