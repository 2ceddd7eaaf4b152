"""What a browser says was pressed is taken for an act only where it can be one."""

from __future__ import annotations

import pytest

from ui.page import acts
from ui.page.acts import Act


@pytest.mark.parametrize("numbers", [(), (0,), (3, 2), (1, 2, 999_999_999)])
def test_an_act_is_read_as_it_was_written(numbers: tuple[int, ...]) -> None:
    assert acts.parse(acts.name("open", *numbers)) == Act("open", numbers)


@pytest.mark.parametrize(
    "said",
    [
        None,
        3,
        "",
        "Open:1",
        "open:",
        "open:-1",
        "open:1.5",
        "open:1:2:3:4",
        "open:1234567890",
        "open:١",
        "open:1\n",
        "a" * 21,
        {"act": "open"},
        "<script>",
    ],
)
def test_anything_else_is_none(said: object) -> None:
    assert acts.parse(said) is None
