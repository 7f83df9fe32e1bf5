"""What others wrote, made fit for a line, a page or a link."""

import re
from urllib.parse import urlsplit

LONGEST_SUBJECT = 120  # characters
LONGEST_MESSAGE = 2_000  # characters; a reminder has at most 1,000, other producers may send more
LONGEST_ADDRESS = 2_048  # characters

# Line feeds and tabs are text; the rest would steer a terminal, a header or the words around it.
STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
GAPS = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
UNFIT_FOR_ADDRESS = re.compile(r"[\s\x00-\x20\x7f-\xa0\"<>\\^`{|}\u2028-\u202e\u2066-\u2069]")


def clean(message: str) -> str:
    """The text without characters that steer, cut where no reader would read on."""
    lines = message.replace("\r\n", "\n").replace("\r", "\n")
    return cut(STEERING.sub("", lines).strip(), LONGEST_MESSAGE)


def one_line(text: str, longest: int = LONGEST_SUBJECT) -> str:
    """The text on one line, cut where a mail program would cut it."""
    return cut(STEERING.sub("", GAPS.sub(" ", text)).strip(), longest)


def cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"


def web_address(text: str | None) -> str | None:
    """An address that may be linked to; None for whatever is not plain http or https."""
    if not text or len(text) > LONGEST_ADDRESS or UNFIT_FOR_ADDRESS.search(text):
        return None
    try:
        parts = urlsplit(text)
        return text if parts.scheme in ("http", "https") and parts.hostname else None
    except ValueError:
        return None
