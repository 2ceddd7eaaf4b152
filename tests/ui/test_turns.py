"""Turns: one at a time, in the order of arrival, and those who wait know how many are ahead."""

from __future__ import annotations

import threading
import time

from ui.page.turns import Turns, in_words

SECONDS = 20.0


def _until(turns: Turns, count: int) -> None:
    end = time.monotonic() + SECONDS
    while len(turns) != count:
        assert time.monotonic() < end
        time.sleep(0.005)


def test_turns_come_in_order_one_at_a_time_and_say_who_is_ahead() -> None:
    turns = Turns()
    order: list[int] = []
    told: dict[int, list[int]] = {number: [] for number in range(4)}
    at_work = 0

    def work(number: int) -> None:
        nonlocal at_work
        with turns.turn(told[number].append) as mine:
            assert mine
            at_work += 1
            assert at_work == 1
            order.append(number)
            time.sleep(0.05)
            at_work -= 1

    with turns.turn():
        threads = []
        for number in range(4):
            threads.append(threading.Thread(target=work, args=(number,)))
            threads[-1].start()
            _until(turns, number + 2)
        end = time.monotonic() + SECONDS
        while not all(told.values()):
            assert time.monotonic() < end
            time.sleep(0.005)
    for thread in threads:
        thread.join(SECONDS)
    assert order == [0, 1, 2, 3]
    for number, counts in told.items():
        assert counts[0] == number + 1
        assert counts == sorted(counts, reverse=True)
    assert len(turns) == 0


def test_who_is_alone_waits_for_nobody() -> None:
    told: list[int] = []
    with Turns().turn(told.append) as mine:
        assert mine
    assert told == []


def test_who_gives_up_leaves_the_line() -> None:
    turns = Turns()
    gone = threading.Event()
    found: list[bool] = []

    def wait() -> None:
        with turns.turn(gone=gone.is_set) as mine:
            found.append(mine)

    with turns.turn():
        thread = threading.Thread(target=wait)
        thread.start()
        _until(turns, 2)
        gone.set()
        thread.join(SECONDS)
        assert found == [False]
        assert len(turns) == 1


def test_a_turn_that_breaks_is_given_on() -> None:
    turns = Turns()
    try:
        with turns.turn():
            raise RuntimeError("broken")
    except RuntimeError:
        pass
    with turns.turn() as mine:
        assert mine


def test_waiting_is_said() -> None:
    assert in_words(1) == "Waiting: 1 question ahead of yours."
    assert in_words(3) == "Waiting: 3 questions ahead of yours."
