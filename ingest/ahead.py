"""Work that runs ahead of the one who uses its results, in order and within bounds."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from itertools import islice
from types import TracebackType
from typing import Generic, Self, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_ITEMS = 64


class Ahead(Generic[Item, Result]):
    """Does `work` on each item in a thread of its own; `take` hands on the results in order.

    The thread begins no new item while results of more than `most` weight wait to be taken, so that
    what waits is bounded however much there is to do.
    """

    def __init__(
        self,
        items: Iterable[Item],
        work: Callable[[Item], Result],
        weight: Callable[[Result], int],
        most: int,
    ) -> None:
        self._items = iter(items)
        self._work = work
        self._weight = weight
        self._most = most
        self._waiting = 0
        self._stopped = False
        self._changed = threading.Condition()
        self._thread = ThreadPoolExecutor(1, "ahead")
        self._futures: deque[Future[Result]] = deque()
        self._fill()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._thread.shutdown(cancel_futures=True)

    @property
    def done(self) -> bool:
        """Whether everything was taken."""
        return not self._futures

    @property
    def ready(self) -> bool:
        """Whether `take` would return at once."""
        return bool(self._futures) and self._futures[0].done()

    def take(self) -> Result:
        """The next result; raises what `work` raised."""
        result = self._futures.popleft().result()
        with self._changed:
            self._waiting -= self._weight(result)
            self._changed.notify_all()
        self._fill()
        return result

    def _fill(self) -> None:
        for item in islice(self._items, _ITEMS - len(self._futures)):
            self._futures.append(self._thread.submit(self._run, item))

    def _run(self, item: Item) -> Result:
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or self._waiting < self._most)
            if self._stopped:
                raise CancelledError
        result = self._work(item)
        with self._changed:
            self._waiting += self._weight(result)
        return result
