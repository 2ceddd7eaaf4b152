"""Retrieved text is data. Text that reads like an instruction is labelled, never obeyed.

A label is for the reader. What keeps instructions harmless is elsewhere: no tools, nothing fetched,
document text never becomes template marks, and every sentence is checked against its quote.
"""

from __future__ import annotations

import re

INSTRUCTION = "reads like an instruction"

# Narrow on purpose: a label on ordinary text ("ignore the noise") teaches people to overlook it.
_PATTERNS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?:ignore|disregard|forget|override)\b.{0,30}\b(?:previous|prior|above|earlier|all|"
        r"your|any|the)\b.{0,20}\b(?:instruction|prompt|rule|direction|command|guideline)s?\b",
        r"\byou are now\b.{0,40}\b(?:assistant|model|ai|bot|mode|unrestricted|dan)\b",
        r"\b(?:reveal|print|repeat|show|output)\b.{0,30}\b(?:system|hidden|initial)\s+prompt\b",
        r"\b(?:system|developer)\s*(?:prompt|message|instruction)s?\s*:",
        r"<\|(?:im_start|im_end|system|user|assistant|endoftext)\|>|\[/?INST\]|<</?SYS>>",
        r"\b(?:do not|don't|never)\b.{0,20}\b(?:tell|inform|mention|warn)\b.{0,20}\buser\b",
        r"\b(?:assistant|chatbot|language model|llm)\b.{0,20}\b(?:must|should) (?:now )?"
        r"(?:answer|respond|reply|say|output|ignore)\b",
        r"\binstead,? (?:answer|respond|reply|say|output)\b.{0,40}[\"'“:]",
    )
]


def flags(text: str) -> tuple[str, ...]:
    """Labels for a stretch of document text; () for nearly all of it."""
    if any(pattern.search(text) for pattern in _PATTERNS):
        return (INSTRUCTION,)
    return ()
