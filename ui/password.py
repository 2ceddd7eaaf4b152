"""The page's password: a salted hash in a file of its own, compared in constant time."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
import stat
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rag.errors import SettingsError

SHORTEST = 8
"""Characters of a password."""

LONGEST = 1024
"""Characters that are looked at: nobody types more, and a megabyte would cost time to hash."""

_KIND = "scrypt"
_COST = 2**17  # with blocks of 8: 128 MiB and a third of a second for each guess
_BLOCK = 8
_LANES = 1
_SALT = 16
_MEMORY = 256 * 2**20
_FREE = 3  # wrong attempts before one has to wait
_LONGEST_WAIT = 60.0


@dataclass(frozen=True, slots=True)
class Hashed:
    """A password's salted hash; `text` is how a file holds it."""

    salt: bytes
    digest: bytes

    @classmethod
    def of(cls, password: str) -> Hashed:
        """Raises `SettingsError` for a password that is too short or too long."""
        if not SHORTEST <= len(password) <= LONGEST:
            raise SettingsError(
                f"A password needs at least {SHORTEST} characters, and at most {LONGEST:,}. "
                "Several words that nobody would guess are best."
            )
        salt = secrets.token_bytes(_SALT)
        return cls(salt, _digest(password, salt))

    @classmethod
    def read(cls, path: Path) -> Hashed | None:
        """What the file holds, None where there is no file.

        Raises `SettingsError` where it cannot be read, is no such file, or is open to other users.
        """
        try:
            with path.open(encoding="ascii") as file:
                mode = os.fstat(file.fileno()).st_mode
                kind, salt, digest = file.read(1024).split("$")
            found = cls(_bytes(salt), _bytes(digest))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SettingsError(
                f"The file of the password cannot be read: {error.strerror}: {path}"
            ) from error
        except ValueError as error:
            raise SettingsError(_broken(path)) from error
        if kind != _KIND or len(found.salt) != _SALT or not found.digest:
            raise SettingsError(_broken(path))
        if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise SettingsError(
                f"Other users of this machine can open {path}. Close it to them: chmod 600 {path}"
            )
        return found

    def write(self, path: Path) -> None:
        """Put it into the file, which only its owner may read; in one step, so never half of it."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # mkstemp makes a file of mode 600.
            handle, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
            try:
                with os.fdopen(handle, "w", encoding="ascii") as file:
                    file.write(self.text)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(aside, path)
            except BaseException:
                os.unlink(aside)
                raise
        except OSError as error:
            raise SettingsError(
                f"The password cannot be kept in {path}: {error.strerror}. Name another place by "
                "the setting password_file."
            ) from error

    @property
    def text(self) -> str:
        parts = (base64.b64encode(each).decode() for each in (self.salt, self.digest))
        return "$".join((_KIND, *parts))

    def matches(self, password: str) -> bool:
        return len(password) <= LONGEST and hmac.compare_digest(
            self.digest, _digest(password, self.salt)
        )


class Attempts:
    """Wrong attempts of all visitors together: each makes the next wait longer.

    Of all together, because an address is easily changed. Whoever has signed in is not held up.
    `clock` gives seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._wrong = 0
        self._next = 0.0

    def wait(self) -> float:
        """Seconds until the next attempt is looked at; 0 for now."""
        return max(0.0, self._next - self._clock())

    def admits(self, password: str, hashed: Hashed) -> bool:
        """Whether the password is right. An attempt that comes too early is wrong, unseen.

        One at a time: many at once would take 128 MiB each.
        """
        with self._lock:
            if self.wait() > 0:
                return False
            if hashed.matches(password):
                self._wrong = 0
                return True
            self._wrong += 1
            if self._wrong >= _FREE:
                wait = min(_LONGEST_WAIT, 2.0 ** min(self._wrong - _FREE, 10))
                self._next = self._clock() + wait
            return False


def _digest(password: str, salt: bytes) -> bytes:
    # Encoded so that every text can be: a lone surrogate is no reason to break.
    return hashlib.scrypt(
        password.encode(errors="surrogatepass"),
        salt=salt,
        n=_COST,
        r=_BLOCK,
        p=_LANES,
        maxmem=_MEMORY,
    )


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text.strip(), validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error


def _broken(path: Path) -> str:
    return f"{path} does not hold a password. Set it again: rag ui --set-password"
