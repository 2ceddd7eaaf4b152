"""Places in a file, joined to one that reaches from the first to the last."""

from __future__ import annotations

import pytest

from ingest.place import between


@pytest.mark.parametrize(
    ("first", "last", "joined"),
    [
        ("line 3", "line 3", "line 3"),
        ("line 3", "line 9", "lines 3-9"),
        ("Prices!A5:D5", "Prices!B12:F12", "Prices!A5:F12"),
        ("Prices!A5", "Prices!AA7", "Prices!A5:AA7"),
        ("Prices!A5:D5", "Costs!A1:B1", "Prices!A5:D5 to Costs!A1:B1"),
        ("part 2, line 4", "part 2, line 8", "part 2, lines 4-8"),
        ("part 2, line 4", "part 3, line 8", "part 2, line 4 to part 3, line 8"),
        ("", "line 9", "line 9"),
        ("line 3", "", "line 3"),
        ("", "", ""),
    ],
)
def test_reaches_from_first_to_last(first: str, last: str, joined: str) -> None:
    assert between(first, last) == joined
