"""Start the page: Streamlit on 127.0.0.1, with our settings handed over."""

from __future__ import annotations

import json
import os
import socket
import sys
from pathlib import Path
from typing import NoReturn

from rag.errors import SourceboundError
from rag.settings import PREFIX, Settings

HOST = "127.0.0.1"


def address(port: int) -> str:
    return f"http://{HOST}:{port}"


def run(settings: Settings, *, port: int, open_browser: bool) -> NoReturn:
    """Serve the page until it is interrupted. Raises `SourceboundError` when the port is taken."""
    if _taken(port):
        raise SourceboundError(
            f"Port {port} on {HOST} is taken, perhaps by another page. "
            f"Close it, or choose another port: rag ui --port {port + 1}"
        )
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        str(Path(__file__).with_name("app.py")),
        f"--server.address={HOST}",
        f"--server.port={port}",
        f"--server.headless={'false' if open_browser else 'true'}",
        # Documents are private: no statistics, no toolbar that offers to publish.
        "--browser.gatherUsageStats=false",
        "--client.toolbarMode=minimal",
        "--server.fileWatcherType=none",
        "--server.enableXsrfProtection=true",
        "--server.enableCORS=true",
        f"--server.maxUploadSize={settings.limits.file_mb}",
    ]
    environment = {
        **os.environ,
        f"{PREFIX}LIBRARY": str(settings.library.resolve()),
        f"{PREFIX}COLLECTIONS": json.dumps([str(path.resolve()) for path in settings.collections]),
        f"{PREFIX}EMBEDDER": settings.embedder,
        f"{PREFIX}GENERATOR": settings.generator,
        f"{PREFIX}ENDPOINT": settings.endpoint,
        f"{PREFIX}RERANKER": settings.reranker,
    }
    # This process becomes the page: whoever ends it ends the page, and nothing is left behind.
    os.execve(sys.executable, command, environment)


def _taken(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False
