"""Text as it is kept: one spelling of line ends and accents, and nothing that cannot be seen.

`clean` runs before any offset is counted. What it drops are characters that no reader of the page
sees and that can therefore hide instructions or break the search for a word.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import cache

_LINE_ENDS = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_JOINERS = re.compile("[\u200c\u200d]")

# Controls, zero-width and bidirectional marks, soft hyphen, tags, byte order mark, noncharacters.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\xad\u061c\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\ufdd0-\ufdef\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f"
    + "".join(chr(plane << 16 | 0xFFFE) + chr(plane << 16 | 0xFFFF) for plane in range(1, 17))
    + "]"
)
# Those of them that ASCII holds: a set this small is looked up six times as fast.
_UNSEEN_ASCII = re.compile("[\x00-\x08\x0e-\x1b\x1f\x7f]")
# One variation selector chooses a form of the character before it; more of them only carry data.
_SELECTORS = re.compile(
    "([\ufe00-\ufe0f\U000e0100-\U000e01ef])[\ufe00-\ufe0f\U000e0100-\U000e01ef]+"
)
_SURROGATES = re.compile("[\ud800-\udfff]")

# Writing in which a joiner changes how a word is read: Arabic, Syriac, N'Ko, Indic, Myanmar, Khmer,
# Mongolian and their neighbours.
_JOINING = (
    "\u0600-\u061b\u061d-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u17b3\u17b6-\u180d\u180f-\u18af"
    "\u1900-\u1aaf\u1b00-\u1c4f\ua800-\ua82f\ua840-\ua95f\ua980-\uaa7f\uaae0-\uaaff\uabc0-\uabff"
    "\ufb50-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc\U00010a00-\U00011fff"
)
_EMOJI = "\u2190-\u2bff\ufe0f\U0001f000-\U0001faff"
_KEPT_JOINER = re.compile(
    f"(?<=[{_JOINING}])[\u200c\u200d](?=[{_JOINING}])|(?<=[{_EMOJI}])\u200d(?=[{_EMOJI}])"
)

# Blocks without any combining mark: Latin, general punctuation, currency, symbols.
_MAY_HOLD_MARKS = re.compile("[^\x00-\u02ff\u2000-\u20cf\u2100-\u2bff]")
_LONGEST_RUN_OF_MARKS = 100
_MARKS_KEPT = 30
_DOUBLE_MARKS = {
    0x0344: "\u0308\u0301",
    0x0F73: "\u0f71\u0f72",
    0x0F75: "\u0f71\u0f74",
    0x0F81: "\u0f71\u0f80",
}


def clean(text: str) -> str:
    """Return `text` in the form it is kept in; cleaning twice changes nothing more.

    Line ends become `\\n` and accents are composed (NFC). Characters that cannot be seen are
    dropped, except joiners where a script or an emoji needs them; half characters (lone surrogates)
    become U+FFFD. Lines lose trailing space, and no more than two blank lines follow each other.
    Takes time in proportion to the length.
    """
    text = _LINE_ENDS.sub("\n", text)
    text = _UNSEEN_ASCII.sub("", text) if text.isascii() else _compose(_drop_unseen(text))
    text = "\n".join([line.rstrip() for line in text.split("\n")])
    return re.sub("\n{4,}", "\n\n\n", text)


def _drop_unseen(text: str) -> str:
    kept = {match.start() for match in _KEPT_JOINER.finditer(text)}
    text = _JOINERS.sub(lambda match: match[0] if match.start() in kept else "", text)
    text = _SELECTORS.sub(r"\1", _UNSEEN.sub("", text))
    return _SURROGATES.sub("\ufffd", text)


def _compose(text: str) -> str:
    if not _MAY_HOLD_MARKS.search(text):  # five times as fast on what most of the West writes
        return unicodedata.normalize("NFC", text)
    # Sorting one run of marks takes time in the square of its length, and no script needs so many.
    text = _long_runs().sub(lambda match: match[0].translate(_DOUBLE_MARKS)[:_MARKS_KEPT], text)
    return unicodedata.normalize("NFC", text)


@cache
def _long_runs() -> re.Pattern[str]:
    """Return a pattern for runs of combining marks too long to be writing."""
    ranges: list[list[int]] = []
    for code in range(0x300, sys.maxunicode + 1):
        if unicodedata.combining(chr(code)):
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    marks = "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)
    return re.compile(f"[{marks}]{{{_LONGEST_RUN_OF_MARKS},}}")
