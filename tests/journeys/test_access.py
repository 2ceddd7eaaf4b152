"""Who may open the page, and what of it is served."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.journeys.conftest import Served

pytestmark = [pytest.mark.browser, pytest.mark.models]


def test_ending_the_command_ends_the_page(tmp_path: Path) -> None:
    server = Served(tmp_path / "library")
    server.wait()
    server.stop()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", server.port), 5)


def test_only_this_machine_is_served(served: Served) -> None:
    listening = [
        line.split()[1]
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for line in Path(table).read_text().splitlines()[1:]
        if line.split()[3] == "0A" and line.split()[1].endswith(f":{served.port:04X}")
    ]
    # 127.0.0.1 in the kernel's notation.
    assert listening == [f"0100007F:{served.port:04X}"]
