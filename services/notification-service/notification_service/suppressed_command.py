"""Lists or removes suppressed addresses: `python -m notification_service.suppressed_command -h`.

It works on the database that the settings of its pod name.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence

from service_runtime.database import create_database_engine
from service_runtime.settings import DatabaseSettings, read_settings
from sqlalchemy.exc import SQLAlchemyError

from notification_service.device_store import PostgresSuppressedAddresses

AT_ONCE = 1_000  # addresses


def main(arguments: Sequence[str]) -> None:
    asked = _parser().parse_args(arguments)
    suppressed = PostgresSuppressedAddresses(
        create_database_engine(read_settings(DatabaseSettings))
    )
    try:
        for answer in _answer(asked, suppressed):
            print(json.dumps(answer))
    except SQLAlchemyError as error:
        sys.exit(f"Expected an answer of the database, got {type(error).__name__}; try again.")


def _answer(
    asked: argparse.Namespace, suppressed: PostgresSuppressedAddresses
) -> Iterator[dict[str, str]]:
    if asked.action == "list":
        for one in suppressed.oldest(asked.limit):
            yield vars(one) | {"since": one.since.isoformat()}
    elif suppressed.remove(asked.address):
        yield {"address": asked.address}
    else:
        sys.exit("Expected a suppressed address; got another one. `list` prints all of them.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m notification_service.suppressed_command",
        description="Addresses that get no e-mail; answers are one JSON object a line.",
    )
    actions = parser.add_subparsers(dest="action", required=True)
    listing = actions.add_parser("list", help="The oldest, with their reasons.")
    listing.add_argument("--limit", type=int, default=AT_ONCE, help="How many at most.")
    removal = actions.add_parser("remove", help="Send e-mails to an address again.")
    removal.add_argument("--address", required=True)
    return parser


if __name__ == "__main__":
    main(sys.argv[1:])
