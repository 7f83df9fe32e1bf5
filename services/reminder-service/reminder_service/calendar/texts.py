"""Chooses the texts of an imported reminder."""

import re
import unicodedata

from reminder_service.calendar.components import Part
from reminder_service.calendar.skipped import Note
from reminder_service.fields import LONGEST_MESSAGE
from reminder_service.web_address import check_web_address

STAND_INS = {"VEVENT": "Event", "VTODO": "To-do"}
_JOINER = "\u200d"
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


def message_of(part: Part, notes: list[Note]) -> str:
    """Return the summary, the description, the name of the calendar, or the kind."""
    calendar = part.parent.text("X-WR-CALNAME") if part.parent else ""
    candidates = [part.text("SUMMARY"), part.text("DESCRIPTION"), calendar]
    cleaned = (_CONTROLS.sub(" ", text) for text in candidates)
    message = next((text for text in cleaned if text.strip()), STAND_INS[part.kind])
    if not part.text("SUMMARY").strip():
        notes.append(Note(part.line, "NO_SUMMARY", f"SUMMARY is missing; used {message[:50]!r}."))
    if len(message) <= LONGEST_MESSAGE:
        return message
    detail = f"The text has {len(message)} characters and was cut to {LONGEST_MESSAGE}."
    notes.append(Note(part.line, "TEXT_CUT", detail))
    return _cut(message)


def _cut(text: str) -> str:
    """Cut the text to the limit, but not within a character of several code points."""
    end = LONGEST_MESSAGE - 1
    while end and (_joins(text[end]) or text[end - 1] == _JOINER):
        end -= 1
    return text[:end] + "…"


def _joins(character: str) -> bool:
    is_skin = "\U0001f3fb" <= character <= "\U0001f3ff"
    return is_skin or character == _JOINER or unicodedata.category(character) in ("Mn", "Me", "Mc")


def url_of(part: Part, notes: list[Note]) -> str | None:
    """Return the URL if the API accepts it; some programs write other schemes."""
    found = part.first("URL")
    if found is None or not found.value:
        return None
    try:
        return check_web_address(found.value)
    except ValueError as error:
        notes.append(Note(found.line.number, "URL_LEFT_OUT", f"The link is omitted: {error}"))
        return None
