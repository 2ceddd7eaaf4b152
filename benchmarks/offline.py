"""Run the tests where there is no network but this machine's own address.

    unshare --map-root-user --net python -m benchmarks.offline [PYTEST ARGUMENTS]

A fresh network namespace has no routes, and even 127.0.0.1 is down until it is switched on.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import sys

_SET_FLAGS, _UP = 0x8914, 0x1  # SIOCSIFFLAGS and IFF_UP of <linux/sockios.h> and <linux/if.h>


def main(arguments: list[str]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SET_FLAGS, struct.pack("16sH14x", b"lo", _UP))
        try:
            control.connect(("192.0.2.1", 9))
        except OSError as error:
            print(f"Nothing is reachable from here: {error}.")
        else:
            sys.exit("There is a route out; start this inside: unshare --map-root-user --net")
    os.execv(sys.executable, [sys.executable, "-m", "pytest", "-q", *arguments])


if __name__ == "__main__":
    main(sys.argv[1:])
