"""Prints a text with examples: `python -m notification_service.preview --help`."""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from service_runtime.bodies import check_time_zone

from notification_service.templates import PARTS, Templates
from notification_service.texts import EmailText, Item, Reader, Texts

EXAMPLES = [
    Item(
        message="Water the plants",
        occurrence=datetime(2030, 1, 1, 9, tzinfo=UTC),
        url="https://example.org/plants?room=kitchen&pots=3",
    ),
    Item(message="Call Ada", occurrence=datetime(2030, 1, 1, 17, 30, tzinfo=UTC)),
]
UNSUBSCRIBE = "https://example.org/unsubscribe"


def main(arguments: Sequence[str]) -> None:
    texts = Texts(Templates())
    parser = _parser(texts)
    asked = parser.parse_args(arguments)
    if asked.locale not in texts.locales[asked.kind]:
        parser.error(f"expected a locale of {', '.join(texts.locales[asked.kind])}")
    try:
        items = items_of(asked.items)
    except (OSError, ValidationError) as error:
        parser.error(f"expected a JSON list of items in {asked.items}: {error}")
    print(render(texts, asked, items))


def items_of(file: Path | None) -> Sequence[Item]:
    """Return the items of a JSON file, or examples."""
    return EXAMPLES if file is None else TypeAdapter(list[Item]).validate_json(file.read_bytes())


def time_zone(name: str) -> str:
    try:
        return check_time_zone(name)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error} Got {name}.") from None


def render(texts: Texts, asked: argparse.Namespace, items: Sequence[Item]) -> str:
    reader = Reader(locale=asked.locale, time_zone=asked.time_zone, unsubscribe_url=UNSUBSCRIBE)
    write = texts.exact_email if asked.channel == "email" else texts.exact_push
    text = write(asked.kind, asked.locale, reader, items)
    if isinstance(text, EmailText):
        return text.html if asked.html else f"{text.subject}\n\n{text.text}"
    return f"{text.title}\n\n{text.body}"


def _parser(texts: Texts) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m notification_service.preview",
        description="Render a template with examples; errors of the template are printed.",
    )
    parser.add_argument("kind", choices=sorted(texts.locales))
    parser.add_argument("locale", help="for example fr")
    parser.add_argument("channel", choices=sorted(PARTS))
    parser.add_argument(
        "--html", action="store_true", help="print the HTML of an e-mail, not its text"
    )
    parser.add_argument("--time-zone", type=time_zone, default="UTC", help="IANA name of a zone")
    parser.add_argument("--items", type=Path, help="JSON file: a list of message, occurrence, url")
    return parser


if __name__ == "__main__":
    main(sys.argv[1:])
