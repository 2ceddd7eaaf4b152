"""Numbers in a text, in one spelling, so that they can be compared."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_NUMBER_WORDS = {
    word: str(value)
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
        "fifteen sixteen seventeen eighteen nineteen twenty".split()
    )
} | {"thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "seventy": "70"}
_NUMBER_WORDS |= {"eighty": "80", "ninety": "90", "hundred": "100", "thousand": "1000"}
_NUMBER_WORDS |= {"million": "million", "billion": "billion", "trillion": "trillion"}
# "one" is mostly a pronoun.
del _NUMBER_WORDS["one"]


def numbers(text: str) -> set[str]:
    """Numbers in one spelling: "1,000" is "1000", "2.50" is "2.5", "three" is "3"."""
    found = {plain(match) for match in _NUMBER.findall(text)}
    words = re.findall(r"[a-z]+", text.lower())
    return found | {_NUMBER_WORDS[word] for word in words if word in _NUMBER_WORDS}


def plain(number: str) -> str:
    """A number in digits without grouping marks, needless zeros and decimal commas."""
    grouped = re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", number)
    number = number.replace(",", "") if grouped else number.replace(",", ".")
    if number.count(".") == 1:
        number = number.rstrip("0").rstrip(".")
    return number.lstrip("0") or "0"
