"""Turns at something that serves one at a time, in the order of arrival."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_LOOK = 0.5
"""Seconds after which one who waits looks whether anybody still wants it."""


class Turns:
    """A lock that is fair and tells those who wait how many are ahead of them.

    A `threading.Lock` gives no order: whoever asks often gets it often. Any thread may call.
    """

    def __init__(self) -> None:
        self._line: deque[object] = deque()
        self._moved = threading.Condition()

    def __len__(self) -> int:
        """How many there are: the one whose turn it is, and all who wait."""
        return len(self._line)

    @contextmanager
    def turn(
        self,
        ahead: Callable[[int], None] = lambda count: None,
        gone: Callable[[], bool] = lambda: False,
    ) -> Iterator[bool]:
        """Wait for one's turn and hold it; yields True.

        `ahead` is told how many are ahead, 1 and more, whenever that changes, and nothing when it
        is one's turn at once. `gone` is asked now and then whether nobody waits for this any more;
        then the place is given up, and False comes at once, without the turn.
        """
        mine = object()
        with self._moved:
            self._line.append(mine)
        try:
            yield self._wait(mine, ahead, gone)
        finally:
            with self._moved:
                self._line.remove(mine)
                self._moved.notify_all()

    def _wait(self, mine: object, ahead: Callable[[int], None], gone: Callable[[], bool]) -> bool:
        told = 0
        while True:
            with self._moved:
                before = self._line.index(mine)
                if before == told and before:
                    self._moved.wait(_LOOK)
                    before = self._line.index(mine)
            if not before:
                return True
            if gone():
                return False
            if before != told:
                # Outside the lock: what is told may take its time, and others go on meanwhile.
                ahead(before)
                told = before


def in_words(ahead: int) -> str:
    """What to say to one who waits."""
    return f"Waiting: {ahead} {'question' if ahead == 1 else 'questions'} ahead of yours."
