"""Dates and periods as people write them, in one form: "2022", "2023-Q2", "2022-07", "2022-07-01".

English month names; day first or month first only where the month is spelt out.
"""

from __future__ import annotations

import calendar
import datetime
import re
from collections.abc import Iterator

_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}
_MONTHS |= {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}
_MONTHS["sept"] = 9
_MONTH = "(?P<month>" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\.?"
_QUARTERS = {"first": 1, "second": 2, "third": 3, "fourth": 4}
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_FISCAL = r"(?:fy|cy|(?:fiscal|financial|calendar)(?: year)?)?[ ']{0,3}"
_SHORT = rf"(?:{_FISCAL}{_YEAR}|fy[ ']{{0,3}}(?P<short>\d\d))"

_FORMS = [
    re.compile(pattern)
    for pattern in (
        rf"(?<!\d){_YEAR}[-/.](?P<month>\d{{1,2}})[-/.](?P<day>\d{{1,2}})(?!\d)",
        rf"(?<!\d){_YEAR}(?P<month>0[1-9]|1[0-2])(?P<day>[0-3]\d)(?!\d)",
        rf"\b{_MONTH} (?P<day>\d{{1,2}})(?:st|nd|rd|th)?,? {_YEAR}(?!\d)",
        rf"(?<!\d)(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? {_MONTH},? {_YEAR}(?!\d)",
        rf"\b{_MONTH},? {_YEAR}(?!\d)",
        r"(?<!\d)(?P<year>(?:19|20)\d\d)[- ]?q(?P<quarter>[1-4])(?!\d)",
        rf"\bq(?P<quarter>[1-4])[ ',-]{{0,3}}(?:of )?(?:the )?{_SHORT}(?!\d)",
        rf"(?<!\d)(?P<quarter>[1-4])q[ ',-]{{0,3}}{_SHORT}(?!\d)",
        rf"\b(?P<spelt>first|second|third|fourth) quarter,?(?: of| in)?(?: the)? ?{_SHORT}(?!\d)",
        rf"(?<!\d){_YEAR}-(?P<month>0[1-9]|1[0-2])(?![-\d])",
        rf"(?<![\d.,]){_FISCAL}{_YEAR}(?![\d%]|[.,]\d)",
        r"\bfy[ ']{0,3}(?P<short>\d\d)(?!\d)",
    )
]
_CUE = re.compile(
    r"\b(?:ended|ending|dated|date|as of|as at|effective|valid from|published|updated|issued|"
    r"revised|released|version of|edition of|last modified|posted)\b[^.\n]{0,40}$"
)
_BEGINNING = 3_000  # characters in which a document says of what date it is


def periods(text: str) -> list[str]:
    """The dates and periods named in a text, each once, in the order of their places."""
    lowered = re.sub(r"[\s_]+", " ", text.lower())
    return list(dict.fromkeys(period for _, period in _found(lowered)))


def document_date(title: str, text: str) -> str:
    """What date or period a document gives itself, "" where it gives none.

    The most exact one in its title; else the first in its beginning that a word like "ended" or
    "dated" stands before. Other dates near the beginning are about anything.
    """
    named = periods(title)
    if named:
        return max(named, key=len)
    lowered = re.sub(r"[\s_]+", " ", text[:_BEGINNING].lower())
    for start, period in _found(lowered):
        if _CUE.search(lowered, max(0, start - 60), start):
            return period
    return ""


def bounds(period: str) -> tuple[datetime.date, datetime.date]:
    """First and last day of a period. Raises `ValueError` where it is none."""
    if match := re.fullmatch(r"(\d{4})-Q([1-4])", period):
        year, last = int(match[1]), int(match[2]) * 3
        return datetime.date(year, last - 2, 1), _last(year, last)
    if re.fullmatch(r"\d{4}", period):
        return datetime.date(int(period), 1, 1), datetime.date(int(period), 12, 31)
    if match := re.fullmatch(r"(\d{4})-(\d\d)", period):
        return datetime.date(int(match[1]), int(match[2]), 1), _last(int(match[1]), int(match[2]))
    day = datetime.date.fromisoformat(period)
    return day, day


def tokens(period: str) -> tuple[str, ...]:
    """What two periods are compared by, from the year to the day: "2023", "q2", "2023-q2"."""
    if "Q" in period:
        year, quarter = period.lower().split("-")
        return year, quarter, period.lower()
    parts = period.split("-")
    return tuple("-".join(parts[: size + 1]) for size in range(len(parts)))


def _found(lowered: str) -> Iterator[tuple[int, str]]:
    taken = bytearray(len(lowered))
    hits = []
    for form in _FORMS:
        for match in form.finditer(lowered):
            start, end = match.span()
            if any(taken[start:end]):
                continue
            period = _period(match)
            if period:
                taken[start:end] = b"\1" * (end - start)
                hits.append((start, period))
    yield from sorted(hits)


def _period(match: re.Match[str]) -> str:
    parts = match.groupdict()
    short = parts.get("short")
    # Through a number, since digits of other scripts are digits too.
    year = str(int(parts.get("year") or f"20{short}"))
    quarter = parts.get("quarter") or _QUARTERS.get(parts.get("spelt") or "")
    if quarter:
        return f"{year}-Q{quarter}"
    month = parts.get("month")
    if not month:
        return year
    number = int(month) if month.isdigit() else _MONTHS[month]
    day = parts.get("day")
    try:
        made = datetime.date(int(year), number, int(day or 1))
    except ValueError:
        return ""
    return made.isoformat() if day else made.isoformat()[:7]


def _last(year: int, month: int) -> datetime.date:
    return datetime.date(year, month, calendar.monthrange(year, month)[1])
