"""Cleans texts of users for a line, a page or a link."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import regex

LONGEST_SUBJECT = 120  # characters
# Characters; a reminder has at most 1,000, but other producers can send more
LONGEST_MESSAGE = 2_000
LONGEST_ADDRESS = 2_048  # characters

# Line feeds and tabs are text. Other control characters could change a terminal, a header or the
# words around them.
STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
GAPS = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
UNFIT_FOR_ADDRESS = re.compile(r"[\s\x00-\x20\x7f-\xa0\"<>\\^`{|}\u2028-\u202e\u2066-\u2069]")


def clean(message: str) -> str:
    """Return the text without control characters, cut at the longest readable length."""
    lines = message.replace("\r\n", "\n").replace("\r", "\n")
    return cut(STEERING.sub("", lines).strip(), LONGEST_MESSAGE)


def to_one_line(text: str, longest: int = LONGEST_SUBJECT) -> str:
    """Return the text on one line, cut at the length of a subject."""
    return cut(STEERING.sub("", GAPS.sub(" ", text)).strip(), longest)


def cut(text: str, longest: int) -> str:
    """Return at most `longest` characters, cut between graphemes."""
    return _cut(text, longest, len)


def cut_bytes(text: str, longest: int) -> str:
    """Return at most `longest` bytes of UTF-8, cut between graphemes."""
    return _cut(text, longest, lambda part: len(part.encode()))


def _cut(text: str, longest: int, size: Callable[[str], int]) -> str:
    if size(text) <= longest:
        return text
    left, kept = longest - size("…"), []
    for grapheme in regex.findall(r"\X", text[:longest]):
        left -= size(grapheme)
        if left < 0:
            break
        kept.append(grapheme)
    return "".join(kept).rstrip() + "…"


def safe_web_address(text: str | None) -> str | None:
    """Return an address for a link, or None unless it is plain http or https."""
    if not text or len(text) > LONGEST_ADDRESS or UNFIT_FOR_ADDRESS.search(text):
        return None
    try:
        parts = urlsplit(text)
        return text if parts.scheme in ("http", "https") and parts.hostname else None
    except ValueError:
        return None
