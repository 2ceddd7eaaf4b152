"""Work ahead: in order, bounded, and ended at once."""

from __future__ import annotations

import threading

import pytest

from ingest.ahead import Ahead


def test_results_come_in_the_order_of_the_items() -> None:
    with Ahead(range(500), lambda item: item * 2, lambda result: 1, 10) as ahead:
        found = []
        while not ahead.done:
            found.append(ahead.take())
    assert found == [item * 2 for item in range(500)]


def test_no_more_weight_waits_than_allowed() -> None:
    begun: list[int] = []
    third = threading.Event()

    def work(item: int) -> int:
        begun.append(item)
        if len(begun) == 3:
            third.set()
        return item

    with Ahead(range(100), work, lambda result: 5, 15) as ahead:
        assert third.wait(10)
        assert not threading.Event().wait(0.1)
        assert begun == [0, 1, 2]  # three wait with a weight of 15: no fourth is begun
        assert ahead.ready
        assert [ahead.take() for _ in range(100)] == list(range(100))


def test_what_fails_is_raised_where_it_is_taken() -> None:
    def work(item: int) -> int:
        if item == 3:
            raise KeyError(item)
        return item

    with Ahead(range(5), work, lambda result: 0, 1) as ahead:
        assert [ahead.take() for _ in range(3)] == [0, 1, 2]
        with pytest.raises(KeyError):
            ahead.take()
        assert ahead.take() == 4


def test_leaving_early_begins_nothing_more() -> None:
    begun: list[int] = []

    def work(item: int) -> int:
        begun.append(item)
        return item

    # The second waits for the first to be taken: it must neither begin nor hold up the end.
    with Ahead(range(1000), work, lambda result: 1, 1) as ahead:
        while not ahead.ready:
            pass
    assert begun == [0]
