"""Reads the content lines of an iCalendar file (RFC 5545, 3.1) within limits.

A fold can split a character, so lines are unfolded before they are decoded. Only the properties
that an import reads are kept.
"""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass

from service_runtime.problems import Problem

from reminder_service.calendar.skipped import Skipped

MOST_LINES = 50_000
LONGEST_LINE = 32 * 1024  # bytes, unfolded
KEPT = frozenset(
    "BEGIN END UID DTSTAMP LAST-MODIFIED SEQUENCE RECURRENCE-ID DTSTART DTEND DUE DURATION "
    "SUMMARY DESCRIPTION URL PRIORITY STATUS COMPLETED PERCENT-COMPLETE RRULE RDATE EXDATE EXRULE "
    "ACTION TRIGGER TZID TZOFFSETFROM TZOFFSETTO X-WR-TIMEZONE X-WR-CALNAME METHOD "
    "X-MOZ-SNOOZE-TIME".split()
)
_MARKS = [  # UTF-32 first, because its mark starts like that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
]
_WIDE = ("utf-16", "utf-32")
_ACCEPTED = ("utf-8", "ascii", "iso8859-", "cp125", *_WIDE)


@dataclass(frozen=True, slots=True)
class Line:
    """Represents an unfolded line; `number` is that of its first physical line."""

    number: int
    name: str
    text: str
    is_whole: bool = True


def read_lines(content: bytes, charset: str | None, skipped: Skipped) -> Iterator[Line]:
    """Return the lines that an import reads; raise a Problem if the file has too many lines."""
    octets, encoding = _octets(content, charset)
    if (count := octets.count(b"\n")) > MOST_LINES:
        detail = f"Expected at most {MOST_LINES} lines; got {count}. Split the file."
        raise Problem(422, "INVALID_CALENDAR", detail)
    for number, name, raw in _unfold(octets, skipped):
        if len(raw) > LONGEST_LINE:
            skipped.add("LINE_TOO_LONG", number)
        whole, raw = len(raw) <= LONGEST_LINE, raw[:LONGEST_LINE]
        try:
            text = raw.decode(encoding, "strict" if whole else "ignore")
        except UnicodeDecodeError as error:
            if charset is None:
                raise _not_utf_8(number, error.start) from None
            skipped.add("UNDECODABLE_LINE", number)
        else:
            yield Line(number, name, text, whole)


def _octets(content: bytes, charset: str | None) -> tuple[bytes, str]:
    """Return the octets in an encoding with single octets for line ends, and its name."""
    encoding = _encoding(charset)
    for mark, marked in _MARKS:
        if content.startswith(mark):
            content, encoding = content.removeprefix(mark), marked
            break
    if not encoding.startswith(_WIDE):
        return content, encoding
    return content.decode(encoding, "replace").encode(), "utf-8"


def _encoding(charset: str | None) -> str:
    try:
        name = codecs.lookup(charset or "utf-8").name
    except (LookupError, ValueError):
        name = ""
    if not name.startswith(_ACCEPTED):
        detail = (
            "Expected the charset utf-8, utf-16, utf-32, us-ascii, iso-8859-1 to 16 "
            f"or windows-1250 to 1258; got {(charset or '')[:40]!r}."
        )
        raise Problem(415, "UNSUPPORTED_CHARSET", detail)
    return name


def _not_utf_8(line: int, byte: int) -> Problem:
    detail = (
        f"Line {line} is not UTF-8 (byte {byte} of the line). Send the file as UTF-8, or name its "
        "charset, for example `Content-Type: text/calendar; charset=windows-1252`."
    )
    return Problem(400, "MALFORMED_BODY", detail)


def _unfold(octets: bytes, skipped: Skipped) -> Iterator[tuple[int, str, bytes]]:
    """Yield number, name and octets of each kept line, cut a little above the limit."""
    kept: tuple[int, str, bytearray] | None = None
    for number, raw in enumerate(octets.split(b"\n"), 1):
        raw = raw.rstrip(b"\r")
        if raw[:1] in (b" ", b"\t"):
            if kept and len(kept[2]) <= LONGEST_LINE:
                kept[2].extend(raw[1 : LONGEST_LINE + 2])
        elif raw:
            if kept:
                yield kept[0], kept[1], bytes(kept[2])
            name = _name(raw)
            kept = (number, name, bytearray(raw[: LONGEST_LINE + 1])) if name in KEPT else None
            if not name:
                skipped.add("UNREADABLE_LINE", number)
    if kept:
        yield kept[0], kept[1], bytes(kept[2])


def _name(raw: bytes) -> str:
    """Return the name of the property in upper case, or empty for other lines."""
    before, colon, _ = raw.partition(b":")
    name = before.partition(b";")[0].strip()
    if not colon or not name.replace(b"-", b"").isalnum():
        return ""
    return name.decode("latin-1").upper()
