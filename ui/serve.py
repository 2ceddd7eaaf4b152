"""Start the page: Streamlit, with our settings handed over.

On 127.0.0.1 by itself. On any other address only where people have to sign in: whoever reaches the
page reads every document.
"""

from __future__ import annotations

import importlib.util
import ipaddress
import json
import os
import socket
import ssl
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from rag.errors import SettingsError, SourceboundError
from rag.settings import PREFIX, Settings
from ui import theme
from ui.password import Hashed

HOST = "127.0.0.1"

_SECRETS = Path(".streamlit", "secrets.toml")
_NEEDED = ("redirect_uri", "cookie_secret")


@dataclass(frozen=True, slots=True)
class Address:
    """Where the page is served: an address of this machine, and a name that browsers know it by.

    `certificate` and `key` are PEM files, both or none.
    """

    host: str = HOST
    port: int = 8501
    name: str = ""
    certificate: Path | None = None
    key: Path | None = None

    @property
    def url(self) -> str:
        scheme = "https" if self.certificate else "http"
        host = self.name or self.host
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}"


def is_loopback(host: str | None) -> bool:
    """Whether only this machine reaches the address; not known means no."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def run(settings: Settings, address: Address, *, open_browser: bool) -> NoReturn:
    """Serve the page until it is interrupted; call `check` before."""
    command = [
        sys.executable,
        # Not from the current folder, which may hold another `ui`.
        "-P",
        "-m",
        "ui.launch",
        "run",
        str(Path(__file__).with_name("app.py")),
        *_options(settings, address, open_browser),
    ]
    environment = {
        **os.environ,
        f"{PREFIX}LIBRARY": str(settings.library.resolve()),
        f"{PREFIX}COLLECTIONS": json.dumps([str(path.resolve()) for path in settings.collections]),
        f"{PREFIX}EMBEDDER": settings.embedder,
        f"{PREFIX}GENERATOR": settings.generator,
        f"{PREFIX}ENDPOINT": settings.endpoint,
        f"{PREFIX}RERANKER": settings.reranker,
        f"{PREFIX}PASSWORD_FILE": str(settings.password_file.resolve()),
        f"{PREFIX}PEOPLE": json.dumps(settings.people),
    }
    # This process becomes the page: whoever ends it ends the page, and nothing is left behind.
    os.execve(sys.executable, command, environment)


def check(settings: Settings, address: Address) -> list[str]:
    """What to know before the page is served, as sentences.

    Raises `SettingsError` where it would be open to people who have not signed in, or TLS cannot
    be had, and `SourceboundError` when the port is taken.
    """
    wide = not is_loopback(address.host)
    password = Hashed.read(settings.password_file)
    if settings.people:
        _check_provider()
    elif wide and password is None:
        raise SettingsError(
            f"On {address.host} other machines reach the page, so people have to sign in. Either "
            "set a password: rag ui --set-password. Or let a provider of identities sign them in: "
            "describe it under [auth] in .streamlit/secrets.toml, and name who may come in: "
            "rag ui --person ada@example.org"
        )
    _check_certificate(address)
    if _taken(address):
        raise SourceboundError(
            f"Port {address.port} on {address.host} cannot be had, perhaps because of another "
            f"page. Close it, or choose another port: rag ui --port {address.port + 1}"
        )
    found = []
    if wide and not address.certificate:
        found.append(
            "Without --certificate and --key, documents and the password travel readable for "
            "whoever is on the network, unless a proxy in front of the page adds TLS."
        )
    if settings.people and password is not None:
        found.append("People sign in with their provider; the password is not asked for.")
    return found


def _options(settings: Settings, address: Address, open_browser: bool) -> Iterator[str]:
    yield f"--server.address={address.host}"
    yield f"--server.port={address.port}"
    yield f"--server.headless={'false' if open_browser else 'true'}"
    # Documents are private: no statistics, no toolbar that offers to publish.
    yield "--browser.gatherUsageStats=false"
    yield "--client.toolbarMode=minimal"
    # What breaks where no view catches it may quote a document.
    yield "--client.showErrorDetails=none"
    yield "--server.fileWatcherType=none"
    yield "--server.enableXsrfProtection=true"
    yield "--server.enableCORS=true"
    yield f"--server.maxUploadSize={settings.limits.file_mb}"
    if address.name:
        # A page of another name is not let in: this one is.
        yield f"--browser.serverAddress={address.name}"
    if address.certificate and address.key:
        yield f"--server.sslCertFile={address.certificate.resolve()}"
        yield f"--server.sslKeyFile={address.key.resolve()}"
    yield from theme.options()


def _check_provider() -> None:
    """Is the sign-in by a provider described, and the library for it there?"""
    described: dict[str, object] = {}
    for path in (Path.home() / _SECRETS, Path.cwd() / _SECRETS):
        try:
            described |= tomllib.loads(path.read_text(encoding="utf-8")).get("auth", {})
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            raise SettingsError(f"{path} cannot be read: {error}") from error
    missing = [name for name in _NEEDED if not described.get(name)]
    if missing:
        raise SettingsError(
            f"{_SECRETS} lacks {' and '.join(missing)} under [auth]. It describes your provider: "
            "redirect_uri, cookie_secret, client_id, client_secret and server_metadata_url."
        )
    if importlib.util.find_spec("authlib") is None:
        raise SettingsError(
            'Signing in by a provider needs one more library: pip install "sourcebound[signin]"'
        )


def _check_certificate(address: Address) -> None:
    if not address.certificate and not address.key:
        return
    if not address.certificate or not address.key:
        raise SettingsError("--certificate and --key go together: give both, or neither.")
    try:
        # Never asks on the terminal for a key that is locked: Streamlit could not open it either.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
            address.certificate, address.key, password=""
        )
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"{address.certificate} and {address.key} are no certificate with its key, as PEM "
            f"files without a password: {error}"
        ) from error


def _taken(address: Address) -> bool:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address.host, address.port))
        except OSError:
            return True
    return False
