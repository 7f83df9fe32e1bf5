"""Writes the texts of pushes and e-mails in the user's language and time zone."""

import html
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from event_messages.content import Content, WrittenContent
from event_messages.failures import describe

from notification_service.local_times import local_time, locale_of, zone_of
from notification_service.metrics import count_failed_text
from notification_service.templates import Templates, plural_of
from notification_service.text_cleaning import clean, cut_bytes, safe_web_address, to_one_line

FALLBACK = "en"
MOST_ITEMS = 100  # items of a digest
ITEMS_OF_PUSH = 5
# Bytes. Some mail programs clip more; JSON at most doubles them, and SES takes 262,144 of those.
LARGEST_EMAIL = 100_000
LONGEST_TITLE = 100  # characters
LONGEST_LINE = 200  # characters of a message in a list
LARGEST_BODY = 1_200  # bytes; FCM accepts 4096 with the url, and phones show fewer

logger = logging.getLogger(__name__)


class Item(Content):
    """Describes one reminder in a text."""

    occurrence: datetime
    time_zone: str | None = None  # None: the zone of the reader
    missed: int = 0  # earlier occurrences without an announcement


@dataclass(frozen=True, kw_only=True)
class EmailText:
    subject: str
    text: str
    html: str

    @property
    def size(self) -> int:
        return sum(len(part.encode()) for part in (self.subject, self.text, self.html))


@dataclass(frozen=True, kw_only=True)
class PushText:
    title: str
    body: str


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Describes the recipient of a text."""

    locale: str = FALLBACK
    time_zone: str = "UTC"
    unsubscribe_url: str | None = None


class Texts:
    """Renders texts; if a template fails, uses the next language of the chain."""

    def __init__(
        self,
        templates: Templates,
        observe_failure: Callable[[str, str, str], None] = count_failed_text,
    ) -> None:
        self._templates, self._observe_failure = templates, observe_failure
        self.locales = templates.kinds()

    def email(self, kind: str, reader: Reader, items: Sequence[Item]) -> EmailText:
        """Return an e-mail with as many items as the size permits."""
        shown = min(len(items), MOST_ITEMS)
        while (text := self._email(kind, reader, items, shown)).size > LARGEST_EMAIL and shown > 1:
            shown //= 2
        return text

    def push(self, kind: str, reader: Reader, items: Sequence[Item]) -> PushText:
        for locale in self.chain(kind, reader.locale):
            try:
                return self.exact_push(kind, locale, reader, items)
            except Exception as error:
                self._report(kind, locale, "push", error)
        return plain_push(items)

    def exact_push(self, kind: str, locale: str, reader: Reader, items: Sequence[Item]) -> PushText:
        """Return the push of exactly this template; errors of the template are not caught."""
        values = values_of(locale, reader, items, min(len(items), ITEMS_OF_PUSH))
        parts = self._templates.render(kind, locale, "push", values)
        title = to_one_line(parts["title"], LONGEST_TITLE)
        return PushText(title=title, body=cut_bytes(parts["body"], LARGEST_BODY))

    def exact_email(
        self, kind: str, locale: str, reader: Reader, items: Sequence[Item], shown: int = MOST_ITEMS
    ) -> EmailText:
        """Return the e-mail of exactly this template; errors of the template are not caught."""
        values = values_of(locale, reader, items, shown)
        parts = self._templates.render(kind, locale, "email", values)
        subject = to_one_line(parts["subject"])
        return EmailText(subject=subject, text=parts["text"] + "\n", html=parts["html"] + "\n")

    def chain(self, kind: str, locale: str) -> Iterator[str]:
        """Return the locales to try, best first, for example `de-AT`, `de`, `en`."""
        known = {name.casefold(): name for name in self.locales.get(kind, ())}
        tags = locale.replace("_", "-").casefold().split("-")[:4]
        names = ["-".join(tags[:end]) for end in range(len(tags), 0, -1)]
        return (known[name] for name in dict.fromkeys([*names, FALLBACK]) if name in known)

    def _email(self, kind: str, reader: Reader, items: Sequence[Item], shown: int) -> EmailText:
        for locale in self.chain(kind, reader.locale):
            try:
                return self.exact_email(kind, locale, reader, items, shown)
            except Exception as error:
                self._report(kind, locale, "email", error)
        return plain_email(items[:shown])

    def _report(self, kind: str, locale: str, channel: str, error: Exception) -> None:
        logger.error(
            "template failed",
            extra={
                "template": f"{kind}/{locale}/{channel}",
                "reason": describe(error),
            },
        )
        self._observe_failure(kind, locale, channel)


def values_of(locale: str, reader: Reader, items: Sequence[Item], shown: int) -> dict[str, Any]:
    """Return the values of a template."""
    if not items:
        raise ValueError("Expected at least one item.")
    formats = locale_of(reader.locale.replace("_", "-"), locale)
    given = [
        {
            **{name: cleaned(getattr(item, name)) for name in WrittenContent.model_fields},
            "line": to_one_line(item.message, LONGEST_LINE),
            "url": safe_web_address(item.url),
            "missed": item.missed,
            **local_time(item.occurrence, zone_of(item.time_zone or reader.time_zone), formats),
        }
        for item in items[:shown]
    ]
    return {
        "item": given[0],
        "items": given,
        "count": len(items),
        "more": len(items) - len(given),
        "direction": formats.text_direction,
        "plural": partial(plural_of, formats),
        "unsubscribe_url": safe_web_address(reader.unsubscribe_url),
    }


def cleaned(value: object) -> object:
    return clean(value) if isinstance(value, str) else value


def plain_email(items: Sequence[Item]) -> EmailText:
    """Return the messages alone, if no template can be used."""
    lines = [f"{clean(item.message)}\n{safe_web_address(item.url) or ''}".strip() for item in items]
    text = "\n\n".join(lines)
    page = f'<pre style="white-space: pre-wrap">{html.escape(text)}</pre>\n'
    return EmailText(subject=to_one_line(items[0].message), text=text + "\n", html=page)


def plain_push(items: Sequence[Item]) -> PushText:
    body = "\n".join(clean(item.message) for item in items[:ITEMS_OF_PUSH])
    return PushText(title="Reminder", body=cut_bytes(body, LARGEST_BODY))
